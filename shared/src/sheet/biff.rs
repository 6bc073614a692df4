//! The records of old workbooks ([MS-XLS] 2.1.4), and what goes on in the next record where one is too short.

use std::io::{BufReader, Read};

use encoding_rs::{Encoding, WINDOWS_1252};

use super::cfb::Stream;
use super::{SheetError, limits};

const CONTINUE: u16 = 0x3C;

/// The records of a workbook's stream.
#[derive(Debug)]
pub(super) struct Records {
    stream: BufReader<Stream>,
    body: Vec<u8>,
    at: usize,
    /// A record that was read too early.
    early: Option<u16>,
    /// How many bytes may still be read: sheets that lie one over the other would take for ever.
    left: usize,
    /// Whether text is in Unicode, as since 1997; else it is in the code page.
    pub(super) unicode: bool,
    pub(super) code_page: &'static Encoding,
}

impl Records {
    pub(super) fn new(stream: Stream) -> Self {
        Self {
            stream: BufReader::new(stream),
            body: Vec::new(),
            at: 0,
            early: None,
            left: 2 * limits::XLS_FILE as usize,
            unicode: true,
            code_page: WINDOWS_1252,
        }
    }

    /// Goes on from this position of the stream.
    pub(super) fn seek(self, at: u64) -> Self {
        let mut stream = self.stream.into_inner();
        stream.seek(at);
        Self { stream: BufReader::new(stream), early: None, ..self }
    }

    /// The type of the next record, whose fields are then read; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<u16>, SheetError> {
        self.at = 0;
        if let Some(kind) = self.early.take() {
            return Ok(Some(kind));
        }
        let mut head = Vec::with_capacity(4);
        self.stream.by_ref().take(4).read_to_end(&mut head).map_err(SheetError::unpacking)?;
        let &[low, high, length_low, length_high] = head.as_slice() else { return Ok(None) };
        let length = u16::from_le_bytes([length_low, length_high]);
        let overlap = || SheetError::damaged("its sheets overlap");
        self.left = self.left.checked_sub(4 + usize::from(length)).ok_or_else(overlap)?;
        self.body.resize(length.into(), 0);
        self.stream.read_exact(&mut self.body).map_err(SheetError::unpacking)?;
        Ok(Some(u16::from_le_bytes([low, high])))
    }

    /// Whether the record, or one that continues it, has more.
    pub(super) fn has_more(&mut self) -> Result<bool, SheetError> {
        while self.at >= self.body.len() {
            match self.next()? {
                Some(CONTINUE) => (),
                kind => {
                    self.early = kind;
                    self.at = self.body.len();
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    pub(super) fn byte(&mut self) -> Result<u8, SheetError> {
        if self.early.is_some() || !self.has_more()? {
            return Err(SheetError::damaged("one record of it is too short"));
        }
        let byte = self.body.get(self.at).copied().unwrap_or_default();
        self.at += 1;
        Ok(byte)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], SheetError> {
        let mut field = [0; N];
        for byte in &mut field {
            *byte = self.byte()?;
        }
        Ok(field)
    }

    pub(super) fn u16(&mut self) -> Result<u16, SheetError> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, SheetError> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn f64(&mut self) -> Result<f64, SheetError> {
        self.array().map(f64::from_le_bytes)
    }

    /// How many bytes are left of this record alone.
    pub(super) fn rest(&self) -> usize {
        self.body.len().saturating_sub(self.at)
    }

    pub(super) fn skip(&mut self, length: usize) -> Result<(), SheetError> {
        let mut left = length;
        while left > 0 {
            self.byte()?;
            let more = self.rest().min(left - 1);
            self.at += more;
            left -= 1 + more;
        }
        Ok(())
    }

    /// Text after its length in characters.
    pub(super) fn text(&mut self) -> Result<String, SheetError> {
        let length = self.u16()?;
        if self.unicode {
            let flags = self.byte()?;
            return self.characters(length, flags);
        }
        Ok(self.old_text(length.into()))
    }

    /// The same before 1997 with a length of one byte.
    pub(super) fn short_text(&mut self) -> Result<String, SheetError> {
        let length = self.byte()?;
        Ok(self.old_text(length.into()))
    }

    fn old_text(&mut self, length: usize) -> String {
        let length = length.min(self.rest());
        let bytes = self.body.get(self.at..self.at + length).unwrap_or_default();
        let text = self.code_page.decode_without_bom_handling(bytes).0.into_owned();
        self.at += length;
        text
    }

    /// Text of the shared strings, which may be followed by fonts and by how it is pronounced ([MS-XLS] 2.5.293).
    pub(super) fn rich_text(&mut self) -> Result<String, SheetError> {
        let length = self.u16()?;
        let flags = self.byte()?;
        let fonts = if flags & 8 == 0 { 0 } else { usize::from(self.u16()?) * 4 };
        let sounds = if flags & 4 == 0 { 0 } else { self.u32()? as usize };
        let text = self.characters(length, flags)?;
        self.skip(fonts)?;
        self.skip(sounds)?;
        Ok(text)
    }

    /// So many characters of one or two bytes, as the flags say. A record that continues them has flags of its own.
    fn characters(&mut self, length: u16, flags: u8) -> Result<String, SheetError> {
        let mut wide = flags & 1 == 1;
        let mut units = Vec::with_capacity(length.into());
        while units.len() < length.into() {
            if self.rest() == 0 {
                wide = self.byte()? & 1 == 1;
            }
            units.push(if wide { self.u16()? } else { u16::from(self.byte()?) });
        }
        Ok(String::from_utf16_lossy(&units))
    }
}
