//! The OpenAPI document of the API, made from the types, limits and words that the functions themselves use. No function
//! links this: it is for `leadctl schema` and the tests, and what it makes is committed.
//!
//! - `kinds`: what may be sent for each type of the domain, and what is shown of it
//! - `operation`: one method of one path
//! - `shapes`: schemas that are no single type's
//! - `errors`, `headers`: what all operations share
//! - `leads`, `list`, `comments`, `companies`, `imports`, `capture`: the routes
//! - `forms`: bodies that are no JSON
//! - `examples`: by the code that makes the answers

mod capture;
mod comments;
mod companies;
mod errors;
mod examples;
mod forms;
mod headers;
mod imports;
mod kinds;
mod leads;
mod list;
mod operation;
mod shapes;

use serde_json::{Map, Value, json};

use self::operation::Operation;

/// The paths of the document.
#[derive(Debug, Default)]
struct Paths(Value);

impl Paths {
    fn add(&mut self, path: &str, method: &str, operation: Operation) {
        self.0[path][method] = operation.into_value();
    }
}

/// The document.
pub fn document() -> Value {
    let mut paths = Paths::default();
    leads::paths(&mut paths);
    list::paths(&mut paths);
    comments::paths(&mut paths);
    companies::paths(&mut paths);
    imports::paths(&mut paths);
    capture::paths(&mut paths);
    let schemas = [
        errors::schemas(),
        leads::schemas(),
        list::schemas(),
        comments::schemas(),
        companies::schemas(),
        imports::schemas(),
        capture::schemas(),
    ];
    let mut schemas: Map<_, _> =
        schemas.into_iter().flatten().map(|(name, schema)| (name.to_owned(), schema)).collect();
    forms::add(&mut schemas, &paths.0);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Leadline",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Lead management.",
            "description": ABOUT,
            "license": { "name": "MIT", "identifier": "MIT" },
        },
        "servers": [{ "url": "/" }],
        "tags": [
            { "name": "Leads", "description": "What sales people work on." },
            { "name": "Comments and files", "description": "What is on a lead." },
            { "name": "Companies", "description": "What leads name." },
            { "name": "Imports", "description": "Leads from spreadsheets." },
            { "name": "Websites", "description": "Leads from forms, by API key." },
            { "name": "About", "description": "The API itself." },
        ],
        "paths": paths.0,
        "components": {
            "schemas": schemas,
            "responses": errors::responses(),
            "parameters": headers::parameters(),
            "securitySchemes": headers::security(),
        },
    })
}

/// What holds for all of it.
const ABOUT: &str = "Paths work with and without the slash at their end. Bodies are JSON, \
    `application/x-www-form-urlencoded` or `multipart/form-data`; in forms a list is a repeated field, or a JSON array in \
    one field. Fields that are not named here are ignored. Texts are trimmed, and a number is taken where a text is \
    wanted. Money is a text with two places, times are in UTC and end in `Z`. A field without a value is `null`, never \
    left out. Errors name every bad field at once.";

/// The document as it is committed and served.
pub fn text() -> String {
    format!("{:#}\n", document())
}

#[cfg(test)]
mod tests;
