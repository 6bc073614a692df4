//! An API Gateway HTTP API in small: routes, events, limits and answers as AWS has them.

mod answer;
mod event;
mod functions;
mod routes;

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderValue, Request, Response};
use lambda_http::Context;
use leadline::App;
use uuid::Uuid;

use self::answer::Refusal;
use self::event::Call;
use self::functions::Function;
use self::routes::Routes;
use crate::template::Template;

/// Longest body that API Gateway takes: 10 MB.
pub const MAX_BODY: usize = 10 * 1024 * 1024;
/// Most bytes of request line and headers together.
pub const MAX_HEAD: usize = 10_240;
/// Most bytes of a Lambda event, and of an answer: 6 MB.
pub const MAX_PAYLOAD: usize = 6 * 1024 * 1024;

/// Whether `/x/` reaches the route `/x`. Reports about AWS differ, so both can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrailingSlash {
    /// It does.
    Ignored,
    /// It does not; `/x/{proxy+}` takes it, with an empty value.
    Distinct,
}

/// A body that no function gets to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadBody {
    /// Over [`MAX_BODY`].
    TooLong,
    /// It broke off, or cannot be read.
    Broken,
}

/// The API cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    #[error("the template names a function that leadctl does not know: {0}")]
    UnknownFunction(String),
}

/// The API of one app.
#[derive(Debug)]
pub struct Gateway {
    app: Arc<App>,
    routes: Routes<Function>,
}

impl Gateway {
    /// The API with the template's routes.
    pub fn new(template: &Template, app: Arc<App>, slash: TrailingSlash) -> Result<Self, GatewayError> {
        let mut routes = Routes::new(slash);
        for route in &template.routes {
            let function = functions::find(&route.function);
            let function = function.ok_or_else(|| GatewayError::UnknownFunction(route.function.clone()))?;
            routes.add(&route.method, &route.path, function);
        }
        Ok(Self { app, routes })
    }

    /// Answers a request whose body was read in vain. One that is too long need not be kept to be refused.
    pub fn refuse(body: BadBody) -> Response<Bytes> {
        let refusal = match body {
            BadBody::TooLong => Refusal::BodyTooLong,
            BadBody::Broken => Refusal::BadRequest,
        };
        with_id(refusal.response(), Uuid::now_v7())
    }

    /// Answers a request.
    pub async fn handle(&self, request: Request<Bytes>, source_ip: IpAddr) -> Response<Bytes> {
        let id = Uuid::now_v7();
        let (parts, body) = request.into_parts();
        let answered = self.answer(&parts, &body, source_ip, id).await;
        with_id(answered.unwrap_or_else(Refusal::response), id)
    }

    async fn answer(
        &self,
        parts: &Parts,
        body: &[u8],
        source_ip: IpAddr,
        id: Uuid,
    ) -> Result<Response<Bytes>, Refusal> {
        if head_size(parts) > MAX_HEAD {
            return Err(Refusal::HeadTooLarge);
        }
        if body.len() > MAX_BODY {
            return Err(Refusal::BodyTooLong);
        }
        if event::host(parts).parse::<Authority>().is_err() {
            return Err(Refusal::BadRequest);
        }
        let found = self.routes.find(parts.method.as_str(), parts.uri.path()).ok_or(Refusal::NotFound)?;
        let time = self.app.clock.now();
        let call = Call { id, route_key: found.key, parameters: &found.parameters, source_ip, time };
        let event = event::event(parts, body, &call).to_string().into_bytes();
        if event.len() > MAX_PAYLOAD {
            return Err(Refusal::PayloadTooLarge);
        }
        let context = context(parts, id);
        let answer = functions::invoke(*found.target, Arc::clone(&self.app), event, context).await;
        let answer = answer.map_err(|error| {
            tracing::error!(request_id = %id, %error, "a function failed");
            Refusal::Failed
        })?;
        if answer.len() > MAX_PAYLOAD {
            tracing::error!(request_id = %id, bytes = answer.len(), "an answer is over the limit of Lambda");
            return Err(Refusal::Failed);
        }
        answer::response(&answer).map_err(|error| {
            tracing::error!(request_id = %id, %error, "an answer cannot be sent");
            Refusal::Failed
        })
    }
}

/// What Lambda tells a function beside its event.
fn context(parts: &Parts, id: Uuid) -> Context {
    let trace = parts.headers.get("x-amzn-trace-id").and_then(|trace| trace.to_str().ok());
    let mut context = Context::default();
    (context.request_id, context.xray_trace_id) = (id.to_string(), trace.map(str::to_owned));
    context
}

fn with_id(mut response: Response<Bytes>, id: Uuid) -> Response<Bytes> {
    if let Ok(id) = HeaderValue::try_from(id.to_string()) {
        response.headers_mut().insert("apigw-requestid", id);
    }
    response
}

/// Bytes of the request line and the headers as HTTP/1.1 writes them.
fn head_size(parts: &Parts) -> usize {
    let target = parts.uri.path_and_query().map_or(1, |target| target.as_str().len());
    let line = parts.method.as_str().len() + target + " ".len() + " HTTP/1.1\r\n".len();
    let headers =
        parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len());
    line + headers.sum::<usize>()
}
