//! Whole requests through the gateway, the functions and a real table.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod auth;
mod bad_input;
mod companies;
mod create;
mod detail;
mod faults;
mod idempotency;
mod list;
mod routes;
mod site_lead;
mod tenants;
mod units;

/// The claims of most tests are about these.
mod prelude {
    pub(crate) use chrono::Duration;
    pub(crate) use leadline::domain::{NewApiKey, Role};
    pub(crate) use leadline_tests::{Client, Fault, TestApp};
    pub(crate) use serde_json::{Value, json};
}
