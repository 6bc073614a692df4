//! One file of a lead, fetched or deleted.

use lambda_http::Request;
use leadline::App;
use leadline::attachments::AttachmentError;
use leadline::domain::{Attachment, Caller, Lead};
use leadline::store::StoreError;
use leadline::web::{self, ApiError, Reply};

const MISSING: ApiError = ApiError::NotFound("attachment");

/// `GET`: on to a link that saves it.
pub(crate) async fn download(app: &App, request: &Request, pk: &str) -> Reply {
    let (caller, file, lead) = read(app, request, pk).await?;
    web::must_see(&caller, &lead)?;
    let attachments = app.attachments()?;
    let file = attachments.arrival(file, app.clock.now()).await?.ok_or(MISSING)?;
    Ok(web::found(&attachments.link(&file).await?))
}

/// `DELETE`.
pub(crate) async fn delete(app: &App, request: &Request, pk: &str) -> Reply {
    let (caller, file, _) = read(app, request, pk).await?;
    if !caller.may_delete_attachment(&file) {
        return Err(ApiError::Forbidden("only its uploader or an ADMIN may delete an attachment"));
    }
    match app.attachments()?.remove(&file, app.clock.now()).await {
        Ok(()) => Ok(web::no_content()),
        Err(AttachmentError::Store(StoreError::Conflict)) => Err(MISSING),
        Err(error) => Err(error.into()),
    }
}

async fn read(app: &App, request: &Request, pk: &str) -> Result<(Caller, Attachment, Lead), ApiError> {
    let seat = web::seat(app, request).await?;
    let file = async {
        match pk.parse() {
            Ok(id) => app.store.find_attachment(seat.org, id).await,
            Err(_) => Ok(None),
        }
    };
    let (caller, file) = tokio::join!(app.auth.admit(seat, &app.store), file);
    let (caller, (file, lead)) = (caller?, file?.ok_or(MISSING)?);
    Ok((caller, file, lead))
}
