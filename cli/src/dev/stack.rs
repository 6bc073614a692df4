//! A local stack for commands: the one that runs in a folder, or its table and its bucket opened for a moment.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use leadline::auth::Auth;
use leadline::{App, BoxError, Clock, Files, Store};
use tokio::net::TcpStream;

use super::dev_json::DevJson;
use super::files::{self, Lock};
use super::running::{self, Running};
use super::{bucket, engine, events};
use crate::template::Template;

/// A local stack in use.
#[derive(Debug)]
pub struct LocalStack {
    /// Its table.
    pub store: Store,
    /// Its bucket. What is put there is handled as long as this is open; what is left then, when the stack runs.
    pub files: Files,
    data_dir: PathBuf,
    opened: Option<Opened>,
}

/// What runs for a command only.
#[derive(Debug)]
struct Opened {
    events: Running,
    bucket: Running,
    table: Running,
    _lock: Lock,
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
                let (store, files) = (engine::store(&dev.dynamodb), bucket::files(&dev.s3));
                return Ok(Self { store, files, data_dir: data_dir.to_owned(), opened: None });
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
        let template = Template::shipped()?;
        let database = engine::open(Some(&file), &template)?;
        let objects = bucket::open(data_dir, &template).await?;
        let (table, s3) = (running::listen(None).await?, running::listen(None).await?);
        let (store, files) = (engine::store(&running::url(&table)?), bucket::files(&running::url(&s3)?));
        let app = App::new(store.clone(), files::auth(data_dir)?, Clock::system()).with_files(files.clone());
        let opened = Opened {
            events: events::serve(objects.queue().clone(), Arc::new(app)),
            bucket: bucket::serve(s3, objects),
            table: engine::serve(table, database),
            _lock: lock,
        };
        Ok(Self { store, files, data_dir: data_dir.to_owned(), opened: Some(opened) })
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
        let Self { store, files, data_dir: _, opened } = self;
        drop((store, files));
        if let Some(Opened { events, bucket, table, _lock }) = opened {
            events.stop().await?;
            bucket.stop().await?;
            table.stop().await?;
        }
        Ok(())
    }
}

fn nothing_there(data_dir: &Path) -> BoxError {
    format!("there is no local stack in {}; run `cargo dev` first", data_dir.display()).into()
}
