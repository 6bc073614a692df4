//! Numbers of rows, in as few bytes each as the largest needs.

use super::input::Input;
use super::{Bitmap, SegmentError};

/// Bytes that a number is read from at once.
const WORD: usize = size_of::<u64>();

/// Numbers of one width, 0 to 8 bytes, kept as they are stored.
#[derive(Debug)]
pub(super) struct Packed {
    /// With room behind, so that the last can be read as a whole word.
    bytes: Vec<u8>,
    width: usize,
    len: usize,
}

impl Packed {
    /// The numbers, written: the width in a byte, then each number.
    pub(super) fn write(bytes: &mut Vec<u8>, numbers: &[u64]) {
        let largest = numbers.iter().max().copied().unwrap_or_default();
        let width = WORD - largest.leading_zeros() as usize / 8;
        bytes.push(width as u8);
        for number in numbers {
            bytes.extend(number.to_le_bytes().iter().take(width));
        }
    }

    /// So many numbers.
    pub(super) fn read(input: &mut Input<'_>, len: usize) -> Result<Self, SegmentError> {
        let width = usize::from(input.u8()?);
        let bytes = match len.checked_mul(width) {
            Some(bytes) if width <= WORD => input.take(bytes)?,
            _ => return Err(SegmentError::Damaged("its numbers are too wide")),
        };
        let mut bytes = [bytes, &[0; WORD]].concat();
        bytes.shrink_to_fit();
        Ok(Self { bytes, width, len })
    }

    fn mask(&self) -> u64 {
        u64::MAX.checked_shr(64 - 8 * self.width as u32).unwrap_or_default()
    }

    /// The number of a row; 0 of one that there is not.
    pub(super) fn get(&self, row: usize) -> u64 {
        let word = self.bytes.get(row * self.width..).and_then(|bytes| bytes.first_chunk());
        word.map_or(0, |word| u64::from_le_bytes(*word) & self.mask())
    }

    /// No number is above this.
    pub(super) fn all_below(&self, limit: usize) -> bool {
        (0..self.len).all(|row| self.get(row) < limit as u64)
    }

    /// Keeps the rows whose number passes.
    pub(super) fn keep(&self, rows: &mut Bitmap, test: impl Fn(u64) -> bool) {
        match self.width {
            0 if test(0) => {}
            0 => *rows = Bitmap::none(self.len),
            1 => self.keep_each::<1>(rows, |bytes| test(u64::from(u8::from_le_bytes(bytes)))),
            2 => self.keep_each::<2>(rows, |bytes| test(u64::from(u16::from_le_bytes(bytes)))),
            _ => {
                let mut row = 0;
                for word in rows.words_mut() {
                    if *word != 0 {
                        let bits = (0..64).map(|n| u64::from(test(self.get(row + n))) << n);
                        *word &= bits.fold(0, |all, bit| all | bit);
                    }
                    row += 64;
                }
            }
        }
    }

    fn keep_each<const WIDTH: usize>(&self, rows: &mut Bitmap, test: impl Fn([u8; WIDTH]) -> bool) {
        let (numbers, _) = self.bytes.as_chunks::<WIDTH>();
        for (word, numbers) in rows.words_mut().zip(numbers.chunks(64)) {
            if *word != 0 {
                let bits = numbers.iter().enumerate().map(|(n, number)| u64::from(test(*number)) << n);
                *word &= bits.fold(0, |all, bit| all | bit);
            }
        }
    }

    pub(super) fn memory(&self) -> usize {
        self.bytes.capacity()
    }
}

/// Numbers that may be absent: how far each is above the one before the smallest, and 0 where there is none.
#[derive(Debug)]
pub(super) struct Numbers {
    smallest: i64,
    above: Packed,
}

impl Numbers {
    /// The numbers, written: the smallest in eight bytes, then the rest packed.
    pub(super) fn write(numbers: &[Option<i64>]) -> Result<Vec<u8>, SegmentError> {
        let smallest = numbers.iter().flatten().min().copied().unwrap_or_default();
        let above = |number: &Option<i64>| match number {
            Some(number) => number.abs_diff(smallest).checked_add(1),
            None => Some(0),
        };
        let above: Option<Vec<u64>> = numbers.iter().map(above).collect();
        let mut bytes = smallest.to_le_bytes().to_vec();
        Packed::write(&mut bytes, &above.ok_or(SegmentError::Unfit("numbers too far apart"))?);
        Ok(bytes)
    }

    /// So many numbers.
    pub(super) fn read(input: &mut Input<'_>, len: usize) -> Result<Self, SegmentError> {
        let smallest = input.array().map(i64::from_le_bytes)?;
        let above = Packed::read(input, len)?;
        Ok(Self { smallest, above })
    }

    fn number(&self, above: u64) -> Option<i64> {
        Some(self.smallest.saturating_add_unsigned(above.checked_sub(1)?))
    }

    /// The number of a row.
    pub(super) fn get(&self, row: usize) -> Option<i64> {
        self.number(self.above.get(row))
    }

    /// No row has one.
    pub(super) fn is_empty(&self) -> bool {
        self.above.width == 0
    }

    /// Keeps the rows whose number passes.
    pub(super) fn keep(&self, rows: &mut Bitmap, test: impl Fn(Option<i64>) -> bool) {
        self.above.keep(rows, |above| test(self.number(above)));
    }

    pub(super) fn memory(&self) -> usize {
        self.above.memory()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_width_come_back_and_are_compared() {
        for top in [0, 1, 254, 255, 65_534, 65_535, 1 << 24, 1 << 40, 1 << 56, i64::MAX - 1] {
            let numbers: Vec<_> = (0..130).map(|n| (n % 3 > 0).then_some(top / 130 * n)).collect();
            let bytes = Numbers::write(&numbers).unwrap();

            let read = Numbers::read(&mut Input(&bytes), numbers.len()).unwrap();

            assert!((0..130).all(|row| read.get(row) == numbers[row]), "{top}");
            let mut rows = Bitmap::all(130);
            read.keep(&mut rows, |number| number.is_some_and(|number| number >= top / 2));
            assert!(rows.rows().eq((0..130).filter(|row| numbers[*row].is_some_and(|n| n >= top / 2))));
            assert!(Numbers::read(&mut Input(&bytes[..bytes.len() - 1]), 130).is_err() || read.is_empty());
        }
        assert!(Numbers::write(&[Some(i64::MIN), Some(i64::MAX)]).is_err());
        assert!(Numbers::read(&mut Input(&[0; 9]), usize::MAX).is_ok_and(|none| none.is_empty()));
        assert!(Packed::read(&mut Input(&[9; 99]), 2).is_err());
    }
}
