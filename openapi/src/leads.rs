//! Leads: opened, shown, changed, deleted.

use leadline::domain::{
    AccountId, Attribution, CompanyId, ContactId, LeadDetails, OpportunityId, OrgId, Status, UserId,
};
use leadline::web::{FILE_FIELDS, MOST_FILES};
use serde_json::{Value, json};

use crate::kinds::{Kind, fields, filled, sent, shown};
use crate::operation::Operation;
use crate::shapes::{
    array, blank, body, countries, described, flag, named, nullable, object, off, text, time, uuid,
};
use crate::{Paths, examples};

/// The path of one lead.
pub(crate) const ONE: &str = "/api/leads/{pk}/";
/// What may be done with a lead that was just made.
pub(crate) const LINKS: [(&str, &str, &str); 5] = [
    ("showLead", "pk", "/id"),
    ("changeLead", "pk", "/id"),
    ("replaceLead", "pk", "/id"),
    ("deleteLead", "pk", "/id"),
    ("addToLead", "pk", "/id"),
];

pub(crate) fn paths(paths: &mut Paths) {
    let create = Operation::new("createLead", "Leads", "Opens a lead")
        .about("`status: converted` or `auto_convert: true` converts it at once.")
        .once()
        .body(true, "NewLead", &examples::lead_sent())
        .multipart("NewLeadWithFiles")
        .json(201, "The lead.", &named("Lead"), Some(&examples::lead()))
        .headers(201, &["Location", "ETag"], &["Idempotent-Replayed"])
        .links(201, &LINKS)
        .errors(&["Taken"]);
    paths.add("/api/leads/", "post", create);
    for (method, id) in [("put", "replaceLead"), ("patch", "changeLead")] {
        let change = Operation::new(id, "Leads", "Changes a lead")
            .about(
                "PUT and PATCH are the same: only what is sent changes. Null or blank clears an optional field, a list \
                 that is sent replaces the one there is. A converted lead can no longer change.",
            )
            .id("pk", "lead")
            .with("if-match")
            .body(false, "LeadChange", &json!({ "city": "Paris", "phone": null, "tags": ["VIP"] }))
            .json(200, "The lead as it is now.", &named("Lead"), Some(&examples::lead()))
            .headers(200, &["ETag"], &[])
            .errors(&["NotFound", "Taken", "PreconditionFailed"]);
        paths.add(ONE, method, change);
    }
    let delete =
        Operation::new("deleteLead", "Leads", "Deletes a lead, with its comments, files and history")
            .about("For its creator and ADMINs.")
            .id("pk", "lead")
            .with("if-match")
            .empty(204, "It is gone.")
            .errors(&["NotFound", "Conflict", "PreconditionFailed"]);
    paths.add(ONE, "delete", delete);
}

pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    let mut new = body(&["first_name", "last_name"], sent_fields());
    conversion_needs(&mut new);
    let mut with_files = new.clone();
    for (name, schema) in files() {
        with_files["properties"][name] = schema;
    }
    vec![
        ("NewLead", new),
        ("NewLeadWithFiles", with_files),
        ("LeadChange", body(&[], sent_fields())),
        ("Lead", lead()),
        ("Address", object(address())),
        ("Country", described(countries(), "ISO 3166-1 alpha-2.")),
        ("Attribution", object(attribution(&json!({ "type": ["string", "null"] })))),
    ]
}

/// What may be sent of a lead.
pub(crate) fn sent_fields() -> Vec<(&'static str, Value)> {
    let details = fields!(sent: LeadDetails {
        first_name, last_name, title, email, phone, status, source, account_name, website, description,
        opportunity_amount, address_line, street, city, state, postcode, country, industry, probability, close_date,
        contacts, assigned_to, teams, tags,
    });
    let message = described(
        sent(|lead: &LeadDetails| &lead.description),
        "Another name of `description`, which counts where both are sent.",
    );
    let blank_leaves_it = "Null or blank leaves it as it is. `converted` converts the lead.";
    let more = [
        // A captured lead may be without one, so that it is optional there; nobody can clear it.
        ("first_name", filled(|lead: &LeadDetails| &lead.first_name)),
        ("status", described(Status::clearable(), blank_leaves_it)),
        ("message", message),
        ("auto_convert", described(flag(), "Converts the lead, as `status: converted` does.")),
        ("link_account", described(flag(), "A conversion uses the account of that name, if there is one.")),
        ("account_id", described(AccountId::clearable(), "A conversion uses this account.")),
    ];
    // Of two of the same name the last counts.
    details.into_iter().chain(more).collect()
}

/// Files that come along.
pub(crate) fn files() -> [(&'static str, Value); 2] {
    let file = json!({ "type": "string", "format": "binary" });
    FILE_FIELDS.map(|field| (field, json!({ "type": "array", "items": file, "maxItems": MOST_FILES })))
}

/// A lead that is opened as a converted one needs an account name and an e-mail.
fn conversion_needs(lead: &mut Value) {
    let others = Status::ALL.into_iter().filter(|status| *status != Status::Converted);
    let others: Vec<&str> = others.map(Status::as_str).collect();
    let status = json!({ "anyOf": [{ "enum": others }, blank()] });
    lead["anyOf"] = json!([
        { "properties": { "status": status, "auto_convert": off() } },
        {
            "required": ["account_name", "email"],
            "properties": {
                "account_name": filled(|lead: &LeadDetails| &lead.account_name),
                "email": filled(|lead: &LeadDetails| &lead.email),
            },
        },
    ]);
}

fn address() -> [(&'static str, Value); 6] {
    macro_rules! of {
        ($($field:ident),*) => { [$((stringify!($field), shown(|lead: &LeadDetails| &lead.$field))),*] };
    }
    of!(address_line, street, city, state, postcode, country)
}

/// Where a captured lead came from: each of these.
pub(crate) fn attribution(each: &Value) -> Vec<(&'static str, Value)> {
    let Attribution {
        utm_source: _,
        utm_medium: _,
        utm_campaign: _,
        utm_term: _,
        utm_content: _,
        gclid: _,
        referrer: _,
        page_url: _,
    } = Attribution::default();
    let names = [
        "utm_source",
        "utm_medium",
        "utm_campaign",
        "utm_term",
        "utm_content",
        "gclid",
        "referrer",
        "page_url",
    ];
    names.map(|name| (name, each.clone())).into()
}

fn lead() -> Value {
    let details = fields!(shown: LeadDetails {
        first_name, last_name, title, email, phone, status, source, account_name, website, description,
        opportunity_amount, address_line, street, city, state, postcode, country, industry, probability, close_date,
        contacts, assigned_to, teams, tags,
    });
    let more = [
        ("title", described(text(), "The title, else first and last name.")),
        ("id", uuid()),
        ("org", OrgId::shown()),
        ("company", nullable(CompanyId::shown())),
        ("created_on", time()),
        ("created_by", nullable(UserId::shown())),
        ("updated_on", time()),
        ("created_from_site", json!({ "type": "boolean" })),
        ("converted_account", nullable(AccountId::shown())),
        ("converted_contact", nullable(ContactId::shown())),
        ("converted_opportunity", nullable(OpportunityId::shown())),
        ("converted_on", nullable(time())),
        ("attribution", nullable(named("Attribution"))),
    ];
    object(details.into_iter().chain(more))
}

/// Leads as lists have them.
pub(crate) fn leads() -> Value {
    array(&named("Lead"))
}
