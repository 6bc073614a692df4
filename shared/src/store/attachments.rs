//! Files of leads in the table: what is known of each, and where its lead is.

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};

use super::comments::LeadPointer;
use super::keys::Key;
use super::transaction::Transaction;
use super::{Chore, Store, StoreError};
use crate::domain::{Attachment, AttachmentId, Lead, LeadId, OrgId};

/// Most items that are removed at once, each with its pointer, in one transaction.
const BATCH: i32 = 49;

impl Store {
    /// One file and its lead, in two rounds; none without either.
    pub async fn find_attachment(
        &self,
        org: OrgId,
        file: AttachmentId,
    ) -> Result<Option<(Attachment, Lead)>, StoreError> {
        let Some(LeadPointer { lead }) = self.find(Key::file_pointer(org, file)).await? else {
            return Ok(None);
        };
        let (file, lead) =
            tokio::try_join!(self.find(Key::file(org, lead, file)), self.find(Key::lead(org, lead)))?;
        Ok(file.zip(lead))
    }

    /// The bytes of an awaited file are there; [`StoreError::Conflict`] if it is awaited no more.
    pub(crate) async fn attachment_arrived(&self, file: &Attachment) -> Result<(), StoreError> {
        let forget = "REMOVE expires_at, awaited_until SET #size = :size";
        let names = [("#size".to_owned(), "size".to_owned())].into();
        let size = [(":size".to_owned(), AttributeValue::N(file.size.to_string()))].into();
        let mut transaction = Transaction::default();
        transaction.require(Key::lead(file.org, file.lead));
        transaction.update_named(
            Key::file(file.org, file.lead, file.id),
            forget,
            Some("attribute_exists(awaited_until)"),
            size,
            Some(names),
        );
        let pointer = Key::file_pointer(file.org, file.id);
        transaction.update(pointer, "REMOVE expires_at", Some("attribute_exists(PK)"), Vec::new());
        Ok(self.commit(transaction).await?)
    }

    /// Removes a file's record and writes down that its object is to go; [`StoreError::Conflict`] if it is gone.
    pub(crate) async fn remove_attachment(
        &self,
        file: &Attachment,
        chore: &Chore,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut transaction = Transaction::default();
        transaction.delete_attachment(file.org, file.lead, file.id);
        transaction.put_chore(chore, now)?;
        Ok(self.commit(transaction).await?)
    }

    /// One file of a lead.
    pub(crate) async fn find_file(
        &self,
        org: OrgId,
        lead: LeadId,
        file: AttachmentId,
    ) -> Result<Option<Attachment>, StoreError> {
        self.find(Key::file(org, lead, file)).await
    }

    /// Forgets a file that is awaited no more; [`StoreError::Conflict`] if it has come after all.
    pub(crate) async fn remove_awaited(
        &self,
        org: OrgId,
        lead: LeadId,
        file: AttachmentId,
    ) -> Result<(), StoreError> {
        let mut transaction = Transaction::default();
        let awaited = "attribute_not_exists(PK) OR attribute_exists(awaited_until)";
        transaction.delete_if(Key::file(org, lead, file), (awaited, Vec::new()));
        transaction.delete(Key::file_pointer(org, file));
        Ok(self.commit(transaction).await?)
    }

    /// What is left of a lead that is gone, or a part of it.
    pub(crate) async fn remains(&self, org: OrgId, lead: LeadId) -> Result<Remains, StoreError> {
        let page =
            self.query(Key::lead(org, lead).pk).projection_expression("PK, SK").limit(BATCH).send().await?;
        let keys = page.items.unwrap_or_default().iter().filter_map(Key::of).collect();
        Ok(Remains { org, lead, keys, more: page.last_evaluated_key.is_some() })
    }

    /// Removes them, and with the last of them the chore.
    pub(crate) async fn remove_remains(&self, remains: Remains, chore: &Chore) -> Result<(), StoreError> {
        let mut transaction = Transaction::default();
        for key in remains.keys {
            match key.sk.split_once('#') {
                Some(("COMMENT", id)) => {
                    let pointer = id.parse().map(|id| Key::comment_pointer(remains.org, id));
                    pointer.into_iter().for_each(|pointer| transaction.delete(pointer));
                }
                Some(("FILE", id)) => {
                    let pointer = id.parse().map(|id| Key::file_pointer(remains.org, id));
                    pointer.into_iter().for_each(|pointer| transaction.delete(pointer));
                }
                _ => {}
            }
            transaction.delete(key);
        }
        if !remains.more {
            transaction.delete_chore(chore);
        }
        Ok(self.commit(transaction).await?)
    }
}

/// What a lead left behind.
#[derive(Debug)]
pub(crate) struct Remains {
    org: OrgId,
    lead: LeadId,
    keys: Vec<Key>,
    /// There is more.
    pub(crate) more: bool,
}

impl Remains {
    /// The objects that its files had.
    pub(crate) fn objects(&self) -> Vec<String> {
        let files = self.keys.iter().filter_map(|key| key.sk.strip_prefix("FILE#")?.parse().ok());
        files.map(|file| Attachment::object_of(self.org, self.lead, file)).collect()
    }
}
