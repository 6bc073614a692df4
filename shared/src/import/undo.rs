//! An import taken back: the leads it made go, and what it changed is as before, except where somebody worked on it since.

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::request::REQUEST;
use super::{Event, ImportError, Importer, MOST_ERRORS};
use crate::attachments::Attachments;
use crate::domain::{Import, ImportState, Lead, LeadId, Person, UndoCounts};
use crate::files::FilesError;
use crate::store::{OpenError, PackedLeads, StoreError, UpdatedRow, Updating};

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
    /// The import had made it, too, and it is removed.
    Removed,
    /// The import had made it, too, and it is left with those.
    Own,
    /// It is gone.
    Gone,
    Left(&'static str),
}

/// What was left in one pass.
#[derive(Debug, Default)]
struct Leftovers {
    count: u32,
    first: Vec<Left>,
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
    /// not over, or there is nothing to take back.
    pub async fn undo(&self, import: Import, by: &Person) -> Result<Import, ImportError> {
        let until = Instant::now() + REQUEST;
        let import = match import.state {
            ImportState::Undone => return Ok(import),
            ImportState::Undoing => import,
            _ => self.store.begin_undo(&import, by, self.now()).await?,
        };
        if self.go_on_undoing(&import, until).await? == Event::Again {
            let word = format!("chunks/{}/{}/undo", import.org, import.id);
            self.files.put_json(&word, "{}".into()).await?;
        }
        self.again(&import).await
    }

    /// Goes on with an undo until then at the latest.
    pub(super) async fn go_on_undoing(&self, import: &Import, until: Instant) -> Result<Event, ImportError> {
        let (ImportState::Undoing, Some(by)) = (import.state, &import.undone_by) else {
            return Ok(Event::Done);
        };
        let mut left = Leftovers::default();
        let done = self.restore_all(import, by, &mut left, until).await?
            && self.remove_all(import, &mut left, until).await?;
        if !done {
            return Ok(Event::Again);
        }
        let bytes = serde_json::to_vec(&left.first).map_err(|error| FilesError::Failed(error.into()))?;
        self.files.put_json(&import.result_object(LEFT), bytes.into()).await?;
        self.store.release_content(import).await?;
        match self.store.end_undo(import, left.count, self.now()).await {
            Ok(_) | Err(StoreError::Conflict) => Ok(Event::Done),
            Err(error) => Err(error.into()),
        }
    }

    /// The first leads that taking an import back left.
    pub async fn left(&self, import: &Import) -> Result<Vec<Left>, ImportError> {
        let UndoCounts { left, .. } = import.undo;
        if import.state != ImportState::Undone || left == 0 {
            return Ok(Vec::new());
        }
        let Some(bytes) = self.files.read(&import.result_object(LEFT)).await? else { return Ok(Vec::new()) };
        Ok(serde_json::from_slice(&bytes).map_err(|error| FilesError::Failed(error.into()))?)
    }

    /// Gives back what the import overwrote, the last row first.
    async fn restore_all(
        &self,
        import: &Import,
        by: &Person,
        left: &mut Leftovers,
        until: Instant,
    ) -> Result<bool, ImportError> {
        let mut before = u32::MAX;
        loop {
            let page = self.store.updated_rows(import.org, import.id, before, PAGE).await?;
            for updated in &page {
                let undo = match self.restore(import, updated, by).await? {
                    Restored::Wholly => UndoCounts { restored: 1, ..UndoCounts::default() },
                    Restored::Removed => UndoCounts { removed: 1, ..UndoCounts::default() },
                    Restored::Gone => UndoCounts::default(),
                    Restored::Own => continue,
                    Restored::Left(reason) => {
                        left.add(updated.lead, reason);
                        continue;
                    }
                };
                self.store.end_updated_row(import, updated, undo, self.now()).await?;
            }
            match page.last() {
                Some(last) if page.len() == PAGE && last.row > 0 => before = last.row - 1,
                Some(_) | None => return Ok(true),
            }
            if Instant::now() >= until {
                return Ok(false);
            }
        }
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
                return self.remove_own(lead, updated).await;
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
            let updating = Updating { by: by.clone(), company: self.ids.company(now), converting: None };
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
    async fn remove_own(&self, lead: Lead, updated: &UpdatedRow) -> Result<Restored, ImportError> {
        let folder = self.store.folder(lead.org, lead.id, true).await?;
        let alone = folder.is_some_and(|folder| folder.comments.is_empty() && folder.attachments.is_empty());
        if lead.version != updated.version || lead.conversion.is_some() || !alone {
            return Ok(Restored::Own);
        }
        match Attachments::new(self.store, self.files).remove_lead(&lead, self.now()).await {
            Ok(()) => Ok(Restored::Removed),
            Err(StoreError::Conflict) => Ok(Restored::Own),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes the leads that the import made, but for those that somebody worked on.
    async fn remove_all(
        &self,
        import: &Import,
        left: &mut Leftovers,
        until: Instant,
    ) -> Result<bool, ImportError> {
        let mut after = None;
        while let Some(pack) = self.store.next_pack(import, after).await? {
            after = Some(pack.last());
            for lead in self.remove_pack(import, pack).await? {
                left.add(lead.id, "somebody worked on it since");
            }
            if Instant::now() >= until {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Those of a pack that stay.
    async fn remove_pack(&self, import: &Import, mut pack: PackedLeads) -> Result<Vec<Lead>, ImportError> {
        for _ in 0..ATTEMPTS {
            let leads = self.store.packed(import, &pack).await?;
            let (untouched, touched) = self.store.untouched(leads).await?;
            match self.store.remove_packed(import, &mut pack, &untouched, self.now()).await {
                Ok(()) => return Ok(touched),
                Err(StoreError::Conflict) => match self.store.same_pack(import, &pack).await? {
                    Some(now) => pack = now,
                    None => return Ok(Vec::new()),
                },
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Unavailable("leads changed at each try".into()).into())
    }
}
