//! An import taken back: the leads it made go, and what it changed is as before, except where somebody worked on it since.

use std::collections::HashSet;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::request::{HELD, REQUEST};
use super::{ImportError, Importer, MOST_ERRORS, Outcome, UNDO};
use crate::attachments::Attachments;
use crate::domain::{Import, ImportState, Lead, LeadId, Person, UndoCounts};
use crate::files::FilesError;
use crate::store::{OpenError, PackPlace, PackedLeads, StoreError, UpdatedRow, Updating};

/// How far an undo has got.
const STANDING: &str = "undo-standing.json";
/// What was left.
const LEFT: &str = "undo.json";
/// Leads that are restored between two looks at the clock.
const PAGE: usize = 25;
/// How often a lead that changes meanwhile is tried again.
const ATTEMPTS: usize = 8;

/// A lead that taking an import back did not touch, or not wholly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    pub id: LeadId,
    pub reason: String,
}

/// What became of a lead that the import had changed.
enum Restored {
    Wholly,
    /// The import had made it, too, and it is removed and counted.
    Removed,
    /// The import had made it, too, and it is left with those.
    Own,
    /// It is gone.
    Gone,
    Left(&'static str),
}

/// How far an undo has got. What is left is not looked at again by the next pass: it may be more than one pass can.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Standing {
    /// Rows that changed a lead are looked at from the last to the first: the next of them, none at the beginning.
    row: Option<u32>,
    /// There are no more of these.
    is_restored: bool,
    /// Where among the leads that the import made.
    place: Option<PackPlace>,
    left: Leftovers,
}

/// What was left so far.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Leftovers {
    count: u32,
    first: Vec<Left>,
    /// Leads that the import made: one whose row is folded meanwhile comes again.
    made: HashSet<LeadId>,
}

impl Leftovers {
    fn add(&mut self, id: LeadId, reason: &str) {
        self.count += 1;
        if self.first.len() < MOST_ERRORS {
            self.first.push(Left { id, reason: reason.to_owned() });
        }
    }
}

impl Importer<'_> {
    /// Takes an import back, as far as that goes in 20 seconds; the rest goes on by events. `Store(Conflict)` if it is
    /// not over.
    pub async fn undo(&self, import: Import, by: &Person) -> Result<Import, ImportError> {
        let until = Instant::now() + REQUEST;
        let import = match import.state {
            ImportState::Undone | ImportState::Undoing => import,
            _ => self.begin_undo(import, by).await?,
        };
        if import.state == ImportState::Undone {
            return Ok(import);
        }
        if !self.undo_until(&import, by, until).await? {
            self.store.let_go(&import, self.now()).await?;
            self.say(&import, UNDO).await?;
        }
        self.again(&import).await
    }

    /// The import as it is being taken back, by us or by whoever was quicker.
    async fn begin_undo(&self, import: Import, by: &Person) -> Result<Import, ImportError> {
        match self.store.begin_undo(&import, by, self.now() + HELD, self.now()).await {
            Ok(begun) => {
                self.say(&begun, UNDO).await?; // heard if the request is killed
                Ok(begun)
            }
            Err(StoreError::Conflict) => {
                let now = self.again(&import).await?;
                match now.state {
                    ImportState::Undoing | ImportState::Undone => Ok(now),
                    _ => Err(StoreError::Conflict.into()),
                }
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Goes on with an undo until then at the latest.
    pub(super) async fn go_on_undoing(
        &self,
        import: &Import,
        until: Instant,
    ) -> Result<Outcome, ImportError> {
        let (ImportState::Undoing, Some(by)) = (import.state, &import.undone_by) else {
            return Ok(Outcome::Done);
        };
        if import.is_held(self.now()) {
            return Ok(Outcome::Again);
        }
        if !self.undo_until(import, by, until).await? {
            self.say(import, UNDO).await?;
        }
        Ok(Outcome::Done)
    }

    /// Whether all is done.
    async fn undo_until(&self, import: &Import, by: &Person, until: Instant) -> Result<bool, ImportError> {
        let mut standing: Standing = self.kept(import, STANDING).await?.unwrap_or_default();
        let passed = self.pass(import, by, &mut standing, until).await;
        if !matches!(passed, Ok(true)) {
            self.keep_json(import, STANDING, &standing).await?;
            return passed;
        }
        let left = standing.left;
        self.keep_json(import, LEFT, &left.first).await?;
        self.store.release_content(import).await?;
        match self.store.end_undo(import, left.count, self.now()).await {
            Ok(_) | Err(StoreError::Conflict) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }

    async fn pass(
        &self,
        import: &Import,
        by: &Person,
        standing: &mut Standing,
        until: Instant,
    ) -> Result<bool, ImportError> {
        Ok(self.restore_all(import, by, standing, until).await?
            && self.remove_all(import, standing, until).await?)
    }

    /// The first leads that taking an import back left.
    pub async fn left(&self, import: &Import) -> Result<Vec<Left>, ImportError> {
        let UndoCounts { left, .. } = import.undo;
        if import.state != ImportState::Undone || left == 0 {
            return Ok(Vec::new());
        }
        Ok(self.kept(import, LEFT).await?.unwrap_or_default())
    }

    /// What an object beside the import's results says; none if it is not there.
    async fn kept<T: DeserializeOwned>(&self, import: &Import, name: &str) -> Result<Option<T>, ImportError> {
        let bytes = self.files.read(&import.result_object(name)).await?;
        let read = bytes.map(|bytes| serde_json::from_slice(&bytes)).transpose();
        Ok(read.map_err(|error| FilesError::Failed(error.into()))?)
    }

    async fn keep_json(
        &self,
        import: &Import,
        name: &str,
        value: &impl Serialize,
    ) -> Result<(), ImportError> {
        let bytes = serde_json::to_vec(value).map_err(|error| FilesError::Failed(error.into()))?;
        Ok(self.files.put_json(&import.result_object(name), bytes.into()).await?)
    }

    /// Gives back what the import overwrote, the last row first.
    async fn restore_all(
        &self,
        import: &Import,
        by: &Person,
        standing: &mut Standing,
        until: Instant,
    ) -> Result<bool, ImportError> {
        while !standing.is_restored {
            if Instant::now() >= until {
                return Ok(false);
            }
            let last = standing.row.unwrap_or(u32::MAX);
            let page = self.store.updated_rows(import.org, import.id, last, PAGE).await?;
            let mut left = Vec::new();
            for updated in &page {
                let undo = match self.restore(import, updated, by).await? {
                    Restored::Wholly => UndoCounts { restored: 1, ..UndoCounts::default() },
                    Restored::Gone => UndoCounts::default(),
                    Restored::Removed | Restored::Own => continue,
                    Restored::Left(reason) => {
                        left.push((updated.lead, reason));
                        continue;
                    }
                };
                self.store.end_updated_row(import, updated, undo, self.now()).await?;
            }
            left.into_iter().for_each(|(lead, reason)| standing.left.add(lead, reason));
            match page.last() {
                Some(last) if page.len() == PAGE && last.row > 0 => standing.row = Some(last.row - 1),
                Some(_) | None => standing.is_restored = true,
            }
        }
        Ok(true)
    }

    async fn restore(
        &self,
        import: &Import,
        updated: &UpdatedRow,
        by: &Person,
    ) -> Result<Restored, ImportError> {
        for _ in 0..ATTEMPTS {
            let Some(lead) = self.store.find_lead(import.org, updated.lead).await? else {
                return Ok(Restored::Gone);
            };
            if lead.import == Some(import.id) {
                return self.remove_own(import, lead, updated).await;
            }
            let event = self.store.find_event(import.org, updated.lead, updated.version).await?;
            let Some(event) = event.filter(|_| lead.conversion.is_none()) else {
                return Ok(Restored::Left("it was converted since"));
            };
            let (details, is_whole) = event.taken_back(&lead);
            let result = if is_whole { Restored::Wholly } else { Restored::Left("it was changed since") };
            if details == lead.details {
                return Ok(result);
            }
            let now = self.now();
            let updating = Updating { by: by.clone(), company: self.ids.company(), converting: None };
            match self.store.update_lead(&lead, lead.changed(details, now), &updating).await {
                Ok(_) => return Ok(result),
                Err(OpenError::Store(StoreError::Conflict)) => {}
                Err(OpenError::Store(error)) => return Err(error.into()),
                Err(_) => return Ok(Restored::Left("it named what is no longer there")),
            }
        }
        Err(StoreError::Unavailable("a lead changed at each try".into()).into())
    }

    /// Removes a lead that the import made and a later row of its file changed, if nobody worked on it since.
    async fn remove_own(
        &self,
        import: &Import,
        lead: Lead,
        updated: &UpdatedRow,
    ) -> Result<Restored, ImportError> {
        if lead.version != updated.version || lead.conversion.is_some() || lead.worked_on {
            return Ok(Restored::Own);
        }
        let attachments = Attachments::new(self.store, self.files);
        match attachments.remove_lead(&lead, Some((import, updated)), self.now()).await {
            Ok(()) => Ok(Restored::Removed),
            Err(StoreError::Conflict) => Ok(Restored::Own),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes the leads that the import made, but for those that somebody worked on.
    async fn remove_all(
        &self,
        import: &Import,
        standing: &mut Standing,
        until: Instant,
    ) -> Result<bool, ImportError> {
        while let Some(pack) = self.store.next_pack(import, standing.place.as_ref()).await? {
            if Instant::now() >= until {
                return Ok(false);
            }
            let place = pack.place();
            let left = &mut standing.left;
            for lead in self.remove_pack(import, pack).await? {
                if left.made.insert(lead.id) {
                    left.add(lead.id, "somebody worked on it since");
                }
            }
            standing.place = Some(place);
        }
        Ok(true)
    }

    /// Those of a pack that stay.
    async fn remove_pack(&self, import: &Import, mut pack: PackedLeads) -> Result<Vec<Lead>, ImportError> {
        for _ in 0..ATTEMPTS {
            let leads = self.store.packed(import, &pack).await?;
            let (untouched, touched): (Vec<Lead>, _) =
                leads.into_iter().partition(|lead| lead.version == 1 && !lead.worked_on);
            match self.store.remove_packed(import, &mut pack, &untouched, self.now()).await {
                Ok(()) => return Ok(touched),
                Err(StoreError::Conflict) => match self.store.same_pack(&pack).await? {
                    Some(now) => pack = now,
                    None => return Ok(Vec::new()),
                },
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Unavailable("leads changed at each try".into()).into())
    }
}
