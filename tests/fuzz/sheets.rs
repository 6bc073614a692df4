//! Files of leads: text, and workbooks of every kind.

use std::fs::{self, File};
use std::io::{Cursor, Read as _, Seek as _, Write as _};

use leadline::sheet::{Record, Sheet};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::spoil::{Edit, check, spoil};

/// Files of a folder of the tests that end so.
fn files(endings: &[&str]) -> Vec<Vec<u8>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/files");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    paths.sort();
    let wanted = |path: &std::path::PathBuf| {
        path.extension().and_then(|ending| ending.to_str()).is_some_and(|ending| endings.contains(&ending))
    };
    paths.iter().filter(|path| wanted(path)).map(|path| fs::read(path).unwrap()).collect()
}

/// Every row of a file; as far as it goes, if it is broken further on.
fn rows(bytes: &[u8]) -> Option<Vec<(u32, Vec<String>)>> {
    let mut file: File = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    let mut sheet = Sheet::open(file).ok()?;
    let width = sheet.header().len();
    let (mut rows, mut record) = (Vec::new(), Record::default());
    while let Ok(true) = sheet.read(&mut record) {
        assert!(record.cells.len() >= width, "a row is as wide as the header");
        rows.push((record.row, record.cells.clone()));
    }
    assert!(rows.is_sorted_by(|one, next| one.0 < next.0), "rows come once, and in order");
    Some(rows)
}

#[test]
fn text_is_read_or_refused() {
    let files = files(&["csv", "tsv", "txt"]);
    check(|(file, edits): &(u8, Vec<Edit>)| {
        let bytes = spoil(&files[usize::from(*file) % files.len()], edits);
        let read = rows(&bytes);
        assert!(read.as_ref().is_none_or(|rows| rows.len() <= bytes.len()));
        assert_eq!(read, rows(&bytes), "the same each time");
    });
}

#[test]
fn workbooks_are_read_or_refused() {
    let files = files(&["xlsx", "xlsb", "xls", "ods"]);
    check(|(file, edits): &(u8, Vec<Edit>)| {
        rows(&spoil(&files[usize::from(*file) % files.len()], edits));
    });
}

/// The package with one of its parts spoiled, so that no checksum tells.
fn spoil_part(package: &[u8], part: u8, edits: &[Edit]) -> Vec<u8> {
    let mut package = ZipArchive::new(Cursor::new(package)).unwrap();
    let mut spoiled = ZipWriter::new(Cursor::new(Vec::new()));
    let chosen = usize::from(part) % package.len();
    for number in 0..package.len() {
        let mut part = package.by_index(number).unwrap();
        let mut bytes = Vec::new();
        part.read_to_end(&mut bytes).unwrap();
        if number == chosen {
            bytes = spoil(&bytes, edits);
        }
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        spoiled.start_file(part.name().unwrap(), options).unwrap();
        spoiled.write_all(&bytes).unwrap();
    }
    spoiled.finish().unwrap().into_inner()
}

#[test]
fn parts_of_workbooks_are_read_or_refused() {
    let is_package = |file: &Vec<u8>| ZipArchive::new(Cursor::new(file)).is_ok();
    let files: Vec<_> = files(&["xlsx", "xlsb", "ods"]).into_iter().filter(is_package).collect();
    check(|(file, part, edits): &(u8, u8, Vec<Edit>)| {
        rows(&spoil_part(&files[usize::from(*file) % files.len()], *part, edits));
    });
}
