//! Cursors: where a long list goes on. Opaque to clients; each begins with the number of its format. They hold a
//! position only: whose list it is comes from the request.

use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::domain::{CommentId, FieldErrors, Ordering};
use crate::index::After;

/// Longest cursor that is looked at.
pub const LONGEST_CURSOR: usize = 200;
/// The same of one into the lists of leads: three times the part of a last name that orders look at.
pub const LONGEST_LIST_CURSOR: usize = 1_500;
/// The one format there is so far.
const FORMAT: &str = "1:";
/// What is wrong with any other.
const NOT_OURS: &str = "is no cursor that this list gave";

fn write(kind: &str, position: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode([FORMAT.as_bytes(), kind.as_bytes(), b":", position].concat())
}

fn read(kind: &str, cursor: &str, longest: usize) -> Option<Vec<u8>> {
    let bytes = (cursor.len() <= longest).then(|| URL_SAFE_NO_PAD.decode(cursor).ok()).flatten()?;
    let of_kind = bytes.strip_prefix(FORMAT.as_bytes())?.strip_prefix(kind.as_bytes())?;
    of_kind.strip_prefix(b":").map(<[u8]>::to_vec)
}

/// The history before a version.
pub fn history_cursor(before: u64) -> String {
    write("history", before.to_string().as_bytes())
}

/// The comments before one.
pub fn comment_cursor(before: CommentId) -> String {
    write("comments", before.to_string().as_bytes())
}

/// The position of the cursor in `{kind}_cursor` of a query, if it is there; a bad one is an error.
pub fn cursor<T: FromStr>(query: &[(String, String)], kind: &str, errors: &mut FieldErrors) -> Option<T> {
    let name = format!("{kind}_cursor");
    let (_, cursor) = query.iter().rfind(|(sent, value)| *sent == name && !value.is_empty())?;
    let position =
        read(kind, cursor, LONGEST_CURSOR).and_then(|bytes| String::from_utf8(bytes).ok()?.parse().ok());
    if position.is_none() {
        errors.add(&name, NOT_OURS);
    }
    position
}

/// Where the lists of leads go on.
pub fn list_cursor(after: &After) -> String {
    write("leads", &after.pack())
}

/// Where `cursor` says that the lists go on, if it is there; a bad one, or one of another order, is an error.
pub fn after(query: &[(String, String)], ordering: Ordering, errors: &mut FieldErrors) -> Option<After> {
    let (_, cursor) = query.iter().rfind(|(name, value)| name == "cursor" && !value.is_empty())?;
    let Some(position) = read("leads", cursor, LONGEST_LIST_CURSOR) else {
        errors.add("cursor", NOT_OURS);
        return None;
    };
    let after = After::unpack(&position, ordering);
    if after.is_none() {
        errors.add("cursor", format_args!("is no cursor of a list in the order {ordering}"));
    }
    after
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_and_no_other_text_is_one() {
        let ordering = "-last_name".parse().unwrap();
        let cursor = list_cursor(&After::new(ordering, [const { None }; 3]));
        let read = |cursor: &str, ordering: &str| {
            let mut errors = FieldErrors::default();
            let query = [("cursor".to_owned(), cursor.to_owned())];
            (after(&query, ordering.parse().unwrap(), &mut errors), errors.has("cursor"))
        };

        assert_eq!(read(&cursor, "-last_name"), (Some(After::new(ordering, [const { None }; 3])), false));
        assert_eq!(read("", "-last_name"), (None, false));
        assert_eq!(read(&cursor, "last_name"), (None, true));
        let (history, long) = (history_cursor(7), "A".repeat(LONGEST_LIST_CURSOR + 1));
        for other in
            [&cursor[1..], &cursor[..cursor.len() - 2], &format!("{cursor}AAAA"), "!", &history, &long]
        {
            assert_eq!(read(other, "-last_name"), (None, true), "{other}");
        }
    }
}
