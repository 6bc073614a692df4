//! The lists of leads, and one lead with all that is on it.

use leadline::domain::{Action, COUNTRIES, Door, OrderField, Role, Status};
use leadline::index::{Facet, Facets};
use leadline::store::{HistoryPage, SideLists};
use leadline::web::{INDUSTRIES, LONGEST_CURSOR, LONGEST_LIST_CURSOR, Page};
use serde_json::{Value, json};

use crate::Paths;
use crate::kinds::{Kind, words};
use crate::leads::{self, leads};
use crate::operation::Operation;
use crate::shapes::{array, count, described, named, nullable, object, text, time, uuid};

pub(crate) fn paths(paths: &mut Paths) {
    paths.add("/api/leads/", "get", list());
    let show = Operation::new("showLead", "Leads", "Shows a lead with all that is on it")
        .id("pk", "lead")
        .query(
            "comments_cursor",
            &cursor(LONGEST_CURSOR),
            "The `comments_cursor` of an answer: the comments before.",
        )
        .query(
            "history_cursor",
            &cursor(LONGEST_CURSOR),
            "The `history_cursor` of an answer: the events before.",
        )
        .json(200, "The lead, and what a page shows around it.", &named("LeadDetail"), None)
        .headers(200, &["ETag"], &[])
        .errors(&["Invalid", "NotFound"]);
    paths.add(leads::ONE, "get", show);
}

fn list() -> Operation {
    let any_of = |of: Value| json!({ "type": "array", "items": of, "maxItems": lead_list::MOST_VALUES });
    let words = json!({ "type": "string", "enum": Facet::ALL.map(Facet::as_str) });
    let bound = |format: &str| json!({ "type": "string", "format": format });
    let moment = json!({ "anyOf": [bound("date"), bound("date-time"), { "const": "" }] });
    let amount = json!({ "type": "string", "pattern": r"^([0-9]{1,10}(\.[0-9]{1,2})?)?$" });
    let orders: Vec<String> =
        OrderField::ALL.iter().flat_map(|by| [by.as_str().to_owned(), format!("-{}", by.as_str())]).collect();
    let orders = json!({ "type": "string", "enum": orders, "default": leadline::domain::Ordering::default().to_string() });
    let csv = json!({ "text/csv; charset=utf-8": { "schema": { "type": "string" } }, "application/json": { "schema": named("Leads") } });
    let mut operation = Operation::new("listLeads", "Leads", "Lists open and closed leads, or exports them")
        .about(
            "All filters that are sent must hold. Text is compared without case, a blank filter asks for nothing, unknown \
             names are ignored. Counts are exact, and of what this caller may see.",
        );
    for (name, about) in [
        ("name", "Part of the first name, the last name or both."),
        ("title", "Part of the title."),
        ("city", "Part of the city."),
        ("email", "Part of the e-mail."),
        ("search", "Part of any of name, title, e-mail, account name and phone."),
    ] {
        operation = operation.query(name, &text(), about);
    }
    operation
        .query("source", &any_of(text()), "Any of these sources; also separated by commas.")
        .query("tags", &any_of(text()), "Any of these tags; also separated by commas.")
        .query("status", &any_of(Status::sent()), "Any of these; `converted` adds a third list.")
        .query("assigned_to", &any_of(uuid()), "Any of these users.")
        .query("created_after", &moment, "From then on.")
        .query("created_before", &moment, "Until then, and not at that moment.")
        .query("amount_min", &amount, "Least `opportunity_amount`.")
        .query("amount_max", &amount, "Largest `opportunity_amount`.")
        .query("ordering", &orders, "The order of each list.")
        .query(
            "cursor",
            &cursor(LONGEST_LIST_CURSOR),
            "The `next_cursor` of an answer, instead of an offset.",
        )
        .query("facets", &any_of(words), "Fields whose values are counted.")
        .query("fields", &described(text(), "`leads` leaves the side lists out."), "What is wanted.")
        .query("counts", &text(), "`true` tells `tag_counts` and `source_counts` in any case.")
        .query(
            "format",
            &json!({ "type": "string", "enum": ["json", "csv"] }),
            "`csv`: all that match, as a file.",
        )
        .paged()
        .answer(200, "A page of each list; or a file.", &csv)
        .headers(200, &[], &["Content-Disposition"])
        .empty(303, "A large file, at this address for 5 minutes; it is fetched without a token.")
        .headers(303, &["Location"], &[])
        .errors(&["TooMuch"])
}

fn cursor(most: usize) -> Value {
    json!({ "type": "string", "format": "cursor", "maxLength": most })
}

pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    vec![
        ("Leads", page()),
        ("LeadDetail", detail()),
        ("Person", object([("id", uuid()), ("email", text()), ("name", text())])),
        (
            "User",
            object([
                ("id", uuid()),
                ("email", text()),
                ("name", text()),
                ("role", words!(Role { Admin, User })),
            ]),
        ),
        ("Team", object([("id", uuid()), ("name", text())])),
        ("Contact", contact()),
        ("Event", event()),
        ("Conversion", conversion()),
        ("Account", account()),
        ("Opportunity", opportunity()),
    ]
}

fn page() -> Value {
    let counts = json!({ "type": ["object", "null"], "additionalProperties": count() });
    let country = json!({
        "type": "array", "prefixItems": [text(), text()], "items": false, "minItems": 2, "maxItems": 2,
    });
    let value = object([("value", text()), ("count", count())]);
    let facet = json!({ "type": "array", "items": value, "maxItems": Facets::MOST });
    let facets: Vec<_> = Facet::ALL.map(|facet_name| (facet_name.as_str(), facet.clone())).into();
    let mut all_facets = object(facets);
    all_facets.as_object_mut().map(|facets| facets.remove("required"));
    let truncated = array(&json!({ "type": "string", "enum": Facet::ALL.map(Facet::as_str) }));
    let always = [
        ("open_leads", leads()),
        ("closed_leads", leads()),
        ("open_leads_count", count()),
        ("closed_leads_count", count()),
        ("next", nullable(text())),
        ("previous", nullable(text())),
        ("next_cursor", nullable(text())),
        ("per_page", json!({ "type": "integer", "minimum": 1, "maximum": Page::MOST })),
        ("page_number", json!({ "type": ["integer", "null"], "minimum": 1 })),
    ];
    let may = [
        ("converted_leads", described(leads(), "If `status` names `converted`.")),
        ("converted_leads_count", count()),
        ("facets", all_facets),
        ("facets_truncated", described(truncated, "Fields with more values than are told.")),
        ("contacts", at_most(&named("Contact"))),
        ("users", at_most(&named("User"))),
        ("source_list", array(&text())),
        ("tags", at_most(&text())),
        ("tag_counts", counts.clone()),
        ("source_counts", counts),
        ("status", array(&Status::shown())),
        ("companies", at_most(&object([("id", uuid()), ("name", text())]))),
        ("countries", json!({ "type": "array", "items": country, "minItems": COUNTRIES.len() })),
        ("industries", array(&json!({ "type": "string", "enum": INDUSTRIES }))),
    ];
    let mut page = object(always);
    for (name, schema) in may {
        page["properties"][name] = schema;
    }
    page
}

/// A side list.
fn at_most(of: &Value) -> Value {
    json!({ "type": "array", "items": of, "maxItems": SideLists::MOST })
}

fn detail() -> Value {
    let history = json!({ "type": "array", "items": named("Event"), "maxItems": HistoryPage::MOST });
    object([
        ("lead_obj", named("Lead")),
        ("address_obj", named("Address")),
        ("assigned_to", array(&named("User"))),
        ("teams", array(&named("Team"))),
        ("comments", array(&named("Comment"))),
        ("comments_cursor", nullable(text())),
        ("attachments", array(&named("Attachment"))),
        ("contacts", array(&named("Contact"))),
        ("users_mention", described(at_most(&named("User")), "The same as `users`.")),
        ("tags", leadline::domain::Tags::shown()),
        ("users", at_most(&named("User"))),
        ("source", array(&text())),
        ("status", array(&Status::shown())),
        ("conversion", nullable(named("Conversion"))),
        ("history", history),
        ("history_cursor", nullable(text())),
    ])
}

fn contact() -> Value {
    let names = [("id", uuid()), ("first_name", nullable(text())), ("last_name", text())];
    object(names.into_iter().chain([("email", nullable(text())), ("phone", nullable(text()))]))
}

fn event() -> Value {
    let change = object([("from", json!({})), ("to", json!({}))]);
    object([
        ("version", json!({ "type": "integer", "minimum": 1 })),
        ("action", words!(Action { Created, Changed, Converted })),
        ("on", time()),
        ("by", nullable(named("Person"))),
        ("door", words!(Door { Api, Site, Import })),
        ("changes", json!({ "type": "object", "additionalProperties": change })),
    ])
}

fn conversion() -> Value {
    let account = json!({ "anyOf": [named("Account"), object([("id", uuid()), ("name", text())])] });
    object([
        ("account", described(account, "Of one that is not theirs, a USER sees id and name.")),
        ("contact", nullable(named("Contact"))),
        ("opportunity", nullable(named("Opportunity"))),
    ])
}

fn account() -> Value {
    let text_or_null = || nullable(text());
    object([
        ("id", uuid()),
        ("name", text()),
        ("website", text_or_null()),
        ("phone", text_or_null()),
        ("email", text_or_null()),
        ("address_line", text_or_null()),
        ("street", text_or_null()),
        ("city", text_or_null()),
        ("state", text_or_null()),
        ("postcode", text_or_null()),
        ("country", nullable(leadline::domain::Country::shown())),
        ("description", text_or_null()),
        ("tags", leadline::domain::Tags::shown()),
        ("teams", array(&uuid())),
        ("assigned_to", array(&uuid())),
        ("created_from_lead", uuid()),
        ("created_on", time()),
    ])
}

fn opportunity() -> Value {
    object([
        ("id", uuid()),
        ("title", text()),
        ("amount", leadline::domain::Money::shown()),
        ("probability", nullable(leadline::domain::Probability::shown())),
        ("close_date", nullable(leadline::domain::CloseDate::shown())),
        ("account", uuid()),
        ("contact", uuid()),
        ("lead", uuid()),
        ("created_on", time()),
    ])
}
