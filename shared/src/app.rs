//! What a function works with: built once for each cold start.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::auth::Auth;
use crate::{BoxError, Config, Ids, Store, aws};

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

/// The clients and settings of a function.
#[derive(Debug)]
pub struct App {
    pub store: Store,
    pub auth: Auth,
    pub clock: Clock,
    pub ids: Ids,
}

impl App {
    /// An app of these parts.
    pub fn new(store: Store, auth: Auth, clock: Clock) -> Self {
        Self { store, auth, clock, ids: Ids::default() }
    }

    /// The app that the environment describes, see [`Config`], with its connection to the table
    /// open. For a function's start, where the wait costs no client anything.
    pub async fn from_env() -> Result<Self, BoxError> {
        let config = Config::from_env()?;
        let sdk = aws::config().await;
        let store = Store::new(aws::client(&sdk), config.table);
        let (auth, ()) = tokio::join!(Auth::from_config(&config.token, &sdk), store.warm_up());
        Ok(Self::new(store, auth?, Clock::system()))
    }
}
