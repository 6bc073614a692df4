//! What objects in the bucket ask for by being there.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::cut::{Chunk, Cutter};
use super::{Begun, GO_ON, ImportError, Importer, Outcome, UNDO, source};
use crate::attachments::Attachments;
use crate::domain::{FieldErrors, Fields, Import, ImportId, ImportOptions, ImportState, OrgId, Value};
use crate::files::Object;
use crate::store::{Folded, StoreError, Task};
use crate::telemetry;

/// Longest that one event is worked on; what is left then comes again.
const EVENT: Duration = Duration::from_secs(240);

impl Importer<'_> {
    /// Does what an object of the bucket asks for by being there: a file to import, a piece of one to load, or word that
    /// an import goes on. `mark` is the object's tag, `version` its version where the bucket keeps them.
    pub async fn object(&self, key: &str, mark: &str, version: Option<&str>) -> Result<Outcome, ImportError> {
        let parts: Vec<&str> = key.splitn(4, '/').collect();
        let until = Instant::now() + EVENT;
        if let Some(org) = parts.get(1).and_then(|org| org.parse().ok()) {
            telemetry::of_org(org);
        }
        match *parts.as_slice() {
            ["imports", org, ..] if !key.ends_with('/') => {
                telemetry::of_route("imports/{org}/{name}");
                let Ok(org) = org.parse() else { return Ok(ignored("an object of no organisation")) };
                self.file(org, key, mark, version, until).await
            }
            ["chunks", org, import, name] => {
                telemetry::of_route("chunks/{org}/{import}/{name}");
                let (Ok(org), Ok(import)) = (org.parse(), import.parse()) else {
                    return Ok(ignored("a piece of no import"));
                };
                let Some(import) = self.store.find_import(org, import).await? else {
                    return Ok(ignored("a piece of an import that is not there"));
                };
                match (name, name.parse()) {
                    (UNDO, _) => self.go_on_undoing(&import, until).await,
                    (GO_ON, _) => self.go_on(import, None, until).await,
                    (_, Ok(number)) => self.piece(&import, number, until).await,
                    _ => Ok(ignored("a piece without a number")),
                }
            }
            ["folds", org, version] => {
                telemetry::of_route("folds/{org}/{version}");
                match (org.parse(), version.parse()) {
                    (Ok(org), Ok(version)) => self.fold(org, version).await,
                    _ => Ok(ignored("a fold of nothing")),
                }
            }
            _ => Ok(ignored("an object that is nothing to import")),
        }
    }

    /// Folds the list index, which has nothing to do with imports but that the bucket tells of it too. What earlier folds
    /// replaced goes when it is due, even if nobody else writes to the organisation's leads.
    async fn fold(&self, org: OrgId, version: u64) -> Result<Outcome, ImportError> {
        if let Folded::More(version) = self.store.fold(org, version, self.now()).await? {
            self.store.ask_fold(org, version).await;
        }
        let due = self.store.chores(org, self.now()).await?;
        let replaced = due.into_iter().filter(|chore| matches!(chore.task, Task::Segments(_)));
        Attachments::new(self.store, self.files).clean_up(replaced, self.now()).await;
        Ok(Outcome::Done)
    }

    /// A file was put into the bucket.
    async fn file(
        &self,
        org: OrgId,
        key: &str,
        mark: &str,
        version: Option<&str>,
        until: Instant,
    ) -> Result<Outcome, ImportError> {
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
            None => Ok(Outcome::Done),
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
    ) -> Result<Outcome, ImportError> {
        if import.state.is_over() {
            self.sweep_late(&import, until).await?;
            return Ok(Outcome::Done);
        }
        if import.is_held(self.now()) {
            return Ok(Outcome::Again);
        }
        if import.chunks.is_some() {
            self.settle(&import, until).await?;
            return Ok(Outcome::Done);
        }
        let Some(object) = self.files.open(&import.object, version).await? else {
            let counts = self.counts_so_far(&import).await?;
            self.fail(&Import { counts, ..import }, "the file went before it was read to its end".to_owned())
                .await?;
            return Ok(Outcome::Done);
        };
        match self.cut_object(&import, object, until).await {
            Err(error @ (ImportError::File(_) | ImportError::Options(_))) => {
                self.fail(&import, error.to_string()).await?;
            }
            cut => cut?,
        }
        Ok(Outcome::Done)
    }

    async fn cut_object(&self, import: &Import, object: Object, until: Instant) -> Result<(), ImportError> {
        let (file, content) = source::fetch(object).await?;
        let Begun::New(import, mut cutter) = self.begin(import, file, content, true).await? else {
            return Ok(());
        };
        if import.options.dry_run {
            let (counts, errors) = self.dry(&import, &mut cutter).await?;
            self.end_with(Import { counts, ..import }, ImportState::Success, &errors).await?;
            return Ok(());
        }
        match self.cut(&import, &mut cutter, None).await? {
            Some(import) => self.settle(&import, until).await,
            None => Ok(()),
        }
    }

    /// Cuts a file to its end. A piece that is in the bucket already stays as it is: it may be loaded already, and who was
    /// a member then may be none now. With `load_until` each piece is loaded at once; none if the time is up before the
    /// end of the file.
    pub(super) async fn cut(
        &self,
        import: &Import,
        cutter: &mut Cutter<'_>,
        load_until: Option<Instant>,
    ) -> Result<Option<Import>, ImportError> {
        let (mut chunks, mut late, mut more) = (0, 0, true);
        while more {
            let next = cutter.next().await?;
            more = next.is_some();
            if let Some(chunk) = next {
                let (object, packed) = (import.chunk_object(chunks), chunk.pack()?);
                let is_new = self.files.put_new(&object, packed).await?;
                match load_until {
                    Some(until) if !self.load(import, chunks, false, &chunk, until).await? => {
                        return Ok(None);
                    }
                    None if !is_new => self.announce(import, chunks).await?,
                    Some(_) | None => {}
                }
                chunks += 1;
            }
            while let Some(chunk) = cutter.next_late(!more) {
                self.files.put_new(&import.late_object(late), chunk.pack()?).await?;
                late += 1;
            }
        }
        Ok(Some(self.store.cut_import(import, chunks, late, self.now()).await?))
    }

    /// Has the import function told again of a piece that is not loaded: whoever was told first may have sent it away.
    async fn announce(&self, import: &Import, number: u32) -> Result<(), ImportError> {
        let object = import.chunk_object(number);
        if self.store.chunk(import, number).await?.done {
            return Ok(());
        }
        match self.files.read(&object).await? {
            Some(packed) => Ok(self.files.put_json(&object, packed).await?),
            None => Ok(()),
        }
    }

    /// Takes away what runs over a piece left behind that came too late, when all was done, and were killed.
    async fn sweep(
        &self,
        import: &Import,
        (number, is_late, object): (u32, bool, String),
        until: Instant,
    ) -> Result<(), ImportError> {
        let progress = self.store.chunk(import, number).await?;
        if progress.open.is_empty() || !progress.done {
            return Ok(());
        }
        let Some(packed) = self.files.read(&object).await? else { return Ok(()) };
        self.load(import, number, is_late, &Chunk::unpack(&packed)?, until).await?;
        Ok(())
    }

    /// The same of the pieces that come last, at which whoever loads another, or closes, may have been.
    async fn sweep_late(&self, import: &Import, until: Instant) -> Result<(), ImportError> {
        let chunks = import.chunks.unwrap_or_default();
        for late in 0..import.late_chunks {
            self.sweep(import, (chunks + late, true, import.late_object(late)), until).await?;
        }
        Ok(())
    }

    /// A piece of a file was put into the bucket.
    async fn piece(&self, import: &Import, number: u32, until: Instant) -> Result<Outcome, ImportError> {
        let object = import.chunk_object(number);
        if import.state != ImportState::Processing {
            self.sweep_late(import, until).await?;
            self.sweep(import, (number, false, object), until).await?;
            return Ok(Outcome::Done);
        }
        if import.is_held(self.now()) {
            return Ok(Outcome::Done); // its file's event comes again, and has it announced if need be
        }
        if !self.load(import, number, false, &self.chunk(&object).await?, until).await? {
            self.announce(import, number).await?;
            return Ok(Outcome::Done);
        }
        if let Some(import) = self.store.find_import(import.org, import.id).await? {
            self.settle(&import, until).await?;
        }
        Ok(Outcome::Done)
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
fn ignored(what: &'static str) -> Outcome {
    tracing::warn!("{what} is passed over");
    Outcome::Done
}
