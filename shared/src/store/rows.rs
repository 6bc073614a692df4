//! The list index: these filters, this page, exact counts.

use std::collections::{HashMap, HashSet, VecDeque};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

use super::item::{Item, decode};
use super::keys::Key;
use super::row::{Row, pack_all, unpack_all};
use super::transaction::Transaction;
use super::{Counts, Store, StoreError};
use crate::domain::{Caller, Lead, LeadFilter, LeadId, OrgId, Status, StatusClass};

/// A lead's row: packed.
const ROW: &str = "r";
/// That it lies over one in a pack, instead of which it is taken; without a row, the lead is gone.
const OVER: &str = "o";
/// Rows of several leads of one import.
pub(crate) const PACK: &str = "p";

/// One page of the lists.
#[derive(Debug, Clone, Default)]
pub struct ListQuery {
    pub filter: LeadFilter,
    /// Leads a list, 1 to 100.
    pub limit: usize,
    /// Leads of each list that come before the page.
    pub offset: usize,
    /// How often each tag and source is used must be told, for which every row is read.
    pub uses: bool,
}

/// What a list answers.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    pub open: LeadPage,
    pub closed: LeadPage,
    /// Only if the filter asks for them.
    pub converted: Option<LeadPage>,
    /// None if not every row was read.
    pub uses: Option<Uses>,
}

/// How many of the open and closed leads that a caller may see, whatever the filters, have each tag and each source,
/// by their folded names.
#[derive(Debug, Clone, Default)]
pub struct Uses {
    pub tags: HashMap<String, usize>,
    pub sources: HashMap<String, usize>,
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
    items: Vec<Item>,
    next: Option<Item>,
}

#[derive(Debug, Default)]
struct Chosen {
    ids: Vec<LeadId>,
    count: usize,
}

impl Chosen {
    fn take(&mut self, id: LeadId, query: &ListQuery) {
        if self.count >= query.offset && self.ids.len() < query.limit {
            self.ids.push(id);
        }
        self.count += 1;
    }

    /// The page is full, or all there are have been seen.
    fn is_done(&self, query: &ListQuery, total: i64) -> bool {
        self.ids.len() >= query.limit || i64::try_from(self.count).is_ok_and(|count| count >= total)
    }
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
                each_row(item, &mut over, |id, row| {
                    if let Some(email) = row.email().filter(|email| emails.contains(email)) {
                        found.entry(email.to_owned()).or_default().push_back(id);
                    }
                    Ok(())
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

    async fn rows_from(&self, org: OrgId, start: Option<Item>) -> Result<Rows, StoreError> {
        let query = self.query(format!("ORG#{org}#INDEX#00")).scan_index_forward(false);
        let page = query.set_exclusive_start_key(start).send().await?;
        Ok(Rows { items: page.items.unwrap_or_default(), next: page.last_evaluated_key })
    }

    /// A page of the open and of the closed leads that a caller may see, newest first; of the converted ones too,
    /// if the filter names that status. `rows` and `counts` are those of the caller's organisation.
    pub async fn list(
        &self,
        caller: &Caller,
        query: &ListQuery,
        mut rows: Rows,
        counts: Counts,
    ) -> Result<Listing, StoreError> {
        let early = caller.is_admin() && query.filter.is_empty() && !query.uses;
        let mut choice =
            Choice { caller, query, over: HashMap::new(), lists: Default::default(), uses: Uses::default() };
        let mut all = true;
        loop {
            for item in rows.items {
                choice.look_at(item)?;
            }
            let Some(next) = rows.next else { break };
            let [open, closed, _] = &mut choice.lists;
            if early && open.is_done(query, counts.open) && closed.is_done(query, counts.closed) {
                open.count = usize::try_from(counts.open).unwrap_or_default();
                closed.count = usize::try_from(counts.closed).unwrap_or_default();
                all = false;
                break;
            }
            rows = self.rows_from(caller.org, Some(next)).await?;
        }
        let keys = choice.lists.iter().flat_map(|list| &list.ids).map(|id| Key::lead(caller.org, *id));
        let mut found = self.read_all(keys.collect()).await?;
        let mut page = |chosen: Chosen| {
            let items = chosen.ids.iter().filter_map(|id| found.remove(&Key::lead(caller.org, *id)));
            let mut leads = items.map(decode).collect::<Result<Vec<Lead>, _>>()?;
            leads.retain(|lead| caller.may_edit(lead)); // a row is read a moment before its lead
            Ok::<_, StoreError>(LeadPage { leads, count: chosen.count })
        };
        let [open, closed, converted] = choice.lists;
        let asked = query.filter.statuses.contains(&Status::Converted);
        Ok(Listing {
            open: page(open)?,
            closed: page(closed)?,
            converted: asked.then(|| page(converted)).transpose()?,
            uses: Some(choice.uses).filter(|_| all),
        })
    }
}

/// What is chosen of the rows: the open, the closed, the converted leads.
struct Choice<'a> {
    caller: &'a Caller,
    query: &'a ListQuery,
    /// Rows that lie over those of packs that are still to come.
    over: HashMap<LeadId, Option<Blob>>,
    lists: [Chosen; 3],
    uses: Uses,
}

impl Choice<'_> {
    fn look_at(&mut self, item: Item) -> Result<(), StoreError> {
        let mut over = std::mem::take(&mut self.over);
        let looked = each_row(item, &mut over, |id, row| {
            self.take(id, &row);
            Ok(())
        });
        self.over = over;
        looked
    }

    fn take(&mut self, id: LeadId, row: &Row<'_>) {
        if !self.caller.may_edit(row) {
            return;
        }
        let class = row.status.class();
        if class != StatusClass::Converted {
            self.uses.count(row);
        }
        if !row.matches(&self.query.filter) {
            return;
        }
        let [open, closed, converted] = &mut self.lists;
        match class {
            StatusClass::Open => open.take(id, self.query),
            StatusClass::Closed => closed.take(id, self.query),
            StatusClass::Converted => converted.take(id, self.query),
        }
    }
}

/// Calls `take` for each row of an item, from behind. A row that lies over one in a pack is kept in `over` until that
/// pack comes.
fn each_row(
    mut item: Item,
    over: &mut HashMap<LeadId, Option<Blob>>,
    mut take: impl FnMut(LeadId, Row<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let bytes = |value| match value {
        Some(AttributeValue::B(bytes)) => Some(bytes),
        _ => None,
    };
    if let Some(pack) = bytes(item.remove(PACK)) {
        for (id, row) in unpack_all(pack.as_ref())?.into_iter().rev() {
            match over.remove(&id) {
                None => take(id, Row::unpack(row)?)?,
                Some(Some(row)) => take(id, Row::unpack(row.as_ref())?)?,
                Some(None) => {}
            }
        }
        return Ok(());
    }
    let id = item.get("SK").and_then(|id| id.as_s().ok()?.parse().ok());
    match (id, bytes(item.remove(ROW)), item.contains_key(OVER)) {
        (Some(id), row, true) => {
            over.insert(id, row);
            Ok(())
        }
        (Some(id), Some(row), false) => take(id, Row::unpack(row.as_ref())?),
        _ => Err(StoreError::Failed("a row of the list index is not one".into())),
    }
}

impl Uses {
    fn count(&mut self, row: &Row<'_>) {
        let add = |counts: &mut HashMap<String, usize>, name: &str| match counts.get_mut(name) {
            Some(count) => *count += 1,
            None => {
                counts.insert(name.to_owned(), 1);
            }
        };
        row.tags.iter().for_each(|tag| add(&mut self.tags, tag));
        row.source.iter().for_each(|source| add(&mut self.sources, source));
    }
}
