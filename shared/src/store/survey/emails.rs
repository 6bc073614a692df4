//! E-mail items as they are seen and mended.

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};

use super::Mark;
use crate::domain::LeadId;
use crate::store::emails::EmailUse;
use crate::store::item::{Item, decode, encode};
use crate::store::keys::Key;
use crate::store::transaction::{Condition, Transaction, absent};
use crate::store::{Store, StoreError};

/// An e-mail's item as it was seen, or that there is none.
#[derive(Debug, Clone)]
pub(crate) struct EmailSeen {
    pub(crate) address: Mark,
    pub(crate) known: EmailUse,
    /// Every write of the item changes it.
    pub(crate) state: Option<Mark>,
    item: Option<Item>,
}

impl EmailSeen {
    pub(super) fn of(key: &Key, item: Option<Item>) -> Result<Self, StoreError> {
        let known = item.clone().map_or(Ok(EmailUse::default()), decode)?;
        let text = |name: &str| match item.as_ref().and_then(|item| item.get(name)) {
            Some(AttributeValue::S(text) | AttributeValue::N(text)) => text.clone(),
            _ => String::new(),
        };
        let parts = STATE.map(text);
        let parts: Vec<&[u8]> = parts.iter().map(String::as_bytes).collect();
        let state = item.as_ref().map(|_| Mark::of(&parts));
        Ok(Self { address: Mark::key(key), known, state, item })
    }

    /// The item is as it was seen.
    fn unchanged(&self) -> Condition {
        let Some(item) = &self.item else { return absent() };
        let known = [("leads", ":leads"), ("updated_at", ":at"), ("last_lead", ":last")];
        let values: Vec<_> =
            known.into_iter().filter_map(|(name, value)| Some((value, item.get(name)?.clone()))).collect();
        // One that only a contact has may count no leads at all, and one without leads has no last.
        let condition = match (item.contains_key("leads"), item.contains_key("last_lead")) {
            (true, true) => "updated_at = :at AND leads = :leads AND last_lead = :last",
            (true, false) => "updated_at = :at AND leads = :leads AND attribute_not_exists(last_lead)",
            (false, true) => "updated_at = :at AND attribute_not_exists(leads) AND last_lead = :last",
            (false, false) => {
                "updated_at = :at AND attribute_not_exists(leads) AND attribute_not_exists(last_lead)"
            }
        };
        (condition, values)
    }
}

/// What differs after any write.
const STATE: [&str; 4] = ["leads", "last_lead", "contact", "updated_at"];

impl Store {
    /// An e-mail's item as it is now.
    pub(crate) async fn email_seen(&self, key: &Key) -> Result<EmailSeen, StoreError> {
        EmailSeen::of(key, self.read(key.clone()).await?)
    }

    /// Writes how many leads have an address, if its item is as it was seen; [`StoreError::Conflict`] if not.
    pub(crate) async fn mend_email(
        &self,
        key: &Key,
        seen: &EmailSeen,
        (leads, last): (i64, Option<LeadId>),
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let known = EmailUse { leads, last_lead: last, contact: seen.known.contact };
        let mut it = Transaction::default();
        if known.is_empty() {
            it.delete_if(key.clone(), seen.unchanged());
        } else {
            it.put_if(encode(key.clone(), &known, now)?, seen.unchanged());
        }
        Ok(self.commit(it).await?)
    }
}
