//! Rows of the list index in the table: written with their leads, read for a list.

use std::collections::{HashMap, HashSet, VecDeque};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

use super::item::{Item, decode};
use super::keys::Key;
use super::transaction::Transaction;
use super::{Counts, Store, StoreError, names};
use crate::domain::{Caller, Lead, LeadId, OrgId};
use crate::index::{
    After, Choice, Chosen, Entry as _, FacetCounts, ListQuery, Part, Row, Uses, pack_all, unpack_all,
};

/// A lead's row: packed.
pub(crate) const ROW: &str = "r";
/// That it lies over one in a pack, instead of which it is taken; without a row, the lead is gone.
pub(crate) const OVER: &str = "o";
/// Rows of several leads of one import.
pub(crate) const PACK: &str = "p";

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

/// Rows as they come from the table: one page of them, and where the next begins.
#[derive(Debug)]
pub struct Rows {
    pub(crate) items: Vec<Item>,
    pub(crate) next: Option<Item>,
}

impl Transaction {
    /// Writes a lead's row, in the transaction that writes the lead.
    pub(crate) fn put_row(&mut self, lead: &Lead) -> Result<(), StoreError> {
        let mut item = Key::row(lead.org, lead.id).into_item();
        item.insert(ROW.to_owned(), AttributeValue::B(Row::of(lead).pack()?.into()));
        if lead.import.is_some() {
            item.insert(OVER.to_owned(), AttributeValue::Bool(true));
        }
        self.put(item);
        Ok(())
    }

    /// Takes out the row of a lead that goes. In a pack it is covered by a row that says nothing.
    pub(crate) fn remove_row(&mut self, lead: &Lead) {
        let key = Key::row(lead.org, lead.id);
        if lead.import.is_none() {
            return self.delete(key);
        }
        let mut item = key.into_item();
        item.insert(OVER.to_owned(), AttributeValue::Bool(true));
        self.put(item);
    }

    /// Writes the rows of new leads of an import as one item; they are in the order of their ids.
    pub(crate) fn put_pack(&mut self, org: OrgId, rows: &[(LeadId, Vec<u8>)]) -> Result<(), StoreError> {
        if let Some((first, _)) = rows.first() {
            let mut item = Key::pack(org, *first).into_item();
            item.insert(PACK.to_owned(), AttributeValue::B(pack_all(rows)?.into()));
            self.put(item);
        }
        Ok(())
    }
}

impl Store {
    /// The newest lead that has each of these e-mails, which are folded; every row is read for it, once.
    pub(crate) async fn newest_with(
        &self,
        org: OrgId,
        emails: &HashSet<&str>,
    ) -> Result<HashMap<String, Lead>, StoreError> {
        let mut found: HashMap<String, VecDeque<LeadId>> = HashMap::new();
        let (mut over, mut start) = (HashMap::new(), None);
        loop {
            let rows = self.rows_from(org, start).await?;
            for item in rows.items {
                each_row(item, &mut over, |row| {
                    if let Some(email) = row.email().filter(|email| emails.contains(email)) {
                        found.entry(email.to_owned()).or_default().push_back(row.id());
                    }
                })?;
            }
            start = rows.next;
            if start.is_none() {
                break;
            }
        }
        let mut newest = HashMap::new();
        while !found.is_empty() {
            // A row is read a moment before its lead: the next has its turn where one has changed.
            let next: Vec<Key> =
                found.values_mut().filter_map(|ids| Some(Key::lead(org, ids.pop_front()?))).collect();
            for item in self.read_all(next).await?.into_values() {
                let lead: Lead = decode(item)?;
                let email = lead.details.email.as_ref().map(|email| email.folded()).unwrap_or_default();
                if found.remove(&email).is_some() {
                    newest.insert(email, lead);
                }
            }
            found.retain(|_, ids| !ids.is_empty());
        }
        Ok(newest)
    }

    /// The newest rows of an organisation: asked for early, beside other reads.
    pub async fn rows(&self, org: OrgId) -> Result<Rows, StoreError> {
        self.rows_from(org, None).await
    }

    /// The rows from there on, towards the oldest.
    pub(crate) async fn rows_from(&self, org: OrgId, start: Option<Item>) -> Result<Rows, StoreError> {
        let query = self.query(Key::rows(org).pk).scan_index_forward(false);
        let page = query.set_exclusive_start_key(start).send().await?;
        Ok(Rows { items: page.items.unwrap_or_default(), next: page.last_evaluated_key })
    }

    /// A page of the open and of the closed leads that a caller may see; of the converted ones too, if the filter names
    /// that status. `rows` and `counts` are those of the caller's organisation.
    pub async fn list(
        &self,
        caller: &Caller,
        query: &ListQuery,
        mut rows: Rows,
        counts: Counts,
    ) -> Result<Listing, StoreError> {
        let early = caller.is_admin() && query.is_plain();
        let total = |count: i64| usize::try_from(count).unwrap_or_default();
        let (open, closed) = (total(counts.open), total(counts.closed));
        let (mut choice, mut over, mut all) = (Choice::new(caller, query), HashMap::new(), true);
        loop {
            for item in rows.items {
                each_row(item, &mut over, |row| choice.look_at(&row))?;
            }
            let Some(next) = rows.next else { break };
            if early && choice.is_done(open, closed) {
                choice.set_counts(open, closed);
                all = false;
                break;
            }
            rows = self.rows_from(caller.org, Some(next)).await?;
        }
        let Chosen { open, closed, converted, facets, uses, next } = choice.finish();
        let mut facets = facets.counts();
        let leads = [&open, &closed, &converted].into_iter().flat_map(|part| part.ids(query));
        let mut keys: Vec<Key> = leads.map(|id| Key::lead(caller.org, id)).collect();
        keys.extend(names::keys_of(caller.org, &facets));
        let mut found = self.read_all(keys).await?;
        names::spell(caller.org, &mut facets, &mut found)?;
        let mut page = |part: Part| {
            let ids = part.ids(query);
            let items = ids.iter().filter_map(|id| found.remove(&Key::lead(caller.org, *id)));
            let mut leads = items.map(decode).collect::<Result<Vec<Lead>, _>>()?;
            leads.retain(|lead| caller.may_edit(lead)); // a row is read a moment before its lead
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
}

/// Calls `take` for each row of an item, from behind. A row that lies over one in a pack is kept in `over` until that
/// pack comes.
pub(crate) fn each_row(
    mut item: Item,
    over: &mut HashMap<LeadId, Option<Blob>>,
    mut take: impl FnMut(Row<'_>),
) -> Result<(), StoreError> {
    let bytes = |value| match value {
        Some(AttributeValue::B(bytes)) => Some(bytes),
        _ => None,
    };
    if let Some(pack) = bytes(item.remove(PACK)) {
        for (id, row) in unpack_all(pack.as_ref())?.into_iter().rev() {
            match over.remove(&id) {
                None => take(Row::unpack(id, row)?),
                Some(Some(row)) => take(Row::unpack(id, row.as_ref())?),
                Some(None) => {}
            }
        }
        return Ok(());
    }
    let id = item.get("SK").and_then(|id| id.as_s().ok()?.parse().ok());
    match (id, bytes(item.remove(ROW)), item.contains_key(OVER)) {
        (Some(id), row, true) => {
            over.insert(id, row);
        }
        (Some(id), Some(row), false) => take(Row::unpack(id, row.as_ref())?),
        _ => return Err(StoreError::Failed("a row of the list index is not one".into())),
    }
    Ok(())
}
