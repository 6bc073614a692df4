//! What a page shows beside leads: people, companies, tags and sources to choose from.

use std::cmp::Reverse;
use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::item::{Entity, Item, decode};
use super::keys::Key;
use super::names::Name;
use super::{Converted, Store, StoreError};
use crate::domain::{Company, Contact, ContactId, Lead, OrgId, Team, User};

/// What there is to choose from, at most 100 of each.
#[derive(Debug, Default)]
pub struct SideLists {
    /// Newest first; of more than 100, those that come first by their random ids.
    pub contacts: Vec<Contact>,
    /// Active members.
    pub users: Vec<User>,
    pub companies: Vec<Company>,
    pub tags: Vec<String>,
    /// Sources that were used.
    pub sources: Vec<String>,
}

impl SideLists {
    /// Most entries of each.
    pub const MOST: usize = 100;
}

/// Those whom a lead names, and what it became.
#[derive(Debug)]
pub struct People {
    pub users: Vec<User>,
    pub teams: Vec<Team>,
    pub contacts: Vec<Contact>,
    pub converted: Option<Converted>,
}

impl Store {
    /// The side lists of an organisation, in one round.
    pub async fn side_lists(&self, org: OrgId) -> Result<SideLists, StoreError> {
        let active = self.query_prefix(Key::users(org)).filter_expression("active = :yes");
        let active = active.expression_attribute_values(":yes", AttributeValue::Bool(true));
        let (mut contacts, users, companies, tags, sources) = tokio::try_join!(
            self.first::<Contact>(self.query(Key::contacts(org)), SideLists::MOST),
            self.first::<User>(active, SideLists::MOST),
            self.first::<Company>(self.query(Key::companies(org)), SideLists::MOST),
            self.first::<Name>(self.query_prefix(Key::tags(org)), SideLists::MOST),
            self.first::<Name>(self.query_prefix(Key::sources(org)), SideLists::MOST),
        )?;
        contacts.sort_by_key(|contact| Reverse(contact.created_on));
        let names = |names: Vec<Name>| names.into_iter().map(|name| name.name).collect();
        Ok(SideLists { contacts, users, companies, tags: names(tags), sources: names(sources) })
    }

    /// The people a lead names, and what it became, in one round.
    pub async fn people_of(&self, lead: &Lead) -> Result<People, StoreError> {
        let (org, details) = (lead.org, &lead.details);
        let users: Vec<Key> = details.assigned_to.iter().map(|id| Key::user(org, *id)).collect();
        let teams: Vec<Key> = details.teams.iter().map(|id| Key::team(org, *id)).collect();
        let contacts: Vec<Key> =
            details.contacts.iter().map(|id: &ContactId| Key::contact(org, *id)).collect();
        let mut keys: Vec<Key> = users.iter().chain(&teams).chain(&contacts).cloned().collect();
        keys.extend(lead.conversion.iter().flat_map(|conversion| conversion.keys(org)));
        let found = self.read_all(keys).await?;
        let converted = lead.conversion.map(|conversion| conversion.read(org, &found)).transpose()?;
        Ok(People {
            users: those(&users, &found)?,
            teams: those(&teams, &found)?,
            contacts: those(&contacts, &found)?,
            converted: converted.flatten(),
        })
    }
}

/// The values of these keys that there are.
fn those<T: Entity>(keys: &[Key], found: &HashMap<Key, Item>) -> Result<Vec<T>, StoreError> {
    keys.iter().filter_map(|key| found.get(key)).cloned().map(decode).collect()
}
