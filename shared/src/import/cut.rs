//! A file cut into pieces: 2,000 rows each, judged.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::ImportError;
use super::rows::{self, Owners};
use super::seen::Seen;
use crate::domain::{Columns, FieldErrors, Import, MAX_IDS, OnDuplicate, RowError, UserId, fold};
use crate::files::FilesError;
use crate::sheet::{Record, Sheet};
use crate::store::Store;

/// Rows of a piece.
const ROWS: usize = 2_000;
/// Most bytes of a piece's cells.
const BYTES: usize = 4_000_000;
/// Most names of members that are remembered.
const MOST_OWNERS: usize = 10_000;

/// A piece of a file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Chunk {
    /// The header.
    pub(super) columns: Vec<String>,
    pub(super) owners: Owners,
    pub(super) rows: Vec<ChunkRow>,
}

/// A row of a file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ChunkRow {
    pub(super) row: u32,
    pub(super) cells: Vec<String>,
    pub(super) verdict: Verdict,
}

/// What the rules of rows say of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Verdict {
    Good,
    Failed(Vec<RowError>),
    /// An earlier row has its e-mail.
    Skipped,
    /// An earlier row has its e-mail, and it changes what that made: it comes in a later piece.
    Late,
}

impl Chunk {
    pub(super) fn pack(&self) -> Result<Bytes, ImportError> {
        let packed = postcard::to_allocvec(self).map_err(|error| FilesError::Failed(error.into()))?;
        Ok(packed.into())
    }

    /// The cells of the row of that number.
    pub(super) fn cells(&self, row: u32) -> &[String] {
        let at = self.rows.binary_search_by_key(&row, |known| known.row).ok();
        at.and_then(|at| self.rows.get(at)).map_or(&[], |row| &row.cells)
    }

    pub(super) fn unpack(packed: &[u8]) -> Result<Self, ImportError> {
        Ok(postcard::from_bytes(packed).map_err(|error| FilesError::Failed(error.into()))?)
    }
}

/// The bytes of a row's cells. An empty one takes room, too.
fn size(cells: &[String]) -> usize {
    cells.iter().map(|cell| cell.len() + 1).sum()
}

/// Cuts a file.
#[derive(Debug)]
pub(super) struct Cutter<'a> {
    store: &'a Store,
    import: Import,
    sheet: Sheet,
    columns: Columns,
    seen: Option<Seen>,
    owners: HashMap<String, Option<UserId>>,
    record: Record,
    late: VecDeque<(Arc<Owners>, ChunkRow)>,
    /// Bytes of their cells.
    late_bytes: usize,
}

impl<'a> Cutter<'a> {
    /// Starts before the first row.
    pub(super) async fn new(
        store: &'a Store,
        import: &Import,
        sheet: Sheet,
        columns: Columns,
    ) -> Result<Self, ImportError> {
        let seen = match import.options.on_duplicate {
            OnDuplicate::Create => None,
            OnDuplicate::Skip | OnDuplicate::Update => Some(Seen::new()?),
        };
        let import = import.clone();
        let (owners, record, late) = (HashMap::new(), Record::default(), VecDeque::new());
        let mut cutter = Self { store, import, sheet, columns, seen, owners, record, late, late_bytes: 0 };
        let named: HashSet<String> = rows::named(&cutter.import, std::iter::empty()).collect();
        cutter.ask(named).await?;
        let unknown = |name: &&String| !matches!(cutter.owners.get(&fold(name)), Some(Some(_)));
        let is_new = cutter.import.started_on.is_none(); // later they are as they were when it began
        match cutter.import.options.assigned_to.iter().find(unknown).filter(|_| is_new) {
            None => Ok(cutter),
            Some(name) => {
                let problem = format!("{name}: there is no such active member");
                Err(ImportError::Options(FieldErrors::one("assigned_to", problem)))
            }
        }
    }

    /// What its header means.
    pub(super) fn columns(&self) -> &Columns {
        &self.columns
    }

    /// The next piece; none at the end of the file.
    pub(super) async fn next(&mut self) -> Result<Option<Chunk>, ImportError> {
        let (mut rows, mut bytes) = (Vec::new(), 0);
        while rows.len() < ROWS && bytes < BYTES && self.sheet.read(&mut self.record)? {
            bytes += size(&self.record.cells);
            rows.push((self.record.row, self.record.cells.clone()));
        }
        if rows.is_empty() {
            return Ok(None);
        }
        let has_owners = !self.columns.source("assigned_to", &[]).0.is_empty();
        let named = rows
            .iter()
            .filter(|_| has_owners)
            .flat_map(|(_, cells)| self.columns.fields(cells).owners.into_iter().take(MAX_IDS));
        let named: HashSet<String> = rows::named(&self.import, named).collect();
        let owners = Arc::new(self.ask(named).await?);
        let mut judged = Vec::with_capacity(rows.len());
        for (row, cells) in rows {
            let verdict = self.judge(&owners, row, &cells)?;
            let row = ChunkRow { row, cells, verdict };
            if row.verdict == Verdict::Late {
                self.late_bytes += size(&row.cells);
                self.late.push_back((owners.clone(), ChunkRow { verdict: Verdict::Good, ..row.clone() }));
            }
            judged.push(row);
        }
        let owners = Arc::unwrap_or_clone(owners);
        Ok(Some(Chunk { columns: self.sheet.header().to_vec(), owners, rows: judged }))
    }

    /// The next piece of rows that come after all others, if it is full or `all_are_known`.
    pub(super) fn next_late(&mut self, all_are_known: bool) -> Option<Chunk> {
        let is_full = self.late.len() >= ROWS || self.late_bytes >= BYTES;
        if self.late.is_empty() || !is_full && !all_are_known {
            return None;
        }
        let (mut rows, mut bytes, mut all): (Vec<ChunkRow>, _, Vec<Arc<Owners>>) =
            (Vec::new(), 0, Vec::new());
        while rows.len() < ROWS
            && bytes < BYTES
            && let Some((owners, row)) = self.late.pop_front()
        {
            bytes += size(&row.cells);
            if all.last().is_none_or(|last| !Arc::ptr_eq(last, &owners)) {
                all.push(owners);
            }
            rows.push(row);
        }
        self.late_bytes -= bytes;
        let owners = all.iter().flat_map(|owners| owners.iter().map(|(name, id)| (name.clone(), *id)));
        Some(Chunk { columns: self.sheet.header().to_vec(), owners: owners.collect(), rows })
    }

    fn judge(&mut self, owners: &Owners, row: u32, cells: &[String]) -> Result<Verdict, ImportError> {
        let ready = match rows::judge(&self.columns, &self.import.options, owners, row, cells) {
            Ok(ready) => ready,
            Err(errors) => return Ok(Verdict::Failed(rows::describe(&self.columns, row, cells, &errors))),
        };
        let (Some(seen), Some(email)) = (&mut self.seen, &ready.email) else { return Ok(Verdict::Good) };
        Ok(match (seen.insert(email)?, self.import.options.on_duplicate) {
            (true, _) | (false, OnDuplicate::Create) => Verdict::Good,
            (false, OnDuplicate::Skip) => Verdict::Skipped,
            (false, OnDuplicate::Update) => Verdict::Late,
        })
    }

    /// Who these names are.
    async fn ask(&mut self, names: HashSet<String>) -> Result<Owners, ImportError> {
        if self.owners.len() > MOST_OWNERS {
            self.owners.clear();
        }
        let unknown: Vec<String> =
            names.iter().filter(|name| !self.owners.contains_key(*name)).cloned().collect();
        if !unknown.is_empty() {
            let mut found = self.store.members_named(self.import.org, &unknown).await?;
            for name in unknown {
                let id = found.remove(&name);
                self.owners.insert(name, id);
            }
        }
        let known = names.into_iter().filter_map(|name| Some((self.owners.get(&name).copied()??, name)));
        Ok(known.map(|(id, name)| (name, id)).collect())
    }
}
