//! Names that are kept in their first spelling: tags and sources.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::StoreError;
use super::item::{Item, decode, entities};
use super::keys::Key;
use crate::domain::OrgId;
use crate::index::{Facet, FacetCounts, FacetValue};

/// A tag or a source as it was first written.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Name {
    pub(crate) name: String,
}

entities! {
    Name => "name",
}

/// Where the spelling of a facet's value is kept.
fn key_of(org: OrgId, facet: Facet, value: &str) -> Option<Key> {
    match facet {
        Facet::Source => Some(Key::source(org, value)),
        Facet::Tags => Some(Key::tag(org, value)),
        Facet::Status | Facet::AssignedTo | Facet::City => None,
    }
}

/// Where the spellings of all values are kept.
pub(crate) fn keys_of(org: OrgId, facets: &[FacetCounts]) -> Vec<Key> {
    let keys = |of: &FacetCounts| {
        let keys = of.values.iter().filter_map(|value| key_of(org, of.facet, &value.value));
        keys.collect::<Vec<_>>()
    };
    facets.iter().flat_map(keys).collect()
}

/// Values as they were first written.
pub(crate) fn spell(
    org: OrgId,
    facets: &mut [FacetCounts],
    found: &mut HashMap<Key, Item>,
) -> Result<(), StoreError> {
    for FacetCounts { facet, values, .. } in facets {
        for value in values.iter_mut() {
            if let Some(item) = key_of(org, *facet, &value.value).and_then(|key| found.remove(&key)) {
                value.value = decode::<Name>(item)?.name;
            }
        }
        FacetValue::sort(values);
    }
    Ok(())
}
