//! What XLSX and XLSB have in common: where their parts are, and which sheet is read.

use std::collections::HashMap;

use quick_xml::events::Event;

use super::number::Formats;
use super::package::Package;
use super::spool::{Finished, Spool, SpoolWriter};
use super::strings::Strings;
use super::values::Values;
use super::xml::attribute;
use super::{SheetError, limits, xlsb, xlsx};

/// One sheet of a workbook as its list of sheets has it.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) relationship: String,
    pub(super) hidden: bool,
}

/// Where a part lies and what it is.
#[derive(Debug)]
pub(super) struct Relationship {
    pub(super) kind: String,
    pub(super) path: String,
}

/// The relationships of a part by their ids.
pub(super) type Relationships = HashMap<String, Relationship>;

/// Reads the first visible worksheet that has any text; none if no sheet has.
pub(super) fn read(mut package: Package) -> Result<Option<Spool>, SheetError> {
    let main = main_part(&mut package)?;
    let relationships = relationships(&mut package, &main)?;
    let find =
        |kind: &str| relationships.values().find(|part| part.kind == kind).map(|part| part.path.as_str());
    let binary = main.to_ascii_lowercase().ends_with(".bin");
    let (sheets, since_1904) =
        if binary { xlsb::sheets(&mut package, &main)? } else { xlsx::sheets(&mut package, &main)? };
    let formats = match find("styles") {
        Some(path) if binary => xlsb::formats(&mut package, path, since_1904)?,
        Some(path) => xlsx::formats(&mut package, path, since_1904)?,
        None => Formats { since_1904, styles: Vec::new() },
    };
    let strings = match find("sharedStrings") {
        Some(path) if binary => xlsb::strings(&mut package, path)?,
        Some(path) => xlsx::strings(&mut package, path)?,
        None => Strings::none()?,
    };
    let mut values = Values::new(formats, strings);
    let mut left = limits::UNPACKED;
    let mut spool = SpoolWriter::new()?;
    for sheet in sheets.iter().filter(|sheet| !sheet.hidden) {
        let part = relationships.get(&sheet.relationship).filter(|part| part.kind == "worksheet");
        let Some(part) = part else { continue };
        if binary {
            xlsb::cells(&mut package, &part.path, &mut left, &mut values, &mut spool)?;
        } else {
            xlsx::cells(&mut package, &part.path, &mut left, &mut values, &mut spool)?;
        }
        spool = match spool.finish()? {
            Finished::Rows(rows) => return Ok(Some(rows)),
            Finished::Blank(spool) => spool,
        };
    }
    Ok(None)
}

/// The part that lists the sheets.
fn main_part(package: &mut Package) -> Result<String, SheetError> {
    let found = relationships(package, "")?.into_values().find(|part| part.kind == "officeDocument");
    let usual = || ["xl/workbook.xml", "xl/workbook.bin"].into_iter().find(|path| package.has(path));
    match found.map(|part| part.path).filter(|path| package.has(path)).or_else(|| usual().map(str::to_owned))
    {
        Some(path) => Ok(path),
        None => Err(SheetError::damaged("it has no list of sheets")),
    }
}

/// The relationships of a part; those of the whole package for no part.
fn relationships(package: &mut Package, part: &str) -> Result<Relationships, SheetError> {
    let (folder, name) = part.rsplit_once('/').unwrap_or(("", part));
    let path = format!("{folder}/_rels/{name}.rels");
    let mut found = Relationships::new();
    let Some(mut xml) = package.xml(&path, limits::RELATIONSHIPS)? else { return Ok(found) };
    loop {
        match xml.next()? {
            Event::Start(element) if element.local_name().as_ref() == b"Relationship" => {
                let (Some(id), Some(kind), Some(target)) = (
                    attribute(&element, "Id")?,
                    attribute(&element, "Type")?,
                    attribute(&element, "Target")?,
                ) else {
                    continue;
                };
                let kind = kind.rsplit('/').next().unwrap_or_default().to_owned();
                found.insert(id.into_owned(), Relationship { kind, path: resolve(folder, &target) });
            }
            Event::Eof => return Ok(found),
            _ => (),
        }
    }
}

/// A target as seen from a folder, without `.` and `..`.
fn resolve(folder: &str, target: &str) -> String {
    let target = target.replace('\\', "/");
    let base = if target.starts_with('/') { "" } else { folder };
    let mut path: Vec<&str> = Vec::new();
    for step in base.split('/').chain(target.split('/')) {
        match step {
            "" | "." => (),
            ".." => drop(path.pop()),
            step => path.push(step),
        }
    }
    path.join("/")
}

/// A column by its letters at the beginning of a reference such as `AB12`, counted from 0.
pub(super) fn column(reference: &[u8]) -> Option<u32> {
    let letters = reference.iter().take_while(|byte| byte.is_ascii_alphabetic());
    let number = letters.take(4).fold(0, |number, letter| {
        number * 26 + u32::from(letter.to_ascii_uppercase() - b'A') + 1 //
    });
    number.checked_sub(1)
}
