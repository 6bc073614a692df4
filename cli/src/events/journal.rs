//! The journal of the queue: a file for each event, from before its object is put until a function has handled it.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use uuid::Uuid;

/// An event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// Sorts by time, and becomes the message's.
    pub(super) id: Uuid,
    /// `ObjectCreated:Put` and so on.
    pub(super) event: String,
    pub(super) key: String,
    pub(super) time: DateTime<Utc>,
}

impl Entry {
    pub(super) fn new(event: &str, key: &str) -> Self {
        Self { id: Uuid::now_v7(), event: event.to_owned(), key: key.to_owned(), time: Utc::now() }
    }
}

/// How far an event has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Its object is about to be put.
    Announced,
    /// The object is there.
    Raised,
}

impl Stage {
    /// How names of files end.
    fn extension(self) -> &'static str {
        match self {
            Self::Announced => "announced",
            Self::Raised => "raised",
        }
    }

    fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?;
        [Self::Announced, Self::Raised].into_iter().find(|stage| extension == stage.extension())
    }
}

/// A folder of events.
#[derive(Debug)]
pub(super) struct Journal {
    folder: PathBuf,
}

impl Journal {
    /// The journal in this folder, which is made for the first event.
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Notes an event whose object is about to be put; on disk when this ends.
    pub(super) async fn announce(&self, entry: &Entry) -> io::Result<()> {
        let (folder, path) = (self.folder.clone(), self.path(entry.id, Stage::Announced));
        let text = serde_json::to_vec(entry)?;
        spawn_blocking(move || {
            fs::create_dir_all(&folder)?;
            let mut file = File::create(path)?;
            file.write_all(&text)?;
            file.sync_all()?;
            // The folder's own list; not every system opens a folder.
            File::open(folder).map_or(Ok(()), |folder| folder.sync_all())
        })
        .await?
    }

    /// Notes that the object is there.
    pub(super) fn raise(&self, id: Uuid) -> io::Result<()> {
        fs::rename(self.path(id, Stage::Announced), self.path(id, Stage::Raised))
    }

    /// Forgets an event.
    pub(super) fn remove(&self, id: Uuid) {
        for stage in [Stage::Announced, Stage::Raised] {
            // What is not there need not go; what cannot go comes once more, after the next start.
            let _ = fs::remove_file(self.path(id, stage));
        }
    }

    /// The events of earlier runs, in order; none if there were no earlier runs.
    pub(super) fn entries(&self) -> io::Result<Option<Vec<(Entry, Stage)>>> {
        let files = match fs::read_dir(&self.folder) {
            Ok(files) => files,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut entries = Vec::new();
        for file in files {
            let path = file?.path();
            let Some(stage) = Stage::of(&path) else { continue };
            match serde_json::from_slice::<Entry>(&fs::read(&path)?) {
                Ok(entry) => entries.push((entry, stage)),
                Err(_) => fs::remove_file(&path)?, // it was cut off, so the put had not begun
            }
        }
        entries.sort_by_key(|(entry, _)| entry.id);
        Ok(Some(entries))
    }

    fn path(&self, id: Uuid, stage: Stage) -> PathBuf {
        self.folder.join(format!("{id}.{}", stage.extension()))
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[tokio::test]
    async fn events_are_there_when_the_journal_is_opened_again() {
        let folder = TempDir::new().unwrap();
        let folder = folder.path().join("events");
        let journal = Journal::new(&folder);
        assert_eq!(journal.entries().unwrap(), None);
        let [first, second, gone] = ["a", "b", "c"].map(|key| Entry::new("ObjectCreated:Put", key));
        for entry in [&second, &first, &gone] {
            journal.announce(entry).await.unwrap();
        }

        journal.raise(second.id).unwrap();
        journal.remove(gone.id);

        let entries = Journal::new(&folder).entries().unwrap().unwrap();
        assert_eq!(entries, [(first, Stage::Announced), (second, Stage::Raised)]);
    }

    #[tokio::test]
    async fn an_event_that_was_cut_off_is_none() {
        let folder = TempDir::new().unwrap();
        let journal = Journal::new(folder.path());
        fs::write(journal.path(Uuid::now_v7(), Stage::Announced), "{\"id\"").unwrap();

        assert_eq!(journal.entries().unwrap(), Some(Vec::new()));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
