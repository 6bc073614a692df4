//! What a function works with: built once for each cold start.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use chrono::{DateTime, Utc};
use tokio::runtime::Handle;

use crate::attachments::Attachments;
use crate::auth::Auth;
use crate::files::FilesError;
use crate::human::Verifier;
use crate::telemetry::Watch;
use crate::{BoxError, Config, ConfigError, Files, Ids, Store, aws};

/// Tells the time; tests choose it.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>);

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self::new(Utc::now)
    }

    /// A clock that asks `tell`.
    pub fn new(tell: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    /// The time now, in whole milliseconds: what is shown is what is stored.
    pub fn now(&self) -> DateTime<Utc> {
        let now = (self.0)();
        DateTime::from_timestamp_millis(now.timestamp_millis()).unwrap_or(now)
    }
}

/// What the warm-up leaves to the runtime, to ask for its first event undisturbed.
const HEAD_START: Duration = Duration::from_millis(1);

/// The clients and settings of a function.
#[derive(Debug)]
pub struct App {
    pub store: Store,
    pub auth: Auth,
    pub clock: Clock,
    pub ids: Ids,
    /// The bucket, for those functions that use it.
    pub files: Option<Files>,
    /// Tells people from programs.
    pub verifier: Verifier,
    /// How many proxies in front of the gateway are ours.
    pub trusted_proxies: usize,
    /// Tells what became of each request.
    pub watch: Watch,
}

impl App {
    /// An app of these parts.
    pub fn new(store: Store, auth: Auth, clock: Clock) -> Self {
        Self {
            store,
            auth,
            clock,
            ids: Ids::default(),
            files: None,
            verifier: Verifier::default(),
            trusted_proxies: 0,
            watch: Watch::off(),
        }
    }

    /// The same with a bucket.
    #[must_use]
    pub fn with_files(self, files: Files) -> Self {
        Self { store: self.store.with_bucket(files.clone()), files: Some(files), ..self }
    }

    /// The same behind so many proxies of ours.
    #[must_use]
    pub fn behind(self, trusted_proxies: usize) -> Self {
        Self { trusted_proxies, ..self }
    }

    /// The same with a line of the log for each request.
    #[must_use]
    pub fn watched(self, watch: Watch) -> Self {
        Self { watch, ..self }
    }

    /// The app that the environment describes, see [`Config`]. For a function's start: the connection
    /// to the table is opened meanwhile, so that neither the start nor the first request waits for
    /// more of it than must be.
    pub async fn from_env() -> Result<Self, BoxError> {
        Self::start(Config::from_env()?, &aws::function_config()?).await
    }

    /// The same with the bucket, for a function that uses it.
    pub async fn from_env_with_bucket() -> Result<Self, BoxError> {
        let (config, sdk) = (Config::from_env()?, aws::function_config()?);
        let bucket = config.bucket.clone().ok_or(ConfigError::Missing("LEADLINE_BUCKET"))?;
        let files = Files::of_function(sdk.clone(), bucket);
        Ok(Self::start(config, &sdk).await?.with_files(files))
    }

    /// The files on leads; an error in a function that has no bucket.
    pub fn attachments(&self) -> Result<Attachments<'_>, FilesError> {
        match &self.files {
            Some(files) => Ok(Attachments::new(&self.store, files)),
            None => Err(FilesError::Failed("this function has no bucket".into())),
        }
    }

    async fn start(config: Config, sdk: &SdkConfig) -> Result<Self, BoxError> {
        let store = Store::new(aws::function_client(sdk), config.table);
        let (early, runtime) = (store.clone(), Handle::current());
        // After the runtime has asked for its first event, and on a thread of its own, for the first
        // thing it does is to read the machine's certificates.
        tokio::spawn(async move {
            tokio::time::sleep(HEAD_START).await;
            tokio::task::spawn_blocking(move || runtime.block_on(early.warm_up())).await
        });
        let auth = Auth::from_config(&config.token, sdk).await?;
        let app = Self::new(store, auth, Clock::system()).behind(config.trusted_proxies);
        Ok(app.watched(Watch::printing(config.metrics)))
    }
}
