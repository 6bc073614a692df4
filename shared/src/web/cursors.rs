//! Cursors: where a long list goes on. Opaque to clients; each begins with the number of its format. They hold a
//! position only: whose list it is comes from the request.

use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::domain::{CommentId, FieldErrors};

/// Longest cursor that is looked at.
const LONGEST: usize = 200;
/// The one format there is so far.
const FORMAT: &str = "1:";

fn write(kind: &str, position: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{FORMAT}{kind}:{position}"))
}

fn read<T: FromStr>(kind: &str, cursor: &str) -> Option<T> {
    let bytes = (cursor.len() <= LONGEST).then(|| URL_SAFE_NO_PAD.decode(cursor).ok()).flatten()?;
    let text = String::from_utf8(bytes).ok()?;
    text.strip_prefix(FORMAT)?.strip_prefix(kind)?.strip_prefix(':')?.parse().ok()
}

/// The history before a version.
pub fn history_cursor(before: u64) -> String {
    write("history", &before.to_string())
}

/// The comments before one.
pub fn comment_cursor(before: CommentId) -> String {
    write("comments", &before.to_string())
}

/// The position of the cursor in `{kind}_cursor` of a query, if it is there; a bad one is an error.
pub fn cursor<T: FromStr>(query: &[(String, String)], kind: &str, errors: &mut FieldErrors) -> Option<T> {
    let name = format!("{kind}_cursor");
    let (_, cursor) = query.iter().rfind(|(sent, value)| *sent == name && !value.is_empty())?;
    let position = read(kind, cursor);
    if position.is_none() {
        errors.add(&name, "is no cursor that this list gave");
    }
    position
}
