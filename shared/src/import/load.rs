//! A piece of a file loaded: its rows written in groups, each exactly once.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::cut::{Chunk, ChunkRow, Cutter, Verdict};
use super::rows;
use super::{ImportError, Importer, MOST_ERRORS};
use crate::domain::{Caller, Columns, FieldErrors, Import, OnDuplicate, Role, RowCounts, RowError, Rules};
use crate::store::{FailedRow, Judged, Reached, Ready, Run, StoreError, Surroundings};
use crate::telemetry::chain;

/// Rows that a group is put together from: about as many as go into one, for what is read of the others is read again.
const WINDOW: usize = 94;
/// The same of rows that change leads, which takes more writes.
const WINDOW_OF_CHANGES: usize = 16;
/// After a piece of so many rows the list index is to be folded.
const FOLDED: usize = 1_000;
/// Longest wait for a table that is busy, in seconds.
const LONGEST_WAIT: u64 = 10;

/// How long a busy table is waited for.
struct Patience {
    until: Instant,
    waits: u32,
}

impl Patience {
    /// Waits, each time longer, if the table is busy and there is time for it; else the error again.
    async fn wait(&mut self, import: &Import, error: StoreError) -> Result<(), ImportError> {
        let wait = Duration::from_secs((1 << self.waits).min(LONGEST_WAIT));
        if !matches!(error, StoreError::Unavailable(_)) || Instant::now() + wait >= self.until {
            return Err(error.into());
        }
        tracing::info!(import_id = %import.id, "the table is busy; a piece waits");
        tokio::time::sleep(wait).await;
        self.waits = (self.waits + 1).min(4);
        Ok(())
    }
}

impl Importer<'_> {
    /// Loads a piece until then at the latest; whether all of it is loaded.
    pub(super) async fn load(
        &self,
        import: &Import,
        number: u32,
        is_late: bool,
        chunk: &Chunk,
        until: Instant,
    ) -> Result<bool, ImportError> {
        let columns = Columns::of(&chunk.columns).map_err(|error| ImportError::File(error.to_string()))?;
        let end = u32::try_from(chunk.rows.len()).unwrap_or(u32::MAX);
        let mut patience = Patience { until, waits: 0 };
        let (mut run, mut reached) = loop {
            match self.begin_run(import, number, is_late).await {
                Err(error) => patience.wait(import, error).await?,
                Ok(begun) => break begun,
            }
        };
        let fail = |row: u32, errors: &FieldErrors| FailedRow {
            row,
            errors: rows::describe(&columns, row, chunk.cells(row), errors),
        };
        let judge = |row: &ChunkRow| judged(&columns, import, chunk, row);
        let size =
            if import.options.on_duplicate == OnDuplicate::Update { WINDOW_OF_CHANGES } else { WINDOW };
        let mut window: VecDeque<Judged> = VecDeque::with_capacity(size);
        let (mut judged_to, mut failed) = (reached.next, false);
        while !reached.done {
            if Instant::now() >= until {
                return Ok(false);
            }
            while window.len() < size && judged_to < end {
                window.extend(usize::try_from(judged_to).ok().and_then(|at| chunk.rows.get(at)).map(judge));
                judged_to += 1;
            }
            let (from, now) = (reached.next, self.now());
            let written = match failed {
                true => run.renew(now).await,
                false => run.write(window.make_contiguous(), from, end, now, &fail).await,
            };
            failed = written.is_err();
            match written {
                Err(error) => patience.wait(import, error).await?,
                Ok(written) => reached = written,
            }
            let taken = usize::try_from(reached.next.saturating_sub(from)).unwrap_or(usize::MAX);
            window.drain(..taken.min(window.len()));
            judged_to = judged_to.max(reached.next);
        }
        let numbers: Vec<u32> = chunk.rows.iter().map(|row| row.row).collect();
        while let Err(error) = run.end(&numbers, self.now()).await {
            patience.wait(import, error).await?;
        }
        self.ask_fold(import, chunk).await;
        Ok(true)
    }

    /// The rows of a large piece are folded soon; if that cannot be asked for now, lists ask for it.
    async fn ask_fold(&self, import: &Import, chunk: &Chunk) {
        if chunk.rows.len() < FOLDED {
            return;
        }
        match self.store.manifest(import.org).await {
            Ok(manifest) => self.store.ask_fold(import.org, manifest.version).await,
            Err(error) => tracing::warn!(cause = chain(&error), "the list index is not folded for now"),
        }
    }

    /// A run over a piece, and how far that is.
    async fn begin_run<'a>(
        &'a self,
        import: &'a Import,
        number: u32,
        is_late: bool,
    ) -> Result<(Run<'a>, Reached), StoreError> {
        let mut run = Run {
            store: self.store,
            ids: self.ids,
            import,
            number,
            is_late,
            attempts: Vec::new(),
            strays: Vec::new(),
            caller: None,
            rules: Rules::default(),
            known: Surroundings::default(),
        };
        let reached = run.renew(self.now()).await?;
        if !reached.done {
            run.caller = self.caller(import).await?;
            run.rules = self.store.rules(import.org).await?;
        }
        Ok((run, reached))
    }

    /// Whose rights hold for leads that an import changes.
    async fn caller(&self, import: &Import) -> Result<Option<Caller>, StoreError> {
        let (OnDuplicate::Update, Some(by)) = (import.options.on_duplicate, &import.created_by) else {
            return Ok(None);
        };
        let user = self.store.find_user(import.org, by.id).await?;
        Ok(Some(match user.filter(|user| user.active) {
            Some(user) => Caller::from(user),
            // Who is no longer a member has what is theirs by name, and no more.
            None => {
                let (user, person) = (by.id, by.clone());
                Caller { user, org: import.org, role: Role::User, teams: Vec::new(), person }
            }
        }))
    }

    /// What an import would do with its rows.
    pub(super) async fn dry(
        &self,
        import: &Import,
        cutter: &mut Cutter<'_>,
    ) -> Result<(RowCounts, Vec<RowError>), ImportError> {
        let (mut counts, mut all) = (RowCounts::default(), Vec::new());
        let caller = self.caller(import).await?;
        while let Some(chunk) = cutter.next().await? {
            let columns = cutter.columns();
            let mut ready = Vec::new();
            for row in &chunk.rows {
                match judged(columns, import, &chunk, row) {
                    Judged::Ready(one) => ready.push(*one),
                    Judged::Skipped => counts.skipped += 1,
                    Judged::Late => counts.updated += 1,
                    Judged::Failed => counts.failed += 1,
                }
                if let Verdict::Failed(errors) = &row.verdict {
                    all.extend(errors.iter().take(MOST_ERRORS.saturating_sub(all.len())).cloned());
                }
            }
            for (ready, would) in ready.iter().zip(self.store.would(import, &ready, caller.as_ref()).await?) {
                match would {
                    Ok(more) => counts += more,
                    Err(errors) => {
                        counts.failed += 1;
                        let errors = rows::describe(columns, ready.row, chunk.cells(ready.row), &errors);
                        all.extend(errors.into_iter().take(MOST_ERRORS.saturating_sub(all.len())));
                    }
                }
            }
        }
        all.sort_by_key(|error| error.row);
        Ok((counts, all))
    }
}

/// A row as the table takes it.
fn judged(columns: &Columns, import: &Import, chunk: &Chunk, row: &ChunkRow) -> Judged {
    match &row.verdict {
        Verdict::Failed(_) => Judged::Failed,
        Verdict::Skipped => Judged::Skipped,
        Verdict::Late => Judged::Late,
        Verdict::Good => match rows::judge(columns, &import.options, &chunk.owners, row.row, &row.cells) {
            Ok(ready) => Judged::Ready(Box::new(ready)),
            // It was good when it was cut; a release between has changed the rules.
            Err(errors) => Judged::Ready(Box::new(Ready::bad(row.row, errors))),
        },
    }
}
