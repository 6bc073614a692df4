//! Whole requests through the gateway, the functions and a real table.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod attachments;
mod auth;
mod bad_input;
mod capture;
mod comments;
mod companies;
mod conversion;
mod create;
mod defence;
mod detail;
mod dialects;
mod doctor;
mod faults;
mod history;
mod idempotency;
mod imports;
mod limits;
mod list;
mod log;
mod policies;
mod rights;
mod routes;
mod rules;
mod schema;
mod site_lead;
mod tags;
mod tenants;
mod units;

/// The claims of most tests are about these.
mod prelude {
    pub(crate) use chrono::Duration;
    pub(crate) use leadline::domain::{NewApiKey, Role};
    pub(crate) use leadline_tests::{Client, Fault, TestApp};
    pub(crate) use serde_json::{Value, json};
}
