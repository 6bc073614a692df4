//! `GET /api/leads/form.js`: the script that renders a form, or takes over one that is there. It is the same for every
//! key: it reads its own address.

use lambda_http::http::StatusCode;
use lambda_http::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_NONE_MATCH,
};
use lambda_http::{Body, Request, Response};
use leadline::web;

const SCRIPT: &str = include_str!("form.js");

/// The script, or that it is still the one the browser has.
pub(crate) fn serve(request: &Request) -> Response<Body> {
    let tag = web::content_tag(SCRIPT.as_bytes());
    let known = web::header(request, IF_NONE_MATCH.as_str()).is_some_and(|known| known.contains(&tag));
    let mut response = Response::new(if known { Body::Empty } else { Body::from(SCRIPT) });
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (CACHE_CONTROL, "public, max-age=300"),
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.extend(HeaderValue::from_str(&tag).ok().map(|tag| (ETAG, tag)));
    response
}
