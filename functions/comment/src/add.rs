//! `POST /api/leads/{pk}/`: a comment, files, or a place to send a large file to.

use lambda_http::{Body, Request, Response};
use leadline::App;
use leadline::domain::{
    Attachment, AttachmentId, Caller, Comment, ContentType, FileName, FileSize, Form, Status, Text,
};
use leadline::store::{AddError, Addition, Folder, Once, StoreError};
use leadline::web::{self, ApiError, AttachmentView, CommentView, FILE_FIELDS, Reply, Sent, comment_cursor};
use serde::Serialize;
use serde_json::json;

/// Longest answer that an idempotency key remembers whole; its item may be 400 KB.
const REMEMBERED: usize = 300_000;

#[derive(Serialize)]
struct Added<'a> {
    comment: Option<CommentView<'a>>,
    attachment: Option<AttachmentView<'a>>,
    new_attachments: Vec<AttachmentView<'a>>,
    comments: Vec<CommentView<'a>>,
    comments_cursor: Option<String>,
    attachments: Vec<AttachmentView<'a>>,
}

pub(crate) async fn add(app: &App, request: &Request, pk: &str) -> Reply {
    let seat = web::seat(app, request).await?;
    let now = app.clock.now();
    let folder = async {
        match pk.parse() {
            Ok(id) => app.store.folder(seat.org, id, true).await,
            Err(_) => Ok(None),
        }
    };
    let (caller, folder, chores) =
        tokio::join!(app.auth.admit(seat, &app.store), folder, app.store.chores(seat.org, now));
    let (caller, folder) = (caller?, folder?.ok_or(ApiError::NotFound("lead"))?);
    web::must_see(&caller, &folder.lead)?;
    let reply = add_to(app, request, &caller, folder).await;
    app.attachments()?.clean_up(chores.unwrap_or_default(), now).await;
    reply
}

async fn add_to(app: &App, request: &Request, caller: &Caller, mut folder: Folder) -> Reply {
    let (now, attachments) = (app.clock.now(), app.attachments()?);
    let sent = web::sent(request, &FILE_FIELDS).await?;
    let route = format!("POST /api/leads/{}", folder.lead.id);
    let once = web::once(request, caller.org, &caller.user, &route, &sent.asked())?;
    if let Err(error) = app.store.done_before(once.as_ref(), now).await {
        return refused(error);
    }
    folder.attachments.retain(|file| file.awaited_until.is_none_or(|until| until > now));
    let known = folder.attachments.len();
    folder.attachments = attachments.arrived(folder.attachments, now).await?;
    let awaited = known - folder.attachments.len();

    let mut form = Form::new(&sent.fields);
    let upload: Option<AttachmentId> = form.optional(&["upload_id"], None);
    let file_name: Option<FileName> = form.optional(&["file_name"], None);
    let text: Option<Text<10_000>> = form.optional(&["comment"], None);
    let files_in = sent.files.first().map(|file| file.field.as_str());
    let files_in = files_in.or(file_name.as_ref().map(|_| "file_name"));
    if let Some(field) = files_in {
        if folder.lead.details.status == Status::Converted {
            form.errors.add(field, "a converted lead takes comments, but no files");
        }
        if known + sent.files.len().max(1) > Attachment::MOST {
            form.errors.add(field, format_args!("a lead has at most {} files", Attachment::MOST));
        }
    }
    match (upload, file_name) {
        (Some(_), _) if text.is_some() || files_in.is_some() => {
            form.errors.add("upload_id", "goes by itself, without a comment or another file");
        }
        (None, Some(_)) if text.is_some() || !sent.files.is_empty() => {
            form.errors.add("file_name", "goes by itself, without a comment or another file");
        }
        (None, Some(_)) if awaited >= Attachment::MOST_AWAITED => {
            form.errors.add("file_name", "there are too many uploads already that have not arrived");
        }
        (None, None) if text.is_none() && files_in.is_none() && form.errors.is_empty() => {
            form.errors.add("comment", "a comment or a file is required");
        }
        (Some(upload), _) if form.errors.is_empty() => return confirmed(&folder, upload),
        (None, Some(name)) => return upload_link(app, caller, &folder, form, once, name).await,
        (Some(_) | None, _) => {}
    }
    form.errors.or(())?;
    put(app, caller, &folder, &sent, text, once).await
}

/// Puts the comment and the files on the lead.
async fn put(
    app: &App,
    caller: &Caller,
    folder: &Folder,
    sent: &Sent,
    text: Option<Text<10_000>>,
    once: Option<Once>,
) -> Reply {
    let (lead, now, attachments) = (&folder.lead, app.clock.now(), app.attachments()?);
    let comment = match text {
        Some(text) => Some(Comment {
            id: app.ids.comment(now),
            org: caller.org,
            lead: lead.id,
            mentions: app.store.mentioned(caller.org, &text).await?,
            text,
            author: caller.person.clone(),
            created_on: now,
            updated_on: None,
        }),
        None => None,
    };
    let files = sent.attachments(&app.ids, lead, &caller.person, now);
    let staged = attachments.stage(caller.org, &files, now).await?;
    let addition = Addition {
        comment,
        attachments: files.into_iter().map(|(file, _)| file).collect(),
        staged: staged.clone(),
        once,
        ..Addition::default()
    };
    let answer = added(&addition, Some(folder));
    let remembered = match answer.body().len() {
        0..=REMEMBERED => web::record(&answer),
        _ => web::record(&added(&addition, None)),
    };
    match app.store.add(lead, &addition, remembered, now).await {
        Ok(()) => Ok(answer),
        Err(error) => {
            attachments.discard(staged, now).await;
            refused(error)
        }
    }
}

/// A place to send a file to that is too large for a request of its own.
async fn upload_link(
    app: &App,
    caller: &Caller,
    folder: &Folder,
    mut form: Form<'_>,
    once: Option<Once>,
    file_name: FileName,
) -> Reply {
    let (lead, now) = (&folder.lead, app.clock.now());
    let size: Option<FileSize> = form.required(&["size"], None);
    let content_type: Option<String> = form.optional(&["content_type"], None);
    let (Some(FileSize(size)), true) = (size, form.errors.is_empty()) else { return Err(form.errors.into()) };
    let mut file = Attachment {
        id: app.ids.attachment(now),
        org: caller.org,
        lead: lead.id,
        file_name,
        content_type: ContentType::sent(content_type.as_deref()),
        size,
        uploader: caller.person.clone(),
        created_on: now,
        awaited_until: None,
    };
    let (upload, chore) = app.attachments()?.await_upload(&mut file).await?;
    let headers: serde_json::Map<_, _> =
        upload.link.headers.into_iter().map(|(name, value)| (name, value.into())).collect();
    let answer = web::created_nowhere(&json!({
        "id": file.id,
        "upload": { "url": upload.link.url, "method": upload.link.method, "headers": headers },
        "expires_on": web::rfc3339(upload.expires_on),
    }));
    let addition = Addition { attachments: vec![file], chore: Some(chore), once, ..Addition::default() };
    match app.store.add(lead, &addition, web::record(&answer), now).await {
        Ok(()) => Ok(answer),
        Err(error) => refused(error),
    }
}

/// The upload is there.
fn confirmed(folder: &Folder, upload: AttachmentId) -> Reply {
    match folder.attachments.iter().find(|file| file.id == upload) {
        Some(file) => {
            let attachments = folder.attachments.iter().map(AttachmentView::from).collect();
            Ok(web::created_nowhere(&Added {
                comment: None,
                attachment: Some(file.into()),
                new_attachments: vec![file.into()],
                comments: folder.comments.iter().map(CommentView::from).collect(),
                comments_cursor: folder.before.map(comment_cursor),
                attachments,
            }))
        }
        None => Err(ApiError::Conflict { message: "this upload is not there, or not there yet", id: None }),
    }
}

/// What was added, and with `folder` all that is on the lead now.
fn added(addition: &Addition, folder: Option<&Folder>) -> Response<Body> {
    let new_files = || addition.attachments.iter().rev().map(AttachmentView::from);
    let known_comments = folder.into_iter().flat_map(|folder| &folder.comments);
    let known_files = folder.into_iter().flat_map(|folder| &folder.attachments);
    web::created_nowhere(&Added {
        comment: addition.comment.as_ref().map(CommentView::from),
        attachment: addition.attachments.first().map(AttachmentView::from),
        new_attachments: addition.attachments.iter().map(AttachmentView::from).collect(),
        comments: addition.comment.iter().chain(known_comments).map(CommentView::from).collect(),
        comments_cursor: folder.and_then(|folder| folder.before).map(comment_cursor),
        attachments: new_files().chain(known_files.map(AttachmentView::from)).collect(),
    })
}

fn refused(error: AddError) -> Reply {
    match error {
        AddError::Once(once) => web::replay(once),
        AddError::Store(StoreError::NotFound) => Err(ApiError::NotFound("lead")),
        AddError::Store(error) => Err(error.into()),
    }
}
