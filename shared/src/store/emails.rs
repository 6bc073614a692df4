//! What an e-mail address belongs to, and contacts, which are found by it.

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::item::{encode, entities, rfc3339};
use super::keys::Key;
use super::surroundings::Surroundings;
use super::transaction::{Transaction, absent};
use super::{Store, StoreError};
use crate::domain::{Contact, ContactId, Email, Lead, LeadId, OrgId};

/// How many leads have an address, the last that got it, and the one contact that has it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct EmailUse {
    #[serde(default)]
    pub(crate) leads: i64,
    /// It may have lost the address since, or be gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) last_lead: Option<LeadId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) contact: Option<ContactId>,
}

entities! {
    EmailUse => "email",
}

impl Transaction {
    /// A lead more has this address.
    pub(crate) fn count_email(&mut self, key: Key, lead: &Lead, now: DateTime<Utc>) {
        self.count_emails(key, 1, lead.id, false, now);
    }

    /// So many leads more have this address, the last of them this one; with `new_only`, refused if any had it before.
    pub(crate) fn count_emails(
        &mut self,
        key: Key,
        leads: i64,
        last: LeadId,
        new_only: bool,
        now: DateTime<Utc>,
    ) {
        let mut values = email_values(leads, now);
        values.push((":lead", AttributeValue::S(last.to_string())));
        if new_only {
            values.push((":one", AttributeValue::N("1".to_owned())));
        }
        let condition = new_only.then_some("attribute_not_exists(leads) OR leads < :one");
        let change = "SET entity = :entity, updated_at = :now, last_lead = :lead ADD leads :leads";
        self.update(key, change, condition, values);
    }

    /// So many leads less have this address; the item of one that nothing has any more goes. Refused if `known` is no
    /// longer so far as that goes.
    pub(crate) fn uncount_email(&mut self, key: Key, known: &EmailUse, leads: i64, now: DateTime<Utc>) {
        let less = (":less", AttributeValue::N(leads.to_string()));
        if known.leads == leads && known.contact.is_none() {
            self.delete_if(key, ("leads = :less AND attribute_not_exists(contact)", vec![less]));
        } else {
            let mut values = email_values(-leads, now);
            values.push(less);
            self.update(
                key,
                "SET entity = :entity, updated_at = :now ADD leads :leads",
                Some("leads > :less OR attribute_exists(contact)"),
                values,
            );
        }
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
            self.count_email_of_contact(key, leads, Some(lead.id), contact, now);
        }
        if known.is_none() {
            self.put(encode(Key::contact(lead.org, new), &Contact::of_lead(new, lead), now)?);
        }
        Ok(contact)
    }

    fn count_email_of_contact(
        &mut self,
        key: Key,
        leads: i64,
        lead: Option<LeadId>,
        contact: ContactId,
        now: DateTime<Utc>,
    ) {
        let mut values = email_values(leads, now);
        values.push((":contact", AttributeValue::S(contact.to_string())));
        let lead = lead.map(|lead| values.push((":lead", AttributeValue::S(lead.to_string()))));
        let lead = lead.map_or("", |()| ", last_lead = :lead");
        self.update(
            key,
            &format!("SET entity = :entity, updated_at = :now, contact = :contact{lead} ADD leads :leads"),
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
            transaction.count_email_of_contact(Key::email(contact.org, email), 0, None, contact.id, now);
        }
        Ok(self.commit(transaction).await?)
    }

    /// The contacts, oldest first.
    pub async fn contacts(&self, org: OrgId) -> Result<Vec<Contact>, StoreError> {
        let mut contacts: Vec<Contact> = self.first(self.query(Key::contacts(org)), usize::MAX).await?;
        contacts.sort_by_key(|contact| contact.created_on);
        Ok(contacts)
    }
}
