//! Compound files ([MS-CFB]): a file system in a file, in which old workbooks and encrypted ones lie.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use super::SheetError;

const HEADER: usize = 512;
const ENTRY: usize = 128;
const MINI_SECTOR: usize = 64;
/// Streams below this size lie in mini sectors.
const MINI_STREAM: u64 = 4_096;
/// Sector numbers from here on mean the end or nothing.
const NO_SECTOR: u32 = 0xFFFF_FFFA;
const ROOT: u32 = 0;
/// Most entries of the root that are looked at.
const ENTRIES: usize = 10_000;

/// A compound file.
#[derive(Debug)]
pub(super) struct Cfb {
    file: File,
    sector: usize,
    /// The next sector of each, by which streams are chained.
    fat: Vec<u32>,
    directory: Vec<u32>,
    mini_fat_start: u32,
}

struct Entry {
    name: String,
    left: u32,
    right: u32,
    child: u32,
    start: u32,
    size: u64,
}

impl Cfb {
    pub(super) fn open(mut file: File) -> Result<Self, SheetError> {
        let size = file.seek(SeekFrom::End(0)).map_err(SheetError::Io)?;
        let mut header = vec![0; HEADER];
        read_at(&mut file, 0, &mut header)?;
        let sector = match u16_at(&header, 30) {
            9 => 512,
            12 => 4_096,
            _ => return Err(SheetError::damaged("its sectors have an unknown size")),
        };
        let sectors = (size / sector as u64) as usize + 1;
        let mut cfb = Self {
            file,
            sector,
            fat: Vec::new(),
            directory: Vec::new(),
            mini_fat_start: u32_at(&header, 60),
        };
        cfb.fat = cfb.load_fat(&header, sectors)?;
        cfb.directory = chain(&cfb.fat, u32_at(&header, 48))?;
        Ok(cfb)
    }

    /// The table of all sectors. Its own sectors are listed in the header and, if they are many, in a chain of lists.
    fn load_fat(&mut self, header: &[u8], sectors: usize) -> Result<Vec<u32>, SheetError> {
        let mut fat = Vec::new();
        let mut list: Vec<u32> = numbers(&header[76..]).collect();
        let mut next = u32_at(header, 68);
        for _ in 0..=sectors {
            for &number in list.iter().filter(|number| **number < NO_SECTOR) {
                fat.extend(numbers(&self.load(number)?));
                if fat.len() >= sectors {
                    fat.truncate(sectors);
                    return Ok(fat);
                }
            }
            if next >= NO_SECTOR {
                break;
            }
            list = numbers(&self.load(next)?).collect();
            next = list.pop().unwrap_or(NO_SECTOR);
        }
        Ok(fat)
    }

    fn load(&mut self, number: u32) -> Result<Vec<u8>, SheetError> {
        let mut sector = vec![0; self.sector];
        let at = self.offset(number);
        read_at(&mut self.file, at, &mut sector)?;
        Ok(sector)
    }

    fn offset(&self, number: u32) -> u64 {
        (u64::from(number) + 1) * self.sector as u64
    }

    fn entry(&mut self, id: u32) -> Result<Entry, SheetError> {
        let at = id as usize * ENTRY;
        let sector = self.directory.get(at / self.sector).copied().ok_or_else(|| broken("directory"))?;
        let mut entry = [0; ENTRY];
        let at = self.offset(sector) + (at % self.sector) as u64;
        read_at(&mut self.file, at, &mut entry)?;
        let units = entry[..64].chunks_exact(2).map(|unit| u16_at(unit, 0)).take_while(|unit| *unit != 0);
        Ok(Entry {
            name: char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect(),
            left: u32_at(&entry, 68),
            right: u32_at(&entry, 72),
            child: u32_at(&entry, 76),
            start: u32_at(&entry, 116),
            size: u64::from(u32_at(&entry, 120)),
        })
    }

    /// The entry of this name at the top.
    fn find(&mut self, name: &str) -> Result<Option<Entry>, SheetError> {
        let mut open = vec![self.entry(ROOT)?.child];
        for _ in 0..ENTRIES {
            let Some(id) = open.pop() else { return Ok(None) };
            if id >= NO_SECTOR {
                continue;
            }
            let entry = self.entry(id)?;
            if entry.name.eq_ignore_ascii_case(name) {
                return Ok(Some(entry));
            }
            open.extend([entry.left, entry.right]);
        }
        Err(broken("directory"))
    }

    pub(super) fn has(&mut self, name: &str) -> Result<bool, SheetError> {
        Ok(self.find(name)?.is_some())
    }

    /// The stream of this name.
    pub(super) fn stream(&mut self, name: &str) -> Result<Option<Stream>, SheetError> {
        let Some(entry) = self.find(name)? else { return Ok(None) };
        let (offsets, unit) = if entry.size < MINI_STREAM {
            (self.mini_offsets(entry.start)?, MINI_SECTOR)
        } else {
            (
                chain(&self.fat, entry.start)?.into_iter().map(|number| self.offset(number)).collect(),
                self.sector,
            )
        };
        let size = entry.size.min((offsets.len() * unit) as u64);
        let file = self.file.try_clone().map_err(SheetError::Io)?;
        Ok(Some(Stream { file, offsets, unit, size, at: 0 }))
    }

    /// Where the mini sectors of a chain lie. They are cut from the stream of the root.
    fn mini_offsets(&mut self, start: u32) -> Result<Vec<u64>, SheetError> {
        let root = self.entry(ROOT)?.start;
        let container = chain(&self.fat, root)?;
        let mut fat = Vec::new();
        for number in chain(&self.fat, self.mini_fat_start)? {
            fat.extend(numbers(&self.load(number)?));
        }
        let offset = |number: u32| {
            let at = number as usize * MINI_SECTOR;
            let sector = container.get(at / self.sector)?;
            Some(self.offset(*sector) + (at % self.sector) as u64)
        };
        let offsets = chain(&fat, start)?.into_iter().map(offset);
        offsets.collect::<Option<Vec<u64>>>().ok_or_else(|| broken("chain of sectors"))
    }
}

/// The sectors of a chain, which cannot have more than there are.
fn chain(fat: &[u32], start: u32) -> Result<Vec<u32>, SheetError> {
    let mut sectors = Vec::new();
    let mut number = start;
    while number < NO_SECTOR {
        if sectors.len() >= fat.len() {
            return Err(broken("chain of sectors"));
        }
        sectors.push(number);
        number = *fat.get(number as usize).ok_or_else(|| broken("chain of sectors"))?;
    }
    Ok(sectors)
}

fn broken(what: &str) -> SheetError {
    SheetError::damaged(format!("its {what} is broken"))
}

fn read_at(file: &mut File, at: u64, out: &mut [u8]) -> Result<(), SheetError> {
    file.seek(SeekFrom::Start(at)).map_err(SheetError::Io)?;
    file.read_exact(out).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => SheetError::damaged("it ends too early"),
        _ => SheetError::unpacking(error),
    })
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).map_or(0, |field| u16::from_le_bytes([field[0], field[1]]))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}

fn numbers(bytes: &[u8]) -> impl Iterator<Item = u32> {
    bytes.chunks_exact(4).map(|number| u32_at(number, 0))
}

/// A stream of a compound file.
#[derive(Debug)]
pub(super) struct Stream {
    file: File,
    offsets: Vec<u64>,
    unit: usize,
    size: u64,
    at: u64,
}

impl Read for Stream {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let offset = (self.at % self.unit as u64) as usize;
        let Some(start) = self.offsets.get((self.at / self.unit as u64) as usize) else { return Ok(0) };
        let left = usize::try_from(self.size.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let length = out.len().min(self.unit - offset).min(left);
        self.file.seek(SeekFrom::Start(start + offset as u64))?;
        let read = self.file.read(&mut out[..length])?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Stream {
    /// Goes on from this position.
    pub(super) fn seek(&mut self, at: u64) {
        self.at = at;
    }
}
