//! Bodies as forms have them: the same, but for null, which a form cannot say.

use serde_json::{Map, Value, json};

use crate::shapes::named;

/// What the name of a schema ends in that is of a form.
const FORM: &str = "Form";

/// A body's schema where it is sent as a form.
pub(crate) fn form_of(name: &str) -> Value {
    named(&format!("{name}{FORM}"))
}

/// Adds the schemas of the forms that operations take.
pub(crate) fn add(schemas: &mut Map<String, Value>, paths: &Value) {
    let operations = paths.as_object().into_iter().flat_map(Map::values).filter_map(Value::as_object);
    let bodies = operations
        .flat_map(Map::values)
        .filter_map(|operation| operation["requestBody"]["content"].as_object());
    let forms = bodies.flatten().filter(|(media_type, _)| *media_type != "application/json");
    let names = forms.filter_map(|(_, of)| of["schema"]["$ref"].as_str()?.rsplit('/').next());
    for name in names {
        let schema = schemas.get(name.strip_suffix(FORM).unwrap_or(name));
        let form = without_null(&schema.cloned().unwrap_or_default(), schemas);
        schemas.insert(name.to_owned(), form);
    }
}

fn without_null(schema: &Value, schemas: &Map<String, Value>) -> Value {
    let of = |schema: &Value| without_null(schema, schemas);
    match schema {
        Value::Object(members) => {
            if let Some(name) = members.get("$ref").and_then(|name| name.as_str()?.rsplit('/').next()) {
                return schemas.get(name).map(of).unwrap_or_default();
            }
            let members = members.iter().map(|(name, value)| {
                let value = match (name.as_str(), value) {
                    ("type", Value::Array(types)) => {
                        match types.iter().filter(|it| *it != "null").collect::<Vec<_>>()[..] {
                            [one] => one.clone(),
                            ref several => json!(several),
                        }
                    }
                    ("enum", Value::Array(words)) => {
                        words.iter().filter(|word| !word.is_null()).cloned().collect()
                    }
                    (_, value) => of(value),
                };
                (name.clone(), value)
            });
            Value::Object(members.collect())
        }
        Value::Array(items) => items.iter().filter(|item| item["type"] != "null").map(of).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_has_no_null() {
        let schemas = Map::from_iter([("Name".to_owned(), json!({ "type": ["string", "null"] }))]);
        let schema = json!({ "properties": {
            "name": { "$ref": "#/components/schemas/Name" },
            "on": { "enum": [true, null] },
            "size": { "anyOf": [{ "type": ["integer", "string", "null"] }, { "type": "null" }] },
        } });

        let form = json!({ "properties": {
            "name": { "type": "string" },
            "on": { "enum": [true] },
            "size": { "anyOf": [{ "type": ["integer", "string"] }] },
        } });
        assert_eq!(without_null(&schema, &schemas), form);
    }
}
