//! What a lead refers to, read in one round before it is written.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::emails::EmailUse;
use super::item::{Item, decode, encode};
use super::keys::Key;
use super::names::Name;
use super::transaction::{Transaction, absent};
use super::{Store, StoreError};
use crate::domain::{
    Company, CompanyId, ContactId, FieldErrors, Fields, Form, Lead, LeadDetails, MAX_IDS, OrgId, TeamId,
    User, UserId, fold,
};

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
        let references = references(lead.org, Named::by(&lead.details), was);
        keys.extend(references.into_iter().map(|reference| reference.key));
        keys.extend(emails(lead, was));
        keys.extend(Surroundings::names(lead.org, &lead.details));
        Ok(Surroundings { there: self.read_all(keys).await?, ..Surroundings::default() })
    }
}

impl Store {
    /// What is wrong with the ids in a body that is refused for something else, so that all that is wrong is told at once.
    /// `was` is the lead that it was to change.
    pub async fn unknown_ids(
        &self,
        org: OrgId,
        fields: &Fields,
        was: Option<&Lead>,
    ) -> Result<FieldErrors, StoreError> {
        let mut form = Form::new(fields); // what it says of these fields was said already
        let assigned_to: Vec<UserId> = form.ids(&["assigned_to"], Vec::new());
        let teams: Vec<TeamId> = form.ids(&["teams"], Vec::new());
        let contacts: Vec<ContactId> = form.ids(&["contacts"], Vec::new());
        if [assigned_to.len(), teams.len(), contacts.len()].into_iter().any(|ids| ids > MAX_IDS) {
            return Ok(FieldErrors::default()); // and is enough
        }
        let named = Named { assigned_to: &assigned_to, teams: &teams, contacts: &contacts };
        let references = references(org, named, was);
        let there = self.read_all(references.iter().map(|reference| reference.key.clone()).collect()).await?;
        unknown(references, &there)
    }
}

/// The ids that a lead has, or shall have.
#[derive(Debug, Clone, Copy)]
struct Named<'a> {
    assigned_to: &'a [UserId],
    teams: &'a [TeamId],
    contacts: &'a [ContactId],
}

impl<'a> Named<'a> {
    fn by(details: &'a LeadDetails) -> Self {
        let LeadDetails { assigned_to, teams, contacts, .. } = details;
        Self { assigned_to, teams, contacts }
    }
}

/// An id in a field of a lead, and where what it names is.
struct Reference {
    field: &'static str,
    id: String,
    key: Key,
}

impl Reference {
    fn new(field: &'static str, id: &impl ToString, key: Key) -> Self {
        Self { field, id: id.to_string(), key }
    }
}

/// The ids that are named now and that `was` does not have.
fn references(org: OrgId, is: Named<'_>, was: Option<&Lead>) -> Vec<Reference> {
    let none = Named { assigned_to: &[], teams: &[], contacts: &[] };
    let had = was.map_or(none, |was| Named::by(&was.details));
    let users = is.assigned_to.iter().filter(|id| !had.assigned_to.contains(id));
    let teams = is.teams.iter().filter(|id| !had.teams.contains(id));
    let contacts = is.contacts.iter().filter(|id| !had.contacts.contains(id));
    users
        .map(|id| Reference::new("assigned_to", id, Key::user(org, *id)))
        .chain(teams.map(|id| Reference::new("teams", id, Key::team(org, *id))))
        .chain(contacts.map(|id| Reference::new("contacts", id, Key::contact(org, *id))))
        .collect()
}

/// Every id must be of something that is there; a user must be active.
fn unknown(references: Vec<Reference>, there: &HashMap<Key, Item>) -> Result<FieldErrors, StoreError> {
    let mut errors = FieldErrors::default();
    for Reference { field, id, key } in references {
        let known = match (there.get(&key), field) {
            (Some(item), "assigned_to") => decode::<User>(item.clone())?.active,
            (found, _) => found.is_some(),
        };
        if !known {
            errors.add(field, format_args!("{id}: there is none in this organisation"));
        }
    }
    Ok(errors)
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
        unknown(references(lead.org, Named::by(&lead.details), was), &self.there)
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
