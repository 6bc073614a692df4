//! The file for the rows that failed.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use leadline::domain::Import;
use leadline::{BoxError, Files};
use tempfile::NamedTempFile;

use super::in_file;
use crate::one_line;

/// What the import's report of them is called.
const REPORT: &str = "errors.csv";

/// A file to be: that it can be written is seen before the import, and it is there once there are such rows.
#[derive(Debug)]
pub(super) struct ErrorsFile {
    path: PathBuf,
    file: NamedTempFile,
}

impl ErrorsFile {
    /// A file at this path, which must not be that of the leads.
    pub(super) fn new(path: &Path, leads: &Path) -> Result<Self, BoxError> {
        if path.is_dir() {
            return Err(in_file(path, "it is a folder"));
        }
        let is = |leads: &Path| fs::canonicalize(path).is_ok_and(|path| path == leads);
        if fs::canonicalize(leads).is_ok_and(|leads| is(&leads)) {
            return Err(in_file(path, "it is the file to import"));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let file = NamedTempFile::new_in(folder.unwrap_or(Path::new(".")));
        Ok(Self { path: path.to_owned(), file: file.map_err(|error| in_file(path, error))? })
    }

    /// Writes the rows of this import that failed, all of them or nothing; where they are.
    pub(super) async fn save(self, files: &Files, import: &Import) -> Result<PathBuf, BoxError> {
        let Self { path, file } = self;
        match write(&path, file, files, import).await {
            Ok(()) => Ok(path),
            Err(error) => Err(in_file(&path, one_line(&*error))),
        }
    }
}

async fn write(path: &Path, mut file: NamedTempFile, files: &Files, import: &Import) -> Result<(), BoxError> {
    let report = files.open(&import.result_object(REPORT), None).await?;
    let mut rows = report.ok_or("the rows that failed are gone")?.body;
    while let Some(part) = rows.next().await {
        file.write_all(&part?)?;
    }
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_not_there_before_it_is_saved_and_never_that_of_the_leads() {
        let folder = tempfile::tempdir().unwrap();
        let (leads, errors) = (folder.path().join("leads.csv"), folder.path().join("errors.csv"));
        fs::write(&leads, "name").unwrap();

        let file = ErrorsFile::new(&errors, &leads).unwrap();

        assert!(!errors.exists());
        drop(file);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        for wrong in [leads.clone(), folder.path().join(".").join("leads.csv"), folder.path().to_owned()] {
            assert!(ErrorsFile::new(&wrong, &leads).is_err(), "{}", wrong.display());
        }
        assert!(ErrorsFile::new(&folder.path().join("none/errors.csv"), &leads).is_err());
    }
}
