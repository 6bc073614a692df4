//! Imports: a file of leads, and what became of its rows.

use std::fmt;
use std::iter::Sum;
use std::ops::AddAssign;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{ImportId, ImportOptions, LeadId, OrgId, Person};

/// Namespace of the ids of files that somebody put into the bucket.
const OBJECTS: Uuid = Uuid::from_u128(0x2b1f_60f4_7c55_4f0e_9d35_86a1_5f7f_04c3);

/// Where an import stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImportState {
    /// Its file is still to come.
    Awaiting,
    Processing,
    /// Every row was looked at.
    Success,
    /// The file cannot be read at all; nothing was written, unless it went before it was cut to its end.
    Failed,
    /// What it did is being taken back.
    Undoing,
    /// What it did was taken back.
    Undone,
}

impl ImportState {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Awaiting => "awaiting",
            Self::Processing => "processing",
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Undoing => "undoing",
            Self::Undone => "undone",
        }
    }

    /// Nothing more is to come of its file.
    pub fn is_over(self) -> bool {
        !matches!(self, Self::Awaiting | Self::Processing)
    }
}

impl fmt::Display for ImportState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What became of rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RowCounts {
    pub imported: u32,
    pub failed: u32,
    pub skipped: u32,
    pub updated: u32,
}

impl RowCounts {
    /// All rows looked at.
    pub fn rows(&self) -> u32 {
        self.imported + self.failed + self.skipped + self.updated
    }
}

impl AddAssign for RowCounts {
    fn add_assign(&mut self, more: Self) {
        self.imported += more.imported;
        self.failed += more.failed;
        self.skipped += more.skipped;
        self.updated += more.updated;
    }
}

impl Sum for RowCounts {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), |mut sum, more| {
            sum += more;
            sum
        })
    }
}

/// What taking an import back did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UndoCounts {
    /// Leads that it had made and that are gone now.
    pub removed: u32,
    /// Leads that it had changed and that are as before.
    pub restored: u32,
    /// Leads that somebody changed since.
    pub left: u32,
}

/// The size of a file of leads in bytes: 1 to 500,000,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportSize(pub u64);

/// The text is no such size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be the file's bytes, a whole number from 1 to {}; cut a larger file into several",
    ImportSize::LARGEST
)]
pub struct ImportSizeError;

impl ImportSize {
    /// The largest: room for the most rows.
    pub const LARGEST: u64 = 500_000_000;
    /// Most rows of a file: what one run can cut with little processor, in the time that a function has.
    pub const MOST_ROWS: u32 = 2_000_000;
    /// Most cells of a file, those of empty columns too: the report of failed rows has them all.
    pub const MOST_CELLS: u64 = 100_000_000;
}

impl FromStr for ImportSize {
    type Err = ImportSizeError;

    fn from_str(text: &str) -> Result<Self, ImportSizeError> {
        match text.trim().parse() {
            Ok(size @ 1..=Self::LARGEST) => Ok(Self(size)),
            _ => Err(ImportSizeError),
        }
    }
}

/// A file of leads being brought in, or brought in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    pub id: ImportId,
    pub org: OrgId,
    pub state: ImportState,
    /// The file's name as its sender has it.
    pub file_name: String,
    /// The object in the bucket.
    pub object: String,
    pub options: ImportOptions,
    /// Who sent it; none for a file that was put into the bucket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_by: Option<Person>,
    pub created_on: DateTime<Utc>,
    /// With an idempotency key: the hash of what was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
    /// When its file was first read: the time of its leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_on: Option<DateTime<Utc>>,
    /// Until then the request that brought it, or takes it back, works on it, and nobody else need.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_until: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_on: Option<DateTime<Utc>>,
    /// Why the file cannot be read at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The import that brought the same bytes before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat_of: Option<ImportId>,
    /// SHA-256 of the file, once it has been read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    #[serde(default)]
    pub ignored_columns: Vec<String>,
    /// Rows of the file, once they have been counted.
    #[serde(default)]
    pub rows: u32,
    /// Pieces that the file was cut into; none before it is cut to the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chunks: Option<u32>,
    /// Of those, how many are loaded.
    #[serde(default)]
    pub chunks_done: u32,
    /// Pieces that are loaded after all others: rows of leads that the file itself names before.
    #[serde(default)]
    pub late_chunks: u32,
    /// What became of the rows, once it is over.
    #[serde(default)]
    pub counts: RowCounts,
    /// What taking it back did so far.
    #[serde(flatten)]
    pub undo: UndoCounts,
    /// Who takes it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone_by: Option<Person>,
}

impl Import {
    /// An import whose file is not there yet.
    pub fn new(
        id: ImportId,
        org: OrgId,
        file_name: &str,
        options: ImportOptions,
        created_by: Option<Person>,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            id,
            org,
            state: ImportState::Awaiting,
            file_name: file_name.to_owned(),
            object: format!("imports/{org}/{id}/file"),
            options,
            created_by,
            created_on: now,
            asked: None,
            started_on: None,
            held_until: None,
            finished_on: None,
            error: None,
            repeat_of: None,
            content: None,
            ignored_columns: Vec::new(),
            rows: 0,
            chunks: None,
            chunks_done: 0,
            late_chunks: 0,
            counts: RowCounts::default(),
            undo: UndoCounts::default(),
            undone_by: None,
        }
    }

    /// A request works on it.
    pub fn is_held(&self, now: DateTime<Utc>) -> bool {
        self.held_until.is_some_and(|held| held > now)
    }

    /// When its file was first read, which is when its leads are created.
    pub fn began_on(&self) -> DateTime<Utc> {
        self.started_on.unwrap_or(self.created_on)
    }

    /// The id of the lead that a row makes, see [`LeadId::imported`].
    pub fn lead_id(&self, row: u32, attempt: u32) -> LeadId {
        LeadId::imported(self.id, self.began_on(), row, attempt)
    }

    /// Where a piece of its file is in the bucket.
    pub fn chunk_object(&self, number: u32) -> String {
        format!("chunks/{}/{}/{number:06}", self.org, self.id)
    }

    /// Where word is put that an import, or its undo, goes on. Whoever puts it there is told.
    pub fn word_object(&self, word: &str) -> String {
        format!("chunks/{}/{}/{word}", self.org, self.id)
    }

    /// Where a piece is that comes after all others: not among the pieces, for nobody is to be told of it.
    pub fn late_object(&self, number: u32) -> String {
        self.result_object(&format!("late-{number:06}"))
    }

    /// Where something that it leaves is in the bucket: `errors.csv`, `result.json`.
    pub fn result_object(&self, name: &str) -> String {
        format!("results/{}/{}/{name}", self.org, self.id)
    }
}

impl ImportId {
    /// The import of an object that somebody put into a bucket: always the same for the same object. `mark` is the
    /// object's version, or its tag where versions are not kept.
    pub fn of_object(bucket: &str, key: &str, mark: &str) -> Self {
        Self(Uuid::new_v5(&OBJECTS, format!("{bucket}\n{key}\n{mark}").as_bytes()))
    }
}

impl LeadId {
    /// The id of a lead that an import makes: a UUIDv7 (RFC 9562) of the import's time; of its 74 free bits the first 32
    /// are the row, so that leads sort as in their file, and the rest is a hash of import, row and attempt.
    ///
    /// An attempt is one run over the row's part of the file. Two runs at the same moment write leads under ids of
    /// their own, and only one of them makes its leads known.
    pub fn imported(import: ImportId, on: DateTime<Utc>, row: u32, attempt: u32) -> Self {
        const HASH_BITS: u32 = 42;
        let mut named = [0; 24];
        named[..16].copy_from_slice(import.0.as_bytes());
        named[16..20].copy_from_slice(&row.to_be_bytes());
        named[20..].copy_from_slice(&attempt.to_be_bytes());
        let hash = digest(&SHA256, &named);
        let hash = hash.as_ref().iter().take(8).fold(0_u64, |hash, byte| hash << 8 | u64::from(*byte));
        let free = u128::from(row) << HASH_BITS | u128::from(hash >> (64 - HASH_BITS));
        let time = u128::try_from(on.timestamp_millis()).unwrap_or_default();
        let (high, low) = (free >> 62, free & ((1 << 62) - 1));
        Self(Uuid::from_u128(time << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low))
    }

    /// The first id of the same millisecond.
    pub(crate) fn first_of_its_time(self) -> Self {
        Self(Uuid::from_u128(self.0.as_u128() >> 80 << 80))
    }

    /// The last id of the same millisecond.
    pub(crate) fn last_of_its_time(self) -> Self {
        Self(Uuid::from_u128(self.0.as_u128() | ((1 << 80) - 1)))
    }

    /// The id right after this one.
    pub(crate) fn next(self) -> Self {
        Self(Uuid::from_u128(self.0.as_u128().saturating_add(1)))
    }

    /// The id right before this one.
    pub(crate) fn before(self) -> Self {
        Self(Uuid::from_u128(self.0.as_u128().saturating_sub(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leads_of_an_import_sort_as_in_their_file_and_by_its_time() {
        let (import, now) = (ImportId(Uuid::from_u128(7)), Utc::now());
        let later = now + chrono::Duration::milliseconds(1);

        let ids: Vec<LeadId> = (2..3_000_000)
            .step_by(1_000)
            .map(|row| LeadId::imported(import, now, row, 0))
            .chain([LeadId::imported(import, later, 2, 0)])
            .collect();

        assert!(ids.is_sorted());
        assert!(ids.iter().all(|id| id.0.get_version_num() == 7));
        assert!(ids.iter().all(|id| id.0.get_variant() == uuid::Variant::RFC4122));
        let (seconds, nanos) = ids[0].0.get_timestamp().unwrap().to_unix();
        assert_eq!(
            i64::try_from(seconds).unwrap() * 1000 + i64::from(nanos / 1_000_000),
            now.timestamp_millis()
        );
        assert_ne!(LeadId::imported(import, now, 2, 0), LeadId::imported(import, now, 2, 1));
        assert_eq!(LeadId::imported(import, now, 2, 1), LeadId::imported(import, now, 2, 1));
    }

    #[test]
    fn an_object_has_one_id_as_long_as_it_is_the_same() {
        let id = ImportId::of_object("b", "imports/o/a.csv", "etag");

        assert_eq!(id, ImportId::of_object("b", "imports/o/a.csv", "etag"));
        assert_ne!(id, ImportId::of_object("b", "imports/o/a.csv", "other"));
    }
}
