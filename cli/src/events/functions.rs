//! The functions that read the queue, run as Lambda runs them: event in, answer out, through the types that ship.

use std::pin::Pin;
use std::sync::Arc;

use lambda_http::{Context, LambdaEvent};
use leadline::App;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::role;

/// A function's `handle`, from JSON to JSON.
pub(super) type Handle =
    fn(Arc<App>, Value) -> Pin<Box<dyn Future<Output = serde_json::Result<Value>> + Send>>;

/// The name of a function's binary, and what it does.
pub(super) type Function = (&'static str, Handle);

/// Every function by the name of its binary.
const FUNCTIONS: [Function; 1] = [("lead-import", |app, event| {
    Box::pin(async move {
        let event = LambdaEvent::new(serde_json::from_value(event)?, Context::default());
        serde_json::to_value(lead_import::handle(&app, event).await)
    })
})];

/// The function of that binary.
pub(super) fn find(binary: &str) -> Option<Function> {
    FUNCTIONS.into_iter().find(|(name, _)| *name == binary)
}

/// Runs a function on an event of one message, in a task of its own: a panic is a failure here. Whether the function
/// says that it handled the message.
pub(super) async fn invoke(function: Function, app: Arc<App>, event: Value) -> bool {
    let mut task = JoinSet::new(); // ends with this future
    let (binary, handle) = function;
    task.spawn(role::run(binary, handle(app, event)));
    match task.join_next().await {
        Some(Ok(Ok(answer))) => answer["batchItemFailures"].as_array().is_some_and(Vec::is_empty),
        _ => false,
    }
}
