//! Where a lead stands in an order.

use std::borrow::Cow;
use std::cmp::Reverse;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Entry;
use crate::domain::{LeadId, OrderField, Ordering, StatusClass};

/// How much of a last name counts for the order: so that places, and cursors made of them, stay small.
const NAME_CHARS: usize = 64;

/// A lead's place: what comes first is less.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place<'a> {
    rank: Rank<'a>,
    /// The id, turned round where the newest comes first.
    tie: u128,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Rank<'a> {
    /// By the id alone.
    Equal,
    /// Turned round for a descending order; the greatest number for none.
    Number(i64),
    Rising(Cow<'a, str>),
    Falling(Reverse<Cow<'a, str>>),
}

impl<'a> Place<'a> {
    /// The place of a lead.
    pub fn of(entry: &'a impl Entry, ordering: Ordering) -> Self {
        match ordering.field {
            OrderField::CreatedOn => Self::by_id(entry.id(), ordering),
            OrderField::UpdatedOn => Self::by_number(entry.id(), Some(entry.updated_on()), ordering),
            OrderField::OpportunityAmount => Self::by_number(entry.id(), entry.amount(), ordering),
            OrderField::LastName => Self::by_name(entry.id(), entry.last_name(), ordering),
        }
    }

    /// The place of a lead in the order of creation.
    pub(super) fn by_id(id: LeadId, ordering: Ordering) -> Self {
        Self::ranked(Rank::Equal, id, ordering)
    }

    /// The place of a lead in an order by a number.
    pub(super) fn by_number(id: LeadId, number: Option<i64>, ordering: Ordering) -> Self {
        let turned = |number: i64| if ordering.descending { number.saturating_neg() } else { number };
        Self::ranked(Rank::Number(number.map_or(i64::MAX, turned)), id, ordering)
    }

    /// The place of a lead in the order of last names.
    pub(super) fn by_name(id: LeadId, name: &'a str, ordering: Ordering) -> Self {
        let beyond = if name.len() > NAME_CHARS { name.char_indices().nth(NAME_CHARS) } else { None };
        let name = Cow::Borrowed(beyond.map_or(name, |(at, _)| &name[..at]));
        let rank = if ordering.descending { Rank::Falling(Reverse(name)) } else { Rank::Rising(name) };
        Self::ranked(rank, id, ordering)
    }

    fn ranked(rank: Rank<'a>, id: LeadId, ordering: Ordering) -> Self {
        let id = id.0.as_u128();
        Self { rank, tie: if oldest_first(ordering) { id } else { !id } }
    }

    /// The lead.
    pub fn id(&self, ordering: Ordering) -> LeadId {
        LeadId(Uuid::from_u128(if oldest_first(ordering) { self.tie } else { !self.tie }))
    }

    /// The same, kept.
    pub fn into_owned(self) -> Place<'static> {
        let owned = |name: Cow<'_, str>| Cow::Owned(name.into_owned());
        let rank = match self.rank {
            Rank::Equal => Rank::Equal,
            Rank::Number(number) => Rank::Number(number),
            Rank::Rising(name) => Rank::Rising(owned(name)),
            Rank::Falling(Reverse(name)) => Rank::Falling(Reverse(owned(name))),
        };
        Place { rank, tie: self.tie }
    }

    /// It can be a place in this order.
    fn is_of(&self, ordering: Ordering) -> bool {
        let fits = |name: &str| name.chars().count() <= NAME_CHARS;
        match (&self.rank, ordering.field, ordering.descending) {
            (Rank::Equal, OrderField::CreatedOn, _)
            | (Rank::Number(_), OrderField::UpdatedOn | OrderField::OpportunityAmount, _) => true,
            (Rank::Rising(name), OrderField::LastName, false)
            | (Rank::Falling(Reverse(name)), OrderField::LastName, true) => fits(name),
            _ => false,
        }
    }
}

/// Ids sort by the time of creation, so that order is theirs; in all others, of equals the newest comes first.
fn oldest_first(ordering: Ordering) -> bool {
    ordering.field == OrderField::CreatedOn && !ordering.descending
}

/// Where the lists of one answer ended, so that the next goes on there, whatever came or went meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct After {
    ordering: Ordering,
    /// The last lead of each list; none of a list that has shown nothing yet.
    places: [Option<Place<'static>>; 3],
}

impl After {
    /// After these leads: the last of the open, the closed, the converted.
    pub fn new(ordering: Ordering, places: [Option<Place<'static>>; 3]) -> Self {
        Self { ordering, places }
    }

    /// Where one of the lists ended.
    pub fn place(&self, class: StatusClass) -> Option<&Place<'static>> {
        self.places[slot(class)].as_ref()
    }

    /// As bytes, for a cursor.
    pub fn pack(&self) -> Vec<u8> {
        postcard::to_allocvec(self).unwrap_or_default()
    }

    /// The same from bytes; none if they are damaged or of another order.
    pub fn unpack(packed: &[u8], ordering: Ordering) -> Option<Self> {
        let (after, rest) = postcard::take_from_bytes::<Self>(packed).ok()?;
        let fits = rest.is_empty()
            && after.ordering == ordering
            && after.places.iter().flatten().all(|place| place.is_of(ordering));
        fits.then_some(after)
    }
}

/// The number of a list where there is one for each class.
pub(super) fn slot(class: StatusClass) -> usize {
    match class {
        StatusClass::Open => 0,
        StatusClass::Closed => 1,
        StatusClass::Converted => 2,
    }
}
