//! A local stack for commands: the one that runs in a folder, or its table opened for a moment.

use std::path::{Path, PathBuf};
use std::time::Duration;

use leadline::auth::Auth;
use leadline::{BoxError, Store};
use tokio::net::TcpStream;

use super::dev_json::DevJson;
use super::engine;
use super::files::{self, Lock};
use super::running::{self, Running};
use crate::template::Template;

/// A local stack in use.
#[derive(Debug)]
pub struct LocalStack {
    /// Its table.
    pub store: Store,
    data_dir: PathBuf,
    opened: Option<(Running, Lock)>,
}

impl LocalStack {
    /// The stack of this folder.
    pub async fn open(data_dir: &Path) -> Result<Self, BoxError> {
        if !data_dir.is_dir() {
            return Err(nothing_there(data_dir));
        }
        for _ in 0..50 {
            if let Some(lock) = Lock::take(data_dir)? {
                return Self::start(data_dir, lock).await;
            }
            if let Ok(dev) = DevJson::read(data_dir)
                && TcpStream::connect(DevJson::host(&dev.dynamodb)).await.is_ok()
            {
                let store = engine::store(&dev.dynamodb);
                return Ok(Self { store, data_dir: data_dir.to_owned(), opened: None });
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(format!("the local stack in {} is in use but does not answer", data_dir.display()).into())
    }

    async fn start(data_dir: &Path, lock: Lock) -> Result<Self, BoxError> {
        let file = data_dir.join("table.db");
        if !file.is_file() {
            return Err(nothing_there(data_dir));
        }
        let database = engine::open(Some(&file), &Template::shipped()?)?;
        let listener = running::listen(None).await?;
        let store = engine::store(&running::url(&listener)?);
        let opened = Some((engine::serve(listener, database), lock));
        Ok(Self { store, data_dir: data_dir.to_owned(), opened })
    }

    /// What it says of itself, or said when it last ran.
    pub fn dev(&self) -> Option<DevJson> {
        DevJson::read(&self.data_dir).ok()
    }

    /// How its tokens are signed.
    pub fn auth(&self) -> Result<Auth, BoxError> {
        files::auth(&self.data_dir)
    }

    /// Leaves it as it was found.
    pub async fn close(self) -> Result<(), BoxError> {
        let Self { store, data_dir: _, opened } = self;
        drop(store);
        if let Some((engine, _lock)) = opened {
            engine.stop().await?;
        }
        Ok(())
    }
}

fn nothing_there(data_dir: &Path) -> BoxError {
    format!("there is no local stack in {}; run `cargo dev` first", data_dir.display()).into()
}
