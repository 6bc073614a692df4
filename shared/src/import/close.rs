//! The end of an import: its report.

use std::collections::HashMap;
use std::io::Write as _;

use serde_json::json;
use tokio::time::Instant;

use super::cut::{Chunk, ChunkRow, Verdict};
use super::{GO_ON, ImportError, Importer, MOST_ERRORS};
use crate::domain::{Import, ImportState, RowCounts, RowError, neutralised, restored};
use crate::files::FilesError;
use crate::store::{ChunkProgress, FailedRow};

/// The report of rows that failed.
pub(super) const ERRORS: &str = "errors.csv";
/// The summary of an import.
pub(super) const RESULT: &str = "result.json";
/// The column that says what is wrong with a row.
const ERROR: &str = "error";

impl Importer<'_> {
    /// Closes an import if all its pieces are loaded. Called by whoever may have done the last of it, the cutting or a
    /// piece; several at once do no harm.
    pub(super) async fn settle(&self, import: &Import, until: Instant) -> Result<(), ImportError> {
        let Some(chunks) = import.chunks else { return Ok(()) };
        if import.state != ImportState::Processing || import.chunks_done < chunks {
            return Ok(());
        }
        for late in 0..import.late_chunks {
            let chunk = self.chunk(&import.late_object(late)).await?;
            if !self.load(import, chunks + late, true, &chunk, until).await? {
                self.store.let_go(import, self.now()).await?;
                return self.say(import, GO_ON).await;
            }
        }
        let progress = self.store.chunks(import.org, import.id).await?;
        let counts = progress.iter().map(|(_, progress)| progress.counts).sum();
        let import = Import { counts, ..import.clone() };
        let errors = if counts.failed > 0 { self.put_errors(&import, &progress).await? } else { Vec::new() };
        self.end_with(import, ImportState::Success, &errors).await?;
        Ok(())
    }

    /// Writes the rows that failed as a file that can be mended and put back. The first errors.
    async fn put_errors(
        &self,
        import: &Import,
        progress: &[(u32, ChunkProgress)],
    ) -> Result<Vec<RowError>, ImportError> {
        let file = tempfile::NamedTempFile::new()?;
        let mut report = Report::new(&file)?;
        let mut errors = Vec::new();
        for (number, _) in self.with_failures(import, progress) {
            let chunk = self.chunk(&import.chunk_object(number)).await?;
            let failed = self.failed_of(import, &chunk).await?;
            report.header(&chunk.columns)?;
            for row in &chunk.rows {
                let why = why(row, &failed);
                if !why.is_empty() {
                    report.row(&row.cells, why)?;
                    errors.extend(why.iter().take(MOST_ERRORS.saturating_sub(errors.len())).cloned());
                }
            }
        }
        report.finish()?;
        let object = import.result_object(ERRORS);
        self.files.put_file(&object, "text/csv; charset=utf-8", file.path(), HashMap::new()).await?;
        Ok(errors)
    }

    /// The first errors of an import that is under way.
    pub(super) async fn errors_so_far(
        &self,
        import: &Import,
        progress: &[(u32, ChunkProgress)],
    ) -> Result<Vec<RowError>, ImportError> {
        /// Most pieces that one answer looks into.
        const PIECES: usize = 8;
        let mut errors: Vec<RowError> = Vec::new();
        for (number, progress) in self.with_failures(import, progress).take(PIECES) {
            let Some(packed) = self.files.read(&import.chunk_object(number)).await? else { continue };
            let chunk = Chunk::unpack(&packed)?;
            let failed = self.failed_of(import, &chunk).await?;
            let done = usize::try_from(progress.next).unwrap_or(usize::MAX);
            for row in chunk.rows.iter().take(done) {
                errors.extend(why(row, &failed).iter().cloned());
            }
            if errors.len() >= MOST_ERRORS {
                break;
            }
        }
        errors.truncate(MOST_ERRORS);
        Ok(errors)
    }

    /// The pieces in which rows failed. A row that failed in a late piece stands in an earlier one too.
    fn with_failures<'p>(
        &self,
        import: &Import,
        progress: &'p [(u32, ChunkProgress)],
    ) -> impl Iterator<Item = (u32, &'p ChunkProgress)> {
        let chunks = import.chunks.unwrap_or(u32::MAX);
        let late = progress.iter().any(|(number, late)| *number >= chunks && late.counts.failed > 0);
        let failed =
            progress.iter().filter(move |(number, of)| *number < chunks && (late || of.counts.failed > 0));
        failed.map(|(number, progress)| (*number, progress))
    }

    /// Those rows of a piece that failed when they were loaded.
    async fn failed_of(
        &self,
        import: &Import,
        chunk: &Chunk,
    ) -> Result<HashMap<u32, FailedRow>, ImportError> {
        let (Some(first), Some(last)) = (chunk.rows.first(), chunk.rows.last()) else {
            return Ok(HashMap::new());
        };
        let failed = self.store.failed_rows(import.org, import.id, first.row..=last.row).await?;
        Ok(failed.into_iter().map(|failed| (failed.row, failed)).collect())
    }

    /// Writes the summary of an import.
    pub(super) async fn put_result(&self, import: &Import, errors: &[RowError]) -> Result<(), ImportError> {
        let RowCounts { imported, failed, skipped, updated } = import.counts;
        let result = json!({
            "id": import.id,
            "status": import.state.as_str(),
            "error": import.error,
            "repeat_of": import.repeat_of,
            "file_name": import.file_name,
            "dry_run": import.options.dry_run,
            "row_count": import.counts.rows(),
            "imported_count": imported,
            "failed_count": failed,
            "skipped_count": skipped,
            "updated_count": updated,
            "errors": errors,
            "ignored_columns": import.ignored_columns,
        });
        let bytes = serde_json::to_vec(&result).map_err(|error| FilesError::Failed(error.into()))?;
        self.files.put_json(&import.result_object(RESULT), bytes.into()).await?;
        Ok(())
    }

    /// The errors of an import that is over.
    pub(super) async fn errors_of(&self, import: &Import) -> Result<Vec<RowError>, ImportError> {
        #[derive(serde::Deserialize)]
        struct Result {
            errors: Vec<RowError>,
        }
        let Some(bytes) = self.files.read(&import.result_object(RESULT)).await? else {
            return Ok(Vec::new());
        };
        let result: Result =
            serde_json::from_slice(&bytes).map_err(|error| FilesError::Failed(error.into()))?;
        Ok(result.errors)
    }
}

/// Why a row failed; nothing if it did not.
fn why<'r>(row: &'r ChunkRow, failed: &'r HashMap<u32, FailedRow>) -> &'r [RowError] {
    match (&row.verdict, failed.get(&row.row)) {
        (Verdict::Failed(errors), _) => errors,
        (_, Some(failed)) => &failed.errors,
        (Verdict::Good | Verdict::Skipped | Verdict::Late, None) => &[],
    }
}

/// Rows that failed, as CSV for spreadsheet programs.
struct Report<'f> {
    csv: csv::Writer<&'f std::fs::File>,
    /// Columns of the file; none before the header is written.
    columns: Option<usize>,
}

impl<'f> Report<'f> {
    fn new(file: &'f tempfile::NamedTempFile) -> Result<Self, ImportError> {
        let mut file = file.as_file();
        file.write_all("\u{feff}".as_bytes())?; // without it, Excel takes UTF-8 for something else
        Ok(Self { csv: csv::WriterBuilder::new().flexible(true).from_writer(file), columns: None })
    }

    /// The file's own columns, but for those that an earlier report had put there.
    fn header(&mut self, columns: &[String]) -> Result<(), ImportError> {
        if self.columns.is_none() {
            let own =
                columns.iter().rposition(|column| !column.eq_ignore_ascii_case(ERROR)).map_or(0, |at| at + 1);
            self.columns = Some(own);
            self.line(columns, ERROR)?;
        }
        Ok(())
    }

    fn row(&mut self, cells: &[String], why: &[RowError]) -> Result<(), ImportError> {
        let why: Vec<String> = why.iter().map(|error| format!("{}: {}", error.field, error.error)).collect();
        self.line(cells, &why.join("; "))
    }

    fn line(&mut self, cells: &[String], last: &str) -> Result<(), ImportError> {
        for cell in cells.iter().take(self.columns.unwrap_or_default()) {
            self.csv.write_field(neutralised(&restored(cell)).as_bytes()).map_err(broken)?;
        }
        self.csv.write_field(neutralised(last).as_bytes()).map_err(broken)?;
        self.csv.write_record(None::<&[u8]>).map_err(broken)
    }

    fn finish(mut self) -> Result<(), ImportError> {
        Ok(self.csv.flush()?)
    }
}

fn broken(error: csv::Error) -> ImportError {
    ImportError::Disk(std::io::Error::other(error))
}
