//! Texts of rows, one behind the other, so that one search goes through all.

use memchr::memchr2_iter;
use memchr::memmem::Finder;

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
        let texts = Self { bytes, ends, absent };
        match (0..rows).all(|row| texts.bytes_of(row).is_none_or(|text| str::from_utf8(text).is_ok())) {
            true => Ok(texts),
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
        str::from_utf8(self.bytes_of(row)?).ok() // it was when it was read
    }

    /// The rows whose text holds the part, as far as they are among some, which alone are looked at if they are few.
    pub(super) fn holding(&self, part: &Finder<'_>, among: &Bitmap) -> Bitmap {
        let mut found = Bitmap::none(self.len());
        if among.count() < self.len() / 16 || part.needle().is_empty() {
            let holds = |row: &usize| self.bytes_of(*row).is_some_and(|text| part.find(text).is_some());
            among.rows().filter(holds).for_each(|row| found.set(row));
            return found;
        }
        let (mut row, mut from) = (0, 0);
        while let Some(hit) = self.bytes.get(from..).and_then(|rest| part.find(rest)) {
            let Some(ends) = self.ends.get(row..) else { break };
            row += ends.iter().take_while(|end| (**end as usize) < from + hit).count();
            found.set(row);
            row += 1;
            from = self.start(row);
        }
        found.keep(among);
        found
    }

    /// The rows, among some, whose text holds the digits one after another, whatever is between them.
    pub(super) fn holding_digits(&self, digits: &Finder<'_>, among: &Bitmap) -> Bitmap {
        let (mut found, mut of_row) = (Bitmap::none(self.len()), Vec::new());
        for row in among.rows() {
            of_row.clear();
            of_row.extend(self.bytes_of(row).unwrap_or_default().iter().filter(|byte| byte.is_ascii_digit()));
            if digits.find(&of_row).is_some() {
                found.set(row);
            }
        }
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
        assert!(Texts::read(vec![0xc3, 0xff], 1).is_err());
    }
}
