//! How many leads there are: counters that change in the same transaction as the lead.

use serde::{Deserialize, Serialize};

use super::item::{decode, entities};
use super::keys::Key;
use super::{Store, StoreError};
use crate::domain::OrgId;

/// Leads of an organisation by class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    #[serde(rename = "open_leads")]
    pub open: i64,
    #[serde(rename = "closed_leads")]
    pub closed: i64,
    #[serde(rename = "converted_leads")]
    pub converted: i64,
}

entities! {
    Counts => "count",
}

impl Store {
    /// All leads of an organisation, counted.
    pub async fn counts(&self, org: OrgId) -> Result<Counts, StoreError> {
        let page = self.query(Key::counts(org)).send().await?;
        let mut sum = Counts::default();
        for item in page.items.unwrap_or_default() {
            let part: Counts = decode(item)?;
            sum.open += part.open;
            sum.closed += part.closed;
            sum.converted += part.converted;
        }
        Ok(sum)
    }
}
