//! The leads of an import by the packs that hold their rows, to take them back.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::change::{Change, number};
use super::emails::EmailUse;
use super::imports::UpdatedRow;
use super::item::{Item, decode};
use super::keys::{Key, shard};
use super::rows::PACK;
use super::tally::Tally;
use super::transaction::{Condition, Refused, Transaction, absent, present};
use super::{Store, StoreError};
use crate::domain::{Event, Import, Lead, LeadId, OrgId, UndoCounts};
use crate::index::segment::Column;
use crate::index::{pack_all, unpack_all};

/// Most leads that go in one transaction, each with its e-mail.
const MOST: usize = 45;
/// Leads of a segment that are taken together.
const MOST_FOLDED: usize = 90;

/// Nobody worked on a lead since its import made it.
pub(crate) fn untouched(lead: &Lead) -> Condition {
    let seen = vec![(":seen", AttributeValue::N(lead.version.to_string()))];
    ("version = :seen AND attribute_not_exists(worked_on)", seen)
}

/// Leads of an import whose rows are together: in one pack, or, folded, in a segment, over which a pack is laid as soon as
/// one of them goes.
#[derive(Debug, Clone)]
pub struct PackedLeads {
    key: Key,
    /// None: there is no pack yet.
    packed: Option<Vec<u8>>,
    rows: Vec<(LeadId, Vec<u8>)>,
    /// Those that are in a segment.
    folded: Vec<LeadId>,
}

/// Where in the packs of an import somebody is who goes through all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PackPlace {
    /// After the pack with this sort key.
    Table(String),
    /// In the segments, after this lead.
    Segments(LeadId),
}

impl PackedLeads {
    /// The place after it.
    pub fn place(&self) -> PackPlace {
        match self.folded.last() {
            Some(last) => PackPlace::Segments(*last),
            None => PackPlace::Table(self.key.sk.clone()),
        }
    }

    fn of(item: &Item) -> Result<Option<Self>, StoreError> {
        let (Some(key), Some(AttributeValue::B(packed))) = (Key::of(item), item.get(PACK)) else {
            return Ok(None); // a row that lies over one of a pack
        };
        let rows = unpack_all(packed.as_ref())?.into_iter().map(|(id, row)| (id, row.to_vec())).collect();
        Ok(Some(Self { key, packed: Some(packed.as_ref().to_vec()), rows, folded: Vec::new() }))
    }

    /// Those that may be there.
    fn leads(&self) -> impl Iterator<Item = LeadId> {
        let there = self.rows.iter().filter(|(_, row)| !row.is_empty());
        there.map(|(id, _)| *id).chain(self.folded.iter().copied())
    }

    /// The rows without those of some leads. It stays known that these are gone: a fold may have read the pack before.
    fn without(&self, gone: &[Lead]) -> Vec<(LeadId, Vec<u8>)> {
        let mut rows: BTreeMap<LeadId, Vec<u8>> = self.rows.iter().cloned().collect();
        rows.extend(gone.iter().map(|lead| (lead.id, Vec::new())));
        rows.into_iter().collect()
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
    /// The pack after this place, or the first, of those that may have leads of an import; none if there are no more. Those
    /// in the table come first, then what of them is in segments: what is folded meanwhile comes again.
    pub async fn next_pack(
        &self,
        import: &Import,
        after: Option<&PackPlace>,
    ) -> Result<Option<PackedLeads>, StoreError> {
        let (org, id, on) = (import.org, import.id, import.began_on());
        let first = Key::row(org, LeadId::imported(id, on, 0, 0).before());
        let last = Key::row(org, LeadId::imported(id, on, u32::MAX, 0)).sk;
        let mut start = match after {
            Some(PackPlace::Segments(last)) => return self.next_folded(import, Some(*last)).await,
            Some(PackPlace::Table(sk)) => Some(Key { sk: sk.clone(), ..first.clone() }.into_item()),
            None => None,
        };
        // Packs are large, so not many of them; rows that lie over packs are small, and may be many.
        let mut limit = 1;
        loop {
            let query = self.query_between(first.clone(), last.clone()).limit(limit);
            limit = (limit * 4).min(100);
            let page = query.set_exclusive_start_key(start).send().await?;
            for item in page.items.unwrap_or_default() {
                if let Some(pack) = PackedLeads::of(&item)? {
                    return Ok(Some(pack));
                }
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return self.next_folded(import, None).await;
            }
        }
    }

    /// The first leads after one, or of all, in segments that may have leads of an import.
    async fn next_folded(
        &self,
        import: &Import,
        after: Option<LeadId>,
    ) -> Result<Option<PackedLeads>, StoreError> {
        let (org, id, on) = (import.org, import.id, import.began_on());
        let from = after.map_or_else(|| LeadId::imported(id, on, 0, 0).first_of_its_time(), LeadId::next);
        let to = LeadId::imported(id, on, u32::MAX, 0).last_of_its_time().next();
        for of in self.manifest(org).await?.segments {
            if of.last < from || of.first >= to {
                continue;
            }
            let segment = self.segment(org, &of, [Column::Ids].into_iter().collect()).await?;
            let leads =
                segment.leads_between(from, to, MOST_FOLDED).map_err(|error| self.lost(&of, error))?;
            if let Some(first) = leads.first() {
                let pack = PackedLeads {
                    key: Key::pack(org, *first),
                    packed: None,
                    rows: Vec::new(),
                    folded: leads,
                };
                return self.same_pack(&pack).await;
            }
        }
        Ok(None)
    }

    /// A pack as it is now; none if it is gone.
    pub async fn same_pack(&self, pack: &PackedLeads) -> Result<Option<PackedLeads>, StoreError> {
        let item = self.read(pack.key.clone()).await?;
        let now = item.as_ref().map(PackedLeads::of).transpose()?.flatten();
        Ok(match now {
            Some(now) => Some(PackedLeads { folded: pack.folded.clone(), ..now }),
            None if pack.folded.is_empty() => None,
            None => Some(PackedLeads { packed: None, rows: Vec::new(), ..pack.clone() }),
        })
    }

    /// The leads of a pack that there are, of this import.
    pub async fn packed(&self, import: &Import, pack: &PackedLeads) -> Result<Vec<Lead>, StoreError> {
        let keys = pack.leads().map(|id| Key::lead(import.org, id)).collect();
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
            let was = pack.packed.as_ref().map(|was| vec![(":was", AttributeValue::B(was.clone().into()))]);
            let rows = pack.without(leads);
            let packed = pack_all(&rows)?;
            let mut item = pack.key.clone().into_item();
            item.insert(PACK.to_owned(), AttributeValue::B(packed.clone().into()));
            transaction.put_if(item, was.map_or_else(absent, |was| ("p = :was", was)));
            let removed = number(u32::try_from(leads.len()).unwrap_or(u32::MAX));
            let change = Change::of::<Import>(now).add("removed", removed);
            transaction.change(Key::import(import.org, import.id), change);
            self.commit(transaction).await?;
            (pack.rows, pack.packed) = (rows, Some(packed));
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
