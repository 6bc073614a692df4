//! Files that a request brings along.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use ring::digest::{SHA256, digest};

use super::body::{Sent, SentFile};
use crate::domain::{Attachment, Fields, Ids, Lead, Person, Value};

/// The fields that files are taken in; the second is the older clients'.
pub const FILE_FIELDS: [&str; 2] = ["attachment", "lead_attachment"];

impl Sent {
    /// The files as attachments of a lead.
    pub fn attachments(
        &self,
        ids: &Ids,
        lead: &Lead,
        by: &Person,
        now: DateTime<Utc>,
    ) -> Vec<(Attachment, Bytes)> {
        let attachment = |file: &SentFile| {
            let size = u64::try_from(file.bytes.len()).unwrap_or(u64::MAX);
            let attachment = Attachment {
                id: ids.attachment(now),
                org: lead.org,
                lead: lead.id,
                file_name: file.name.clone(),
                content_type: file.content_type.clone(),
                size,
                uploader: by.clone(),
                created_on: now,
                awaited_until: None,
            };
            (attachment, file.bytes.clone())
        };
        self.files.iter().map(attachment).collect()
    }

    /// What was asked, for an idempotency key: the fields, and of each file its name, kind and hash.
    pub fn asked(&self) -> Fields {
        let mut asked = self.fields.clone();
        for file in &self.files {
            let hash = digest(&SHA256, &file.bytes);
            let file_is = format!("{}\n{}\n{hash:?}", file.name.as_str(), file.content_type);
            asked.push(file.field.clone(), Value::Text(file_is));
        }
        asked
    }
}
