//! Headers, parameters that several operations take, and how one shows who one is.

use leadline::web::{LONGEST_KEY, Page};
use serde_json::{Value, json};

use crate::shapes::text;

/// A header of an answer.
pub(crate) fn header(name: &str, required: bool) -> Value {
    let (about, schema) = match name {
        "ETag" => {
            ("Version of what is shown, for `If-Match`.", json!({ "type": "string", "pattern": "^\".+\"$" }))
        }
        "Location" => ("Where it is.", json!({ "type": "string", "format": "uri-reference" })),
        "Retry-After" => ("Seconds until there is room.", json!({ "type": "integer", "minimum": 1 })),
        "Allow" => ("The methods there are.", text()),
        "WWW-Authenticate" => ("How to show who one is.", text()),
        "Idempotent-Replayed" => {
            ("The request was done before.", json!({ "type": "string", "const": "true" }))
        }
        "Content-Disposition" => ("The name that the file is saved under.", text()),
        _ => ("", text()),
    };
    json!({ "required": required, "description": about, "schema": schema })
}

/// Parameters that several operations take.
pub(crate) fn parameters() -> Value {
    let limit = json!({ "type": "integer", "minimum": 1, "maximum": Page::MOST, "default": Page::USUAL });
    let offset = json!({ "type": "integer", "minimum": 0, "maximum": Page::FURTHEST, "default": 0 });
    let key =
        json!({ "type": "string", "pattern": format!("^[!-~]([ -~]{{0,{}}}[!-~])?$", LONGEST_KEY - 2) });
    json!({
        "limit": { "name": "limit", "in": "query", "description": "Entries of a page.", "schema": limit },
        "offset": { "name": "offset", "in": "query", "description": "Entries before the page.", "schema": offset },
        "idempotency-key": {
            "name": "Idempotency-Key", "in": "header", "schema": key,
            "description": "A repeat with the same key within 24 hours gets the first answer again, with \
                `Idempotent-Replayed: true`; one with other fields 409.",
        },
        "if-match": {
            "name": "If-Match", "in": "header", "schema": text(),
            "description": "The `ETag` that must still hold, else 412.",
        },
        "if-none-match": {
            "name": "If-None-Match", "in": "header", "schema": text(),
            "description": "The `ETag` of what is there already: then the answer is 304.",
        },
    })
}

/// How one shows who one is.
pub(crate) fn security() -> Value {
    let organization = "Id of the organisation; `org` is another name of the header. Without it the token's `org` claim \
        counts, then the caller's only organisation; who has several gets 400.";
    json!({
        "token": {
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "`sub` (or `user_id`) is the user, `exp` is required.",
        },
        "organization": { "type": "apiKey", "in": "header", "name": "organization-id", "description": organization },
        "apikey": { "type": "apiKey", "in": "query", "name": "apikey", "description": "API key of a website." },
        "x-api-key": { "type": "apiKey", "in": "header", "name": "X-Api-Key", "description": "The same in a header." },
    })
}
