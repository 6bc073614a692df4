//! Folding: rows of the table become part of segments, and go.
//!
//! A fold reads the manifest, then rows from the oldest on, and writes each segment anew to which they belong. First a
//! chore is written down that names all objects, old and new; then the new objects; then the manifest, if it is still as
//! it was read; then the rows go, if they are still as they were read. A lead of which a row is left lies over its
//! segment. So a fold may be killed anywhere, run late or twice: see `docs/architecture.md`.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Duration, Utc};
use futures::future::try_join_all;
use uuid::Uuid;

use aws_sdk_dynamodb::types::AttributeValue;

use super::item::Item;
use super::keys::Key;
use super::rows::Entry;
use super::segments::{Manifest, SegmentRef};
use super::{Chore, Store, StoreError, Task};
use crate::domain::{LeadId, OrgId};
use crate::index::segment::{Header, Segment, Writer};
use crate::index::{IndexError, Row, unpack_all};
use crate::telemetry::chain;

/// How much is folded, and into what.
#[derive(Debug, Clone, Copy)]
pub struct FoldSizes {
    /// Entries that one fold takes at most, but for the rest of a page.
    pub most: usize,
    /// A segment over so many leads is split.
    pub large: usize,
    /// Into pieces of about so many.
    pub piece: usize,
}

/// About 25 MB of rows; segments of a few megabytes.
impl Default for FoldSizes {
    fn default() -> Self {
        Self { most: 50_000, large: 96 * 1024, piece: 64 * 1024 }
    }
}

/// When nobody reads by an older manifest any more, and whoever folds is over.
const OVER: Duration = Duration::hours(1);
/// Rows that are removed side by side.
const AT_ONCE: usize = 32;

/// What became of a fold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folded {
    /// There was nothing to fold, or somebody else did it.
    Nothing,
    /// All that there was is folded, in this version of the manifest.
    All(u64),
    /// There is more, to be folded on top of this version of the manifest.
    More(u64),
}

/// Rows that were read to be folded.
#[derive(Debug, Default)]
struct Taken {
    /// What is known of each lead; none: it is gone.
    leads: BTreeMap<LeadId, Option<Vec<u8>>>,
    /// Leads of packs. Rows that lie over them stay until the packs are gone.
    packed: HashSet<LeadId>,
    items: Vec<TakenItem>,
    /// There are rows that were not read.
    more: bool,
}

#[derive(Debug)]
enum TakenItem {
    Pack(Key, Vec<u8>),
    Row(LeadId, Option<Vec<u8>>),
}

impl Taken {
    fn take(&mut self, item: Item) -> Result<(), StoreError> {
        match Entry::of(item)? {
            Entry::Pack(key, pack) => {
                for (id, row) in unpack_all(&pack)? {
                    self.leads.insert(id, Some(row.to_vec()).filter(|row| !row.is_empty()));
                    self.packed.insert(id);
                }
                self.items.push(TakenItem::Pack(key, pack));
            }
            Entry::Row { lead, row, .. } => {
                self.leads.insert(lead, row.clone());
                self.items.push(TakenItem::Row(lead, row));
            }
        }
        Ok(())
    }
}

/// The rows that belong to one segment, and the objects that it may become.
struct Range<'m> {
    old: Option<&'m SegmentRef>,
    leads: BTreeMap<LeadId, Option<Vec<u8>>>,
    objects: Vec<String>,
}

impl Store {
    /// Folds rows of an organisation, if its manifest still has this version.
    pub async fn fold(&self, org: OrgId, version: u64, now: DateTime<Utc>) -> Result<Folded, StoreError> {
        self.fold_by(org, version, &FoldSizes::default(), now).await
    }

    /// The same with other sizes.
    pub async fn fold_by(
        &self,
        org: OrgId,
        version: u64,
        sizes: &FoldSizes,
        now: DateTime<Utc>,
    ) -> Result<Folded, StoreError> {
        let manifest = self.manifest(org).await?;
        if manifest.version != version {
            return Ok(Folded::Nothing);
        }
        let mut taken = self.take_rows(org, sizes.most).await?;
        if taken.leads.is_empty() {
            self.forget_fold(org, version).await?;
            return Ok(Folded::Nothing);
        }
        let ranges = ranges(org, &manifest, std::mem::take(&mut taken.leads), sizes.piece);
        let old = ranges.iter().filter_map(|range| Some(range.old?.object.clone()));
        let objects = ranges.iter().flat_map(|range| range.objects.iter().cloned()).chain(old).collect();
        self.insert_chore(&Chore::new(org, now + OVER, Task::Segments(objects)), now).await?;
        let (mut segments, mut written) = (manifest.segments.clone(), Vec::new());
        for range in ranges {
            segments.retain(|of| Some(of) != range.old);
            let new = self.rewrite(org, range, sizes).await?;
            written.extend(new.iter().map(|of| of.object.clone()));
            segments.extend(new);
        }
        segments.sort_by_key(|of| of.first);
        let next = Manifest { version: version + 1, segments };
        match self.put_manifest(org, &next, now).await {
            Ok(()) => {}
            Err(StoreError::Conflict) => {
                self.remove_segments(org, &written).await?; // not blindly: only the answer may have been lost
                return Ok(Folded::Nothing);
            }
            Err(error) => return Err(error),
        }
        self.remove_rows(org, &taken).await;
        Ok(if taken.more { Folded::More(next.version) } else { Folded::All(next.version) })
    }

    /// Rows from the oldest on.
    async fn take_rows(&self, org: OrgId, most: usize) -> Result<Taken, StoreError> {
        let (mut taken, mut start) = (Taken::default(), None);
        loop {
            let page = self.query(Key::index(org)).set_exclusive_start_key(start);
            let page = page.send().await?;
            page.items.unwrap_or_default().into_iter().try_for_each(|item| taken.take(item))?;
            start = page.last_evaluated_key;
            taken.more = start.is_some();
            if !taken.more || taken.leads.len() >= most {
                return Ok(taken);
            }
        }
    }

    /// Writes a segment anew with what is known of its leads: no segment, one, or several.
    async fn rewrite(
        &self,
        org: OrgId,
        range: Range<'_>,
        sizes: &FoldSizes,
    ) -> Result<Vec<SegmentRef>, StoreError> {
        let old = match range.old {
            Some(of) => Some((of, self.whole_segment(org, of).await?)),
            None => None,
        };
        let lost = |error| match range.old {
            Some(of) => self.lost(of, error),
            None => StoreError::Failed(error.into()),
        };
        let mut rows = range.leads.values().flatten().count();
        if let Some((_, segment)) = &old {
            let hidden = segment.rows_of(range.leads.keys().copied()).map_err(lost)?;
            rows += segment.rows() - hidden.count();
        }
        let pieces = if rows > sizes.large { rows.div_ceil(sizes.piece) } else { 1 };
        let mut pieces = Pieces {
            org,
            size: rows.div_ceil(pieces),
            objects: range.objects.iter(),
            writer: Writer::new(org),
            full: Vec::new(),
        };
        merge(old.as_ref().map(|(_, segment)| segment), &range.leads, &mut pieces)?;
        drop(old);
        pieces.end()?;
        let mut segments = Vec::new();
        for (object, bytes) in pieces.full {
            let Header { rows, first, last, length, seal, .. } = Header::read(org, &bytes).map_err(lost)?;
            segments.push(SegmentRef { object: object.clone(), first, last, rows, bytes: length, seal });
            self.files()?.put_new(&object, bytes.into()).await?;
        }
        Ok(segments)
    }

    /// Removes rows that are folded, if they are as they were read. What stays is folded another time.
    async fn remove_rows(&self, org: OrgId, taken: &Taken) {
        let is_over = |item: &&TakenItem| match item {
            TakenItem::Pack(..) => true,
            TakenItem::Row(lead, _) => !taken.packed.contains(lead),
        };
        let items: Vec<&TakenItem> = taken.items.iter().filter(is_over).collect();
        for some in items.chunks(AT_ONCE) {
            let removals: Vec<_> = some.iter().map(|item| self.remove_taken(org, item)).collect();
            if let Err(error) = try_join_all(removals).await {
                tracing::warn!(org_id = %org, cause = chain(&error), "rows that are folded stay for now");
                return;
            }
        }
    }

    async fn remove_taken(&self, org: OrgId, item: &TakenItem) -> Result<(), StoreError> {
        let (key, condition, was) = match item {
            TakenItem::Pack(key, pack) => (key.clone(), "p = :was", Some(pack)),
            TakenItem::Row(lead, Some(row)) => (Key::row(org, *lead), "r = :was", Some(row)),
            TakenItem::Row(lead, None) => (Key::row(org, *lead), "attribute_not_exists(r)", None),
        };
        let delete = self.client.delete_item().table_name(&*self.table).set_key(Some(key.into_item()));
        let was = was.map(|was| (":was".to_owned(), AttributeValue::B(was.clone().into())));
        let delete = delete.set_expression_attribute_values(was.map(|was| [was].into_iter().collect()));
        match delete.condition_expression(condition).send().await.map_err(StoreError::from) {
            Ok(_) | Err(StoreError::Conflict) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// What belongs to which segment.
fn ranges(
    org: OrgId,
    manifest: &Manifest,
    mut leads: BTreeMap<LeadId, Option<Vec<u8>>>,
    piece: usize,
) -> Vec<Range<'_>> {
    let mut ranges = Vec::new();
    let mut segments = manifest.segments.iter().peekable();
    loop {
        let old = segments.next();
        let rest = segments.peek().map(|next| leads.split_off(&next.first)).unwrap_or_default();
        let of_range = std::mem::replace(&mut leads, rest);
        if !of_range.is_empty() {
            let most = of_range.len() + old.map_or(0, |of| of.rows);
            let objects = (0..most.div_ceil(piece)).map(|_| format!("index/{org}/{}", Uuid::new_v4()));
            ranges.push(Range { old, leads: of_range, objects: objects.collect() });
        }
        if segments.peek().is_none() {
            return ranges;
        }
    }
}

/// Segments that are being written, one after another.
struct Pieces<'o> {
    org: OrgId,
    size: usize,
    objects: std::slice::Iter<'o, String>,
    writer: Writer,
    full: Vec<(String, Vec<u8>)>,
}

impl Pieces<'_> {
    fn push(&mut self, entry: &impl crate::index::Entry) -> Result<(), StoreError> {
        self.writer.push(entry).map_err(|error| StoreError::Failed(error.into()))?;
        if self.writer.rows() >= self.size { self.end() } else { Ok(()) }
    }

    fn end(&mut self) -> Result<(), StoreError> {
        if self.writer.rows() == 0 {
            return Ok(());
        }
        let object =
            self.objects.next().ok_or_else(|| StoreError::Failed("more pieces than named".into()))?;
        let writer = std::mem::replace(&mut self.writer, Writer::new(self.org));
        let bytes = writer.finish().map_err(|error| StoreError::Failed(error.into()))?;
        self.full.push((object.clone(), bytes));
        Ok(())
    }
}

/// Both in the order of their ids; what is known from rows comes instead of what the segment has.
fn merge(
    old: Option<&Segment>,
    leads: &BTreeMap<LeadId, Option<Vec<u8>>>,
    pieces: &mut Pieces<'_>,
) -> Result<(), StoreError> {
    let failed = |error: crate::index::segment::SegmentError| StoreError::Failed(error.into());
    let columns = old.map(Segment::all_columns).transpose().map_err(failed)?;
    let mut new = leads.iter().peekable();
    for row in 0..old.map_or(0, Segment::rows) {
        let Some(entry) = columns.as_ref().and_then(|columns| columns.entry(row)) else { continue };
        let id = crate::index::Entry::id(&entry);
        while let Some((lead, row)) = new.next_if(|(lead, _)| **lead < id) {
            push_row(pieces, *lead, row.as_deref())?;
        }
        match new.next_if(|(lead, _)| **lead == id) {
            Some((lead, row)) => push_row(pieces, *lead, row.as_deref())?,
            None => pieces.push(&entry)?,
        }
    }
    new.try_for_each(|(lead, row)| push_row(pieces, *lead, row.as_deref()))
}

fn push_row(pieces: &mut Pieces<'_>, lead: LeadId, row: Option<&[u8]>) -> Result<(), StoreError> {
    match row.map(|row| Row::unpack(lead, row)).transpose().map_err(|error: IndexError| error.into()) {
        Ok(Some(row)) => pieces.push(&row),
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    }
}
