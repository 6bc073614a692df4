//! Rows put together to a group: as many as one transaction has room for.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::{Fail, Judged, Ready, Run};
use crate::domain::{Door, FieldErrors, Import, Lead, LeadDetails, LeadId, OnDuplicate, OrgId, RowCounts};
use crate::index::Row;
use crate::store::duplicates::{There, changed};
use crate::store::imports::UpdatedRow;
use crate::store::item::{Item, encode};
use crate::store::keys::Key;
use crate::store::rules::Turn;
use crate::store::surroundings::Surroundings;
use crate::store::tally::Tally;
use crate::store::transaction::{Transaction, unchanged};
use crate::store::{Store, StoreError};

/// Most writes of a group beside those that every group has: a transaction takes 100.
const MOST_WRITES: usize = 94;
/// Most bytes of a group's packed rows: the item is billed by the kilobyte, and may have 400.
const MOST_BYTES: usize = 200_000;
/// Bytes of a transaction after which no more goes in; it takes 4 MB, and what a row adds is well under one.
const ENOUGH_BYTES: usize = 3_000_000;
/// Most users whose open leads a group counts: they are named in one expression, which may have 4 KB.
const MOST_USERS: usize = 150;

/// What a row makes of the lead that has its e-mail, or why it may not.
type Changes = Result<LeadDetails, FieldErrors>;

/// A group that is put together.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) transaction: Transaction,
    /// Rows of the window that it takes in.
    pub(super) taken: usize,
    pub(super) counts: RowCounts,
    pub(super) leads: Vec<(LeadId, Item)>,
    pub(super) rows: Vec<(LeadId, Vec<u8>)>,
    bytes: usize,
    pub(super) tally: Tally,
    pub(super) emails: BTreeMap<Key, (i64, LeadId)>,
}

impl Run<'_> {
    pub(super) async fn gather(
        &mut self,
        window: &mut [Judged],
        now: DateTime<Utc>,
        fail: &Fail<'_>,
    ) -> Result<Group, StoreError> {
        let ready = || window.iter().filter_map(Judged::ready);
        let there = match self.import.options.on_duplicate {
            OnDuplicate::Create => There::default(),
            OnDuplicate::Skip => self.store.there(self.import, ready(), false).await?,
            OnDuplicate::Update => self.store.there(self.import, ready(), true).await?,
        };
        let changes: HashMap<u32, Changes> = ready()
            .filter_map(|ready| {
                let was = there.leads.get(&Key::email(self.import.org, ready.email.as_ref()?))?;
                Some((ready.row, changed(ready, was, self.caller.as_ref())))
            })
            .collect();
        let details = ready().map(|ready| changes.get(&ready.row).unwrap_or(&ready.details));
        self.store.learn(self.import, &mut self.known, details.filter_map(|it| it.as_ref().ok())).await?;
        self.assign(window, &there).await?;
        let mut group = Group::default();
        for row in window.iter() {
            match row {
                Judged::Failed => group.counts.failed += 1,
                Judged::Skipped => group.counts.skipped += 1,
                Judged::Late => {}
                Judged::Ready(ready) => {
                    let is_stale = ready
                        .email
                        .as_ref()
                        .is_some_and(|email| there.stale.contains(&Key::email(self.import.org, email)));
                    let most = self.most_writes(changes.get(&ready.row).unwrap_or(&ready.details));
                    let most = most + usize::from(is_stale);
                    if !group.has_room(most, self.import.org, ready) {
                        break;
                    }
                    self.take(ready, &there, &changes, &mut group, now, fail)?;
                }
            }
            group.taken += 1;
        }
        Ok(group)
    }

    /// Asks the rules about rows that become leads and name nobody, each once: a turn is taken only once.
    async fn assign(&self, window: &mut [Judged], there: &There) -> Result<(), StoreError> {
        let org = self.import.org;
        let mut asking: Vec<&mut Ready> = window
            .iter_mut()
            .filter_map(|row| match row {
                Judged::Ready(ready) => Some(ready.as_mut()),
                Judged::Failed | Judged::Skipped | Judged::Late => None,
            })
            .filter(|ready| ready.chosen.is_none() && !self.rules.is_empty())
            .filter(|ready| ready.details.as_ref().is_ok_and(|details| details.assigned_to.is_empty()))
            .filter(|ready| {
                !ready.email.as_ref().is_some_and(|email| there.emails.contains(&Key::email(org, email)))
            })
            .collect();
        let details: Vec<&LeadDetails> =
            asking.iter().filter_map(|ready| ready.details.as_ref().ok()).collect();
        let chosen = self.store.assign_all(org, &self.rules, &details, Door::Import, Turn::Take).await?;
        for (ready, chosen) in asking.iter_mut().zip(chosen) {
            ready.chosen = Some(chosen.map(|chosen| chosen.assigned_to).unwrap_or_default());
        }
        Ok(())
    }

    /// How many writes a row takes at most.
    fn most_writes(&self, details: &Changes) -> usize {
        let names = details.as_ref().map_or(0, |details| self.known.unknown(self.import.org, details));
        names + if self.import.options.on_duplicate == OnDuplicate::Update { 6 } else { 1 }
    }

    fn take(
        &mut self,
        ready: &Ready,
        there: &There,
        changes: &HashMap<u32, Changes>,
        group: &mut Group,
        now: DateTime<Utc>,
        fail: &Fail<'_>,
    ) -> Result<(), StoreError> {
        let key = ready.email.as_ref().map(|email| Key::email(self.import.org, email));
        let is_there = key.as_ref().is_some_and(|key| there.emails.contains(key));
        let result = match self.import.options.on_duplicate {
            OnDuplicate::Skip if is_there => {
                group.counts.skipped += 1;
                return Ok(());
            }
            OnDuplicate::Update if is_there => {
                match (key.as_ref().and_then(|key| there.leads.get(key)), changes.get(&ready.row)) {
                    (Some(was), Some(Ok(details))) => {
                        self.change(ready, was, details.clone(), group, now)?;
                        if let Some(key) = key.filter(|key| there.stale.contains(key)) {
                            group.transaction.count_emails(key, 0, was.id, false, now);
                        }
                        Ok(())
                    }
                    (Some(_), Some(Err(errors))) => Err(errors.clone()),
                    (None, _) | (_, None) => {
                        return Err(StoreError::Unavailable("a lead went while its row was loaded".into()));
                    }
                }
            }
            OnDuplicate::Skip | OnDuplicate::Create | OnDuplicate::Update => {
                self.open(ready, key, group, now)?
            }
        };
        if let Err(errors) = result {
            group.transaction.put_failed_row(self.import, &fail(ready.row, &errors), now)?;
            group.counts.failed += 1;
        }
        Ok(())
    }

    /// The row becomes a lead.
    fn open(
        &mut self,
        ready: &Ready,
        email: Option<Key>,
        group: &mut Group,
        now: DateTime<Utc>,
    ) -> Result<Result<(), FieldErrors>, StoreError> {
        let details = match &ready.details {
            Ok(details) => details.clone(),
            Err(errors) => return Ok(Err(errors.clone())),
        };
        let import = self.import;
        let id = import.lead_id(ready.row, self.attempt());
        let mut lead = Lead::open(id, import.org, details, import.created_by.clone(), import.began_on());
        lead.import = Some(import.id);
        if let Some(chosen) = ready.chosen.as_ref().filter(|_| lead.details.assigned_to.is_empty()) {
            lead.details.assigned_to.clone_from(chosen);
        }
        self.known.settle(&mut lead, None, self.ids.company(), &mut group.transaction)?;
        let row = Row::of(&lead).pack()?;
        group.bytes += row.len() + 24;
        group.rows.push((id, row));
        group.tally.add(None, Some(&lead));
        group.leads.push((id, encode(Key::lead(lead.org, id), &lead, now)?));
        group.counts.imported += 1;
        if let Some(email) = email {
            let known = group.emails.entry(email).or_insert((0, id));
            *known = (known.0 + 1, id);
        }
        Ok(Ok(()))
    }

    /// The row changes a lead.
    fn change(
        &mut self,
        ready: &Ready,
        was: &Lead,
        details: LeadDetails,
        group: &mut Group,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        group.counts.updated += 1;
        let mut lead = was.changed(details, now);
        self.known.settle(&mut lead, Some(was), self.ids.company(), &mut group.transaction)?;
        if lead.details == was.details {
            return Ok(());
        }
        let transaction = &mut group.transaction;
        transaction.put_if(encode(Key::lead(lead.org, lead.id), &lead, now)?, unchanged(was.version));
        transaction.put_row(&lead)?;
        transaction.put_event(was, &lead, self.import.created_by.clone(), Door::Import)?;
        let updated = UpdatedRow { row: ready.row, lead: lead.id, version: lead.version };
        transaction.put_updated_row(self.import, &updated, now)?;
        group.tally.add(Some(was), Some(&lead));
        group
            .emails
            .entry(Key::email(lead.org, ready.email.as_deref().unwrap_or_default()))
            .or_insert((0, lead.id));
        Ok(())
    }
}

impl Group {
    /// One row more goes in, of at most so many writes.
    fn has_room(&self, writes: usize, org: OrgId, ready: &Ready) -> bool {
        let twice =
            ready.email.as_ref().is_some_and(|email| self.emails.contains_key(&Key::email(org, email)));
        let all = self.transaction.len() + self.emails.len() + writes;
        self.taken == 0
            || (all <= MOST_WRITES
                && self.bytes < MOST_BYTES
                && self.transaction.bytes() < ENOUGH_BYTES
                && self.tally.users() < MOST_USERS
                && !twice)
    }
}

impl Store {
    /// Reads the names and companies that leads refer to and that are not known.
    async fn learn(
        &self,
        import: &Import,
        known: &mut Surroundings,
        leads: impl Iterator<Item = &LeadDetails>,
    ) -> Result<(), StoreError> {
        let keys: HashSet<Key> = leads.flat_map(|details| Surroundings::names(import.org, details)).collect();
        let keys = keys.into_iter().filter(|key| !known.asked(key)).collect::<Vec<_>>();
        let found = self.read_all(keys.clone()).await?;
        known.learn(keys, found);
        Ok(())
    }
}
