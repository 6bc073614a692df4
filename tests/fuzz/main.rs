//! Hostile input. Each target takes something valid, spoils it, and asserts what must hold whatever comes.
//!
//! Each runs for a second; `BOLERO_RANDOM_TEST_TIME_MS` gives all of them another time. What fails is made smaller, and
//! printed with a seed for `BOLERO_RANDOM_SEED`.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod bodies;
mod index;
mod queries;
mod sheets;
mod spoil;
mod tokens;
