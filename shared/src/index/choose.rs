//! Choosing: entries go in one after another, pages and counts come out.

use std::collections::BinaryHeap;

use super::place::slot;
use super::{After, Entry, Facets, ListQuery, Place, Uses, filters};
use crate::domain::{Caller, LeadId, StatusClass};

pub(super) const CLASSES: [StatusClass; 3] = [StatusClass::Open, StatusClass::Closed, StatusClass::Converted];

/// What is chosen so far, for one caller's query. Of each list no more is remembered than up to the end of the page; of
/// entries that come one by one for a far page, all.
#[derive(Debug, Clone)]
pub struct Choice<'q> {
    pub(super) caller: &'q Caller,
    pub(super) query: &'q ListQuery,
    pub(super) lists: [Best; 3],
    pub(super) facets: Facets,
    pub(super) uses: Uses,
}

/// The first leads of a list: the last of them on top.
#[derive(Debug, Clone, Default)]
pub(super) struct Best {
    pub(super) kept: BinaryHeap<Place<'static>>,
    pub(super) count: usize,
    /// So many that come first are not kept.
    pub(super) skipped: usize,
}

impl Best {
    /// Keeps a place if it is among the first so many.
    pub(super) fn keep(&mut self, place: Place<'_>, most: usize) -> bool {
        if self.kept.len() < most {
            self.kept.push(place.into_owned());
            return true;
        }
        match self.kept.peek_mut() {
            Some(mut last) if place < *last => {
                *last = place.into_owned();
                true
            }
            _ => false,
        }
    }
}

/// The pages and what was counted.
#[derive(Debug, Default)]
pub struct Chosen {
    pub open: Part,
    pub closed: Part,
    /// Empty unless the filter asks for converted leads.
    pub converted: Part,
    pub facets: Facets,
    /// Of all entries that went in and this caller may see, whatever the filters.
    pub uses: Uses,
    /// Where the next page begins; none if no list goes on.
    pub next: Option<After>,
}

/// The page of one list, and how many leads the whole list has.
#[derive(Debug, Default)]
pub struct Part {
    /// In their order.
    pub places: Vec<Place<'static>>,
    pub count: usize,
}

impl Part {
    /// The leads, in the order of the query.
    pub fn ids(&self, query: &ListQuery) -> Vec<LeadId> {
        self.places.iter().map(|place| place.id(query.ordering)).collect()
    }
}

impl<'q> Choice<'q> {
    /// Nothing is chosen yet.
    pub fn new(caller: &'q Caller, query: &'q ListQuery) -> Self {
        let (facets, uses) = (Facets::new(query.facets.iter().copied()), Uses::default());
        Self { caller, query, lists: Default::default(), facets, uses }
    }

    /// Takes an entry if the caller may see it and all filters hold. Any order of entries will do.
    pub fn look_at(&mut self, entry: &impl Entry) {
        if !self.caller.may_edit(entry) {
            return;
        }
        if entry.status().class() != StatusClass::Converted && !self.query.without_uses {
            self.uses.count(entry);
        }
        if filters::match_entry(&self.query.filter, entry) {
            self.take(entry);
        }
    }

    /// Takes an entry that the caller may see and for which all filters are known to hold.
    pub fn take(&mut self, entry: &impl Entry) {
        let class = entry.status().class();
        if class == StatusClass::Converted && !self.query.wants_converted() {
            return;
        }
        self.facets.count(entry);
        let list = &mut self.lists[slot(class)];
        list.count += 1;
        let place = Place::of(entry, self.query.ordering);
        let shown = self.query.after.as_ref().and_then(|after| after.place(class));
        if shown.is_some_and(|shown| place <= *shown) {
            return;
        }
        list.keep(place, self.query.kept());
    }

    /// The pages cannot change any more, if all that is newer than a lead has been seen and newest comes first: they are
    /// full, or all leads of their lists have been seen, of which there are so many.
    pub fn is_done(&self, open: usize, closed: usize, known: LeadId) -> bool {
        let wanted = self.query.end() + usize::from(self.query.after.is_some());
        let newer = |last: &Place<'_>| last.id(self.query.ordering) > known;
        let full = |list: &Best| list.kept.len() >= wanted && list.kept.peek().is_none_or(newer);
        let done = |list: &Best, total| full(list) || list.count >= total;
        done(&self.lists[0], open) && done(&self.lists[1], closed)
    }

    /// Ends early: the lists have so many leads, most of which were not looked at.
    pub fn set_counts(&mut self, open: usize, closed: usize) {
        (self.lists[0].count, self.lists[1].count) = (open, closed);
    }

    /// What was chosen.
    pub fn finish(self) -> Chosen {
        let (query, after) = (self.query, self.query.after.as_ref());
        let mut more = false;
        let mut places: [Option<Place<'static>>; 3] = Default::default();
        let mut parts = self.lists.into_iter().zip(CLASSES).map(|(list, class)| {
            let mut kept = list.kept.into_sorted_vec();
            let end = query.end().saturating_sub(list.skipped);
            more |= kept.len() > end || (after.is_none() && list.count > query.end());
            kept.truncate(end);
            let place = kept.last().or_else(|| after?.place(class));
            places[slot(class)] = place.cloned();
            kept.drain(..query.offset.saturating_sub(list.skipped).min(kept.len()));
            Part { places: kept, count: list.count }
        });
        let mut part = || parts.next().unwrap_or_default();
        let (open, closed, converted) = (part(), part(), part());
        drop(parts);
        let next = more.then(|| After::new(query.ordering, places));
        Chosen { open, closed, converted, facets: self.facets, uses: self.uses, next }
    }
}
