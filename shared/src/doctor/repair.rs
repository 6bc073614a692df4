//! Findings are mended one by one.

use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::finding::Cure;
use super::{AT_ONCE, Doctor, Finding};
use crate::attachments::Attachments;
use crate::aws::backoff;
use crate::domain::LeadId;
use crate::store::StoreError;

/// How often a row is tried that others write too.
const TRIES: u32 = 8;

impl Doctor<'_> {
    /// Mends what can be; how much that was. What somebody wrote meanwhile is left as it is now.
    pub(super) async fn mend_all(&self, findings: &[Finding]) -> Result<usize, StoreError> {
        let counters = findings.iter().any(|finding| matches!(finding.cure, Cure::Counters));
        let mut mended = 0;
        for (of_many, at_once) in [(true, 1), (false, AT_ONCE)] {
            // Segments and packs first: what they held has a row again then.
            let is =
                |finding: &&Finding| matches!(finding.cure, Cure::Segment(..) | Cure::Pack(..)) == of_many;
            let these: Vec<&Finding> = findings.iter().filter(is).collect();
            let mending = stream::iter(these).map(|finding| async move { passed(self.mend(finding).await) });
            let done: Vec<bool> = mending.buffered(at_once).try_collect().await?;
            mended += done.into_iter().filter(|mended| *mended).count();
        }
        if counters {
            // Last, for they follow from the rows.
            let now = self.clock.now();
            mended += usize::from(passed(self.store.mend_counters(self.org, now).await.map(|()| true))?);
        }
        Ok(mended)
    }

    async fn mend(&self, finding: &Finding) -> Result<bool, StoreError> {
        let (store, org, now) = (self.store, self.org, self.clock.now());
        match &finding.cure {
            Cure::Segment(of, leads) => {
                let unfolding = leads.iter().map(|lead| store.unfold(org, *lead));
                stream::iter(unfolding).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
                store.forget_segment(org, of, now).await?;
            }
            Cure::Pack(at, leads) => {
                if let Some(pack) = store.unreadable_pack(org, *at).await? {
                    store.mend_pack(org, *at, &pack, leads).await?;
                }
            }
            Cure::Row(id, packs) => return self.mend_row(*id, packs).await,
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

impl Doctor<'_> {
    /// Rows of one pack meet when they are mended side by side.
    async fn mend_row(&self, id: LeadId, packs: &[LeadId]) -> Result<bool, StoreError> {
        for attempt in 0..TRIES {
            if attempt > 0 {
                tokio::time::sleep(backoff(attempt)).await;
            }
            let state = self.store.row_state(self.org, id, packs).await?;
            if state.fault().is_none() {
                return Ok(true);
            }
            match self.store.mend_row(&state).await {
                Err(StoreError::Conflict) => {}
                mended => return mended.map(|()| true),
            }
        }
        Err(StoreError::Conflict)
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
