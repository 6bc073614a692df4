//! The library that all functions share.
//!
//! - [`domain`]: leads, companies, users: rules without AWS or HTTP
//! - [`index`]: which leads a list shows: filters, orders, counts
//! - [`store`]: the one DynamoDB table
//! - [`files`]: the bucket
//! - [`attachments`]: files on leads, kept in step in both
//! - [`sheet`]: spreadsheets of any kind as rows of text
//! - [`import`]: files of leads brought in
//! - [`doctor`]: what must agree in the table, compared and mended
//! - [`auth`]: who is asking
//! - [`human`]: proof that a person sent a form
//! - [`web`]: requests in, replies out
//! - [`app`], [`config`], [`aws`], [`telemetry`]: what a function is made of

pub mod app;
pub mod attachments;
pub mod auth;
pub mod aws;
pub mod config;
pub mod doctor;
pub mod domain;
pub mod files;
pub mod human;
pub mod import;
pub mod index;
mod outside;
pub mod sheet;
pub mod store;
pub mod telemetry;
pub mod web;

pub use app::{App, Clock};
pub use config::{Config, ConfigError};
pub use domain::Ids;
pub use files::Files;
pub use store::Store;

/// Any error, for those who only pass it on.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
