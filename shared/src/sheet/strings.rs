//! The shared strings of a workbook: its cells name them by number. They lie in a temporary file behind a cache, for a
//! million rows may share hundreds of megabytes; programs number them as they come, so neighbours are read together.

use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};

use super::SheetError;
use super::limits;

const BLOCK: usize = 8 << 10;
/// How many blocks are kept: 16 MB of them.
const BLOCKS: usize = 2_048;

/// Takes the strings in order.
#[derive(Debug)]
pub(super) struct StringsWriter {
    file: BufWriter<File>,
    ends: Vec<u32>,
    size: u64,
}

impl StringsWriter {
    pub(super) fn new() -> Result<Self, SheetError> {
        let file = tempfile::tempfile().map_err(SheetError::Io)?;
        Ok(Self { file: BufWriter::new(file), ends: Vec::new(), size: 0 })
    }

    pub(super) fn push(&mut self, text: &str) -> Result<(), SheetError> {
        if self.ends.len() >= limits::SHARED_STRINGS {
            return Err(SheetError::TooLarge("has more than 8 million different texts"));
        }
        self.size += text.len() as u64;
        if self.size > limits::TEXT {
            return Err(SheetError::TooLarge("holds more than 1 GB of text"));
        }
        self.ends.push(self.size as u32);
        self.file.write_all(text.as_bytes()).map_err(SheetError::Io)
    }

    pub(super) fn finish(self) -> Result<Strings, SheetError> {
        let file = self.file.into_inner().map_err(|error| SheetError::Io(error.into_error()))?;
        let blocks = (self.size as usize).div_ceil(BLOCK).min(BLOCKS);
        Ok(Strings { file, ends: self.ends, blocks: vec![None; blocks], found: Vec::new() })
    }
}

/// The strings of a workbook.
#[derive(Debug)]
pub(super) struct Strings {
    file: File,
    ends: Vec<u32>,
    /// The blocks that were read last, each in the place of its number modulo their count.
    blocks: Vec<Option<(usize, Vec<u8>)>>,
    found: Vec<u8>,
}

impl Strings {
    /// Those of a workbook that has none.
    pub(super) fn none() -> Result<Self, SheetError> {
        StringsWriter::new()?.finish()
    }

    /// The string of this number.
    pub(super) fn find(&mut self, number: usize) -> Result<&str, SheetError> {
        let unknown = || SheetError::damaged("a cell names a text that is not there");
        let end = *self.ends.get(number).ok_or_else(unknown)? as usize;
        let mut at = match number {
            0 => 0,
            _ => *self.ends.get(number - 1).ok_or_else(unknown)? as usize,
        };
        self.found.clear();
        while at < end {
            let block = self.load(at / BLOCK).map_err(SheetError::Io)?;
            let offset = at % BLOCK;
            let length = (end - at).min(BLOCK - offset);
            let part = self.blocks.get(block).and_then(Option::as_ref).and_then(|(_, bytes)| {
                bytes.get(offset..offset + length) //
            });
            self.found.extend_from_slice(part.ok_or_else(unknown)?);
            at += length;
        }
        std::str::from_utf8(&self.found).map_err(|_| unknown())
    }

    /// Reads a block unless it is there; the place where it is kept.
    fn load(&mut self, number: usize) -> std::io::Result<usize> {
        let place = number % self.blocks.len().max(1);
        let Some(kept) = self.blocks.get_mut(place) else { return Ok(place) };
        if kept.as_ref().is_none_or(|(there, _)| *there != number) {
            let mut bytes = kept.take().map(|(_, bytes)| bytes).unwrap_or_else(|| Vec::with_capacity(BLOCK));
            bytes.clear();
            self.file.seek(SeekFrom::Start((number * BLOCK) as u64))?;
            Read::take(&mut self.file, BLOCK as u64).read_to_end(&mut bytes)?;
            *kept = Some((number, bytes));
        }
        Ok(place)
    }
}
