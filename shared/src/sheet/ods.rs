//! ODS: workbooks of LibreOffice and its kin (OASIS OpenDocument 1.3 part 3).

use std::collections::HashSet;

use quick_xml::events::{BytesStart, Event};

use super::number::{iso_date, write_number, write_percent};
use super::package::Package;
use super::spool::{Finished, Spool, SpoolWriter};
use super::xml::{Xml, add_text, attribute};
use super::{SheetError, limits};

/// Most styles of hidden tables that are kept.
const HIDDEN: usize = 10_000;

/// How much of the manifest is looked at.
const MANIFEST: u64 = 1 << 20;

/// What begins or ends in the content, as far as it matters.
enum Found {
    /// A style of this name.
    Style(Option<String>),
    /// What the style makes of tables: whether they are hidden.
    TableStyle {
        hidden: bool,
    },
    /// A table of this style.
    Table(Option<String>),
    Row {
        repeats: u32,
    },
    Cell {
        repeats: u32,
        value: Value,
        covered: bool,
    },
    TableEnd,
    Other,
    End,
}

/// What a cell holds by its attributes.
enum Value {
    /// The paragraphs within it.
    Paragraphs,
    Text(String),
}

/// Reads the first visible table that has any text; none if no table has.
pub(super) fn read(mut package: Package) -> Result<Option<Spool>, SheetError> {
    if is_protected(&mut package)? {
        return Err(SheetError::Protected);
    }
    let Some(mut xml) = package.xml("content.xml", limits::UNPACKED)? else {
        return Err(SheetError::damaged("it has no content"));
    };
    let (mut hidden, mut style) = (HashSet::new(), None);
    let mut spool = SpoolWriter::new()?;
    loop {
        match next(&mut xml)? {
            Found::Style(name) => style = name,
            Found::TableStyle { hidden: true } if hidden.len() < HIDDEN => hidden.extend(style.take()),
            Found::Table(Some(style)) if hidden.contains(&style) => xml.skip()?,
            Found::Table(_) => {
                spool = match read_table(&mut xml, spool)? {
                    Finished::Rows(rows) => return Ok(Some(rows)),
                    Finished::Blank(spool) => spool,
                };
            }
            Found::End => return Ok(None),
            Found::TableStyle { .. } | Found::Row { .. } | Found::Cell { .. } => (),
            Found::TableEnd | Found::Other => (),
        }
    }
}

/// Whether the manifest says how to decrypt anything. It is not read as XML: in old files it has a document type.
fn is_protected(package: &mut Package) -> Result<bool, SheetError> {
    const MARK: &[u8] = b"encryption-data";
    let manifest = package.start("META-INF/manifest.xml", MANIFEST)?;
    Ok(manifest.windows(MARK.len()).any(|window| window == MARK))
}

fn next(xml: &mut Xml<'_>) -> Result<Found, SheetError> {
    Ok(match xml.next()? {
        Event::Start(element) => match element.local_name().as_ref() {
            b"style" => Found::Style(owned(&element, "style:name")?),
            b"table-properties" => {
                let hidden = attribute(&element, "table:display")?.is_some_and(|display| display == "false");
                Found::TableStyle { hidden }
            }
            b"table" => Found::Table(owned(&element, "table:style-name")?),
            b"table-row" => Found::Row { repeats: repeats(&element, "table:number-rows-repeated")? },
            name @ (b"table-cell" | b"covered-table-cell") => Found::Cell {
                repeats: repeats(&element, "table:number-columns-repeated")?,
                value: value(&element)?,
                covered: name == b"covered-table-cell",
            },
            _ => Found::Other,
        },
        Event::End(element) if element.local_name().as_ref() == b"table" => Found::TableEnd,
        Event::Eof => Found::End,
        _ => Found::Other,
    })
}

fn owned(element: &BytesStart<'_>, name: &str) -> Result<Option<String>, SheetError> {
    Ok(attribute(element, name)?.map(std::borrow::Cow::into_owned))
}

fn repeats(element: &BytesStart<'_>, name: &str) -> Result<u32, SheetError> {
    let times = attribute(element, name)?;
    Ok(times.map_or(1, |times| times.trim().parse().unwrap_or(u32::MAX)).max(1))
}

fn value(cell: &BytesStart<'_>) -> Result<Value, SheetError> {
    let read = |name| owned(cell, name);
    let text = match attribute(cell, "office:value-type")?.as_deref() {
        Some("percentage") => read("office:value")?.map(|value| plain_number(&value, write_percent)),
        Some("float" | "currency") => read("office:value")?.map(|value| plain_number(&value, write_number)),
        Some("date") => read("office:date-value")?.map(|date| iso_date(&date).to_owned()),
        Some("time") => read("office:time-value")?.map(|time| plain_time(&time).unwrap_or(time)),
        Some("boolean") => read("office:boolean-value")?.map(|value| value.to_ascii_uppercase()),
        _ => read("office:string-value")?.filter(|text| !text.is_empty()),
    };
    Ok(text.map_or(Value::Paragraphs, Value::Text))
}

fn plain_number(value: &str, write: fn(&mut String, f64)) -> String {
    match value.trim().parse() {
        Ok(number) => {
            let mut text = String::new();
            write(&mut text, number);
            text
        }
        Err(_) => value.to_owned(),
    }
}

/// `PT10H30M00S` as `10:30:00`.
fn plain_time(duration: &str) -> Option<String> {
    let (hours, rest) = duration.strip_prefix("PT")?.split_once('H')?;
    let (minutes, rest) = rest.split_once('M')?;
    let seconds = rest.strip_suffix('S')?.split(['.', ',']).next()?;
    let [hours, minutes, seconds]: [u32; 3] =
        [hours.parse().ok()?, minutes.parse().ok()?, seconds.parse().ok()?];
    Some(format!("{hours:02}:{minutes:02}:{seconds:02}"))
}

/// Reads the table that was just begun.
fn read_table(xml: &mut Xml<'_>, mut spool: SpoolWriter) -> Result<Finished, SheetError> {
    let (mut next_row, mut column) = (1_u32, 0_u32);
    let mut text = String::new();
    loop {
        match next(xml)? {
            Found::Row { repeats } => {
                spool.row(next_row, repeats)?;
                next_row = next_row.saturating_add(repeats);
                column = 0;
            }
            Found::Cell { repeats, value, covered } => {
                read_paragraphs(xml, &mut text)?;
                let shown = match &value {
                    Value::Paragraphs => &text,
                    Value::Text(value) => value,
                };
                if !covered && !shown.is_empty() {
                    for place in 0..repeats {
                        // Too many end at the limit of columns.
                        spool.cell(column.saturating_add(place), shown)?;
                    }
                }
                column = column.saturating_add(repeats);
            }
            // A table within a table is part of a drawing.
            Found::Table(_) => xml.skip()?,
            Found::TableEnd | Found::End => return spool.finish(),
            Found::Style(_) | Found::TableStyle { .. } | Found::Other => (),
        }
    }
}

/// The paragraphs of the cell that was just begun, joined by line breaks; not those of its notes and drawings.
fn read_paragraphs(xml: &mut Xml<'_>, text: &mut String) -> Result<(), SheetError> {
    text.clear();
    let (mut depth, mut paragraph, mut paragraphs) = (1, 0, 0);
    while depth > 0 {
        let mut foreign = false;
        match xml.next()? {
            Event::Start(element) => match element.local_name().as_ref() {
                b"p" if depth == 1 => {
                    if paragraphs > 0 {
                        text.push('\n');
                    }
                    paragraphs += 1;
                    depth += 1;
                    paragraph = text.len();
                }
                b"s" => {
                    let times = repeats(&element, "text:c")?.min(limits::CELL as u32);
                    text.extend(std::iter::repeat_n(' ', times as usize));
                    depth += 1;
                }
                b"tab" => {
                    text.push('\t');
                    depth += 1;
                }
                b"line-break" => {
                    text.push('\n');
                    depth += 1;
                }
                b"span" | b"a" => depth += 1,
                _ => foreign = true,
            },
            Event::End(_) => depth -= 1,
            Event::Eof => break,
            event if depth > 1 => add_collapsed(&event, text, paragraph)?,
            _ => (),
        }
        if foreign {
            xml.skip()?;
        }
        if text.len() > limits::ROW {
            return Err(SheetError::TooLarge("has a cell of more than 1 MB"));
        }
    }
    Ok(())
}

/// Adds text whose white space means no more than one space, and nothing at the beginning of a paragraph.
fn add_collapsed(event: &Event<'_>, text: &mut String, paragraph: usize) -> Result<(), SheetError> {
    let mut raw = String::new();
    add_text(event, &mut raw)?;
    for character in raw.chars() {
        if !matches!(character, ' ' | '\t' | '\r' | '\n') {
            text.push(character);
        } else if text.len() > paragraph && !text.ends_with([' ', '\n', '\t']) {
            text.push(' ');
        }
    }
    Ok(())
}
