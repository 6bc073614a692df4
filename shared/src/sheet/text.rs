//! Text files in any of the encodings that spreadsheet programs write, as UTF-8.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::SheetError;

const CHUNK: usize = 64 << 10;
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
    size: u64,
    read: u64,
    decoding: Option<Decoding>,
}

struct Decoding {
    decoder: Decoder,
    raw: Vec<u8>,
    at: usize,
    last: bool,
    done: bool,
}

impl fmt::Debug for Decoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.decoder.encoding().name())
    }
}

impl Text {
    /// Finds the encoding of the whole file, for which it is read through once: one odd byte at the end makes it all
    /// Windows-1252.
    pub(super) fn open(mut file: File) -> Result<Self, SheetError> {
        let size = file.seek(SeekFrom::End(0)).map_err(SheetError::Io)?;
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
            marked => match (is_utf_8(&mut file)?, marked) {
                (true, _) => None,
                // It says that it is, so the bad bytes become replacement characters.
                (false, Some(utf_8)) => Some(utf_8),
                (false, None) => Some(WINDOWS_1252),
            },
        };
        file.seek(SeekFrom::Start(start as u64)).map_err(SheetError::Io)?;
        let decoding = encoding.map(|encoding| Decoding {
            decoder: encoding.new_decoder_without_bom_handling(),
            raw: Vec::with_capacity(CHUNK),
            at: 0,
            last: false,
            done: false,
        });
        Ok(Self { file, size, read: start as u64, decoding })
    }

    /// The file itself.
    pub(super) fn into_file(self) -> File {
        self.file
    }

    /// How far the file is read, 0.0 to 1.0.
    pub(super) fn progress(&self) -> f64 {
        if self.read >= self.size { 1.0 } else { self.read as f64 / self.size as f64 }
    }
}

impl Read for Text {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let Some(decoding) = &mut self.decoding else {
            let length = self.file.read(out)?;
            self.read += length as u64;
            return Ok(length);
        };
        while !decoding.done {
            if decoding.at == decoding.raw.len() && !decoding.last {
                decoding.raw.clear();
                decoding.at = 0;
                let length = self.file.by_ref().take(CHUNK as u64).read_to_end(&mut decoding.raw)?;
                self.read += length as u64;
                decoding.last = length == 0;
            }
            let raw = &decoding.raw[decoding.at..];
            let (result, used, written, _) = decoding.decoder.decode_to_utf8(raw, out, decoding.last);
            decoding.at += used;
            decoding.done = decoding.last && result == CoderResult::InputEmpty;
            if written > 0 {
                return Ok(written);
            }
        }
        Ok(0)
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
