//! Logs: one JSON value a line, on standard output, where CloudWatch takes them from.

/// Starts the log. Once a process.
pub fn init() {
    let _ = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false)
        .with_max_level(tracing::Level::INFO)
        .try_init();
}
