//! What must agree in an organisation, compared and mended: `leadctl doctor`.
//!
//! The whole table is read once, by a scan, and of each item a few bytes are remembered. What seems not to agree is read
//! again, item by item: the table may be in use, and a scan is as old as its first page. Only what differs in readings of
//! one moment, and does so again after a pause, is a finding. Nothing is mended but on the condition that it is still as
//! it was read, so a writer at the same time is not harmed; what is refused is looked at again.

mod census;
mod examine;
mod finding;
mod repair;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::time::Duration;

use crate::domain::OrgId;
use crate::store::StoreError;
use crate::{Clock, Files, Store};

pub use census::Checked;
pub use finding::{Finding, Kind};

/// How long is waited before what differs is read again.
const PAUSE: Duration = Duration::from_secs(1);
/// How many things are read again, or mended, side by side.
const AT_ONCE: usize = 16;
/// How often what was mended is looked at again: mending one thing may show another.
const ROUNDS: usize = 4;

/// Looks at one organisation.
#[derive(Debug, Clone, Copy)]
pub struct Doctor<'a> {
    store: &'a Store,
    /// The bucket, to do chores.
    files: Option<&'a Files>,
    clock: &'a Clock,
    org: OrgId,
    pause: Duration,
}

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The table is read: so many items so far, and so many leads of the organisation among them.
    Reading { items: u64, leads: u64 },
    /// So many things seem not to agree, and are read again.
    Checking(usize),
    /// So many findings are mended.
    Mending(usize),
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Report {
    pub checked: Checked,
    pub findings: Vec<Finding>,
    /// What could not be compared, since it was written all the while.
    pub unsettled: Vec<&'static str>,
}

/// What was found, and what is left of it.
#[derive(Debug, Clone, Default)]
pub struct Mended {
    /// As it was at last.
    pub report: Report,
    /// What was found and is no more.
    pub repaired: Vec<Finding>,
}

impl<'a> Doctor<'a> {
    /// One for this organisation.
    pub fn new(store: &'a Store, files: Option<&'a Files>, clock: &'a Clock, org: OrgId) -> Self {
        Self { store, files, clock, org, pause: PAUSE }
    }

    /// The same that waits so long before it reads again what differs.
    #[must_use]
    pub fn pausing(self, pause: Duration) -> Self {
        Self { pause, ..self }
    }

    /// Compares, mends what differs, and compares again, until there is nothing more that can be mended.
    pub async fn repair(&self, tell: &mut (dyn FnMut(Step) + Send)) -> Result<Mended, StoreError> {
        let mut report = self.examine(tell).await?;
        let mut found: Vec<Finding> = Vec::new();
        for _ in 0..ROUNDS {
            if report.findings.is_empty() {
                break;
            }
            tell(Step::Mending(report.findings.len()));
            let mended = self.mend_all(&report.findings).await?;
            found.extend(report.findings);
            report = self.examine(tell).await?;
            if mended == 0 {
                break;
            }
        }
        let mut known: HashSet<_> = report.findings.iter().map(Finding::name).collect();
        let repaired: Vec<bool> = found.iter().map(|finding| known.insert(finding.name())).collect();
        let repaired =
            found.iter().zip(repaired).filter(|(_, is_new)| *is_new).map(|(finding, _)| finding.clone());
        let repaired = repaired.collect();
        Ok(Mended { report, repaired })
    }
}
