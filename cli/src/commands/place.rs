//! Where commands work: a local stack, a stack on AWS, or a table and a bucket there.

use std::env;
use std::path::{Path, PathBuf};

use aws_types::SdkConfig;
use leadline::auth::Auth;
use leadline::domain::{OrgId, User, UserId};
use leadline::{BoxError, Clock, Files, Ids, Store, aws};

use super::DATA_DIR;
use super::stack::Stack;
use crate::dev::{DevJson, LocalStack};

/// A table, and what is needed to fill it.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) ids: Ids,
    files: Option<Files>,
    at: At,
}

#[derive(Debug)]
enum At {
    /// On this machine.
    Local(LocalStack),
    /// A stack on AWS.
    Stack(Stack, Box<SdkConfig>),
    /// Where the environment says.
    Environment,
}

/// Which place a command line names, if any.
#[derive(Debug)]
pub(crate) struct Named {
    /// The folder of a local stack.
    pub(crate) data_dir: Option<PathBuf>,
    /// A stack on AWS.
    pub(crate) stack: Option<String>,
}

impl Place {
    /// The place that the command line names, else the stack or the table that the environment names, else the local
    /// stack in `.local`.
    pub(super) async fn open(named: Named) -> Result<Self, BoxError> {
        let var = |name| env::var(name).ok().filter(|value| !value.is_empty());
        match named {
            Named { data_dir: Some(folder), .. } => Self::local(&folder).await,
            Named { stack: Some(name), .. } => Self::stack(name).await,
            Named { data_dir: None, stack: None } => match (var("LEADLINE_STACK"), var("LEADLINE_TABLE")) {
                (Some(name), _) => Self::stack(name).await,
                (None, Some(table)) => {
                    let config = aws::config().await;
                    Ok(Self::on_aws(&config, &table, var("LEADLINE_BUCKET").as_deref(), At::Environment))
                }
                (None, None) => Self::local(Path::new(DATA_DIR)).await,
            },
        }
    }

    async fn local(folder: &Path) -> Result<Self, BoxError> {
        let local = LocalStack::open(folder).await?;
        Ok(Self::new(local.store.clone(), Some(local.files.clone()), At::Local(local)))
    }

    async fn stack(name: String) -> Result<Self, BoxError> {
        let config = aws::config().await;
        let stack = Stack::find(name, &config).await?;
        let (table, bucket) = (stack.table()?.to_owned(), stack.bucket()?.to_owned());
        let at = At::Stack(stack, Box::new(config.clone()));
        Ok(Self::on_aws(&config, &table, Some(&bucket), at))
    }

    fn on_aws(config: &SdkConfig, table: &str, bucket: Option<&str>, at: At) -> Self {
        let files = bucket.map(|name| Files::new(aws::function_bucket_client(config), name));
        Self::new(Store::new(aws::client(config), table), files, at)
    }

    fn new(store: Store, files: Option<Files>, at: At) -> Self {
        let store = match &files {
            Some(files) => store.with_bucket(files.clone()),
            None => store,
        };
        Self { store, clock: Clock::system(), ids: Ids::default(), files, at }
    }

    /// The bucket; an error if nobody says which.
    pub(super) fn files(&self) -> Result<&Files, BoxError> {
        self.files.as_ref().ok_or_else(|| "LEADLINE_BUCKET is not set; it names the bucket".into())
    }

    /// How tokens are signed here.
    pub(super) async fn auth(&self) -> Result<Auth, BoxError> {
        match &self.at {
            At::Local(local) => local.auth(),
            At::Stack(stack, config) => Auth::from_config(&stack.token()?, config).await,
            At::Environment => Auth::from_env().await,
        }
    }

    /// The address of the API, if anybody says it.
    pub(super) fn api(&self) -> Result<Option<String>, BoxError> {
        Ok(match &self.at {
            At::Local(_) => self.dev().map(|dev| dev.api),
            At::Stack(stack, _) => Some(stack.api()?.to_owned()),
            At::Environment => None,
        })
    }

    /// What the local stack says of itself; nothing on AWS, or if it never ran.
    pub(super) fn dev(&self) -> Option<DevJson> {
        match &self.at {
            At::Local(local) => local.dev(),
            At::Stack(..) | At::Environment => None,
        }
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
        let Self { store, files, at, .. } = self;
        drop((store, files));
        match at {
            At::Local(local) => local.close().await,
            At::Stack(..) | At::Environment => Ok(()),
        }
    }
}
