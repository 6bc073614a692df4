//! The document as a page: plain HTML, without scripts, made from it alone.

use std::fmt::Write as _;

use leadline::web::escaped;
use serde_json::{Map, Value};

use crate::schemas;

const STYLE: &str = "\
:root{color-scheme:light dark;--line:color-mix(in srgb,currentColor 20%,transparent);--soft:color-mix(in srgb,currentColor 6%,transparent)}\
body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem 1.25rem 4rem}\
code,pre{font:.875rem/1.45 ui-monospace,monospace}\
pre{background:var(--soft);padding:.75rem;overflow:auto;max-height:24rem;border-radius:.3rem}\
table{border-collapse:collapse;width:100%;margin:.5rem 0}\
td,th{border-top:1px solid var(--line);padding:.3rem .75rem .3rem 0;text-align:left;vertical-align:top}\
h2{margin-top:3rem}h3{margin-top:2.5rem;border-top:1px solid var(--line);padding-top:1rem}\
.method{display:inline-block;min-width:4.5rem}.wide{overflow-x:auto}nav ul{list-style:none;padding:0}";

/// The methods in the order that people think of them.
const METHODS: [&str; 6] = ["get", "post", "put", "patch", "delete", "options"];

/// A page of the whole document.
pub(crate) fn page(document: &Value) -> String {
    let info = &document["info"];
    let mut html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{0} API</title>\
         <style>{STYLE}</style><h1>{0} API</h1><p>{1}</p>\
         <p>Version {2}. The same for programs: <a href=\"/api/schema/\">OpenAPI 3.1</a>.</p>",
        text(&info["title"]),
        prose(&info["description"]),
        text(&info["version"]),
    );
    html.push_str("<nav><h2>Routes</h2>");
    for tag in list(&document["tags"]) {
        let _ = write!(html, "<h4>{}</h4><ul>", text(&tag["name"]));
        for (path, method, operation) in operations(document, &tag["name"]) {
            let _ = write!(
                html,
                "<li><a href=\"#{id}\"><code><span class=\"method\">{method}</span> {path}</code></a> {what}</li>",
                id = text(&operation["operationId"]),
                method = method.to_uppercase(),
                path = escaped(path),
                what = text(&operation["summary"]),
            );
        }
        html.push_str("</ul>");
    }
    html.push_str("<p><a href=\"#security\">Who asks</a> · <a href=\"#schemas\">Schemas</a></p></nav>");
    security(&mut html, document);
    for tag in list(&document["tags"]) {
        let _ = write!(html, "<h2>{}</h2><p>{}</p>", text(&tag["name"]), prose(&tag["description"]));
        for (path, method, operation) in operations(document, &tag["name"]) {
            section(&mut html, document, (path, method), operation);
        }
    }
    html.push_str("<h2 id=\"schemas\">Schemas</h2>");
    for (name, schema) in members(&document["components"]["schemas"]) {
        schemas::section(&mut html, name, schema);
    }
    html.push_str("</html>");
    html
}

fn security(html: &mut String, document: &Value) {
    html.push_str("<h2 id=\"security\">Who asks</h2><table><tr><th>Scheme<th>Where<th>");
    for (name, scheme) in members(&document["components"]["securitySchemes"]) {
        let place = match scheme["type"].as_str() {
            Some("apiKey") => format!("{} <code>{}</code>", text(&scheme["in"]), text(&scheme["name"])),
            _ => "header <code>Authorization: Bearer …</code>".to_owned(),
        };
        let _ = write!(html, "<tr><td>{}<td>{place}<td>{}", escaped(name), prose(&scheme["description"]));
    }
    html.push_str("</table>");
}

/// One method of one path.
fn section(html: &mut String, document: &Value, (path, method): (&str, &str), operation: &Value) {
    let _ = write!(
        html,
        "<h3 id=\"{}\"><code>{} {}</code></h3><p><strong>{}.</strong> {}</p>",
        text(&operation["operationId"]),
        method.to_uppercase(),
        escaped(path),
        text(&operation["summary"]),
        prose(&operation["description"]),
    );
    let schemes: Vec<String> = list(&operation["security"])
        .iter()
        .map(|scheme| members(scheme).map(|(name, _)| escaped(name)).collect::<Vec<_>>().join(" and "))
        .collect();
    let who = if schemes.is_empty() { "anybody".to_owned() } else { schemes.join(", or ") };
    let _ = write!(html, "<p><a href=\"#security\">Who asks</a>: {who}.</p>");
    if !list(&operation["parameters"]).is_empty() {
        html.push_str("<h4>Parameters</h4><div class=\"wide\"><table><tr><th>Name<th>In<th>Type<th>");
        for parameter in list(&operation["parameters"]) {
            let parameter = resolved(document, parameter);
            let _ = write!(
                html,
                "<tr><td><code>{}</code>{}<td>{}<td>{}<td>{}",
                text(&parameter["name"]),
                if parameter["required"] == true { " required" } else { "" },
                text(&parameter["in"]),
                schemas::kind(&parameter["schema"]),
                prose(&parameter["description"]),
            );
        }
        html.push_str("</table></div>");
    }
    if operation["requestBody"].is_object() {
        html.push_str("<h4>Body</h4>");
        content(html, &operation["requestBody"]["content"]);
    }
    html.push_str("<h4>Answers</h4>");
    for (status, response) in members(&operation["responses"]) {
        let response = resolved(document, response);
        let headers: Vec<String> = members(&response["headers"]).map(|(name, _)| escaped(name)).collect();
        let headers =
            if headers.is_empty() { String::new() } else { format!(" Headers: {}.", headers.join(", ")) };
        let _ = write!(html, "<p><strong>{status}</strong> {}{headers}</p>", prose(&response["description"]));
        if status.starts_with('2') {
            content(html, &response["content"]);
        }
    }
}

/// Media types that share a schema in one line, then an example.
fn content(html: &mut String, content: &Value) {
    let mut kinds: Vec<(String, Vec<&str>)> = Vec::new();
    for (media_type, of) in members(content) {
        let kind = schemas::kind(&of["schema"]);
        match kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, media_types)) => media_types.push(media_type),
            None => kinds.push((kind, vec![media_type])),
        }
    }
    for (kind, media_types) in kinds {
        let media_types: Vec<String> =
            media_types.iter().map(|media_type| format!("<code>{}</code>", escaped(media_type))).collect();
        let _ = write!(html, "<p>{}: {kind}</p>", media_types.join(", "));
    }
    for (_, of) in members(content).filter(|(_, of)| !of["example"].is_null()) {
        let _ = write!(html, "<pre>{}</pre>", escaped(&format!("{:#}", of["example"])));
    }
}

/// The operations of a tag, by path and method.
fn operations<'d>(
    document: &'d Value,
    tag: &'d Value,
) -> impl Iterator<Item = (&'d str, &'static str, &'d Value)> {
    let all = members(&document["paths"]).flat_map(|(path, methods)| {
        METHODS.iter().filter_map(move |method| Some((path.as_str(), *method, methods.get(method)?)))
    });
    all.filter(move |(_, _, operation)| list(&operation["tags"]).contains(tag))
}

/// What a reference leads to, or the value itself.
fn resolved<'d>(document: &'d Value, value: &'d Value) -> &'d Value {
    let target = value["$ref"].as_str().and_then(|name| document.pointer(name.trim_start_matches('#')));
    target.unwrap_or(value)
}

pub(crate) fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A text in HTML.
pub(crate) fn text(value: &Value) -> String {
    escaped(value.as_str().unwrap_or_default())
}

/// A text whose words in backquotes are code.
pub(crate) fn prose(value: &Value) -> String {
    let mut html = String::new();
    for (n, part) in value.as_str().unwrap_or_default().split('`').enumerate() {
        let part = escaped(part);
        html.push_str(&if n % 2 == 1 { format!("<code>{part}</code>") } else { part });
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Value {
        serde_json::from_str(crate::DOCUMENT).unwrap()
    }

    #[test]
    fn every_route_and_every_schema_has_its_place_on_the_page() {
        let (document, page) = (document(), page(&document()));

        let mut places = 0;
        for (_, methods) in members(&document["paths"]) {
            for (_, operation) in members(methods) {
                assert!(page.contains(&format!("id=\"{}\"", text(&operation["operationId"]))), "{operation}");
                places += 1;
            }
        }
        for (name, _) in members(&document["components"]["schemas"]) {
            assert!(page.contains(&format!("id=\"schema-{name}\"")), "{name}");
        }
        assert!(places > 20);
    }

    #[test]
    fn every_link_leads_somewhere_on_the_page() {
        let page = page(&document());

        for link in page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(page.contains(&format!("id=\"{link}\"")), "{link}");
        }
    }

    #[test]
    fn what_the_document_says_is_text() {
        let mut document = document();
        document["info"]["description"] = "<script>`<b>`".into();

        let page = page(&document);

        assert!(page.contains("&lt;script&gt;<code>&lt;b&gt;</code>"));
        assert!(!page.contains("<script"));
    }
}
