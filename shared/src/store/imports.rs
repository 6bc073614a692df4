//! Imports in the table: what is known of each, and how far its file is loaded.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::change::{Change, number};
use super::item::{decode, encode, entities};
use super::keys::Key;
use super::transaction::{Transaction, absent};
use super::{Store, StoreError};
use crate::domain::{Import, ImportId, ImportState, LeadId, OrgId, Person, RowCounts, RowError, UserId};

/// An import in the list of its organisation.
#[derive(Debug, Serialize, Deserialize)]
struct Listed {
    import: ImportId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<UserId>,
}

/// That the bytes of a file came, and by which import first.
#[derive(Debug, Serialize, Deserialize)]
struct Content {
    import_id: ImportId,
}

/// How far a piece of a file is loaded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChunkProgress {
    /// Its rows before this one are done, counted within the piece.
    pub next: u32,
    /// Every row is done.
    pub done: bool,
    /// How many runs over it began.
    pub attempts: u32,
    /// Runs that have not said that they left nothing behind.
    pub open: BTreeSet<u32>,
    /// Up to which row each group of rows went, and the run that wrote it.
    pub groups: Vec<(u32, u32)>,
    #[serde(flatten)]
    pub counts: RowCounts,
}

/// A row that could not be loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedRow {
    pub row: u32,
    pub errors: Vec<RowError>,
}

/// A lead that a row changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdatedRow {
    pub row: u32,
    pub lead: LeadId,
    /// The version that it got.
    pub version: u64,
}

entities! {
    Import => "import",
    Listed => "import_listed",
    Content => "content",
    ChunkProgress => "chunk",
    FailedRow => "failed_row",
    UpdatedRow => "updated_row",
}

fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

fn state(state: ImportState) -> AttributeValue {
    text(state.as_str())
}

fn item<T: Serialize>(value: &T) -> Result<AttributeValue, StoreError> {
    Ok(serde_dynamo::to_attribute_value(value)?)
}

impl Store {
    /// Writes a new import down; [`StoreError::Conflict`] if it is there.
    pub async fn insert_import(&self, import: &Import) -> Result<(), StoreError> {
        let now = import.created_on;
        let mut transaction = Transaction::default();
        transaction.put_if(encode(Key::import(import.org, import.id), import, now)?, absent());
        let listed = Listed { import: import.id, by: import.created_by.as_ref().map(|by| by.id) };
        transaction.put(encode(Key::import_listed(import), &listed, now)?);
        Ok(self.commit(transaction).await?)
    }

    /// One import.
    pub async fn find_import(&self, org: OrgId, import: ImportId) -> Result<Option<Import>, StoreError> {
        self.find(Key::import(org, import)).await
    }

    /// Imports, newest first: `limit` of them after the first `offset`, and whether there are more. With `by`, only
    /// those of that user.
    pub async fn imports(
        &self,
        org: OrgId,
        by: Option<UserId>,
        offset: usize,
        limit: usize,
    ) -> Result<(Vec<Import>, bool), StoreError> {
        let (mut listed, mut start) = (Vec::new(), None);
        while listed.len() <= offset + limit {
            let query = self.query(Key::imports(org)).scan_index_forward(false).limit(500);
            let page = query.set_exclusive_start_key(start).send().await?;
            for item in page.items.unwrap_or_default() {
                let one: Listed = decode(item)?;
                listed.extend((by.is_none() || one.by == by).then_some(one.import));
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        let more = listed.len() > offset + limit;
        let keys: Vec<Key> =
            listed.into_iter().skip(offset).take(limit).map(|id| Key::import(org, id)).collect();
        let mut found = self.read_all(keys.clone()).await?;
        let imports = keys.iter().filter_map(|key| found.remove(key)).map(decode);
        Ok((imports.collect::<Result<_, _>>()?, more))
    }

    /// Notes that these bytes came by this import, unless they came before: then by which.
    pub async fn claim_content(
        &self,
        import: &Import,
        content: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<ImportId>, StoreError> {
        let key = Key::content(import.org, content, import.options.on_duplicate);
        let id = text(import.id.to_string());
        let change = Change::of::<Content>(now).set("import_id", id.clone()).when_new("import_id", id);
        match self.change::<Content>(key.clone(), change).await {
            Ok(_) => Ok(None),
            Err(StoreError::Conflict) => match self.find::<Content>(key).await? {
                Some(first) => Ok(Some(first.import_id).filter(|first| *first != import.id)),
                None => Err(StoreError::Unavailable("the claim of another import went meanwhile".into())),
            },
            Err(error) => Err(error),
        }
    }

    /// By which import these bytes came, if they did.
    pub async fn find_content(&self, import: &Import, content: &str) -> Result<Option<ImportId>, StoreError> {
        let key = Key::content(import.org, content, import.options.on_duplicate);
        Ok(self.find::<Content>(key).await?.map(|first| first.import_id))
    }

    /// The bytes of an import's file may come again.
    pub async fn release_content(&self, import: &Import) -> Result<(), StoreError> {
        let Some(content) = &import.content else { return Ok(()) };
        let id = vec![(":id", text(import.id.to_string()))];
        let mut transaction = Transaction::default();
        let key = Key::content(import.org, content, import.options.on_duplicate);
        transaction.delete_if(key, ("attribute_not_exists(PK) OR import_id = :id", id));
        match self.commit(transaction).await.map_err(StoreError::from) {
            Ok(()) | Err(StoreError::Conflict) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The file is there and can be read: what is known of it before its rows are looked at.
    pub async fn begin_import(&self, import: &Import, now: DateTime<Utc>) -> Result<Import, StoreError> {
        let change = Change::of::<Import>(now)
            .set("state", state(ImportState::Processing))
            .set_new("started_on", item(&now)?)
            .set("content", item(&import.content)?)
            .set("ignored_columns", item(&import.ignored_columns)?)
            .set("rows", number(import.rows));
        self.change_import(import, &[ImportState::Awaiting, ImportState::Processing], change).await
    }

    /// The file is cut into so many pieces, and so many that come last.
    pub async fn cut_import(
        &self,
        import: &Import,
        chunks: u32,
        late_chunks: u32,
        now: DateTime<Utc>,
    ) -> Result<Import, StoreError> {
        let change =
            Change::of::<Import>(now).set("chunks", number(chunks)).set("late_chunks", number(late_chunks));
        self.change_import(import, &[ImportState::Processing], change).await
    }

    /// An import is over, or goes on to another state: `end.state`, with what is known then. A conflict if it was not in
    /// one of the states `from`.
    pub async fn end_import(
        &self,
        end: &Import,
        from: &[ImportState],
        now: DateTime<Utc>,
    ) -> Result<Import, StoreError> {
        let change = Change::of::<Import>(now)
            .set("state", state(end.state))
            .set("finished_on", item(&end.finished_on)?)
            .set("error", item(&end.error)?)
            .set("repeat_of", item(&end.repeat_of)?)
            .set("counts", item(&end.counts)?);
        self.change_import(end, from, change).await
    }

    /// An import that is over is being taken back from now on, until `held` by who says so.
    pub async fn begin_undo(
        &self,
        import: &Import,
        by: &Person,
        held: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Import, StoreError> {
        let change = Change::of::<Import>(now)
            .set("state", state(ImportState::Undoing))
            .set("undone_by", item(by)?)
            .set("held_until", item(&held)?);
        self.change_import(import, &[ImportState::Success, ImportState::Failed], change).await
    }

    /// An import was taken back, but for so many leads.
    pub async fn end_undo(
        &self,
        import: &Import,
        left: u32,
        now: DateTime<Utc>,
    ) -> Result<Import, StoreError> {
        let change =
            Change::of::<Import>(now).set("state", state(ImportState::Undone)).set("left", number(left));
        self.change_import(import, &[ImportState::Undoing], change).await
    }

    /// The request that brought an import's file no longer works on it.
    pub async fn let_go(&self, import: &Import, now: DateTime<Utc>) -> Result<Import, StoreError> {
        let change = Change::of::<Import>(now).remove("held_until");
        self.change(Key::import(import.org, import.id), change).await
    }

    async fn change_import(
        &self,
        import: &Import,
        from: &[ImportState],
        change: Change,
    ) -> Result<Import, StoreError> {
        let states: Vec<AttributeValue> = from.iter().map(|from| state(*from)).collect();
        self.change(Key::import(import.org, import.id), change.when_one_of("state", states)).await
    }

    /// How far each piece of an import's file is loaded, by its number.
    pub async fn chunks(
        &self,
        org: OrgId,
        import: ImportId,
    ) -> Result<Vec<(u32, ChunkProgress)>, StoreError> {
        let (mut chunks, mut start) = (Vec::new(), None);
        loop {
            let page = self.query_prefix(Key::chunks(org, import)).set_exclusive_start_key(start);
            let page = page.send().await?;
            for item in page.items.unwrap_or_default() {
                let number = item.get("SK").and_then(|key| key.as_s().ok()?.rsplit('#').next()?.parse().ok());
                let number = number.ok_or_else(|| StoreError::Failed("a piece without a number".into()))?;
                chunks.push((number, decode(item)?));
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(chunks);
            }
        }
    }

    /// Begins a run over a piece; the run's number is the last of `attempts`.
    pub async fn begin_chunk(
        &self,
        import: &Import,
        number_of: u32,
        now: DateTime<Utc>,
    ) -> Result<(u32, ChunkProgress), StoreError> {
        let key = Key::chunk(import.org, import.id, number_of);
        // Two steps, for the run's number is known only after the first: one that is killed between them wrote nothing.
        let change = Change::of::<ChunkProgress>(now).add("attempts", number(1_u32));
        let attempt = self.change::<ChunkProgress>(key.clone(), change).await?.attempts.saturating_sub(1);
        let open = AttributeValue::Ns(vec![attempt.to_string()]);
        let change = Change::of::<ChunkProgress>(now).add("open", open);
        Ok((attempt, self.change(key, change).await?))
    }

    /// How far one piece is loaded.
    pub async fn chunk(&self, import: &Import, number: u32) -> Result<ChunkProgress, StoreError> {
        Ok(self.find(Key::chunk(import.org, import.id, number)).await?.unwrap_or_default())
    }

    /// These runs over a piece left nothing behind.
    pub(crate) async fn end_attempts(
        &self,
        import: &Import,
        number: u32,
        attempts: &[u32],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let attempts = AttributeValue::Ns(attempts.iter().map(u32::to_string).collect());
        let change = Change::of::<ChunkProgress>(now).delete("open", attempts);
        self.change::<ChunkProgress>(Key::chunk(import.org, import.id, number), change).await?;
        Ok(())
    }

    /// Those of these rows that could not be loaded, in the order of the file.
    pub async fn failed_rows(
        &self,
        org: OrgId,
        import: ImportId,
        rows: std::ops::RangeInclusive<u32>,
    ) -> Result<Vec<FailedRow>, StoreError> {
        let (first, last) = (rows.start(), rows.end());
        let (first, last) = (Key::failed_row(org, import, *first), Key::failed_row(org, import, *last));
        self.first(self.query_between(first, last.sk), usize::MAX).await
    }

    /// Leads that rows up to this one changed, the last row first; at most `most`.
    pub async fn updated_rows(
        &self,
        org: OrgId,
        import: ImportId,
        before: u32,
        most: usize,
    ) -> Result<Vec<UpdatedRow>, StoreError> {
        let (first, last) = (Key::updated_row(org, import, 0), Key::updated_row(org, import, before));
        self.first(self.query_between(first, last.sk).scan_index_forward(false), most).await
    }
}

impl Transaction {
    /// Writes down a row that could not be loaded.
    pub(crate) fn put_failed_row(
        &mut self,
        import: &Import,
        failed: &FailedRow,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.put(encode(Key::failed_row(import.org, import.id, failed.row), failed, now)?);
        Ok(())
    }

    /// Writes down that a row changed a lead.
    pub(crate) fn put_updated_row(
        &mut self,
        import: &Import,
        updated: &UpdatedRow,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.put(encode(Key::updated_row(import.org, import.id, updated.row), updated, now)?);
        Ok(())
    }
}
