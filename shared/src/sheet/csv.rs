//! CSV as spreadsheet programs read it: rows are counted, blank ones too, and a quotation mark counts only at the
//! beginning of a cell.

use std::fs::File;
use std::io::{BufRead, BufReader, Chain, Cursor};

use super::delimiter;
use super::error::RowProblem;
use super::limits;
use super::text::Text;
use super::{Record, SheetError};

const BUFFER: usize = 64 << 10;

/// The rows of a CSV file.
#[derive(Debug)]
pub(super) struct Csv {
    text: Chain<Cursor<Vec<u8>>, BufReader<Text>>,
    line: Line,
    row: u32,
}

impl Csv {
    pub(super) fn open(file: File) -> Result<Self, SheetError> {
        let mut text = BufReader::with_capacity(BUFFER, Text::open(file)?);
        let mut head = Vec::with_capacity(2 * BUFFER);
        while head.len() < BUFFER {
            let more = text.fill_buf().map_err(SheetError::Io)?;
            let length = more.len();
            if length == 0 {
                break;
            }
            head.extend_from_slice(more);
            text.consume(length);
        }
        let (delimiter, skipped) = match delimiter::declared(&head) {
            Some((delimiter, length)) => (delimiter, length),
            None => (delimiter::guessed(&head), 0),
        };
        let mut head = Cursor::new(head);
        head.set_position(skipped as u64);
        Ok(Self { text: std::io::Read::chain(head, text), line: Line::new(delimiter), row: 0 })
    }

    /// The next row that is not blank; false at the end.
    pub(super) fn read(&mut self, record: &mut Record, width: usize) -> Result<bool, SheetError> {
        while self.next()? {
            let text = self.line.text()?;
            if !text.trim().is_empty() {
                self.line.write(text, record, self.row, width);
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The next line, blank or not; false at the end.
    fn next(&mut self) -> Result<bool, SheetError> {
        self.line.clear();
        self.row = self.row.saturating_add(1);
        loop {
            let bytes = self.text.fill_buf().map_err(SheetError::Io)?;
            if bytes.is_empty() {
                return self.line.end().map_err(|problem| SheetError::row(self.row, problem));
            }
            let (used, ended) = self.line.push(bytes, self.row)?;
            self.text.consume(used);
            if ended {
                return Ok(true);
            }
        }
    }

    /// The same from its beginning.
    pub(super) fn again(self) -> Result<Self, SheetError> {
        Self::open(self.text.into_inner().1.into_inner().into_file())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// A cell begins.
    Start,
    Plain,
    Quoted,
    /// After a quotation mark within quotation marks: the end of them, or half of a doubled one.
    Quote,
}

/// One row being put together.
#[derive(Debug)]
pub(super) struct Line {
    delimiter: u8,
    state: State,
    /// The row before ended in CR: an LF still belongs to it.
    after_cr: bool,
    begun: bool,
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Line {
    pub(super) fn new(delimiter: u8) -> Self {
        Self {
            delimiter,
            state: State::Start,
            after_cr: false,
            begun: false,
            text: Vec::new(),
            ends: Vec::new(),
        }
    }

    pub(super) fn clear(&mut self) {
        (self.state, self.begun) = (State::Start, false);
        self.text.clear();
        self.ends.clear();
    }

    /// How many cells the row has so far.
    pub(super) fn cells(&self) -> usize {
        self.ends.len()
    }

    /// Whether the row has any text so far.
    pub(super) fn is_blank(&self) -> bool {
        self.text.trim_ascii().is_empty()
    }

    /// Takes bytes until the row ends: how many it took, and whether it ended.
    pub(super) fn push(&mut self, bytes: &[u8], row: u32) -> Result<(usize, bool), SheetError> {
        let mut at = 0;
        if self.after_cr && !self.begun {
            self.after_cr = false;
            at = usize::from(bytes.first() == Some(&b'\n'));
        }
        while let Some(&byte) = bytes.get(at) {
            self.begun = true;
            match (self.state, byte) {
                (State::Quoted, b'"') => {
                    self.state = State::Quote;
                    at += 1;
                }
                (State::Quote, b'"') => {
                    at += self.add(b"\"", row)?;
                    self.state = State::Quoted;
                }
                (State::Start, b'"') => {
                    self.state = State::Quoted;
                    at += 1;
                }
                (State::Quoted, _) => {
                    at += self.take(&bytes[at..], |byte| byte == b'"', row)?;
                }
                (State::Start | State::Plain | State::Quote, b'\r' | b'\n') => {
                    self.after_cr = byte == b'\r';
                    self.cell(row)?;
                    return Ok((at + 1, true));
                }
                (State::Start | State::Plain | State::Quote, byte) if byte == self.delimiter => {
                    self.cell(row)?;
                    self.state = State::Start;
                    at += 1;
                }
                (State::Start | State::Plain | State::Quote, _) => {
                    let delimiter = self.delimiter;
                    self.state = State::Plain;
                    let ends = |byte| byte == delimiter || byte == b'\n' || byte == b'\r';
                    at += self.take(&bytes[at..], ends, row)?;
                }
            }
        }
        Ok((at, false))
    }

    /// The file is at its end: whether there was a row.
    pub(super) fn end(&mut self) -> Result<bool, RowProblem> {
        if self.state == State::Quoted {
            return Err(RowProblem::OpenQuote);
        }
        if self.begun {
            self.ends.push(self.text.len());
        }
        Ok(self.begun)
    }

    fn take(&mut self, bytes: &[u8], ends: impl Fn(u8) -> bool, row: u32) -> Result<usize, SheetError> {
        let length = bytes.iter().position(|byte| ends(*byte)).unwrap_or(bytes.len());
        self.add(&bytes[..length], row)
    }

    fn add(&mut self, bytes: &[u8], row: u32) -> Result<usize, SheetError> {
        self.text.extend_from_slice(bytes);
        let start = self.ends.last().copied().unwrap_or_default();
        limits::check(row, self.ends.len(), self.text.len() - start, self.text.len())?;
        Ok(bytes.len())
    }

    fn cell(&mut self, row: u32) -> Result<(), SheetError> {
        limits::check(row, self.ends.len(), 0, 0)?;
        self.ends.push(self.text.len());
        Ok(())
    }

    /// All cells, one right after the other.
    fn text(&self) -> Result<&str, SheetError> {
        let changed = |_| SheetError::Io(std::io::Error::other("the file changed while it was read"));
        std::str::from_utf8(&self.text).map_err(changed)
    }

    fn write(&self, text: &str, record: &mut Record, row: u32, width: usize) {
        record.clear(row, width.max(self.ends.len()));
        let mut start = 0;
        for (column, end) in self.ends.iter().enumerate() {
            record.fill(column, text.get(start..*end).unwrap_or_default());
            start = *end;
        }
    }
}
