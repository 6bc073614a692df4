//! `/api/leads/upload/`: files of leads, and what became of them.

mod receive;
mod view;

use lambda_http::http::{Method, StatusCode};
use lambda_http::{Body, Request, Response};
use leadline::App;
use leadline::domain::{Caller, FieldErrors, Import, ImportState, RowCounts};
use leadline::import::{ImportError, Importer};
use leadline::store::StoreError;
use leadline::web::{self, ApiError, Reply, Target};
use serde::Serialize;

use self::view::ImportView;

pub use self::receive::FILE;

/// Answers one request.
pub async fn handle(app: &App, request: Request) -> Response<Body> {
    web::answer(app, &request, respond(app, &request)).await
}

async fn respond(app: &App, request: &Request) -> Reply {
    let (target, method) = web::resolve(request)?;
    let seat = web::seat(app, request).await?;
    let caller = app.auth.admit(seat, &app.store).await?;
    let importer = Importer::new(app)?;
    match (target, method) {
        (Target::Uploads, Method::POST) => receive::receive(app, importer, request, &caller).await,
        (Target::Uploads, _) => list(app, importer, request, &caller).await,
        (Target::Upload(id), Method::DELETE) => undo(app, importer, &caller, &id).await,
        (Target::Upload(id), _) => {
            let import = find(app, &caller, &id).await?;
            shown(importer, import, StatusCode::OK).await
        }
        _ => Err(ApiError::NotFound("path")),
    }
}

#[derive(Serialize)]
struct Imports {
    imports: Vec<ImportView>,
    next: Option<String>,
    previous: Option<String>,
    per_page: usize,
    page_number: usize,
}

async fn list(app: &App, importer: Importer<'_>, request: &Request, caller: &Caller) -> Reply {
    let (query, mut errors) = (web::query(request), FieldErrors::default());
    let page = web::page(&query, &mut errors);
    errors.or(())?;
    let by = (!caller.is_admin()).then_some(caller.user);
    let (imports, more) = app.store.imports(caller.org, by, page.offset, page.limit).await?;
    let mut views = Vec::new();
    for import in imports {
        views.push(ImportView::of(importer.shown(import, false).await.map_err(failed)?, Vec::new()));
    }
    Ok(web::json(&Imports {
        imports: views,
        next: page.next(request, &query, more),
        previous: page.previous(request, &query),
        per_page: page.limit,
        page_number: page.number(),
    }))
}

/// An import that the caller may see: an ADMIN any, others their own.
async fn find(app: &App, caller: &Caller, id: &str) -> Result<Import, ApiError> {
    let id = id.parse().map_err(|_| ApiError::NotFound("import"))?;
    let import = app.store.find_import(caller.org, id).await?.ok_or(ApiError::NotFound("import"))?;
    let is_own = import.created_by.as_ref().is_some_and(|by| by.id == caller.user);
    if caller.is_admin() || is_own {
        Ok(import)
    } else {
        Err(ApiError::Forbidden("this import is not yours"))
    }
}

/// An import as it stands now.
async fn shown(importer: Importer<'_>, import: Import, status: StatusCode) -> Reply {
    let left = importer.left(&import).await.map_err(failed)?;
    let shown = importer.shown(import, true).await.map_err(failed)?;
    Ok(web::with_status(web::json(&ImportView::of(shown, left)), status))
}

async fn undo(app: &App, importer: Importer<'_>, caller: &Caller, id: &str) -> Reply {
    if !caller.is_admin() {
        return Err(ApiError::Forbidden("only an ADMIN may take an import back"));
    }
    let import = find(app, caller, id).await?;
    let failed_at_once = import.state == ImportState::Failed && import.counts == RowCounts::default();
    if import.options.dry_run || import.repeat_of.is_some() || failed_at_once {
        return Err(ApiError::Conflict { message: "this import wrote nothing", id: None });
    }
    let undone = match importer.undo(import, &caller.person).await {
        Err(ImportError::Store(StoreError::Conflict)) => {
            let message = "only an import that is over, and wrote something, can be taken back";
            return Err(ApiError::Conflict { message, id: None });
        }
        undone => undone.map_err(failed)?,
    };
    let status = if undone.state == ImportState::Undone { StatusCode::OK } else { StatusCode::ACCEPTED };
    shown(importer, undone, status).await
}

/// What went wrong, to the client: a file that cannot be read is theirs, all else ours.
fn failed(error: ImportError) -> ApiError {
    match error {
        ImportError::File(problem) => FieldErrors::one("leads_file", problem).into(),
        ImportError::Options(errors) => errors.into(),
        ImportError::Store(error) => error.into(),
        ImportError::Files(error) => error.into(),
        ImportError::Disk(error) => ApiError::Internal(error.into()),
    }
}
