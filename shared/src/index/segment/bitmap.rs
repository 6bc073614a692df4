//! Which rows of a segment: a bit each.

/// A set of rows, the oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bitmap {
    words: Vec<u64>,
    rows: usize,
}

impl Bitmap {
    /// No row of so many.
    pub fn none(rows: usize) -> Self {
        Self { words: vec![0; rows.div_ceil(64)], rows }
    }

    /// All of so many rows.
    pub fn all(rows: usize) -> Self {
        let mut all = Self { words: vec![u64::MAX; rows.div_ceil(64)], rows };
        if let (Some(last), 1..) = (all.words.last_mut(), rows % 64) {
            *last = (1 << (rows % 64)) - 1;
        }
        all
    }

    /// Of how many rows.
    pub fn size(&self) -> usize {
        self.rows
    }

    /// Takes a row in; one that there is not is passed over.
    pub fn set(&mut self, row: usize) {
        if row < self.rows
            && let Some(word) = self.words.get_mut(row / 64)
        {
            *word |= 1 << (row % 64);
        }
    }

    /// Whether a row is in.
    pub fn has(&self, row: usize) -> bool {
        self.words.get(row / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    /// How many rows are in.
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// How many rows are in both.
    pub fn count_with(&self, other: &Self) -> usize {
        self.words.iter().zip(&other.words).map(|(a, b)| (a & b).count_ones() as usize).sum()
    }

    /// How many rows before one are in.
    pub fn count_before(&self, row: usize) -> usize {
        let whole = self.words.iter().take(row / 64).map(|word| word.count_ones() as usize).sum::<usize>();
        let rest = self.words.get(row / 64).map_or(0, |word| word & ((1 << (row % 64)) - 1));
        whole + rest.count_ones() as usize
    }

    /// No row is in.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// Keeps what is in the other too.
    pub fn keep(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= other);
    }

    /// Takes in what is in the other.
    pub fn add(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word |= other);
    }

    /// Takes out what is in the other.
    pub fn remove(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= !other);
    }

    /// Keeps rows from one up to but not including another.
    pub fn keep_range(&mut self, from: usize, to: usize) {
        for (n, word) in self.words.iter_mut().enumerate() {
            let below = |row: usize| match row.saturating_sub(n * 64) {
                rest @ 0..64 => (1 << rest) - 1,
                _ => u64::MAX,
            };
            *word &= below(to) & !below(from);
        }
    }

    /// 64 rows each, to be narrowed.
    pub(super) fn words_mut(&mut self) -> impl Iterator<Item = &mut u64> {
        self.words.iter_mut()
    }

    /// The rows that are in, the oldest first.
    pub fn rows(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(n, word)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                let row = (rest != 0).then(|| n * 64 + rest.trailing_zeros() as usize)?;
                rest &= rest - 1;
                Some(row)
            })
        })
    }

    /// The rows that are in, the newest first.
    pub fn newest(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().rev().flat_map(|(n, word)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                let bit = 63_usize.checked_sub(rest.leading_zeros() as usize)?;
                rest &= !(1 << bit);
                Some(n * 64 + bit)
            })
        })
    }

    pub(super) fn memory(&self) -> usize {
        self.words.capacity() * size_of::<u64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_in_both_orders_and_ranges_have_both_ends_right() {
        for rows in [1, 63, 64, 65, 128, 200] {
            let all = Bitmap::all(rows);
            let mut odd = Bitmap::none(rows);
            (0..rows + 99).filter(|row| row % 2 == 1).for_each(|row| odd.set(row));

            assert_eq!((all.count(), odd.count()), (rows, rows / 2));
            assert!((0..rows + 70).all(|row| odd.count_before(row) == row.min(rows) / 2));
            assert!(odd.rows().eq((0..rows).filter(|row| row % 2 == 1)));
            assert!(odd.newest().eq((0..rows).rev().filter(|row| row % 2 == 1)));
            for (from, to) in [(0, rows), (1, 64), (63, 65), (64, 64), (rows, rows), (5, 3), (0, 999)] {
                let mut range = all.clone();
                range.keep_range(from, to);
                assert!(range.rows().eq(from..to.min(rows)), "{from} to {to} of {rows}");
            }
        }
    }
}
