//! Logs: one JSON value a line, on standard output, where CloudWatch takes them from.

use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Starts the log: what we say, and of libraries only errors. Once a process.
pub fn init() {
    let json = tracing_subscriber::fmt::layer().json().flatten_event(true);
    let json = json.with_current_span(false).with_span_list(false).with_target(false);
    let ours = Targets::new().with_default(LevelFilter::ERROR).with_target("lead", LevelFilter::INFO);
    let _ = tracing_subscriber::registry().with(json.with_filter(ours)).try_init();
}

/// An error and what caused it, on one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
