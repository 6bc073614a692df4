//! The leads of an import by the packs that hold their rows, to take them back.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};

use super::change::{Change, number};
use super::emails::EmailUse;
use super::imports::UpdatedRow;
use super::item::{Item, decode};
use super::keys::{Key, shard};
use super::rows::PACK;
use super::tally::Tally;
use super::transaction::{Condition, Refused, Transaction, present};
use super::{Store, StoreError};
use crate::domain::{Event, Import, Lead, LeadId, OrgId, UndoCounts};
use crate::index::{pack_all, unpack_all};

/// Most leads that go in one transaction, each with its e-mail.
const MOST: usize = 45;

/// Nobody worked on a lead since its import made it.
pub(crate) fn untouched(lead: &Lead) -> Condition {
    let seen = vec![(":seen", AttributeValue::N(lead.version.to_string()))];
    ("version = :seen AND attribute_not_exists(worked_on)", seen)
}

/// The rows of one pack.
#[derive(Debug, Clone)]
pub struct PackedLeads {
    key: Key,
    packed: Vec<u8>,
    rows: Vec<(LeadId, Vec<u8>)>,
}

impl PackedLeads {
    fn of(item: &Item) -> Result<Option<Self>, StoreError> {
        let (Some(key), Some(AttributeValue::B(packed))) = (Key::of(item), item.get(PACK)) else {
            return Ok(None); // a row that lies over one of a pack
        };
        let rows = unpack_all(packed.as_ref())?.into_iter().map(|(id, row)| (id, row.to_vec())).collect();
        Ok(Some(Self { key, packed: packed.as_ref().to_vec(), rows }))
    }
}

impl Transaction {
    /// A row that changed a lead is taken back, and counted; refused if it was before.
    pub(crate) fn undo_row(
        &mut self,
        import: &Import,
        updated: &UpdatedRow,
        undo: UndoCounts,
        now: DateTime<Utc>,
    ) {
        self.delete_if(Key::updated_row(import.org, import.id, updated.row), present());
        let UndoCounts { removed, restored, .. } = undo;
        if removed + restored > 0 {
            let change = Change::of::<Import>(now).add("removed", number(removed));
            let change = change.add("restored", number(restored));
            self.change(Key::import(import.org, import.id), change);
        }
    }
}

impl Store {
    /// The pack after this one, or the first, of those that may have leads of an import; none if there are no more.
    pub async fn next_pack(
        &self,
        import: &Import,
        after: Option<&PackedLeads>,
    ) -> Result<Option<PackedLeads>, StoreError> {
        let (org, id, on) = (import.org, import.id, import.began_on());
        let first = Key::row(org, LeadId::imported(id, on, 0, 0).before());
        let last = Key::row(org, LeadId::imported(id, on, u32::MAX, 0)).sk;
        let mut start = after.map(|pack| pack.key.clone().into_item());
        loop {
            let query = self.query_between(first.clone(), last.clone()).limit(100);
            let page = query.set_exclusive_start_key(start).send().await?;
            for item in page.items.unwrap_or_default() {
                if let Some(pack) = PackedLeads::of(&item)? {
                    return Ok(Some(pack));
                }
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(None);
            }
        }
    }

    /// A pack as it is now; none if it is gone.
    pub async fn same_pack(
        &self,
        _import: &Import,
        pack: &PackedLeads,
    ) -> Result<Option<PackedLeads>, StoreError> {
        let item = self.read(pack.key.clone()).await?;
        Ok(item.as_ref().map(PackedLeads::of).transpose()?.flatten())
    }

    /// The leads of a pack that there are, of this import.
    pub async fn packed(&self, import: &Import, pack: &PackedLeads) -> Result<Vec<Lead>, StoreError> {
        let keys = pack.rows.iter().map(|(id, _)| Key::lead(import.org, *id)).collect();
        let found = self.read_all(keys).await?;
        let mut leads = found.into_values().map(decode).collect::<Result<Vec<Lead>, _>>()?;
        leads.retain(|lead| lead.import == Some(import.id));
        leads.sort_by_key(|lead| lead.id);
        Ok(leads)
    }

    /// Removes leads of a pack with all that belongs to them. [`StoreError::Conflict`] if one of them, or the pack, is no
    /// longer as it was read; the pack is then as far as it got.
    pub async fn remove_packed(
        &self,
        import: &Import,
        pack: &mut PackedLeads,
        leads: &[Lead],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        for leads in leads.chunks(MOST) {
            let mut emails: HashMap<Key, i64> = HashMap::new();
            leads.iter().filter_map(Key::email_of).for_each(|key| *emails.entry(key).or_default() += 1);
            let known = self.read_all(emails.keys().cloned().collect()).await?;
            let (mut transaction, mut tally) = (Transaction::default(), Tally::default());
            for lead in leads {
                transaction.delete_if(Key::lead(lead.org, lead.id), untouched(lead));
                tally.add(Some(lead), None);
            }
            for (key, leads) in emails {
                let known = known.get(&key).map_or(Ok(EmailUse::default()), |item| decode(item.clone()))?;
                transaction.uncount_email(key, &known, leads, now);
            }
            if let Some(lead) = leads.first() {
                transaction.count_all(import.org, shard(lead.id), &tally, now);
            }
            let was = vec![(":was", AttributeValue::B(pack.packed.clone().into()))];
            let mut rows = pack.rows.clone();
            rows.retain(|(id, _)| !leads.iter().any(|lead| lead.id == *id));
            let packed = pack_all(&rows)?;
            if rows.is_empty() {
                transaction.delete_if(pack.key.clone(), ("p = :was", was));
            } else {
                let mut item = pack.key.clone().into_item();
                item.insert(PACK.to_owned(), AttributeValue::B(packed.clone().into()));
                transaction.put_if(item, ("p = :was", was));
            }
            let removed = number(u32::try_from(leads.len()).unwrap_or(u32::MAX));
            let change = Change::of::<Import>(now).add("removed", removed);
            transaction.change(Key::import(import.org, import.id), change);
            self.commit(transaction).await?;
            (pack.rows, pack.packed) = (rows, packed);
        }
        Ok(())
    }

    /// What a row changed is as before, or its lead is gone; `undo` is counted, unless another was quicker.
    pub async fn end_updated_row(
        &self,
        import: &Import,
        updated: &UpdatedRow,
        undo: UndoCounts,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut transaction = Transaction::default();
        transaction.undo_row(import, updated, undo, now);
        match self.commit(transaction).await {
            Ok(()) | Err(Refused::Condition) => Ok(()),
            Err(Refused::Store(error)) => Err(error),
        }
    }

    /// What happened to a lead when it got this version.
    pub async fn find_event(
        &self,
        org: OrgId,
        lead: LeadId,
        version: u64,
    ) -> Result<Option<Event>, StoreError> {
        self.find(Key::change(org, lead, version)).await
    }
}
