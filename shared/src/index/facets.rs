//! Counts by value.

use std::collections::HashMap;

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
        entry.tags().for_each(|tag| add(&mut self.tags, tag));
        entry.source().into_iter().for_each(|source| add(&mut self.sources, source));
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
                Facet::Source => entry.source().into_iter().for_each(|it| add(&mut self.sources, it)),
                Facet::Tags => entry.tags().for_each(|it| add(&mut self.tags, it)),
                Facet::AssignedTo => {
                    entry.assigned_to().iter().for_each(|user| *self.users.entry(*user).or_default() += 1)
                }
                Facet::City => entry.city().into_iter().for_each(|city| {
                    count_city(&mut self.cities, entry.id(), city);
                }),
            }
        }
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

fn count_city(cities: &mut HashMap<String, City>, lead: LeadId, spelling: &str) {
    let new = || City { newest: lead, spelling: spelling.to_owned(), count: 0 };
    let city = cities.entry(fold(spelling)).or_insert_with(new);
    city.count += 1;
    if city.newest < lead {
        (city.newest, city.spelling) = (lead, spelling.to_owned());
    }
}

fn add(counts: &mut HashMap<String, usize>, name: &str) {
    match counts.get_mut(name) {
        Some(count) => *count += 1,
        None => {
            counts.insert(name.to_owned(), 1);
        }
    }
}
