//! Comments and files of leads.

use leadline::domain::{Attachment, AttachmentId, Comment, FileName};
use leadline::web::FILE_FIELDS;
use serde_json::{Value, json};

use crate::kinds::{Kind, optional, sent, shown};
use crate::leads::{self, files};
use crate::operation::Operation;
use crate::shapes::{array, body, described, named, nullable, object, text, time, uuid};
use crate::{Paths, examples};

const COMMENT: &str = "/api/leads/comment/{pk}/";
const ATTACHMENT: &str = "/api/leads/attachment/{pk}/";

pub(crate) fn paths(paths: &mut Paths) {
    let add = Operation::new("addToLead", "Comments and files", "Puts a comment, files or both on a lead")
        .about(
            "`comment` and files of up to 10 MB in all come in the request. For a larger file ask for a place by \
             `file_name` and `size`, send the bytes there, and say so by `upload_id`.",
        )
        .id("pk", "lead")
        .once()
        .body(true, "Addition", &json!({ "comment": "Called back. @grace@example.com, please check." }))
        .multipart("AdditionWithFiles")
        .json(201, "What is new and all there is; or a place to send the file to.", &json!({ "anyOf": [named("Added"), named("UploadPlace")] }), None)
        .headers(201, &[], &["Idempotent-Replayed"])
        .links(201, &[
            ("changeComment", "pk", "/comment/id"),
                ("replaceComment", "pk", "/comment/id"),
            ("deleteComment", "pk", "/comment/id"),
            ("fetchAttachment", "pk", "/attachment/id"),
            ("deleteAttachment", "pk", "/attachment/id"),
        ])
        .errors(&["NotFound", "Conflict"]);
    paths.add(leads::ONE, "post", add);
    for (method, id) in [("put", "replaceComment"), ("patch", "changeComment")] {
        let change = Operation::new(id, "Comments and files", "Changes a comment")
            .about("For its author and ADMINs.")
            .id("pk", "comment")
            .body(true, "CommentChange", &json!({ "comment": "Called back twice." }))
            .json(200, "The comment as it is now.", &named("Comment"), Some(&examples::comment()))
            .errors(&["NotFound", "Conflict"]);
        paths.add(COMMENT, method, change);
    }
    let delete = Operation::new("deleteComment", "Comments and files", "Deletes a comment")
        .about("For its author and ADMINs.")
        .id("pk", "comment")
        .empty(204, "It is gone.")
        .errors(&["NotFound", "Conflict"]);
    paths.add(COMMENT, "delete", delete);
    let fetch = Operation::new("fetchAttachment", "Comments and files", "Leads to a file")
        .id("pk", "file")
        .empty(302, "The file, at this address for 5 minutes; it is fetched without a token.")
        .headers(302, &["Location"], &[])
        .errors(&["NotFound"]);
    paths.add(ATTACHMENT, "get", fetch);
    let delete = Operation::new("deleteAttachment", "Comments and files", "Deletes a file")
        .about("For its sender and ADMINs.")
        .id("pk", "file")
        .empty(204, "It is gone.")
        .errors(&["NotFound", "Conflict"]);
    paths.add(ATTACHMENT, "delete", delete);
}

pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    let place = object([
        ("id", uuid()),
        ("upload", named("Upload")),
        ("expires_on", described(time(), "When the address ends.")),
    ]);
    let headers = json!({ "type": "object", "additionalProperties": text() });
    let upload = object([("url", text()), ("method", json!({ "const": "PUT" })), ("headers", headers)]);
    let one_of = ["CommentChange", "LargeFile", "LargeFileSent"].map(named);
    vec![
        ("CommentChange", body(&["comment"], [("comment", sent(|comment: &Comment| &comment.text))])),
        ("LargeFile", large_file()),
        ("LargeFileSent", body(&["upload_id"], [("upload_id", AttachmentId::sent())])),
        ("Addition", json!({ "oneOf": one_of })),
        ("AdditionWithFiles", with_files()),
        ("Added", added()),
        ("UploadPlace", place),
        ("Upload", upload),
        ("Comment", comment()),
        ("Attachment", attachment()),
    ]
}

/// A file that is to come by a way of its own.
fn large_file() -> Value {
    let size = json!({ "type": "integer", "minimum": 1, "maximum": Attachment::LARGEST });
    body(
        &["file_name", "size"],
        [
            ("file_name", FileName::sent()),
            ("size", described(size, "Its bytes, exactly.")),
            ("content_type", json!({ "type": ["string", "number", "null"] })),
        ],
    )
}

/// A comment, files or both.
fn with_files() -> Value {
    let comment = optional(|comment: &Comment| &comment.text);
    let mut form = body(&[], files().into_iter().chain([("comment", comment)]));
    let filled = sent(|comment: &Comment| &comment.text);
    let some = |field: &str| json!({ "required": [field], "properties": { field: { "minItems": 1 } } });
    let comment = json!({ "required": ["comment"], "properties": { "comment": filled } });
    form["anyOf"] = FILE_FIELDS.iter().map(|field| some(field)).chain([comment]).collect();
    form
}

fn added() -> Value {
    object([
        ("comment", described(nullable(named("Comment")), "The new one.")),
        ("attachment", described(nullable(named("Attachment")), "The first new one.")),
        ("new_attachments", array(&named("Attachment"))),
        ("comments", described(array(&named("Comment")), "All there are, newest first.")),
        ("comments_cursor", nullable(text())),
        ("attachments", described(array(&named("Attachment")), "All there are, newest first.")),
    ])
}

fn comment() -> Value {
    let mentions = json!({ "type": "array", "items": named("Person"), "maxItems": Comment::MOST_MENTIONS });
    object([
        ("id", uuid()),
        ("lead", uuid()),
        ("comment", shown(|comment: &Comment| &comment.text)),
        ("commented_by", named("Person")),
        ("commented_on", time()),
        ("updated_on", nullable(time())),
        ("mentions", mentions),
    ])
}

fn attachment() -> Value {
    object([
        ("id", uuid()),
        ("lead", uuid()),
        ("file_name", shown(|file: &Attachment| &file.file_name)),
        ("content_type", text()),
        ("size", described(json!({ "type": "integer", "minimum": 0 }), "Bytes.")),
        ("created_by", named("Person")),
        ("created_on", time()),
        ("file_path", described(text(), "Where the API leads to it.")),
    ])
}
