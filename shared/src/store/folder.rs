//! A lead with all that is on it, in one query: itself, its files, its comments.

use aws_sdk_dynamodb::types::AttributeValue;

use super::item::{Item, decode};
use super::keys::Key;
use super::{Store, StoreError};
use crate::domain::{Attachment, Comment, CommentId, Lead, LeadId, OrgId};

/// Most pages of a query, each of 1 MB: an answer can hold 6 MB, and has them escaped twice.
const PAGES: usize = 2;

/// A lead and what is on it, newest first.
#[derive(Debug, Clone)]
pub struct Folder {
    pub lead: Lead,
    /// Those that are awaited too.
    pub attachments: Vec<Attachment>,
    pub comments: Vec<Comment>,
    /// Comments before this one are on the next page.
    pub before: Option<CommentId>,
}

impl Store {
    /// A lead with its files and, if they are wanted, its comments.
    pub async fn folder(
        &self,
        org: OrgId,
        lead: LeadId,
        with_comments: bool,
    ) -> Result<Option<Folder>, StoreError> {
        let start = if with_comments { Key::comments(org, lead) } else { Key::files(org, lead) };
        let (items, more) = self.newest(start, "SK >= :start", None).await?;
        let (mut found, mut attachments, mut comments) = (None, Vec::new(), Vec::new());
        for item in items {
            let sk = item.get("SK").and_then(|sk| sk.as_s().ok()).cloned().unwrap_or_default();
            match sk.split('#').next() {
                Some("LEAD") => found = Some(decode::<Lead>(item)?),
                Some("FILE") => attachments.push(decode::<Attachment>(item)?),
                _ => comments.push(decode::<Comment>(item)?),
            }
        }
        let before = comments.last().filter(|_| more).map(|comment: &Comment| comment.id);
        Ok(found.map(|lead| Folder { lead, attachments, comments, before }))
    }

    /// A lead's comments before one of them, newest first, and where the next page begins.
    pub async fn comments_before(
        &self,
        org: OrgId,
        lead: LeadId,
        before: CommentId,
    ) -> Result<(Vec<Comment>, Option<CommentId>), StoreError> {
        let start = Key::comments(org, lead);
        let (items, more) =
            self.newest(start, "begins_with(SK, :start)", Some(Key::comment(org, lead, before))).await?;
        let comments = items.into_iter().map(decode).collect::<Result<Vec<Comment>, _>>()?;
        let next = comments.last().filter(|_| more).map(|comment| comment.id);
        Ok((comments, next))
    }

    /// A partition's items from the last one back, or back from another, and whether there are more.
    async fn newest(
        &self,
        start: Key,
        which: &str,
        from: Option<Key>,
    ) -> Result<(Vec<Item>, bool), StoreError> {
        let query = self.query(start.pk).key_condition_expression(format!("PK = :pk AND {which}"));
        let query = query.expression_attribute_values(":start", AttributeValue::S(start.sk));
        let (mut items, mut next) = (Vec::new(), from.map(Key::into_item));
        for n in 1.. {
            let page = query.clone().scan_index_forward(false).set_exclusive_start_key(next).send().await?;
            items.extend(page.items.unwrap_or_default());
            next = page.last_evaluated_key;
            // Its comments go on by a cursor, which needs one of them.
            let reached = items.last().and_then(Key::of).is_some_and(|key| key.sk.starts_with("COMMENT#"));
            if next.is_none() || (n >= PAGES && reached) {
                break;
            }
        }
        Ok((items, next.is_some()))
    }
}
