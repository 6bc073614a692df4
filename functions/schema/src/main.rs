//! The function's start.

use std::convert::Infallible;

use lambda_http::service_fn;
use leadline::telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    lambda_http::run(service_fn(
        |request| async move { Ok::<_, Infallible>(lead_schema::handle(request).await) },
    ))
    .await
}
