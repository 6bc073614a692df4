//! What `leadctl doctor` reads and mends: every item of an organisation, one after another, and then those again that
//! seem not to agree. The only place that scans the table.

mod emails;
mod needs;
mod rows;
mod tallies;

use std::fmt;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{AttributeValue, Get, TransactGetItem};
use ring::digest::{SHA256, digest};

use super::emails::EmailUse;
use super::item::{Entity as _, decode};
use super::{Chore, Store, StoreError, Task};
use crate::aws::backoff;
use crate::domain::{ContactId, Lead, LeadId, OrgId};
use crate::index::{IndexError, unpack_all};
use rows::digest_of_packed;

pub(crate) use super::item::Item;
#[cfg(test)]
pub(crate) use super::item::encode;
pub(crate) use super::keys::Key;
pub(crate) use super::rows::{OVER, PACK, ROW};
pub(crate) use super::segments::SegmentRef;
pub(crate) use super::tally::Tally;
pub(crate) use emails::EmailSeen;
pub(crate) use needs::Need;
pub(crate) use rows::{RowFault, digest_of};
pub(crate) use tallies::Counted;

/// How often items are read again that were being written.
const ATTEMPTS: u32 = 8;

/// A key, or whatever else must be the same in two items, in eight bytes: millions of them are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Mark(u64);

impl Mark {
    /// That of these bytes.
    pub(crate) fn of(parts: &[&[u8]]) -> Self {
        let bytes = digest(&SHA256, &parts.join(&0));
        Self(bytes.as_ref().iter().take(8).fold(0, |mark, byte| mark << 8 | u64::from(*byte)))
    }

    /// That of a key.
    pub(crate) fn key(key: &Key) -> Self {
        Self::of(&[key.pk.as_bytes(), key.sk.as_bytes()])
    }

    /// That of a key under which a certain id is.
    pub(crate) fn id_at(key: &Key, id: &str) -> Self {
        Self::of(&[key.pk.as_bytes(), key.sk.as_bytes(), id.as_bytes()])
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// An item, as far as it has to agree with others.
#[derive(Debug)]
pub(crate) struct Fact {
    pub(crate) key: Key,
    pub(crate) what: What,
    /// Of a lead or an e-mail's item: where the address is.
    pub(crate) address: Option<Key>,
    /// What others may need that is there with it.
    pub(crate) gives: Vec<Mark>,
    pub(crate) needs: Vec<Need>,
}

/// What an item is.
#[derive(Debug)]
pub(crate) enum What {
    Lead(Box<Lead>),
    /// A row of its own. Without bytes: the lead is gone, whatever a pack says.
    Row {
        lead: LeadId,
        packed: Option<Mark>,
        over: bool,
    },
    /// Rows of several leads, under this key; none of those that are gone.
    Pack {
        at: LeadId,
        rows: Result<Vec<(LeadId, Option<Mark>)>, IndexError>,
    },
    Email(EmailSeen),
    Chore(Chore),
    /// Any other kind, by its name.
    Other(String),
    /// It is not what it says it is.
    Unreadable(String),
}

/// A part of the table.
#[derive(Debug)]
pub(crate) struct Survey {
    pub(crate) facts: Vec<Fact>,
    /// Items looked at, those of other organisations too.
    pub(crate) scanned: u64,
    pub(crate) next: Option<Item>,
}

impl Fact {
    /// What an item of this organisation is.
    pub(crate) fn of(org: OrgId, key: Key, item: Item) -> Self {
        let seen = Self::read(org, &key, item);
        let (what, gives, needs) =
            seen.unwrap_or_else(|kind| (What::Unreadable(kind), Vec::new(), Vec::new()));
        let address = match &what {
            What::Lead(lead) => Key::email_of(lead),
            What::Email(_) => Some(key.clone()),
            _ => None,
        };
        Self { key, what, address, gives, needs }
    }

    fn read(org: OrgId, key: &Key, item: Item) -> Result<(What, Vec<Mark>, Vec<Need>), String> {
        let Some(kind) = item.get("entity").and_then(|entity| entity.as_s().ok()).cloned() else {
            let is_row = key.pk == Key::rows(org).pk;
            let what = is_row.then(|| What::of_row(key, &item)).flatten().ok_or("item without a kind")?;
            return Ok((what, Vec::new(), Vec::new()));
        };
        if kind == Lead::NAME {
            let lead: Lead = decode(item).map_err(|_| kind)?;
            let needs = needs::of_lead(&lead);
            return Ok((What::Lead(Box::new(lead)), vec![Mark::key(key)], needs));
        }
        let needs = needs::needs_of(org, key, &item).map_err(|_| kind.clone())?;
        let mut gives = if needs::is_needed(&kind) { vec![Mark::key(key)] } else { Vec::new() };
        if let ("company" | "account", Some(Ok(id))) =
            (kind.as_str(), item.get("id").map(AttributeValue::as_s))
        {
            gives.push(Mark::id_at(key, id));
        }
        let what = match kind.as_str() {
            "email" => {
                let seen = EmailSeen::of(key, Some(item)).map_err(|_| kind)?;
                gives.extend(seen.known.contact.map(|contact| contact_mark(key, contact)));
                What::Email(seen)
            }
            "chore" => {
                let chore: Chore = decode(item).map_err(|_| kind)?;
                if let Task::Lead(lead) = chore.task {
                    gives.push(Mark::key(&Key::lead(org, lead)));
                }
                What::Chore(chore)
            }
            _ => What::Other(kind),
        };
        Ok((what, gives, needs))
    }
}

impl What {
    fn of_row(key: &Key, item: &Item) -> Option<Self> {
        let id: LeadId = key.sk.parse().ok()?;
        let bytes = |name| item.get(name).and_then(|value| value.as_b().ok());
        if let Some(pack) = bytes(PACK) {
            let mark =
                |(id, row): (LeadId, &[u8])| (id, (!row.is_empty()).then(|| digest_of_packed(id, row)));
            let rows = unpack_all(pack.as_ref()).map(|rows| rows.into_iter().map(mark).collect());
            return Some(Self::Pack { at: id, rows });
        }
        let packed = bytes(ROW).map(|row| digest_of_packed(id, row.as_ref()));
        Some(Self::Row { lead: id, packed, over: item.contains_key(OVER) })
    }
}

/// That an e-mail's item names this contact.
fn contact_mark(key: &Key, contact: ContactId) -> Mark {
    Mark::id_at(key, &contact.to_string())
}

impl EmailUse {
    /// There is nothing that has the address.
    pub(crate) fn is_empty(&self) -> bool {
        self.leads == 0 && self.contact.is_none()
    }
}

impl Store {
    /// The items of an organisation from there on, in no order: a page of a scan over the whole table.
    pub(crate) async fn survey(&self, org: OrgId, start: Option<Item>) -> Result<Survey, StoreError> {
        let scan = self.client.scan().table_name(&*self.table).consistent_read(true);
        let scan = scan.filter_expression("begins_with(PK, :org)");
        let scan = scan.expression_attribute_values(":org", AttributeValue::S(Key::all_of(org).pk));
        let page = scan.set_exclusive_start_key(start).send().await?;
        let facts = page.items.unwrap_or_default().into_iter();
        let facts = facts.filter_map(|item| Some((Key::of(&item)?, item)));
        Ok(Survey {
            facts: facts.map(|(key, item)| Fact::of(org, key, item)).collect(),
            scanned: u64::try_from(page.scanned_count).unwrap_or_default(),
            next: page.last_evaluated_key,
        })
    }

    /// Several items as they are at one moment; at most 100.
    async fn read_at_once(&self, keys: Vec<Key>) -> Result<Vec<Option<Item>>, StoreError> {
        let get = |key: Key| Get::builder().table_name(&*self.table).set_key(Some(key.into_item())).build();
        let gets = keys.into_iter().map(|key| Ok(TransactGetItem::builder().get(get(key)?).build()));
        let gets = gets.collect::<Result<Vec<_>, BuildError>>();
        let gets = gets.map_err(|error| StoreError::Failed(error.into()))?;
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(backoff(attempt)).await;
            }
            let read = self.client.transact_get_items().set_transact_items(Some(gets.clone())).send().await;
            match read {
                Ok(read) => {
                    return Ok(read.responses.unwrap_or_default().into_iter().map(|it| it.item).collect());
                }
                Err(error) => {
                    let met = error
                        .as_service_error()
                        .is_some_and(|error| error.is_transaction_canceled_exception());
                    if !met {
                        return Err(error.into());
                    }
                }
            }
        }
        Err(StoreError::Unavailable("the items were being written each time".into()))
    }
}
