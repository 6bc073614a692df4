//! One row as it is handed out.

/// How much room a cell may keep for the next row: a few long cells must not add up.
const KEPT: usize = 4 << 10;

/// A row of a sheet. Reused from row to row, so that reading does not allocate.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Record {
    /// The row's number as a spreadsheet program shows it.
    pub row: u32,
    pub cells: Vec<String>,
}

impl Record {
    /// Makes the record a row of this many empty cells.
    pub(super) fn clear(&mut self, row: u32, width: usize) {
        self.row = row;
        for cell in &mut self.cells {
            if cell.capacity() > KEPT { *cell = String::new() } else { cell.clear() }
        }
        self.cells.resize_with(width, String::new);
    }

    /// Writes a cell that is still empty.
    pub(super) fn fill(&mut self, column: usize, text: &str) {
        if column >= self.cells.len() {
            self.cells.resize_with(column + 1, String::new);
        }
        if let Some(cell) = self.cells.get_mut(column) {
            cell.push_str(text);
        }
    }
}
