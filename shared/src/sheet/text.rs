//! Text files in any of the encodings that spreadsheet programs write, as UTF-8.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::SheetError;

const CHUNK: usize = 64 << 10;
/// Longest run of bytes that a decoder finds to be wrong, with what it read after them.
const LONGEST: usize = 8;
/// How much of a file's beginning tells what it is.
const SAMPLE: usize = 8 << 10;

/// Beginnings of files that people take for spreadsheets, or that would pass for Windows-1252.
const OTHER_FILES: [&[u8]; 16] = [
    b"%pdf-",
    b"\x89png",
    b"\xff\xd8\xff",
    b"gif8",
    b"{\\rtf",
    b"\x1f\x8b",
    b"7z\xbc\xaf\x27\x1c",
    b"rar!",
    b"bzh",
    b"pk\x05\x06",
    b"pk\x07\x08",
    b"<!doctype",
    b"<html",
    b"<table",
    b"<?xml",
    b"<meta",
];

/// A file's text, decoded as it is read. To be read through a buffer: a read asks for at least a few bytes.
#[derive(Debug)]
pub(super) struct Text {
    file: File,
    decoding: Option<Decoding>,
}

struct Decoding {
    decoder: Decoder,
    /// Bytes of the file; before `at` the last that were decoded.
    raw: Vec<u8>,
    at: usize,
    /// Text that found no room yet.
    left: Vec<u8>,
    last: bool,
    done: bool,
}

impl fmt::Debug for Decoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.decoder.encoding().name())
    }
}

impl Text {
    /// Finds the encoding of the whole file, for which it is read through. What is not UTF-8 in a file that else is, as where
    /// two exports were put together, is read as Windows-1252 by itself.
    pub(super) fn open(mut file: File) -> Result<Self, SheetError> {
        file.rewind().map_err(SheetError::Io)?;
        let mut sample = Vec::with_capacity(SAMPLE);
        file.by_ref().take(SAMPLE as u64).read_to_end(&mut sample).map_err(SheetError::Io)?;
        let marked = Encoding::for_bom(&sample);
        let start = marked.map_or(0, |(_, length)| length);
        let encoding = marked.map(|(encoding, _)| encoding).or_else(|| utf_16(&sample));
        if is_another_file(&sample[start..], encoding.is_some_and(|encoding| encoding != UTF_8)) {
            return Err(SheetError::NotASpreadsheet);
        }
        let encoding = match encoding {
            Some(encoding) if encoding != UTF_8 => Some(encoding),
            _ if is_utf_8(&mut file)? => None,
            Some(utf_8) => Some(utf_8),
            None if is_rather_utf_8(&mut file)? => Some(UTF_8),
            None => Some(WINDOWS_1252),
        };
        file.seek(SeekFrom::Start(start as u64)).map_err(SheetError::Io)?;
        let decoding = encoding.map(|encoding| Decoding {
            decoder: encoding.new_decoder_without_bom_handling(),
            raw: Vec::with_capacity(CHUNK),
            at: 0,
            left: Vec::new(),
            last: false,
            done: false,
        });
        Ok(Self { file, decoding })
    }

    /// The file itself.
    pub(super) fn into_file(self) -> File {
        self.file
    }
}

impl Read for Text {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let Some(decoding) = &mut self.decoding else {
            return self.file.read(out);
        };
        decoding.read(&mut self.file, out)
    }
}

impl Decoding {
    fn read(&mut self, file: &mut File, out: &mut [u8]) -> io::Result<usize> {
        while self.left.is_empty() && !self.done {
            if self.at == self.raw.len() && !self.last {
                self.raw.drain(..self.at.saturating_sub(LONGEST));
                self.at = self.raw.len();
                self.last = file.take(CHUNK as u64).read_to_end(&mut self.raw)? == 0;
            }
            let raw = &self.raw[self.at..];
            let (result, used, written) =
                self.decoder.decode_to_utf8_without_replacement(raw, out, self.last);
            self.at += used;
            match result {
                DecoderResult::InputEmpty => self.done = self.last,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(bad, after) => {
                    let end = self.at - usize::from(after);
                    self.left = self.repaired(&self.raw[end - usize::from(bad)..end]);
                }
            }
            if written > 0 {
                return Ok(written);
            }
        }
        let length = self.left.len().min(out.len());
        out[..length].copy_from_slice(&self.left[..length]);
        self.left.drain(..length);
        Ok(length)
    }

    /// What bytes mean that are none of the encoding's.
    fn repaired(&self, bad: &[u8]) -> Vec<u8> {
        if self.decoder.encoding() == UTF_8 {
            return WINDOWS_1252.decode_without_bom_handling(bad).0.into_owned().into_bytes();
        }
        char::REPLACEMENT_CHARACTER.to_string().into_bytes()
    }
}

/// UTF-16 without a mark: text of almost any script has ASCII in every line, whose other halves are NUL.
fn utf_16(sample: &[u8]) -> Option<&'static Encoding> {
    let nuls = |first: usize| sample.iter().skip(first).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd, pairs) = (nuls(0), nuls(1), sample.len() / 2);
    match () {
        () if odd * 4 > pairs && even * 20 <= odd => Some(UTF_16LE),
        () if even * 4 > pairs && odd * 20 <= even => Some(UTF_16BE),
        () => None,
    }
}

/// Whether a file that begins so is of another kind. Control characters stand in no text.
fn is_another_file(sample: &[u8], wide: bool) -> bool {
    let narrow: Vec<u8> =
        sample.iter().filter(|byte| !wide || **byte != 0).map(u8::to_ascii_lowercase).collect();
    let begins = narrow.trim_ascii_start();
    let controls = narrow.iter().filter(|byte| matches!(**byte, 1..=8 | 14..=25 | 28..=31)).count();
    OTHER_FILES.iter().any(|other| begins.starts_with(other)) || (!wide && controls * 50 > narrow.len())
}

/// Whether a file that is not all UTF-8 has more characters of it, beyond ASCII, than bytes that are none. In text of
/// Windows-1252 there are hardly any. A character between two pieces counts against it.
fn is_rather_utf_8(file: &mut File) -> Result<bool, SheetError> {
    file.rewind().map_err(SheetError::Io)?;
    let (mut piece, mut characters, mut bad) = (Vec::with_capacity(CHUNK), 0, 0);
    while file.by_ref().take(CHUNK as u64).read_to_end(&mut piece).map_err(SheetError::Io)? > 0 {
        for part in piece.utf8_chunks() {
            characters += part.valid().bytes().filter(|byte| *byte >= 0xc0).count();
            bad += part.invalid().len();
        }
        piece.clear();
    }
    Ok(characters > bad)
}

/// Whether the whole file is UTF-8. A NUL means that it is no text at all.
fn is_utf_8(file: &mut File) -> Result<bool, SheetError> {
    file.rewind().map_err(SheetError::Io)?;
    let mut buffer = vec![0; CHUNK];
    let (mut kept, mut valid) = (0, true);
    loop {
        let length = match file.read(&mut buffer[kept..]) {
            Ok(0) => return Ok(valid && kept == 0),
            Ok(length) => kept + length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(SheetError::Io(error)),
        };
        if buffer[kept..length].contains(&0) {
            return Err(SheetError::NotASpreadsheet);
        }
        kept = 0;
        if valid && let Err(error) = std::str::from_utf8(&buffer[..length]) {
            valid = error.error_len().is_none();
            if valid {
                // A character that goes on in the next chunk.
                buffer.copy_within(error.valid_up_to()..length, 0);
                kept = length - error.valid_up_to();
            }
        }
    }
}
