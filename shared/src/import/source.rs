//! The file itself: fetched, told by its bytes, and looked through.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};

use bytes::Bytes;
use ring::digest::{Context, SHA256};

use super::ImportError;
use crate::domain::{Columns, ImportSize};
use crate::files::{FilesError, Object};
use crate::sheet::{Record, Sheet};

fn hexadecimal(context: Context) -> String {
    use std::fmt::Write as _;
    context.finish().as_ref().iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// An object as a file that goes when it is closed, and the SHA-256 of its bytes.
pub(super) async fn fetch(object: Object) -> Result<(File, String), ImportError> {
    refuse_size(object.size)?;
    let (mut file, mut context, mut body) = (tempfile::tempfile()?, Context::new(&SHA256), object.body);
    while let Some(part) = body.next().await {
        let part = part.map_err(|error| FilesError::Unavailable(error.into()))?;
        context.update(&part);
        file.write_all(&part)?;
    }
    Ok((file, hexadecimal(context)))
}

/// The bytes that a request brought as such a file, and their SHA-256.
pub fn file_of(bytes: &[u8]) -> Result<(File, String), ImportError> {
    let mut context = Context::new(&SHA256);
    context.update(bytes);
    let mut file = tempfile::tempfile()?;
    file.write_all(bytes)?;
    Ok((file, hexadecimal(context)))
}

/// The same of a file on this machine, which stays.
pub fn file_at(path: &std::path::Path) -> Result<(File, String), ImportError> {
    let mut file = File::open(path)?;
    refuse_size(file.metadata()?.len())?;
    let (mut context, mut part) = (Context::new(&SHA256), vec![0; 64 * 1024]);
    loop {
        match file.read(&mut part)? {
            0 => return Ok((file, hexadecimal(context))),
            n => context.update(part.get(..n).unwrap_or_default()),
        }
    }
}

fn refuse_size(size: u64) -> Result<(), ImportError> {
    if size <= ImportSize::LARGEST {
        return Ok(());
    }
    Err(ImportError::File("the file is larger than 500 MB; cut it into several".to_owned()))
}

/// All bytes of a file.
pub(super) fn bytes(mut file: &File) -> io::Result<Bytes> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut bytes)?;
    Ok(bytes.into())
}

/// The file as a sheet, its columns and its number of rows: it was read to the end, so that no row is written of a file
/// that turns out to be broken in its last one.
pub(super) fn read(file: File) -> Result<(Sheet, Columns, u32), ImportError> {
    read_within(file, ImportSize::MOST_ROWS, ImportSize::MOST_CELLS)
}

fn read_within(
    mut file: File,
    most_rows: u32,
    most_cells: u64,
) -> Result<(Sheet, Columns, u32), ImportError> {
    file.seek(SeekFrom::Start(0))?;
    let mut sheet = Sheet::open(file)?;
    let mut columns = Columns::of(sheet.header()).map_err(|error| ImportError::File(error.to_string()))?;
    let (mut record, mut rows, mut cells) = (Record::default(), 0, 0);
    let too_many =
        |what: String| ImportError::File(format!("the file has more than {what}; cut it into several"));
    while sheet.read(&mut record)? {
        columns.note(&record.cells);
        rows += 1;
        cells += record.cells.len() as u64;
        if rows > most_rows {
            return Err(too_many(format!("{most_rows} rows")));
        }
        if cells > most_cells {
            return Err(too_many(format!("{most_cells} cells")));
        }
    }
    Ok((sheet.again()?, columns, rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_cells_are_bounded_and_blank_lines_are_neither() {
        let told = |text: &str, rows, cells| {
            let (file, _) = file_of(text.as_bytes()).unwrap();
            read_within(file, rows, cells).map(|(_, _, rows)| rows).map_err(|error| error.to_string())
        };
        let text = "Name,E-mail,Phone\n\na\n \nb\n\n";

        assert_eq!(told(text, 2, 6), Ok(2));
        assert_eq!(told(text, 1, 6), Err("the file has more than 1 rows; cut it into several".to_owned()));
        assert_eq!(told(text, 2, 5), Err("the file has more than 5 cells; cut it into several".to_owned()));
    }
}
