//! `leadctl schema`.

use std::fs;
use std::path::Path;

use leadline::BoxError;
use serde_json::json;

use super::Ended;
use super::answer::Answer;
use crate::args;

/// Writes the document where it is asked for.
pub(super) fn run(wanted: &args::Schema) -> Result<Ended, BoxError> {
    let text = leadline_openapi::text();
    let answer = if wanted.file == Path::new("-") {
        Answer::Text { name: "schema", text }
    } else {
        fs::write(&wanted.file, &text).map_err(|error| format!("{}: {error}", wanted.file.display()))?;
        Answer::One(json!({ "file": wanted.file, "bytes": text.len() }))
    };
    Ok(Ended { answer: Some(answer), ..Ended::default() })
}
