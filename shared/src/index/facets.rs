//! Counts by value.

use std::collections::HashMap;

use super::{Entry, Facet};
use crate::domain::{Status, UserId, fold};

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
    /// By the folded name: the first spelling that was met.
    cities: HashMap<String, (String, usize)>,
}

/// A value and how many leads have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacetValue {
    /// A source or a tag is folded still.
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

    /// The fields that are asked for.
    pub fn wanted(&self) -> &[Facet] {
        &self.wanted
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
                Facet::City => {
                    if let Some(city) = entry.city() {
                        let known = self.cities.entry(fold(city)).or_insert_with(|| (city.to_owned(), 0));
                        known.1 += 1;
                    }
                }
            }
        }
    }

    /// The values of a field, most used first, then by value; and whether there are more than [`Facets::MOST`].
    pub fn values(&self, facet: Facet) -> (Vec<FacetValue>, bool) {
        match facet {
            Facet::Status => sorted(self.statuses.iter().map(|(it, count)| (it.to_string(), *count))),
            Facet::Source => sorted(self.sources.iter().map(|(it, count)| (it.clone(), *count))),
            Facet::Tags => sorted(self.tags.iter().map(|(it, count)| (it.clone(), *count))),
            Facet::AssignedTo => sorted(self.users.iter().map(|(it, count)| (it.to_string(), *count))),
            Facet::City => sorted(self.cities.values().cloned()),
        }
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

fn sorted(counts: impl Iterator<Item = (String, usize)>) -> (Vec<FacetValue>, bool) {
    let mut values: Vec<FacetValue> = counts.map(|(value, count)| FacetValue { value, count }).collect();
    values.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
    let more = values.len() > Facets::MOST;
    values.truncate(Facets::MOST);
    (values, more)
}
