//! What stands between the cells of a CSV file.

use super::csv::Line;

/// In the order in which they win when nothing else decides.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// How many rows are looked at.
const ROWS: usize = 50;

/// The delimiter that the first line declares in the manner of Excel, `sep=;`, and the length of that line. The
/// programs do not show it, so it is no row.
pub(super) fn declared(text: &[u8]) -> Option<(u8, usize)> {
    let length = text.iter().take(16).position(|byte| matches!(byte, b'\r' | b'\n'))?;
    let (line, rest) = text.split_at(length);
    let line = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line);
    let (name, value) = line.split_at_checked(4)?;
    let &[delimiter] = value else { return None };
    let declares = name.eq_ignore_ascii_case(b"sep=")
        && delimiter.is_ascii()
        && !delimiter.is_ascii_alphanumeric()
        && delimiter != b'"';
    let broken = if rest.starts_with(b"\r\n") { 2 } else { 1 };
    declares.then_some((delimiter, length + broken))
}

/// The delimiter that the text seems to have: one that the header has, and as often as most rows after it do.
pub(super) fn guessed(text: &[u8]) -> u8 {
    let mut best = (b',', (0, 0));
    for delimiter in DELIMITERS {
        let counts = counts(text, delimiter);
        let header = counts.first().copied().unwrap_or_default();
        if header < 2 {
            continue;
        }
        let alike = counts.iter().skip(1).filter(|cells| **cells == header).count();
        if (alike, header) > best.1 {
            best = (delimiter, (alike, header));
        }
    }
    best.0
}

/// How many cells the first rows have that are not blank.
fn counts(mut text: &[u8], delimiter: u8) -> Vec<usize> {
    let mut line = Line::new(delimiter);
    let mut counts = Vec::new();
    while counts.len() < ROWS {
        line.clear();
        // A row past the limits is for the reader to report.
        let Ok((used, ended)) = line.push(text, 0) else { break };
        text = &text[used..];
        // A row that the sample cuts off tells nothing, unless it is the only one.
        let whole = ended || (counts.is_empty() && line.end() == Ok(true));
        if whole && !line.is_blank() {
            counts.push(line.cells());
        }
        if !ended {
            break;
        }
    }
    counts
}
