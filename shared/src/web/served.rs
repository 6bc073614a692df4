//! What every answer goes through: an error becomes words, browsers are told what not to do with it, and a line of the log
//! says how it was.

use chrono::{DateTime, Utc};
use http::Method;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt as _, Response};

use super::Reply;
use super::routes::template;
use crate::App;
use crate::telemetry::{self, About, End, Metric, Watch};

/// What every answer says, unless it has something of its own to say there: nothing of it is to be kept, for most of it
/// is personal data; it is what it says it is, and no page; and the way here is told to nobody, for a form's API key may
/// stand in it.
const HEADERS: [(HeaderName, &str); 5] = [
    (CACHE_CONTROL, "no-store"),
    (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (REFERRER_POLICY, "no-referrer"),
    (STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// Every answer, right or wrong, as it is sent.
pub async fn answer(app: &App, request: &Request, reply: impl Future<Output = Reply>) -> Response<Body> {
    // On the heap: what waits in it is large, and would be held once more by each function around it.
    let reply = Box::pin(reply);
    served(app, request, told(request, reply)).await
}

/// A reply as an answer that is not yet sent: an error in the words of the API.
pub async fn told(request: &Request, reply: impl Future<Output = Reply>) -> Response<Body> {
    match reply.await {
        Ok(response) => response,
        Err(error) => error.into_response(request_id(request)),
    }
}

/// An answer as it is sent, once a request.
pub async fn served(
    app: &App,
    request: &Request,
    answer: impl Future<Output = Response<Body>>,
) -> Response<Body> {
    watched(&app.watch, app.clock.now(), request, answer).await
}

/// The same of a function that has no more than a watch.
pub async fn watched(
    watch: &Watch,
    now: DateTime<Utc>,
    request: &Request,
    answer: impl Future<Output = Response<Body>>,
) -> Response<Body> {
    let about = About {
        request_id: request_id(request),
        message_id: None,
        route: template(request),
        method: Some(method(request.method())),
        trace: request.lambda_context_ref().and_then(|context| context.xray_trace_id.as_deref()),
        now,
    };
    let answer = Box::pin(answer);
    let counted = async {
        let mut response = answer.await;
        match response.status().as_u16() {
            429 => telemetry::count(Metric::Throttled, 1),
            500.. => telemetry::count(Metric::Failed, 1),
            _ => {}
        }
        guard(&mut response);
        response
    };
    watch.over(about, counted, |response| End::Status(response.status().as_u16())).await
}

fn guard(response: &mut Response<Body>) {
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
}

fn request_id(request: &Request) -> &str {
    match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.request_id.as_deref().unwrap_or_default(),
        _ => "",
    }
}

/// The method, if it is one that there is: a client may make up others, and what it likes into them.
fn method(of: &Method) -> &str {
    const KNOWN: [Method; 7] = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::HEAD,
        Method::OPTIONS,
    ];
    if KNOWN.contains(of) { of.as_str() } else { "other" }
}
