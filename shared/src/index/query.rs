//! What a list is asked.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::After;
use crate::domain::{LeadFilter, Ordering, Status};

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
