//! Those who send requests, and what they get.

use std::net::IpAddr;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use leadline::domain::{OrgId, UserId};
use serde_json::{Value, json};

use crate::{TestApp, described};

/// A file of a form: field, file name, content type, content.
pub type File<'a> = (&'a str, &'a str, &'a str, &'a [u8]);

/// Someone who sends requests.
#[derive(Debug, Clone)]
pub struct Client<'a> {
    pub app: &'a TestApp,
    pub org: OrgId,
    pub user: UserId,
    pub headers: Vec<(String, String)>,
    /// Whom the gateway sees.
    pub address: IpAddr,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// The body as it came.
    pub bytes: Bytes,
    pub text: String,
    /// The body as JSON; null if it is none.
    pub body: Value,
}

impl Answer {
    /// A header's text, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body's `id`.
    pub fn id(&self) -> String {
        self.body["id"].as_str().unwrap_or_default().to_owned()
    }
}

impl Client<'_> {
    /// The same with one header more, or another value of it; blank takes it away.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut other = self.clone();
        other.headers.retain(|(known, _)| known != name);
        if !value.is_empty() {
            other.headers.push((name.to_owned(), value.to_owned()));
        }
        other
    }

    /// The same at another address.
    #[must_use]
    pub fn from(&self, address: &str) -> Self {
        Self { address: address.parse().unwrap(), ..self.clone() }
    }

    /// The same with a token of now, for when time has passed.
    #[must_use]
    pub fn renewed(&self) -> Self {
        Self { headers: self.app.credentials(self.user, self.org), ..self.clone() }
    }

    /// Sends a request with a body of this content type.
    pub async fn send(&self, method: &str, path: &str, content_type: &str, body: impl Into<Bytes>) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("host", "leads.example");
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if !content_type.is_empty() {
            request = request.header("content-type", content_type);
        }
        let request = request.body(body.into()).unwrap();
        let response = self.app.gateway.handle(request, self.address).await;
        let (parts, bytes) = response.into_parts();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let body = serde_json::from_str(&text).unwrap_or_default();
        described::check(method, path, &parts, &body);
        Answer { status: parts.status, headers: parts.headers, bytes, text, body }
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "", "").await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, "", "").await
    }

    /// POST of JSON.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, "application/json", body.to_string()).await
    }

    /// PATCH of JSON.
    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send("PATCH", path, "application/json", body.to_string()).await
    }

    /// POST of a form with files, as browsers send it.
    pub async fn multipart(&self, path: &str, fields: &[(&str, &str)], files: &[File<'_>]) -> Answer {
        let escape =
            |name: &str| name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A").into_bytes();
        let boundary = format!("----{}", self.app.app.ids.user(self.app.now()));
        let mut body = Vec::new();
        let mut add = |parts: &[&[u8]]| body.extend(parts.concat());
        for (name, text) in fields {
            add(&[b"--", boundary.as_bytes(), b"\r\nContent-Disposition: form-data; name=\""]);
            add(&[&escape(name), b"\"\r\n\r\n", text.as_bytes(), b"\r\n"]);
        }
        for (name, file_name, content_type, content) in files {
            add(&[b"--", boundary.as_bytes(), b"\r\nContent-Disposition: form-data; name=\""]);
            add(&[&escape(name), b"\"; filename=\"", &escape(file_name), b"\"\r\nContent-Type: "]);
            add(&[content_type.as_bytes(), b"\r\n\r\n", content, b"\r\n"]);
        }
        add(&[b"--", boundary.as_bytes(), b"--\r\n"]);
        self.send("POST", path, &format!("multipart/form-data; boundary={boundary}"), body).await
    }

    /// A new lead with this last name; `more` adds fields.
    pub async fn open_lead(&self, last_name: &str, more: Value) -> Answer {
        let mut body = json!({ "first_name": "Test", "last_name": last_name });
        if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
            body.extend(more.clone());
        }
        let answer = self.post("/api/leads/", body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
        answer
    }
}
