//! Companies.

use leadline::domain::CompanyDetails;
use serde_json::{Value, json};

use crate::kinds::fields;
use crate::operation::Operation;
use crate::shapes::{array, body, count, named, nullable, object, text, uuid};
use crate::{Paths, examples};

const ALL: &str = "/api/leads/companies/";
const ONE: &str = "/api/leads/company/{pk}/";

pub(crate) fn paths(paths: &mut Paths) {
    let list = Operation::new("listCompanies", "Companies", "Lists companies by name").paged().json(
        200,
        "A page of them.",
        &named("Companies"),
        None,
    );
    paths.add(ALL, "get", list);
    let sample = json!({ "name": "Acme", "industry": "Energy", "website": "acme.example" });
    let create = Operation::new("createCompany", "Companies", "Makes a company")
        .about("Every member may make, change and delete companies.")
        .once()
        .body(true, "NewCompany", &sample)
        .json(201, "The company.", &named("Company"), Some(&examples::company()))
        .headers(201, &["Location", "ETag"], &["Idempotent-Replayed"])
        .links(
            201,
            &[
                ("showCompany", "pk", "/id"),
                ("changeCompany", "pk", "/id"),
                ("replaceCompany", "pk", "/id"),
                ("deleteCompany", "pk", "/id"),
            ],
        )
        .errors(&["Taken"]);
    paths.add(ALL, "post", create);
    let show = Operation::new("showCompany", "Companies", "Shows a company")
        .id("pk", "company")
        .json(200, "The company.", &named("Company"), Some(&examples::company()))
        .headers(200, &["ETag"], &[])
        .errors(&["NotFound"]);
    paths.add(ONE, "get", show);
    for (method, id) in [("put", "replaceCompany"), ("patch", "changeCompany")] {
        let change = Operation::new(id, "Companies", "Changes a company")
            .about("PUT and PATCH are the same: only what is sent changes.")
            .id("pk", "company")
            .with("if-match")
            .body(false, "CompanyChange", &json!({ "name": "Acme Ltd", "website": null }))
            .json(200, "The company as it is now.", &named("Company"), Some(&examples::company()))
            .headers(200, &["ETag"], &[])
            .errors(&["NotFound", "Taken", "PreconditionFailed"]);
        paths.add(ONE, method, change);
    }
    let delete = Operation::new("deleteCompany", "Companies", "Deletes a company")
        .about("Leads of the company stay.")
        .id("pk", "company")
        .with("if-match")
        .empty(204, "It is gone.")
        .errors(&["NotFound", "Conflict", "PreconditionFailed"]);
    paths.add(ONE, "delete", delete);
}

pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    let page = [
        ("companies", array(&named("Company"))),
        ("next", nullable(text())),
        ("previous", nullable(text())),
        ("per_page", count()),
        ("page_number", count()),
    ];
    let shown = fields!(shown: CompanyDetails { name, industry, website });
    let more = [("id", uuid()), ("created_from_lead", nullable(uuid()))];
    let sent = || fields!(sent: CompanyDetails { name, industry, website });
    vec![
        ("Companies", object(page)),
        ("Company", object(shown.into_iter().chain(more))),
        ("NewCompany", body(&["name"], sent())),
        ("CompanyChange", body(&[], sent())),
    ]
}
