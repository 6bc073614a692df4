//! Why a file is not read, in words for the person who sent it.

use std::io;

/// A failure to read a file as a spreadsheet. All but [`SheetError::Io`] are about the file.
#[derive(Debug, thiserror::Error)]
pub enum SheetError {
    /// Ours: a disk that is full, say.
    #[error("the file could not be read")]
    Io(#[source] io::Error),
    #[error("the file is empty")]
    Empty,
    #[error("this is not a spreadsheet: CSV, XLSX, XLS, XLSB and ODS are read")]
    NotASpreadsheet,
    #[error("the workbook is protected by a password")]
    Protected,
    #[error("the workbook is damaged: {0}")]
    Damaged(String),
    #[error("the workbook {0}; save it as CSV")]
    TooLarge(&'static str),
    #[error("row {row}: {problem}")]
    Row { row: u32, problem: RowProblem },
}

/// What is wrong with a row that ends the reading of the whole file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RowProblem {
    #[error("a cell is longer than 1 MB; is a quotation mark not closed?")]
    LongCell,
    #[error("the row is longer than 4 MB")]
    LongRow,
    #[error("there are more than 1,000 columns")]
    ManyColumns,
    #[error("a quotation mark is not closed")]
    OpenQuote,
}

impl SheetError {
    /// A workbook that breaks its own rules.
    pub(super) fn damaged(how: impl Into<String>) -> Self {
        Self::Damaged(how.into())
    }

    /// A failure while unpacking: the disk's if the system says so, else the workbook's.
    pub(super) fn unpacking(error: io::Error) -> Self {
        match error.raw_os_error() {
            Some(_) => Self::Io(error),
            None => Self::damaged(error.to_string()),
        }
    }

    pub(super) fn row(row: u32, problem: RowProblem) -> Self {
        Self::Row { row, problem }
    }
}
