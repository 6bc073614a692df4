//! Rows of the list index in the table: written with their leads, read newest first.
//!
//! What is known of a lead is its row; without one, what its pack says; without one, what its segment says. A row
//! without anything in it says that the lead is gone, and so does such an entry of a pack.

use std::collections::{HashMap, HashSet, VecDeque};

use aws_sdk_dynamodb::types::AttributeValue;

use super::item::{Item, decode};
use super::keys::Key;
use super::segments::Manifest;
use super::transaction::Transaction;
use super::{Store, StoreError};
use crate::domain::{Lead, LeadId, OrgId};
use crate::index::segment::{Column, Columns};
use crate::index::{Entry as _, Row, pack_all, unpack_all};

/// A lead's row: packed. Without it, the lead is gone.
pub(crate) const ROW: &str = "r";
/// That it may lie over one in a pack, instead of which it is taken.
const OVER: &str = "o";
/// Rows of several leads of one import; that of a lead that is gone has no bytes.
pub(crate) const PACK: &str = "p";

/// Rows as they come from the table: one page of them, and where the next begins.
#[derive(Debug)]
pub struct Rows {
    pub(super) items: Vec<Item>,
    pub(super) next: Option<Item>,
    /// What the segments seem to be; they may have been others when the rows were read.
    pub(super) manifest: Manifest,
}

/// What has been read of the rows so far.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Every lead that has something in the table: it lies over the segments.
    pub(super) over: Vec<LeadId>,
    /// Those of them of which a pack is not to be taken.
    taken: HashSet<LeadId>,
    pub(super) bytes: usize,
    /// All that is newer than this lead has been seen.
    pub(super) known: Option<LeadId>,
}

impl Transaction {
    /// Writes a lead's row, in the transaction that writes the lead.
    pub(crate) fn put_row(&mut self, lead: &Lead) -> Result<(), StoreError> {
        let mut item = Key::row(lead.org, lead.id).into_item();
        item.insert(ROW.to_owned(), AttributeValue::B(Row::of(lead).pack()?.into()));
        if lead.import.is_some() {
            item.insert(OVER.to_owned(), AttributeValue::Bool(true));
        }
        self.put(item);
        Ok(())
    }

    /// A lead goes: a row that says nothing covers what a pack or a segment has of it, or may have in a moment.
    pub(crate) fn remove_row(&mut self, lead: &Lead) {
        self.put(Key::row(lead.org, lead.id).into_item());
    }

    /// Writes the rows of new leads of an import as one item; they are in the order of their ids.
    pub(crate) fn put_pack(&mut self, org: OrgId, rows: &[(LeadId, Vec<u8>)]) -> Result<(), StoreError> {
        if let Some((first, _)) = rows.first() {
            let mut item = Key::pack(org, *first).into_item();
            item.insert(PACK.to_owned(), AttributeValue::B(pack_all(rows)?.into()));
            self.put(item);
        }
        Ok(())
    }
}

impl Store {
    /// The newest lead that has each of these e-mails, which are folded; the whole index is read for it, once.
    pub(crate) async fn newest_with(
        &self,
        org: OrgId,
        emails: &HashSet<&str>,
    ) -> Result<HashMap<String, Lead>, StoreError> {
        let mut found: HashMap<String, VecDeque<LeadId>> = HashMap::new();
        let (mut seen, mut start) = (Seen::default(), None);
        loop {
            let (items, next) = self.rows_from(org, start).await?;
            for item in items {
                seen.each_row(item, |row| {
                    if let Some(email) = row.email().filter(|email| emails.contains(email)) {
                        found.entry(email.to_owned()).or_default().push_back(row.id());
                    }
                })?;
            }
            start = next;
            if start.is_none() {
                break;
            }
        }
        let over: HashSet<LeadId> = seen.over.into_iter().collect();
        let columns: Columns = [Column::Ids, Column::Email].into_iter().collect();
        for of in self.manifest(org).await?.segments {
            let segment = self.segment(org, &of, columns).await?;
            let with = segment.with_emails(emails).map_err(|error| self.lost(&of, error))?;
            for (lead, email) in with.into_iter().filter(|(lead, _)| !over.contains(lead)) {
                found.entry(email.to_owned()).or_default().push_back(lead);
            }
        }
        for ids in found.values_mut() {
            ids.make_contiguous().sort_unstable_by(|a, b| b.cmp(a));
        }
        let mut newest = HashMap::new();
        while !found.is_empty() {
            // A row is read a moment before its lead: the next has its turn where one has changed.
            let next: Vec<Key> =
                found.values_mut().filter_map(|ids| Some(Key::lead(org, ids.pop_front()?))).collect();
            for item in self.read_all(next).await?.into_values() {
                let lead: Lead = decode(item)?;
                let email = lead.details.email.as_ref().map(|email| email.folded()).unwrap_or_default();
                if found.remove(&email).is_some() {
                    newest.insert(email, lead);
                }
            }
            found.retain(|_, ids| !ids.is_empty());
        }
        Ok(newest)
    }

    /// The newest rows of an organisation: asked for early, beside other reads.
    pub async fn rows(&self, org: OrgId) -> Result<Rows, StoreError> {
        let ((items, next), manifest) = tokio::try_join!(self.rows_from(org, None), self.manifest(org))?;
        Ok(Rows { items, next, manifest })
    }

    /// A page of rows, newest first, and where the next begins.
    pub(super) async fn rows_from(
        &self,
        org: OrgId,
        start: Option<Item>,
    ) -> Result<(Vec<Item>, Option<Item>), StoreError> {
        let query = self.query(format!("ORG#{org}#INDEX#00")).scan_index_forward(false);
        let page = query.set_exclusive_start_key(start).send().await?;
        Ok((page.items.unwrap_or_default(), page.last_evaluated_key))
    }
}

impl Seen {
    /// Calls `take` for each row of an item; items come from behind, so that a row comes before the pack that it lies
    /// over.
    pub(super) fn each_row(&mut self, item: Item, mut take: impl FnMut(Row<'_>)) -> Result<(), StoreError> {
        match Entry::of(item)? {
            Entry::Pack(_, pack) => {
                self.bytes += pack.len();
                let rows = unpack_all(&pack)?;
                self.known = rows.first().map(|(id, _)| *id);
                for (id, row) in rows.into_iter().rev().filter(|(id, _)| !self.taken.contains(id)) {
                    self.over.push(id);
                    if !row.is_empty() {
                        take(Row::unpack(id, row)?);
                    }
                }
            }
            Entry::Row { lead, row, may_be_packed } => {
                self.bytes += row.as_ref().map_or(0, Vec::len) + 90;
                self.known = Some(lead.last_of_its_time()); // leads of a pack have one time
                self.over.push(lead);
                if may_be_packed {
                    self.taken.insert(lead);
                }
                if let Some(row) = row {
                    take(Row::unpack(lead, &row)?);
                }
            }
        }
        Ok(())
    }
}

/// What one item of the index says.
#[derive(Debug)]
pub(super) enum Entry {
    Pack(Key, Vec<u8>),
    /// None: the lead is gone.
    Row { lead: LeadId, row: Option<Vec<u8>>, may_be_packed: bool },
}

impl Entry {
    pub(super) fn of(mut item: Item) -> Result<Self, StoreError> {
        let bytes = |value| match value {
            Some(AttributeValue::B(bytes)) => Some(bytes.into_inner()),
            _ => None,
        };
        let wrong = || StoreError::Failed("a row of the list index is not one".into());
        if let Some(pack) = bytes(item.remove(PACK)) {
            return Ok(Self::Pack(Key::of(&item).ok_or_else(wrong)?, pack));
        }
        let lead = item.get("SK").and_then(|id| id.as_s().ok()?.parse().ok()).ok_or_else(wrong)?;
        let row = bytes(item.remove(ROW));
        let may_be_packed = row.is_none() || item.contains_key(OVER);
        Ok(Self::Row { lead, row, may_be_packed })
    }
}
