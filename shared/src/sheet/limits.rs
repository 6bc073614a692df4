//! How much is read of any file.

use super::SheetError;
use super::error::RowProblem;

/// Longest cell in bytes of UTF-8. A spreadsheet program stops at 32,767 characters.
pub(super) const CELL: usize = 1 << 20;
/// Longest row in bytes.
pub(super) const ROW: usize = 4 << 20;
/// Most columns.
pub(super) const COLUMNS: usize = 1_000;
/// Most rows of a worksheet: what the programs themselves can show.
pub(super) const WORKSHEET_ROWS: u32 = 1 << 20;
/// How often a row that is not blank may stand for several that are alike; a file of some hundred bytes could be a million
/// leads.
pub(super) const REPEATS: u32 = 1_000;
/// Most bytes of XML or records that a workbook's sheets may unpack to, or its shared
/// strings.
pub(super) const UNPACKED: u64 = outside_tests(2 << 30, 64 << 20);
/// How far a part may grow that unpacks to more than [`PACKED_DENSELY`]. Worksheets grow tenfold to fiftyfold.
pub(super) const GROWTH: u64 = 60;
/// What any part may unpack to, however small it was.
pub(super) const PACKED_DENSELY: u64 = outside_tests(128 << 20, 8 << 20);
/// The same for a part that describes sheets or styles.
pub(super) const DESCRIPTION: u64 = outside_tests(16 << 20, 1 << 20);
/// The same for a part that says where the others are.
pub(super) const RELATIONSHIPS: u64 = 4 << 20;
/// Most sheets.
pub(super) const SHEETS: usize = 10_000;
/// Most shared strings; each costs 4 bytes of memory.
pub(super) const SHARED_STRINGS: usize = outside_tests(8 << 20, 100_000) as usize;
/// Most bytes of text that a worksheet or its shared strings may hold: a short string may be shared by millions of
/// cells.
pub(super) const TEXT: u64 = outside_tests(1 << 30, 32 << 20);
/// Largest XLS file. The format ends at 65,536 rows.
pub(super) const XLS_FILE: u64 = 64 << 20;

/// Bombs of full size would make the tests slow.
const fn outside_tests(limit: u64, in_tests: u64) -> u64 {
    if cfg!(test) { in_tests } else { limit }
}

/// Whether a cell of this length may stand in this column of a row that is so long with it.
pub(super) fn check(row: u32, column: usize, cell: usize, whole: usize) -> Result<(), SheetError> {
    let problem = if cell > CELL {
        RowProblem::LongCell
    } else if whole > ROW {
        RowProblem::LongRow
    } else if column >= COLUMNS {
        RowProblem::ManyColumns
    } else {
        return Ok(());
    };
    Err(SheetError::row(row, problem))
}
