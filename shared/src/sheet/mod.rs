//! Spreadsheets of any kind as rows of text: CSV, XLSX, XLSB, XLS and ODS, told by their content.
//!
//! Files come from strangers. Whatever they hold, reading stays within a few dozen megabytes of memory: CSV is read as
//! it comes, workbooks are unpacked row by row into a temporary file.

mod biff;
mod cfb;
mod csv;
mod delimiter;
mod error;
mod kind;
mod limits;
mod number;
mod ods;
mod package;
mod record;
mod spool;
mod strings;
mod text;
mod values;
mod workbook;
mod xls;
mod xlsb;
mod xlsx;
mod xml;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};

use csv::Csv;
use kind::Kind;
use spool::Spool;

pub use error::{RowProblem, SheetError};
pub use record::Record;

/// A spreadsheet being read from top to bottom.
#[derive(Debug)]
pub struct Sheet {
    rows: Rows,
    header: Record,
}

#[derive(Debug)]
enum Rows {
    Csv(Box<Csv>),
    Spool(Spool),
}

impl Sheet {
    /// Opens a file by its content. Of a workbook it is the first visible sheet that has any text. The temporary files
    /// that it needs go to [`std::env::temp_dir`].
    pub fn open(file: File) -> Result<Self, SheetError> {
        Self::begin(match Kind::of(file)? {
            Kind::Text(file) => Rows::Csv(Box::new(Csv::open(file)?)),
            Kind::Compound(file) => unpack(|| xls::read(file))?,
            Kind::Workbook(package) => unpack(|| workbook::read(package))?,
            Kind::Ods(package) => unpack(|| ods::read(package))?,
        })
    }

    /// The same from its beginning.
    pub fn again(self) -> Result<Self, SheetError> {
        Self::begin(match self.rows {
            Rows::Csv(csv) => Rows::Csv(Box::new(csv.again()?)),
            Rows::Spool(spool) => Rows::Spool(spool.again()?),
        })
    }

    fn begin(mut rows: Rows) -> Result<Self, SheetError> {
        let mut header = Record::default();
        if !rows.read(&mut header, 0)? {
            return Err(SheetError::Empty);
        }
        for cell in &mut header.cells {
            *cell = cell.trim().to_owned();
        }
        Ok(Self { rows, header })
    }

    /// The header: the first row that is not blank, its cells trimmed.
    pub fn header(&self) -> &[String] {
        &self.header.cells
    }

    /// Reads the next row that is not blank; false at the end. It has at least as many cells as the header.
    pub fn read(&mut self, record: &mut Record) -> Result<bool, SheetError> {
        self.rows.read(record, self.header.cells.len())
    }
}

impl Rows {
    fn read(&mut self, record: &mut Record, width: usize) -> Result<bool, SheetError> {
        match self {
            Self::Csv(csv) => csv.read(record, width),
            Self::Spool(spool) => spool.read(record, width),
        }
    }
}

/// Reads a workbook. A panic in what reads it says that the workbook is not what it should be.
fn unpack(read: impl FnOnce() -> Result<Option<Spool>, SheetError>) -> Result<Rows, SheetError> {
    let unread = || SheetError::damaged("it could not be understood");
    let spool = catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(unread()))?;
    spool.map(Rows::Spool).ok_or(SheetError::Empty)
}
