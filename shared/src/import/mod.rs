//! Imports: any spreadsheet becomes leads, each of its rows exactly once.
//!
//! A file is *cut* into pieces of rows, each piece is *loaded*, and whoever loads the last one *closes* the import with a
//! report. Every step can be done twice, at the same moment or after it was killed half-way, to the same end: see
//! [`crate::store::Run`] for why a row is a lead exactly once.

mod close;
mod cut;
mod load;
mod rows;
mod seen;
mod shown;
mod source;
mod undo;

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use self::cut::{Chunk, Cutter};
use crate::domain::{
    FieldErrors, Fields, Import, ImportId, ImportOptions, ImportState, OrgId, Person, RowError, Value,
};
use crate::files::{Files, FilesError, Object, UploadLink};
use crate::sheet::SheetError;
use crate::store::{Store, StoreError};
use crate::{App, Clock, Ids};

pub use shown::Shown;
pub use source::{file_at, file_of};
pub use undo::Left;

/// Longest that one event is worked on; what is left then comes again.
const EVENT: Duration = Duration::from_secs(240);
/// Longest that a request works on the file it brought.
const REQUEST: Duration = Duration::from_secs(20);
/// How long nobody else touches an import that a request works on.
const HELD: chrono::Duration = chrono::Duration::seconds(60);
/// Most errors that an answer has.
pub const MOST_ERRORS: usize = 1_000;

/// Why an import does not go on.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read at all, in words for its sender.
    #[error("{0}")]
    File(String),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Files(#[from] FilesError),
    /// The disk failed.
    #[error("the disk failed")]
    Disk(#[from] io::Error),
}

impl From<SheetError> for ImportError {
    fn from(error: SheetError) -> Self {
        match error {
            SheetError::Io(error) => Self::Disk(error),
            error => Self::File(error.to_string()),
        }
    }
}

/// What is to be done with an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// It is done with.
    Done,
    /// It must come again.
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

    /// Does what an object of the bucket asks for by being there: a file to import, a piece of one to load, or word that
    /// an import goes on. `mark` is the object's tag, `version` its version where the bucket keeps them.
    pub async fn object(&self, key: &str, mark: &str, version: Option<&str>) -> Result<Event, ImportError> {
        let parts: Vec<&str> = key.splitn(4, '/').collect();
        let until = Instant::now() + EVENT;
        match *parts.as_slice() {
            ["imports", org, ..] if !key.ends_with('/') => {
                let Ok(org) = org.parse() else { return Ok(ignored("an object of no organisation")) };
                self.file(org, key, mark, version, until).await
            }
            ["chunks", org, import, name] => {
                let (Ok(org), Ok(import)) = (org.parse(), import.parse()) else {
                    return Ok(ignored("a piece of no import"));
                };
                let Some(import) = self.store.find_import(org, import).await? else {
                    return Ok(ignored("a piece of an import that is not there"));
                };
                match (name, name.parse()) {
                    ("undo", _) => self.go_on_undoing(&import, until).await,
                    ("go-on", _) => self.go_on(import, None, until).await,
                    (_, Ok(number)) => self.piece(&import, number, until).await,
                    _ => Ok(ignored("a piece without a number")),
                }
            }
            _ => Ok(ignored("an object that is nothing to import")),
        }
    }

    /// A file was put into the bucket.
    async fn file(
        &self,
        org: OrgId,
        key: &str,
        mark: &str,
        version: Option<&str>,
        until: Instant,
    ) -> Result<Event, ImportError> {
        let named = key.split('/').nth(2).and_then(|id| id.parse::<ImportId>().ok());
        let known = match named {
            Some(id) => self.store.find_import(org, id).await?,
            None => None,
        };
        let import = match known {
            Some(import) => import,
            None => {
                let id = ImportId::of_object(self.files.bucket(), key, version.unwrap_or(mark));
                match self.store.find_import(org, id).await? {
                    Some(import) => import,
                    None => match self.dropped(org, id, key, version).await? {
                        Some(import) => import,
                        None => return Ok(Event::Done),
                    },
                }
            }
        };
        self.go_on(import, version, until).await
    }

    /// Writes down an import of a file that somebody put into the bucket; none if there is nothing to import.
    async fn dropped(
        &self,
        org: OrgId,
        id: ImportId,
        key: &str,
        version: Option<&str>,
    ) -> Result<Option<Import>, ImportError> {
        if self.store.find_org(org).await?.is_none() {
            ignored("an object of no organisation");
            return Ok(None);
        }
        let Some(object) = self.files.open(key, version).await? else { return Ok(None) };
        let (options, wrong) = match options(&object.metadata) {
            Ok(options) => (options, None),
            Err(errors) => (ImportOptions::default(), Some(errors.to_string())),
        };
        let now = self.now();
        let file_name = key.rsplit('/').next().unwrap_or(key);
        let import = Import { object: key.to_owned(), ..Import::new(id, org, file_name, options, None, now) };
        match self.store.insert_import(&import).await {
            Ok(()) => {}
            Err(StoreError::Conflict) => return Ok(self.store.find_import(org, id).await?),
            Err(error) => return Err(error.into()),
        }
        if let Some(wrong) = wrong {
            self.fail(&import, wrong).await?;
            return Ok(None);
        }
        Ok(Some(import))
    }

    /// Brings an import on from wherever it stands, its pieces by events of their own. What is cut already is cut again to
    /// the same pieces: a request that was killed may have had them in its memory only.
    async fn go_on(
        &self,
        import: Import,
        version: Option<&str>,
        until: Instant,
    ) -> Result<Event, ImportError> {
        if import.held_until.is_some_and(|held| held > self.now()) && !import.state.is_over() {
            return Ok(Event::Again);
        }
        if import.state.is_over() {
            return Ok(Event::Done);
        }
        let Some(object) = self.files.open(&import.object, version).await? else {
            self.fail(&import, "the file is no longer there".to_owned()).await?;
            return Ok(Event::Done);
        };
        match self.cut_object(&import, object, until).await {
            Err(ImportError::File(problem)) => {
                self.fail(&import, problem).await?;
                Ok(Event::Done)
            }
            result => result,
        }
    }

    async fn cut_object(
        &self,
        import: &Import,
        object: Object,
        until: Instant,
    ) -> Result<Event, ImportError> {
        let (file, content) = source::fetch(object).await?;
        let Begun::New(import, mut cutter) = self.begin(import, file, content, true).await? else {
            return Ok(Event::Done);
        };
        if import.options.dry_run {
            let (counts, errors) = self.dry(&import, &mut cutter).await?;
            self.end_with(Import { counts, ..import }, ImportState::Success, &errors).await?;
            return Ok(Event::Done);
        }
        let mut chunks = 0;
        let (mut late, mut more) = (0, true);
        while more {
            let next = cutter.next().await?;
            more = next.is_some();
            if let Some(chunk) = next {
                self.files.put_new(&import.chunk_object(chunks), chunk.pack()?).await?;
                chunks += 1;
            }
            while let Some(chunk) = cutter.next_late(!more) {
                self.files.put_new(&import.late_object(late), chunk.pack()?).await?;
                late += 1;
            }
        }
        let import = self.store.cut_import(&import, chunks, late, self.now()).await?;
        self.settle(&import, Pieces::InBucket, until).await
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
            ignored_columns: columns.ignored().to_vec(),
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

    /// A piece of a file was put into the bucket.
    async fn piece(&self, import: &Import, number: u32, until: Instant) -> Result<Event, ImportError> {
        if import.state != ImportState::Processing {
            return Ok(Event::Done);
        }
        let chunk = Pieces::InBucket.find(self.files, &import.chunk_object(number), number).await?;
        if !self.load(import, number, false, &chunk, until).await? {
            return Ok(Event::Again);
        }
        let import = self.store.find_import(import.org, import.id).await?;
        match import {
            Some(import) => self.settle(&import, Pieces::InBucket, until).await,
            None => Ok(Event::Done),
        }
    }

    /// The file cannot be read: nothing of it was written, and nothing will be.
    async fn fail(&self, import: &Import, error: String) -> Result<Import, ImportError> {
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

    /// Writes down an import whose file its sender will put into the bucket.
    pub async fn expect(
        &self,
        id: ImportId,
        org: OrgId,
        file_name: &str,
        options: ImportOptions,
        by: Option<Person>,
    ) -> Result<Import, ImportError> {
        let import = Import::new(id, org, file_name, options, by, self.now());
        self.store.insert_import(&import).await?;
        Ok(import)
    }

    /// A request, good for an hour, that puts so many bytes where an import expects its file.
    pub async fn upload_link(&self, import: &Import, size: u64) -> Result<UploadLink, ImportError> {
        Ok(self.files.upload_link_to(&import.object, size).await?)
    }

    /// Brings in a file within a request, as far as that goes in 20 seconds; the rest goes on by events. The file is in
    /// the bucket before anything is written, so that nothing is lost should the request be killed.
    pub async fn receive(&self, import: &Import, file: File, content: String) -> Result<Import, ImportError> {
        let until = Instant::now() + REQUEST;
        let import = Import { held_until: Some(self.now() + HELD), ..import.clone() };
        self.store.insert_import(&import).await?;
        self.keep(&import, &file).await?;
        let begun = match self.begin(&import, file, content, true).await {
            Err(ImportError::File(problem)) => return self.fail(&import, problem).await,
            begun => begun?,
        };
        let (import, mut cutter) = match begun {
            Begun::New(import, cutter) => (import, cutter),
            Begun::Repeat(import) => return Ok(import),
        };
        let (mut pieces, mut late) = (Vec::new(), Vec::new());
        while let Some(chunk) = cutter.next().await? {
            pieces.push(chunk);
        }
        while let Some(chunk) = cutter.next_late(true) {
            late.push(chunk);
        }
        for (number, chunk) in (0..).zip(&pieces) {
            if !self.load(&import, number, false, chunk, until).await? {
                return self.leave(&import).await;
            }
        }
        let count = |chunks: &[Chunk]| u32::try_from(chunks.len()).unwrap_or(u32::MAX);
        let import = self.store.cut_import(&import, count(&pieces), count(&late), self.now()).await?;
        match self.settle(&import, Pieces::InMemory(&pieces, &late), until).await? {
            Event::Done => self.again(&import).await,
            Event::Again => self.leave(&import).await,
        }
    }

    /// Makes sure that the file of an import is in the bucket, where an event finds it: the request that brought it may
    /// have been killed before.
    pub async fn keep(&self, import: &Import, file: &File) -> Result<(), ImportError> {
        self.files.put_new(&import.object, source::bytes(file)?).await?;
        Ok(())
    }

    /// Leaves an import to events.
    async fn leave(&self, import: &Import) -> Result<Import, ImportError> {
        let left = self.store.let_go(import, self.now()).await?;
        self.files.put_new(&format!("chunks/{}/{}/go-on", import.org, import.id), "go on".into()).await?;
        Ok(left)
    }

    async fn again(&self, import: &Import) -> Result<Import, ImportError> {
        let now = self.store.find_import(import.org, import.id).await?;
        now.ok_or_else(|| StoreError::NotFound.into())
    }

    /// What an import of this file would do; nothing is stored.
    pub async fn dry_run(
        &self,
        import: Import,
        file: File,
        content: String,
    ) -> Result<(Import, Vec<RowError>), ImportError> {
        let (import, mut cutter) = match self.begin(&import, file, content, false).await? {
            Begun::New(import, cutter) => (import, cutter),
            Begun::Repeat(import) => return Ok((import, Vec::new())),
        };
        let (counts, errors) = self.dry(&import, &mut cutter).await?;
        let finished_on = Some(self.now());
        Ok((Import { counts, state: ImportState::Success, finished_on, ..import }, errors))
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

/// Where the pieces of a file are.
#[derive(Debug, Clone, Copy)]
enum Pieces<'c> {
    InBucket,
    /// The pieces, and those that come last.
    InMemory(&'c [Chunk], &'c [Chunk]),
}

impl Pieces<'_> {
    async fn find(self, files: &Files, object: &str, number: u32) -> Result<Chunk, ImportError> {
        let gone = || FilesError::Failed(format!("piece {number} of an import is gone").into());
        match self {
            Self::InBucket => Chunk::unpack(&files.read(object).await?.ok_or_else(gone)?),
            Self::InMemory(pieces, _) => {
                let piece = usize::try_from(number).ok().and_then(|number| pieces.get(number));
                Ok(piece.cloned().ok_or_else(gone)?)
            }
        }
    }
}

/// What the metadata of an object asks for, each name with hyphens.
fn options(metadata: &HashMap<String, String>) -> Result<ImportOptions, FieldErrors> {
    let mut fields = Fields::default();
    for (name, text) in metadata {
        fields.set(&name.to_lowercase().replace('-', "_"), Value::Text(text.clone()));
    }
    ImportOptions::read(&fields)
}

/// Passes over an object; its key is not told, for it may hold a name.
fn ignored(what: &'static str) -> Event {
    tracing::warn!("{what} is passed over");
    Event::Done
}
