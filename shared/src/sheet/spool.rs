//! A worksheet's rows in a temporary file, so that every workbook reads alike and none stays in memory.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};

use super::limits;
use super::{Record, SheetError};

const BUFFER: usize = 64 << 10;
/// Row, repeats, cells, bytes of text.
const HEAD: usize = 4 * size_of::<u32>();

const ROWS: &str = "has more than 1,048,576 rows";
const REPEATS: &str = "has over 1,000 rows in a row that are alike";

/// Takes the cells of a worksheet row by row, and of the next worksheet if that one is blank.
#[derive(Debug)]
pub(super) struct SpoolWriter {
    file: BufWriter<File>,
    size: u64,
    /// Bytes of text that came, of all worksheets and of blank rows too: these take time, if no room.
    text_size: u64,
    row: u32,
    repeats: u32,
    text: String,
    /// Column and end of each cell of the row.
    cells: Vec<(u32, u32)>,
    begun: u32,
}

impl SpoolWriter {
    pub(super) fn new() -> Result<Self, SheetError> {
        let file = tempfile::tempfile().map_err(SheetError::Io)?;
        Ok(Self {
            file: BufWriter::with_capacity(BUFFER, file),
            size: 0,
            text_size: 0,
            row: 0,
            repeats: 1,
            text: String::new(),
            cells: Vec::new(),
            begun: 0,
        })
    }

    /// Begins a row, 1 or more, that stands so many times one below the other. Rows come in order.
    pub(super) fn row(&mut self, row: u32, repeats: u32) -> Result<(), SheetError> {
        self.flush()?;
        if row <= self.row {
            return Err(SheetError::damaged(format!("row {row} comes after row {}", self.row)));
        }
        self.begun += 1;
        if self.begun > limits::WORKSHEET_ROWS {
            return Err(SheetError::TooLarge(ROWS));
        }
        (self.row, self.repeats) = (row, repeats.max(1));
        Ok(())
    }

    /// The row that was begun last; 0 if none was.
    pub(super) fn current(&self) -> u32 {
        self.row
    }

    /// Adds a cell to the row, its column counted from 0.
    pub(super) fn cell(&mut self, column: u32, text: &str) -> Result<(), SheetError> {
        if text.is_empty() {
            return Ok(());
        }
        limits::check(self.row, column as usize, text.len(), self.text.len() + text.len())?;
        if self.cells.len() >= limits::COLUMNS {
            return Err(SheetError::damaged(format!("row {} has a cell more than once", self.row)));
        }
        self.text.push_str(text);
        self.cells.push((column, self.text.len() as u32));
        Ok(())
    }

    fn flush(&mut self) -> Result<(), SheetError> {
        let is_blank = self.text.trim().is_empty();
        if !is_blank && self.row.saturating_add(self.repeats - 1) > limits::WORKSHEET_ROWS {
            return Err(SheetError::TooLarge(ROWS));
        }
        if !is_blank && self.repeats > limits::REPEATS {
            return Err(SheetError::TooLarge(REPEATS));
        }
        let repeats = if is_blank { 1 } else { self.repeats };
        self.text_size += self.text.len() as u64 * u64::from(repeats);
        if self.text_size > limits::TEXT {
            return Err(SheetError::TooLarge("holds more than 1 GB of text"));
        }
        if !is_blank {
            let head = [self.row, self.repeats, self.cells.len() as u32, self.text.len() as u32];
            let cells = self.cells.iter().flat_map(|(column, end)| [*column, *end]);
            for number in head.into_iter().chain(cells) {
                self.file.write_all(&number.to_le_bytes()).map_err(SheetError::Io)?;
            }
            self.file.write_all(self.text.as_bytes()).map_err(SheetError::Io)?;
            self.size += (HEAD + self.cells.len() * 8 + self.text.len()) as u64;
        }
        self.text.clear();
        self.cells.clear();
        Ok(())
    }

    /// The rows, from the first; if all are blank, the writer for the next worksheet.
    pub(super) fn finish(mut self) -> Result<Finished, SheetError> {
        self.flush()?;
        if self.size == 0 {
            return Ok(Finished::Blank(Self { row: 0, begun: 0, ..self }));
        }
        let mut file = self.file.into_inner().map_err(|error| SheetError::Io(error.into_error()))?;
        file.seek(SeekFrom::Start(0)).map_err(SheetError::Io)?;
        Ok(Finished::Rows(Spool {
            file: BufReader::with_capacity(BUFFER, file),
            size: self.size,
            left: self.size,
            row: 0,
            repeats: 0,
            cells: Vec::new(),
            text: Vec::new(),
        }))
    }
}

/// A worksheet that came to its end.
#[derive(Debug)]
pub(super) enum Finished {
    Rows(Spool),
    Blank(SpoolWriter),
}

/// The rows of a worksheet that are not blank.
#[derive(Debug)]
pub(super) struct Spool {
    file: BufReader<File>,
    size: u64,
    left: u64,
    row: u32,
    /// How often the row at hand is still to come.
    repeats: u32,
    cells: Vec<(u32, u32)>,
    text: Vec<u8>,
}

impl Spool {
    /// The same from its beginning.
    pub(super) fn again(mut self) -> Result<Self, SheetError> {
        self.file.seek(SeekFrom::Start(0)).map_err(SheetError::Io)?;
        Ok(Self { left: self.size, row: 0, repeats: 0, ..self })
    }

    pub(super) fn read(&mut self, record: &mut Record, width: usize) -> Result<bool, SheetError> {
        if self.repeats == 0 {
            if self.left == 0 {
                return Ok(false);
            }
            self.load().map_err(SheetError::Io)?;
        }
        record.clear(self.row, width);
        let text = std::str::from_utf8(&self.text).map_err(|_| broken()).map_err(SheetError::Io)?;
        let mut start = 0;
        for (column, end) in &self.cells {
            record.fill(*column as usize, text.get(start..*end as usize).unwrap_or_default());
            start = *end as usize;
        }
        self.row += 1;
        self.repeats -= 1;
        Ok(true)
    }

    fn load(&mut self) -> io::Result<()> {
        let [row, repeats, cells, length] = self.numbers()?;
        self.cells.clear();
        for _ in 0..cells {
            let [column, end] = self.numbers()?;
            self.cells.push((column, end));
        }
        self.text.resize(length as usize, 0);
        self.file.read_exact(&mut self.text)?;
        let size = HEAD as u64 + u64::from(cells) * 8 + u64::from(length);
        self.left = self.left.checked_sub(size).ok_or_else(broken)?;
        (self.row, self.repeats) = (row, repeats);
        Ok(())
    }

    fn numbers<const N: usize>(&mut self) -> io::Result<[u32; N]> {
        let mut numbers = [0; N];
        for number in &mut numbers {
            let mut bytes = [0; 4];
            self.file.read_exact(&mut bytes)?;
            *number = u32::from_le_bytes(bytes);
        }
        Ok(numbers)
    }
}

fn broken() -> io::Error {
    io::Error::other("a temporary file changed while it was read")
}
