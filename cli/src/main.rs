//! The binary `leadctl`.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    leadctl::run().await
}
