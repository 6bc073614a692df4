//! Findings are mended one by one.

use super::finding::Cure;
use super::{Doctor, Finding};
use crate::attachments::Attachments;
use crate::store::StoreError;

impl Doctor<'_> {
    /// Mends what can be; how much that was. What somebody wrote meanwhile is left as it is now.
    pub(super) async fn mend_all(&self, findings: &[Finding]) -> Result<usize, StoreError> {
        let (mut mended, mut counters) = (0, false);
        for finding in findings {
            if matches!(finding.cure, Cure::Counters) {
                counters = true; // last, for they follow from the rows
                continue;
            }
            mended += usize::from(passed(self.mend(finding).await)?);
        }
        if counters {
            let now = self.clock.now();
            mended += usize::from(passed(self.store.mend_counters(self.org, now).await.map(|()| true))?);
        }
        Ok(mended)
    }

    async fn mend(&self, finding: &Finding) -> Result<bool, StoreError> {
        let (store, org, now) = (self.store, self.org, self.clock.now());
        match &finding.cure {
            Cure::Pack(at) => {
                if let Some(pack) = store.unreadable_pack(org, *at).await? {
                    store.remove_pack(org, *at, &pack).await?;
                }
            }
            Cure::Row(id, packs) => {
                let state = store.row_state(org, *id, packs).await?;
                if state.fault()?.is_some() {
                    store.mend_row(&state).await?;
                }
            }
            Cure::Stray(lead) => store.remove_stray(lead).await?,
            Cure::Need(key, item, need) => return store.mend_need(org, (key, item), need, now).await,
            Cure::Email(key, seen, leads, last) => store.mend_email(key, seen, (*leads, *last), now).await?,
            Cure::Chore(chore) => {
                let Some(files) = self.files else { return Ok(false) };
                Attachments::new(store, files).clean_up([(**chore).clone()], now).await;
            }
            Cure::Counters | Cure::None => return Ok(false),
        }
        Ok(true)
    }
}

/// A refusal is no failure: somebody wrote meanwhile, or the table is busy.
fn passed(mended: Result<bool, StoreError>) -> Result<bool, StoreError> {
    match mended {
        Ok(mended) => Ok(mended),
        Err(StoreError::Conflict | StoreError::NotFound | StoreError::Unavailable(_)) => Ok(false),
        Err(error @ StoreError::Failed(_)) => Err(error),
    }
}
