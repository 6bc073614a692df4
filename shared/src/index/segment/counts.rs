//! How many of chosen rows have each value.

use super::{Bitmap, Column, Segment, SegmentError};
use crate::domain::UserId;

/// A value, and what is known of those of some rows that have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted<T> {
    pub value: T,
    pub count: usize,
    /// The newest of them.
    pub newest: usize,
}

impl Segment {
    /// How many of some rows have each text of a column, for those that any has.
    pub fn counts_of_texts(
        &self,
        column: Column,
        rows: &Bitmap,
    ) -> Result<impl Iterator<Item = Counted<&str>>, SegmentError> {
        let sets = self.sets(column)?;
        let text =
            |Counted { value, count, newest }| Some(Counted { value: sets.text(value)?, count, newest });
        Ok(sets.counts(rows).filter_map(text))
    }

    /// How many of some rows are assigned to each user, for those to whom any is.
    pub fn counts_of_users(
        &self,
        rows: &Bitmap,
    ) -> Result<impl Iterator<Item = Counted<UserId>>, SegmentError> {
        let sets = self.sets(Column::AssignedTo)?;
        let user = |Counted { value, count, newest }| {
            Some(Counted { value: UserId(sets.id(value)?), count, newest })
        };
        Ok(sets.counts(rows).filter_map(user))
    }
}
