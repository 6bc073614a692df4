//! What a list is asked.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::After;
use super::segment::{Column, Columns};
use crate::domain::{Caller, LeadFilter, OrderField, Ordering, Status};

/// From this offset on a page in the order of creation is found by counting, without the leads before it.
const FAR: usize = 1_000;

/// One page of the lists.
#[derive(Debug, Clone, Default)]
pub struct ListQuery {
    pub filter: LeadFilter,
    pub ordering: Ordering,
    /// Leads a list, 1 to 100.
    pub limit: usize,
    /// Leads of each list that come before the page. As many are remembered, so the sum with the limit should not
    /// exceed [`ListQuery::FURTHEST`], but in the order of creation, where they take little room.
    pub offset: usize,
    /// Where the page before ended, instead of an offset.
    pub after: Option<After>,
    /// What is to be counted by value.
    pub facets: BTreeSet<Facet>,
    /// How often each tag and source is used must be told, for which every row is read.
    pub uses: bool,
    /// Nobody asks how often: it is not told even where every row is read anyway.
    pub without_uses: bool,
}

impl ListQuery {
    /// The furthest offset in orders other than that of creation.
    pub const FURTHEST: usize = 100_000;

    /// Converted leads are asked for.
    pub fn wants_converted(&self) -> bool {
        self.filter.statuses.contains(&Status::Converted)
    }

    /// The newest leads and the counters answer it, for who sees all.
    pub fn is_plain(&self) -> bool {
        self.filter.is_empty() && self.ordering == Ordering::default() && self.facets.is_empty() && !self.uses
    }

    /// What it looks at in a segment.
    pub fn columns(&self, caller: &Caller) -> Columns {
        let mut columns: Columns = [Column::Ids, Column::Status].into_iter().collect();
        columns.extend(Columns::of_rights(caller).iter());
        columns.extend(Columns::of_filter(&self.filter).iter());
        columns.extend(Columns::of_ordering(self.ordering).iter());
        columns.extend(self.facets.iter().map(|facet| facet.column()));
        if self.tells_uses(caller) {
            columns.extend([Column::Tags, Column::Source]);
        }
        columns
    }

    /// It is told how often each tag and source is used, if every row is read.
    pub fn tells_uses(&self, caller: &Caller) -> bool {
        self.uses || !(self.without_uses || (caller.is_admin() && self.is_plain()))
    }

    /// Leads before the page are counted, and not remembered.
    pub fn is_far(&self) -> bool {
        self.ordering.field == OrderField::CreatedOn && self.after.is_none() && self.offset >= FAR
    }

    /// Leads of each list that are remembered: one more than the page, which tells whether the list goes on.
    pub(super) fn kept(&self) -> usize {
        if self.is_far() { usize::MAX } else { self.end().saturating_add(1) }
    }

    /// Leads of each list up to the end of the page.
    pub(super) fn end(&self) -> usize {
        self.offset.saturating_add(self.limit)
    }
}

/// A field whose values are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Facet {
    Status,
    Source,
    Tags,
    AssignedTo,
    City,
}

/// The text is no facet; its words list them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be any of: status, source, tags, assigned_to, city")]
pub struct FacetError;

impl Facet {
    /// All there are.
    pub const ALL: [Self; 5] = [Self::Status, Self::Source, Self::Tags, Self::AssignedTo, Self::City];

    /// Where a segment has its values.
    fn column(self) -> Column {
        match self {
            Self::Status => Column::Status,
            Self::Source => Column::Source,
            Self::Tags => Column::Tags,
            Self::AssignedTo => Column::AssignedTo,
            Self::City => Column::City,
        }
    }

    /// The name of the field.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Source => "source",
            Self::Tags => "tags",
            Self::AssignedTo => "assigned_to",
            Self::City => "city",
        }
    }
}

impl FromStr for Facet {
    type Err = FacetError;

    fn from_str(text: &str) -> Result<Self, FacetError> {
        Self::ALL.into_iter().find(|facet| facet.as_str() == text.trim()).ok_or(FacetError)
    }
}

impl fmt::Display for Facet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
