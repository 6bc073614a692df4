//! Comments in the table: each on its lead, with a pointer by its own id; and those it mentions.

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::change::Change;
use super::directory::UserPointer;
use super::item::{Item, decode, encode, entities, epoch};
use super::keys::Key;
use super::once::{Once, OnceError, Recorded};
use super::transaction::{Refused, Transaction, absent, present};
use super::{Chore, Store, StoreError};
use crate::domain::{
    Attachment, AttachmentId, Comment, CommentId, Email, Lead, LeadId, OrgId, Person, Status, Text, User,
};

/// The lead that a comment or a file is on.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LeadPointer {
    pub(crate) lead: LeadId,
}

entities! {
    LeadPointer => "lead_pointer",
}

/// What somebody puts on a lead at once.
#[derive(Debug, Default)]
pub struct Addition {
    pub comment: Option<Comment>,
    pub attachments: Vec<Attachment>,
    /// What cleans up the objects of the attachments should this not be written.
    pub staged: Option<Chore>,
    /// What cleans up an awaited attachment should it never come.
    pub chore: Option<Chore>,
    pub once: Option<Once>,
}

/// Why nothing was added.
#[derive(Debug)]
pub enum AddError {
    /// The request was done before, or its key was used for another.
    Once(OnceError),
    /// [`StoreError::NotFound`] if the lead is gone.
    Store(StoreError),
}

impl From<StoreError> for AddError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Transaction {
    /// Refuses everything unless the lead is there and, to put files on it, not converted. One that an import made notes
    /// that somebody works on it, so that it stays when the import is taken back.
    fn work_on(&mut self, lead: &Lead, with_files: bool, now: DateTime<Utc>) {
        let key = Key::lead(lead.org, lead.id);
        match (lead.import, with_files) {
            (None, false) => self.require(key),
            (None, true) => self.require_unconverted(key),
            (Some(_), _) => {
                let change = Change::of::<Lead>(now).set("worked_on", AttributeValue::Bool(true));
                let converted = AttributeValue::S(Status::Converted.as_str().to_owned());
                let change = change.when_there("id");
                self.change(key, if with_files { change.when_not("status", converted) } else { change });
            }
        }
    }

    /// Writes a new file's record and its pointer. The table forgets an awaited one by itself.
    pub(crate) fn put_attachment(&mut self, file: &Attachment) -> Result<(), StoreError> {
        let (org, now) = (file.org, file.created_on);
        let forgotten = |mut item: Item| {
            item.extend(file.awaited_until.map(|until| ("expires_at".to_owned(), epoch(until))));
            item
        };
        self.put_if(forgotten(encode(Key::file(org, file.lead, file.id), file, now)?), absent());
        let pointer = encode(Key::file_pointer(org, file.id), &LeadPointer { lead: file.lead }, now)?;
        self.put(forgotten(pointer));
        Ok(())
    }

    /// Removes a file's record and its pointer; refused if they are gone.
    pub(crate) fn delete_attachment(&mut self, org: OrgId, lead: LeadId, file: AttachmentId) {
        self.delete_if(Key::file(org, lead, file), present());
        self.delete(Key::file_pointer(org, file));
    }
}

impl Store {
    /// Puts a comment, files or both on a lead, in one transaction. `answer` is what an idempotency key remembers.
    pub async fn add(
        &self,
        to: &Lead,
        addition: &Addition,
        answer: Recorded,
        now: DateTime<Utc>,
    ) -> Result<(), AddError> {
        let (org, lead, once) = (to.org, to.id, addition.once.as_ref());
        let mut transaction = Transaction::default();
        transaction.work_on(to, !addition.attachments.is_empty(), now);
        if let Some(comment) = &addition.comment {
            transaction.put_if(encode(Key::comment(org, lead, comment.id), comment, now)?, absent());
            transaction.put(encode(Key::comment_pointer(org, comment.id), &LeadPointer { lead }, now)?);
        }
        for file in &addition.attachments {
            transaction.put_attachment(file)?;
        }
        if let Some(staged) = &addition.staged {
            transaction.end_chore(staged);
        }
        if let Some(chore) = &addition.chore {
            transaction.put_chore(chore, now)?;
        }
        if let Some(once) = once {
            once.record(&mut transaction, answer, now)?;
        }
        match self.commit(transaction).await {
            Ok(()) => Ok(()),
            Err(Refused::Condition) => {
                self.done_before(once, now).await?;
                match self.read(Key::lead(org, lead)).await? {
                    Some(_) => Err(StoreError::Conflict.into()),
                    None => Err(StoreError::NotFound.into()),
                }
            }
            Err(Refused::Store(error)) => Err(error.into()),
        }
    }

    /// [`AddError::Once`] if a request with this idempotency key was done before: asked before anything is done that
    /// would be in vain.
    pub async fn done_before(&self, once: Option<&Once>, now: DateTime<Utc>) -> Result<(), AddError> {
        let Some(once) = once else { return Ok(()) };
        once.check(self.read(once.key.clone()).await?, now)?.map_err(AddError::Once)
    }

    /// One comment, in two rounds; none if its lead is gone.
    pub async fn find_comment(&self, org: OrgId, comment: CommentId) -> Result<Option<Comment>, StoreError> {
        let pointer = self.find(Key::comment_pointer(org, comment)).await?;
        let Some(LeadPointer { lead }) = pointer else { return Ok(None) };
        let (comment, lead) =
            tokio::try_join!(self.find(Key::comment(org, lead, comment)), self.read(Key::lead(org, lead)))?;
        Ok(comment.filter(|_| lead.is_some()))
    }

    /// Rewrites a comment; [`StoreError::Conflict`] if it is gone.
    pub async fn update_comment(&self, comment: &Comment, now: DateTime<Utc>) -> Result<(), StoreError> {
        let mut transaction = Transaction::default();
        let key = Key::comment(comment.org, comment.lead, comment.id);
        transaction.put_if(encode(key, comment, now)?, present());
        Ok(self.commit(transaction).await?)
    }

    /// Removes a comment; [`StoreError::Conflict`] if it is gone.
    pub async fn remove_comment(&self, comment: &Comment) -> Result<(), StoreError> {
        let mut transaction = Transaction::default();
        transaction.delete_if(Key::comment(comment.org, comment.lead, comment.id), present());
        transaction.delete(Key::comment_pointer(comment.org, comment.id));
        Ok(self.commit(transaction).await?)
    }

    /// The active members whom a text mentions by e-mail: two rounds, none for a text that mentions nobody.
    pub async fn mentioned(&self, org: OrgId, text: &Text<10_000>) -> Result<Vec<Person>, StoreError> {
        let emails = Comment::mentioned(text.as_str());
        let keys: Vec<Key> =
            emails.iter().map(|email: &Email| Key::user_email(org, email.as_str())).collect();
        let mut found = self.read_all(keys.clone()).await?;
        let users = keys.iter().filter_map(|key| found.remove(key)).map(UserPointer::user);
        let users: Vec<Key> = users.map(|id| Ok(Key::user(org, id?))).collect::<Result<_, StoreError>>()?;
        let mut found = self.read_all(users.clone()).await?;
        let users = users.iter().filter_map(|key| found.remove(key)).map(decode::<User>);
        let active = users.filter(|user| user.as_ref().map_or(true, |user| user.active));
        active.map(|user| Ok(user?.person())).collect()
    }
}
