//! XLS: the workbooks of Excel 5 to 2003 ([MS-XLS]).

use std::collections::HashMap;
use std::fs::File;

use encoding_rs::{Encoding, WINDOWS_1252};

use super::biff::Records;
use super::cfb::Cfb;
use super::number::{Format, Formats, error_text, rk};
use super::spool::{Finished, Spool, SpoolWriter};
use super::strings::{Strings, StringsWriter};
use super::values::Values;
use super::{SheetError, limits};

/// Most cells, and most text, that are sorted in memory if their rows are out of order.
const SORTED_CELLS: usize = 1 << 20;
const SORTED_TEXT: usize = 32 << 20;

/// Reads the first visible worksheet that has any text; none if no sheet has.
pub(super) fn read(file: File) -> Result<Option<Spool>, SheetError> {
    let size = file.metadata().map_err(SheetError::Io)?.len();
    let mut cfb = Cfb::open(file)?;
    if cfb.has("EncryptedPackage")? {
        return Err(SheetError::Protected);
    }
    let stream = match cfb.stream("Workbook")? {
        Some(stream) => Some(stream),
        None => cfb.stream("Book")?,
    };
    let Some(stream) = stream else { return Err(SheetError::NotASpreadsheet) };
    if size > limits::XLS_FILE {
        return Err(SheetError::TooLarge("is larger than 64 MB"));
    }
    let mut records = Records::new(stream);
    let (sheets, mut values) = globals(&mut records)?;
    let mut spool = SpoolWriter::new()?;
    for position in sheets {
        records = records.seek(position);
        let in_order = cells(&mut records, &mut values, &mut |row, column, text| {
            if row < spool.current() {
                return Ok(false);
            }
            if row > spool.current() {
                spool.row(row, 1)?;
            }
            spool.cell(column, text).map(|()| true)
        })?;
        if !in_order {
            records = records.seek(position);
            spool = sorted(&mut records, &mut values)?;
        }
        spool = match spool.finish()? {
            Finished::Rows(rows) => return Ok(Some(rows)),
            Finished::Blank(spool) => spool,
        };
    }
    Ok(None)
}

/// Where the visible worksheets begin, and what the cells refer to.
fn globals(records: &mut Records) -> Result<(Vec<u64>, Values), SheetError> {
    let mut sheets = Vec::new();
    let mut strings = None;
    let mut formats = Formats::default();
    let (mut written, mut styles) = (HashMap::new(), Vec::new());
    while let Some(kind) = records.next()? {
        match kind {
            // BOF
            0x0809 => records.unicode = records.u16()? == 0x0600,
            // FilePass
            0x2F => return Err(SheetError::Protected),
            // CodePage
            0x42 => records.code_page = code_page(records.u16()?),
            // Date1904
            0x22 => formats.since_1904 = records.u16()? == 1,
            // Format
            0x041E if records.rest() > 4 => {
                let id = u32::from(records.u16()?);
                let code = if records.unicode { records.text()? } else { records.short_text()? };
                written.insert(id, Format::written(&code));
            }
            // XF
            0xE0 => {
                records.u16()?;
                styles.push(u32::from(records.u16()?));
            }
            // BoundSheet8
            0x85 => {
                let position = u64::from(records.u32()?);
                let (hidden, kind) = (records.byte()? & 3 != 0, records.byte()?);
                if !hidden && kind == 0 && sheets.len() < limits::SHEETS {
                    sheets.push(position);
                }
            }
            // SST
            0xFC => strings = Some(shared(records)?),
            // EOF
            0x0A => break,
            _ => (),
        }
    }
    let format = |id: u32| written.get(&id).copied().unwrap_or_else(|| Format::built_in(id));
    formats.styles = styles.into_iter().map(format).collect();
    let strings = strings.map_or_else(Strings::none, Ok)?;
    Ok((sheets, Values::new(formats, strings)))
}

fn shared(records: &mut Records) -> Result<Strings, SheetError> {
    let mut strings = StringsWriter::new()?;
    records.u32()?;
    let count = records.u32()?;
    for _ in 0..count {
        if !records.has_more()? {
            break;
        }
        strings.push(&records.rich_text()?)?;
    }
    strings.finish()
}

fn code_page(number: u16) -> &'static Encoding {
    let label = match number {
        874 | 1250..=1258 => format!("windows-{number}"),
        932 => "shift_jis".to_owned(),
        936 => "gbk".to_owned(),
        949 => "euc-kr".to_owned(),
        950 => "big5".to_owned(),
        10_000 | 32_768 => "macintosh".to_owned(),
        10_007 => "x-mac-cyrillic".to_owned(),
        _ => return WINDOWS_1252,
    };
    Encoding::for_label(label.as_bytes()).unwrap_or(WINDOWS_1252)
}

/// Takes a row counted from 1, a column counted from 0 and a text; false ends the reading.
type Take<'a> = dyn FnMut(u32, u32, &str) -> Result<bool, SheetError> + 'a;

/// Hands out the cells of the sheet that begins here; whether all were taken.
fn cells(records: &mut Records, values: &mut Values, take: &mut Take<'_>) -> Result<bool, SheetError> {
    // A chart within the sheet has records like a sheet's.
    let mut depth = 0;
    // The formula whose text comes in a record of its own.
    let mut formula = (0, 0);
    while let Some(kind) = records.next()? {
        let taken = match kind {
            0x0809 => {
                depth += 1;
                true
            }
            0x0A if depth <= 1 => return Ok(true),
            0x0A => {
                depth -= 1;
                true
            }
            _ if depth != 1 => true,
            // String
            0x0207 => {
                let text = records.text()?;
                take(formula.0, formula.1, &text)?
            }
            // MulRk
            0xBD => {
                let (row, mut column) = place(records)?;
                let mut taken = true;
                while taken && records.rest() >= 8 {
                    let style = usize::from(records.u16()?);
                    taken = take(row, column, values.number(rk(records.u32()?), style))?;
                    column += 1;
                }
                taken
            }
            0x06 | 0x0206 | 0x0406 | 0x0203 | 0x027E | 0xFD | 0x0204 | 0xD6 | 0x0205 => {
                let (row, column) = place(records)?;
                formula = (row, column);
                let style = usize::from(records.u16()?);
                match kind {
                    // Number
                    0x0203 => take(row, column, values.number(records.f64()?, style))?,
                    // RK
                    0x027E => take(row, column, values.number(rk(records.u32()?), style))?,
                    // LabelSst
                    0xFD => take(row, column, values.shared(records.u32()? as usize)?)?,
                    // Label, RString
                    0x0204 | 0xD6 => take(row, column, &records.text()?)?,
                    // BoolErr
                    0x0205 => {
                        let (value, is_error) = (records.byte()?, records.byte()? != 0);
                        take(row, column, logical(value, is_error))?
                    }
                    _ => match records.f64()?.to_le_bytes() {
                        [1, _, value, .., 0xFF, 0xFF] => take(row, column, logical(value, false))?,
                        [2, _, value, .., 0xFF, 0xFF] => take(row, column, logical(value, true))?,
                        // Text, which follows, or none.
                        [.., 0xFF, 0xFF] => true,
                        number => take(row, column, values.number(f64::from_le_bytes(number), style))?,
                    },
                }
            }
            _ => true,
        };
        if !taken {
            return Ok(false);
        }
    }
    Err(SheetError::damaged("it ends too early"))
}

fn place(records: &mut Records) -> Result<(u32, u32), SheetError> {
    Ok((u32::from(records.u16()?) + 1, u32::from(records.u16()?)))
}

fn logical(value: u8, is_error: bool) -> &'static str {
    match (is_error, value) {
        (true, code) => error_text(code),
        (false, 0) => "FALSE",
        (false, _) => "TRUE",
    }
}

/// The same for a sheet whose rows are out of order, as some programs write them.
fn sorted(records: &mut Records, values: &mut Values) -> Result<SpoolWriter, SheetError> {
    let mut text = String::new();
    let mut places = Vec::new();
    cells(records, values, &mut |row, column, cell| {
        if places.len() >= SORTED_CELLS || text.len() + cell.len() > SORTED_TEXT {
            return Err(SheetError::TooLarge("has its rows out of order"));
        }
        places.push((row, column, text.len(), cell.len()));
        text.push_str(cell);
        Ok(true)
    })?;
    places.sort_by_key(|(row, column, ..)| (*row, *column));
    let mut spool = SpoolWriter::new()?;
    for (row, column, start, length) in places {
        if row > spool.current() {
            spool.row(row, 1)?;
        }
        spool.cell(column, text.get(start..start + length).unwrap_or_default())?;
    }
    Ok(spool)
}
