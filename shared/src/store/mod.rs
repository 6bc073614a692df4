//! The table: one DynamoDB table for everything, see `docs/access-patterns.md`.

mod api_keys;
mod batch;
mod companies;
mod counts;
mod directory;
mod emails;
mod error;
mod item;
mod keys;
mod leads;
mod names;
mod once;
mod orgs;
mod row;
mod rows;
mod side_lists;
mod surroundings;
mod teams;
mod transaction;
mod users;

use std::sync::Arc;

use aws_sdk_dynamodb::Client;

pub use api_keys::KeyHash;
pub use companies::CompanyError;
pub use counts::Counts;
pub use error::StoreError;
pub(crate) use item::rfc3339;
pub use leads::{OpenError, Opening};
pub use once::{Once, OnceError, Recorded, Repeat};
pub use rows::{LeadPage, ListQuery, Rows};
pub use side_lists::SideLists;

/// The table of one deployment. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    table: Arc<str>,
}

impl Store {
    /// A store on the table of that name.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into().into() }
    }

    /// Opens the connection to the table by a read of nothing, so that the first request does not
    /// wait for it. A failure is left for that request to meet.
    pub async fn warm_up(&self) {
        let _ = self.read(keys::Key::warm_up()).await;
    }
}
