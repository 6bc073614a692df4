//! What the cells of a workbook refer to.

use super::SheetError;
use super::number::Formats;
use super::strings::Strings;

/// The formats and the shared strings of a workbook.
#[derive(Debug)]
pub(super) struct Values {
    formats: Formats,
    strings: Strings,
    shown: String,
}

impl Values {
    pub(super) fn new(formats: Formats, strings: Strings) -> Self {
        Self { formats, strings, shown: String::new() }
    }

    /// The shared string of this number.
    pub(super) fn shared(&mut self, number: usize) -> Result<&str, SheetError> {
        self.strings.find(number)
    }

    /// A number in the format of this style.
    pub(super) fn number(&mut self, number: f64, style: usize) -> &str {
        self.formats.write(&mut self.shown, number, style);
        &self.shown
    }
}
