//! What a file is, told by its content.

use std::fs::File;
use std::io::{Read, Seek};

use super::SheetError;
use super::package::Package;

const ZIP: &[u8] = b"PK\x03\x04";
const COMPOUND: &[u8] = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";
/// Media types of ODS and of its templates begin so.
const ODS: &[u8] = b"application/vnd.oasis.opendocument.spreadsheet";

/// The kinds of files that are read.
#[derive(Debug)]
pub(super) enum Kind {
    Text(File),
    Compound(File),
    /// XLSX or XLSB.
    Workbook(Package),
    Ods(Package),
}

impl Kind {
    pub(super) fn of(mut file: File) -> Result<Self, SheetError> {
        let mut start = Vec::with_capacity(8);
        file.rewind().map_err(SheetError::Io)?;
        file.by_ref().take(8).read_to_end(&mut start).map_err(SheetError::Io)?;
        match &*start {
            [] => Err(SheetError::Empty),
            start if start.starts_with(COMPOUND) => Ok(Self::Compound(file)),
            start if start.starts_with(ZIP) => Self::of_package(Package::open(file)?),
            _ => Ok(Self::Text(file)),
        }
    }

    fn of_package(mut package: Package) -> Result<Self, SheetError> {
        if package.has("[Content_Types].xml")
            || package.has("xl/workbook.xml")
            || package.has("xl/workbook.bin")
        {
            return Ok(Self::Workbook(package));
        }
        let media_type = package.start("mimetype", 128)?;
        let is_ods = media_type.starts_with(ODS) || (media_type.is_empty() && package.has("content.xml"));
        if is_ods { Ok(Self::Ods(package)) } else { Err(SheetError::NotASpreadsheet) }
    }
}
