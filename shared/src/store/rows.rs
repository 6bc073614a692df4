//! The list index: these filters, this page, exact counts.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::item::{Item, decode};
use super::keys::Key;
use super::row::Row;
use super::transaction::Transaction;
use super::{Counts, Store, StoreError};
use crate::domain::{Caller, Lead, LeadFilter, LeadId, OrgId, Status, StatusClass};

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
    fn take(&mut self, id: &str, query: &ListQuery) -> Result<(), StoreError> {
        if self.count >= query.offset && self.ids.len() < query.limit {
            self.ids.push(id.parse().map_err(|_| StoreError::Failed("a row without a lead id".into()))?);
        }
        self.count += 1;
        Ok(())
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
        item.insert("r".to_owned(), AttributeValue::B(Row::of(lead).pack()?.into()));
        self.put(item);
        Ok(())
    }
}

impl Store {
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
        let mut choice = Choice { caller, query, lists: Default::default(), uses: Uses::default() };
        let mut all = true;
        loop {
            for item in &rows.items {
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
    lists: [Chosen; 3],
    uses: Uses,
}

impl Choice<'_> {
    fn look_at(&mut self, item: &Item) -> Result<(), StoreError> {
        let (Some(AttributeValue::S(id)), Some(AttributeValue::B(packed))) = (item.get("SK"), item.get("r"))
        else {
            return Err(StoreError::Failed("a row of the list index is not one".into()));
        };
        let row = Row::unpack(packed.as_ref())?;
        if !self.caller.may_edit(&row) {
            return Ok(());
        }
        let class = row.status.class();
        if class != StatusClass::Converted {
            self.uses.count(&row);
        }
        if !row.matches(&self.query.filter) {
            return Ok(());
        }
        let [open, closed, converted] = &mut self.lists;
        match class {
            StatusClass::Open => open.take(id, self.query),
            StatusClass::Closed => closed.take(id, self.query),
            StatusClass::Converted => converted.take(id, self.query),
        }
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
