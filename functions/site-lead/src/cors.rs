//! Which pages may post (CORS, Fetch Standard, section 3.2).

use lambda_http::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, HeaderValue, ORIGIN, VARY,
};
use lambda_http::{Body, Request, Response};
use leadline::App;
use leadline::domain::ApiKey;
use leadline::web::{self, ApiError, Reply};

use crate::capture;

/// The page's origin, if a browser's page asks; an error if the key is not for it.
pub(crate) fn origin(request: &Request, key: &ApiKey) -> Result<Option<HeaderValue>, ApiError> {
    match request.headers().get(ORIGIN) {
        None => Ok(None),
        Some(origin) if origin.to_str().is_ok_and(|origin| key.allows(origin)) => Ok(Some(origin.clone())),
        Some(_) => Err(ApiError::Forbidden("this API key is not for this site")),
    }
}

/// Lets the page of this origin read the answer.
pub(crate) fn allow(response: &mut Response<Body>, origin: HeaderValue) {
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(VARY, HeaderValue::from_static("Origin"));
    let exposed = HeaderValue::from_static("Retry-After, Location, Idempotent-Replayed");
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
}

/// `OPTIONS`: what a browser asks before it lets a page post. It does not send the key but in the query.
pub(crate) async fn preflight(app: &App, request: &Request) -> Reply {
    let opened = capture::open(app, request, None).await?;
    let mut response = web::no_content();
    if let Some(origin) = origin(request, &opened.key)? {
        allow(&mut response, origin);
    }
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
    let sent = HeaderValue::from_static("Content-Type, Idempotency-Key, X-Api-Key");
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, sent);
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    Ok(response)
}
