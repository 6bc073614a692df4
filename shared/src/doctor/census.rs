//! What is remembered of each item while the table is read, and what does not agree in it.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde::Serialize;

use crate::domain::{LeadId, OrgId};
use crate::index::segment::Segment;
use crate::index::{Entry as _, Row};
use crate::store::StoreError;
use crate::store::survey::{Fact, Mark, SegmentRef, Tally, What, digest_of};

/// Most leads of a pack that is mended; imports make smaller ones.
const MOST_IN_PACK: usize = 98;

/// How many things were compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Checked {
    pub leads: u64,
    /// Of the list index, those that lie over others too: in the table, in packs and in segments.
    pub rows: u64,
    pub segments: u64,
    pub emails: u64,
    pub contacts: u64,
    pub companies: u64,
    pub accounts: u64,
    pub comments: u64,
    pub attachments: u64,
    pub events: u64,
    pub chores: u64,
}

#[derive(Debug)]
struct Lead {
    id: LeadId,
    row: Mark,
    imported: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A row of its own, that may lie over one in a pack.
    Own { over: bool },
    /// A row of its own that says that the lead is gone.
    Gone,
    /// In the pack of this number.
    Packed(u32),
    /// In a segment.
    Folded,
}

#[derive(Debug)]
struct IndexRow {
    id: LeadId,
    row: Option<Mark>,
    kind: Kind,
}

#[derive(Debug)]
struct EmailItem {
    address: Mark,
    leads: i64,
    has_last: bool,
    state: Option<Mark>,
}

/// What was seen. About 130 bytes a lead.
#[derive(Debug, Default)]
pub(super) struct Census {
    leads: Vec<Lead>,
    rows: Vec<IndexRow>,
    packs: Vec<LeadId>,
    /// The address of each lead that has one.
    addresses: Vec<Mark>,
    emails: Vec<EmailItem>,
    gives: Vec<Mark>,
    needs: HashSet<Mark>,
    unreadable_packs: Vec<LeadId>,
    lost_segments: Vec<SegmentRef>,
    unreadable: Vec<(String, String)>,
    pub(super) tally: Tally,
    pub(super) checked: Checked,
}

/// A lead whose row, or a row whose lead, seems not to agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RowSuspect {
    pub(super) id: LeadId,
    pub(super) packs: Vec<LeadId>,
    /// The same row of the same import made another lead.
    pub(super) has_sibling: bool,
}

/// An address that seems to belong to another number of leads; `state` is that of its item, if there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EmailSuspect {
    pub(super) address: Mark,
    pub(super) state: Option<Mark>,
}

/// What seems not to agree. On a table in use that need not mean anything.
#[derive(Debug, Default)]
pub(super) struct Suspects {
    pub(super) rows: Vec<RowSuspect>,
    pub(super) emails: Vec<EmailSuspect>,
    pub(super) missing: HashSet<Mark>,
    /// Segments that are lost, each with the leads that it may have held.
    pub(super) segments: Vec<(SegmentRef, Vec<LeadId>)>,
    /// Packs that cannot be read, each with the leads that it may have held.
    pub(super) packs: Vec<(LeadId, Vec<LeadId>)>,
    /// Kind and place of items that cannot be read at all.
    pub(super) unreadable: Vec<(String, String)>,
}

impl Census {
    /// Takes in one item.
    pub(super) fn add(&mut self, org: OrgId, fact: Fact) -> Result<(), StoreError> {
        self.gives.extend(fact.gives);
        self.needs.extend(fact.needs.iter().map(|need| need.mark(org)));
        match fact.what {
            What::Lead(lead) => {
                self.checked.leads += 1;
                self.tally.add(None, Some(&lead));
                self.addresses.extend(fact.address.as_ref().map(Mark::key));
                let row = digest_of(&Row::of(&lead));
                self.leads.push(Lead { id: lead.id, row, imported: lead.import.is_some() });
            }
            What::Row { lead, packed, over } => {
                let kind = if packed.is_none() { Kind::Gone } else { Kind::Own { over } };
                self.checked.rows += u64::from(packed.is_some());
                self.rows.push(IndexRow { id: lead, row: packed, kind });
            }
            What::Pack { at, rows: Ok(rows) } => {
                let number = u32::try_from(self.packs.len()).unwrap_or(u32::MAX);
                self.packs.push(at);
                self.checked.rows += rows.len() as u64;
                let rows = rows.into_iter();
                self.rows.extend(rows.map(|(id, row)| IndexRow { id, row, kind: Kind::Packed(number) }));
            }
            What::Pack { at, rows: Err(_) } => self.unreadable_packs.push(at),
            What::Email(seen) => {
                self.checked.emails += 1;
                self.emails.push(EmailItem {
                    address: seen.address,
                    leads: seen.known.leads,
                    has_last: seen.known.last_lead.is_some(),
                    state: seen.state,
                });
            }
            What::Chore(_) => self.checked.chores += 1,
            What::Other(kind) => self.count(&kind),
            What::Unreadable(kind) => self.unreadable.push((kind, fact.key.place())),
        }
        Ok(())
    }

    /// Takes in a segment; one that is lost has no entries.
    pub(super) fn add_segment(&mut self, of: SegmentRef, segment: Option<&Segment>) {
        let columns = segment.and_then(|segment| segment.all_columns().ok());
        let (Some(segment), Some(columns)) = (segment, columns) else {
            self.lost_segments.push(of);
            return;
        };
        self.checked.segments += 1;
        for entry in (0..segment.rows()).filter_map(|row| columns.entry(row)) {
            self.checked.rows += 1;
            let (id, row) = (entry.id(), Some(digest_of(&entry)));
            self.rows.push(IndexRow { id, row, kind: Kind::Folded });
        }
    }

    fn count(&mut self, kind: &str) {
        let Checked { contacts, companies, accounts, comments, attachments, events, .. } = &mut self.checked;
        let counted = match kind {
            "contact" => contacts,
            "company" => companies,
            "account" => accounts,
            "comment" => comments,
            "attachment" => attachments,
            "event" => events,
            _ => return,
        };
        *counted += 1;
    }

    /// What seems not to agree.
    pub(super) fn compare(&mut self) -> Suspects {
        self.checked.companies /= 2; // each stands under two keys
        self.checked.accounts /= 2;
        self.gives.sort_unstable();
        let missing = self.needs.iter().filter(|mark| self.gives.binary_search(mark).is_err());
        let missing = missing.copied().collect();
        let rows = self.compare_rows();
        Suspects {
            missing,
            emails: self.compare_emails(),
            packs: self.lost_with_packs(&rows),
            segments: self.lost_with_segments(&rows),
            rows,
            unreadable: std::mem::take(&mut self.unreadable),
        }
    }

    fn compare_rows(&mut self) -> Vec<RowSuspect> {
        self.leads.sort_unstable_by_key(|lead| lead.id);
        self.rows.sort_unstable_by_key(|row| row.id);
        let mut suspects = Vec::new();
        let (mut leads, mut rows) = (self.leads.as_slice(), self.rows.as_slice());
        let mut siblings = BTreeSet::new();
        while let Some(id) =
            leads.first().map(|lead| lead.id).into_iter().chain(rows.first().map(|row| row.id)).min()
        {
            let lead = leads.first().filter(|lead| lead.id == id);
            leads = leads.get(usize::from(lead.is_some())..).unwrap_or_default();
            let (these, rest) = rows.split_at(rows.iter().take_while(|row| row.id == id).count());
            rows = rest;
            if !agree(lead, these) {
                let pack = |row: &IndexRow| match row.kind {
                    Kind::Packed(number) => self.packs.get(usize::try_from(number).ok()?).copied(),
                    Kind::Own { .. } | Kind::Gone | Kind::Folded => None,
                };
                suspects.push(RowSuspect {
                    id,
                    packs: these.iter().filter_map(pack).collect(),
                    has_sibling: false,
                });
                siblings.insert(id.of_row());
            }
        }
        if !siblings.is_empty() {
            let mut known: HashMap<u128, LeadId> = HashMap::new();
            let rows = self.rows.iter().map(|row| row.id);
            known.extend(rows.filter(|id| siblings.contains(&id.of_row())).map(|id| (id.of_row(), id)));
            for suspect in &mut suspects {
                suspect.has_sibling = known.get(&suspect.id.of_row()).is_some_and(|id| *id != suspect.id);
            }
        }
        suspects
    }

    /// The segments that are lost, with the leads that are nowhere else. Of two that one row may have made neither is taken.
    fn lost_with_segments(&mut self, suspects: &[RowSuspect]) -> Vec<(SegmentRef, Vec<LeadId>)> {
        let held = |of: &SegmentRef| {
            let from = suspects.partition_point(|suspect| suspect.id < of.first);
            let these = suspects.get(from..).unwrap_or_default().iter();
            let these =
                these.take_while(|suspect| suspect.id <= of.last).filter(|suspect| !suspect.has_sibling);
            let ids: Vec<LeadId> = these.map(|suspect| suspect.id).collect();
            let mut times = HashMap::<u128, usize>::new();
            ids.iter().for_each(|id| *times.entry(id.of_row()).or_default() += 1);
            ids.into_iter().filter(|id| times.get(&id.of_row()) == Some(&1)).collect()
        };
        std::mem::take(&mut self.lost_segments).into_iter().map(|of| (of.clone(), held(&of))).collect()
    }

    /// The packs that cannot be read, with the leads of imports that come after each and are in no pack. Of two that one
    /// row may have made neither is taken: one was written in vain.
    fn lost_with_packs(&mut self, suspects: &[RowSuspect]) -> Vec<(LeadId, Vec<LeadId>)> {
        let unreadable = std::mem::take(&mut self.unreadable_packs);
        self.packs.sort_unstable();
        let mut starts: Vec<LeadId> = self.packs.iter().chain(&unreadable).copied().collect();
        starts.sort_unstable();
        let imported = |id: LeadId| {
            let lead =
                self.leads.binary_search_by_key(&id, |lead| lead.id).ok().and_then(|at| self.leads.get(at));
            lead.is_some_and(|lead| lead.imported)
        };
        let held = |at: LeadId| {
            let end = starts.get(starts.partition_point(|start| *start <= at)).copied();
            let from = suspects.partition_point(|suspect| suspect.id <= at);
            let these = suspects.get(from..).unwrap_or_default().iter();
            let these = these.take_while(|suspect| end.is_none_or(|end| suspect.id < end));
            let these = these
                .filter(|suspect| suspect.packs.is_empty() && !suspect.has_sibling && imported(suspect.id));
            let ids: Vec<LeadId> = these.map(|suspect| suspect.id).take(MOST_IN_PACK).collect();
            let twice = |id: &LeadId| ids.iter().filter(|other| other.of_row() == id.of_row()).count() > 1;
            ids.iter().filter(|id| !twice(id)).copied().collect()
        };
        unreadable.into_iter().map(|at| (at, held(at))).collect()
    }

    fn compare_emails(&mut self) -> Vec<EmailSuspect> {
        self.addresses.sort_unstable();
        self.emails.sort_unstable_by_key(|email| email.address);
        let (mut addresses, mut emails) = (self.addresses.as_slice(), self.emails.as_slice());
        let mut suspects = Vec::new();
        while let Some(address) =
            addresses.first().copied().into_iter().chain(emails.first().map(|email| email.address)).min()
        {
            let (these, rest) = addresses.split_at(addresses.iter().take_while(|it| **it == address).count());
            addresses = rest;
            let item = emails.first().filter(|email| email.address == address);
            emails = emails.get(usize::from(item.is_some())..).unwrap_or_default();
            let leads = item.map_or(0, |item| item.leads);
            let has_last = leads == 0 || item.is_some_and(|item| item.has_last);
            if i64::try_from(these.len()).ok() != Some(leads) || !has_last {
                suspects.push(EmailSuspect { address, state: item.and_then(|item| item.state) });
            }
        }
        suspects
    }
}

/// A lead and what lists take for it say the same: its own row, else what a pack says, else a segment.
fn agree(lead: Option<&Lead>, rows: &[IndexRow]) -> bool {
    let (mut own, mut folded) = (None, None);
    let mut packed: Vec<Option<Mark>> = Vec::new();
    for row in rows {
        match row.kind {
            Kind::Own { over } => own = Some((row.row, over)),
            Kind::Gone => own = Some((None, true)),
            Kind::Packed(_) => packed.push(row.row),
            Kind::Folded => folded = row.row,
        }
    }
    let shown = packed.iter().flatten().count();
    let twice = own.map_or(shown > 1, |(_, over)| shown > 0 && !over);
    let said = match (own, packed.first()) {
        (Some((own, _)), _) => own,
        (None, Some(packed)) => *packed,
        (None, None) => folded,
    };
    said == lead.map(|lead| lead.row) && !(twice && lead.is_some())
}
