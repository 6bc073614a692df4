//! What a lead refers to, read in one round before it is written.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::emails::EmailUse;
use super::item::{Item, decode, encode};
use super::keys::Key;
use super::names::Name;
use super::transaction::{Transaction, absent};
use super::{Store, StoreError};
use crate::domain::{Company, CompanyId, FieldErrors, Lead, LeadDetails, User, fold};

/// The items a lead refers to that there are.
#[derive(Debug)]
pub(crate) struct Surroundings(HashMap<Key, Item>);

impl Store {
    /// Reads what the lead refers to and did not before (`was`), and `more`.
    pub(crate) async fn surroundings(
        &self,
        lead: &Lead,
        was: Option<&Lead>,
        more: impl IntoIterator<Item = Key>,
    ) -> Result<Surroundings, StoreError> {
        let mut keys: Vec<Key> = more.into_iter().collect();
        keys.extend(references(lead, was).into_iter().map(|(_, _, key)| key));
        keys.extend(emails(lead, was));
        let (org, details) = (lead.org, &lead.details);
        keys.extend(details.tags.names().map(|tag| Key::tag(org, tag)));
        keys.extend(details.source.as_ref().map(|source| Key::source(org, source.as_str())));
        keys.extend(details.account_name.as_ref().map(|name| Key::company_name(org, name.as_str())));
        Ok(Surroundings(self.read_all(keys).await?))
    }
}

/// The ids that a lead names now and did not before: field, id, key.
fn references(lead: &Lead, was: Option<&Lead>) -> Vec<(&'static str, String, Key)> {
    let (org, is) = (lead.org, &lead.details);
    let was = was.map(|was| &was.details);
    let new = |known: fn(&LeadDetails) -> Vec<String>| {
        let before = was.map(known).unwrap_or_default();
        move |id: &String| !before.contains(id)
    };
    let users = new(|details| details.assigned_to.iter().map(ToString::to_string).collect());
    let teams = new(|details| details.teams.iter().map(ToString::to_string).collect());
    let contacts = new(|details| details.contacts.iter().map(ToString::to_string).collect());
    let users = is.assigned_to.iter().filter(|id| users(&id.to_string()));
    let teams = is.teams.iter().filter(|id| teams(&id.to_string()));
    let contacts = is.contacts.iter().filter(|id| contacts(&id.to_string()));
    users
        .map(|id| ("assigned_to", id.to_string(), Key::user(org, *id)))
        .chain(teams.map(|id| ("teams", id.to_string(), Key::team(org, *id))))
        .chain(contacts.map(|id| ("contacts", id.to_string(), Key::contact(org, *id))))
        .collect()
}

/// The e-mails whose leads are counted anew.
fn emails(lead: &Lead, was: Option<&Lead>) -> Vec<Key> {
    let (before, after) = (was.and_then(Key::email_of), Key::email_of(lead));
    if before == after { Vec::new() } else { before.into_iter().chain(after).collect() }
}

impl Surroundings {
    /// One item.
    pub(crate) fn get(&self, key: &Key) -> Option<&Item> {
        self.0.get(key)
    }

    /// Takes one item out.
    pub(crate) fn take(&mut self, key: &Key) -> Option<Item> {
        self.0.remove(key)
    }

    /// Every id that the lead names newly must be there; a user must be active.
    pub(crate) fn check(&self, lead: &Lead, was: Option<&Lead>) -> Result<FieldErrors, StoreError> {
        let mut errors = FieldErrors::default();
        for (field, id, key) in references(lead, was) {
            let known = match (self.0.get(&key), field) {
                (Some(item), "assigned_to") => decode::<User>(item.clone())?.active,
                (found, _) => found.is_some(),
            };
            if !known {
                errors.add(field, format_args!("{id}: there is none in this organisation"));
            }
        }
        Ok(errors)
    }

    /// The contact, and how many leads there are, of an e-mail.
    pub(crate) fn email_use(&self, key: &Key) -> Result<EmailUse, StoreError> {
        self.0.get(key).map_or(Ok(EmailUse::default()), |item| decode(item.clone()))
    }

    /// Gives the lead its tags in their first spelling and, where its account name is new, its
    /// company, and writes what is new of them. `company` is the id that a new company would get.
    pub(crate) fn settle(
        &self,
        lead: &mut Lead,
        was: Option<&Lead>,
        company: CompanyId,
        transaction: &mut Transaction,
    ) -> Result<(), StoreError> {
        let (org, now) = (lead.org, lead.updated_on);
        let mut spelled = HashMap::new();
        for tag in lead.details.tags.names() {
            let known = self.name(Key::tag(org, tag), tag, now, transaction)?;
            spelled.insert(fold(tag), known);
        }
        lead.details.tags = lead.details.tags.spelled(|folded| spelled.get(folded).cloned());
        if let Some(source) = &lead.details.source {
            self.name(Key::source(org, source.as_str()), source.as_str(), now, transaction)?;
        }
        lead.company = match &lead.details.account_name {
            None => None,
            name if was.is_some_and(|was| was.details.account_name == *name) => lead.company,
            Some(name) => match self.0.get(&Key::company_name(org, name.as_str())) {
                Some(item) => Some(decode::<Company>(item.clone())?.id),
                None => {
                    transaction.insert_company(&Company::of_lead(company, lead, name))?;
                    Some(company)
                }
            },
        };
        Ok(())
    }

    /// The first spelling of a name; a new one is written down.
    fn name(
        &self,
        key: Key,
        name: &str,
        now: DateTime<Utc>,
        transaction: &mut Transaction,
    ) -> Result<String, StoreError> {
        if let Some(item) = self.0.get(&key) {
            return Ok(decode::<Name>(item.clone())?.name);
        }
        transaction.put_if(encode(key, &Name { name: name.to_owned() }, now)?, absent());
        Ok(name.to_owned())
    }
}
