//! Segments of the list index: which there are, and what has been read of them. They are the only objects of the bucket
//! that the table's answers depend on, so that the table reads them itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use super::chores::Chore;
use super::item::{encode, entities};
use super::keys::Key;
use super::transaction::{Refused, Transaction};
use super::{Store, StoreError};
use crate::config::var;
use crate::domain::{LeadId, OrgId};
use crate::files::{Files, FilesError};
use crate::index::segment::{Columns, Header, Segment, SegmentError};
use crate::telemetry::chain;

/// Bytes of segments in memory where nobody says how much there is.
const ROOM: usize = 128 * 1024 * 1024;

/// The segments of an organisation. Each takes the leads from its first up to the next one's first; the first one takes
/// all older ones too, the last one all newer ones.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Grows by one with each change; 0: there is none yet.
    pub version: u64,
    pub segments: Vec<SegmentRef>,
}

/// A segment, and how to know that it is the right one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentRef {
    pub object: String,
    pub first: LeadId,
    pub last: LeadId,
    pub rows: usize,
    pub bytes: usize,
    pub seal: u32,
}

entities! {
    Manifest => "manifest",
}

/// A segment that cannot be answered from.
#[derive(Debug, thiserror::Error)]
#[error("{object} is lost; `leadctl doctor --repair` makes it anew")]
pub struct LostSegment {
    object: String,
    #[source]
    why: SegmentError,
}

/// Where segments are read from, and what of them is in memory. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Segments {
    files: Option<Files>,
    known: Arc<Mutex<Known>>,
}

#[derive(Debug, Default)]
struct Known {
    /// An object's key names its organisation, and what it holds never changes.
    segments: HashMap<String, (Arc<Segment>, u64)>,
    uses: u64,
    /// The version of each organisation's manifest for which a fold was asked.
    asked: HashMap<OrgId, u64>,
}

impl SegmentRef {
    fn is_of(&self, header: &Header) -> bool {
        let Header { rows, first, last, length, seal, .. } = *header;
        (rows, first, last, length, seal) == (self.rows, self.first, self.last, self.bytes, self.seal)
    }
}

impl Segments {
    pub(super) fn of(files: Files) -> Self {
        Self { files: Some(files), known: Arc::default() }
    }

    fn files(&self) -> Result<&Files, StoreError> {
        self.files.as_ref().ok_or_else(|| StoreError::Failed("this function has no bucket".into()))
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn find(&mut self, object: &str) -> Option<Arc<Segment>> {
        self.uses += 1;
        let (segment, used) = self.segments.get_mut(object)?;
        *used = self.uses;
        Some(Arc::clone(segment))
    }

    /// Remembers a segment, and forgets those that were not asked for longest as far as room is needed.
    fn keep(&mut self, object: &str, segment: &Arc<Segment>, room: usize) {
        self.uses += 1;
        self.segments.insert(object.to_owned(), (Arc::clone(segment), self.uses));
        let memory = |(segment, _): &(Arc<Segment>, u64)| segment.memory();
        while self.segments.values().map(memory).sum::<usize>() > room {
            let oldest = self.segments.iter().min_by_key(|(_, (_, used))| *used);
            let Some(oldest) = oldest.map(|(object, _)| object.clone()) else { break };
            self.segments.remove(&oldest);
        }
    }
}

/// A quarter of the function's memory.
fn room() -> usize {
    let megabytes = var("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").and_then(|size| size.parse::<usize>().ok());
    megabytes.map_or(ROOM, |megabytes| megabytes * 1024 * 1024 / 4)
}

impl From<FilesError> for StoreError {
    fn from(error: FilesError) -> Self {
        match error {
            FilesError::Unavailable(_) => Self::Unavailable(error.into()),
            FilesError::Failed(_) => Self::Failed(error.into()),
        }
    }
}

impl Store {
    /// The same with the bucket, where segments of the list index are.
    #[must_use]
    pub fn with_bucket(self, files: Files) -> Self {
        Self { segments: Segments::of(files), ..self }
    }

    /// The bucket; an error in a function that has none.
    pub(super) fn files(&self) -> Result<&Files, StoreError> {
        self.segments.files()
    }

    /// Which segments an organisation has.
    pub async fn manifest(&self, org: OrgId) -> Result<Manifest, StoreError> {
        Ok(self.find(Key::manifest(org)).await?.unwrap_or_default())
    }

    /// The segments are these from now on; [`StoreError::Conflict`] if they are no longer those of the version before.
    pub(super) async fn put_manifest(
        &self,
        org: OrgId,
        manifest: &Manifest,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let was = AttributeValue::N(manifest.version.saturating_sub(1).to_string());
        let condition = match manifest.version {
            1 => ("attribute_not_exists(PK)", Vec::new()),
            _ => ("version = :was", vec![(":was", was)]),
        };
        let mut transaction = Transaction::default();
        transaction.put_if(encode(Key::manifest(org), manifest, now)?, condition);
        match self.commit(transaction).await {
            Ok(()) => Ok(()),
            Err(Refused::Condition) => Err(StoreError::Conflict),
            Err(Refused::Store(error)) => Err(error),
        }
    }

    /// A segment with some columns, from memory or else from the bucket.
    pub(super) async fn segment(
        &self,
        org: OrgId,
        of: &SegmentRef,
        columns: Columns,
    ) -> Result<Arc<Segment>, StoreError> {
        let known = self.segments.known().find(&of.object);
        let (segment, is_new) = match known {
            Some(segment) => (segment, false),
            None => (Arc::new(self.open_segment(org, of).await?), true),
        };
        let ranges = segment.ranges(columns);
        if ranges.is_empty() && !is_new {
            return Ok(segment);
        }
        let parts = ranges.into_iter().map(|range| async move {
            let start = range.start;
            let bytes = self.files()?.read_part(&of.object, range).await?;
            Ok::<_, StoreError>((start, bytes.ok_or_else(|| self.lost(of, GONE))?))
        });
        for (start, bytes) in try_join_all(parts).await? {
            segment.feed(start, &bytes, columns).map_err(|error| self.lost(of, error))?;
        }
        if segment.missing(columns) != Columns::default() {
            return Err(self.lost(of, SegmentError::Damaged("it is cut")));
        }
        self.segments.known().keep(&of.object, &segment, room());
        Ok(segment)
    }

    async fn open_segment(&self, org: OrgId, of: &SegmentRef) -> Result<Segment, StoreError> {
        let head = self.files()?.read_part(&of.object, 0..Header::FETCH.min(of.bytes)).await?;
        let head = head.ok_or_else(|| self.lost(of, GONE))?;
        let header = Header::read(org, &head).map_err(|error| self.lost(of, error))?;
        match of.is_of(&header) {
            true => Ok(Segment::new(header)),
            false => Err(self.lost(of, OTHER)),
        }
    }

    /// A whole segment, for who makes a new one of it; it is not remembered.
    pub(super) async fn whole_segment(&self, org: OrgId, of: &SegmentRef) -> Result<Segment, StoreError> {
        let bytes = self.files()?.read(&of.object).await?.ok_or_else(|| self.lost(of, GONE))?;
        let segment = Segment::open(org, &bytes).map_err(|error| self.lost(of, error))?;
        match of.is_of(segment.header()) {
            true => Ok(segment),
            false => Err(self.lost(of, OTHER)),
        }
    }

    /// A segment that cannot be answered from.
    pub(super) fn lost(&self, of: &SegmentRef, why: SegmentError) -> StoreError {
        let error = LostSegment { object: of.object.clone(), why };
        tracing::error!(object = of.object, cause = chain(&error), "a segment of the list index is lost");
        StoreError::Failed(error.into())
    }

    /// Has the index folded, unless that was asked for before. Never an error: it is asked for again.
    pub async fn ask_fold(&self, org: OrgId, version: u64) {
        if self.segments.known().asked.get(&org) == Some(&version) {
            return;
        }
        let word = format!("folds/{org}/{version}");
        let told = match self.files() {
            Ok(files) => files.put_new(&word, "{}".into()).await.map_err(StoreError::from),
            Err(error) => Err(error),
        };
        match told {
            Ok(_) => drop(self.segments.known().asked.insert(org, version)),
            Err(error) => {
                tracing::warn!(org_id = %org, cause = chain(&error), "the list index is not folded for now");
            }
        }
    }

    /// A fold came to nothing: it may be asked for again.
    pub(super) async fn forget_fold(&self, org: OrgId, version: u64) -> Result<(), StoreError> {
        self.segments.known().asked.remove(&org);
        Ok(self.files()?.remove(&[format!("folds/{org}/{version}")]).await?)
    }

    /// Removes what a fold replaced, but for what another has replaced, or written, so lately that it may be read yet:
    /// that is for the chore of that fold.
    pub(crate) async fn remove_replaced(&self, chore: &Chore, objects: &[String]) -> Result<(), StoreError> {
        let lately = self.lately_folded(chore).await?;
        let over: Vec<String> = objects.iter().filter(|object| !lately.contains(*object)).cloned().collect();
        self.remove_segments(chore.org(), &over).await
    }

    /// Removes those of some objects that are no segments of an organisation any more.
    pub(super) async fn remove_segments(&self, org: OrgId, objects: &[String]) -> Result<(), StoreError> {
        let manifest = self.manifest(org).await?;
        let named = |object: &&String| manifest.segments.iter().any(|of| of.object == **object);
        let gone: Vec<String> = objects.iter().filter(|object| !named(object)).cloned().collect();
        Ok(self.files()?.remove(&gone).await?)
    }
}

const GONE: SegmentError = SegmentError::Damaged("it is not there");
const OTHER: SegmentError = SegmentError::Damaged("it is another than was written");
