//! A lead's history in the table: an event for each version, written by the change that makes it.

use super::item::{decode, encode};
use super::keys::Key;
use super::transaction::Transaction;
use super::{Store, StoreError};
use crate::domain::{Door, Event, Lead, LeadId, OrgId, Person};

/// Events, newest first.
#[derive(Debug, Clone, Default)]
pub struct HistoryPage {
    pub events: Vec<Event>,
    /// Versions before this one are on the next page.
    pub before: Option<u64>,
}

impl Transaction {
    /// Writes down a change. Of the opening there is nothing to write before the first change: until then the
    /// lead itself says how it was opened.
    pub(crate) fn put_event(
        &mut self,
        was: &Lead,
        is: &Lead,
        by: Option<Person>,
        door: Door,
    ) -> Result<(), StoreError> {
        let events = (was.version == 1).then(|| Event::created(was)).into_iter();
        for event in events.chain([Event::changed(was, is, by, door)]) {
            self.put(encode(Key::change(is.org, is.id, event.version), &event, is.updated_on)?);
        }
        Ok(())
    }
}

impl HistoryPage {
    /// Most events of one page.
    pub const MOST: usize = 50;

    /// The history of a lead that nobody has changed: it was opened.
    #[must_use]
    pub fn or_created(mut self, lead: &Lead) -> Self {
        if self.events.is_empty() && lead.version == 1 {
            self.events.push(Event::created(lead));
        }
        self
    }
}

impl Store {
    /// A page of a lead's history, before a version, else from the newest; see [`HistoryPage::or_created`].
    pub async fn history(
        &self,
        org: OrgId,
        lead: LeadId,
        before: Option<u64>,
    ) -> Result<HistoryPage, StoreError> {
        let start = before.map(|version| Key::change(org, lead, version).into_item());
        let query = self.query_prefix(Key::changes(org, lead)).scan_index_forward(false);
        let limit = i32::try_from(HistoryPage::MOST + 1).unwrap_or(i32::MAX); // one more tells whether there are more
        let page = query.set_exclusive_start_key(start).limit(limit).send().await?;
        let mut items = page.items.unwrap_or_default();
        let cut = page.last_evaluated_key.is_some() && items.len() <= HistoryPage::MOST; // at 1 MB
        let more = cut || items.len() > HistoryPage::MOST;
        items.truncate(HistoryPage::MOST);
        let events: Vec<Event> = items.into_iter().map(decode).collect::<Result<_, _>>()?;
        let before = events.last().filter(|_| more).map(|event| event.version);
        Ok(HistoryPage { events, before })
    }
}
