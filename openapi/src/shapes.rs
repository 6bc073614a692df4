//! Schemas that are no single type's.

use leadline::domain::COUNTRIES;
use serde_json::{Value, json};

/// No more than white space, which counts as no value.
const BLANK: &str = r"^\s*$";

/// The countries there are.
pub(crate) fn countries() -> Value {
    let codes: Vec<&str> = COUNTRIES.iter().map(|(code, _)| *code).collect();
    json!({ "type": "string", "enum": codes })
}

/// An id.
pub(crate) fn uuid() -> Value {
    json!({ "type": "string", "format": "uuid" })
}

/// A moment.
pub(crate) fn time() -> Value {
    json!({ "type": "string", "format": "date-time", "pattern": "Z$" })
}

/// The same, or null.
pub(crate) fn nullable(mut schema: Value) -> Value {
    match (schema.get("type").cloned(), schema.get("enum").is_some()) {
        (Some(Value::String(kind)), false) => {
            schema["type"] = json!([kind, "null"]);
            schema
        }
        _ => json!({ "anyOf": [schema, { "type": "null" }] }),
    }
}

/// A list that is sent: as such, one item of it alone, or nothing, which is an empty one.
pub(crate) fn list(item: &Value, most: usize) -> Value {
    json!({ "anyOf": [{ "type": "array", "items": item, "maxItems": most }, item, blank()] })
}

/// No value, as it is sent.
pub(crate) fn blank() -> Value {
    json!({ "type": ["string", "null"], "pattern": BLANK })
}

/// What leaves a switch off.
pub(crate) fn off() -> Value {
    json!({ "enum": [false, "false", "False", "off", "0", "no", 0, "", null] })
}

/// A switch that is sent; forms have words for it.
pub(crate) fn flag() -> Value {
    let on = json!([true, "true", "True", "on", "1", "yes", 1]);
    let words = [on, off()["enum"].clone()];
    json!({ "enum": words.iter().filter_map(Value::as_array).flatten().collect::<Vec<_>>() })
}

/// A schema with words to it.
pub(crate) fn described(mut schema: Value, about: &str) -> Value {
    schema["description"] = json!(about);
    schema
}

/// An object that is shown: all of its properties are always there, and no others.
pub(crate) fn object<'n>(properties: impl IntoIterator<Item = (&'n str, Value)>) -> Value {
    let properties: serde_json::Map<_, _> =
        properties.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
    let required: Vec<&String> = properties.keys().collect();
    json!({ "type": "object", "required": required, "properties": properties, "additionalProperties": false })
}

/// An object that is sent: what it must have, what it may have; anything else is ignored.
pub(crate) fn body<'n>(required: &[&str], properties: impl IntoIterator<Item = (&'n str, Value)>) -> Value {
    let properties: serde_json::Map<_, _> =
        properties.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
    let mut body = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        body["required"] = json!(required);
    }
    body
}

/// Many of these.
pub(crate) fn array(of: &Value) -> Value {
    json!({ "type": "array", "items": of })
}

/// A text that says so itself.
pub(crate) fn text() -> Value {
    json!({ "type": "string" })
}

/// How many.
pub(crate) fn count() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

/// A schema of the document, by name.
pub(crate) fn named(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}
