//! `leadctl import`: puts a file where imports are read from, and follows the import to its end.

mod errors_file;
mod progress;
mod summary;
mod view;

use std::collections::HashMap;
use std::fmt::Display;
use std::fs;
use std::future::pending;
use std::path::Path;
use std::pin::pin;
use std::time::{Duration, Instant};

use leadline::BoxError;
use leadline::domain::{
    Fields, FileName, Import, ImportId, ImportOptions, ImportSize, ImportState, OrgId, Value, fold,
};
use leadline::files::FilesError;
use leadline::import::{ImportError, Importer, Shown, file_at};
use leadline::store::StoreError;

use self::errors_file::ErrorsFile;
use self::summary::{FailedRows, Summary};
use super::Ended;
use super::answer::Answer;
use super::place::Place;
use super::progress::Progress;
use crate::args;

/// The file's type in the bucket; its content tells what it is.
const KIND: &str = "application/octet-stream";
/// How often is looked how far an import is, in its first seconds and later.
const OFTEN: Duration = Duration::from_millis(250);
const SELDOM: Duration = Duration::from_secs(1);
/// How long these first seconds are.
const FIRST: Duration = Duration::from_secs(10);
/// How long table or bucket may be away before nobody looks any more.
const PATIENCE: Duration = Duration::from_secs(60);

/// Exit statuses, see the command's help.
const FAILED: u8 = 1;
const ROWS_FAILED: u8 = 3;
const INTERRUPTED: u8 = 130;

/// The import goes on, out of sight.
#[derive(Debug, thiserror::Error)]
#[error("how far import {import} is cannot be seen")]
struct OutOfSight {
    import: ImportId,
    #[source]
    cause: ImportError,
}

pub(super) async fn run(place: &Place, wanted: &args::Import, json: bool) -> Result<Ended, BoxError> {
    let (file, begun) = (wanted.file.as_path(), Instant::now());
    let name = look_at(file)?;
    let files = place.files()?;
    let org = place.require_org(wanted.at.org).await?;
    let options = options(place, org, wanted).await?;
    let errors_file = wanted.errors.as_deref().map(|to| ErrorsFile::new(to, file)).transpose()?;

    let importer = Importer::of(&place.store, files, &place.clock, &place.ids);
    let (now, mut progress) = (place.clock.now(), Progress::new(json));
    let id = place.ids.import(now);
    let shown = if options.dry_run {
        progress.say("reading the file");
        dry_run(importer, Import::new(id, org, name.as_str(), options, None, now), file).await?
    } else {
        let mut interrupted = pin!(ctrl_c());
        let import = importer.expect(id, org, name.as_str(), options, None).await?;
        progress.say("sending the file");
        tokio::select! {
            sent = files.put_file(&import.object, KIND, file, HashMap::new()) => sent?,
            () = &mut interrupted => {
                return Ok(interrupted_with("the file has not arrived; nothing is imported".to_owned()));
            }
        }
        tokio::select! {
            shown = follow(place, importer, &import, &mut progress) => shown?,
            () = &mut interrupted => return Ok(interrupted_with(goes_on(place, import.id))),
        }
    };
    drop(progress);
    Over { place, file, shown, took: begun.elapsed(), json }.end(errors_file).await
}

/// What a file is called that can be imported, as far as its first look tells.
fn look_at(file: &Path) -> Result<FileName, BoxError> {
    let about = fs::metadata(file).map_err(|error| in_file(file, error))?;
    let problem = match about.len() {
        _ if about.is_dir() => Some("it is a folder"),
        _ if !about.is_file() => Some("it is not a file"),
        0 => Some("the file is empty"),
        size if size > ImportSize::LARGEST => Some("the file is larger than 500 MB; cut it into several"),
        _ => None,
    };
    if let Some(problem) = problem {
        return Err(in_file(file, problem));
    }
    fs::File::open(file).map_err(|error| in_file(file, error))?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    name.parse::<FileName>().map_err(|error| in_file(file, error))
}

/// What is asked for. That its owners are members is seen before the file is sent.
async fn options(place: &Place, org: OrgId, wanted: &args::Import) -> Result<ImportOptions, BoxError> {
    let list = |texts: &[String]| Value::List(texts.iter().cloned().map(Value::Text).collect());
    let mut fields = Fields::default();
    fields.set("default_source", wanted.default_source.clone().map_or(Value::Null, Value::Text));
    fields.set("tags", list(&wanted.tags));
    fields.set("assigned_to", list(&wanted.assigned_to));
    let options = ImportOptions::read(&fields)?;
    let names: Vec<String> = options.assigned_to.iter().map(|name| fold(name)).collect();
    let members = place.store.members_named(org, &names).await?;
    if let Some(name) = options.assigned_to.iter().find(|name| !members.contains_key(&fold(name))) {
        return Err(format!("assigned_to: {name}: there is no such active member").into());
    }
    Ok(ImportOptions {
        on_duplicate: wanted.on_duplicate,
        dry_run: wanted.dry_run,
        again: wanted.again,
        ..options
    })
}

/// What an import of the file would do.
async fn dry_run(importer: Importer<'_>, import: Import, file: &Path) -> Result<Shown, BoxError> {
    let explain = |error: ImportError| match error {
        ImportError::File(problem) => in_file(file, problem),
        ImportError::Options(_) | ImportError::Store(_) | ImportError::Files(_) | ImportError::Disk(_) => {
            BoxError::from(error)
        }
    };
    let (content, hash) = file_at(file).map_err(explain)?;
    let (import, errors) = importer.dry_run(import, content, hash).await.map_err(explain)?;
    Ok(importer.shown_as(import, errors))
}

/// Looks at an import until it is over.
async fn follow(
    place: &Place,
    importer: Importer<'_>,
    import: &Import,
    progress: &mut Progress,
) -> Result<Shown, BoxError> {
    let begun = Instant::now();
    let mut away: Option<Instant> = None;
    loop {
        match look(place, importer, import).await {
            Ok(shown) if shown.import.state.is_over() => return Ok(shown),
            Ok(shown) => {
                away = None;
                progress::show(progress, &shown);
            }
            Err(error) if may_pass(&error) && away.get_or_insert_with(Instant::now).elapsed() < PATIENCE => {}
            Err(cause) => return Err(OutOfSight { import: import.id, cause }.into()),
        }
        tokio::time::sleep(if begun.elapsed() < FIRST { OFTEN } else { SELDOM }).await;
    }
}

/// An import as it stands now, with its errors once it is over.
async fn look(place: &Place, importer: Importer<'_>, import: &Import) -> Result<Shown, ImportError> {
    let now = place.store.find_import(import.org, import.id).await?.ok_or(StoreError::NotFound)?;
    let is_over = now.state.is_over();
    importer.shown(now, is_over).await
}

fn may_pass(error: &ImportError) -> bool {
    matches!(
        error,
        ImportError::Store(StoreError::Unavailable(_)) | ImportError::Files(FilesError::Unavailable(_))
    )
}

/// Resolves at Ctrl-C.
async fn ctrl_c() {
    if tokio::signal::ctrl_c().await.is_err() {
        pending::<()>().await; // the system tells nobody
    }
}

fn interrupted_with(complaint: String) -> Ended {
    Ended { answer: None, complaint: Some(complaint), status: INTERRUPTED }
}

/// What is said of an import that nobody looks at any more.
fn goes_on(place: &Place, import: ImportId) -> String {
    let path = format!("/api/leads/upload/{import}/");
    match place.dev() {
        Some(dev) => format!(
            "import {import} goes on while the local stack runs; GET {}{path} shows how far it is",
            dev.api
        ),
        None => format!("import {import} goes on; GET {path} shows how far it is"),
    }
}

fn in_file(file: &Path, problem: impl Display) -> BoxError {
    format!("{}: {problem}", file.display()).into()
}

/// An import that is over.
struct Over<'a> {
    place: &'a Place,
    file: &'a Path,
    shown: Shown,
    /// With the sending of the file.
    took: Duration,
    json: bool,
}

impl Over<'_> {
    async fn end(self, errors_file: Option<ErrorsFile>) -> Result<Ended, BoxError> {
        let Self { place, file, shown, took, json } = self;
        let as_json = || Answer::One(view::view(&shown));
        if shown.import.state == ImportState::Failed {
            let problem = shown.import.error.as_deref().unwrap_or("it cannot be imported");
            let complaint = Some(in_file(file, problem).to_string());
            return Ok(Ended { answer: json.then(as_json), complaint, status: FAILED });
        }
        let mut ended = Ended::default();
        let mut failed_rows = shown.errors_file.as_deref().map(FailedRows::Link);
        if shown.counts.failed > 0 {
            ended.status = ROWS_FAILED;
            if let Some(errors_file) = errors_file {
                match errors_file.save(place.files()?, &shown.import).await {
                    Ok(path) => failed_rows = Some(FailedRows::Saved(path)),
                    Err(error) => {
                        ended.complaint = Some(error.to_string());
                        ended.status = FAILED;
                    }
                }
            }
        }
        ended.answer = Some(match json {
            true => as_json(),
            false => {
                let text = Summary { file, shown: &shown, took, failed_rows }.to_string();
                Answer::Text { name: "summary", text }
            }
        });
        Ok(ended)
    }
}
