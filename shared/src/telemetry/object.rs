//! A JSON object written member by member.

use std::fmt::{Display, Write as _};

use chrono::{DateTime, SecondsFormat, Utc};

/// A line as it grows. Names are ours and need no escapes.
#[derive(Debug)]
pub(super) struct Object(String);

impl Object {
    /// A line that begins with what each has.
    pub(super) fn line(now: DateTime<Utc>, level: &str) -> Self {
        let mut line = Self(String::with_capacity(512));
        line.0.push('{');
        line.text("timestamp", &now.to_rfc3339_opts(SecondsFormat::Millis, true));
        line.text("level", level);
        line
    }

    /// Adds a value that is JSON as it is displayed.
    pub(super) fn json(&mut self, name: &str, value: impl Display) {
        let comma = if self.0.len() > 1 { "," } else { "" };
        let _ = write!(self.0, "{comma}\"{name}\":{value}");
    }

    /// Adds a text.
    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.json(name, serde_json::to_string(text).unwrap_or_default());
    }

    /// The line.
    pub(super) fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}
