//! One comment, edited or deleted.

use lambda_http::Request;
use leadline::App;
use leadline::domain::{Comment, Form};
use leadline::store::StoreError;
use leadline::web::{self, ApiError, CommentView, Reply};

const MISSING: ApiError = ApiError::NotFound("comment");

/// `PUT` and `PATCH`.
pub(crate) async fn edit(app: &App, request: &Request, pk: &str) -> Reply {
    let was = read(app, request, pk).await?;
    let fields = web::fields(request).await?;
    let mut form = Form::new(&fields);
    let text = form.required(&["comment"], None);
    let (Some(text), true) = (text, form.errors.is_empty()) else { return Err(form.errors.into()) };
    let mentions = app.store.mentioned(was.org, &text).await?;
    let now = app.clock.now();
    let comment = Comment { text, mentions, updated_on: Some(now), ..was };
    match app.store.update_comment(&comment, now).await {
        Ok(()) => Ok(web::json(&CommentView::from(&comment))),
        Err(StoreError::Conflict) => Err(MISSING),
        Err(error) => Err(error.into()),
    }
}

/// `DELETE`.
pub(crate) async fn delete(app: &App, request: &Request, pk: &str) -> Reply {
    let comment = read(app, request, pk).await?;
    match app.store.remove_comment(&comment).await {
        Ok(()) => Ok(web::no_content()),
        Err(StoreError::Conflict) => Err(MISSING),
        Err(error) => Err(error.into()),
    }
}

/// A comment that the caller may edit.
async fn read(app: &App, request: &Request, pk: &str) -> Result<Comment, ApiError> {
    let seat = web::seat(app, request).await?;
    let comment = async {
        match pk.parse() {
            Ok(id) => app.store.find_comment(seat.org, id).await,
            Err(_) => Ok(None),
        }
    };
    let (caller, comment) = tokio::join!(app.auth.admit(seat, &app.store), comment);
    let (caller, comment) = (caller?, comment?.ok_or(MISSING)?);
    if caller.may_edit_comment(&comment) {
        Ok(comment)
    } else {
        Err(ApiError::Forbidden("only its author or an ADMIN may change a comment"))
    }
}
