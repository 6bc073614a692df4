//! Imports: any spreadsheet becomes leads, each of its rows exactly once.
//!
//! A file is *cut* into pieces of rows, each piece is *loaded*, and whoever loads the last one *closes* the import with a
//! report. Every step can be done twice, at the same moment or after it was killed half-way, to the same end: see
//! [`crate::store::Run`] for why a row is a lead exactly once.

mod close;
mod cut;
mod events;
mod load;
mod request;
mod rows;
mod seen;
mod shown;
mod source;
mod undo;

use std::fs::File;
use std::io;

use chrono::{DateTime, Utc};

use self::cut::{Chunk, Cutter};
use crate::domain::{FieldErrors, Import, ImportState, RowError};
use crate::files::{Files, FilesError};
use crate::sheet::SheetError;
use crate::store::{Store, StoreError};
use crate::{App, Clock, Ids};

pub use shown::Shown;
pub use source::{file_at, file_of};
pub use undo::Left;

/// Most columns that are named as ignored: they stand in the import's item.
pub const MOST_IGNORED: usize = 100;
/// Most errors that an answer has.
pub const MOST_ERRORS: usize = 1_000;
/// The word that an import goes on.
const GO_ON: &str = "go-on";
/// The word that taking it back does.
const UNDO: &str = "undo";

/// Why an import does not go on.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read at all, in words for its sender.
    #[error("{0}")]
    File(String),
    /// What is asked for with the file cannot be.
    #[error("{0}")]
    Options(FieldErrors),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Files(#[from] FilesError),
    /// The disk failed.
    #[error("the disk failed")]
    Disk(#[source] io::Error),
}

impl From<io::Error> for ImportError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull => {
                Self::File("the file takes more room than there is; cut it into several".to_owned())
            }
            _ => Self::Disk(error),
        }
    }
}

impl From<SheetError> for ImportError {
    fn from(error: SheetError) -> Self {
        match error {
            SheetError::Io(error) => error.into(),
            error => Self::File(error.to_string()),
        }
    }
}

/// What is to be done with an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is done with.
    Done,
    /// It must come again: somebody else is at work. Not for what is left of long work, which has events of its own, for
    /// an event that has come so many times is a dead letter.
    Again,
}

/// Brings files in.
#[derive(Debug, Clone, Copy)]
pub struct Importer<'a> {
    store: &'a Store,
    files: &'a Files,
    clock: &'a Clock,
    ids: &'a Ids,
}

impl<'a> Importer<'a> {
    /// The importer of an app; an error in a function that has no bucket.
    pub fn new(app: &'a App) -> Result<Self, FilesError> {
        let files =
            app.files.as_ref().ok_or_else(|| FilesError::Failed("this function has no bucket".into()))?;
        Ok(Self { store: &app.store, files, clock: &app.clock, ids: &app.ids })
    }

    /// The importer of these parts.
    pub fn of(store: &'a Store, files: &'a Files, clock: &'a Clock, ids: &'a Ids) -> Self {
        Self { store, files, clock, ids }
    }

    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Has the import function told that an import, or its undo, goes on.
    async fn say(&self, import: &Import, word: &str) -> Result<(), ImportError> {
        self.files.put_json(&import.word_object(word), "{}".into()).await?;
        Ok(())
    }

    /// A piece of a file.
    async fn chunk(&self, object: &str) -> Result<Chunk, ImportError> {
        let packed = self.files.read(object).await?;
        Chunk::unpack(&packed.ok_or_else(|| FilesError::Failed("a piece of an import is gone".into()))?)
    }

    /// Looks whether the file can be read from its start to its end, and whether its bytes came before: then there is
    /// nothing to do.
    async fn begin(
        &self,
        import: &Import,
        file: File,
        content: String,
        is_recorded: bool,
    ) -> Result<Begun<'a>, ImportError> {
        let (sheet, columns, rows) = source::read(file)?;
        let mut import = Import {
            ignored_columns: columns.ignored().iter().take(MOST_IGNORED).cloned().collect(),
            content: Some(content.clone()),
            rows,
            ..import.clone()
        };
        let cutter = Cutter::new(self.store, &import, sheet, columns).await?;
        let first = match (import.options.again, import.options.dry_run) {
            (true, _) => None,
            (false, true) => self.store.find_content(&import, &content).await?,
            (false, false) => self.store.claim_content(&import, &content, self.now()).await?,
        };
        if let Some(first) = first {
            import.repeat_of = Some(first);
            return Ok(Begun::Repeat(match is_recorded {
                true => self.end(import, ImportState::Success).await?,
                false => Import { state: ImportState::Success, ..import },
            }));
        }
        if is_recorded {
            import = self.store.begin_import(&import, self.now()).await?;
        }
        Ok(Begun::New(import, Box::new(cutter)))
    }

    /// The file cannot be read.
    async fn fail(&self, import: &Import, error: String) -> Result<Import, ImportError> {
        self.store.release_content(import).await?;
        self.end(Import { error: Some(error), ..import.clone() }, ImportState::Failed).await
    }

    async fn end(&self, import: Import, state: ImportState) -> Result<Import, ImportError> {
        self.end_with(import, state, &[]).await
    }

    /// Reports what became of a file, and ends its import.
    async fn end_with(
        &self,
        import: Import,
        state: ImportState,
        errors: &[RowError],
    ) -> Result<Import, ImportError> {
        let end = Import { state, finished_on: Some(self.now()), ..import };
        self.put_result(&end, errors).await?;
        let from = [ImportState::Awaiting, ImportState::Processing];
        match self.store.end_import(&end, &from, self.now()).await {
            Err(StoreError::Conflict) => Ok(self.store.find_import(end.org, end.id).await?.unwrap_or(end)),
            ended => Ok(ended?),
        }
    }
}

/// A file that was looked at.
#[derive(Debug)]
enum Begun<'a> {
    /// It is to be cut.
    New(Import, Box<Cutter<'a>>),
    /// Its bytes came before; there is nothing to do.
    Repeat(Import),
}
