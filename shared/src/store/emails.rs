//! What an e-mail address belongs to, and contacts, which are found by it.

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::item::{encode, entities, rfc3339};
use super::keys::Key;
use super::surroundings::Surroundings;
use super::transaction::{Transaction, absent};
use super::{Store, StoreError};
use crate::domain::{Contact, ContactId, Email, Lead, OrgId};

/// How many leads have an address, and the one contact that has it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct EmailUse {
    #[serde(default)]
    pub(crate) leads: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) contact: Option<ContactId>,
}

entities! {
    EmailUse => "email",
}

impl Transaction {
    /// One lead more, or less, has this address.
    pub(crate) fn count_email(&mut self, key: Key, leads: i64, now: DateTime<Utc>) {
        let values = email_values(leads, now);
        self.update(key, "SET entity = :entity, updated_at = :now ADD leads :leads", None, values);
    }

    /// One lead less has this address, and something has it still; refused if nothing has.
    pub(crate) fn uncount_one_of_several(&mut self, key: Key, now: DateTime<Utc>) {
        let mut values = email_values(-1, now);
        values.push((":one", AttributeValue::N("1".to_owned())));
        self.update(
            key,
            "SET entity = :entity, updated_at = :now ADD leads :leads",
            Some("leads > :one OR attribute_exists(contact)"),
            values,
        );
    }

    /// So many leads more have the lead's address, and it gets a contact if it has none: `new`, a person made of the
    /// lead. Refused if it has got another meanwhile. The contact's id.
    pub(crate) fn settle_contact(
        &mut self,
        around: &Surroundings,
        lead: &Lead,
        email: &Email,
        new: ContactId,
        leads: i64,
    ) -> Result<ContactId, StoreError> {
        let (key, now) = (Key::email(lead.org, email.as_str()), lead.updated_on);
        let known = around.email_use(&key)?.contact;
        let contact = known.unwrap_or(new);
        if known.is_none() || leads != 0 {
            self.count_email_of_contact(key, leads, contact, now);
        }
        if known.is_none() {
            self.put(encode(Key::contact(lead.org, new), &Contact::of_lead(new, lead), now)?);
        }
        Ok(contact)
    }

    fn count_email_of_contact(&mut self, key: Key, leads: i64, contact: ContactId, now: DateTime<Utc>) {
        let mut values = email_values(leads, now);
        values.push((":contact", AttributeValue::S(contact.to_string())));
        self.update(
            key,
            "SET entity = :entity, updated_at = :now, contact = :contact ADD leads :leads",
            Some("attribute_not_exists(contact) OR contact = :contact"),
            values,
        );
    }
}

fn email_values(leads: i64, now: DateTime<Utc>) -> Vec<(&'static str, AttributeValue)> {
    vec![
        (":entity", AttributeValue::S("email".to_owned())),
        (":now", AttributeValue::S(rfc3339(now))),
        (":leads", AttributeValue::N(leads.to_string())),
    ]
}

impl Store {
    /// Adds a contact; [`StoreError::Conflict`] if its e-mail is another contact's.
    pub async fn insert_contact(&self, contact: &Contact) -> Result<(), StoreError> {
        let now = contact.created_on;
        let mut transaction = Transaction::default();
        transaction.put_if(encode(Key::contact(contact.org, contact.id), contact, now)?, absent());
        if let Some(email) = &contact.email {
            transaction.count_email_of_contact(Key::email(contact.org, email), 0, contact.id, now);
        }
        Ok(self.commit(transaction).await?)
    }

    /// The contacts, oldest first.
    pub async fn contacts(&self, org: OrgId) -> Result<Vec<Contact>, StoreError> {
        self.first(self.query(format!("ORG#{org}#CONTACTS")), usize::MAX).await
    }
}
