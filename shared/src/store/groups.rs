//! Rows of an import, written in groups.
//!
//! A group's new leads go first, each under an id that only this run over this piece of the file would give it: nobody
//! knows them yet. Then one transaction makes them known (rows of the list index, e-mails, counters) and moves the piece's
//! progress on, if that is still where the run found it. What was written in vain is taken away at the end of the piece;
//! of a run that was killed the next one does it. If the same rows are to be written once more, or the table failed, the
//! run goes on under a new number, since what it sent may still be on its way. So a row is a lead exactly once, for half
//! of what leads in transactions cost.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};

use super::change::{Change, number};
use super::duplicates::{There, changed};
use super::imports::{ChunkProgress, FailedRow, UpdatedRow};
use super::item::{Item, encode};
use super::keys::{Key, SHARDS};
use super::row::Row;
use super::rules::Turn;
use super::surroundings::Surroundings;
use super::tally::Tally;
use super::transaction::{Refused, Transaction, unchanged};
use super::{Store, StoreError};
use crate::aws::backoff;
use crate::domain::{
    Caller, Door, FieldErrors, Fields, Ids, Import, Lead, LeadDetails, LeadId, OnDuplicate, RowCounts, Rules,
    UserId,
};

/// Most writes of a group beside those that every group has: a transaction takes 100.
const MOST_WRITES: usize = 94;
/// Most bytes of a group's packed rows: the item is billed by the kilobyte, and may have 400.
const MOST_BYTES: usize = 200_000;
/// Bytes of a transaction after which no more goes in; it takes 4 MB, and what a row adds is well under one.
const ENOUGH_BYTES: usize = 3_000_000;
/// Most users whose open leads a group counts: they are named in one expression, which may have 4 KB.
const MOST_USERS: usize = 150;
/// How often a group is written anew because what it refers to changed.
const ATTEMPTS: u32 = 10;

/// What a row makes of the lead that has its e-mail, or why it may not.
type Changes = Result<LeadDetails, FieldErrors>;

/// Says what is wrong with the row of that number.
pub type Fail<'f> = dyn Fn(u32, &FieldErrors) -> FailedRow + Sync + 'f;

/// A row of the file, as the import has judged it.
#[derive(Debug)]
pub enum Judged {
    /// It is to become a lead, or to change one.
    Ready(Box<Ready>),
    /// It fails; why is known elsewhere.
    Failed,
    /// The file has its e-mail before.
    Skipped,
    /// It comes later, in another piece.
    Late,
}

/// A row that can be loaded.
#[derive(Debug)]
pub struct Ready {
    pub row: u32,
    /// What the row says, for a lead that it changes.
    pub fields: Fields,
    /// A new lead of the row. Where the import changes leads, a row may be good for that only.
    pub details: Result<LeadDetails, FieldErrors>,
    /// The e-mail, folded.
    pub email: Option<String>,
    /// Whom the rules chose; none: not asked yet.
    pub chosen: Option<Vec<UserId>>,
}

impl Ready {
    /// A row that fails after all.
    pub fn bad(row: u32, errors: FieldErrors) -> Self {
        Self { row, fields: Fields::default(), details: Err(errors), email: None, chosen: None }
    }
}

/// One run over a piece of an import's file.
#[derive(Debug)]
pub struct Run<'a> {
    pub store: &'a Store,
    pub ids: &'a Ids,
    pub import: &'a Import,
    /// The piece.
    pub number: u32,
    /// It comes after all others, and does not count among them.
    pub is_late: bool,
    /// The numbers of this run, the last the one that it has now.
    pub attempts: Vec<u32>,
    /// Rows of the piece of which it may have left leads behind, and under which number.
    pub strays: Vec<(u32, Range<u32>)>,
    /// Whose rights hold for leads that are changed; none: all may be.
    pub caller: Option<Caller>,
    /// Who gets leads that name nobody.
    pub rules: Rules,
    /// Names and companies that are known.
    pub known: Surroundings,
}

/// How far a piece is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reached {
    /// The rows before this one are done.
    pub next: u32,
    /// All are.
    pub done: bool,
}

impl Judged {
    fn ready(&self) -> Option<&Ready> {
        match self {
            Self::Ready(ready) => Some(ready),
            Self::Failed | Self::Skipped | Self::Late => None,
        }
    }
}

/// A group that is put together.
#[derive(Debug, Default)]
struct Group {
    transaction: Transaction,
    /// Rows of the window that it takes in.
    taken: usize,
    counts: RowCounts,
    leads: Vec<(LeadId, Item)>,
    rows: Vec<(LeadId, Vec<u8>)>,
    bytes: usize,
    tally: Tally,
    emails: BTreeMap<Key, (i64, LeadId)>,
}

impl Run<'_> {
    /// Writes rows from the start of the window, as many as go into one transaction. `from` is where the window begins
    /// within the piece, and `end` the piece's number of rows. How far the piece is then, whoever brought it there.
    /// `fail` words what is wrong with a row.
    pub async fn write(
        &mut self,
        window: &mut [Judged],
        from: u32,
        end: u32,
        now: DateTime<Utc>,
        fail: &Fail<'_>,
    ) -> Result<Reached, StoreError> {
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(backoff(attempt)).await;
            }
            let group = self.gather(window, now, fail).await?;
            let to = from + u32::try_from(group.taken).unwrap_or(u32::MAX);
            let (leads, transaction) = self.complete(group, from, to, to == end, now)?;
            self.strays.push((self.attempt(), from..to));
            self.store.put_all(leads).await?;
            match self.store.commit(transaction).await {
                Ok(()) => {
                    self.strays.pop();
                    return Ok(Reached { next: to, done: to == end });
                }
                Err(Refused::Condition) => {}
                Err(Refused::Store(error)) => return Err(error),
            }
            self.known = Surroundings::default(); // what was to be written is not known after all
            let progress = self.store.chunk(self.import, self.number).await?;
            if progress.next != from || progress.done {
                return Ok(Reached { next: progress.next, done: progress.done }); // another run was quicker
            }
            self.renew(now).await?; // not all of these rows may become leads again
        }
        Err(StoreError::Unavailable("what the rows refer to changed at each try".into()))
    }

    /// The number that this run has now.
    fn attempt(&self) -> u32 {
        self.attempts.last().copied().unwrap_or_default()
    }

    /// Goes on as a new run, after [`Run::write`] failed. How far the piece is.
    pub async fn renew(&mut self, now: DateTime<Utc>) -> Result<Reached, StoreError> {
        let (attempt, progress) = self.store.begin_chunk(self.import, self.number, now).await?;
        self.attempts.push(attempt);
        self.known = Surroundings::default(); // what was to be written is not known after all
        Ok(Reached { next: progress.next, done: progress.done })
    }

    /// Takes away the leads that this run, and others that were killed, wrote and did not make known. `rows` are the numbers
    /// of the piece's rows, all of which are done.
    pub async fn end(&self, rows: &[u32], now: DateTime<Utc>) -> Result<(), StoreError> {
        let progress = self.store.chunk(self.import, self.number).await?;
        let killed = progress.open.iter().filter(|attempt| !self.attempts.contains(attempt));
        let strays = killed.map(|attempt| (*attempt, 0..u32::MAX)).chain(self.strays.iter().cloned());
        for (attempt, of) in strays {
            let mut from = 0;
            for (to, by) in &progress.groups {
                let range = from.max(of.start)..(*to).min(of.end);
                let range =
                    usize::try_from(range.start).unwrap_or(0)..usize::try_from(range.end).unwrap_or(0);
                let lost = rows.get(range).filter(|_| *by != attempt).unwrap_or_default();
                let ids = lost.iter().map(|row| self.import.lead_id(*row, attempt)).collect();
                self.store.delete_leads(self.import, ids).await?;
                from = *to;
            }
        }
        // Others may still be at work, and say so themselves when they are not.
        self.store.end_attempts(self.import, self.number, &self.attempts, now).await
    }

    async fn gather(
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
        self.known.settle(&mut lead, None, self.ids.company(now), &mut group.transaction)?;
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
        self.known.settle(&mut lead, Some(was), self.ids.company(now), &mut group.transaction)?;
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

    /// The leads, and the transaction that makes them known and moves the piece's progress on.
    fn complete(
        &self,
        group: Group,
        from: u32,
        to: u32,
        is_last: bool,
        now: DateTime<Utc>,
    ) -> Result<(Vec<Item>, Transaction), StoreError> {
        let import = self.import;
        let mut transaction = group.transaction;
        let new_only = import.options.on_duplicate != OnDuplicate::Create;
        for (key, (leads, last)) in group.emails.into_iter().filter(|(_, (leads, _))| *leads > 0) {
            transaction.count_emails(key, leads, last, new_only, now);
        }
        transaction.put_pack(import.org, &group.rows)?;
        let shard = u8::try_from(self.number % u32::from(SHARDS)).unwrap_or_default();
        transaction.count_all(import.org, shard, &group.tally, now);
        let run = AttributeValue::L(vec![number(to), number(self.attempt())]);
        let mut progress = Change::of::<ChunkProgress>(now)
            .set("next", number(to))
            .set("done", AttributeValue::Bool(is_last))
            .append("groups", vec![run]);
        progress = match from {
            0 => progress.when_new("next", number(0_u32)),
            from => progress.when("next", number(from)),
        };
        let RowCounts { imported, failed, skipped, updated } = group.counts;
        for (name, n) in
            [("imported", imported), ("failed", failed), ("skipped", skipped), ("updated", updated)]
        {
            if n > 0 {
                progress = progress.add(name, number(n));
            }
        }
        transaction.change(Key::chunk(import.org, import.id, self.number), progress);
        if is_last && !self.is_late {
            let done = Change::of::<Import>(now).add("chunks_done", number(1_u32));
            transaction.change(Key::import(import.org, import.id), done);
        }
        Ok((group.leads.into_iter().map(|(_, item)| item).collect(), transaction))
    }
}

impl Group {
    /// One row more goes in, of at most so many writes.
    fn has_room(&self, writes: usize, org: crate::domain::OrgId, ready: &Ready) -> bool {
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
