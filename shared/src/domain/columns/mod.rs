//! What the columns of a spreadsheet mean: its header, and each row's cells as the fields of a lead.

mod cells;
mod names;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::fmt;

use self::cells::{day, is_error, number, split, take_apart, text, words};
use self::names::field;
use super::{FieldErrors, Fields, Value};

pub use cells::{joined, neutralised, restored};

/// Longest header that is looked at, and shown.
const MAX_HEADER: usize = 200;
/// Most headers that an error names, and how much of each.
const SHOWN: (usize, usize) = (5, 40);

/// How the text of a cell becomes the value of its field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    Plain,
    /// All columns, a line each.
    Lines,
    /// Texts between `;` or `,`, in double quotes or not.
    Tags,
    /// Users in the same way.
    Owners,
    Status,
    /// With or without `%`.
    Percent,
    /// With or without a time, midnight.
    Date,
    /// First and last name in one.
    FullName,
}

impl Reading {
    fn of(field: &str) -> Self {
        match field {
            "assigned_to" => Self::Owners,
            "close_date" => Self::Date,
            "description" => Self::Lines,
            "name" => Self::FullName,
            "probability" => Self::Percent,
            "status" => Self::Status,
            "tags" => Self::Tags,
            _ => Self::Plain,
        }
    }
}

/// No column of a file is known; its words show what was found instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownHeader(Vec<String>);

impl std::error::Error for UnknownHeader {}

impl fmt::Display for UnknownHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no column of the file is known; the first row must name them, such as ")?;
        f.write_str("first name, last name, e-mail")?;
        if !self.0.is_empty() {
            write!(f, "; found: {}", self.0.join(", "))?;
        }
        Ok(())
    }
}

/// The columns of one file: which field each of them holds.
///
/// Cells are taken as they stand in the file: what [`neutralised`] did to them is undone here, so whoever writes them
/// out again writes `neutralised(restored(cell))`.
#[derive(Debug, Clone)]
pub struct Columns {
    /// Trimmed.
    header: Vec<String>,
    /// By field, so that `name` comes after the two that it is split into.
    known: Vec<Known>,
    ignored: Vec<String>,
    /// The columns of `ignored`.
    ignored_at: Vec<usize>,
    /// The columns that the header leaves blank.
    unnamed: Vec<usize>,
    /// Those without a name that had data.
    noted: HashSet<usize>,
}

/// A field and its columns.
#[derive(Debug, Clone)]
struct Known {
    field: &'static str,
    reading: Reading,
    columns: Vec<usize>,
}

/// What a row holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowFields {
    /// Under our names and without blank ones, as a client would send them.
    pub fields: Fields,
    /// Whom the lead is assigned to: ids or e-mails of users, as typed.
    pub owners: Vec<String>,
    /// What cannot be a value; these fields are not in `fields`.
    pub errors: FieldErrors,
}

impl Columns {
    /// Reads a header. Names are compared by their letters and digits only, without case and accents.
    pub fn of(header: &[String]) -> Result<Self, UnknownHeader> {
        let header: Vec<String> = header.iter().map(|name| name.trim().to_owned()).collect();
        let mut columns = BTreeMap::<_, Vec<_>>::new();
        let mut read = Self {
            header,
            known: Vec::new(),
            ignored: Vec::new(),
            ignored_at: Vec::new(),
            unnamed: Vec::new(),
            noted: HashSet::new(),
        };
        for column in 0..read.header.len() {
            let name = &read.header[column];
            match field(name) {
                Some(field) => columns.entry(field).or_default().push(column),
                None if name.is_empty() => read.unnamed.push(column),
                None => read.ignore(column, clip(name, MAX_HEADER)),
            }
        }
        let known = |(field, columns)| Known { field, reading: Reading::of(field), columns };
        read.known = columns.into_iter().map(known).collect();
        if read.known.is_empty() {
            let found = read.ignored.iter().take(SHOWN.0).map(|name| clip(name, SHOWN.1));
            return Err(UnknownHeader(found.collect()));
        }
        Ok(read)
    }

    /// The columns that no field takes, by their names in the file, each once; one without a name, once
    /// [`Columns::note`] saw data in it, by its number.
    pub fn ignored(&self) -> &[String] {
        &self.ignored
    }

    /// Looks for data in columns without a name.
    pub fn note(&mut self, cells: &[String]) {
        let unnamed = self.unnamed.iter().copied().chain(self.header.len()..cells.len());
        let new = unnamed.filter(|&column| {
            cells.get(column).is_some_and(|cell| !cell.trim().is_empty()) && !self.noted.contains(&column)
        });
        for column in new.collect::<Vec<_>>() {
            self.noted.insert(column);
            self.ignore(column, format!("column {}", column + 1));
        }
    }

    fn ignore(&mut self, column: usize, name: String) {
        if let Err(at) = self.ignored_at.binary_search(&column)
            && !self.ignored.contains(&name)
        {
            self.ignored_at.insert(at, column);
            self.ignored.insert(at, name);
        }
    }

    /// The fields of a row. Of several columns for one field the first that is not blank counts.
    pub fn fields(&self, cells: &[String]) -> RowFields {
        let mut row = RowFields::default();
        for known in &self.known {
            let Some(text) = known.counted(cells).next() else { continue };
            let text = text.as_ref();
            if let Some(error) = known.counted(cells).find(|text| is_error(text)) {
                known.refuse(&error, &mut row);
                continue;
            }
            let value = match known.reading {
                Reading::Plain => Value::Text(text.to_owned()),
                Reading::Lines => Value::Text(known.counted(cells).collect::<Vec<_>>().join("\n")),
                Reading::Tags => match split(text) {
                    tags if tags.is_empty() => continue,
                    tags => Value::List(tags.into_iter().map(Value::Text).collect()),
                },
                Reading::Status => Value::Text(words(text)),
                Reading::Percent => Value::Text(number(text).to_owned()),
                Reading::Date => Value::Text(day(text).to_owned()),
                Reading::Owners => {
                    row.owners.extend(split(text));
                    continue;
                }
                Reading::FullName => {
                    take_apart(text, &mut row);
                    continue;
                }
            };
            row.fields.set(known.field, value);
        }
        row
    }

    /// Where a row's value of a field stands: the header and the cell, trimmed; for an error. Both are blank if the
    /// file has no column for it.
    pub fn source<'a>(&'a self, field: &str, cells: &'a [String]) -> (&'a str, &'a str) {
        let named = self.known.iter().filter(|known| match known.reading {
            Reading::FullName => matches!(field, "first_name" | "last_name"),
            _ => known.field == field,
        });
        let counted = named.clone().find_map(|known| known.column(cells));
        let Some(column) = counted.or_else(|| named.clone().find_map(|known| known.columns.first().copied()))
        else {
            return ("", "");
        };
        (&self.header[column], cells.get(column).map_or("", |cell| cell.trim()))
    }
}

impl Known {
    /// The texts of a row that count for this field.
    fn counted<'a>(&self, cells: &'a [String]) -> impl Iterator<Item = Cow<'a, str>> {
        let most = if self.reading == Reading::Lines { usize::MAX } else { 1 };
        self.columns.iter().filter_map(|&column| text(cells, column)).take(most)
    }

    /// The column to name in an error.
    fn column(&self, cells: &[String]) -> Option<usize> {
        let mut filled = self.columns.iter().copied().filter(|&column| text(cells, column).is_some());
        let first = filled.next()?;
        let is_error = |column: &usize| text(cells, *column).is_some_and(|text| is_error(&text));
        match self.reading {
            Reading::Lines if !is_error(&first) => filled.find(is_error).or(Some(first)),
            _ => Some(first),
        }
    }

    /// Says of the field, or of the names that it would give, that its cell holds an error.
    fn refuse(&self, error: &str, row: &mut RowFields) {
        let problem = format_args!("the cell holds the error {error}");
        match self.reading {
            Reading::FullName => {
                for field in ["first_name", "last_name"] {
                    if !row.fields.filled(field) && !row.errors.has(field) {
                        row.errors.add(field, problem);
                    }
                }
            }
            _ => row.errors.add(self.field, problem),
        }
    }
}

fn clip(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}
