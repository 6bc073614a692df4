//! A column, unpacked.

use std::borrow::Cow;

use super::header::Entry;
use super::ids::LeadIds;
use super::input::Input;
use super::numbers::Numbers;
use super::sets::Sets;
use super::statuses::Statuses;
use super::texts::Texts;
use super::{Column, Header, SegmentError};

#[derive(Debug)]
pub(super) enum Unpacked {
    Ids(LeadIds),
    Statuses(Statuses),
    Sets(Sets),
    Numbers(Numbers),
    Texts(Texts),
}

impl Unpacked {
    /// Reads a column as it is stored, after it has been compared with what the head says of it.
    pub(super) fn read(
        column: Column,
        entry: Entry,
        stored: &[u8],
        header: &Header,
    ) -> Result<Self, SegmentError> {
        if stored.len() != entry.stored || crc32fast::hash(stored) != entry.checksum {
            return Err(SegmentError::Damaged("the checksum of a column is wrong"));
        }
        let raw = if entry.compressed {
            let unpacked = lz4_flex::block::decompress(stored, entry.raw);
            let unpacked = unpacked.ok().filter(|raw| raw.len() == entry.raw);
            Cow::Owned(unpacked.ok_or(SegmentError::Damaged("a column cannot be unpacked"))?)
        } else {
            Cow::Borrowed(stored)
        };
        let rows = header.rows;
        Ok(match column {
            Column::Ids => Self::Ids(ids(&raw, header)?),
            Column::Status => Self::Statuses(Statuses::read(&raw, rows)?),
            Column::CreatedBy | Column::Teams | Column::AssignedTo => {
                Self::Sets(Sets::read(&raw, rows, true)?)
            }
            Column::Tags | Column::Source => Self::Sets(Sets::read(&raw, rows, false)?),
            Column::City => Self::Sets(Sets::read(&raw, rows, false)?.with_folded()),
            Column::Amount | Column::UpdatedOn | Column::CreatedOn | Column::LastName => {
                let mut input = Input(&raw);
                let numbers = Numbers::read(&mut input, rows)?;
                input.end()?;
                Self::Numbers(numbers)
            }
            Column::Name | Column::Title | Column::Email | Column::AccountName | Column::Phone => {
                Self::Texts(Texts::read(raw.into_owned(), rows)?)
            }
        })
    }

    pub(super) fn memory(&self) -> usize {
        match self {
            Self::Ids(ids) => ids.memory(),
            Self::Statuses(statuses) => statuses.memory(),
            Self::Sets(sets) => sets.memory(),
            Self::Numbers(numbers) => numbers.memory(),
            Self::Texts(texts) => texts.memory(),
        }
    }
}

fn ids(raw: &[u8], header: &Header) -> Result<LeadIds, SegmentError> {
    let ids = LeadIds::read(raw, header.rows)?;
    match ids.as_slice() {
        [first, .., last] if (*first, *last) == (header.first, header.last) => Ok(ids),
        [only] if (*only, *only) == (header.first, header.last) => Ok(ids),
        _ => Err(SegmentError::Damaged("its ids are not those of its head")),
    }
}
