//! Which of chosen rows come first in an order.

use uuid::Uuid;

use super::entries::last_name;
use super::ids::LeadIds;
use super::numbers::Numbers;
use super::texts::Texts;
use super::{Bitmap, Column, Columns, Segment, SegmentError};
use crate::domain::{LeadId, OrderField, Ordering};
use crate::index::Place;

/// Places that are kept at least before the best are picked out.
const ROOM: usize = 128;

/// The first of many leads in an order, in memory for about twice as many as are wanted. They may come from anywhere.
#[derive(Debug)]
pub struct First<'a> {
    most: usize,
    after: Option<Place<'a>>,
    found: Vec<Place<'a>>,
    /// What is not before this place is not wanted.
    last: Option<Place<'a>>,
}

impl<'a> First<'a> {
    /// So many, of those that come after a place.
    pub fn new(most: usize, after: Option<Place<'a>>) -> Self {
        Self { most, after, found: Vec::new(), last: None }
    }

    /// Takes a lead in, if it is among them so far; answers whether one that comes after it can still be.
    pub fn offer(&mut self, place: Place<'a>) -> bool {
        if self.last.as_ref().is_some_and(|last| place >= *last) {
            return false;
        }
        if self.after.as_ref().is_none_or(|after| place > *after) {
            self.found.push(place);
            if self.found.len() >= (2 * self.most).max(ROOM) {
                self.cut();
            }
        }
        true
    }

    fn cut(&mut self) {
        if let Some(last) = self.most.checked_sub(1).filter(|last| *last < self.found.len()) {
            self.last = Some(self.found.select_nth_unstable(last).1.clone());
        }
        self.found.truncate(self.most);
    }

    /// Their places in order, without the first so many.
    pub fn finish(mut self, offset: usize) -> Vec<Place<'a>> {
        self.cut();
        if (1..self.found.len()).contains(&offset) {
            self.found.select_nth_unstable(offset);
        }
        let mut page = self.found.split_off(offset.min(self.found.len()));
        page.sort_unstable();
        page
    }
}

/// The place after which come all but the first so many, of `total` leads in the order of creation. `older` says how many
/// of them are older than a lead, wherever they are, and is asked 128 times, however many they are.
pub fn place_after(
    offset: usize,
    total: usize,
    ordering: Ordering,
    older: impl Fn(LeadId) -> usize,
) -> Place<'static> {
    let count = if ordering.descending { total.saturating_sub(offset) } else { offset };
    let mut id = 0_u128; // the largest with no more than so many older ones
    for bit in (0..u128::BITS).rev() {
        if older(LeadId(Uuid::from_u128(id | 1 << bit))) <= count {
            id |= 1 << bit;
        }
    }
    let id = if ordering.descending { id } else { id.saturating_sub(1) };
    Place::by_id(LeadId(Uuid::from_u128(id)), ordering)
}

/// What a segment's rows are put in order by.
#[derive(Debug, Clone, Copy)]
pub struct Ordered<'s> {
    ids: &'s LeadIds,
    by: By<'s>,
    ordering: Ordering,
}

#[derive(Debug, Clone, Copy)]
enum By<'s> {
    Id,
    Numbers(&'s Numbers),
    Names(&'s Texts, &'s Numbers),
}

impl Columns {
    /// What an order goes by.
    pub fn of_ordering(ordering: Ordering) -> Self {
        let by: &[Column] = match ordering.field {
            OrderField::CreatedOn => &[],
            OrderField::UpdatedOn => &[Column::UpdatedOn],
            OrderField::OpportunityAmount => &[Column::Amount],
            OrderField::LastName => &[Column::LastName, Column::Name],
        };
        by.iter().copied().chain([Column::Ids]).collect()
    }
}

impl Segment {
    /// Its rows in an order.
    pub fn ordered(&self, ordering: Ordering) -> Result<Ordered<'_>, SegmentError> {
        let by = match ordering.field {
            OrderField::CreatedOn => By::Id,
            OrderField::UpdatedOn => By::Numbers(self.numbers(Column::UpdatedOn)?),
            OrderField::OpportunityAmount => By::Numbers(self.numbers(Column::Amount)?),
            OrderField::LastName => By::Names(self.texts(Column::Name)?, self.numbers(Column::LastName)?),
        };
        Ok(Ordered { ids: self.ids()?, by, ordering })
    }
}

impl<'s> Ordered<'s> {
    fn place(&self, row: usize) -> Option<Place<'s>> {
        let id = self.ids.get(row)?;
        Some(match self.by {
            By::Id => Place::by_id(id, self.ordering),
            By::Numbers(numbers) => Place::by_number(id, numbers.get(row), self.ordering),
            By::Names(names, starts) => Place::by_name(id, last_name(names, starts, row), self.ordering),
        })
    }

    /// How many of some rows are older than a lead.
    pub fn older(&self, rows: &Bitmap, lead: LeadId) -> usize {
        rows.count_before(self.ids.before(lead))
    }

    /// Offers some rows to the first ones.
    pub fn offer(&self, rows: &Bitmap, first: &mut First<'s>) {
        let in_order = matches!(self.by, By::Id);
        let mut goes_on = |row: usize| {
            let may_follow = self.place(row).is_some_and(|place| first.offer(place));
            may_follow || !in_order
        };
        if in_order && self.ordering.descending {
            rows.newest().all(&mut goes_on);
        } else {
            rows.rows().all(&mut goes_on);
        }
    }

    /// Those of some rows that come after a place in the order of creation, so that none before need be looked at.
    pub fn keep_after(&self, rows: &mut Bitmap, place: &Place<'_>) {
        let at = self.ids.before(place.id(self.ordering));
        match (self.by, self.ordering.descending) {
            (By::Id, true) => rows.keep_range(0, at),
            (By::Id, false) => rows.keep_range(at, rows.size()),
            _ => {}
        }
    }
}
