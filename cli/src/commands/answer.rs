//! What a command answers, for people or as JSON.

use std::fmt;
use std::io::{self, Write};

use leadline::BoxError;
use serde::Serialize;
use serde_json::{Value, json};

/// An answer.
#[derive(Debug)]
pub(super) enum Answer {
    One(Value),
    List {
        /// The fields that people see; JSON has all.
        columns: &'static [&'static str],
        rows: Vec<Value>,
    },
    /// A list that people see in other words than programs.
    Table {
        columns: &'static [&'static str],
        rows: Vec<Value>,
        value: Value,
    },
    /// A text as it stands; programs find it under the name.
    Text {
        name: &'static str,
        text: String,
    },
}

impl Answer {
    pub(super) fn one(value: &impl Serialize) -> Result<Self, BoxError> {
        Ok(Self::One(serde_json::to_value(value)?))
    }

    pub(super) fn list(columns: &'static [&'static str], rows: &[impl Serialize]) -> Result<Self, BoxError> {
        let rows = rows.iter().map(serde_json::to_value).collect::<Result<_, _>>()?;
        Ok(Self::List { columns, rows })
    }

    /// With one more field.
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        if let Self::One(Value::Object(fields)) = &mut self {
            fields.insert(name.to_owned(), value.into());
        }
        self
    }

    pub(super) fn print(self, json: bool) -> io::Result<()> {
        let text = match (self, json) {
            (Self::One(value) | Self::Table { value, .. }, true) => format!("{value}\n"),
            (Self::List { rows, .. }, true) => format!("{}\n", Value::Array(rows)),
            (Self::Text { name, text }, true) => format!("{}\n", json!({ name: text })),
            (Self::One(value), false) => lines(&value),
            (Self::Text { text, .. }, false) => text,
            (Self::List { columns, rows } | Self::Table { columns, rows, .. }, false) => {
                table(columns, &rows)
            }
        };
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()
    }
}

/// A field a line, the id first.
fn lines(value: &Value) -> String {
    let mut fields: Vec<(&String, &Value)> = value.as_object().into_iter().flatten().collect();
    fields.sort_by_key(|(name, _)| *name != "id");
    let rows = fields.into_iter().map(|(name, value)| vec![name.clone(), plain(value)]);
    aligned(&rows.collect::<Vec<_>>())
}

fn table(columns: &[&str], rows: &[Value]) -> String {
    let mut lines: Vec<Vec<String>> = vec![columns.iter().map(|column| column.to_uppercase()).collect()];
    for row in rows {
        lines.push(columns.iter().map(|column| plain(&row[*column])).collect());
    }
    aligned(&lines)
}

fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let cells = |column: usize| rows.iter().filter_map(move |row| row.get(column));
    let width = |column| cells(column).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

/// A value as people write it.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(values) if values.is_empty() => "-".to_owned(),
        Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}

/// A number with a comma for each thousand.
pub(super) fn grouped(number: impl fmt::Display) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let rows = [
            json!({"id": 1, "name": "Ada", "teams": []}),
            json!({"id": 20, "name": "Li", "teams": ["a", "b"]}),
        ];

        let text = table(&["id", "name", "teams"], &rows);

        assert_eq!(text, "ID  NAME  TEAMS\n1   Ada   -\n20  Li    a, b\n");
    }

    #[test]
    fn the_id_comes_first() {
        assert_eq!(lines(&json!({"active": true, "id": "x"})), "id      x\nactive  yes\n");
    }

    #[test]
    fn thousands_are_grouped() {
        let numbers = [0, 999, 1_000, 12_345, 1_234_567].map(grouped);

        assert_eq!(numbers, ["0", "999", "1,000", "12,345", "1,234,567"]);
    }
}
