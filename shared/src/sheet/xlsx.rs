//! XLSX: workbooks in XML (ECMA-376 part 1, 18).

use std::borrow::Cow;
use std::collections::HashMap;

use quick_xml::events::{BytesStart, Event};

use super::number::{Format, Formats, iso_date};
use super::package::Package;
use super::spool::SpoolWriter;
use super::strings::{Strings, StringsWriter};
use super::values::Values;
use super::workbook::{Listed, column};
use super::xml::{Xml, add_text, attribute};
use super::{SheetError, limits};

/// Most cells of a row, blank ones too.
const CELLS: u32 = 16_384;

/// The sheets in their order, and whether days are counted from 1904.
pub(super) fn sheets(package: &mut Package, path: &str) -> Result<(Vec<Listed>, bool), SheetError> {
    let (mut sheets, mut since_1904) = (Vec::new(), false);
    let Some(mut xml) = package.xml(path, limits::DESCRIPTION)? else { return Ok((sheets, since_1904)) };
    loop {
        match xml.next()? {
            Event::Start(element) if element.local_name().as_ref() == b"sheet" => {
                let relationship = attribute(&element, "id")?.unwrap_or_default().into_owned();
                let hidden = attribute(&element, "state")?.is_some_and(|state| state != "visible");
                sheets.push(Listed { relationship, hidden });
                if sheets.len() > limits::SHEETS {
                    return Err(SheetError::damaged("it has more than 10,000 sheets"));
                }
            }
            Event::Start(element) if element.local_name().as_ref() == b"workbookPr" => {
                since_1904 |= attribute(&element, "date1904")?.is_some_and(|flag| is_true(&flag));
            }
            Event::Eof => return Ok((sheets, since_1904)),
            _ => (),
        }
    }
}

fn is_true(flag: &str) -> bool {
    matches!(flag, "1" | "true" | "on")
}

/// The formats by which numbers are told from dates.
pub(super) fn formats(package: &mut Package, path: &str, since_1904: bool) -> Result<Formats, SheetError> {
    let mut formats = Formats { since_1904, styles: Vec::new() };
    let mut written = HashMap::new();
    let mut in_cells = false;
    let Some(mut xml) = package.xml(path, limits::DESCRIPTION)? else { return Ok(formats) };
    loop {
        match xml.next()? {
            Event::Start(element) => match element.local_name().as_ref() {
                b"numFmt" => {
                    if let (Some(id), Some(code)) =
                        (number(&element, "numFmtId")?, attribute(&element, "formatCode")?)
                    {
                        written.insert(id, Format::written(&code));
                    }
                }
                b"cellXfs" => in_cells = true,
                b"xf" if in_cells => {
                    let id = number(&element, "numFmtId")?.unwrap_or_default();
                    formats.styles.push(written.get(&id).copied().unwrap_or_else(|| Format::built_in(id)));
                }
                _ => (),
            },
            Event::End(element) if element.local_name().as_ref() == b"cellXfs" => in_cells = false,
            Event::Eof => return Ok(formats),
            _ => (),
        }
    }
}

fn number(element: &BytesStart<'_>, name: &str) -> Result<Option<u32>, SheetError> {
    Ok(attribute(element, name)?.and_then(|value| value.trim().parse().ok()))
}

/// The shared strings.
pub(super) fn strings(package: &mut Package, path: &str) -> Result<Strings, SheetError> {
    let mut strings = StringsWriter::new()?;
    let Some(mut xml) = package.xml(path, limits::UNPACKED)? else { return strings.finish() };
    let mut text = String::new();
    loop {
        match xml.next()? {
            Event::Start(element) if element.local_name().as_ref() == b"si" => {
                read_text(&mut xml, &mut text)?;
                strings.push(&text)?;
            }
            Event::Eof => return strings.finish(),
            _ => (),
        }
    }
}

/// The text of the element that was just begun: of its `t`, or of the runs of rich text; not how it is pronounced.
fn read_text(xml: &mut Xml<'_>, text: &mut String) -> Result<(), SheetError> {
    text.clear();
    let (mut depth, mut in_text) = (1, false);
    while depth > 0 {
        let mut pronounced = false;
        match xml.next()? {
            Event::Start(element) => {
                let name = element.local_name();
                (pronounced, in_text) = (name.as_ref() == b"rPh", name.as_ref() == b"t");
                depth += usize::from(!pronounced);
            }
            Event::End(_) => (depth, in_text) = (depth - 1, false),
            Event::Eof => break,
            event if in_text => add_text(&event, text)?,
            _ => (),
        }
        if pronounced {
            xml.skip()?;
        }
    }
    if let Cow::Owned(plain) = unescaped(text) {
        *text = plain;
    }
    Ok(())
}

/// Undoes `_x000D_`, by which characters are written that XML cannot hold (ECMA-376 part 1, 22.9.2.19).
fn unescaped(text: &str) -> Cow<'_, str> {
    let Some(first) = text.find("_x") else { return Cow::Borrowed(text) };
    let mut plain = text[..first].to_owned();
    let mut rest = &text[first..];
    while let Some(at) = rest.find("_x") {
        plain.push_str(&rest[..at]);
        let escape = rest.get(at + 2..at + 6).filter(|_| rest.as_bytes().get(at + 6) == Some(&b'_'));
        let code = escape.filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()));
        match code.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32) {
            Some(character) => {
                plain.push(character);
                rest = &rest[at + 7..];
            }
            None => {
                plain.push_str("_x");
                rest = &rest[at + 2..];
            }
        }
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

/// What the value of a cell is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    Shared,
    Bool,
    Date,
    /// Text as it stands, errors too.
    Text,
}

/// What is found between the cells of a worksheet.
enum Found {
    Row(Option<u32>),
    Cell { column: Option<u32>, kind: Kind, style: usize },
    Other,
    End,
}

/// Reads the cells of a worksheet; `left` is how much all sheets may still unpack to.
pub(super) fn cells(
    package: &mut Package,
    path: &str,
    left: &mut u64,
    values: &mut Values,
    spool: &mut SpoolWriter,
) -> Result<(), SheetError> {
    let Some(mut xml) = package.xml(path, *left)? else {
        return Err(SheetError::damaged("a sheet of it is missing"));
    };
    let (mut next, mut in_row) = (0, 0);
    let mut value = String::new();
    loop {
        let found = match xml.next()? {
            Event::Start(element) => match element.local_name().as_ref() {
                b"row" => Found::Row(number(&element, "r")?),
                b"c" => head(&element)?,
                _ => Found::Other,
            },
            Event::End(element) if element.local_name().as_ref() == b"sheetData" => Found::End,
            Event::Eof => Found::End,
            _ => Found::Other,
        };
        match found {
            Found::Row(row) => {
                spool.row(row.unwrap_or(spool.current().saturating_add(1)), 1)?;
                (next, in_row) = (0, 0);
            }
            Found::Cell { .. } if in_row == CELLS => {
                return Err(SheetError::damaged("a row has too many cells"));
            }
            Found::Cell { column, kind, style } => {
                in_row += 1;
                read_value(&mut xml, &mut value)?;
                let column = column.unwrap_or(next);
                next = column.saturating_add(1);
                if !value.is_empty() {
                    write(kind, &value, style, values, |text| spool.cell(column, text))?;
                }
            }
            Found::Other => (),
            Found::End => break,
        }
    }
    *left = left.saturating_sub(xml.used());
    Ok(())
}

/// Writes a value as a person reads it.
fn write(
    kind: Kind,
    value: &str,
    style: usize,
    values: &mut Values,
    cell: impl FnOnce(&str) -> Result<(), SheetError>,
) -> Result<(), SheetError> {
    match kind {
        Kind::Text => cell(value),
        Kind::Shared => {
            let unknown = |_| SheetError::damaged("a cell names a text that is not there");
            cell(values.shared(value.trim().parse().map_err(unknown)?)?)
        }
        Kind::Bool => cell(if is_true(value) { "TRUE" } else { "FALSE" }),
        Kind::Date => cell(iso_date(value)),
        Kind::Number => match value.trim().parse() {
            Ok(number) => cell(values.number(number, style)),
            Err(_) => cell(value),
        },
    }
}

/// Column, kind and style of a cell.
fn head(cell: &BytesStart<'_>) -> Result<Found, SheetError> {
    let (mut at, mut kind, mut style) = (None, Kind::Number, 0);
    for attribute in cell.attributes().with_checks(false) {
        let attribute = attribute.map_err(|error| SheetError::damaged(error.to_string()))?;
        let value = &*attribute.value;
        match attribute.key.as_ref() {
            b"r" => at = column(value),
            b"s" => style = std::str::from_utf8(value).ok().and_then(|id| id.parse().ok()).unwrap_or(0),
            b"t" => {
                kind = match value {
                    b"s" => Kind::Shared,
                    b"b" => Kind::Bool,
                    b"d" => Kind::Date,
                    b"str" | b"inlineStr" | b"e" => Kind::Text,
                    _ => Kind::Number,
                }
            }
            _ => (),
        }
    }
    Ok(Found::Cell { column: at, kind, style })
}

/// The value of the cell that was just begun: its `v` or its `is`. Formulas are passed over.
fn read_value(xml: &mut Xml<'_>, value: &mut String) -> Result<(), SheetError> {
    enum Child {
        Rich,
        Other,
    }
    value.clear();
    let mut in_value = false;
    loop {
        let child = match xml.next()? {
            Event::Start(element) => match element.local_name().as_ref() {
                b"v" => {
                    in_value = true;
                    None
                }
                b"is" => Some(Child::Rich),
                _ => Some(Child::Other),
            },
            Event::End(_) if in_value => {
                in_value = false;
                if let Cow::Owned(plain) = unescaped(value) {
                    *value = plain;
                }
                None
            }
            Event::End(_) | Event::Eof => return Ok(()),
            event if in_value => {
                add_text(&event, value)?;
                None
            }
            _ => None,
        };
        match child {
            Some(Child::Rich) => read_text(xml, value)?,
            Some(Child::Other) => xml.skip()?,
            None => (),
        }
    }
}
