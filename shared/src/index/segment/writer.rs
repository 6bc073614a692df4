//! Makes a segment out of rows.

use super::header::Header;
use super::ids::LeadIds;
use super::numbers::Numbers;
use super::sets::SetsBuilder;
use super::statuses::Statuses;
use super::texts::Texts;
use super::{Column, MAX_ROWS, SegmentError};
use crate::domain::{LeadId, OrgId};
use crate::index::Entry;

/// Rows of one organisation, on their way into a segment.
#[derive(Debug)]
pub struct Writer {
    org: OrgId,
    ids: Vec<LeadId>,
    statuses: Vec<u8>,
    created_by: SetsBuilder,
    teams: SetsBuilder,
    assigned_to: SetsBuilder,
    tags: SetsBuilder,
    source: SetsBuilder,
    city: SetsBuilder,
    amount: Vec<Option<i64>>,
    updated_on: Vec<Option<i64>>,
    created_on: Vec<Option<i64>>,
    last_name: Vec<Option<i64>>,
    name: Vec<u8>,
    title: Vec<u8>,
    email: Vec<u8>,
    account_name: Vec<u8>,
    phone: Vec<u8>,
}

impl Writer {
    pub fn new(org: OrgId) -> Self {
        Self {
            org,
            ids: Vec::new(),
            statuses: Vec::new(),
            created_by: SetsBuilder::default(),
            teams: SetsBuilder::default(),
            assigned_to: SetsBuilder::default(),
            tags: SetsBuilder::default(),
            source: SetsBuilder::default(),
            city: SetsBuilder::default(),
            amount: Vec::new(),
            updated_on: Vec::new(),
            created_on: Vec::new(),
            last_name: Vec::new(),
            name: Vec::new(),
            title: Vec::new(),
            email: Vec::new(),
            account_name: Vec::new(),
            phone: Vec::new(),
        }
    }

    /// How many leads it has so far.
    pub fn rows(&self) -> usize {
        self.ids.len()
    }

    /// Takes a lead, which is newer than all before: its row, or what another segment has of it.
    pub fn push(&mut self, entry: &impl Entry) -> Result<(), SegmentError> {
        let id = entry.id();
        if self.ids.last().is_some_and(|last| *last >= id) {
            return Err(SegmentError::Unfit("not in the order of their ids"));
        }
        if self.ids.len() == MAX_ROWS {
            return Err(SegmentError::Unfit("too many"));
        }
        let last_name = entry.name().len().saturating_sub(entry.last_name().len());
        self.ids.push(id);
        self.statuses.push(Statuses::number(entry.status()));
        self.created_by.push_ids(entry.created_by().iter().map(|user| user.0.as_bytes()));
        self.teams.push_ids(entry.teams().iter().map(|team| team.0.as_bytes()));
        self.assigned_to.push_ids(entry.assigned_to().iter().map(|user| user.0.as_bytes()));
        self.tags.push_texts(entry.tags());
        self.source.push_texts(entry.source().into_iter());
        self.city.push_texts(entry.city().into_iter());
        self.amount.push(entry.amount());
        self.updated_on.push(Some(entry.updated_on()));
        self.created_on.push(Some(entry.created_on()).filter(|time| *time != id.milliseconds()));
        self.last_name.push(i64::try_from(last_name).ok());
        Texts::push(&mut self.name, Some(entry.name()));
        Texts::push(&mut self.title, entry.title());
        Texts::push(&mut self.email, entry.email());
        Texts::push(&mut self.account_name, entry.account_name());
        Texts::push(&mut self.phone, entry.phone());
        Ok(())
    }

    /// The segment. The same leads make the same bytes.
    pub fn finish(mut self) -> Result<Vec<u8>, SegmentError> {
        let mut columns = Vec::new();
        for column in Column::ALL {
            columns.push(stored(self.take(column)?));
        }
        let mut file = Header::write(self.org, &self.ids, &columns)?;
        columns.iter().for_each(|(_, stored, _)| file.extend(stored));
        Ok(file)
    }

    /// A column's bytes, before they are compressed.
    fn take(&mut self, column: Column) -> Result<Vec<u8>, SegmentError> {
        use std::mem::take;
        Ok(match column {
            Column::Ids => LeadIds::write(&self.ids),
            Column::Status => take(&mut self.statuses),
            Column::CreatedBy => take(&mut self.created_by).finish(),
            Column::Teams => take(&mut self.teams).finish(),
            Column::AssignedTo => take(&mut self.assigned_to).finish(),
            Column::Tags => take(&mut self.tags).finish(),
            Column::Source => take(&mut self.source).finish(),
            Column::City => take(&mut self.city).finish(),
            Column::Amount => Numbers::write(&self.amount)?,
            Column::UpdatedOn => Numbers::write(&self.updated_on)?,
            Column::CreatedOn => Numbers::write(&self.created_on)?,
            Column::LastName => Numbers::write(&self.last_name)?,
            Column::Name => take(&mut self.name),
            Column::Title => take(&mut self.title),
            Column::Email => take(&mut self.email),
            Column::AccountName => take(&mut self.account_name),
            Column::Phone => take(&mut self.phone),
        })
    }
}

/// A column as it is stored: whether it is compressed, its bytes, and how many they were before.
fn stored(raw: Vec<u8>) -> (bool, Vec<u8>, usize) {
    let (compressed, length) = (lz4_flex::block::compress(&raw), raw.len());
    if compressed.len() < length { (true, compressed, length) } else { (false, raw, length) }
}
