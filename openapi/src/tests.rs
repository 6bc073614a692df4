use std::collections::{BTreeMap, BTreeSet};

use leadline::web::ROUTES;
use serde_json::Value;

use super::*;

#[test]
fn the_committed_document_is_what_the_code_makes() {
    let committed: Value = serde_json::from_str(lead_schema::DOCUMENT).unwrap_or_default();

    assert!(
        lead_schema::DOCUMENT == text(),
        "docs/openapi.json is not what the code makes, from {}: write it anew by `cargo run --bin leadctl -- schema`",
        differs(&committed, &document(), "")
    );
}

/// Where two values differ first.
fn differs(was: &Value, is: &Value, at: &str) -> String {
    match (was, is) {
        (Value::Object(was), Value::Object(is)) => {
            let names: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
            let other = names.into_iter().find(|name| was.get(*name) != is.get(*name));
            let null = Value::Null;
            other.map_or(at.to_owned(), |name| {
                differs(
                    was.get(name).unwrap_or(&null),
                    is.get(name).unwrap_or(&null),
                    &format!("{at}/{name}"),
                )
            })
        }
        _ => at.to_owned(),
    }
}

#[test]
fn the_document_has_the_routes_there_are() {
    let document = document();
    let mut described = BTreeMap::<String, BTreeSet<String>>::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let methods = methods.as_object().unwrap().keys().map(|method| method.to_uppercase());
        described.insert(path.trim_end_matches('/').to_owned(), methods.collect());
    }

    let known = ROUTES.iter().chain(&lead_schema::ROUTES);
    let known =
        known.map(|(path, methods)| ((*path).to_owned(), methods.iter().map(ToString::to_string).collect()));
    assert_eq!(described, known.collect());
}

#[test]
fn examples_are_as_the_document_says() {
    let document = document();
    let mut seen = 0;
    each(&document, &mut |value| {
        if let (Some(schema), Some(example)) = (value.get("schema"), value.get("example")) {
            let whole = serde_json::json!({ "allOf": [schema], "components": document["components"] });
            let validator = jsonschema::options().should_validate_formats(true).build(&whole).unwrap();
            if let Err(error) = validator.validate(example) {
                panic!("{example}: {error} at {}", error.instance_path());
            }
            seen += 1;
        }
    });

    assert!(seen > 20, "{seen}");
}

#[test]
fn every_name_that_is_referred_to_is_there() {
    let document = document();
    each(&document, &mut |value| {
        if let Some(name) = value.get("$ref").and_then(Value::as_str) {
            assert!(document.pointer(name.trim_start_matches('#')).is_some(), "{name}");
        }
    });
}

fn each(value: &Value, visit: &mut impl FnMut(&Value)) {
    visit(value);
    match value {
        Value::Object(members) => members.values().for_each(|value| each(value, visit)),
        Value::Array(items) => items.iter().for_each(|item| each(item, visit)),
        _ => {}
    }
}
