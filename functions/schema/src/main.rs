//! The function's start.

use std::convert::Infallible;
use std::env;

use lambda_http::service_fn;
use leadline::telemetry::{self, Watch};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let metrics = env::var("LEADLINE_METRICS").ok().filter(|namespace| !namespace.is_empty());
    let watch = &Watch::printing(metrics);
    lambda_http::run(service_fn(|request| async move {
        Ok::<_, Infallible>(lead_schema::handle(watch, request).await)
    }))
    .await
}
