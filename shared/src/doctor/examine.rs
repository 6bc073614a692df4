//! What differs, looked at again until it is sure.

use std::collections::{HashMap, HashSet};

use chrono::Duration;
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::census::{Census, EmailSuspect, RowSuspect};
use super::{AT_ONCE, Doctor, Finding, Report, Step};
use crate::domain::{ImportState, Lead, LeadId};
use crate::store::survey::{Fact, Item, Key, Mark, Need, RowFault, Tally, What};
use crate::store::{Chore, StoreError};

/// How long a chore may be due. Requests do them, so in a quiet organisation they wait for the next one.
const LONG: Duration = Duration::days(7);
/// How many of those that need the same thing are asked whether they still do.
const ENOUGH: usize = 5;
/// How often the table is read for an e-mail that is in use.
const READINGS: usize = 3;

/// What a second reading of the table is to tell.
#[derive(Debug)]
struct Wanted {
    missing: HashSet<Mark>,
    emails: Vec<EmailSuspect>,
    /// Leads that nothing counts.
    unlisted: HashSet<LeadId>,
}

/// What a second reading of the table tells of what differs.
#[derive(Debug, Default)]
struct Owners {
    /// Items that need what is missing.
    items: Vec<Key>,
    /// Addresses, and the leads that have them.
    addresses: HashMap<Mark, (Key, Vec<LeadId>)>,
}

/// Rows that were looked at again.
#[derive(Debug, Default)]
struct Rows {
    findings: Vec<Finding>,
    /// Leads of imports that are in no list, and should not be: nothing counts them.
    unlisted: HashMap<LeadId, Lead>,
}

impl Doctor<'_> {
    /// Compares all that must agree.
    pub async fn examine(&self, tell: &mut (dyn FnMut(Step) + Send)) -> Result<Report, StoreError> {
        let before = self.store.counters(self.org).await?;
        let (mut census, mut chores, now) = (Census::default(), Vec::new(), self.clock.now());
        self.read(tell, |fact| {
            if let What::Chore(chore) = &fact.what {
                chores.extend((now - chore.due() > LONG).then(|| chore.clone()));
            }
            let is_lead = matches!(fact.what, What::Lead(_));
            census.add(self.org, fact).map(|()| is_lead)
        })
        .await?;
        // After the rows, as lists do: what was folded meanwhile is in them.
        for of in self.store.manifest(self.org).await?.segments {
            let segment = self.store.read_segment(self.org, &of).await?;
            census.add_segment(of, segment.as_ref());
        }
        let suspects = census.compare();
        tell(Step::Checking(suspects.rows.len() + suspects.emails.len() + suspects.missing.len()));
        let mut report = Report { checked: census.checked, ..Report::default() };
        let unreadable = suspects.unreadable.into_iter();
        report.findings.extend(unreadable.map(|(kind, place)| Finding::unreadable(&kind, place)));
        for (of, leads) in suspects.segments {
            let named = self.store.manifest(self.org).await?.segments.contains(&of);
            if named && self.store.read_segment(self.org, &of).await?.is_none() {
                report.findings.push(Finding::segment(of, leads));
            }
        }
        for (at, leads) in suspects.packs {
            let still = self.store.unreadable_pack(self.org, at).await?;
            report.findings.extend(still.map(|_| Finding::pack(at, leads)));
        }
        let rows = self.rows(suspects.rows).await?;
        report.findings.extend(rows.findings);

        let after = self.store.counters(self.org).await?;
        let rows_agree = report.findings.is_empty();
        let counted = if after == before {
            let mut tally = census.tally.clone();
            rows.unlisted.values().for_each(|lead| tally.add(Some(lead), None));
            Some((after, tally))
        } else if rows_agree {
            self.store.counted(self.org).await?
        } else {
            None
        };
        let unlisted = rows.unlisted.into_keys().collect();
        drop(census);
        if !suspects.missing.is_empty() || !suspects.emails.is_empty() {
            let wanted = Wanted { missing: suspects.missing, emails: suspects.emails, unlisted };
            self.relations(tell, wanted, &mut report).await?;
        }
        report.findings.extend(chores.into_iter().map(|chore: Chore| {
            let days = (now - chore.due()).num_days();
            Finding::chore(chore, days)
        }));
        match counted {
            Some((counters, should)) => report.findings.extend(differing(&counters.tally()?, &should)),
            None => report.unsettled.push("counters"),
        }
        report.findings.sort_by_key(|finding| finding.kind);
        Ok(report)
    }

    /// Reads the whole table; `take` says whether it was a lead.
    async fn read(
        &self,
        tell: &mut (dyn FnMut(Step) + Send),
        mut take: impl FnMut(Fact) -> Result<bool, StoreError> + Send,
    ) -> Result<(), StoreError> {
        let (mut items, mut leads, mut start) = (0, 0, None);
        loop {
            let page = self.store.survey(self.org, start).await?;
            items += page.scanned;
            for fact in page.facts {
                leads += u64::from(take(fact)?);
            }
            tell(Step::Reading { items, leads });
            start = page.next;
            if start.is_none() {
                return Ok(());
            }
        }
    }

    async fn rows(&self, suspects: Vec<RowSuspect>) -> Result<Rows, StoreError> {
        let first = self.look_at(suspects).await?;
        let mut rows = Rows::default();
        let again = first.into_iter().filter_map(|(suspect, found)| match found {
            Looked::Unlisted(lead) => {
                rows.unlisted.insert(suspect.id, *lead);
                None
            }
            Looked::Finding(..) => Some(suspect),
        });
        let again: Vec<RowSuspect> = again.collect();
        if !again.is_empty() {
            tokio::time::sleep(self.pause).await;
        }
        for (suspect, found) in self.look_at(again).await? {
            match found {
                Looked::Unlisted(lead) => drop(rows.unlisted.insert(suspect.id, *lead)),
                Looked::Finding(finding, lead) => {
                    rows.unlisted.extend(lead.map(|lead| (suspect.id, *lead)));
                    rows.findings.push(*finding);
                }
            }
        }
        Ok(rows)
    }

    async fn look_at(&self, suspects: Vec<RowSuspect>) -> Result<Vec<(RowSuspect, Looked)>, StoreError> {
        let looked = stream::iter(suspects).map(|suspect| async move {
            let found = self.look_at_one(&suspect).await?;
            Ok::<_, StoreError>(found.map(|found| (suspect, found)))
        });
        let found: Vec<Option<_>> = looked.buffered(AT_ONCE).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn look_at_one(&self, suspect: &RowSuspect) -> Result<Option<Looked>, StoreError> {
        let state = self.store.row_state(self.org, suspect.id, &suspect.packs).await?;
        let finding =
            |fault| Looked::Finding(Box::new(Finding::row(suspect.id, suspect.packs.clone(), fault)), None);
        Ok(match (state.fault(), state.lead) {
            (None, _) => None,
            (Some(RowFault::Unlisted), Some(lead)) => Some(self.unlisted(suspect, lead).await?),
            (Some(fault), _) => Some(finding(fault)),
        })
    }

    /// A lead that an import wrote, and that is in no list: not yet, no longer, or never to be.
    async fn unlisted(&self, suspect: &RowSuspect, lead: Lead) -> Result<Looked, StoreError> {
        let import = match lead.import {
            Some(import) => self.store.find_import(self.org, import).await?,
            None => None,
        };
        if import.as_ref().is_some_and(|import| !import.state.is_over()) {
            return Ok(Looked::Unlisted(Box::new(lead)));
        }
        let known = match Key::email_of(&lead) {
            Some(key) => self.store.email_seen(&key).await?.known.last_lead == Some(lead.id),
            None => false,
        };
        let undone = import.is_some_and(|import| {
            matches!(import.state, ImportState::Undoing | ImportState::Undone | ImportState::Failed)
        });
        let (finding, uncounted) = if suspect.has_sibling && !known {
            (Finding::stray(lead.clone()), true)
        } else if undone && !known {
            (Finding::unclear(lead.id), true)
        } else {
            (Finding::row(lead.id, suspect.packs.clone(), RowFault::Missing), false)
        };
        Ok(Looked::Finding(Box::new(finding), uncounted.then(|| Box::new(lead))))
    }

    /// Who needs what is missing, and who has the addresses that are counted wrongly.
    async fn relations(
        &self,
        tell: &mut (dyn FnMut(Step) + Send),
        mut wanted: Wanted,
        report: &mut Report,
    ) -> Result<(), StoreError> {
        for _ in 0..READINGS {
            let owners = self.owners(tell, &wanted).await?;
            self.needs(owners.items, report).await?;
            wanted.missing.clear();
            wanted.emails = self.emails(owners.addresses, &wanted, report).await?;
            if wanted.emails.is_empty() {
                return Ok(());
            }
        }
        report.unsettled.push("e-mails");
        Ok(())
    }

    async fn owners(
        &self,
        tell: &mut (dyn FnMut(Step) + Send),
        wanted: &Wanted,
    ) -> Result<Owners, StoreError> {
        let addresses: HashSet<Mark> = wanted.emails.iter().map(|suspect| suspect.address).collect();
        let (mut owners, mut times) = (Owners::default(), HashMap::<Mark, usize>::new());
        self.read(tell, |fact| {
            let missing = fact.needs.iter().map(|need| need.mark(self.org));
            let needs = missing.filter(|mark| wanted.missing.contains(mark)).fold(false, |needs, mark| {
                let times = times.entry(mark).or_default();
                *times += 1;
                needs || *times <= ENOUGH
            });
            if let Some(address) = fact.address {
                let mark = Mark::key(&address);
                if addresses.contains(&mark) {
                    let (_, leads) = owners.addresses.entry(mark).or_insert_with(|| (address, Vec::new()));
                    if let What::Lead(lead) = &fact.what {
                        leads.push(lead.id);
                    }
                }
            }
            if needs {
                owners.items.push(fact.key);
            }
            Ok(matches!(fact.what, What::Lead(_)))
        })
        .await?;
        Ok(owners)
    }

    async fn needs(&self, owners: Vec<Key>, report: &mut Report) -> Result<(), StoreError> {
        let again = self.missing_of(owners).await?;
        let owners: Vec<Key> = again.into_iter().map(|(key, _)| key).collect();
        if !owners.is_empty() {
            tokio::time::sleep(self.pause).await;
        }
        let mut known = HashSet::new();
        for (key, missing) in self.missing_of(owners).await? {
            for (item, need) in missing {
                // What an import has written, and not made known yet, has its names last.
                let id = item.get("id").and_then(|id| id.as_s().ok()?.parse().ok());
                if let (Need::Name(..), Some(lead)) = (&need, id)
                    && !self.counts_for(lead).await?
                {
                    continue;
                }
                let once = match &need {
                    Need::OnLead(lead) => known.insert(Key::lead(self.org, *lead)),
                    Need::Name(name, _) => known.insert(name.clone()),
                    _ => true,
                };
                report.findings.extend(once.then(|| Finding::need(key.clone(), item, need)));
            }
        }
        Ok(())
    }

    async fn missing_of(&self, keys: Vec<Key>) -> Result<Vec<(Key, Missing)>, StoreError> {
        let looked = stream::iter(keys).map(|key| async move {
            let missing = self.store.missing_of(self.org, &key).await?;
            Ok::<_, StoreError>((key, missing))
        });
        let found: Vec<(Key, Missing)> = looked.buffered(AT_ONCE).try_collect().await?;
        Ok(found.into_iter().filter(|(_, missing)| !missing.is_empty()).collect())
    }

    /// What is sure of addresses whose item has not changed since before the table was read for them: then no lead has
    /// got or lost them meanwhile. Those that did change are given back.
    async fn emails(
        &self,
        addresses: HashMap<Mark, (Key, Vec<LeadId>)>,
        wanted: &Wanted,
        report: &mut Report,
    ) -> Result<Vec<EmailSuspect>, StoreError> {
        let states: HashMap<Mark, Option<Mark>> =
            wanted.emails.iter().map(|suspect| (suspect.address, suspect.state)).collect();
        let mut again = Vec::new();
        for (address, (key, leads)) in addresses {
            let mut having = Vec::new();
            for lead in leads {
                if !wanted.unlisted.contains(&lead) && self.counts_for(lead).await? {
                    having.push(lead);
                }
            }
            let seen = self.store.email_seen(&key).await?;
            if states.get(&address) != Some(&seen.state) {
                again.push(EmailSuspect { address, state: seen.state });
                continue;
            }
            let is = i64::try_from(having.len()).unwrap_or(i64::MAX);
            let last =
                seen.known.last_lead.filter(|last| having.contains(last)).or(having.iter().max().copied());
            if seen.known.leads != is || (is > 0 && seen.known.last_lead.is_none()) {
                report.findings.push(Finding::email(key, seen, is, last));
            }
        }
        Ok(again)
    }

    /// A lead is known, so that its e-mail counts.
    async fn counts_for(&self, lead: LeadId) -> Result<bool, StoreError> {
        let state = self.store.row_state(self.org, lead, &[]).await?;
        let (fault, Some(lead)) = (state.fault(), state.lead) else { return Ok(false) };
        if fault != Some(RowFault::Unlisted) {
            return Ok(true);
        }
        let suspect = RowSuspect { id: lead.id, packs: Vec::new(), has_sibling: false };
        Ok(match self.unlisted(&suspect, lead).await? {
            Looked::Unlisted(_) | Looked::Finding(_, Some(_)) => false,
            Looked::Finding(_, None) => true,
        })
    }
}

/// What an item needs and is not there, with the item as it was read.
type Missing = Vec<(Item, Need)>;

/// A lead or row that was looked at again and is not as it should be.
enum Looked {
    /// It may be well so.
    Unlisted(Box<Lead>),
    /// With the lead, if nothing counts it.
    Finding(Box<Finding>, Option<Box<Lead>>),
}

fn differing(is: &Tally, should: &Tally) -> Vec<Finding> {
    let differing = is.differing_from(should).into_iter();
    differing.map(|it| Finding::counter(it.of, it.is, it.should)).collect()
}
