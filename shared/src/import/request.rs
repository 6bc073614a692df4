//! Files that a request brings, or has brought.

use std::fs::File;
use std::time::Duration;

use tokio::time::Instant;

use super::{Begun, GO_ON, ImportError, Importer, source};
use crate::domain::{Import, ImportId, ImportOptions, ImportState, OrgId, Person, RowError};
use crate::files::UploadLink;
use crate::store::StoreError;

/// Longest that a request works on the file it brought, and on taking it back.
pub(super) const REQUEST: Duration = Duration::from_secs(20);
/// How long nobody else touches an import that a request works on.
pub(super) const HELD: chrono::Duration = chrono::Duration::seconds(60);

impl Importer<'_> {
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
            Err(ImportError::Options(errors)) => {
                self.fail(&import, errors.to_string()).await?;
                return Err(ImportError::Options(errors));
            }
            begun => begun?,
        };
        let (import, mut cutter) = match begun {
            Begun::New(import, cutter) => (import, cutter),
            Begun::Repeat(import) => return Ok(import),
        };
        match self.cut(&import, &mut cutter, Some(until)).await? {
            Some(import) => self.settle(&import, until).await?,
            None => {
                self.store.let_go(&import, self.now()).await?;
                self.say(&import, GO_ON).await?;
            }
        }
        self.again(&import).await
    }

    /// Makes sure that the file of an import is in the bucket, where an event finds it: the request that brought it may
    /// have been killed before.
    pub async fn keep(&self, import: &Import, file: &File) -> Result<(), ImportError> {
        self.files.put_new(&import.object, source::bytes(file)?).await?;
        Ok(())
    }

    pub(super) async fn again(&self, import: &Import) -> Result<Import, ImportError> {
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
