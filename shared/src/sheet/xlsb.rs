//! XLSB: workbooks in records instead of XML ([MS-XLSB]).

use std::collections::HashMap;
use std::io::{BufRead, Read};

use super::number::{Format, Formats, error_text, rk};
use super::package::{Package, Part};
use super::spool::SpoolWriter;
use super::strings::{Strings, StringsWriter};
use super::values::Values;
use super::workbook::Listed;
use super::{SheetError, limits};

/// Longest record that is held.
const RECORD: usize = limits::ROW;

/// The records of a part.
struct Records<'a> {
    part: Part<'a>,
    body: Vec<u8>,
}

impl<'a> Records<'a> {
    fn new(part: Part<'a>) -> Self {
        Self { part, body: Vec::new() }
    }

    /// The type of the next record, whose body is then held; none at the end.
    fn next(&mut self) -> Result<Option<u16>, SheetError> {
        match self.part.fill_buf() {
            Ok([]) => return Ok(None),
            Ok(_) => (),
            Err(error) => return Err(self.part.failed(error)),
        }
        let kind = self.number(2)?;
        let length = self.number(4)? as usize;
        if length > RECORD {
            return Err(SheetError::damaged("one record of it is longer than 4 MB"));
        }
        self.body.clear();
        let read = self.part.by_ref().take(length as u64).read_to_end(&mut self.body);
        match read {
            Ok(read) if read == length => Ok(Some(kind as u16)),
            Ok(_) => Err(SheetError::damaged("it ends too early")),
            Err(error) => Err(self.part.failed(error)),
        }
    }

    /// A number of up to so many bytes of 7 bits, the lowest first.
    fn number(&mut self, bytes: u32) -> Result<u32, SheetError> {
        let mut number = 0;
        for place in 0..bytes {
            let mut byte = [0];
            self.part.read_exact(&mut byte).map_err(|error| self.part.failed(error))?;
            number |= u32::from(byte[0] & 0x7F) << (7 * place);
            if byte[0] & 0x80 == 0 {
                break;
            }
        }
        Ok(number)
    }

    fn fields(&self) -> Fields<'_> {
        Fields(&self.body)
    }
}

/// The fields of a record, in order.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], SheetError> {
        let short = || SheetError::damaged("one record of it is too short");
        let (field, rest) = self.0.split_at_checked(length).ok_or_else(short)?;
        self.0 = rest;
        Ok(field)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], SheetError> {
        let mut field = [0; N];
        field.copy_from_slice(self.take(N)?);
        Ok(field)
    }

    fn byte(&mut self) -> Result<u8, SheetError> {
        Ok(self.array::<1>()?[0])
    }

    fn u16(&mut self) -> Result<u16, SheetError> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Result<u32, SheetError> {
        self.array().map(u32::from_le_bytes)
    }

    fn f64(&mut self) -> Result<f64, SheetError> {
        self.array().map(f64::from_le_bytes)
    }

    /// Text in UTF-16 after its length; none has the length of all ones.
    fn text(&mut self) -> Result<String, SheetError> {
        let length = match self.u32()? {
            u32::MAX => 0,
            length => length as usize,
        };
        let units = self.take(length.saturating_mul(2))?.chunks_exact(2).map(|unit| match unit {
            [low, high] => u16::from_le_bytes([*low, *high]),
            _ => 0,
        });
        Ok(char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
    }
}

/// The sheets in their order, and whether days are counted from 1904.
pub(super) fn sheets(package: &mut Package, path: &str) -> Result<(Vec<Listed>, bool), SheetError> {
    let (mut sheets, mut since_1904) = (Vec::new(), false);
    let Some(part) = package.part(path, limits::DESCRIPTION)? else { return Ok((sheets, since_1904)) };
    let mut records = Records::new(part);
    while let Some(kind) = records.next()? {
        let mut fields = records.fields();
        match kind {
            // BrtWbProp
            0x99 => since_1904 = fields.u32()? & 1 == 1,
            // BrtBundleSh
            0x9C => {
                let hidden = fields.u32()? != 0;
                fields.u32()?;
                sheets.push(Listed { relationship: fields.text()?, hidden });
                if sheets.len() > limits::SHEETS {
                    return Err(SheetError::damaged("it has more than 10,000 sheets"));
                }
            }
            // BrtEndBundleShs
            0x90 => break,
            _ => (),
        }
    }
    Ok((sheets, since_1904))
}

/// The formats by which numbers are told from dates.
pub(super) fn formats(package: &mut Package, path: &str, since_1904: bool) -> Result<Formats, SheetError> {
    let mut formats = Formats { since_1904, styles: Vec::new() };
    let mut written = HashMap::new();
    let mut in_cells = false;
    let Some(part) = package.part(path, limits::DESCRIPTION)? else { return Ok(formats) };
    let mut records = Records::new(part);
    while let Some(kind) = records.next()? {
        let mut fields = records.fields();
        match kind {
            // BrtFmt
            0x2C => {
                let id = u32::from(fields.u16()?);
                written.insert(id, Format::written(&fields.text()?));
            }
            // BrtBeginCellXFs
            0x269 => in_cells = true,
            // BrtEndCellXFs
            0x26A => break,
            // BrtXF
            0x2F if in_cells => {
                fields.u16()?;
                let id = u32::from(fields.u16()?);
                formats.styles.push(written.get(&id).copied().unwrap_or_else(|| Format::built_in(id)));
            }
            _ => (),
        }
    }
    Ok(formats)
}

/// The shared strings.
pub(super) fn strings(package: &mut Package, path: &str) -> Result<Strings, SheetError> {
    let mut strings = StringsWriter::new()?;
    let Some(part) = package.part(path, limits::UNPACKED)? else { return strings.finish() };
    let mut records = Records::new(part);
    while let Some(kind) = records.next()? {
        // BrtSSTItem
        if kind == 0x13 {
            let mut fields = records.fields();
            fields.byte()?;
            strings.push(&fields.text()?)?;
        }
    }
    strings.finish()
}

/// Reads the cells of a worksheet; `left` is how much all sheets may still unpack to.
pub(super) fn cells(
    package: &mut Package,
    path: &str,
    left: &mut u64,
    values: &mut Values,
    spool: &mut SpoolWriter,
) -> Result<(), SheetError> {
    let Some(part) = package.part(path, *left)? else {
        return Err(SheetError::damaged("a sheet of it is missing"));
    };
    let mut records = Records::new(part);
    let mut next = 0;
    while let Some(kind) = records.next()? {
        let mut fields = records.fields();
        match kind {
            // BrtRowHdr
            0x00 => {
                spool.row(fields.u32()?.saturating_add(1), 1)?;
                next = 0;
            }
            // BrtCellBlank to BrtFmlaError, BrtCellRString
            0x01..=0x0B | 0x3E => {
                let column = fields.u32()?;
                cell(kind, column, fields, values, spool)?;
                next = column.saturating_add(1);
            }
            // BrtShortBlank to BrtShortIsst: the same without a column, which is the next one
            0x0C..=0x12 => {
                cell(kind - 0x0B, next, fields, values, spool)?;
                next = next.saturating_add(1);
            }
            // BrtEndSheetData
            0x92 => {
                *left = left.saturating_sub(records.part.used());
                return Ok(());
            }
            _ => (),
        }
    }
    Err(SheetError::damaged("it ends too early"))
}

fn cell(
    kind: u16,
    column: u32,
    mut fields: Fields<'_>,
    values: &mut Values,
    spool: &mut SpoolWriter,
) -> Result<(), SheetError> {
    let style = (fields.u32()? & 0x00FF_FFFF) as usize;
    match kind {
        // BrtCellBlank
        0x01 => Ok(()),
        // BrtCellRk
        0x02 => spool.cell(column, values.number(rk(fields.u32()?), style)),
        // BrtCellError, BrtFmlaError
        0x03 | 0x0B => spool.cell(column, error_text(fields.byte()?)),
        // BrtCellBool, BrtFmlaBool
        0x04 | 0x0A => spool.cell(column, if fields.byte()? == 0 { "FALSE" } else { "TRUE" }),
        // BrtCellReal, BrtFmlaNum
        0x05 | 0x09 => spool.cell(column, values.number(fields.f64()?, style)),
        // BrtCellSt, BrtFmlaString
        0x06 | 0x08 => spool.cell(column, &fields.text()?),
        // BrtCellIsst
        0x07 => spool.cell(column, values.shared(fields.u32()? as usize)?),
        // BrtCellRString
        _ => {
            fields.byte()?;
            spool.cell(column, &fields.text()?)
        }
    }
}
