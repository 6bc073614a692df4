//! Lists of leads: the index is read, pages are chosen, their leads fetched.

use std::collections::HashMap;

use super::item::{Item, decode};
use super::keys::Key;
use super::rows::{Rows, each_row};
use super::{Counts, Store, StoreError, names};
use crate::domain::{Caller, Lead, LeadId};
use crate::index::{After, Choice, Chosen, FacetCounts, ListQuery, Part, Uses};

/// What a list answers.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    pub open: LeadPage,
    pub closed: LeadPage,
    /// Only if the filter asks for them.
    pub converted: Option<LeadPage>,
    /// Counts by value, of those fields that are asked for.
    pub facets: Vec<FacetCounts>,
    /// None if not every row was read.
    pub uses: Option<Uses>,
    /// Where the next page begins; none if no list goes on.
    pub next: Option<After>,
}

/// A page of one list, and how many leads the whole list has.
#[derive(Debug, Clone, Default)]
pub struct LeadPage {
    pub leads: Vec<Lead>,
    pub count: usize,
}

/// All leads that match, whatever list they are in.
#[derive(Debug)]
pub struct Matches {
    /// In their order. If there are more than the query's limit, not all are here.
    pub leads: Vec<LeadId>,
    /// How many there are.
    pub count: usize,
}

impl Store {
    /// A page of the open and of the closed leads that a caller may see; of the converted ones too, if the filter names
    /// that status. `rows` and `counts` are those of the caller's organisation.
    pub async fn list(
        &self,
        caller: &Caller,
        query: &ListQuery,
        rows: Rows,
        counts: Counts,
    ) -> Result<Listing, StoreError> {
        let (Chosen { open, closed, converted, facets, uses, next }, all) =
            self.choose(caller, query, rows, Some(counts)).await?;
        let mut facets = facets.counts();
        let leads = [&open, &closed, &converted].into_iter().flat_map(|part| part.ids(query));
        let mut keys: Vec<Key> = leads.map(|id| Key::lead(caller.org, id)).collect();
        keys.extend(names::keys_of(caller.org, &facets));
        let mut found = self.read_all(keys).await?;
        names::spell(caller.org, &mut facets, &mut found)?;
        let mut page = |part: Part| {
            let leads = those(caller, &part.ids(query), &mut found)?;
            Ok::<_, StoreError>(LeadPage { leads, count: part.count })
        };
        Ok(Listing {
            open: page(open)?,
            closed: page(closed)?,
            converted: query.wants_converted().then(|| page(converted)).transpose()?,
            facets,
            uses: Some(uses).filter(|_| all),
            next,
        })
    }

    /// Every lead that a caller may see and that matches, open, closed and, if the filter names that status, converted.
    pub async fn matches(
        &self,
        caller: &Caller,
        query: &ListQuery,
        rows: Rows,
    ) -> Result<Matches, StoreError> {
        let (Chosen { open, closed, converted, .. }, _) = self.choose(caller, query, rows, None).await?;
        let parts = [open, closed, converted];
        let count = parts.iter().map(|part| part.count).sum();
        let mut places: Vec<_> = parts.into_iter().flat_map(|part| part.places).collect();
        places.sort_unstable();
        Ok(Matches { leads: places.iter().map(|place| place.id(query.ordering)).collect(), count })
    }

    /// Those of these leads that are there and that a caller may see, in this order.
    pub async fn leads_of(&self, caller: &Caller, ids: &[LeadId]) -> Result<Vec<Lead>, StoreError> {
        let mut found = self.read_all(ids.iter().map(|id| Key::lead(caller.org, *id)).collect()).await?;
        those(caller, ids, &mut found)
    }

    /// Chooses among the rows, and whether all were looked at: an ADMIN's plain list ends early, by the counters, where
    /// they are given.
    async fn choose(
        &self,
        caller: &Caller,
        query: &ListQuery,
        mut rows: Rows,
        counts: Option<Counts>,
    ) -> Result<(Chosen, bool), StoreError> {
        let total = |count: i64| usize::try_from(count).unwrap_or_default();
        let totals = counts
            .filter(|_| caller.is_admin() && query.is_plain())
            .map(|counts| (total(counts.open), total(counts.closed)));
        let (mut choice, mut over) = (Choice::new(caller, query), HashMap::new());
        loop {
            for item in rows.items {
                each_row(item, &mut over, |row| choice.look_at(&row))?;
            }
            let Some(next) = rows.next else { return Ok((choice.finish(), true)) };
            if let Some((open, closed)) = totals
                && choice.is_done(open, closed)
            {
                choice.set_counts(open, closed);
                return Ok((choice.finish(), false));
            }
            rows = self.rows_from(caller.org, Some(next)).await?;
        }
    }
}

/// The leads that were found of these and that the caller may see: a row is read a moment before its lead.
fn those(caller: &Caller, ids: &[LeadId], found: &mut HashMap<Key, Item>) -> Result<Vec<Lead>, StoreError> {
    let items = ids.iter().filter_map(|id| found.remove(&Key::lead(caller.org, *id)));
    let mut leads = items.map(decode).collect::<Result<Vec<Lead>, _>>()?;
    leads.retain(|lead| caller.may_edit(lead));
    Ok(leads)
}
