//! Where commands work: a local stack, or a table and a bucket on AWS.

use std::env;
use std::path::{Path, PathBuf};

use leadline::auth::Auth;
use leadline::domain::{OrgId, User, UserId};
use leadline::{BoxError, Clock, Files, Ids, Store, aws};

use super::DATA_DIR;
use crate::dev::{DevJson, LocalStack};

/// A table, and what is needed to fill it.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) ids: Ids,
    files: Option<Files>,
    local: Option<LocalStack>,
}

impl Place {
    /// The local stack of that folder, else the table that the environment names, else the local
    /// stack in `.local`.
    pub(super) async fn open(data_dir: Option<PathBuf>) -> Result<Self, BoxError> {
        let named = |variable| env::var(variable).ok().filter(|name| !name.is_empty());
        let (store, files, local) = match (data_dir, named("LEADLINE_TABLE")) {
            (None, Some(table)) => {
                let config = aws::config().await;
                let bucket = |name: String| Files::new(aws::function_bucket_client(&config), name);
                (Store::new(aws::client(&config), table), named("LEADLINE_BUCKET").map(bucket), None)
            }
            (data_dir, _) => {
                let local = LocalStack::open(data_dir.as_deref().unwrap_or(Path::new(DATA_DIR))).await?;
                (local.store.clone(), Some(local.files.clone()), Some(local))
            }
        };
        let store = match &files {
            Some(files) => store.with_bucket(files.clone()),
            None => store,
        };
        Ok(Self { store, clock: Clock::system(), ids: Ids::default(), files, local })
    }

    /// The bucket; an error if nobody says which.
    pub(super) fn files(&self) -> Result<&Files, BoxError> {
        self.files.as_ref().ok_or_else(|| "LEADLINE_BUCKET is not set; it names the bucket".into())
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
        let Self { store, files, local, .. } = self;
        drop((store, files));
        match local {
            Some(local) => local.close().await,
            None => Ok(()),
        }
    }
}
