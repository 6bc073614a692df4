//! Whole files through the front door.

mod csv;
mod hostile;
mod old;
mod open_document;
mod workbooks;

use std::io::{Seek, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{Record, Sheet, SheetError};

/// The rows of a file, the header first.
fn rows(bytes: &[u8]) -> Result<Vec<(u32, Vec<String>)>, SheetError> {
    let mut sheet = open(bytes)?;
    let mut rows = vec![(sheet.header.row, sheet.header().to_vec())];
    let mut record = Record::default();
    while sheet.read(&mut record)? {
        rows.push((record.row, record.cells.clone()));
    }
    Ok(rows)
}

fn open(bytes: &[u8]) -> Result<Sheet, SheetError> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    Sheet::open(file)
}

/// What the rows are to be, in short: `1: a|b`.
fn shown(bytes: &[u8]) -> Vec<String> {
    let line = |(row, cells): (u32, Vec<String>)| format!("{row}: {}", cells.join("|"));
    rows(bytes).unwrap().into_iter().map(line).collect()
}

/// What the person is told who sent the file.
fn refusal(bytes: &[u8]) -> String {
    rows(bytes).unwrap_err().to_string()
}

/// A zip file of these parts.
fn zip(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The parts of an XLSX file around those that a test is about.
#[derive(Default)]
struct Xlsx<'a> {
    properties: &'a str,
    sheets: &'a str,
    styles: &'a str,
    strings: &'a str,
    data: &'a str,
    parts: Vec<(&'a str, &'a [u8])>,
}

const PACKAGE: &str = r#"<Relationships><Relationship Id="w" Type="http://x/officeDocument" Target="/xl/workbook.xml"/></Relationships>"#;
const PARTS: &str = r#"<Relationships>
    <Relationship Id="one" Type="http://x/worksheet" Target="worksheets/sheet1.xml"/>
    <Relationship Id="two" Type="http://x/worksheet" Target="/xl/worksheets/sheet2.xml"/>
    <Relationship Id="chart" Type="http://x/chartsheet" Target="chartsheets/sheet1.xml"/>
    <Relationship Id="s" Type="http://x/sharedStrings" Target="./sharedStrings.xml"/>
    <Relationship Id="f" Type="http://x/styles" Target="../xl/styles.xml"/></Relationships>"#;

impl Xlsx<'_> {
    fn bytes(&self) -> Vec<u8> {
        let sheets = if self.sheets.is_empty() { r#"<sheet name="S" r:id="one"/>"# } else { self.sheets };
        let workbook = format!("<workbook>{}<sheets>{sheets}</sheets></workbook>", self.properties);
        let styles = format!("<styleSheet>{}</styleSheet>", self.styles);
        let strings = format!("<sst>{}</sst>", self.strings);
        let data = worksheet(self.data);
        let mut parts: Vec<(&str, &[u8])> = vec![
            ("[Content_Types].xml", b"<Types/>"),
            ("_rels/.rels", PACKAGE.as_bytes()),
            ("xl/workbook.xml", workbook.as_bytes()),
            ("xl/_rels/workbook.xml.rels", PARTS.as_bytes()),
            ("xl/styles.xml", styles.as_bytes()),
            ("xl/sharedStrings.xml", strings.as_bytes()),
            ("xl/worksheets/sheet1.xml", data.as_bytes()),
        ];
        parts.retain(|(name, _)| self.parts.iter().all(|(other, _)| name != other));
        parts.extend(&self.parts);
        zip(&parts)
    }
}

fn worksheet(data: &str) -> String {
    format!(r#"<?xml version="1.0" encoding="UTF-8"?><worksheet><sheetData>{data}</sheetData></worksheet>"#)
}
