//! Reads typed values out of the fields a client sent, collecting all that is wrong.

use std::fmt::Display;
use std::str::FromStr;

use super::text::is_blank;
use super::{FieldErrors, Fields, Tags, Value};

/// Most ids in one list of a lead.
pub const MAX_IDS: usize = 100;
/// Most items of any list; more are not looked at.
const MOST: usize = 1_000;

/// A body being read. Each reader takes the names a field goes by and the value it has now, and
/// gives the value it shall have: the old one when the field was not sent or is bad.
#[derive(Debug)]
pub struct Form<'a> {
    fields: &'a Fields,
    /// What is wrong so far.
    pub errors: FieldErrors,
}

impl<'a> Form<'a> {
    /// Starts reading.
    pub fn new(fields: &'a Fields) -> Self {
        Self { fields, errors: FieldErrors::default() }
    }

    /// A field that may be cleared by null or blank text.
    pub fn optional<T: FromStr<Err: Display>>(&mut self, names: &[&str], now: Option<T>) -> Option<T> {
        let Some((name, value)) = self.fields.find(names) else { return now };
        let text = match value {
            Value::Null => return None,
            Value::Text(text) | Value::Number(text) if is_blank(text) => return None,
            Value::Text(text) | Value::Number(text) => text,
            Value::Bool(_) | Value::List(_) | Value::Object => {
                self.errors.add(name, "must be a single text or number");
                return now;
            }
        };
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.errors.add(name, error);
                now
            }
        }
    }

    /// A field that must have a value: not sent and none yet, null or blank is an error.
    pub fn required<T: FromStr<Err: Display>>(&mut self, names: &[&str], now: Option<T>) -> Option<T> {
        let problems = self.errors.clone();
        let value = self.optional(names, now);
        if value.is_none() && self.errors == problems {
            match self.fields.find(names) {
                Some((name, _)) => self.errors.add(name, "must not be blank"),
                None => self.errors.add(names[0], "is required"),
            }
        }
        value
    }

    /// A switch: true or false, in a form also "on", "1" and the like.
    pub fn flag(&mut self, name: &str) -> bool {
        match self.fields.find(&[name]) {
            None | Some((_, Value::Null)) => false,
            Some((_, Value::Bool(on))) => *on,
            Some((_, Value::Text(text) | Value::Number(text))) => match text.trim() {
                "true" | "True" | "on" | "1" | "yes" => true,
                "" | "false" | "False" | "off" | "0" | "no" => false,
                _ => {
                    self.errors.add(name, "must be true or false");
                    false
                }
            },
            Some((_, Value::List(_) | Value::Object)) => {
                self.errors.add(name, "must be true or false");
                false
            }
        }
    }

    /// A list of ids; a sent list replaces the one there is.
    pub fn ids<T: FromStr<Err: Display> + PartialEq>(&mut self, names: &[&str], now: Vec<T>) -> Vec<T> {
        let Some((name, items)) = self.list(names) else { return now };
        let mut ids = Vec::new();
        for item in &items {
            match item.parse() {
                Ok(id) if ids.contains(&id) => {}
                Ok(id) => ids.push(id),
                Err(error) => self.errors.add(name, format_args!("{}: {error}", clip(item))),
            }
        }
        if ids.len() > MAX_IDS {
            self.errors.add(name, format_args!("must be at most {MAX_IDS} ids"));
        }
        ids
    }

    /// Tags by name; a sent list replaces the one there is.
    pub fn tags(&mut self, names: &[&str], now: Tags) -> Tags {
        let Some((name, items)) = self.list(names) else { return now };
        Tags::read(name, &items).unwrap_or_else(|errors| {
            self.errors.extend(errors);
            now
        })
    }

    /// The items of a list that was sent: a list, a JSON array in one text, or one item alone.
    fn list<'n>(&mut self, names: &[&'n str]) -> Option<(&'n str, Vec<String>)> {
        let (name, value) = self.fields.find(names)?;
        let items = match value {
            Value::Null => Vec::new(),
            Value::List(list) => list.iter().map(item).collect::<Option<Vec<_>>>().unwrap_or_else(|| {
                self.errors.add(name, "must be a list of texts");
                Vec::new()
            }),
            Value::Text(text) if is_blank(text) => Vec::new(),
            Value::Text(text) => array(text).unwrap_or_else(|| vec![text.clone()]),
            Value::Number(number) => vec![number.clone()],
            Value::Bool(_) | Value::Object => {
                self.errors.add(name, "must be a list of texts");
                Vec::new()
            }
        };
        if items.len() > MOST {
            self.errors.add(name, format_args!("must be at most {MOST} items"));
            return Some((name, Vec::new()));
        }
        Some((name, items))
    }
}

/// The items of a JSON array of texts and numbers; none if the text is no such thing.
fn array(text: &str) -> Option<Vec<String>> {
    let items: Vec<serde_json::Value> = serde_json::from_str(text).ok()?;
    let item = |value| match value {
        serde_json::Value::String(text) => Some(text),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    items.into_iter().map(item).collect()
}

fn item(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) | Value::Number(text) => Some(text.clone()),
        Value::Null | Value::Bool(_) | Value::List(_) | Value::Object => None,
    }
}

/// The start of a text, for an error that names it.
fn clip(text: &str) -> String {
    text.chars().take(64).collect()
}
