//! Cells as their senders mean them, and as we write them.

use std::borrow::Cow;

use super::RowFields;
use crate::domain::Value;
use crate::domain::text::is_blank;

/// What stands between the parts of a list.
const LIST_SIGNS: [char; 2] = [';', ','];

/// Error values of spreadsheet programs, as they write them out.
pub(super) const ERRORS: &str = "#BLOCKED! #BUSY! #CALC! #CONNECT! #DIV/0! #ERROR! #EXTERNAL! #FIELD! #GETTING_DATA #N/A \
                      #NAME? #NULL! #NUM! #PYTHON! #REF! #SPILL! #UNKNOWN! #VALUE!";

/// A cell as it is meant, trimmed; none if it is blank or beyond the row's end.
pub(super) fn text(cells: &[String], column: usize) -> Option<Cow<'_, str>> {
    let text = match restored(cells.get(column)?) {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    };
    Some(text).filter(|text| !is_blank(text))
}

pub(super) fn is_error(text: &str) -> bool {
    text.starts_with('#') && ERRORS.split(' ').any(|error| error == text)
}

/// The parts of a list, as [`joined`] writes it or people do.
pub(super) fn split(mut text: &str) -> Vec<String> {
    let mut parts = Vec::new();
    while !text.is_empty() {
        let (part, rest) = quoted(text.trim_start()).unwrap_or_else(|| {
            let (part, rest) = text.split_once(LIST_SIGNS).unwrap_or((text, ""));
            (part.trim().to_owned(), rest)
        });
        parts.extend(Some(part).filter(|part| !part.is_empty()));
        text = rest;
    }
    parts
}

/// A part in double quotes, and what comes after it; none if it does not begin and end so.
fn quoted(text: &str) -> Option<(String, &str)> {
    let (mut part, mut rest) = (String::new(), text.strip_prefix('"')?);
    loop {
        let (before, after) = rest.split_once('"')?;
        part.push_str(before);
        rest = match after.strip_prefix('"') {
            Some(after) => {
                part.push('"');
                after
            }
            None => {
                rest = after.trim_start();
                break;
            }
        };
    }
    let after = if rest.is_empty() { rest } else { rest.strip_prefix(LIST_SIGNS)? };
    Some((part.trim().to_owned(), after))
}

/// A list as one cell: its parts between `;`. One that holds such a sign itself, or begins with a quote, is in double
/// quotes, in which a quote stands twice.
pub fn joined<'p>(parts: impl Iterator<Item = &'p str>) -> String {
    let parts = parts.map(|part| match part.contains(LIST_SIGNS) || part.starts_with('"') {
        true => Cow::Owned(format!("\"{}\"", part.replace('"', "\"\""))),
        false => Cow::Borrowed(part),
    });
    parts.collect::<Vec<_>>().join(";")
}

/// The words of a status as we spell them; what has none stays, to be refused.
pub(super) fn words(text: &str) -> String {
    let between = |c: char| c.is_whitespace() || matches!(c, '_' | '-');
    let words: Vec<_> = text.split(between).filter(|word| !word.is_empty()).collect();
    if words.is_empty() { text.to_owned() } else { words.join(" ").to_lowercase() }
}

/// A percentage without its sign.
pub(super) fn number(text: &str) -> &str {
    text.strip_suffix('%').map(str::trim_end).filter(|number| !number.is_empty()).unwrap_or(text)
}

/// A time at midnight is how programs write out a day.
pub(super) fn day(text: &str) -> &str {
    match text.split_at_checked("YYYY-MM-DD".len()) {
        Some((day, time)) if time.strip_prefix(['T', ' ']).is_some_and(is_midnight) => day,
        _ => text,
    }
}

fn is_midnight(time: &str) -> bool {
    let time = time.strip_suffix('Z').unwrap_or(time);
    let (clock, fraction) = time.split_once('.').unwrap_or((time, ""));
    matches!(clock, "00:00" | "00:00:00") && fraction.bytes().all(|digit| digit == b'0')
}

/// Takes out of a full name what the columns of first and last name leave blank. If they leave both, the last word is
/// the last name; if they leave one, it is what the name says besides the other. That may be all of it: in many files
/// `Name` is the one and `Vorname`, or `Surname`, the other.
pub(super) fn take_apart(name: &str, row: &mut RowFields) {
    let (first, last) = match (row.fields.text("first_name"), row.fields.text("last_name")) {
        (Some(_), Some(_)) => return,
        (Some(first), None) => match besides(name, first) {
            (before, "") => ("", before),
            (_, after) => ("", after),
        },
        (None, Some(last)) => match besides(name, last) {
            ("", after) => (after, ""),
            (before, _) => (before, ""),
        },
        (None, None) => name.rsplit_once(char::is_whitespace).unwrap_or(("", name)),
    };
    let (first, last) = (first.trim().to_owned(), last.trim().to_owned());
    for (field, text) in [("first_name", first), ("last_name", last)] {
        if !text.is_empty() && !row.errors.has(field) {
            row.fields.set(field, Value::Text(text));
        }
    }
}

/// What stands before and after a part of a name; the whole name if the part is not in it, or is all of it.
fn besides<'a>(name: &'a str, part: &str) -> (&'a str, &'a str) {
    let Some((before, after)) = name.split_once(part) else { return (name, name) };
    let whole_words = (before.is_empty() || before.ends_with(char::is_whitespace))
        && (after.is_empty() || after.starts_with(char::is_whitespace));
    match (before.trim(), after.trim()) {
        ("", "") => (name, name),
        around if whole_words => around,
        _ => (name, name),
    }
}

/// What a spreadsheet program that is set to another list separator may begin a new cell, or a new row, after.
const SEPARATORS: [char; 4] = [';', '\t', '\r', '\n'];
const TRIGGERS: [char; 4] = ['=', '+', '-', '@'];

/// A spreadsheet program may take the cell for a formula, now or once apostrophes in front are gone.
fn is_formula(cell: &str) -> bool {
    let cell = cell.trim_start_matches('\'');
    cell.starts_with(TRIGGERS) || cell.starts_with(['\t', '\r'])
}

/// A part of a cell, after a separator, that may become a cell by itself and be taken for a formula. Quotes count for
/// nothing there, and what begins with them may come without them.
fn is_hidden_formula(part: &str) -> bool {
    part.trim_start_matches(['\'', '"', ' ']).starts_with(TRIGGERS)
}

/// A cell as a file of ours holds it: with an apostrophe in front if it begins with `=`, `+`, `-`, `@`, a tab or a
/// carriage return, so that no spreadsheet program takes it for a formula; also if it begins with apostrophes and then
/// one of these, so that [`restored`] knows the apostrophe that we put there from one that was there. The same after each
/// `;`, tab and line break within it, where a program set to another separator than the comma begins a cell: see OWASP,
/// "CSV Injection".
pub fn neutralised(cell: &str) -> Cow<'_, str> {
    let cell = in_parts(cell, |part, written| {
        if is_hidden_formula(part) {
            written.push('\'');
        }
        written.push_str(part);
    });
    if is_formula(&cell) { Cow::Owned(format!("'{cell}")) } else { cell }
}

/// What [`neutralised`] made the cell from: without each apostrophe that stands before what [`neutralised`] puts one
/// before. `restored(&neutralised(cell)) == cell` for every cell, so that a file that we wrote goes back in unchanged; in
/// a file of somebody else `'+1 555 0100` is the telephone number too.
pub fn restored(cell: &str) -> Cow<'_, str> {
    let cell = cell.strip_prefix('\'').filter(|rest| is_formula(rest)).unwrap_or(cell);
    in_parts(cell, |part, written| {
        written.push_str(part.strip_prefix('\'').filter(|rest| is_hidden_formula(rest)).unwrap_or(part));
    })
}

/// A cell with each part after a separator written anew.
fn in_parts(cell: &str, write: impl Fn(&str, &mut String)) -> Cow<'_, str> {
    if !cell.contains(SEPARATORS) {
        return Cow::Borrowed(cell);
    }
    let mut parts = cell.split_inclusive(SEPARATORS);
    let mut written = parts.next().unwrap_or_default().to_owned();
    parts.for_each(|part| write(part, &mut written));
    Cow::Owned(written)
}
