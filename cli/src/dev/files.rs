//! Files of a local stack's folder: the lock, the token secret, and how private ones are written.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use leadline::BoxError;
use leadline::auth::{ApiSecret, Auth, Secret};

/// The right to open the folder's table. Ends when dropped, or with the process.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// The lock, unless somebody has it.
    pub(super) fn take(data_dir: &Path) -> io::Result<Option<Self>> {
        let file = File::options().create(true).truncate(false).write(true).open(data_dir.join("lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// The lock, after a short wait for a command that has it.
    pub(super) async fn wait(data_dir: &Path) -> io::Result<Option<Self>> {
        for _ in 0..10 {
            if let Some(lock) = Self::take(data_dir)? {
                return Ok(Some(lock));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Self::take(data_dir)
    }
}

/// Writes a file that only its owner may read: all of it or nothing.
pub(super) fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// The check and the signing of this stack's tokens; the secret is made when it is first asked for.
pub(super) fn auth(data_dir: &Path) -> Result<Auth, BoxError> {
    let path = data_dir.join("token-secret");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let text = format!("{}{}", ApiSecret::generate()?.reveal(), ApiSecret::generate()?.reveal());
            write_private(&path, &text)?;
            text
        }
        Err(error) => return Err(error.into()),
    };
    let secret = Secret::new(text.trim().as_bytes().to_vec())?;
    Ok(Auth::hs256(&secret, None, None))
}
