//! A file that came, or a place to send one to.

use chrono::Duration;
use lambda_http::Request;
use lambda_http::http::StatusCode;
use leadline::App;
use leadline::domain::{Caller, FieldErrors, FileName, Form, Import, ImportOptions, ImportSize, ImportState};
use leadline::files::UPLOAD_LINK;
use leadline::import::{self, Importer};
use leadline::store::{OnceError, StoreError};
use leadline::web::{self, ApiError, Reply, Sent, SentFile};
use serde_json::json;

use super::view::ImportView;
use super::{failed, shown};

/// The field of the file.
pub const FILE: &str = "leads_file";

/// `POST /api/leads/upload/`.
pub(crate) async fn receive(app: &App, importer: Importer<'_>, request: &Request, caller: &Caller) -> Reply {
    let sent = web::sent(request, &[FILE]).await?;
    let options = ImportOptions::read(&sent.fields);
    if let [file] = sent.files.as_slice() {
        return import(app, importer, request, caller, &sent, file, options?).await;
    }
    let mut form = Form::new(&sent.fields);
    let name: Option<FileName> = form.optional(&["file_name"], None);
    let size: Option<ImportSize> = form.optional(&["size"], None);
    let (options, ()) = FieldErrors::both(options, form.errors.or(()))?;
    match (name, size) {
        (Some(name), Some(ImportSize(size))) => {
            upload_link(app, importer, request, caller, &sent, &name, size, options).await
        }
        (Some(_), None) => Err(FieldErrors::one("size", "is required: the bytes of the file").into()),
        (None, _) if sent.files.is_empty() => {
            Err(FieldErrors::one(FILE, "is required: one file, or file_name and size of a larger one").into())
        }
        (None, _) => Err(FieldErrors::one(FILE, "must be one file").into()),
    }
}

/// Imports a file that the request brought.
async fn import(
    app: &App,
    importer: Importer<'_>,
    request: &Request,
    caller: &Caller,
    sent: &Sent,
    file: &SentFile,
    options: ImportOptions,
) -> Reply {
    let new = new_import(app, request, caller, sent, &file.name, options)?;
    let (content, hash) = import::file_of(&file.bytes).map_err(failed)?;
    if new.options.dry_run {
        let (import, errors) = importer.dry_run(new, content, hash).await.map_err(failed)?;
        let view = ImportView::of(importer.shown_as(import, errors), Vec::new());
        return Ok(web::json(&view.without_id()));
    }
    match importer.receive(&new, content, hash).await {
        Ok(import) => answer(importer, import).await,
        Err(import::ImportError::Store(StoreError::Conflict)) => replay(app, importer, &new, file).await,
        Err(error) => Err(failed(error)),
    }
}

/// An import about to be written down. One with an idempotency key has an id of that key's.
fn new_import(
    app: &App,
    request: &Request,
    caller: &Caller,
    sent: &Sent,
    name: &FileName,
    options: ImportOptions,
) -> Result<Import, ApiError> {
    let now = app.clock.now();
    let once = web::once(request, caller.org, &caller.user, "POST /api/leads/upload", &sent.asked())?;
    let id = once.as_ref().map_or_else(|| app.ids.import(now), |once| once.import());
    let by = Some(caller.person.clone());
    let new = Import::new(id, caller.org, name.as_str(), options, by, now);
    Ok(Import { asked: once.map(|once| once.asked().to_owned()), ..new })
}

/// 200 with an import that is over, 400 with a file that cannot be read, 202 with one that goes on.
async fn answer(importer: Importer<'_>, import: Import) -> Reply {
    match (import.state, &import.error) {
        (ImportState::Failed, Some(problem)) => Err(FieldErrors::one(FILE, problem).into()),
        (state, _) if state.is_over() => shown(importer, import, StatusCode::OK).await,
        _ => shown(importer, import, StatusCode::ACCEPTED).await,
    }
}

/// The answer to a request whose idempotency key was used before.
async fn replay(app: &App, importer: Importer<'_>, new: &Import, file: &SentFile) -> Reply {
    let known = app.store.find_import(new.org, new.id).await?.ok_or(ApiError::NotFound("import"))?;
    if known.asked != new.asked {
        return web::replay(OnceError::OtherBody);
    }
    if !known.state.is_over() {
        let (content, _) = import::file_of(&file.bytes).map_err(failed)?;
        importer.keep(&known, &content).await.map_err(failed)?;
    }
    Ok(web::replayed(answer(importer, known).await?))
}

/// A place to send a file to that is too large for a request of its own.
#[expect(clippy::too_many_arguments, reason = "what a request says of an upload")]
async fn upload_link(
    app: &App,
    importer: Importer<'_>,
    request: &Request,
    caller: &Caller,
    sent: &Sent,
    name: &FileName,
    size: u64,
    options: ImportOptions,
) -> Reply {
    let new = new_import(app, request, caller, sent, name, options)?;
    let (import, is_new) = match app.store.insert_import(&new).await {
        Ok(()) => (new, true),
        Err(StoreError::Conflict) => match app.store.find_import(new.org, new.id).await? {
            Some(known) if known.asked == new.asked => (known, false),
            _ => return web::replay(OnceError::OtherBody),
        },
        Err(error) => return Err(error.into()),
    };
    let link = importer.upload_link(&import, size).await.map_err(failed)?;
    let headers: serde_json::Map<_, _> =
        link.headers.into_iter().map(|(name, value)| (name, value.into())).collect();
    let until = app.clock.now() + Duration::from_std(UPLOAD_LINK).unwrap_or_else(|_| Duration::zero());
    let answer = web::created(
        &format!("/api/leads/upload/{}/", import.id),
        &json!({
            "id": import.id,
            "upload": { "url": link.url, "method": link.method, "headers": headers },
            "expires_on": web::rfc3339(until),
        }),
    );
    Ok(if is_new { answer } else { web::replayed(answer) })
}
