//! What must be beside an item: pointers, names, the other half of what stands under two keys.

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};

use super::{Mark, contact_mark};
use crate::domain::{Account, Company, Contact, ContactId, Lead, LeadId, OrgId};
use crate::store::accounts::AccountLead;
use crate::store::comments::LeadPointer;
use crate::store::emails::EmailUse;
use crate::store::item::{Item, decode, encode, rfc3339};
use crate::store::keys::Key;
use crate::store::names::Name;
use crate::store::transaction::{Transaction, absent, present};
use crate::store::{Chore, Store, StoreError, Task};

/// Something that must be beside an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Need {
    /// Of a comment or a file: its pointer.
    Pointer(Key),
    /// Of a pointer: the comment or file.
    Pointed(Key),
    /// Of what is on a lead: the lead, or a chore that clears up after it.
    OnLead(LeadId),
    /// Of a lead: its tag or source in the first spelling.
    Name(Key, String),
    /// Of a company or an account: itself under its other key.
    Twin(Key, String),
    /// Of a contact: that its e-mail names it.
    NamedBy(Key, ContactId),
    /// Of an e-mail: the contact that it names.
    Contact(ContactId),
    /// Of a converted lead: that it became its account.
    Became(Key),
    /// Of a converted lead: the account.
    Account(Key),
    /// That a lead became an account: the lead.
    Converted(LeadId),
}

/// Items of this kind may be needed by others.
pub(super) fn is_needed(kind: &str) -> bool {
    matches!(
        kind,
        "lead"
            | "lead_pointer"
            | "comment"
            | "attachment"
            | "name"
            | "company"
            | "account"
            | "contact"
            | "account_lead"
    )
}

/// What must be beside an item. Of what is about to expire nothing: its parts go one by one.
pub(super) fn needs_of(org: OrgId, key: &Key, item: &Item) -> Result<Vec<Need>, StoreError> {
    let kind = item.get("entity").and_then(|entity| entity.as_s().ok()).map(String::as_str);
    if item.contains_key("expires_at") {
        return Ok(Vec::new());
    }
    let on_lead = || key.pk.rsplit('#').next().and_then(|id| id.parse().ok()).map(Need::OnLead);
    Ok(match (kind.unwrap_or_default(), key.sk.split_once('#')) {
        ("comment", Some((_, id))) => {
            let pointer = id.parse().ok().map(|id| Need::Pointer(Key::comment_pointer(org, id)));
            pointer.into_iter().chain(on_lead()).collect()
        }
        ("attachment", Some((_, id))) => {
            let pointer = id.parse().ok().map(|id| Need::Pointer(Key::file_pointer(org, id)));
            pointer.into_iter().chain(on_lead()).collect()
        }
        ("event", _) => on_lead().into_iter().collect(),
        ("lead_pointer", _) => {
            let LeadPointer { lead } = decode(item.clone())?;
            let id = key.pk.rsplit('#').next().unwrap_or_default();
            let pointed = match key.sk.as_str() {
                "COMMENT" => id.parse().ok().map(|id| Key::comment(org, lead, id)),
                _ => id.parse().ok().map(|id| Key::file(org, lead, id)),
            };
            pointed.map(Need::Pointed).into_iter().collect()
        }
        ("lead", _) => of_lead(&decode(item.clone())?),
        ("contact", _) => {
            let contact: Contact = decode(item.clone())?;
            let email = contact.email.as_deref().map(|email| Key::email(org, email));
            email.map(|key| Need::NamedBy(key, contact.id)).into_iter().collect()
        }
        ("email", _) => {
            let known: EmailUse = decode(item.clone())?;
            known.contact.map(Need::Contact).into_iter().collect()
        }
        ("company", _) => {
            let it: Company = decode(item.clone())?;
            let (by_id, by_name) =
                (Key::company(org, it.id), Key::company_name(org, it.details.name.as_str()));
            vec![Need::Twin(if *key == by_id { by_name } else { by_id }, it.id.to_string())]
        }
        ("account", _) => {
            let it: Account = decode(item.clone())?;
            let (by_id, by_name) = (Key::account(org, it.id), Key::account_name(org, it.name.as_str()));
            vec![Need::Twin(if *key == by_id { by_name } else { by_id }, it.id.to_string())]
        }
        ("account_lead", _) => vec![Need::Converted(decode::<AccountLead>(item.clone())?.lead)],
        _ => Vec::new(),
    })
}

/// What must be beside a lead.
pub(super) fn of_lead(lead: &Lead) -> Vec<Need> {
    let (org, details) = (lead.org, &lead.details);
    let tags = details.tags.names().map(|tag| Need::Name(Key::tag(org, tag), tag.to_owned()));
    let source = details.source.iter();
    let source = source.map(|source| Need::Name(Key::source(org, source.as_str()), source.to_string()));
    let became = lead.conversion.iter().flat_map(|conversion| {
        let account = conversion.account;
        [Need::Became(Key::account_lead(org, account, lead.id)), Need::Account(Key::account(org, account))]
    });
    tags.chain(source).chain(became).collect()
}

impl Need {
    /// Where it would be.
    fn key(&self, org: OrgId) -> Key {
        match self {
            Self::Pointer(key)
            | Self::Pointed(key)
            | Self::Name(key, _)
            | Self::Twin(key, _)
            | Self::NamedBy(key, _)
            | Self::Became(key)
            | Self::Account(key) => key.clone(),
            Self::OnLead(lead) | Self::Converted(lead) => Key::lead(org, *lead),
            Self::Contact(contact) => Key::contact(org, *contact),
        }
    }

    /// What is there if it is met.
    pub(crate) fn mark(&self, org: OrgId) -> Mark {
        match self {
            Self::Twin(key, id) => Mark::id_at(key, id),
            Self::NamedBy(key, contact) => contact_mark(key, *contact),
            Self::Converted(lead) => Mark::key(&Key::lead(org, *lead)),
            _ => Mark::key(&self.key(org)),
        }
    }

    fn is_met_by(&self, item: &Item) -> bool {
        let is = |name: &str, id: &str| {
            item.get(name).and_then(|value| value.as_s().ok()).is_some_and(|is| is == id)
        };
        match self {
            Self::Twin(_, id) => is("id", id),
            Self::NamedBy(_, contact) => is("contact", &contact.to_string()),
            _ => true,
        }
    }
}

impl Store {
    /// What is not there of what an item needs, with the item itself.
    pub(crate) async fn missing_of(&self, org: OrgId, key: &Key) -> Result<Vec<(Item, Need)>, StoreError> {
        let Some(item) = self.read(key.clone()).await? else { return Ok(Vec::new()) };
        let mut missing = Vec::new();
        for need in needs_of(org, key, &item)? {
            let mut both = self.read_at_once(vec![key.clone(), need.key(org)]).await?.into_iter();
            let (Some(Some(item)), Some(needed)) = (both.next(), both.next()) else { continue };
            let met = needed.is_some_and(|needed| need.is_met_by(&needed));
            let still = needs_of(org, key, &item)?.contains(&need);
            let cleared_up = match need {
                Need::OnLead(lead) if !met => self.has_chore(org, lead).await?,
                _ => false,
            };
            if !met && still && !cleared_up {
                missing.push((item, need));
            }
        }
        Ok(missing)
    }

    /// A chore is to clear up after this lead.
    async fn has_chore(&self, org: OrgId, lead: LeadId) -> Result<bool, StoreError> {
        let mut start = None;
        loop {
            let page = self.query(Key::chore(org, "", "").pk).set_exclusive_start_key(start).send().await?;
            let mut chores =
                page.items.unwrap_or_default().into_iter().filter_map(|item| decode::<Chore>(item).ok());
            if chores.any(|chore| chore.task == Task::Lead(lead)) {
                return Ok(true);
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(false);
            }
        }
    }

    /// Makes good what an item needs, if both are still as they were found; [`StoreError::Conflict`] if not, or if there
    /// is something else in its place. False if it is not known how.
    pub(crate) async fn mend_need(
        &self,
        org: OrgId,
        (key, item): (&Key, &Item),
        need: &Need,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut it = Transaction::default();
        match need {
            Need::Pointer(pointer) => {
                let Some(lead) = key.pk.rsplit('#').next().and_then(|id| id.parse().ok()) else {
                    return Ok(false);
                };
                it.require(key.clone());
                it.put_if(encode(pointer.clone(), &LeadPointer { lead }, now)?, absent());
            }
            Need::Pointed(pointed) => {
                it.require_that(pointed.clone(), absent());
                it.delete_if(key.clone(), present());
            }
            Need::OnLead(lead) => {
                it.require_that(Key::lead(org, *lead), absent());
                it.put_chore(&Chore::new(org, now, Task::Lead(*lead)), now)?;
            }
            Need::Name(at, name) => {
                it.require_that(key.clone(), same(item, "version"));
                it.put_if(encode(at.clone(), &Name { name: name.clone() }, now)?, absent());
            }
            Need::Twin(twin, _) => {
                let copy = item.iter().filter(|(name, _)| *name != "PK" && *name != "SK");
                let mut copy: Item = copy.map(|(name, value)| (name.clone(), value.clone())).collect();
                copy.extend(twin.clone().into_item());
                let guard = if item.contains_key("version") { "version" } else { "updated_at" };
                it.require_that(key.clone(), same(item, guard));
                it.put_if(copy, absent());
            }
            Need::NamedBy(email, contact) => {
                it.require(key.clone());
                let values = vec![
                    (":entity", AttributeValue::S("email".to_owned())),
                    (":now", AttributeValue::S(rfc3339(now))),
                    (":contact", AttributeValue::S(contact.to_string())),
                    (":none", AttributeValue::N("0".to_owned())),
                ];
                let change = "SET entity = :entity, updated_at = :now, contact = :contact ADD leads :none";
                it.update(email.clone(), change, Some("attribute_not_exists(contact)"), values);
            }
            Need::Contact(contact) => {
                it.require_that(Key::contact(org, *contact), absent());
                let mut values = vec![(":contact", AttributeValue::S(contact.to_string()))];
                if decode::<EmailUse>(item.clone())?.leads == 0 {
                    values.push((":none", AttributeValue::N("0".to_owned())));
                    let alone = "contact = :contact AND (attribute_not_exists(leads) OR leads = :none)";
                    it.delete_if(key.clone(), (alone, values));
                } else {
                    it.update(key.clone(), "REMOVE contact", Some("contact = :contact"), values);
                }
            }
            Need::Became(at) => {
                let lead: Lead = decode(item.clone())?;
                let Some(conversion) = &lead.conversion else { return Ok(false) };
                let became = AccountLead { account: conversion.account, lead: lead.id };
                it.require_that(key.clone(), same(item, "version"));
                it.put_if(encode(at.clone(), &became, now)?, absent());
            }
            Need::Converted(lead) => {
                it.require_that(Key::lead(org, *lead), absent());
                it.delete_if(key.clone(), present());
            }
            Need::Account(_) => return Ok(false),
        }
        self.commit(it).await?;
        Ok(true)
    }
}

/// This attribute, either of these, is as it was read.
fn same(item: &Item, name: &str) -> (&'static str, Vec<(&'static str, AttributeValue)>) {
    let value = item.get(name).cloned().unwrap_or(AttributeValue::Null(true));
    match name {
        "version" => ("version = :was", vec![(":was", value)]),
        _ => ("updated_at = :was", vec![(":was", value)]),
    }
}
