//! A lead and what the list index says of it, read at one moment, and mended.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::Mark;
use crate::domain::{Lead, LeadId, OrgId};
use crate::index::{IndexError, Row, pack_all, unpack_all};
use crate::store::item::{Item, decode};
use crate::store::keys::Key;
use crate::store::packs::untouched;
use crate::store::rows::{OVER, PACK, ROW};
use crate::store::transaction::{Condition, Transaction, absent, unchanged};
use crate::store::{Store, StoreError};

/// Most items of the index that are looked through for a pack that may hold a lead's row.
const NEAR: i32 = 400;

/// A packed row, for comparison.
pub(crate) fn digest_of_row(packed: &[u8]) -> Mark {
    Mark::of(&[packed])
}

/// What is wrong with a lead's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowFault {
    /// The lead is in no list: it has no row.
    Missing,
    /// The same, of one that an import wrote and nobody changed: it may never have been made known.
    Unlisted,
    /// It says something else than its lead.
    Differs,
    /// Its format is unknown, or it is damaged.
    Unreadable,
    /// The lead is in its list twice.
    Twice,
    /// There is no such lead.
    Orphaned,
}

/// A lead and what the index has of it, at one moment.
#[derive(Debug)]
pub(crate) struct RowState {
    org: OrgId,
    id: LeadId,
    pub(crate) lead: Option<Lead>,
    own: Option<Item>,
    /// Those that hold its row, and the one that begins with it, if there is one.
    packs: BTreeMap<LeadId, Item>,
}

fn bytes<'i>(item: &'i Item, name: &str) -> Option<&'i [u8]> {
    item.get(name).and_then(|value| value.as_b().ok()).map(AsRef::as_ref)
}

fn rows_of(pack: &Item) -> Vec<(LeadId, &[u8])> {
    bytes(pack, PACK).and_then(|pack| unpack_all(pack).ok()).unwrap_or_default()
}

impl RowState {
    fn packed(&self) -> Vec<&[u8]> {
        let rows = self.packs.values().flat_map(rows_of);
        rows.filter(|(id, _)| *id == self.id).map(|(_, row)| row).collect()
    }

    /// What is wrong, if anything is.
    pub(crate) fn fault(&self) -> Result<Option<RowFault>, StoreError> {
        let packed = self.packed();
        let own = self.own.as_ref().map(|own| (bytes(own, ROW), own.contains_key(OVER)));
        let Some(lead) = &self.lead else {
            let gone = matches!(own, Some((None, true)));
            let there = !packed.is_empty() || matches!(own, Some((Some(_), _)) | Some((None, false)));
            return Ok((there && !gone).then_some(RowFault::Orphaned));
        };
        let should = Row::of(lead).pack()?;
        let differs = |row: &[u8]| match Row::unpack(self.id, row) {
            Err(IndexError::Format | IndexError::Damaged(_)) => RowFault::Unreadable,
            Ok(_) => RowFault::Differs,
        };
        let compare = |row: &[u8]| (row != should).then(|| differs(row));
        let most = usize::from(lead.import.is_some());
        Ok(match (packed.as_slice(), own) {
            (packed, _) if packed.len() > most => Some(RowFault::Twice),
            (_, Some((Some(_), over))) if over != lead.import.is_some() => Some(RowFault::Differs),
            (_, Some((None, _))) => Some(RowFault::Missing),
            ([], None) if most == 0 || lead.version > 1 || lead.worked_on => Some(RowFault::Missing),
            ([], None) => Some(RowFault::Unlisted),
            ([], Some((Some(_), _))) if most == 1 => Some(RowFault::Missing),
            (_, Some((Some(row), _))) => compare(row),
            ([row, ..], None) => compare(row),
        })
    }

    /// What makes it right, on the condition that it is still as it was read.
    fn mended(&self) -> Result<Transaction, StoreError> {
        let mut it = Transaction::default();
        let (key, own) = (Key::lead(self.org, self.id), Key::row(self.org, self.id));
        let holding: Vec<LeadId> =
            self.packs.iter().filter(|(_, pack)| self.is_in(pack)).map(|(at, _)| *at).collect();
        let Some(lead) = &self.lead else {
            it.require_that(key, absent());
            if holding.is_empty() {
                it.delete_if(own, self.own_unchanged());
            } else {
                let mut item = own.into_item();
                item.insert(OVER.to_owned(), AttributeValue::Bool(true));
                it.put_if(item, self.own_unchanged());
            }
            return Ok(it);
        };
        it.require_that(key, unchanged(lead.version));
        let row = Row::of(lead).pack()?;
        let imported = lead.import.is_some();
        for at in holding.iter().skip(usize::from(imported)) {
            self.repack(&mut it, *at, None)?;
        }
        if imported && holding.is_empty() {
            self.repack(&mut it, self.id.before(), Some(&row))?;
        }
        // The right row in a pack needs none of its own.
        let in_pack = self.packed().first().is_none_or(|packed| *packed == row);
        if !(imported && self.own.is_none() && in_pack) {
            it.put_row(lead)?;
        }
        Ok(it)
    }

    fn is_in(&self, pack: &Item) -> bool {
        rows_of(pack).iter().any(|(id, _)| *id == self.id)
    }

    fn own_unchanged(&self) -> Condition {
        match self.own.as_ref().map(|own| own.get(ROW)) {
            None => absent(),
            Some(None) => ("attribute_not_exists(r)", Vec::new()),
            Some(Some(row)) => ("r = :was", vec![(":was", row.clone())]),
        }
    }

    /// A pack with this row of the lead, or without it.
    fn repack(&self, it: &mut Transaction, at: LeadId, row: Option<&[u8]>) -> Result<(), StoreError> {
        let was = self.packs.get(&at);
        let mut rows: Vec<(LeadId, Vec<u8>)> =
            was.map(rows_of).unwrap_or_default().into_iter().map(|(id, row)| (id, row.to_vec())).collect();
        rows.retain(|(id, _)| *id != self.id);
        rows.extend(row.map(|row| (self.id, row.to_vec())));
        rows.sort_unstable_by_key(|(id, _)| *id);
        let key = Key::row(self.org, at);
        let condition = match was.and_then(|was| was.get(PACK)) {
            Some(pack) => ("p = :was", vec![(":was", pack.clone())]),
            None => absent(),
        };
        if rows.is_empty() {
            it.delete_if(key, condition);
        } else {
            let mut item = key.into_item();
            item.insert(PACK.to_owned(), AttributeValue::B(pack_all(&rows)?.into()));
            it.put_if(item, condition);
        }
        Ok(())
    }
}

impl Store {
    /// A lead and what the index has of it. `packs` are known to hold its row.
    pub(crate) async fn row_state(
        &self,
        org: OrgId,
        id: LeadId,
        packs: &[LeadId],
    ) -> Result<RowState, StoreError> {
        let mut at: Vec<LeadId> = packs.to_vec();
        at.push(id.before());
        at.extend(self.packs_near(org, id).await?);
        at.sort_unstable();
        at.dedup();
        let keys = [Key::lead(org, id), Key::row(org, id)].into_iter();
        let keys = keys.chain(at.iter().map(|at| Key::row(org, *at))).take(100).collect();
        let mut items = self.read_at_once(keys).await?.into_iter();
        let (lead, own) = (items.next().flatten(), items.next().flatten());
        let packs = at.into_iter().zip(items).filter_map(|(at, item)| Some((at, item?)));
        Ok(RowState {
            org,
            id,
            lead: lead.map(decode).transpose()?,
            own,
            packs: packs.filter(|(_, item)| item.contains_key(PACK)).collect(),
        })
    }

    /// The packs before a lead that hold its row, as far as they are near.
    async fn packs_near(&self, org: OrgId, id: LeadId) -> Result<Vec<LeadId>, StoreError> {
        let first = LeadId(uuid::Uuid::from_u128(id.0.as_u128() >> 80 << 80)); // of the same millisecond
        let query = self.query_between(Key::row(org, first), id.to_string()).scan_index_forward(false);
        let page = query.limit(NEAR).send().await?;
        let packs = page.items.unwrap_or_default();
        let packs = packs.iter().filter(|pack| rows_of(pack).iter().any(|(of, _)| *of == id));
        Ok(packs.filter_map(|pack| Key::of(pack)?.sk.parse().ok()).collect())
    }

    /// Makes a row what its lead says; [`StoreError::Conflict`] if either is no longer as it was read.
    pub(crate) async fn mend_row(&self, state: &RowState) -> Result<(), StoreError> {
        Ok(self.commit(state.mended()?).await?)
    }

    /// Removes a lead that an import wrote in vain; [`StoreError::Conflict`] if somebody knows it after all.
    pub(crate) async fn remove_stray(&self, lead: &Lead) -> Result<(), StoreError> {
        let mut it = Transaction::default();
        it.delete_if(Key::lead(lead.org, lead.id), untouched(lead));
        Ok(self.commit(it).await?)
    }

    /// The bytes of a pack that cannot be read; none if it can, or is gone.
    pub(crate) async fn unreadable_pack(
        &self,
        org: OrgId,
        at: LeadId,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let item = self.read(Key::row(org, at)).await?;
        let pack = item.as_ref().and_then(|item| bytes(item, PACK)).map(<[u8]>::to_vec);
        Ok(pack.filter(|pack| unpack_all(pack).is_err()))
    }

    /// Writes a pack anew that cannot be read, of those of these leads that there are; [`StoreError::Conflict`] if it or one
    /// of them is no longer as it was read.
    pub(crate) async fn mend_pack(
        &self,
        org: OrgId,
        at: LeadId,
        pack: &[u8],
        leads: &[LeadId],
    ) -> Result<(), StoreError> {
        let found = self.read_all(leads.iter().map(|id| Key::lead(org, *id)).collect()).await?;
        let mut leads = found.into_values().map(decode).collect::<Result<Vec<Lead>, _>>()?;
        leads.retain(|lead| lead.import.is_some());
        leads.sort_unstable_by_key(|lead| lead.id);
        let mut it = Transaction::default();
        let (key, was) = (Key::row(org, at), vec![(":was", AttributeValue::B(pack.into()))]);
        if leads.is_empty() {
            it.delete_if(key, ("p = :was", was));
        } else {
            let rows = leads.iter().map(|lead| Ok((lead.id, Row::of(lead).pack()?)));
            let rows = rows.collect::<Result<Vec<_>, IndexError>>()?;
            let mut item = key.into_item();
            item.insert(PACK.to_owned(), AttributeValue::B(pack_all(&rows)?.into()));
            it.put_if(item, ("p = :was", was));
        }
        for lead in &leads {
            it.require_that(Key::lead(org, lead.id), unchanged(lead.version));
        }
        Ok(self.commit(it).await?)
    }
}
