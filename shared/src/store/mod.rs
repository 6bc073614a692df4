//! The table: one DynamoDB table for everything, see `docs/access-patterns.md`.

mod accounts;
mod api_keys;
mod attachments;
mod batch;
mod change;
mod chores;
mod comments;
mod companies;
mod counts;
mod directory;
mod duplicates;
mod emails;
mod error;
mod fold;
mod folder;
mod groups;
mod history;
mod imports;
mod item;
mod keys;
mod leads;
mod limits;
mod list;
mod loads;
mod names;
mod once;
mod orgs;
mod packs;
mod rows;
mod rules;
mod segments;
mod side_lists;
mod surroundings;
pub(crate) mod survey;
mod tally;
mod teams;
mod transaction;
mod users;

use std::sync::Arc;

use aws_sdk_dynamodb::Client;

pub use accounts::{AccountWithLeads, Converted, Converting};
pub use api_keys::{KeyHash, KeyShown, Opened};
pub use chores::{Chore, Task};
pub use comments::{AddError, Addition};
pub use companies::CompanyError;
pub use counts::Counts;
pub use error::StoreError;
pub use fold::{FoldSizes, Folded};
pub use folder::Folder;
pub use groups::{Fail, Judged, Reached, Ready, Run};
pub use history::HistoryPage;
pub use imports::{ChunkProgress, FailedRow, UpdatedRow};
pub use item::rfc3339;
pub(crate) use keys::sha256;
pub use leads::{OpenError, Opening, Updating};
pub use limits::{Bucket, Refusal};
pub use list::{LeadPage, Listing, Matches};
pub use once::{Once, OnceError, Recorded, Repeat};
pub use packs::{PackPlace, PackedLeads};
pub use rows::Rows;
pub use rules::{Assignment, RulesRefused};
pub use segments::{LostSegment, Manifest, SegmentRef};
pub use side_lists::{People, SideLists};
pub use surroundings::Surroundings;

/// The table of one deployment. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    table: Arc<str>,
    segments: segments::Segments,
}

impl Store {
    /// A store on the table of that name.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into().into(), segments: segments::Segments::default() }
    }

    /// Opens the connection to the table by a read of nothing, so that the first request does not
    /// wait for it. A failure is left for that request to meet.
    pub async fn warm_up(&self) {
        let _ = self.read(keys::Key::warm_up()).await;
    }
}
