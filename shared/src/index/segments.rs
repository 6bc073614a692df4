//! Segments chosen from, whole: their leads are never looked at one by one.

use std::sync::Arc;

use super::choose::CLASSES;
use super::place::slot;
use super::segment::{Bitmap, First, Ordered, Segment, SegmentError, place_after};
use super::{Choice, Place};
use crate::domain::{LeadId, StatusClass};

/// The rows of a segment that are chosen, list by list.
#[derive(Debug)]
pub struct Picked {
    segment: Arc<Segment>,
    lists: [Bitmap; 3],
}

impl Choice<'_> {
    /// Takes what a segment has, but for leads of which something newer is known: `over`. No two segments have the same
    /// lead. What is picked must be given to [`Choice::turn_to`] if the page is far.
    pub fn add_segment(&mut self, segment: &Arc<Segment>, over: &[LeadId]) -> Result<Picked, SegmentError> {
        let query = self.query;
        let mut rows = segment.visible(self.caller)?;
        rows.remove(&segment.rows_of(over.iter().copied())?);
        let converted = segment.of_class(StatusClass::Converted)?;
        if query.tells_uses(self.caller) {
            let mut used = rows.clone();
            used.remove(&converted);
            self.uses.count_segment(segment, &used)?;
        }
        segment.narrow(&mut rows, &query.filter)?;
        if !query.wants_converted() {
            rows.remove(&converted);
        }
        self.facets.count_segment(segment, &rows)?;
        let ordered = segment.ordered(query.ordering)?;
        let mut lists = CLASSES.map(|_| Bitmap::none(0));
        for class in CLASSES {
            let mut of_class = segment.of_class(class)?;
            of_class.keep(&rows);
            let list = &mut self.lists[slot(class)];
            list.count += of_class.count();
            if !query.is_far() {
                let after = query.after.as_ref().and_then(|after| after.place(class));
                for place in first(&ordered, of_class.clone(), query.kept(), after) {
                    if !list.keep(place, query.kept()) {
                        break;
                    }
                }
            }
            lists[slot(class)] = of_class;
        }
        Ok(Picked { segment: Arc::clone(segment), lists })
    }

    /// Turns to a far page: how many leads are older than one is known without going through them.
    pub fn turn_to(&mut self, picked: &[Picked]) -> Result<(), SegmentError> {
        let query = self.query;
        for class in CLASSES {
            let (n, list) = (slot(class), &mut self.lists[slot(class)]);
            let mut ids: Vec<LeadId> = list.kept.iter().map(|place| place.id(query.ordering)).collect();
            ids.sort_unstable();
            let segments = picked.iter().map(|it| Ok((it.segment.ordered(query.ordering)?, &it.lists[n])));
            let segments = segments.collect::<Result<Vec<_>, SegmentError>>()?;
            let older = |lead: LeadId| {
                let of_segments = segments.iter().map(|(ordered, rows)| ordered.older(rows, lead));
                ids.partition_point(|id| *id < lead) + of_segments.sum::<usize>()
            };
            let before = place_after(query.offset, list.count, query.ordering, older);
            let most = query.limit + 1;
            let mut page = First::new(most, Some(before.clone()));
            let places = std::mem::take(&mut list.kept);
            places.into_iter().for_each(|place| drop(page.offer(place)));
            for (ordered, rows) in &segments {
                let places = first(ordered, (*rows).clone(), most, Some(&before));
                places.into_iter().for_each(|place| drop(page.offer(place)));
            }
            list.kept = page.finish(0).into_iter().map(Place::into_owned).collect();
            list.skipped = query.offset;
        }
        Ok(())
    }
}

/// The first so many of some rows after a place.
fn first<'s>(
    ordered: &Ordered<'s>,
    mut rows: Bitmap,
    most: usize,
    after: Option<&Place<'static>>,
) -> Vec<Place<'s>> {
    if let Some(after) = after {
        ordered.keep_after(&mut rows, after);
    }
    let mut first = First::new(most, after.cloned());
    ordered.offer(&rows, &mut first);
    first.finish(0)
}
