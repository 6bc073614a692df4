//! Segments: what lists need of many leads, as immutable columns.
//!
//! Bytes in, bytes out: this module knows neither table nor bucket. `docs/index-format.md` says what each byte is.
//! A caller that has a whole file opens it with [`Segment::open`]. One that reads a file in parts reads its head by
//! [`Header::read`], asks [`Segment::ranges`] what is missing for the columns of a question, and feeds that.

mod bitmap;
mod column;
mod counts;
mod entries;
mod header;
mod ids;
mod input;
mod numbers;
mod page;
mod select;
mod sets;
mod statuses;
#[cfg(test)]
mod tests;
mod texts;
mod unpacked;
mod writer;

use std::ops::Range;
use std::sync::OnceLock;

pub use bitmap::Bitmap;
pub use column::{Column, Columns};
pub use counts::Counted;
pub use entries::{AllColumns, SegmentEntry};
pub use header::Header;
use ids::LeadIds;
use numbers::Numbers;
pub use page::{First, Ordered, place_after};
use sets::Sets;
use statuses::Statuses;
use texts::Texts;
use unpacked::Unpacked;
pub use writer::Writer;

use crate::domain::{LeadId, OrgId};

/// Most leads of a segment. About half as many are meant.
pub const MAX_ROWS: usize = 1 << 17;

/// Columns with less between them are read together: a request takes as long as reading this much.
const GAP: usize = 64 * 1024;

/// Why a segment cannot be answered from, or not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SegmentError {
    #[error("a segment of the list index is damaged: {0}")]
    Damaged(&'static str),
    #[error("a segment of the list index has the unknown format {0}")]
    Version(u16),
    #[error("a segment of the list index was asked for {0} before that was read")]
    Missing(Column),
    #[error("these leads do not fit a segment of the list index: {0}")]
    Unfit(&'static str),
}

/// A segment, as far as its columns have been read. Several may ask, and feed, at the same time.
#[derive(Debug)]
pub struct Segment {
    header: Header,
    cells: [OnceLock<Unpacked>; Column::ALL.len()],
}

impl Segment {
    /// A segment of which nothing but the head has been read.
    pub fn new(header: Header) -> Self {
        Self { header, cells: Default::default() }
    }

    /// A whole file of an organisation, with all columns unpacked.
    pub fn open(org: OrgId, bytes: &[u8]) -> Result<Self, SegmentError> {
        let segment = Self::new(Header::read(org, bytes)?);
        if bytes.len() != segment.header.length {
            return Err(SegmentError::Damaged("it is not as long as it should be"));
        }
        segment.feed(0, bytes, Columns::all())?;
        Ok(segment)
    }

    pub fn header(&self) -> &Header {
        &self.header
    }

    /// How many leads it has.
    pub fn rows(&self) -> usize {
        self.header.rows
    }

    /// Those of some columns that have not been fed.
    pub fn missing(&self, columns: Columns) -> Columns {
        columns.iter().filter(|column| self.cell(*column).is_none_or(|cell| cell.get().is_none())).collect()
    }

    /// The parts of the file to be read for some columns, without those that have been fed.
    pub fn ranges(&self, columns: Columns) -> Vec<Range<usize>> {
        let mut ranges = Vec::<Range<usize>>::new();
        for column in self.missing(columns).iter() {
            let range = self.header.entry(column).range();
            match ranges.last_mut() {
                Some(last) if range.start.saturating_sub(last.end) < GAP => last.end = range.end,
                _ => ranges.push(range),
            }
        }
        ranges
    }

    /// Takes a part of the file, which begins at `offset`, and unpacks those of some columns that lie whole in it.
    pub fn feed(&self, offset: usize, bytes: &[u8], columns: Columns) -> Result<(), SegmentError> {
        for column in self.missing(columns).iter() {
            let entry = self.header.entry(column);
            let start = entry.offset.checked_sub(offset);
            let stored = start.and_then(|start| bytes.get(start..)?.get(..entry.stored));
            if let (Some(stored), Some(cell)) = (stored, self.cell(column)) {
                let unpacked = Unpacked::read(column, entry, stored, &self.header)?;
                let _ = cell.set(unpacked); // another may have been quicker, with the same
            }
        }
        Ok(())
    }

    /// Bytes of memory that it takes.
    pub fn memory(&self) -> usize {
        size_of::<Self>()
            + self.cells.iter().filter_map(|cell| cell.get()).map(Unpacked::memory).sum::<usize>()
    }

    /// The lead of a row.
    pub fn lead(&self, row: usize) -> Result<LeadId, SegmentError> {
        self.ids()?.get(row).ok_or(SegmentError::Damaged("a row is not there"))
    }

    /// The rows of some leads, as far as they have one here: what rows of the table lie over.
    pub fn rows_of(&self, leads: impl IntoIterator<Item = LeadId>) -> Result<Bitmap, SegmentError> {
        let mut rows = Bitmap::none(self.rows());
        let between = |lead: &LeadId| (self.header.first..=self.header.last).contains(lead);
        for lead in leads.into_iter().filter(between) {
            if let Some(row) = self.ids()?.find(lead) {
                rows.set(row);
            }
        }
        Ok(rows)
    }

    fn cell(&self, column: Column) -> Option<&OnceLock<Unpacked>> {
        let n = Column::ALL.iter().position(|known| *known == column)?;
        self.cells.get(n)
    }

    fn unpacked(&self, column: Column) -> Option<&Unpacked> {
        self.cell(column)?.get()
    }

    fn ids(&self) -> Result<&LeadIds, SegmentError> {
        match self.unpacked(Column::Ids) {
            Some(Unpacked::Ids(ids)) => Ok(ids),
            _ => Err(SegmentError::Missing(Column::Ids)),
        }
    }

    fn statuses(&self) -> Result<&Statuses, SegmentError> {
        match self.unpacked(Column::Status) {
            Some(Unpacked::Statuses(statuses)) => Ok(statuses),
            _ => Err(SegmentError::Missing(Column::Status)),
        }
    }

    fn sets(&self, column: Column) -> Result<&Sets, SegmentError> {
        match self.unpacked(column) {
            Some(Unpacked::Sets(sets)) => Ok(sets),
            _ => Err(SegmentError::Missing(column)),
        }
    }

    fn numbers(&self, column: Column) -> Result<&Numbers, SegmentError> {
        match self.unpacked(column) {
            Some(Unpacked::Numbers(numbers)) => Ok(numbers),
            _ => Err(SegmentError::Missing(column)),
        }
    }

    fn texts(&self, column: Column) -> Result<&Texts, SegmentError> {
        match self.unpacked(column) {
            Some(Unpacked::Texts(texts)) => Ok(texts),
            _ => Err(SegmentError::Missing(column)),
        }
    }
}
