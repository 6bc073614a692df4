//! What a file has named before: a set on disk, so that a million names take no memory.

use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::os::unix::fs::FileExt as _;

/// Bytes of a slot: a hash of 128 bits. Two names of one hash are as good as impossible.
const SLOT: u64 = 16;
/// Slots at first.
const FIRST: u64 = 1 << 14;

/// A set of texts, open addressing in a temporary file.
#[derive(Debug)]
pub(super) struct Seen {
    file: File,
    slots: u64,
    used: u64,
    hashers: [RandomState; 2],
}

impl Seen {
    /// Nothing seen yet.
    pub(super) fn new() -> io::Result<Self> {
        let hashers = [RandomState::new(), RandomState::new()];
        Ok(Self { file: empty(FIRST)?, slots: FIRST, used: 0, hashers })
    }

    /// Takes a text in; whether it is new.
    pub(super) fn insert(&mut self, text: &str) -> io::Result<bool> {
        let [high, low] = &self.hashers;
        let hash = u128::from(high.hash_one(text)) << 64 | u128::from(low.hash_one(text));
        if !put(&self.file, self.slots, hash.max(1))? {
            return Ok(false);
        }
        self.used += 1;
        if self.used * 2 > self.slots {
            self.grow()?;
        }
        Ok(true)
    }

    fn grow(&mut self) -> io::Result<()> {
        let slots = self.slots * 4;
        let file = empty(slots)?;
        let mut part = vec![0; 64 * 1024];
        let (mut at, end) = (0, self.slots * SLOT);
        while at < end {
            let length = part.len().min(usize::try_from(end - at).unwrap_or(usize::MAX));
            let Some(part) = part.get_mut(..length) else { break };
            self.file.read_exact_at(part, at)?;
            for slot in part.as_chunks::<16>().0 {
                let hash = u128::from_le_bytes(*slot);
                if hash != 0 {
                    put(&file, slots, hash)?;
                }
            }
            at += length as u64;
        }
        (self.file, self.slots) = (file, slots);
        Ok(())
    }
}

fn empty(slots: u64) -> io::Result<File> {
    let file = tempfile::tempfile()?;
    file.set_len(slots * SLOT)?;
    Ok(file)
}

/// Puts a hash, which is not zero, into its slot or the next that is free; whether it is new.
fn put(file: &File, slots: u64, hash: u128) -> io::Result<bool> {
    let mut at = u64::try_from(hash >> 64).unwrap_or_default() % slots;
    let mut slot = [0; 16];
    loop {
        file.read_exact_at(&mut slot, at * SLOT)?;
        match u128::from_le_bytes(slot) {
            0 => {
                file.write_all_at(&hash.to_le_bytes(), at * SLOT)?;
                return Ok(true);
            }
            known if known == hash => return Ok(false),
            _ => at = (at + 1) % slots,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_is_known_however_much_it_is() {
        let mut seen = Seen::new().unwrap();
        let name = |n: usize| format!("{n}@example.com");

        assert!((0..50_000).all(|n| seen.insert(&name(n)).unwrap()));

        assert!((0..50_000).all(|n| !seen.insert(&name(n)).unwrap()));
        assert!(seen.insert(&name(50_000)).unwrap());
    }
}
