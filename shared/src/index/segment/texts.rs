//! Texts of rows, one behind the other, so that one search goes through all.

use memchr::memmem::Finder;
use memchr::{memchr_iter, memchr2_iter};

use super::{Bitmap, SegmentError};

/// Ends a text. No text in UTF-8 has this byte, so nothing that is looked for reaches from one row into the next.
const END: u8 = 0xff;
/// Stands where a row has no text.
const NONE: u8 = 0xfe;

/// Texts, or none, of rows.
#[derive(Debug)]
pub(super) struct Texts {
    bytes: Vec<u8>,
    /// Where each row ends.
    ends: Vec<u32>,
    /// The rows without a text.
    absent: Bitmap,
}

impl Texts {
    /// Writes the text of one more row.
    pub(super) fn push(bytes: &mut Vec<u8>, text: Option<&str>) {
        bytes.extend(text.unwrap_or_default().as_bytes());
        bytes.push(if text.is_some() { END } else { NONE });
    }

    /// The texts of so many rows.
    pub(super) fn read(bytes: Vec<u8>, rows: usize) -> Result<Self, SegmentError> {
        if bytes.len() < rows || u32::try_from(bytes.len()).is_err() {
            return Err(SegmentError::Damaged("its texts are not of its rows"));
        }
        let mut ends = Vec::with_capacity(rows);
        ends.extend(memchr2_iter(END, NONE, &bytes).take(rows + 1).map(|end| end as u32));
        let last = ends.last().map_or(0, |end| *end as usize + 1);
        if ends.len() != rows || last != bytes.len() {
            return Err(SegmentError::Damaged("its texts are not of its rows"));
        }
        let mut absent = Bitmap::none(rows);
        let none = |end: &u32| bytes.get(*end as usize) == Some(&NONE);
        ends.iter().enumerate().filter(|(_, end)| none(end)).for_each(|(row, _)| absent.set(row));
        Ok(Self { bytes, ends, absent })
    }

    /// The same, if all are in UTF-8. It is not needed to find something in them.
    pub(super) fn checked(&self) -> Result<&Self, SegmentError> {
        let is_text = |row| self.bytes_of(row).is_none_or(|text| str::from_utf8(text).is_ok());
        match (0..self.len()).all(is_text) {
            true => Ok(self),
            false => Err(SegmentError::Damaged("a text is not in UTF-8")),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    fn start(&self, row: usize) -> usize {
        row.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |end| *end as usize + 1)
    }

    fn bytes_of(&self, row: usize) -> Option<&[u8]> {
        let end = *self.ends.get(row)? as usize;
        self.bytes.get(self.start(row)..end).filter(|_| self.bytes.get(end) == Some(&END))
    }

    /// A row's text.
    pub(super) fn get(&self, row: usize) -> Option<&str> {
        str::from_utf8(self.bytes_of(row)?).ok()
    }

    /// The rows whose text holds the part, as far as they are among some.
    pub(super) fn holding(&self, part: &Finder<'_>, among: &Bitmap) -> Bitmap {
        self.scan(among, |bytes| part.find(bytes))
    }

    /// The rows whose text holds the digits one after another, whatever else is between them.
    pub(super) fn holding_digits(&self, digits: &str, among: &Bitmap) -> Bitmap {
        let Some((first, others)) = digits.as_bytes().split_first() else { return Bitmap::none(self.len()) };
        let follow =
            |hit: &usize, bytes: &[u8]| bytes.get(hit + 1..).is_some_and(|rest| follows(others, rest));
        self.scan(among, |bytes| memchr_iter(*first, bytes).find(|hit| follow(hit, bytes)))
    }

    /// The rows, among some, in which something is found. `find` says where in some bytes it is first, and never goes from
    /// one row into the next. If the rows are few, they alone are looked at.
    fn scan(&self, among: &Bitmap, find: impl Fn(&[u8]) -> Option<usize>) -> Bitmap {
        let mut found = Bitmap::none(self.len());
        if among.count() < self.len() / 16 {
            let holds = |row: &usize| self.bytes_of(*row).is_some_and(|text| find(text).is_some());
            among.rows().filter(holds).for_each(|row| found.set(row));
            return found;
        }
        let (mut row, mut from) = (0, 0);
        while let Some(hit) = self.bytes.get(from..).and_then(&find) {
            let Some(ends) = self.ends.get(row..) else { break };
            row += ends.iter().take_while(|end| (**end as usize) < from + hit).count();
            found.set(row);
            row += 1;
            from = self.start(row);
        }
        found.remove(&self.absent); // where nothing is looked for, it is found even there
        found.keep(among);
        found
    }

    /// The rows without a text.
    pub(super) fn absent(&self) -> &Bitmap {
        &self.absent
    }

    pub(super) fn memory(&self) -> usize {
        self.bytes.capacity() + self.ends.capacity() * size_of::<u32>() + self.absent.memory()
    }
}

/// What follows in a text begins with these digits, whatever else is between them.
fn follows(mut digits: &[u8], rest: &[u8]) -> bool {
    for byte in rest {
        match digits.split_first() {
            None => return true,
            Some((digit, others)) if digit == byte => digits = others,
            Some(_) if byte.is_ascii_digit() || matches!(*byte, END | NONE) => return false,
            Some(_) => {}
        }
    }
    digits.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(rows: &[Option<&str>]) -> Texts {
        let mut bytes = Vec::new();
        rows.iter().for_each(|text| Texts::push(&mut bytes, *text));
        Texts::read(bytes, rows.len()).unwrap()
    }

    #[test]
    fn a_part_is_found_within_rows_and_never_across_them() {
        let rows = [Some("anna"), None, Some(""), Some("na"), Some("nan"), Some("ä€𝄞"), None, Some("a")];
        let texts = texts(&rows);

        for part in ["", "a", "an", "na", "nan", "nn", "aa", "ana", "€", "ä€𝄞", "nanä", "anna"] {
            let right = |row: &usize| rows[*row].is_some_and(|text| text.contains(part));
            for among in [Bitmap::all(rows.len()), Bitmap::none(rows.len())] {
                let found = texts.holding(&Finder::new(part), &among);
                assert!(
                    found.rows().eq((0..rows.len()).filter(|row| among.has(*row)).filter(right)),
                    "{part}"
                );
            }
        }
        assert!((0..rows.len()).all(|row| texts.get(row) == rows[row]));
        assert!(texts.absent().rows().eq([1, 6]));
    }

    #[test]
    fn texts_that_are_not_of_the_rows_are_refused() {
        for (bytes, rows) in
            [(&b"a\xff"[..], 2), (b"a\xffb\xff", 1), (b"a\xffb", 2), (b"a\xffb", 1), (b"", 1)]
        {
            assert!(Texts::read(bytes.to_vec(), rows).is_err(), "{bytes:?}");
        }
        assert!(Texts::read(vec![0xc3, 0xff], 1).unwrap().checked().is_err());
    }

    #[test]
    fn digits_are_found_whatever_is_between_them() {
        let rows = [Some("+49 (30) 12-3"), Some("4"), Some("930"), None, Some("4x9"), Some(""), Some("443")];
        let texts = texts(&rows);

        for (digits, right) in
            [("4930", &[0][..]), ("493012", &[0]), ("49", &[0, 4]), ("3", &[0, 2, 6]), ("43", &[6])]
        {
            for among in [Bitmap::all(rows.len()), Bitmap::none(rows.len())] {
                let found = texts.holding_digits(digits, &among);
                assert!(found.rows().eq(right.iter().copied().filter(|row| among.has(*row))), "{digits}");
            }
        }
    }
}
