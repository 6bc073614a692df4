//! An import as it stands now.

use super::close::ERRORS;
use super::{ImportError, Importer};
use crate::domain::{Import, ImportState, RowCounts, RowError};

/// What is shown of an import.
#[derive(Debug, Clone)]
pub struct Shown {
    pub import: Import,
    /// So far.
    pub counts: RowCounts,
    /// The first of them.
    pub errors: Vec<RowError>,
    /// Per cent of its rows that were looked at.
    pub progress: u32,
    /// A second, since it began.
    pub rows_per_second: u64,
    /// A link, good for 5 minutes, to the rows that failed.
    pub errors_file: Option<String>,
}

impl Importer<'_> {
    /// What became of the rows so far.
    pub(super) async fn counts_so_far(&self, import: &Import) -> Result<RowCounts, ImportError> {
        let chunks = self.store.chunks(import.org, import.id).await?;
        Ok(chunks.iter().map(|(_, progress)| progress.counts).sum())
    }

    /// An import as it stands now: in a list without its errors.
    pub async fn shown(&self, import: Import, with_errors: bool) -> Result<Shown, ImportError> {
        let is_under_way = import.state == ImportState::Processing;
        let mut counts = import.counts;
        let mut errors = Vec::new();
        if is_under_way {
            let chunks = self.store.chunks(import.org, import.id).await?;
            counts = chunks.iter().map(|(_, progress)| progress.counts).sum();
            if with_errors && counts.failed > 0 {
                errors = self.errors_so_far(&import, &chunks).await?;
            }
        } else if with_errors && counts.failed > 0 {
            errors = self.errors_of(&import).await?;
        }
        let was_reported = !is_under_way && import.state != ImportState::Failed && !import.options.dry_run;
        let has_report = with_errors && was_reported && counts.failed > 0;
        let errors_file = match has_report {
            true => Some(self.files.link_to(&import.result_object(ERRORS), ERRORS).await?),
            false => None,
        };
        let progress = progress(&import, counts);
        let rows_per_second = self.rows_per_second(&import, counts);
        Ok(Shown { import, counts, errors, progress, rows_per_second, errors_file })
    }

    /// An import that was just made, or tried without being stored.
    pub fn shown_as(&self, import: Import, errors: Vec<RowError>) -> Shown {
        let (counts, rows_per_second) = (import.counts, self.rows_per_second(&import, import.counts));
        Shown {
            progress: progress(&import, counts),
            import,
            counts,
            errors,
            rows_per_second,
            errors_file: None,
        }
    }

    fn rows_per_second(&self, import: &Import, counts: RowCounts) -> u64 {
        let Some(from) = import.started_on else { return 0 };
        let to = import.finished_on.unwrap_or_else(|| self.now());
        let milliseconds = u64::try_from((to - from).num_milliseconds()).unwrap_or_default().max(1);
        u64::from(counts.rows()) * 1_000 / milliseconds
    }
}

fn progress(import: &Import, counts: RowCounts) -> u32 {
    match import.state {
        ImportState::Awaiting => 0,
        ImportState::Processing if import.rows == 0 => 0,
        // 100 when it is closed, not before.
        ImportState::Processing => {
            let share = u64::from(counts.rows()) * 100 / u64::from(import.rows);
            u32::try_from(share).unwrap_or(u32::MAX).min(99)
        }
        ImportState::Success | ImportState::Failed | ImportState::Undoing | ImportState::Undone => 100,
    }
}
