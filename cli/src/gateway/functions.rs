//! The functions, run as Lambda runs them: event in, answer out, through the conversions that ship.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;

use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Body, Context, LambdaEvent, Request, Response, Service, service_fn};
use leadline::{App, BoxError};

use crate::role;

/// A function's `handle`.
type Handle = fn(Arc<App>, Request) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// The name of a function's binary, and what it does.
pub(super) type Function = (&'static str, Handle);

/// Every function by the name of its binary.
const FUNCTIONS: [Function; 8] = [
    ("lead-comment", |app, request| Box::pin(async move { lead_comment::handle(&app, request).await })),
    ("lead-companies", |app, request| Box::pin(async move { lead_companies::handle(&app, request).await })),
    ("lead-create", |app, request| Box::pin(async move { lead_create::handle(&app, request).await })),
    ("lead-detail", |app, request| Box::pin(async move { lead_detail::handle(&app, request).await })),
    ("lead-list", |app, request| Box::pin(async move { lead_list::handle(&app, request).await })),
    ("lead-schema", |app, request| Box::pin(async move { lead_schema::handle(&app.watch, request).await })),
    ("lead-site-lead", |app, request| Box::pin(async move { lead_site_lead::handle(&app, request).await })),
    ("lead-upload", |app, request| Box::pin(async move { lead_upload::handle(&app, request).await })),
];

/// The function of that binary.
pub(super) fn find(binary: &str) -> Option<Function> {
    FUNCTIONS.into_iter().find(|(name, _)| *name == binary)
}

/// Runs a function on an event, in a task of its own: a panic is an error here, and a client who
/// hangs up does not stop what has begun.
pub(super) async fn invoke(
    function: Function,
    app: Arc<App>,
    event: Vec<u8>,
    context: Context,
) -> Result<Vec<u8>, BoxError> {
    let (binary, handle) = function;
    tokio::spawn(role::run(binary, run(handle, app, event, context))).await?
}

async fn run(handle: Handle, app: Arc<App>, event: Vec<u8>, context: Context) -> Result<Vec<u8>, BoxError> {
    let payload: LambdaRequest = serde_json::from_slice(&event)?;
    let mut adapter = Adapter::from(service_fn(move |request: Request| {
        let answer = handle(Arc::clone(&app), request);
        async move { Ok::<_, Infallible>(answer.await) }
    }));
    let Ok(answer) = adapter.call(LambdaEvent::new(payload, context)).await;
    Ok(serde_json::to_vec(&answer)?)
}
