//! The zip file that a modern workbook is. What its directory says is not believed: parts are counted as they unpack.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use zip::ZipReadOptions;
use zip::read::{Config, ZipFile, ZipFileEntry};
use zip::result::ZipError;
use zip::unstable::read::ZipIterable;

use super::xml::Xml;
use super::{SheetError, limits};

/// Most bytes of the directory that are read, and most parts. A real workbook has some dozens.
const DIRECTORY: u64 = 4 << 20;
const PARTS: usize = 10_000;

/// A workbook's parts, each of which is read once.
#[derive(Debug)]
pub(super) struct Package {
    file: Metered,
    /// Bytes of the whole file: no part is packed into more, whatever it claims.
    size: u64,
    parts: HashMap<String, ZipFileEntry<'static>>,
}

/// A part as it unpacks.
pub(super) type Part<'a> = Bounded<BufReader<ZipFile<'a, Metered>>>;

impl Package {
    /// Reads the directory. Not by `ZipArchive`, which makes room for as many parts as the file claims to have.
    pub(super) fn open(file: File) -> Result<Self, SheetError> {
        let size = file.metadata().map_err(SheetError::Io)?.len();
        let mut zip =
            ZipIterable::try_new(Metered { file, left: DIRECTORY }, Config::default()).map_err(zipped)?;
        if zip.len() > PARTS {
            return Err(SheetError::damaged("it has more than 10,000 parts"));
        }
        let mut parts = HashMap::new();
        let entries = zip.files().map_err(zipped)?;
        for entry in &mut *entries {
            let entry = entry.map_err(zipped)?;
            let name = plain(&entry.name().map_err(zipped)?);
            parts.insert(name, entry);
        }
        let file = entries.reader_mut().file.try_clone().map_err(SheetError::Io)?;
        Ok(Self { file: Metered { file, left: u64::MAX }, size, parts })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.parts.contains_key(&plain(name))
    }

    /// Takes the part of this name, which may unpack to so many bytes.
    pub(super) fn part(&mut self, name: &str, limit: u64) -> Result<Option<Part<'_>>, SheetError> {
        let Some(entry) = self.parts.remove(&plain(name)) else { return Ok(None) };
        let packed = entry.compressed_size().min(self.size);
        let grown = packed.saturating_mul(limits::GROWTH).max(limits::PACKED_DENSELY);
        let part = entry.with_reader(&mut self.file, ZipReadOptions::new()).map_err(zipped)?;
        Ok(Some(Bounded {
            inner: BufReader::with_capacity(64 << 10, part),
            used: 0,
            limit: limit.min(grown),
            too_large: match limit {
                ..=limits::DESCRIPTION => "describes too many styles or sheets",
                _ if grown < limit => "unpacks to more than 60 times its size",
                _ => "unpacks to more than 2 GB",
            },
            step: usize::MAX,
            spent: None,
        }))
    }

    /// The same as XML.
    pub(super) fn xml(&mut self, name: &str, limit: u64) -> Result<Option<Xml<'_>>, SheetError> {
        Ok(self.part(name, limit)?.map(Xml::new))
    }

    /// The beginning of a part.
    pub(super) fn start(&mut self, name: &str, length: u64) -> Result<Vec<u8>, SheetError> {
        let mut start = Vec::new();
        if let Some(part) = self.part(name, u64::MAX)? {
            part.take(length).read_to_end(&mut start).map_err(SheetError::unpacking)?;
        }
        Ok(start)
    }
}

/// Names are compared as the programs do that read them.
fn plain(name: &str) -> String {
    name.replace('\\', "/").trim_start_matches('/').to_ascii_lowercase()
}

fn zipped(error: ZipError) -> SheetError {
    match error {
        ZipError::Io(error) => SheetError::unpacking(error),
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => SheetError::Protected,
        error => SheetError::damaged(error.to_string()),
    }
}

/// A file of which only so much is read.
#[derive(Debug)]
pub(super) struct Metered {
    file: File,
    left: u64,
}

impl Read for Metered {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 && !out.is_empty() {
            return Err(io::Error::other("its list of parts is too long"));
        }
        let length = out.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let read = self.file.read(&mut out[..length])?;
        self.left -= read as u64;
        Ok(read)
    }
}

impl Seek for Metered {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// What a reader has had too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spent {
    All,
    Step,
}

/// A reader that stops after so many bytes in all, and after so many in one step.
#[derive(Debug)]
pub(super) struct Bounded<R> {
    inner: R,
    used: u64,
    limit: u64,
    too_large: &'static str,
    step: usize,
    spent: Option<Spent>,
}

impl<R> Bounded<R> {
    /// Begins a step.
    pub(super) fn allow(&mut self, step: usize) {
        self.step = step;
    }

    /// The error of a read, in the light of what was spent.
    pub(super) fn failed(&self, error: io::Error) -> SheetError {
        match self.spent {
            Some(Spent::All) => SheetError::TooLarge(self.too_large),
            Some(Spent::Step) => SheetError::damaged("one element of it is longer than 4 MB"),
            None => SheetError::unpacking(error),
        }
    }

    /// How many bytes came.
    pub(super) fn used(&self) -> u64 {
        self.used
    }
}

impl<R: BufRead> BufRead for Bounded<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let bytes = self.inner.fill_buf()?;
        if bytes.is_empty() {
            return Ok(bytes);
        }
        let left = self.limit.saturating_sub(self.used);
        self.spent = match (left, self.step) {
            (0, _) => Some(Spent::All),
            (_, 0) => Some(Spent::Step),
            _ => None,
        };
        if self.spent.is_some() {
            return Err(io::Error::other("too long"));
        }
        let length = bytes.len().min(self.step).min(usize::try_from(left).unwrap_or(usize::MAX));
        Ok(&bytes[..length])
    }

    fn consume(&mut self, length: usize) {
        self.inner.consume(length);
        self.used += length as u64;
        self.step = self.step.saturating_sub(length);
    }
}

impl<R: BufRead> Read for Bounded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let bytes = self.fill_buf()?;
        let length = bytes.len().min(out.len());
        out[..length].copy_from_slice(&bytes[..length]);
        self.consume(length);
        Ok(length)
    }
}
