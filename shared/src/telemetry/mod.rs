//! What a function tells of itself: one JSON value a line, on standard output, where CloudWatch takes logs and metrics
//! from. Never personal data: ids, numbers, causes.
//!
//! - `log`: what the code says as it goes
//! - `line`: the one line of each request and each message
//! - `metrics`: what is counted in it
//! - `meter`: what it cost

mod line;
mod log;
mod meter;
mod metrics;
mod object;

pub use line::{About, End, Watch, count, of_org, of_route};
pub use log::init;
pub(crate) use meter::Meter;
pub use metrics::Metric;

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
