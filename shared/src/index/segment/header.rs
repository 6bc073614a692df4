//! The head of a segment: whose it is, which leads it has, and where each column lies.

use std::ops::Range;

use super::column::Column;
use super::input::Input;
use super::{MAX_ROWS, SegmentError};
use crate::domain::{LeadId, OrgId};

const MAGIC: &[u8; 8] = b"leadseg\n";
/// The format that is written and read.
const VERSION: u16 = 1;
/// Bytes before the columns' entries, of each entry, and of the checksum behind them.
const FIXED: usize = 72;
const ENTRY: usize = 20;
const SUM: usize = 4;
/// Most columns: those that are unknown are passed over.
const MAX_COLUMNS: usize = 64;
/// No column is larger when unpacked: ten times what leads of everyday size have.
const MAX_RAW: usize = 256 * 1024 * 1024;
/// What LZ4 can make of a byte at most.
const MAX_RATIO: usize = 255;

/// The head of a segment, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    pub org: OrgId,
    pub rows: usize,
    /// The oldest and the newest lead.
    pub first: LeadId,
    pub last: LeadId,
    /// Bytes of the whole file.
    pub length: usize,
    /// Says which file this is: two with the same have the same bytes.
    pub seal: u32,
    entries: [Entry; Column::ALL.len()],
}

/// Where a column lies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) compressed: bool,
    pub(super) offset: usize,
    pub(super) stored: usize,
    pub(super) raw: usize,
    pub(super) checksum: u32,
}

impl Entry {
    pub(super) fn range(&self) -> Range<usize> {
        self.offset..self.offset + self.stored
    }
}

impl Header {
    /// So many bytes from the start of a file hold the head of any segment.
    pub const FETCH: usize = FIXED + MAX_COLUMNS * ENTRY + SUM;

    /// Bytes of the head that is written.
    pub(super) const LENGTH: usize = FIXED + Column::ALL.len() * ENTRY + SUM;

    /// Reads the head of an organisation's segment from its first [`Header::FETCH`] bytes, or all that there are.
    pub fn read(org: OrgId, bytes: &[u8]) -> Result<Self, SegmentError> {
        let mut input = Input(bytes);
        if input.take(MAGIC.len())? != MAGIC {
            return Err(SegmentError::Damaged("it is no segment"));
        }
        let (version, columns) = (input.u16()?, usize::from(input.u16()?));
        if version != VERSION {
            return Err(SegmentError::Version(version));
        }
        let length = FIXED + columns.min(MAX_COLUMNS) * ENTRY;
        let (head, mut sum) = (Input(bytes).take(length)?, Input(bytes.get(length..).unwrap_or_default()));
        let seal = sum.u32()?;
        if crc32fast::hash(head) != seal || columns > MAX_COLUMNS {
            return Err(SegmentError::Damaged("the checksum of its head is wrong"));
        }
        let rows = input.count()?;
        let id = |bytes| uuid::Uuid::from_bytes(bytes);
        let (owner, first, last) = (id(input.array()?), id(input.array()?), id(input.array()?));
        let whole = usize::try_from(u64::from_le_bytes(input.array()?)).unwrap_or(usize::MAX);
        if owner != org.0 {
            return Err(SegmentError::Damaged("it is another organisation's"));
        }
        if !(1..=MAX_ROWS).contains(&rows) || first > last {
            return Err(SegmentError::Damaged("its head contradicts itself"));
        }
        let (mut entries, mut end) = ([None; Column::ALL.len()], length + SUM);
        for _ in 0..columns {
            let (column, entry) = Entry::read(&mut input, &mut end)?;
            if let Some(n) = Column::ALL.iter().position(|known| *known as u8 == column)
                && let Some(slot) = entries.get_mut(n)
            {
                *slot = Some(entry);
            }
        }
        if end != whole || entries.contains(&None) {
            return Err(SegmentError::Damaged("its columns are not all there"));
        }
        let entries = entries.map(Option::unwrap_or_default);
        let (first, last) = (LeadId(first), LeadId(last));
        Ok(Self { org, rows, first, last, length: whole, seal, entries })
    }

    /// The head of columns that follow it, each compressed or not, with its bytes and its raw length.
    pub(super) fn write(
        org: OrgId,
        ids: &[LeadId],
        columns: &[(bool, Vec<u8>, usize)],
    ) -> Result<Vec<u8>, SegmentError> {
        let (Some(first), Some(last)) = (ids.first(), ids.last()) else {
            return Err(SegmentError::Unfit("no rows"));
        };
        let number = |n: usize| u32::try_from(n).map_err(|_| SegmentError::Unfit("too large"));
        let whole = Self::LENGTH + columns.iter().map(|(_, stored, _)| stored.len()).sum::<usize>();
        let mut head = MAGIC.to_vec();
        head.extend(VERSION.to_le_bytes());
        head.extend((columns.len() as u16).to_le_bytes());
        head.extend(number(ids.len())?.to_le_bytes());
        [org.0, first.0, last.0].iter().for_each(|id| head.extend(id.as_bytes()));
        head.extend((whole as u64).to_le_bytes());
        let mut offset = Self::LENGTH;
        for (column, (compressed, stored, raw)) in Column::ALL.into_iter().zip(columns) {
            if *raw > MAX_RAW {
                return Err(SegmentError::Unfit("too large"));
            }
            head.extend([column as u8, u8::from(*compressed), 0, 0]);
            for n in [offset, stored.len(), *raw] {
                head.extend(number(n)?.to_le_bytes());
            }
            head.extend(crc32fast::hash(stored).to_le_bytes());
            offset += stored.len();
        }
        head.extend(crc32fast::hash(&head).to_le_bytes());
        Ok(head)
    }

    pub(super) fn entry(&self, column: Column) -> Entry {
        let n = Column::ALL.iter().position(|known| *known == column);
        n.and_then(|n| self.entries.get(n)).copied().unwrap_or_default()
    }
}

impl Entry {
    /// The next entry, and its column's number. It must begin where the one before ended.
    fn read(input: &mut Input<'_>, end: &mut usize) -> Result<(u8, Self), SegmentError> {
        let [column, encoding, ..] = input.array::<4>()?;
        let (offset, stored, raw) = (input.count()?, input.count()?, input.count()?);
        let checksum = input.u32()?;
        let bears = match encoding {
            0 => raw == stored,
            1 => raw <= MAX_RAW.min(stored.saturating_mul(MAX_RATIO)),
            _ => false,
        };
        if offset != *end || !bears {
            return Err(SegmentError::Damaged("its columns do not lie as they should"));
        }
        *end = offset.saturating_add(stored);
        Ok((column, Self { compressed: encoding == 1, offset, stored, raw, checksum }))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const ORG: OrgId = OrgId(Uuid::from_u128(1));

    fn head(columns: &[(bool, Vec<u8>, usize)]) -> Result<Vec<u8>, SegmentError> {
        Header::write(ORG, &[LeadId(Uuid::from_u128(2)), LeadId(Uuid::from_u128(9))], columns)
    }

    #[test]
    fn a_head_says_where_each_column_lies_to_its_organisation_only() {
        let head =
            head(&Column::ALL.map(|column| (false, vec![0; column as usize], column as usize))).unwrap();

        let read = Header::read(ORG, &head).unwrap();

        assert_eq!((head.len(), read.length), (416, 416 + 17 * 18 / 2));
        assert_eq!((read.rows, read.first.0.as_u128(), read.last.0.as_u128()), (2, 2, 9));
        assert_eq!(read.entry(Column::CreatedBy).range(), 419..422);
        assert_eq!(read.entry(Column::Phone).range().end, read.length);
        assert!(Header::read(OrgId(Uuid::from_u128(2)), &head).is_err());
    }

    #[test]
    fn a_column_is_no_larger_than_its_bytes_can_be() {
        let columns = |raw: usize| Column::ALL.map(|_| (true, vec![0; 10], raw));

        assert!(Header::read(ORG, &head(&columns(2550)).unwrap()).is_ok());
        assert!(Header::read(ORG, &head(&columns(2551)).unwrap()).is_err());
        assert!(head(&columns(MAX_RAW + 1)).is_err());
        assert!(Header::read(ORG, &head(&columns(2550)[1..]).unwrap()).is_err());
    }

    #[test]
    fn columns_that_are_not_known_are_passed_over() {
        let known = head(&Column::ALL.map(|_| (false, Vec::new(), 0))).unwrap();
        let (columns, end) = (Column::ALL.len() as u16, known.len() - SUM);
        let mut more = [&known[..end], &[200, 0, 0, 0]].concat();
        more.extend([(end + ENTRY + SUM) as u32, 5, 5, 0].iter().flat_map(|n| n.to_le_bytes()));
        more[10..12].copy_from_slice(&(columns + 1).to_le_bytes());
        more[64..72].copy_from_slice(&((end + ENTRY + SUM + 5) as u64).to_le_bytes());
        for n in 0..Column::ALL.len() {
            let offset = FIXED + n * ENTRY + 4;
            more[offset..offset + 4].copy_from_slice(&((end + ENTRY + SUM) as u32).to_le_bytes());
        }
        more.extend(crc32fast::hash(&more).to_le_bytes());

        let read = Header::read(ORG, &more).unwrap();

        assert_eq!(read.length, more.len() + 5);
        assert_eq!(read.entry(Column::Phone).range(), more.len()..more.len());
    }
}
