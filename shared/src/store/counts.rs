//! How many leads there are: counters that change in the same transaction as the lead.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::item::{decode, entities};
use super::keys::Key;
use super::transaction::Transaction;
use super::{Store, StoreError};
use crate::domain::{Lead, OrgId, StatusClass};

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

fn attribute(class: StatusClass) -> &'static str {
    match class {
        StatusClass::Open => "open_leads",
        StatusClass::Closed => "closed_leads",
        StatusClass::Converted => "converted_leads",
    }
}

impl Transaction {
    /// Counts a lead that is new.
    pub(crate) fn count_in(&mut self, lead: &Lead) {
        self.count(lead, &format!("{} :one", attribute(lead.details.status.class())), &[(":one", 1)]);
    }

    /// Counts a lead no more.
    pub(crate) fn count_out(&mut self, lead: &Lead) {
        self.count(lead, &format!("{} :less", attribute(lead.details.status.class())), &[(":less", -1)]);
    }

    /// Counts a lead elsewhere, if its class has changed.
    pub(crate) fn count_moved(&mut self, was: &Lead, is: &Lead) {
        let (from, to) = (was.details.status.class(), is.details.status.class());
        if from != to {
            let change = format!("{} :one, {} :less", attribute(to), attribute(from));
            self.count(is, &change, &[(":one", 1), (":less", -1)]);
        }
    }

    fn count(&mut self, lead: &Lead, add: &str, by: &[(&'static str, i64)]) {
        let mut values: Vec<_> =
            by.iter().map(|(name, n)| (*name, AttributeValue::N(n.to_string()))).collect();
        values.push((":entity", AttributeValue::S("count".to_owned())));
        values.push((":now", AttributeValue::S(super::item::rfc3339(lead.updated_on))));
        let change = format!("SET entity = :entity, updated_at = :now ADD {add}");
        self.update(Key::count(lead.org, lead.id), &change, None, values);
    }
}

impl Store {
    /// All leads of an organisation, counted.
    pub async fn counts(&self, org: OrgId) -> Result<Counts, StoreError> {
        let page = self.query(format!("ORG#{org}#COUNT")).send().await?;
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
