//! A lead and what the list index says of it, read at one moment, and mended.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::Mark;
use crate::domain::{Lead, LeadId, OrgId};
use crate::index::segment::{Columns, Segment};
use crate::index::{Entry, IndexError, Row, pack_all, unpack_all};
use crate::store::item::{Item, decode};
use crate::store::keys::Key;
use crate::store::packs::untouched;
use crate::store::rows::{OVER, PACK, ROW};
use crate::store::segments::{Manifest, SegmentRef};
use crate::store::transaction::{Condition, Transaction, absent, unchanged};
use crate::store::{Store, StoreError};

/// Most items of the index that are looked through for a pack that may hold a lead's row.
const NEAR: i32 = 400;

/// All that an entry of the index tells, for comparison.
pub(crate) fn digest_of(entry: &impl Entry) -> Mark {
    let mut tags: Vec<&str> = entry.tags().collect();
    tags.sort_unstable();
    let text = |text: Option<&str>| text.map(|text| format!("{}:{text}", text.len())).unwrap_or_default();
    let texts =
        [entry.title(), entry.city(), entry.email(), entry.source(), entry.account_name(), entry.phone()];
    let texts = texts.into_iter().chain(tags.into_iter().map(Some)).map(text).collect::<Vec<_>>().join("/");
    let mut users = entry.assigned_to().to_vec();
    let mut teams = entry.teams().to_vec();
    users.sort_unstable();
    teams.sort_unstable();
    let rest = format!(
        "{:?}{}{users:?}{teams:?}{:?}{:?}/{}/{}",
        entry.status(),
        entry.last_name().len(),
        entry.created_by(),
        entry.amount(),
        entry.created_on(),
        entry.updated_on(),
    );
    Mark::of(&[entry.name().as_bytes(), texts.as_bytes(), rest.as_bytes()])
}

/// The same of a packed row. One that cannot be read is like no other.
pub(super) fn digest_of_packed(id: LeadId, packed: &[u8]) -> Mark {
    Row::unpack(id, packed).map_or_else(|_| Mark::of(&[packed]), |row| digest_of(&row))
}

/// What is wrong with what the index says of a lead.
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
    /// Those that hold its row.
    packs: BTreeMap<LeadId, Item>,
    folded: Folded,
}

/// What segments have of a lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Folded {
    Nothing,
    Row(Mark),
    /// The segment that would have it is lost.
    Lost,
}

/// What lists take for true.
enum Says<'s> {
    Nothing,
    Gone,
    Packed(&'s [u8]),
    Folded(Mark),
    Lost,
}

fn bytes<'i>(item: &'i Item, name: &str) -> Option<&'i [u8]> {
    item.get(name).and_then(|value| value.as_b().ok()).map(AsRef::as_ref)
}

fn rows_of(pack: &Item) -> Vec<(LeadId, &[u8])> {
    bytes(pack, PACK).and_then(|pack| unpack_all(pack).ok()).unwrap_or_default()
}

impl RowState {
    fn packed(&self) -> impl Iterator<Item = &[u8]> {
        let rows = self.packs.values().flat_map(rows_of);
        rows.filter(|(id, _)| *id == self.id).map(|(_, row)| row)
    }

    fn says(&self) -> Says<'_> {
        match (self.own.as_ref().map(|own| bytes(own, ROW)), self.packed().next(), self.folded) {
            (Some(Some(row)), ..) => Says::Packed(row),
            (Some(None), ..) | (None, Some([]), _) => Says::Gone,
            (None, Some(row), _) => Says::Packed(row),
            (None, None, Folded::Row(mark)) => Says::Folded(mark),
            (None, None, Folded::Lost) => Says::Lost,
            (None, None, Folded::Nothing) => Says::Nothing,
        }
    }

    /// Lists take its row from two places.
    fn is_twice(&self) -> bool {
        let packed = self.packed().filter(|row| !row.is_empty()).count();
        match &self.own {
            Some(own) => packed > 0 && own.contains_key(ROW) && !own.contains_key(OVER),
            None => packed > 1,
        }
    }

    /// What is wrong, if anything is.
    pub(crate) fn fault(&self) -> Option<RowFault> {
        let says = self.says();
        let Some(lead) = &self.lead else {
            return matches!(says, Says::Packed(_) | Says::Folded(_)).then_some(RowFault::Orphaned);
        };
        let differs = |mark| (mark != digest_of(&Row::of(lead))).then_some(RowFault::Differs);
        match says {
            _ if self.is_twice() => Some(RowFault::Twice),
            Says::Lost => None, // the segment is what is wrong
            Says::Gone => Some(RowFault::Missing),
            Says::Nothing if lead.import.is_some() && lead.version == 1 && !lead.worked_on => {
                Some(RowFault::Unlisted)
            }
            Says::Nothing => Some(RowFault::Missing),
            Says::Folded(mark) => differs(mark),
            Says::Packed(row) => match Row::unpack(self.id, row) {
                Err(IndexError::Format | IndexError::Damaged(_)) => Some(RowFault::Unreadable),
                Ok(row) => differs(digest_of(&row)),
            },
        }
    }

    /// What makes it right, on the condition that it is still as it was read: a row of its own, which lies over all else.
    fn mended(&self) -> Result<Transaction, StoreError> {
        let mut it = Transaction::default();
        let mut item = Key::row(self.org, self.id).into_item();
        match &self.lead {
            None => it.require_that(Key::lead(self.org, self.id), absent()),
            Some(lead) => {
                it.require_that(Key::lead(self.org, self.id), unchanged(lead.version));
                item.insert(ROW.to_owned(), AttributeValue::B(Row::of(lead).pack()?.into()));
                if lead.import.is_some() || !self.packs.is_empty() {
                    item.insert(OVER.to_owned(), AttributeValue::Bool(true));
                }
            }
        }
        it.put_if(item, self.own_unchanged());
        Ok(it)
    }

    fn own_unchanged(&self) -> Condition {
        match self.own.as_ref().map(|own| own.get(ROW)) {
            None => absent(),
            Some(None) => ("attribute_exists(PK) AND attribute_not_exists(r)", Vec::new()),
            Some(Some(row)) => ("r = :was", vec![(":was", row.clone())]),
        }
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
        at.extend(self.packs_near(org, id).await?);
        at.sort_unstable();
        at.dedup();
        let keys = [Key::lead(org, id), Key::row(org, id), Key::manifest(org)].into_iter();
        let keys = keys.chain(at.iter().map(|at| Key::row(org, *at))).take(100).collect();
        let mut items = self.read_at_once(keys).await?.into_iter();
        let (lead, own, manifest) = (items.next().flatten(), items.next().flatten(), items.next().flatten());
        let manifest = manifest.map_or(Ok(Manifest::default()), decode)?;
        let holds = |item: &Item| rows_of(item).iter().any(|(of, _)| *of == id);
        let packs = at.into_iter().zip(items).filter_map(|(at, item)| Some((at, item?)));
        Ok(RowState {
            org,
            id,
            lead: lead.map(decode).transpose()?,
            own,
            packs: packs.filter(|(_, item)| holds(item)).collect(),
            folded: self.folded(org, id, &manifest).await?,
        })
    }

    /// What segments have of a lead.
    async fn folded(&self, org: OrgId, id: LeadId, manifest: &Manifest) -> Result<Folded, StoreError> {
        let of = manifest.segments.iter().find(|of| of.first <= id && id <= of.last);
        let Some(of) = of else { return Ok(Folded::Nothing) };
        let segment = match self.segment(org, of, Columns::all()).await {
            Ok(segment) => segment,
            Err(error) if error.is_lost_segment() => return Ok(Folded::Lost),
            Err(error) => return Err(error),
        };
        let Ok(columns) = segment.all_columns() else { return Ok(Folded::Lost) };
        let row = segment.rows_of([id]).ok().and_then(|rows| rows.rows().next());
        let entry = row.and_then(|row| columns.entry(row));
        Ok(entry.map_or(Folded::Nothing, |entry| Folded::Row(digest_of(&entry))))
    }

    /// The packs before a lead that hold its row, as far as they are near.
    async fn packs_near(&self, org: OrgId, id: LeadId) -> Result<Vec<LeadId>, StoreError> {
        let query = self.query_between(Key::row(org, id.first_of_its_time().before()), id.to_string());
        let page = query.scan_index_forward(false).limit(NEAR).send().await?;
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

    /// A segment read whole; none if it is lost.
    pub(crate) async fn read_segment(
        &self,
        org: OrgId,
        of: &SegmentRef,
    ) -> Result<Option<Segment>, StoreError> {
        match self.whole_segment(org, of).await {
            Ok(segment) if segment.all_columns().is_ok() => Ok(Some(segment)),
            Ok(_) => Ok(None),
            Err(error) if error.is_lost_segment() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Gives a lead that a lost segment had a row of its own, unless it has one; [`StoreError::Conflict`] if it changes
    /// meanwhile: then it has one too.
    pub(crate) async fn unfold(&self, org: OrgId, id: LeadId) -> Result<(), StoreError> {
        let state = self.row_state(org, id, &[]).await?;
        match (&state.lead, state.says()) {
            (Some(_), Says::Lost | Says::Nothing | Says::Folded(_)) => match self.mend_row(&state).await {
                Ok(()) | Err(StoreError::Conflict) => Ok(()),
                Err(error) => Err(error),
            },
            _ => Ok(()),
        }
    }

    /// Takes a segment that is lost out of the list index; [`StoreError::Conflict`] if others are named meanwhile.
    pub(crate) async fn forget_segment(
        &self,
        org: OrgId,
        of: &SegmentRef,
        now: chrono::DateTime<chrono::Utc>,
    ) -> Result<(), StoreError> {
        let Manifest { version, mut segments } = self.manifest(org).await?;
        segments.retain(|known| known != of);
        self.put_manifest(org, &Manifest { version: version + 1, segments }, now).await
    }
}
