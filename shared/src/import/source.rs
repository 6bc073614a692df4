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
pub(super) fn read(mut file: File) -> Result<(Sheet, Columns, u32), ImportError> {
    file.seek(SeekFrom::Start(0))?;
    let mut sheet = Sheet::open(file)?;
    let mut columns = Columns::of(sheet.header()).map_err(|error| ImportError::File(error.to_string()))?;
    let (mut record, mut rows) = (Record::default(), 0);
    while sheet.read(&mut record)? {
        columns.note(&record.cells);
        rows += 1;
        if rows > ImportSize::MOST_ROWS {
            let most = ImportSize::MOST_ROWS;
            return Err(ImportError::File(format!(
                "the file has more than {most} rows; cut it into several"
            )));
        }
    }
    Ok((sheet.again()?, columns, rows))
}
