//! How a file of leads is brought in, and what is wrong with a row of it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Email, FieldErrors, Fields, Form, Tags, Text, UserId, Value};

/// What becomes of a row whose e-mail a lead of the organisation has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnDuplicate {
    /// Nothing.
    #[default]
    Skip,
    /// One more lead.
    Create,
    /// The lead is changed to what the row says.
    Update,
}

/// The text is none of the three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be skip, create or update")]
pub struct OnDuplicateError;

impl FromStr for OnDuplicate {
    type Err = OnDuplicateError;

    fn from_str(text: &str) -> Result<Self, OnDuplicateError> {
        match text.trim() {
            "skip" => Ok(Self::Skip),
            "create" => Ok(Self::Create),
            "update" => Ok(Self::Update),
            _ => Err(OnDuplicateError),
        }
    }
}

impl fmt::Display for OnDuplicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Skip => "skip",
            Self::Create => "create",
            Self::Update => "update",
        })
    }
}

/// What the sender of a file asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImportOptions {
    pub on_duplicate: OnDuplicate,
    /// The source of leads whose row names none.
    pub default_source: Option<Text<64>>,
    /// Of every lead, besides those of its row.
    pub tags: Tags,
    /// Who gets the leads whose row names nobody: ids or e-mails of users.
    pub assigned_to: Vec<String>,
    /// Only says what would be done.
    pub dry_run: bool,
    /// Also if the same bytes came before.
    pub again: bool,
}

impl ImportOptions {
    /// Reads what was sent of them; every bad one is reported. A list may also be one text, its items between `;` or
    /// `,`.
    pub fn read(fields: &Fields) -> Result<Self, FieldErrors> {
        let mut fields = fields.clone();
        for name in ["tags", "assigned_to"] {
            split(&mut fields, name);
        }
        let mut form = Form::new(&fields);
        let assigned_to = form.ids::<Assignee>(&["assigned_to"], Vec::new());
        let options = Self {
            on_duplicate: form.optional(&["on_duplicate"], None).unwrap_or_default(),
            default_source: form.optional(&["default_source"], None),
            tags: form.tags(&["tags"], Tags::default()),
            assigned_to: assigned_to.into_iter().map(|Assignee(text)| text).collect(),
            dry_run: form.flag("dry_run"),
            again: form.flag("again"),
        };
        form.errors.or(options)
    }
}

/// Makes a text a list, unless it is written as a JSON array; a list goes without its blank items.
fn split(fields: &mut Fields, name: &str) {
    let items = match fields.find(&[name]) {
        Some((_, Value::Text(text))) if !text.trim_start().starts_with('[') => {
            text.split([';', ',']).map(|item| Value::Text(item.to_owned())).collect()
        }
        Some((_, Value::List(items))) => items.clone(),
        _ => return,
    };
    let is_blank = |item: &Value| matches!(item, Value::Text(text) if text.trim().is_empty());
    fields.set(name, Value::List(items.into_iter().filter(|item| !is_blank(item)).collect()));
}

/// Somebody who gets leads: a user's id or e-mail, as typed.
#[derive(PartialEq)]
struct Assignee(String);

/// The text is neither.
#[derive(Debug, thiserror::Error)]
#[error("must be the id or the e-mail of a user")]
struct AssigneeError;

impl FromStr for Assignee {
    type Err = AssigneeError;

    fn from_str(text: &str) -> Result<Self, AssigneeError> {
        let text = text.trim();
        let is_one = text.parse::<UserId>().is_ok() || text.parse::<Email>().is_ok();
        if is_one { Ok(Self(text.to_owned())) } else { Err(AssigneeError) }
    }
}

/// What is wrong with one cell of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowError {
    /// The row as a spreadsheet program numbers it.
    pub row: u32,
    /// Our name of the field.
    pub field: String,
    /// The header in the file; blank if there is no column.
    pub column: String,
    /// The cell, or its start.
    pub value: String,
    pub error: String,
}

impl RowError {
    /// Most characters of a header, of a cell and of an error that are kept.
    pub const MAX_TEXT: usize = 200;

    /// `source` is the header and the cell, as [`super::Columns::source`] has them.
    pub fn new(row: u32, field: &str, source: (&str, &str), error: impl fmt::Display) -> Self {
        let clip = |text: &str| text.chars().take(Self::MAX_TEXT).collect();
        let (column, value) = source;
        Self {
            row,
            field: field.to_owned(),
            column: clip(column),
            value: clip(value),
            error: clip(&error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(sent: &[(&str, Value)]) -> Fields {
        let mut fields = Fields::default();
        for (name, value) in sent {
            fields.push((*name).to_owned(), value.clone());
        }
        fields
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    const USER: &str = "0195d7a0-0000-7000-8000-000000000001";

    #[test]
    fn what_is_not_asked_for_is_as_usual() {
        let usual = ImportOptions::default();

        assert_eq!(ImportOptions::read(&Fields::default()), Ok(usual.clone()));
        assert_eq!(usual.on_duplicate, OnDuplicate::Skip);
        let blank = ["on_duplicate", "default_source", "tags", "assigned_to", "dry_run", "again"];
        assert_eq!(ImportOptions::read(&fields(&blank.map(|name| (name, text(" "))))), Ok(usual.clone()));
        assert_eq!(serde_json::from_str::<ImportOptions>("{}").unwrap(), usual);
    }

    #[test]
    fn a_list_is_a_list_or_one_text() {
        let both = vec![USER.to_owned(), "Ada@example.com".to_owned()];
        let one = format!(" {USER}; Ada@example.com,, {USER}");
        let json = format!(r#"["{USER}", "Ada@example.com"]"#);

        for assigned_to in [
            fields(&[("assigned_to", text(&one))]),
            fields(&[("assigned_to", text(&json))]),
            fields(&[
                ("assigned_to", text(USER)),
                ("assigned_to", text("")),
                ("assigned_to", text("Ada@example.com")),
            ]),
        ] {
            assert_eq!(ImportOptions::read(&assigned_to).unwrap().assigned_to, both);
        }
        let tags = ImportOptions::read(&fields(&[("tags", text("Fair 2028; vip, VIP"))])).unwrap().tags;
        assert_eq!(tags.names().collect::<Vec<_>>(), ["Fair 2028", "vip"]);
        let tags = ImportOptions::read(&fields(&[("tags", Value::List(vec![text("a, b"), text("c")]))]))
            .unwrap()
            .tags;
        assert_eq!(tags.names().collect::<Vec<_>>(), ["a, b", "c"]);
    }

    #[test]
    fn every_bad_option_is_reported_under_its_name() {
        let sent = fields(&[
            ("on_duplicate", text("replace")),
            ("default_source", text(&"s".repeat(65))),
            ("tags", text(&"t".repeat(65))),
            ("assigned_to", text("ada")),
            ("dry_run", text("maybe")),
            ("again", Value::Object),
        ]);

        let mut expected = FieldErrors::one("on_duplicate", "must be skip, create or update");
        expected.add("default_source", "must be at most 64 characters");
        expected.add("tags", "each tag must be at most 64 characters");
        expected.add("assigned_to", "ada: must be the id or the e-mail of a user");
        expected.add("dry_run", "must be true or false");
        expected.add("again", "must be true or false");
        assert_eq!(ImportOptions::read(&sent), Err(expected));
    }

    #[test]
    fn options_are_stored_as_they_are_sent() {
        let sent = fields(&[
            ("on_duplicate", text("update")),
            ("default_source", text("Trade Show")),
            ("tags", text("fair")),
            ("assigned_to", text(USER)),
            ("dry_run", Value::Bool(true)),
            ("again", text("on")),
        ]);

        let options = ImportOptions::read(&sent).unwrap();

        let stored = serde_json::to_value(&options).unwrap();
        assert_eq!(
            stored,
            serde_json::json!({
                "on_duplicate": "update", "default_source": "Trade Show", "tags": ["fair"],
                "assigned_to": [USER], "dry_run": true, "again": true,
            })
        );
        assert_eq!(serde_json::from_value::<ImportOptions>(stored).unwrap(), options);
        for mode in [OnDuplicate::Skip, OnDuplicate::Create, OnDuplicate::Update] {
            assert_eq!(mode.to_string().parse(), Ok(mode));
        }
    }

    #[test]
    fn an_error_of_a_row_keeps_the_start_of_a_long_cell() {
        let long = "é".repeat(201);

        let error = RowError::new(7, "email", ("E-mail", &long), "must be short");

        assert_eq!(error.value, "é".repeat(200));
        let error = RowError::new(7, "email", ("E-mail", "x@"), "must be an e-mail");
        let stored = serde_json::to_string(&error).unwrap();
        assert_eq!(
            stored,
            r#"{"row":7,"field":"email","column":"E-mail","value":"x@","error":"must be an e-mail"}"#
        );
        assert_eq!(serde_json::from_str::<RowError>(&stored).unwrap(), error);
    }
}
