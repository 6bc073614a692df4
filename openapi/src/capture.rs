//! Websites: leads they hand in, and the script of their forms. And what is here about the API itself.

use lead_site_lead::{HONEYPOT, TOKENS};
use leadline::domain::LeadDetails;
use serde_json::{Value, json};

use crate::kinds::filled;
use crate::leads::{attribution, sent_fields};
use crate::operation::Operation;
use crate::shapes::{body, described, named, text};
use crate::{Paths, examples};

const CAPTURE: &str = "/api/leads/create-from-site/";

pub(crate) fn paths(paths: &mut Paths) {
    let content = json!({
        "application/json": { "schema": named("Lead"), "example": examples::lead() },
        "text/html; charset=utf-8": { "schema": { "type": "string" } },
    });
    let capture = Operation::public("captureLead", "Websites", "Takes a lead from a website")
        .about(
            "By API key, in the query, in a header or as `apikey` in the body. The same key, e-mail and text within 10 \
             minutes is the same lead. Who posts a form in a browser gets a small page.",
        )
        .secured(&["apikey", "x-api-key"])
        .once()
        .body(true, "Capture", &json!({ "name": "Ada King Lovelace", "email": "ada@example.com", "message": "Hello" }))
        .answer(201, "The lead.", &content)
        .headers(201, &["Location", "ETag"], &["Idempotent-Replayed"])
        .empty(303, "A form's `redirect`, if the key knows it.")
        .headers(303, &["Location"], &[])
        .errors(&["BadKey", "Conflict"])
        .errors_as_pages();
    paths.add(CAPTURE, "post", capture);
    let preflight = Operation::public("mayCaptureLead", "Websites", "Says whether a page may post")
        .about("What a browser asks by itself. The key must be in the query.")
        .secured(&["apikey"])
        .empty(204, "It may; the headers say what.")
        .errors(&["BadKey"]);
    paths.add(CAPTURE, "options", preflight);
    let script = Operation::public("formScript", "Websites", "The script for forms on websites")
        .query("key", &text(), "For the script, which reads it from its own address.")
        .with("if-none-match")
        .answer(
            200,
            "The script.",
            &json!({ "text/javascript; charset=utf-8": { "schema": { "type": "string" } } }),
        )
        .headers(200, &["ETag"], &[])
        .empty(304, "It is the one that is there.");
    paths.add("/api/leads/form.js", "get", script);
    let schema = Operation::public("schema", "About", "This document")
        .with("if-none-match")
        .json(200, "OpenAPI 3.1.", &body(&[], []), None)
        .headers(200, &["ETag"], &[])
        .empty(304, "It is the one that is there.");
    paths.add("/api/schema/", "get", schema);
    let docs = Operation::public("docs", "About", "This document as a page")
        .with("if-none-match")
        .answer(200, "HTML.", &json!({ "text/html; charset=utf-8": { "schema": { "type": "string" } } }))
        .headers(200, &["ETag"], &[])
        .empty(304, "It is the one that is there.");
    paths.add("/api/docs/", "get", docs);
}

pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    // None of these is ever a reason to refuse a lead: what is no text counts as not sent.
    let any = || json!({});
    let more = [
        (
            "name",
            described(
                any(),
                "Where there is no `last_name`: its last word is it, the rest is the first name.",
            ),
        ),
        ("apikey", described(any(), "The API key, if it is nowhere else.")),
        ("redirect", described(any(), "Where a form wants its visitor to go on to.")),
        (HONEYPOT, described(any(), "What people do not see: if it is not blank, nothing is stored.")),
    ];
    let proofs = TOKENS.map(|name| (name, described(any(), "Proof of a person, for keys that ask for it.")));
    // A website converts nothing.
    let lead = sent_fields().into_iter().filter(|(name, _)| !matches!(*name, "link_account" | "account_id"));
    let mut capture = body(&[], lead.chain(more).chain(proofs).chain(attribution(&any())));
    let status = &mut capture["properties"]["status"]["anyOf"][0]["enum"];
    if let Some(words) = status.as_array_mut() {
        words.retain(|word| word != "converted");
    }
    capture["properties"]["status"]["description"] = json!("A website converts nothing.");
    capture["properties"]["auto_convert"]["description"] = json!("Has no effect.");
    let mut name = filled(|lead: &LeadDetails| &lead.first_name);
    name["type"] = json!("string");
    let has = |name: &str, schema: Value| json!({ "required": [name], "properties": { name: schema } });
    capture["allOf"] = json!([
        { "anyOf": [
            has("last_name", filled(|lead: &LeadDetails| &lead.first_name)),
            has("name", name),
        ] },
        { "anyOf": [
            has("email", filled(|lead: &LeadDetails| &lead.email)),
            has("phone", filled(|lead: &LeadDetails| &lead.phone)),
        ] },
    ]);
    vec![("Capture", capture)]
}
