//! `/api/schema/` and `/api/docs/`: what the API is, for programs and for people. It knows neither table nor bucket.

mod page;
mod schemas;

use std::sync::LazyLock;

use lambda_http::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH,
};
use lambda_http::http::{Method, StatusCode};
use lambda_http::{Body, Request, Response};
use leadline::Clock;
use leadline::telemetry::{self, Watch};
use leadline::web::{self, ApiError, Reply};

/// The OpenAPI document. `leadctl schema` writes it, from the code.
pub const DOCUMENT: &str = include_str!("../../../docs/openapi.json");

/// Every path, with the methods it takes. They are not among the other functions' routes, for the gateway hands over
/// whatever comes for these two.
pub const ROUTES: [(&str, &[&str]); 2] = [("/api/schema", &["GET"]), ("/api/docs", &["GET"])];

/// The page, made once.
static PAGE: LazyLock<String> =
    LazyLock::new(|| page::page(&serde_json::from_str(DOCUMENT).unwrap_or_default()));

/// No script at all, nothing from elsewhere, and no frame of another site around it.
const POLICY: &str = "default-src 'self'; script-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";

/// Answers one request.
pub async fn handle(watch: &Watch, request: Request) -> Response<Body> {
    let now = Clock::system().now();
    web::watched(watch, now, &request, web::told(&request, respond(&request))).await
}

async fn respond(request: &Request) -> Reply {
    let path = web::path(request);
    let known = ROUTES.iter().find(|(known, _)| *known == path);
    let (route, methods) = known.ok_or(ApiError::NotFound("path"))?;
    telemetry::of_route(route);
    match (path, request.method()) {
        ("/api/docs", &Method::GET) => Ok(shown(request, "text/html; charset=utf-8", &PAGE)),
        (_, &Method::GET) => Ok(shown(request, "application/json", DOCUMENT)),
        _ => Err(ApiError::MethodNotAllowed(methods.to_vec())),
    }
}

/// The content, or that it is still what the client has.
fn shown(request: &Request, kind: &'static str, content: &'static str) -> Response<Body> {
    let tag = web::content_tag(content.as_bytes());
    let known = web::header(request, IF_NONE_MATCH.as_str()).is_some_and(|known| known.contains(&tag));
    let mut response = Response::new(if known { Body::Empty } else { Body::from(content) });
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    for (name, value) in
        [(CONTENT_TYPE, kind), (CACHE_CONTROL, "public, max-age=300"), (CONTENT_SECURITY_POLICY, POLICY)]
    {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.extend(HeaderValue::from_str(&tag).ok().map(|tag| (ETAG, tag)));
    response
}
