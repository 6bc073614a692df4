//! The list: rows of the table laid over segments, and the leads of a page.
//!
//! The rows are read first and the manifest after them: whatever a fold takes out of the table meanwhile is in the
//! segments by then. To save a round the manifest is read beside the rows already, and looked at again beside the leads
//! of the page; if it is another by then, the page is made anew.

use std::sync::Arc;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};

use super::item::decode;
use super::keys::Key;
use super::rows::{Rows, Seen};
use super::segments::{Manifest, SegmentRef};
use super::{Counts, Store, StoreError, names};
use crate::domain::{Caller, Lead};
use crate::index::segment::Segment;
use crate::index::{After, Choice, Chosen, FacetCounts, ListQuery, Part, Picked, Uses};

/// From so many entries of the table on the index is to be folded, or from so many bytes.
const MOST_ROWS: usize = 1_000;
const MOST_BYTES: usize = 250_000;
/// Segments that are read from the bucket side by side.
const AT_ONCE: usize = 16;

/// What a list answers.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    pub open: LeadPage,
    pub closed: LeadPage,
    /// Only if the filter asks for them.
    pub converted: Option<LeadPage>,
    /// Counts by value, of those fields that are asked for.
    pub facets: Vec<FacetCounts>,
    /// None if not every row was looked at.
    pub uses: Option<Uses>,
    /// Where the next page begins; none if no list goes on.
    pub next: Option<After>,
}

/// A page of one list, and how many leads the whole list has.
#[derive(Debug, Clone, Default)]
pub struct LeadPage {
    pub leads: Vec<Lead>,
    pub count: usize,
}

/// What the table said, before segments are looked at.
struct Over<'q> {
    caller: &'q Caller,
    query: &'q ListQuery,
    choice: Choice<'q>,
    seen: Seen,
    /// The newest leads alone are wanted, of which and of the others there are so many.
    newest: Option<(usize, usize)>,
    /// Every row was read.
    all: bool,
}

impl Store {
    /// A page of the open and of the closed leads that a caller may see; of the converted ones too, if the filter names
    /// that status. `rows` and `counts` are those of the caller's organisation.
    pub async fn list(
        &self,
        caller: &Caller,
        query: &ListQuery,
        rows: Rows,
        counts: Counts,
    ) -> Result<Listing, StoreError> {
        let (mut over, mut manifest) = self.over(caller, query, rows, counts).await?;
        let (mut chosen, mut told) = self.choose(&over, &manifest).await?;
        let mut facets = chosen.facets.counts();
        let keys = |chosen: &Chosen, facets: &[FacetCounts]| {
            let parts = [&chosen.open, &chosen.closed, &chosen.converted];
            let leads = parts.into_iter().flat_map(|part| part.ids(query));
            let mut keys: Vec<Key> = leads.map(|id| Key::lead(caller.org, id)).collect();
            keys.extend(names::keys_of(caller.org, facets));
            keys
        };
        let many = over.seen.over.len() >= MOST_ROWS || over.seen.bytes >= MOST_BYTES;
        let fold = async {
            if many {
                self.ask_fold(caller.org, manifest.version).await;
            }
        };
        let (leads, now) = (self.read_all(keys(&chosen, &facets)), self.manifest(caller.org));
        let (found, now, ()) = tokio::join!(leads, now, fold);
        let (mut found, now) = (found?, now?);
        if now.version != manifest.version {
            manifest = now;
            (chosen, told) = self.choose(&over, &manifest).await?;
            facets = chosen.facets.counts();
            found = self.read_all(keys(&chosen, &facets)).await?;
        }
        over.seen = Seen::default();
        names::spell(caller.org, &mut facets, &mut found)?;
        let mut page = |part: Part| {
            let ids = part.ids(query);
            let items = ids.iter().filter_map(|id| found.remove(&Key::lead(caller.org, *id)));
            let mut leads = items.map(decode).collect::<Result<Vec<Lead>, _>>()?;
            leads.retain(|lead| caller.may_edit(lead)); // a row is read a moment before its lead
            Ok::<_, StoreError>(LeadPage { leads, count: part.count })
        };
        let Chosen { open, closed, converted, uses, next, .. } = chosen;
        Ok(Listing {
            open: page(open)?,
            closed: page(closed)?,
            converted: query.wants_converted().then(|| page(converted)).transpose()?,
            facets,
            uses: Some(uses).filter(|_| told),
            next,
        })
    }

    /// Reads rows on, as far as they are needed.
    async fn over<'q>(
        &self,
        caller: &'q Caller,
        query: &'q ListQuery,
        rows: Rows,
        counts: Counts,
    ) -> Result<(Over<'q>, Manifest), StoreError> {
        let total = |count: i64| usize::try_from(count).unwrap_or_default();
        let newest = (total(counts.open), total(counts.closed));
        let newest = Some(newest).filter(|_| caller.is_admin() && query.is_plain());
        let (choice, seen) = (Choice::new(caller, query), Seen::default());
        let mut over = Over { caller, query, choice, seen, newest, all: true };
        let Rows { mut items, mut next, manifest } = rows;
        loop {
            for item in items {
                over.seen.each_row(item, |row| over.choice.look_at(&row))?;
            }
            let Some(start) = next else { break };
            if let (Some((open, closed)), Some(known)) = (newest, over.seen.known)
                && over.choice.is_done(open, closed, known)
            {
                over.all = false;
                break;
            }
            (items, next) = self.rows_from(caller.org, Some(start)).await?;
        }
        Ok((over, manifest))
    }

    /// Looks at the segments too; whether it is known how often tags and sources are used.
    async fn choose(&self, over: &Over<'_>, manifest: &Manifest) -> Result<(Chosen, bool), StoreError> {
        let (mut choice, segments) = (over.choice.clone(), manifest.segments.as_slice());
        let mut told = over.all;
        match over.newest {
            Some((open, closed)) => {
                let (newest, older) = segments.split_at(segments.len().saturating_sub(1));
                let (older, newest) = (newest, older);
                for some in [newest, older] {
                    let needed = |of: &&SegmentRef| !choice.is_done(open, closed, of.last);
                    let some: Vec<&SegmentRef> = some.iter().rev().take_while(needed).collect();
                    let mut read = self.read_segments(over, some);
                    while let Some((of, segment)) = read.try_next().await? {
                        if choice.is_done(open, closed, of.last) {
                            break;
                        }
                        choice.add_segment(&segment, &over.seen.over).map_err(|it| self.lost(of, it))?;
                    }
                }
                if !(over.all && segments.is_empty()) {
                    choice.set_counts(open, closed);
                }
                told &= segments.is_empty();
            }
            None => {
                let mut picked: Vec<Picked> = Vec::new();
                let mut read = self.read_segments(over, segments.iter().collect());
                while let Some((of, segment)) = read.try_next().await? {
                    let of_segment = choice.add_segment(&segment, &over.seen.over);
                    let of_segment = of_segment.map_err(|error| self.lost(of, error))?;
                    picked.extend(Some(of_segment).filter(|_| over.query.is_far()));
                }
                drop(read);
                if let Some(of) = segments.first().filter(|_| over.query.is_far()) {
                    choice.turn_to(&picked).map_err(|error| self.lost(of, error))?;
                }
            }
        }
        Ok((choice.finish(), told))
    }

    /// Segments one after another with what the query looks at, several on their way at once.
    fn read_segments<'s>(
        &'s self,
        over: &Over<'_>,
        segments: Vec<&'s SegmentRef>,
    ) -> stream::BoxStream<'s, Result<(&'s SegmentRef, Arc<Segment>), StoreError>> {
        let (org, columns) = (over.caller.org, over.query.columns(over.caller));
        let read = move |of: &'s SegmentRef| async move { Ok((of, self.segment(org, of, columns).await?)) };
        stream::iter(segments).map(read).buffered(AT_ONCE).boxed()
    }
}
