//! What a client sent, before any rule is applied, and what is wrong with it.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::text::is_blank;

/// One value as it was sent. A number keeps its own digits, so that money is read exactly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Value {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Value>),
    Object,
}

/// The fields of a body by the name the client sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Fields(BTreeMap<String, Value>);

impl Fields {
    /// Adds a value; a name that comes again becomes a list, as in a form.
    pub fn push(&mut self, name: String, value: Value) {
        match self.0.remove(&name) {
            None => self.0.insert(name, value),
            Some(Value::List(mut list)) => {
                list.push(value);
                self.0.insert(name, Value::List(list))
            }
            Some(first) => self.0.insert(name, Value::List(vec![first, value])),
        };
    }

    /// Sets a value, whatever stood there.
    pub fn set(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    /// There is anything but blank in it, of whatever kind.
    pub fn filled(&self, name: &str) -> bool {
        fn filled(value: &Value) -> bool {
            match value {
                Value::Null => false,
                Value::Text(text) => !is_blank(text),
                Value::List(list) => list.iter().any(filled),
                Value::Bool(_) | Value::Number(_) | Value::Object => true,
            }
        }
        self.0.get(name).is_some_and(filled)
    }

    /// Takes a value away.
    pub fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// The first of the names that was sent with a value, else the first that was sent at all.
    pub fn find<'n>(&self, names: &[&'n str]) -> Option<(&'n str, &Value)> {
        let mut sent = names.iter().filter_map(|&name| self.0.get(name).map(|value| (name, value)));
        let has_value = |(_, value): &(&str, &Value)| match value {
            Value::Null => false,
            Value::Text(text) => !is_blank(text),
            Value::Bool(_) | Value::Number(_) | Value::List(_) | Value::Object => true,
        };
        sent.clone().find(has_value).or_else(|| sent.next())
    }

    /// The value of a field that is plain text and not blank.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.0.get(name) {
            Some(Value::Text(text)) => Some(text.trim()).filter(|text| !is_blank(text)),
            _ => None,
        }
    }
}

/// All bad fields of a request, by the name the client sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FieldErrors(BTreeMap<String, Vec<String>>);

impl std::error::Error for FieldErrors {}

impl FieldErrors {
    /// Adds what is wrong with a field.
    pub fn add(&mut self, field: &str, problem: impl fmt::Display) {
        self.0.entry(field.to_owned()).or_default().push(problem.to_string());
    }

    /// One field, one problem.
    pub fn one(field: &str, problem: impl fmt::Display) -> Self {
        let mut errors = Self::default();
        errors.add(field, problem);
        errors
    }

    /// Something is wrong with this field.
    pub fn has(&self, field: &str) -> bool {
        self.0.contains_key(field)
    }

    /// The bad fields, each with what is wrong with it.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .flat_map(|(field, problems)| problems.iter().map(|problem| (field.as_str(), problem.as_str())))
    }

    /// Nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Says of another field what is wrong with this one, as the client knows it by that name.
    pub fn rename(&mut self, field: &str, sent: &str) {
        for problem in self.0.remove(field).unwrap_or_default() {
            self.add(sent, problem);
        }
    }

    /// Takes in the errors of another part.
    pub fn extend(&mut self, other: Self) {
        for (field, problems) in other.0 {
            self.0.entry(field).or_default().extend(problems);
        }
    }

    /// These errors and those.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.extend(other);
        self
    }

    /// Both values, or all that is wrong with either.
    pub fn both<A, B>(a: Result<A, Self>, b: Result<B, Self>) -> Result<(A, B), Self> {
        match (a, b) {
            (Ok(a), Ok(b)) => Ok((a, b)),
            (Err(mut errors), Err(more)) => {
                errors.extend(more);
                Err(errors)
            }
            (Err(errors), Ok(_)) | (Ok(_), Err(errors)) => Err(errors),
        }
    }

    /// `value`, unless something is wrong.
    pub fn or<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl fmt::Display for FieldErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (field, problems)) in self.0.iter().enumerate() {
            let separator = if n > 0 { "; " } else { "" };
            write!(f, "{separator}{field}: {}", problems.join(", "))?;
        }
        Ok(())
    }
}
