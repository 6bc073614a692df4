//! What objects in the bucket ask for by being there.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::cut::Chunk;
use super::{Begun, Event, ImportError, Importer, Pieces, source};
use crate::domain::{FieldErrors, Fields, Import, ImportId, ImportOptions, ImportState, OrgId, Value};
use crate::files::Object;
use crate::store::StoreError;

/// Longest that one event is worked on; what is left then comes again.
const EVENT: Duration = Duration::from_secs(240);

impl Importer<'_> {
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
            Some(id) => self.store.find_import(org, id).await?.filter(|import| import.object == key),
            None => None,
        };
        let import = match known {
            Some(import) => Some(import),
            None => {
                let id = ImportId::of_object(self.files.bucket(), key, version.unwrap_or(mark));
                match self.store.find_import(org, id).await? {
                    Some(import) => Some(import),
                    None => self.dropped(org, id, key, version).await?,
                }
            }
        };
        match import {
            Some(import) => self.go_on(import, version, until).await,
            None => Ok(Event::Done),
        }
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
        let now = self.now();
        let file_name = key.rsplit('/').next().unwrap_or(key);
        let new = |options| Import::new(id, org, file_name, options, None, now);
        let import = match options(&object.metadata) {
            Ok(options) => Import { object: key.to_owned(), ..new(options) },
            Err(wrong) => {
                let failed = Import {
                    object: key.to_owned(),
                    state: ImportState::Failed,
                    error: Some(wrong.to_string()),
                    finished_on: Some(now),
                    ..new(ImportOptions::default())
                };
                self.put_result(&failed, &[]).await?;
                failed
            }
        };
        match self.store.insert_import(&import).await {
            Ok(()) => Ok(Some(import)),
            Err(StoreError::Conflict) => Ok(self.store.find_import(org, id).await?),
            Err(error) => Err(error.into()),
        }
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
            if import.chunks.is_some() {
                return self.settle(&import, Pieces::InBucket, until).await; // it is cut, and no longer needed
            }
            let counts = self.counts_so_far(&import).await?;
            self.fail(&Import { counts, ..import }, "the file went before it was read to its end".to_owned())
                .await?;
            return Ok(Event::Done);
        };
        match self.cut_object(&import, object, until).await {
            Err(error @ (ImportError::File(_) | ImportError::Options(_))) => {
                self.fail(&import, error.to_string()).await?;
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

    /// Takes away what runs over a piece left behind that came too late, when all was done, and were killed; of pieces that
    /// come last too, which whoever loads an earlier piece may have been at.
    async fn sweep(&self, import: &Import, number: u32, until: Instant) -> Result<Event, ImportError> {
        let chunks = import.chunks.unwrap_or(number + 1);
        let late = (0..import.late_chunks).map(|late| (chunks + late, true, import.late_object(late)));
        for (number, is_late, object) in late.chain([(number, false, import.chunk_object(number))]) {
            let progress = self.store.chunk(import, number).await?;
            if progress.open.is_empty() || !progress.done {
                continue;
            }
            let Some(packed) = self.files.read(&object).await? else { continue };
            if !self.load(import, number, is_late, &Chunk::unpack(&packed)?, until).await? {
                return Ok(Event::Again);
            }
        }
        Ok(Event::Done)
    }

    /// A piece of a file was put into the bucket.
    async fn piece(&self, import: &Import, number: u32, until: Instant) -> Result<Event, ImportError> {
        if import.state != ImportState::Processing {
            return self.sweep(import, number, until).await;
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
