//! The function's start.

use std::convert::Infallible;

use lambda_runtime::{LambdaEvent, service_fn};
use lead_import::Messages;
use leadline::{App, telemetry};
use mimalloc::MiMalloc;

/// A row is hundreds of small texts that come and go: a third of the time with the system's allocator.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let app = &App::from_env_with_bucket().await?;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Messages>| async move {
        Ok::<_, Infallible>(lead_import::handle(app, event).await)
    }))
    .await
}
