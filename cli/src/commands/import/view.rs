//! An import as JSON, as the API shows it.

use leadline::import::Shown;
use leadline::web::rfc3339;
use serde_json::{Value, json};

/// An import that is over. One that was only tried is not kept, and so has no id.
pub(super) fn view(shown: &Shown) -> Value {
    let (import, counts) = (&shown.import, &shown.counts);
    json!({
        "id": (!import.options.dry_run).then_some(import.id),
        "status": import.state.as_str(),
        "file_name": import.file_name,
        "on_duplicate": import.options.on_duplicate,
        "dry_run": import.options.dry_run,
        "created_on": rfc3339(import.created_on),
        "finished_on": import.finished_on.map(rfc3339),
        "created_by": import.created_by,
        "progress": shown.progress,
        "rows_per_second": shown.rows_per_second,
        "row_count": counts.rows(),
        "imported_count": counts.imported,
        "failed_count": counts.failed,
        "skipped_count": counts.skipped,
        "updated_count": counts.updated,
        "errors": shown.errors,
        "ignored_columns": import.ignored_columns,
        "error": import.error,
        "repeat_of": import.repeat_of,
        "errors_file": shown.errors_file,
        "undo": null,
    })
}
