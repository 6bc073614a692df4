//! One method of one path.

use serde_json::{Map, Value, json};

use crate::forms::form_of;
use crate::shapes::{named, uuid};
use crate::{errors, headers};

const JSON: &str = "application/json";
const MULTIPART: &str = "multipart/form-data";
/// What is taken besides JSON wherever a body is.
const FORMS: [&str; 2] = ["application/x-www-form-urlencoded", MULTIPART];

/// What the document says of it.
#[derive(Debug)]
pub(crate) struct Operation(Value);

impl Operation {
    /// For members, by token.
    pub(crate) fn new(id: &str, tag: &str, summary: &str) -> Self {
        let mut operation = json!({ "operationId": id, "tags": [tag], "summary": summary, "responses": {} });
        // The organisation may go unsaid where the token or the memberships leave no doubt.
        operation["security"] = json!([{ "token": [], "organization": [] }, { "token": [] }]);
        Self(operation).errors(&["Unauthenticated", "Forbidden", "Busy", "Internal", "Unavailable"])
    }

    /// For everybody.
    pub(crate) fn public(id: &str, tag: &str, summary: &str) -> Self {
        let operation =
            json!({ "operationId": id, "tags": [tag], "summary": summary, "responses": {}, "security": [] });
        Self(operation).errors(&["Busy", "Internal", "Unavailable"])
    }

    /// By any of these security schemes.
    pub(crate) fn secured(mut self, schemes: &[&str]) -> Self {
        self.0["security"] = schemes.iter().map(|scheme| json!({ *scheme: [] })).collect();
        self
    }

    /// More than the summary says.
    pub(crate) fn about(mut self, text: &str) -> Self {
        self.0["description"] = json!(text);
        self
    }

    fn parameter(mut self, parameter: Value) -> Self {
        match self.0["parameters"].as_array_mut() {
            Some(parameters) => parameters.push(parameter),
            None => self.0["parameters"] = json!([parameter]),
        }
        self
    }

    /// An id in the path.
    pub(crate) fn id(self, name: &str, of: &str) -> Self {
        let about = format!("Id of the {of}.");
        self.parameter(
            json!({ "name": name, "in": "path", "required": true, "description": about, "schema": uuid() }),
        )
    }

    /// A parameter of the query.
    pub(crate) fn query(self, name: &str, schema: &Value, about: &str) -> Self {
        self.parameter(json!({ "name": name, "in": "query", "description": about, "schema": schema }))
    }

    /// A parameter that stands among the components.
    pub(crate) fn with(self, parameter: &str) -> Self {
        self.parameter(json!({ "$ref": format!("#/components/parameters/{parameter}") }))
    }

    /// Many, by pages.
    pub(crate) fn paged(self) -> Self {
        self.with("limit").with("offset").errors(&["Invalid"])
    }

    /// Done once, if a key is sent along.
    pub(crate) fn once(self) -> Self {
        self.with("idempotency-key")
    }

    /// A body of any kind, and an example of it.
    pub(crate) fn body(mut self, required: bool, name: &str, example: &Value) -> Self {
        let mut content = Map::new();
        for form in FORMS {
            content.insert(form.to_owned(), json!({ "schema": form_of(name) }));
        }
        content.insert(JSON.to_owned(), json!({ "schema": named(name), "example": example }));
        self.0["requestBody"] = json!({ "required": required, "content": content });
        self.errors(&["Invalid", "TooLarge", "UnsupportedMediaType"])
    }

    /// Another schema of the body where it is multipart, and so may have files.
    pub(crate) fn multipart(mut self, name: &str) -> Self {
        self.0["requestBody"]["content"][MULTIPART] = json!({ "schema": named(name) });
        self
    }

    /// An answer with JSON.
    pub(crate) fn json(self, status: u16, about: &str, schema: &Value, example: Option<&Value>) -> Self {
        let mut content = json!({ "schema": schema });
        if let Some(example) = example {
            content["example"] = example.clone();
        }
        self.answer(status, about, &json!({ JSON: content }))
    }

    /// An answer with content of these kinds.
    pub(crate) fn answer(mut self, status: u16, about: &str, content: &Value) -> Self {
        self.0["responses"][status.to_string()] = json!({ "description": about, "content": content });
        self
    }

    /// An answer without a body.
    pub(crate) fn empty(mut self, status: u16, about: &str) -> Self {
        self.0["responses"][status.to_string()] = json!({ "description": about });
        self
    }

    /// Headers of an answer: those that are always there, and those that may be.
    pub(crate) fn headers(mut self, status: u16, always: &[&str], may: &[&str]) -> Self {
        for (name, required) in
            always.iter().map(|name| (name, true)).chain(may.iter().map(|name| (name, false)))
        {
            self.0["responses"][status.to_string()]["headers"][*name] = headers::header(name, required);
        }
        self
    }

    /// What an answer's body leads on to: operations, each with its parameter and where the value is.
    pub(crate) fn links(mut self, status: u16, links: &[(&str, &str, &str)]) -> Self {
        for (operation, parameter, at) in links {
            let link = json!({ "operationId": operation, "parameters": { *parameter: format!("$response.body#{at}") } });
            self.0["responses"][status.to_string()]["links"][*operation] = link;
        }
        self
    }

    /// Errors, by their names among the components.
    pub(crate) fn errors(mut self, names: &[&str]) -> Self {
        for name in names {
            let status = errors::status(name).to_string();
            self.0["responses"][status] = json!({ "$ref": format!("#/components/responses/{name}") });
        }
        self
    }

    /// Errors come as a page too, to who posts a form in a browser.
    pub(crate) fn errors_as_pages(mut self) -> Self {
        if let Some(responses) = self.0["responses"].as_object_mut() {
            for response in responses.values_mut() {
                let name =
                    response["$ref"].as_str().and_then(|name| name.rsplit('/').next()).map(str::to_owned);
                if let Some(name) = name {
                    *response = errors::response(&name);
                    response["content"]["text/html; charset=utf-8"] =
                        json!({ "schema": { "type": "string" } });
                }
            }
        }
        self
    }

    pub(crate) fn into_value(self) -> Value {
        self.0
    }
}
