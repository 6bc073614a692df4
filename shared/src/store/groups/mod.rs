//! Rows of an import, written in groups.
//!
//! A group's new leads go first, each under an id that only this run over this piece of the file would give it: nobody
//! knows them yet. Then one transaction makes them known (rows of the list index, e-mails, counters) and moves the piece's
//! progress on, if that is still where the run found it. What was written in vain is taken away at the end of the piece;
//! of a run that was killed the next one does it. If the same rows are to be written once more, or the table failed, the
//! run goes on under a new number, since what it sent may still be on its way. So a row is a lead exactly once, for half
//! of what leads in transactions cost.

mod gather;

use std::ops::Range;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};

use super::change::{Change, number};
use super::imports::{ChunkProgress, FailedRow};
use super::item::Item;
use super::keys::{Key, SHARDS};
use super::surroundings::Surroundings;
use super::transaction::{Refused, Transaction};
use super::{Store, StoreError};
use crate::aws::backoff;
use crate::domain::{
    Caller, FieldErrors, Fields, Ids, Import, LeadDetails, OnDuplicate, RowCounts, Rules, UserId,
};
use crate::telemetry::{self, Metric};
use gather::Group;

/// How often a group is written anew because what it refers to changed.
const ATTEMPTS: u32 = 10;

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
            let imported = u64::from(group.counts.imported);
            let (leads, transaction) = self.complete(group, from, to, to == end, now)?;
            self.strays.push((self.attempt(), from..to));
            self.store.put_all(leads).await?;
            match self.store.commit(transaction).await {
                Ok(()) => {
                    self.strays.pop();
                    telemetry::count(Metric::Imported, imported);
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
