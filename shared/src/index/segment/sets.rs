//! Values that repeat: each value once, each list of values once, and for each row the number of its list.

use std::collections::HashMap;

use uuid::Uuid;

use super::input::{Input, put_varint};
use super::numbers::Packed;
use super::texts::Texts;
use super::{Bitmap, Counted, SegmentError};
use crate::domain::fold;

/// Bytes of an id.
const ID: usize = 16;

/// Lists of values of rows. What has one value or none, such as a city, is a list too.
#[derive(Debug)]
pub(super) struct Sets {
    values: Values,
    /// Where each list ends in `entries`.
    ends: Vec<u32>,
    /// Numbers of values.
    entries: Vec<u32>,
    /// Each row's list.
    codes: Packed,
    /// The values of a column of texts that are not folded, folded.
    folded: Vec<String>,
}

#[derive(Debug)]
enum Values {
    Texts(Texts),
    Ids(Vec<[u8; ID]>),
}

impl Values {
    fn len(&self) -> usize {
        match self {
            Self::Texts(texts) => texts.len(),
            Self::Ids(ids) => ids.len(),
        }
    }
}

impl Sets {
    /// The lists of so many rows; their values are ids or texts.
    pub(super) fn read(bytes: &[u8], rows: usize, ids: bool) -> Result<Self, SegmentError> {
        let mut input = Input(bytes);
        let (values, lists) = (input.count()?, input.count()?);
        let codes = Packed::read(&mut input, rows)?;
        let (mut ends, mut entries) = (Vec::new(), Vec::new());
        for _ in 0..lists {
            for _ in 0..input.varint()? {
                let value = input.varint()?;
                let known = u32::try_from(value).ok().filter(|value| (*value as usize) < values);
                entries.push(known.ok_or(SegmentError::Damaged("a list names a value that is not there"))?);
            }
            ends.push(entries.len() as u32);
        }
        if !codes.all_below(lists) {
            return Err(SegmentError::Damaged("a row names a list that is not there"));
        }
        let values = if ids {
            let ids = input.take(values.saturating_mul(ID))?;
            input.end()?;
            Values::Ids(ids.as_chunks().0.to_vec())
        } else {
            let texts = Texts::read(input.0.to_vec(), values)?;
            texts.checked()?;
            Values::Texts(texts)
        };
        ends.shrink_to_fit();
        entries.shrink_to_fit();
        Ok(Self { values, ends, entries, codes, folded: Vec::new() })
    }

    /// The same, of texts that are not folded; they are for comparison.
    pub(super) fn with_folded(mut self) -> Self {
        let fold = |value| self.text(value).map(fold).unwrap_or_default();
        self.folded = (0..self.values.len()).map(fold).collect();
        self
    }

    /// A value by its number, if it is a text.
    pub(super) fn text(&self, value: usize) -> Option<&str> {
        match &self.values {
            Values::Texts(texts) => texts.get(value),
            Values::Ids(_) => None,
        }
    }

    /// A value by its number, if it is an id.
    pub(super) fn id(&self, value: usize) -> Option<Uuid> {
        match &self.values {
            Values::Texts(_) => None,
            Values::Ids(ids) => ids.get(value).map(|id| Uuid::from_bytes(*id)),
        }
    }

    fn list(&self, code: usize) -> &[u32] {
        let end = |code: usize| self.ends.get(code).map_or(0, |end| *end as usize);
        let start = code.checked_sub(1).map_or(0, end);
        self.entries.get(start..end(code)).unwrap_or_default()
    }

    fn of(&self, row: usize) -> impl Iterator<Item = usize> {
        let list = self.list(usize::try_from(self.codes.get(row)).unwrap_or(usize::MAX));
        list.iter().map(|value| *value as usize)
    }

    /// The texts of a row.
    pub(super) fn texts_of(&self, row: usize) -> impl Iterator<Item = &str> {
        self.of(row).filter_map(|value| self.text(value))
    }

    /// The ids of a row.
    pub(super) fn ids_of(&self, row: usize) -> impl Iterator<Item = Uuid> {
        self.of(row).filter_map(|value| self.id(value))
    }

    /// Keeps the rows that have an id which is wanted. Values are looked at once each, rows only by number.
    pub(super) fn keep_ids(&self, rows: &mut Bitmap, wanted: impl Fn(Uuid) -> bool) {
        self.keep_values(rows, |value| self.id(value).is_some_and(&wanted));
    }

    /// The same with texts.
    pub(super) fn keep_texts(&self, rows: &mut Bitmap, wanted: impl Fn(&str) -> bool) {
        self.keep_values(rows, |value| self.text(value).is_some_and(&wanted));
    }

    /// The same with folded texts.
    pub(super) fn keep_folded(&self, rows: &mut Bitmap, wanted: impl Fn(&str) -> bool) {
        self.keep_values(rows, |value| self.folded.get(value).is_some_and(|text| wanted(text)));
    }

    fn keep_values(&self, rows: &mut Bitmap, wanted: impl Fn(usize) -> bool) {
        let wanted: Vec<bool> = (0..self.values.len()).map(wanted).collect();
        let has = |value: &u32| wanted.get(*value as usize) == Some(&true);
        let lists: Vec<bool> = (0..self.ends.len()).map(|code| self.list(code).iter().any(has)).collect();
        if lists.contains(&true) {
            self.codes.keep(rows, |code| lists.get(code as usize) == Some(&true));
        } else {
            *rows = Bitmap::none(rows.size());
        }
    }

    /// How many of some rows have each value, by its number, for values that some of them have.
    pub(super) fn counts(&self, rows: &Bitmap) -> impl Iterator<Item = Counted<usize>> {
        let mut by_list = vec![(0, 0); self.ends.len()];
        for row in rows.rows() {
            if let Some((count, newest)) = by_list.get_mut(self.codes.get(row) as usize) {
                *count += 1;
                *newest = row;
            }
        }
        let mut by_value = vec![(0, 0); self.values.len()];
        for (code, (of_list, newest_of_list)) in by_list.into_iter().enumerate().filter(|(_, n)| n.0 > 0) {
            for value in self.list(code) {
                if let Some((count, newest)) = by_value.get_mut(*value as usize) {
                    *count += of_list;
                    *newest = newest_of_list.max(*newest);
                }
            }
        }
        let counted = by_value.into_iter().enumerate().filter(|(_, n)| n.0 > 0);
        counted.map(|(value, (count, newest))| Counted { value, count, newest })
    }

    pub(super) fn memory(&self) -> usize {
        let values = match &self.values {
            Values::Texts(texts) => texts.memory(),
            Values::Ids(ids) => ids.capacity() * ID,
        };
        let texts: usize = self.folded.iter().map(String::capacity).sum();
        let folded = texts + self.folded.capacity() * size_of::<String>();
        values
            + folded
            + (self.ends.capacity() + self.entries.capacity()) * size_of::<u32>()
            + self.codes.memory()
    }
}

/// Lists of values of rows that come one after another. Values and lists are numbered as they first come.
#[derive(Debug, Default)]
pub(super) struct SetsBuilder {
    values: HashMap<Vec<u8>, u64>,
    /// Texts end as those of rows do; ids are as they are.
    written: Vec<u8>,
    lists: HashMap<Vec<u64>, u64>,
    written_lists: Vec<u8>,
    codes: Vec<u64>,
}

impl SetsBuilder {
    pub(super) fn push_texts<'a>(&mut self, texts: impl Iterator<Item = &'a str>) {
        let list =
            texts.map(|text| self.value(text.as_bytes(), |bytes| Texts::push(bytes, Some(text)))).collect();
        self.push(list);
    }

    pub(super) fn push_ids<'a>(&mut self, ids: impl Iterator<Item = &'a [u8; ID]>) {
        let list = ids.map(|id| self.value(id, |bytes| bytes.extend(id))).collect();
        self.push(list);
    }

    fn value(&mut self, value: &[u8], write: impl FnOnce(&mut Vec<u8>)) -> u64 {
        if let Some(known) = self.values.get(value) {
            return *known;
        }
        let number = self.values.len() as u64;
        self.values.insert(value.to_vec(), number);
        write(&mut self.written);
        number
    }

    fn push(&mut self, list: Vec<u64>) {
        let next = self.lists.len() as u64;
        let written = &mut self.written_lists;
        let code = *self.lists.entry(list).or_insert_with_key(|list| {
            put_varint(written, list.len() as u64);
            list.iter().for_each(|value| put_varint(written, *value));
            next
        });
        self.codes.push(code);
    }

    /// The lists, written.
    pub(super) fn finish(self) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend((self.values.len() as u32).to_le_bytes());
        bytes.extend((self.lists.len() as u32).to_le_bytes());
        Packed::write(&mut bytes, &self.codes);
        bytes.extend(self.written_lists);
        bytes.extend(self.written);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_come_back_in_their_order_and_are_counted() {
        let rows: [&[&str]; 6] = [&["a", "b"], &[], &["b", "a"], &["b", "b"], &["a", "b"], &[""]];
        let mut builder = SetsBuilder::default();
        rows.iter().for_each(|list| builder.push_texts(list.iter().copied()));

        let sets = Sets::read(&builder.finish(), rows.len(), false).unwrap();

        assert!((0..6).all(|row| sets.texts_of(row).eq(rows[row].iter().copied())));
        let all = Bitmap::all(6);
        let counts = sets.counts(&all).map(|it| (sets.text(it.value).unwrap(), it.count, it.newest));
        assert!(counts.eq([("a", 3, 4), ("b", 5, 4), ("", 1, 5)]));
        let mut some = Bitmap::all(6);
        sets.keep_texts(&mut some, |value| value == "a");
        assert!(some.rows().eq([0, 2, 4]));
        sets.keep_texts(&mut some, |_| false);
        assert!(some.is_empty());
    }

    #[test]
    fn lists_and_values_that_are_not_there_are_refused() {
        let mut builder = SetsBuilder::default();
        [[1; 16], [2; 16]].iter().for_each(|id| builder.push_ids([id].into_iter()));
        let bytes = builder.finish();

        assert!(Sets::read(&bytes, 2, true).is_ok());
        for at in 0..bytes.len() {
            assert!(Sets::read(&bytes[..at], 2, true).is_err());
        }
        for (at, lie) in [(0, 9), (3, 255), (4, 9), (7, 255), (8, 9), (9, 2), (11, 255), (12, 2)] {
            let mut bytes = bytes.clone();
            bytes[at] = lie;
            assert!(Sets::read(&bytes, 2, true).is_err(), "{at}");
        }
    }
}
