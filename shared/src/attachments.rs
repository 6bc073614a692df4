//! Files on leads: records in the table and bytes in the bucket, kept in step.
//!
//! The two cannot change at once. So a chore is written down first that names the objects; then come the objects;
//! then one transaction writes the records and strikes the chore out. Whoever is killed on the way leaves the chore,
//! and a later request does it: no object stays without a record, and no record is ever without its object.

use std::time::Duration as StdDuration;

use bytes::Bytes;
use chrono::{DateTime, Duration, Utc};
use futures::future::join_all;

use crate::domain::{Attachment, AttachmentId, FileName, Import, Lead, LeadId, OrgId};
use crate::files::{Files, FilesError, UPLOAD_LINK, UploadLink};
use crate::store::{Chore, Store, StoreError, Task, UpdatedRow};
use crate::telemetry::chain;

/// When a request that wrote a chore down is surely over.
const OVER: Duration = Duration::hours(1);
/// When an upload is over that was begun while its link was good.
const ARRIVED: Duration = Duration::days(1);
/// How long a file is awaited at most, should nothing be done in its organisation.
const AWAITED: Duration = Duration::days(7);
/// Longest that a request does chores which others left.
const A_WHILE: StdDuration = StdDuration::from_secs(2);
/// Longest that a request clears up what it removed itself.
const LONGER: StdDuration = StdDuration::from_secs(10);

/// A failure of the table or the bucket.
#[derive(Debug, thiserror::Error)]
pub enum AttachmentError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Files(#[from] FilesError),
}

/// The files on leads.
#[derive(Debug, Clone, Copy)]
pub struct Attachments<'a> {
    store: &'a Store,
    files: &'a Files,
}

/// Where to send a file's bytes, and until when.
#[derive(Debug)]
pub struct Upload {
    pub link: UploadLink,
    pub expires_on: DateTime<Utc>,
}

impl<'a> Attachments<'a> {
    /// Those in this table and this bucket.
    pub fn new(store: &'a Store, files: &'a Files) -> Self {
        Self { store, files }
    }

    /// Puts the bytes of new files into the bucket. The transaction that writes their records must end the chore;
    /// if it does not, [`Self::discard`] must. None without files.
    pub async fn stage(
        &self,
        org: OrgId,
        files: &[(Attachment, Bytes)],
        now: DateTime<Utc>,
    ) -> Result<Option<Chore>, AttachmentError> {
        if files.is_empty() {
            return Ok(None);
        }
        let objects = files.iter().map(|(file, _)| file.object()).collect();
        let chore = Chore::new(org, now + OVER, Task::Objects(objects));
        self.store.insert_chore(&chore, now).await?;
        let put = |(file, bytes): &(Attachment, Bytes)| {
            let (object, kind, bytes) = (file.object(), file.content_type.clone(), bytes.clone());
            async move { self.files.put(&object, &kind, bytes).await }
        };
        // All are waited for: one that is given up may land after those before it were removed. For the same reason
        // the chore stays for later, too.
        match join_all(files.iter().map(put)).await.into_iter().collect::<Result<(), _>>() {
            Ok(()) => Ok(Some(chore)),
            Err(error) => {
                if let Task::Objects(objects) = &chore.task {
                    let removed = self.files.remove(objects).await;
                    let _ =
                        removed.inspect_err(|error| tracing::warn!(cause = chain(error), "left for later"));
                }
                Err(error.into())
            }
        }
    }

    /// Takes back what was staged, if the transaction that was to write its records failed: one whose answer was lost
    /// may have gone through, and then nothing is taken back. A failure leaves the chore to a later request.
    pub async fn discard(&self, staged: Option<Chore>, now: DateTime<Utc>) {
        self.clean_up(staged, now).await;
    }

    /// Makes a file one whose bytes its sender will put into the bucket by this link. The chore must be written with
    /// its record.
    pub async fn await_upload(&self, file: &mut Attachment) -> Result<(Upload, Chore), AttachmentError> {
        let now = file.created_on;
        file.awaited_until = Some(now + AWAITED);
        let link = self.files.upload_link(&file.object(), &file.content_type, file.size).await?;
        let task = Task::Upload { lead: file.lead, file: file.id };
        let chore = Chore::new(file.org, now + ARRIVED, task);
        let expires_on = now + Duration::from_std(UPLOAD_LINK).unwrap_or_else(|_| Duration::zero());
        Ok((Upload { link, expires_on }, chore))
    }

    /// The files whose bytes are there; an awaited one whose bytes have come counts from now on.
    pub async fn arrived(
        &self,
        files: Vec<Attachment>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Attachment>, AttachmentError> {
        let mut asked = 0;
        let files = files.into_iter().filter(|file| {
            asked += usize::from(file.awaited_until.is_some());
            file.awaited_until.is_none() || asked <= Attachment::MOST_AWAITED
        });
        let arrived = join_all(files.map(|file| self.arrival(file, now))).await;
        let mut here = Vec::new();
        for file in arrived {
            match file {
                Ok(file) => here.extend(file),
                // What is on the lead is shown even if the bucket does not say what has come.
                Err(AttachmentError::Files(error)) => {
                    tracing::warn!(cause = chain(&error), "an awaited file is taken for not there");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(here)
    }

    /// A file if its bytes are there.
    pub async fn arrival(
        &self,
        mut file: Attachment,
        now: DateTime<Utc>,
    ) -> Result<Option<Attachment>, AttachmentError> {
        let Some(until) = file.awaited_until else { return Ok(Some(file)) };
        if until <= now {
            return Ok(None);
        }
        let Some(size) = self.files.size(&file.object()).await? else { return Ok(None) };
        file.size = size;
        file.awaited_until = None;
        match self.store.attachment_arrived(&file).await {
            // A conflict: another request has seen it come.
            Ok(()) | Err(StoreError::Conflict) => Ok(Some(file)),
            Err(error) => Err(error.into()),
        }
    }

    /// An address, good for 5 minutes, that saves a file under its own name.
    pub async fn link(&self, file: &Attachment) -> Result<String, AttachmentError> {
        let name: &FileName = &file.file_name;
        Ok(self.files.link(&file.object(), name).await?)
    }

    /// Removes a file; its object too, now or, should that fail, by a later request.
    pub async fn remove(&self, file: &Attachment, now: DateTime<Utc>) -> Result<(), AttachmentError> {
        let chore = Chore::taken_on(file.org, now, Task::Objects(vec![file.object()]));
        self.store.remove_attachment(file, &chore, now).await?;
        self.finish(&chore, LONGER).await;
        Ok(())
    }

    /// Removes a lead with all that is on it; what fails after the lead itself is gone is left to a later request. With
    /// `undone` it goes since that row of that import is taken back.
    pub async fn remove_lead(
        &self,
        lead: &Lead,
        undone: Option<(&Import, &UpdatedRow)>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let chore = Chore::taken_on(lead.org, now, Task::Lead(lead.id));
        self.store.remove_lead(lead, &chore, undone, now).await?;
        self.finish(&chore, LONGER).await;
        Ok(())
    }

    /// Does chores that others left, for a while at most, after a request's own work.
    pub async fn clean_up(&self, chores: impl IntoIterator<Item = Chore>, now: DateTime<Utc>) {
        for chore in chores {
            match self.store.claim_chore(&chore, now).await {
                Ok(Some(chore)) => self.finish(&chore, A_WHILE).await,
                Ok(None) => {}
                Err(error) => tracing::warn!(cause = chain(&error), "a chore is left for later"),
            }
        }
    }

    /// Does a chore that was taken on, and strikes it out. A failure leaves it to a later request.
    async fn finish(&self, chore: &Chore, patience: StdDuration) {
        let org = chore.org();
        match tokio::time::timeout(patience, self.work_off(chore)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(org_id = %org, cause = chain(&error), "a chore is left for later");
            }
            Err(_) => tracing::info!(org_id = %org, "a chore goes on later"),
        }
    }

    async fn work_off(&self, chore: &Chore) -> Result<(), AttachmentError> {
        let org = chore.org();
        match &chore.task {
            Task::Objects(objects) => self.files.remove(objects).await?,
            Task::Segments(objects) => self.store.remove_replaced(chore, objects).await?,
            Task::Upload { lead, file } => self.settle_upload(org, *lead, *file).await?,
            Task::Lead(lead) => {
                let mut more = true;
                while more {
                    let remains = self.store.remains(org, *lead).await?;
                    self.files.remove(&remains.objects()).await?;
                    more = remains.more;
                    self.store.remove_remains(remains, chore).await?;
                }
                return Ok(());
            }
        }
        Ok(self.store.remove_chore(chore).await?)
    }

    /// An upload whose link is over: what has arrived counts, unless its lead or its record is gone.
    async fn settle_upload(
        &self,
        org: OrgId,
        lead: LeadId,
        file: AttachmentId,
    ) -> Result<(), AttachmentError> {
        let object = Attachment::object_of(org, lead, file);
        let (record, size) = (self.store.find_file(org, lead, file).await?, self.files.size(&object).await?);
        match (record, size) {
            (Some(record), Some(size)) if record.awaited_until.is_some() => {
                Ok(self.store.attachment_arrived(&Attachment { size, ..record }).await?)
            }
            (Some(record), None) if record.awaited_until.is_some() => {
                Ok(self.store.remove_awaited(org, lead, file).await?)
            }
            (None, Some(_)) => Ok(self.files.remove(&[object]).await?),
            (Some(_) | None, _) => Ok(()),
        }
    }
}
