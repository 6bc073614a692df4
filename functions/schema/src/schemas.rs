//! Schemas in words and tables.

use std::fmt::Write as _;

use leadline::web::escaped;
use serde_json::Value;

use crate::page::{list, members, prose, text};

/// From so many words on, an enum is told in part.
const MOST_WORDS: usize = 12;

/// One named schema.
pub(crate) fn section(html: &mut String, name: &str, schema: &Value) {
    let name = escaped(name);
    let _ = write!(
        html,
        "<h3 id=\"schema-{name}\"><code>{name}</code></h3><p>{}</p>",
        prose(&schema["description"])
    );
    if !schema["properties"].is_object() {
        let _ = write!(html, "<p>{}</p>", kind(schema));
        return;
    }
    let required = list(&schema["required"]);
    // Of what is answered everything is always there; it is said of what is sent.
    let says = schema["additionalProperties"] != false;
    html.push_str("<div class=\"wide\"><table><tr><th>Field<th>Type<th>");
    for (field, of) in members(&schema["properties"]) {
        let is_required = required.iter().any(|name| name.as_str() == Some(field));
        let mark = match (says, is_required) {
            (true, true) => " required",
            (false, false) => " if asked for",
            _ => "",
        };
        let about = prose(&of["description"]);
        let _ = write!(html, "<tr><td><code>{}</code>{mark}<td>{}<td>{about}", escaped(field), kind(of));
    }
    html.push_str("</table></div>");
}

/// What a value may be, in a few words.
pub(crate) fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|name| name.rsplit('/').next()) {
        let name = escaped(name);
        return format!("<a href=\"#schema-{name}\">{name}</a>");
    }
    for (of, word) in [("anyOf", " or "), ("oneOf", " or "), ("allOf", " and ")] {
        if schema["properties"].is_null() && schema[of].is_array() {
            return list(&schema[of]).iter().map(kind).collect::<Vec<_>>().join(word);
        }
    }
    if schema["enum"].is_array() {
        return words(list(&schema["enum"]));
    }
    if !schema["const"].is_null() {
        return words(&[schema["const"].clone()]);
    }
    let types: Vec<String> = match &schema["type"] {
        Value::Array(types) => types.iter().map(text).collect(),
        Value::Null => vec!["anything".to_owned()],
        one => vec![text(one)],
    };
    let mut kind = match (types.as_slice(), schema["items"].is_object()) {
        ([one], true) if one == "array" => format!("list of {}", self::kind(&schema["items"])),
        ([one], _) if one == "object" && schema["properties"].is_object() => {
            let fields = members(&schema["properties"]);
            let fields: Vec<String> = fields
                .map(|(name, of)| format!("<code>{}</code>: {}", escaped(name), self::kind(of)))
                .collect();
            format!("{{ {} }}", fields.join(", "))
        }
        _ => types.join(" or "),
    };
    if let Some(format) = schema["format"].as_str() {
        let _ = write!(kind, " ({})", escaped(format));
    }
    for (limit, word) in
        [("minimum", "from"), ("maximum", "to"), ("maxLength", "at most"), ("maxItems", "at most")]
    {
        if !schema[limit].is_null() {
            let _ = write!(kind, " {word} {}", escaped(&schema[limit].to_string()));
        }
    }
    kind
}

fn words(words: &[Value]) -> String {
    let mut shown: Vec<String> = words
        .iter()
        .take(MOST_WORDS)
        .map(|word| format!("<code>{}</code>", escaped(&word.to_string())))
        .collect();
    if words.len() > MOST_WORDS {
        shown.push(format!("and {} more", words.len() - MOST_WORDS));
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schema_is_told_with_its_limits() {
        for (schema, told) in [
            (json!({ "type": "string", "maxLength": 64 }), "string at most 64"),
            (json!({ "type": ["integer", "null"], "minimum": 0 }), "integer or null from 0"),
            (
                json!({ "type": "array", "items": { "type": "string", "format": "uuid" } }),
                "list of string (uuid)",
            ),
            (json!({ "$ref": "#/components/schemas/Lead" }), "<a href=\"#schema-Lead\">Lead</a>"),
            (json!({ "enum": ["a", true] }), "<code>&quot;a&quot;</code>, <code>true</code>"),
            (json!({}), "anything"),
        ] {
            assert_eq!(kind(&schema), told);
        }
    }
}
