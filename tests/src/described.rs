//! Every answer that a test gets is one that the OpenAPI document describes.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use http::header::CONTENT_TYPE;
use http::response::Parts;
use jsonschema::Validator;
use serde_json::{Value, json};

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(lead_schema::DOCUMENT).unwrap());

/// By the place of the schema in the document.
static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);

/// Panics unless the document has this status, this type and, in JSON, this body for what was asked. Of paths and methods
/// that there are not it knows nothing.
pub(crate) fn check(method: &str, path: &str, parts: &Parts, body: &Value) {
    let Some((path, methods)) = path_of(path) else { return };
    let Some(operation) = methods.get(method.to_lowercase()) else { return };
    let (status, asked) = (parts.status.as_u16(), format!("{method} {path}"));
    if status == 431 {
        return; // the gateway's own, before it looks for a route
    }
    let response = &operation["responses"][status.to_string()];
    assert!(response.is_object(), "the document knows no {status} of {asked}: {body}");
    let response = match response["$ref"].as_str() {
        Some(name) => DOCUMENT.pointer(name.trim_start_matches('#')).unwrap(),
        None => response,
    };
    if status == 304 {
        return; // as with the 200 that it stands for
    }
    let kind = parts.headers.get(CONTENT_TYPE).map(|kind| kind.to_str().unwrap()).unwrap_or_default();
    if !kind.is_empty() {
        assert!(response["content"][kind].is_object(), "the document knows no {kind} in {status} of {asked}");
    }
    for (name, header) in response["headers"].as_object().into_iter().flatten() {
        let is_there = parts.headers.contains_key(name);
        assert!(is_there || header["required"] == false, "there is no {name} in {status} of {asked}");
    }
    if kind == "application/json"
        && let Err(error) =
            validator(&format!("{asked} {status}"), &response["content"][kind]["schema"]).validate(body)
    {
        panic!("{status} of {asked} is not as the document says at {}: {error}", error.instance_path());
    }
}

/// The document's path that an address is of; where several are, the one with the fewest parameters.
fn path_of(address: &str) -> Option<(&'static str, &'static Value)> {
    let address = address.split('?').next().unwrap_or_default();
    let address = address.strip_suffix('/').unwrap_or(address);
    let of = |path: &str| {
        let (path, address) = (path.trim_end_matches('/').split('/'), address.split('/'));
        let is = |(is, sent): (&str, &str)| is == sent || is.starts_with('{') && !sent.is_empty();
        path.clone().count() == address.clone().count() && path.zip(address).all(is)
    };
    let paths = DOCUMENT["paths"].as_object().unwrap().iter().filter(|(path, _)| of(path));
    let found = paths.min_by_key(|(path, _)| path.matches('{').count());
    found.map(|(path, methods)| (path.as_str(), methods))
}

fn validator(place: &str, schema: &Value) -> Arc<Validator> {
    let mut validators = VALIDATORS.lock().unwrap_or_else(PoisonError::into_inner);
    let build = || {
        let whole = json!({ "allOf": [schema], "components": DOCUMENT["components"] });
        Arc::new(jsonschema::options().should_validate_formats(true).build(&whole).unwrap())
    };
    validators.entry(place.to_owned()).or_insert_with(build).clone()
}
