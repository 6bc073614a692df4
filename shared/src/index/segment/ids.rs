//! The ids of rows, in their order.

use super::SegmentError;
use super::input::{Input, put_varint};
use crate::domain::LeadId;

/// Bytes of an id that say its time.
const TIME: usize = 6;
/// Bytes of an id that do not.
const REST: usize = 10;

/// Ids in ascending order, each once.
#[derive(Debug)]
pub(super) struct LeadIds(Vec<LeadId>);

impl LeadIds {
    /// The ids, written: how much later each is than the one before, then the rest of each.
    pub(super) fn write(ids: &[LeadId]) -> Vec<u8> {
        let (mut bytes, mut before) = (Vec::new(), 0);
        for id in ids {
            put_varint(&mut bytes, millis(*id).abs_diff(before));
            before = millis(*id);
        }
        ids.iter().for_each(|id| bytes.extend(id.0.as_bytes().iter().skip(TIME)));
        bytes
    }

    /// So many ids.
    pub(super) fn read(bytes: &[u8], rows: usize) -> Result<Self, SegmentError> {
        let mut input = Input(bytes);
        let (mut ids, mut time) = (Vec::with_capacity(rows.min(bytes.len())), 0_u64);
        for _ in 0..rows {
            time = time.saturating_add(input.varint()?);
            ids.push(u128::from(time) << (8 * REST));
        }
        for id in &mut ids {
            let mut rest = [0; TIME + REST];
            rest[TIME..].copy_from_slice(&input.array::<REST>()?);
            *id |= u128::from_be_bytes(rest);
        }
        input.end()?;
        if time >> (8 * TIME) != 0 || !ids.is_sorted_by(|a, b| a < b) {
            return Err(SegmentError::Damaged("its ids are not in order"));
        }
        Ok(Self(ids.into_iter().map(|id| LeadId(uuid::Uuid::from_u128(id))).collect()))
    }

    pub(super) fn get(&self, row: usize) -> Option<LeadId> {
        self.0.get(row).copied()
    }

    /// The row of a lead.
    pub(super) fn find(&self, id: LeadId) -> Option<usize> {
        self.0.binary_search(&id).ok()
    }

    /// How many rows are older than a lead.
    pub(super) fn before(&self, id: LeadId) -> usize {
        self.0.partition_point(|known| *known < id)
    }

    /// How many rows have an id of a time before this, in milliseconds since 1970.
    pub(super) fn before_time(&self, time: i64) -> usize {
        self.0.partition_point(|id| id.milliseconds() < time)
    }

    pub(super) fn as_slice(&self) -> &[LeadId] {
        &self.0
    }

    pub(super) fn memory(&self) -> usize {
        self.0.capacity() * size_of::<LeadId>()
    }
}

/// The time of an id, in milliseconds since 1970.
fn millis(id: LeadId) -> u64 {
    (id.0.as_u128() >> (8 * REST)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_back_and_others_are_refused() {
        let id = |n: u128| LeadId(uuid::Uuid::from_u128(n));
        let ids = [0, 1, 1 << 80, (1 << 80) + 1, 5 << 80, u128::MAX - 1, u128::MAX].map(id);

        let bytes = LeadIds::write(&ids);
        let read = LeadIds::read(&bytes, ids.len()).unwrap();

        assert_eq!(read.as_slice(), ids);
        assert_eq!((read.find(ids[3]), read.find(id(7))), (Some(3), None));
        assert_eq!((read.before(id(7)), read.before_time(1), read.before_time(-1)), (2, 2, 0));
        assert!(LeadIds::read(&bytes, ids.len() - 1).is_err());
        assert!(LeadIds::read(&bytes, usize::MAX).is_err());
        assert!(LeadIds::read(&LeadIds::write(&[id(1), id(1)]), 2).is_err());
        assert!(LeadIds::read(&LeadIds::write(&[id(2), id(1)]), 2).is_err());
    }
}
