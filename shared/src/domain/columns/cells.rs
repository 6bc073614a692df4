//! Cells as their senders mean them, and as we write them.

use std::borrow::Cow;

use super::RowFields;
use crate::domain::Value;

/// Error values of spreadsheet programs, as they write them out.
pub(super) const ERRORS: &str = "#BLOCKED! #BUSY! #CALC! #CONNECT! #DIV/0! #ERROR! #EXTERNAL! #FIELD! #GETTING_DATA #N/A \
                      #NAME? #NULL! #NUM! #PYTHON! #REF! #SPILL! #UNKNOWN! #VALUE!";

/// A cell as it is meant, trimmed; none if it is blank or beyond the row's end.
pub(super) fn text(cells: &[String], column: usize) -> Option<&str> {
    cells.get(column).map(|cell| restored(cell).trim()).filter(|text| !text.is_empty())
}

pub(super) fn is_error(text: &str) -> bool {
    text.starts_with('#') && ERRORS.split(' ').any(|error| error == text)
}

pub(super) fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split([';', ',']).map(str::trim).filter(|part| !part.is_empty())
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
/// A spreadsheet program may take the cell for a formula, now or once apostrophes in front are gone.
fn is_formula(cell: &str) -> bool {
    cell.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// A cell as a file of ours holds it: with an apostrophe in front if it begins with `=`, `+`, `-`, `@`, a tab or a
/// carriage return, so that no spreadsheet program takes it for a formula; also if it begins with apostrophes and then
/// one of these, so that [`restored`] knows the apostrophe that we put there from one that was there.
pub fn neutralised(cell: &str) -> Cow<'_, str> {
    if is_formula(cell) { Cow::Owned(format!("'{cell}")) } else { Cow::Borrowed(cell) }
}

/// What [`neutralised`] made the cell from: without its first apostrophe, if after it comes what [`neutralised`] puts
/// one before. `restored(&neutralised(cell)) == cell` for every cell, so that a file that we wrote goes back in
/// unchanged; in a file of somebody else `'+1 555 0100` is the telephone number too.
pub fn restored(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| is_formula(rest)).unwrap_or(cell)
}
