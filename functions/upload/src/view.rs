//! What is shown of an import.

use leadline::domain::{Import, ImportId, ImportState, OnDuplicate, Person, RowError};
use leadline::import::{Left, Shown};
use leadline::web::rfc3339;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(crate) struct ImportView {
    id: Option<ImportId>,
    status: &'static str,
    file_name: String,
    on_duplicate: OnDuplicate,
    dry_run: bool,
    created_on: String,
    finished_on: Option<String>,
    created_by: Option<Person>,
    progress: u32,
    rows_per_second: u64,
    row_count: u32,
    imported_count: u32,
    failed_count: u32,
    skipped_count: u32,
    updated_count: u32,
    errors: Vec<RowError>,
    ignored_columns: Vec<String>,
    error: Option<String>,
    repeat_of: Option<ImportId>,
    errors_file: Option<String>,
    undo: Option<Undo>,
}

#[derive(Debug, Serialize)]
struct Undo {
    removed_count: u32,
    restored_count: u32,
    left_count: u32,
    left: Vec<Left>,
}

impl ImportView {
    pub(crate) fn of(shown: Shown, left: Vec<Left>) -> Self {
        let Shown { import, counts, errors, progress, rows_per_second, errors_file } = shown;
        let undo = matches!(import.state, ImportState::Undoing | ImportState::Undone).then(|| Undo {
            removed_count: import.undo.removed,
            restored_count: import.undo.restored,
            left_count: import.undo.left,
            left,
        });
        let Import { id, state, file_name, options, created_on, finished_on, created_by, .. } = import;
        Self {
            id: Some(id),
            status: state.as_str(),
            file_name,
            on_duplicate: options.on_duplicate,
            dry_run: options.dry_run,
            created_on: rfc3339(created_on),
            finished_on: finished_on.map(rfc3339),
            created_by,
            progress,
            rows_per_second,
            row_count: counts.rows(),
            imported_count: counts.imported,
            failed_count: counts.failed,
            skipped_count: counts.skipped,
            updated_count: counts.updated,
            errors,
            ignored_columns: import.ignored_columns,
            error: import.error,
            repeat_of: import.repeat_of,
            errors_file,
            undo,
        }
    }

    /// One that is not kept, and so has no id.
    pub(crate) fn without_id(self) -> Self {
        Self { id: None, ..self }
    }
}
