//! Where each lead stands, and in which list it is.

use super::{Bitmap, SegmentError};
use crate::domain::{Status, StatusClass};

/// For each status, in the order of [`Status::ALL`], the rows that have it.
#[derive(Debug)]
pub(super) struct Statuses([Bitmap; Status::ALL.len()]);

impl Statuses {
    /// A status, written.
    pub(super) fn number(status: Status) -> u8 {
        match status {
            Status::Assigned => 0,
            Status::InProcess => 1,
            Status::Converted => 2,
            Status::Recycled => 3,
            Status::Closed => 4,
        }
    }

    /// The statuses of so many rows, a byte each.
    pub(super) fn read(bytes: &[u8], rows: usize) -> Result<Self, SegmentError> {
        let mut each = Status::ALL.map(|_| Bitmap::none(rows));
        for (row, status) in bytes.iter().enumerate() {
            let known = each.get_mut(usize::from(*status));
            known.ok_or(SegmentError::Damaged("a status is unknown"))?.set(row);
        }
        if bytes.len() != rows {
            return Err(SegmentError::Damaged("its statuses are not of its rows"));
        }
        Ok(Self(each))
    }

    /// The rows that have a status.
    pub(super) fn with(&self, status: Status) -> &Bitmap {
        let [assigned, in_process, converted, recycled, closed] = &self.0;
        match status {
            Status::Assigned => assigned,
            Status::InProcess => in_process,
            Status::Converted => converted,
            Status::Recycled => recycled,
            Status::Closed => closed,
        }
    }

    /// The rows that have one of some statuses.
    pub(super) fn with_any(&self, statuses: impl IntoIterator<Item = Status>) -> Bitmap {
        let [first, ..] = &self.0;
        let mut any = Bitmap::none(first.size());
        statuses.into_iter().for_each(|status| any.add(self.with(status)));
        any
    }

    /// The rows of a list.
    pub(super) fn of(&self, class: StatusClass) -> Bitmap {
        self.with_any(Status::ALL.into_iter().filter(|status| status.class() == class))
    }

    /// A row's status.
    pub(super) fn get(&self, row: usize) -> Option<Status> {
        Status::ALL.into_iter().find(|status| self.with(*status).has(row))
    }

    pub(super) fn memory(&self) -> usize {
        self.0.iter().map(Bitmap::memory).sum()
    }
}
