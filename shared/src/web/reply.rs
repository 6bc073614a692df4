//! Replies.

use http::StatusCode;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_MATCH, LOCATION};
use lambda_http::{Body, Request, Response};
use serde::Serialize;

use super::{ApiError, header};
use crate::store::{OnceError, Recorded, sha256};

/// In front of a text that spreadsheet programs are to take for UTF-8.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Says that a request was done before.
const REPLAYED: &str = "idempotent-replayed";

/// What a handler answers.
pub type Reply = Result<Response<Body>, ApiError>;

/// A JSON answer.
pub(super) fn respond(status: StatusCode, body: &impl Serialize) -> Response<Body> {
    let body = serde_json::to_string(body).unwrap_or_default();
    let mut response = Response::new(Body::Text(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// 200 with a body.
pub fn json(body: &impl Serialize) -> Response<Body> {
    respond(StatusCode::OK, body)
}

/// 200 with a file of text that is saved under this plain name.
pub fn text_file(kind: &'static str, name: &str, mut text: String) -> Response<Body> {
    if text.starts_with(BYTE_ORDER_MARK) {
        text.insert(0, BYTE_ORDER_MARK); // lambda_http takes the first one off
    }
    let mut response = Response::new(Body::Text(text));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    headers.extend(disposition.ok().map(|disposition| (CONTENT_DISPOSITION, disposition)));
    response
}

/// 201 with a body, and where the new thing is.
pub fn created(location: &str, body: &impl Serialize) -> Response<Body> {
    let mut response = respond(StatusCode::CREATED, body);
    response.headers_mut().extend(HeaderValue::from_str(location).ok().map(|location| (LOCATION, location)));
    response
}

/// 201 with a body, where the new things have no address of their own.
pub fn created_nowhere(body: &impl Serialize) -> Response<Body> {
    respond(StatusCode::CREATED, body)
}

/// The answer under another status.
pub fn with_status(mut response: Response<Body>, status: StatusCode) -> Response<Body> {
    *response.status_mut() = status;
    response
}

/// 302 to another address.
pub fn found(location: &str) -> Response<Body> {
    let mut response = no_content();
    *response.status_mut() = StatusCode::FOUND;
    response.headers_mut().extend(HeaderValue::from_str(location).ok().map(|location| (LOCATION, location)));
    response
}

/// 303 to another address: the next request is a GET.
pub fn see_other(location: &str) -> Response<Body> {
    let mut response = found(location);
    *response.status_mut() = StatusCode::SEE_OTHER;
    response
}

/// 303 in place of an answer, which may be one that was given before.
pub fn see_other_instead(of: &Response<Body>, location: &str) -> Response<Body> {
    let mut response = see_other(location);
    let replayed = of.headers().get(REPLAYED).cloned();
    response.headers_mut().extend(replayed.map(|replayed| (HeaderName::from_static(REPLAYED), replayed)));
    response
}

/// The `ETag` of something that never changes by itself: its hash.
pub fn content_tag(content: &[u8]) -> String {
    format!("\"{}\"", &sha256(content)[..16])
}

/// 204.
pub fn no_content() -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// The answer with the version of what it shows as its `ETag`.
pub fn tagged(mut response: Response<Body>, version: u64) -> Response<Body> {
    let tag = HeaderValue::from_str(&etag(version)).ok().map(|tag| (ETAG, tag));
    response.headers_mut().extend(tag);
    response
}

fn etag(version: u64) -> String {
    format!("\"{version}\"")
}

/// What `If-Match` asks for, if it is there, must hold (RFC 9110, section 13.1.1).
pub fn if_match(request: &Request, version: u64) -> Result<(), ApiError> {
    let Some(tags) = header(request, IF_MATCH.as_str()) else { return Ok(()) };
    let holds = tags.split(',').map(str::trim).any(|tag| tag == "*" || tag == etag(version));
    if holds { Ok(()) } else { Err(ApiError::PreconditionFailed) }
}

/// An answer as an idempotency key remembers it.
pub fn record(response: &Response<Body>) -> Recorded {
    let headers = response.headers().iter();
    let headers =
        headers.filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())));
    let body = match response.body() {
        Body::Text(text) => text.clone(),
        _ => String::new(),
    };
    Recorded { status: response.status().as_u16(), headers: headers.collect(), body }
}

/// The answer to a request that was done before, or whose key was used for another.
pub fn replay(error: OnceError) -> Reply {
    let recorded = match error {
        OnceError::Replay(recorded) => recorded,
        OnceError::OtherBody => return Err(ApiError::key_of_another()),
    };
    let mut response = Response::new(Body::Text(recorded.body));
    *response.status_mut() = StatusCode::from_u16(recorded.status).unwrap_or(StatusCode::OK);
    for (name, value) in recorded.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse()) {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(replayed(response))
}

/// The answer to a request that was done before.
pub fn replayed(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    response
}
