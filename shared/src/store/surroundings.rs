//! What a lead refers to, read in one round before it is written.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::emails::EmailUse;
use super::item::{Item, decode, encode};
use super::keys::Key;
use super::names::Name;
use super::transaction::{Transaction, absent};
use super::{Store, StoreError};
use crate::domain::{Company, CompanyId, FieldErrors, Lead, LeadDetails, OrgId, User, fold};

/// The items that leads refer to, as far as there are any.
#[derive(Debug, Default)]
pub struct Surroundings {
    there: HashMap<Key, Item>,
    /// Keys of which it is known that there is nothing.
    absent: HashSet<Key>,
    /// First spellings and companies that were looked up before: those of many leads are the same few.
    spelled: HashMap<Key, String>,
    companies: HashMap<Key, CompanyId>,
}

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
        keys.extend(Surroundings::names(lead.org, &lead.details));
        Ok(Surroundings { there: self.read_all(keys).await?, ..Surroundings::default() })
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
    /// The keys of the names that a lead has: tags, source, company.
    pub(crate) fn names(org: OrgId, details: &LeadDetails) -> impl Iterator<Item = Key> {
        let tags = details.tags.names().map(move |tag| Key::tag(org, tag));
        let source = details.source.iter().map(move |source| Key::source(org, source.as_str()));
        let company = details.account_name.iter().map(move |name| Key::company_name(org, name.as_str()));
        tags.chain(source).chain(company)
    }

    /// It is known whether there is such an item.
    pub(crate) fn asked(&self, key: &Key) -> bool {
        self.there.contains_key(key) || self.absent.contains(key)
    }

    /// Takes in what was found of these keys.
    pub(crate) fn learn(&mut self, keys: Vec<Key>, found: HashMap<Key, Item>) {
        self.absent.extend(keys.into_iter().filter(|key| !found.contains_key(key)));
        self.there.extend(found);
    }

    /// How many writes the names of a lead take that are new.
    pub(crate) fn unknown(&self, org: OrgId, details: &LeadDetails) -> usize {
        let new = Self::names(org, details).filter(|key| !self.there.contains_key(key)).count();
        new + usize::from(details.account_name.is_some())
    }

    /// One item.
    pub(crate) fn get(&self, key: &Key) -> Option<&Item> {
        self.there.get(key)
    }

    /// Takes one item out.
    pub(crate) fn take(&mut self, key: &Key) -> Option<Item> {
        self.there.remove(key)
    }

    /// Every id that the lead names newly must be there; a user must be active.
    pub(crate) fn check(&self, lead: &Lead, was: Option<&Lead>) -> Result<FieldErrors, StoreError> {
        let mut errors = FieldErrors::default();
        for (field, id, key) in references(lead, was) {
            let known = match (self.there.get(&key), field) {
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
        self.there.get(key).map_or(Ok(EmailUse::default()), |item| decode(item.clone()))
    }

    /// Gives the lead its tags in their first spelling and, where its account name is new, its
    /// company, and writes what is new of them. `company` is the id that a new company would get. What is written
    /// counts as known to the next lead of the transaction.
    pub(crate) fn settle(
        &mut self,
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
            Some(name) => {
                let key = Key::company_name(org, name.as_str());
                Some(match (self.companies.get(&key), self.there.get(&key)) {
                    (Some(company), _) => *company,
                    (None, Some(item)) => {
                        let known = decode::<Company>(item.clone())?.id;
                        self.companies.insert(key, known);
                        known
                    }
                    (None, None) => {
                        let new = Company::of_lead(company, lead, name);
                        transaction.insert_company(&new)?;
                        self.there.insert(key.clone(), encode(key, &new, now)?);
                        company
                    }
                })
            }
        };
        Ok(())
    }

    /// The first spelling of a name; a new one is written down.
    fn name(
        &mut self,
        key: Key,
        name: &str,
        now: DateTime<Utc>,
        transaction: &mut Transaction,
    ) -> Result<String, StoreError> {
        if let Some(known) = self.spelled.get(&key) {
            return Ok(known.clone());
        }
        if let Some(item) = self.there.get(&key) {
            let known = decode::<Name>(item.clone())?.name;
            self.spelled.insert(key, known.clone());
            return Ok(known);
        }
        let item = encode(key.clone(), &Name { name: name.to_owned() }, now)?;
        self.there.insert(key, item.clone());
        transaction.put_if(item, absent());
        Ok(name.to_owned())
    }
}
