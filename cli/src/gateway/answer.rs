//! What API Gateway makes of a function's answer, and its own words when there is none.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, TRANSFER_ENCODING};
use http::{Response, StatusCode};
use leadline::BoxError;
use serde::Deserialize;

/// Why the gateway answers itself.
#[derive(Debug, Clone, Copy)]
pub(super) enum Refusal {
    BadRequest,
    NotFound,
    BodyTooLong,
    PayloadTooLarge,
    HeadTooLarge,
    Failed,
}

impl Refusal {
    pub(super) fn response(self) -> Response<Bytes> {
        let (status, message) = match self {
            Self::BadRequest => (StatusCode::BAD_REQUEST, "Bad Request"),
            Self::NotFound => (StatusCode::NOT_FOUND, "Not Found"),
            Self::BodyTooLong => (StatusCode::PAYLOAD_TOO_LARGE, "Request Too Long"),
            Self::PayloadTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large"),
            Self::HeadTooLarge => {
                (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "Request Header Fields Too Large")
            }
            Self::Failed => (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
        };
        let mut response = Response::new(Bytes::from(format!(r#"{{"message":"{message}"}}"#)));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }
}

/// A function's answer, payload format 2.0.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status_code: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    multi_value_headers: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    cookies: Vec<String>,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// The response that a client sees.
pub(super) fn response(answer: &[u8]) -> Result<Response<Bytes>, BoxError> {
    let answer: Answer = serde_json::from_slice(answer)?;
    let body = answer.body.unwrap_or_default();
    let body = if answer.is_base64_encoded { BASE64_STANDARD.decode(body)? } else { body.into_bytes() };
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = StatusCode::from_u16(answer.status_code)?;

    let several = answer.multi_value_headers.into_iter();
    let several =
        several.flat_map(|(name, values)| values.into_iter().map(move |value| (name.clone(), value)));
    let cookies = answer.cookies.into_iter().map(|cookie| ("set-cookie".to_owned(), cookie));
    for (name, value) in answer.headers.into_iter().chain(several).chain(cookies) {
        let name = HeaderName::try_from(name)?;
        if ![CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING].contains(&name) {
            response.headers_mut().append(name, HeaderValue::try_from(value)?);
        }
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_becomes_a_response() {
        let answer = br#"{"statusCode": 201, "headers": {"etag": "\"1\""}, "multiValueHeaders": {},
            "cookies": ["a=1", "b=2"], "body": "aGk=", "isBase64Encoded": true}"#;

        let response = response(answer).unwrap();

        assert_eq!(response.status(), StatusCode::CREATED);
        assert_eq!(response.headers()["etag"], "\"1\"");
        assert_eq!(response.headers().get_all("set-cookie").iter().count(), 2);
        assert_eq!(response.body().as_ref(), b"hi");
    }
}
