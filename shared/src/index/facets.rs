//! Counts by value.

use std::collections::HashMap;

use super::segment::{Bitmap, Column, Segment, SegmentError};
use super::{Entry, Facet};
use crate::domain::{LeadId, Status, UserId, fold};

/// How many of the open and closed leads that a caller may see, whatever the filters, have each tag and each source,
/// by their folded names.
#[derive(Debug, Clone, Default)]
pub struct Uses {
    pub tags: HashMap<String, usize>,
    pub sources: HashMap<String, usize>,
}

impl Uses {
    /// One lead more.
    pub(super) fn count(&mut self, entry: &impl Entry) {
        entry.tags().for_each(|tag| add(&mut self.tags, tag, 1));
        entry.source().into_iter().for_each(|source| add(&mut self.sources, source, 1));
    }

    /// Some rows of a segment more.
    pub(super) fn count_segment(&mut self, segment: &Segment, rows: &Bitmap) -> Result<(), SegmentError> {
        add_texts(&mut self.tags, segment, Column::Tags, rows)?;
        add_texts(&mut self.sources, segment, Column::Source, rows)
    }
}

/// How many of the leads that match have each value of the fields that are asked for.
#[derive(Debug, Clone, Default)]
pub struct Facets {
    wanted: Vec<Facet>,
    statuses: HashMap<Status, usize>,
    /// By the folded name.
    sources: HashMap<String, usize>,
    /// By the folded name.
    tags: HashMap<String, usize>,
    users: HashMap<UserId, usize>,
    /// By the folded name.
    cities: HashMap<String, City>,
}

/// A city, spelled as its newest lead does, so that it does not matter which is met first.
#[derive(Debug, Clone)]
struct City {
    newest: LeadId,
    spelling: String,
    count: usize,
}

/// The values of a field, the most frequent first, then by value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacetCounts {
    pub facet: Facet,
    /// At most [`Facets::MOST`].
    pub values: Vec<FacetValue>,
    /// There are more.
    pub more: bool,
}

/// A value and how many leads have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacetValue {
    /// A source or a tag is folded, until somebody knows its spelling.
    pub value: String,
    pub count: usize,
}

impl Facets {
    /// Most values of a field that are told.
    pub const MOST: usize = 100;

    /// For these fields; nothing is counted yet.
    pub fn new(wanted: impl IntoIterator<Item = Facet>) -> Self {
        Self { wanted: wanted.into_iter().collect(), ..Self::default() }
    }

    /// One lead more.
    pub(super) fn count(&mut self, entry: &impl Entry) {
        for facet in &self.wanted {
            match facet {
                Facet::Status => *self.statuses.entry(entry.status()).or_default() += 1,
                Facet::Source => entry.source().into_iter().for_each(|it| add(&mut self.sources, it, 1)),
                Facet::Tags => entry.tags().for_each(|it| add(&mut self.tags, it, 1)),
                Facet::AssignedTo => {
                    entry.assigned_to().iter().for_each(|user| *self.users.entry(*user).or_default() += 1)
                }
                Facet::City => entry.city().into_iter().for_each(|city| {
                    count_city(&mut self.cities, entry.id(), city, 1);
                }),
            }
        }
    }

    /// Some rows of a segment more.
    pub(super) fn count_segment(&mut self, segment: &Segment, rows: &Bitmap) -> Result<(), SegmentError> {
        for facet in &self.wanted {
            match facet {
                Facet::Status => {
                    for status in Status::ALL {
                        let count = segment.of_status(status)?.count_with(rows);
                        if count > 0 {
                            *self.statuses.entry(status).or_default() += count;
                        }
                    }
                }
                Facet::Source => add_texts(&mut self.sources, segment, Column::Source, rows)?,
                Facet::Tags => add_texts(&mut self.tags, segment, Column::Tags, rows)?,
                Facet::AssignedTo => segment
                    .counts_of_users(rows)?
                    .for_each(|it| *self.users.entry(it.value).or_default() += it.count),
                Facet::City => {
                    for it in segment.counts_of_texts(Column::City, rows)? {
                        count_city(&mut self.cities, segment.lead(it.newest)?, it.value, it.count);
                    }
                }
            }
        }
        Ok(())
    }

    /// What was counted, field by field.
    pub fn counts(&self) -> Vec<FacetCounts> {
        self.wanted.iter().map(|facet| self.values(*facet)).collect()
    }

    fn values(&self, facet: Facet) -> FacetCounts {
        let of =
            |(value, count): (&dyn ToString, &usize)| FacetValue { value: value.to_string(), count: *count };
        let mut values: Vec<FacetValue> = match facet {
            Facet::Status => self.statuses.iter().map(|(it, count)| of((it, count))).collect(),
            Facet::Source => self.sources.iter().map(|(it, count)| of((it, count))).collect(),
            Facet::Tags => self.tags.iter().map(|(it, count)| of((it, count))).collect(),
            Facet::AssignedTo => self.users.iter().map(|(it, count)| of((it, count))).collect(),
            Facet::City => self.cities.values().map(|it| of((&it.spelling, &it.count))).collect(),
        };
        FacetValue::sort(&mut values);
        let more = values.len() > Self::MOST;
        values.truncate(Self::MOST);
        FacetCounts { facet, values, more }
    }
}

impl FacetValue {
    /// The most frequent first, then by value.
    pub fn sort(values: &mut [Self]) {
        values.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
    }
}

/// So many leads more, the newest of which is this one.
fn count_city(cities: &mut HashMap<String, City>, lead: LeadId, spelling: &str, more: usize) {
    let new = || City { newest: lead, spelling: spelling.to_owned(), count: 0 };
    let city = cities.entry(fold(spelling)).or_insert_with(new);
    city.count += more;
    if city.newest < lead {
        (city.newest, city.spelling) = (lead, spelling.to_owned());
    }
}

fn add(counts: &mut HashMap<String, usize>, name: &str, more: usize) {
    match counts.get_mut(name) {
        Some(count) => *count += more,
        None => {
            counts.insert(name.to_owned(), more);
        }
    }
}

fn add_texts(
    counts: &mut HashMap<String, usize>,
    segment: &Segment,
    column: Column,
    rows: &Bitmap,
) -> Result<(), SegmentError> {
    segment.counts_of_texts(column, rows)?.for_each(|it| add(counts, it.value, it.count));
    Ok(())
}
