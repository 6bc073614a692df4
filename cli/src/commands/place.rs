//! Where commands work: a local stack, or a table on AWS.

use std::env;
use std::path::{Path, PathBuf};

use leadline::auth::Auth;
use leadline::domain::{OrgId, User, UserId};
use leadline::{BoxError, Clock, Ids, Store, aws};

use super::DATA_DIR;
use crate::dev::{DevJson, LocalStack};

/// A table, and what is needed to fill it.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) ids: Ids,
    local: Option<LocalStack>,
}

impl Place {
    /// The local stack of that folder, else the table that the environment names, else the local
    /// stack in `.local`.
    pub(super) async fn open(data_dir: Option<PathBuf>) -> Result<Self, BoxError> {
        let table = env::var("LEADLINE_TABLE").ok().filter(|name| !name.is_empty());
        let (store, local) = match (data_dir, table) {
            (None, Some(table)) => (Store::new(aws::client(&aws::config().await), table), None),
            (data_dir, _) => {
                let local = LocalStack::open(data_dir.as_deref().unwrap_or(Path::new(DATA_DIR))).await?;
                (local.store.clone(), Some(local))
            }
        };
        Ok(Self { store, clock: Clock::system(), ids: Ids::default(), local })
    }

    /// How tokens are signed here.
    pub(super) async fn auth(&self) -> Result<Auth, BoxError> {
        match &self.local {
            Some(local) => local.auth(),
            None => Auth::from_env().await,
        }
    }

    /// What the local stack says of itself; nothing on AWS, or if it never ran.
    pub(super) fn dev(&self) -> Option<DevJson> {
        self.local.as_ref()?.dev()
    }

    /// An error if there is no such organisation.
    pub(super) async fn require_org(&self, org: OrgId) -> Result<OrgId, BoxError> {
        self.store.find_org(org).await?.map(|org| org.id).ok_or_else(|| "no such organisation".into())
    }

    /// A member who is not shut out.
    pub(super) async fn member(&self, org: OrgId, user: UserId) -> Result<User, BoxError> {
        let user = self.store.find_user(org, user).await?;
        user.filter(|user| user.active).ok_or_else(|| "no such active member".into())
    }

    /// Leaves it.
    pub(super) async fn close(self) -> Result<(), BoxError> {
        let Self { store, local, .. } = self;
        drop(store);
        match local {
            Some(local) => local.close().await,
            None => Ok(()),
        }
    }
}
