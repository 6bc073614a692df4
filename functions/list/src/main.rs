//! The function's start.

use std::convert::Infallible;

use lambda_http::service_fn;
use leadline::{App, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let app = &App::from_env_with_bucket().await?;
    lambda_http::run(service_fn(|request| async move {
        Ok::<_, Infallible>(lead_list::handle(app, request).await)
    }))
    .await
}
