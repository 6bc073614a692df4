//! Files of leads.

use leadline::domain::{FileName, ImportOptions, ImportSize, ImportState, MAX_IDS, OnDuplicate, RowError};
use leadline::import::{MOST_ERRORS, MOST_IGNORED};
use serde_json::{Value, json};

use crate::Paths;
use crate::kinds::{Kind, sent, words};
use crate::operation::Operation;
use crate::shapes::{array, blank, body, count, described, flag, named, nullable, object, text, time, uuid};

const ALL: &str = "/api/leads/upload/";
const ONE: &str = "/api/leads/upload/{id}/";
/// What may be done with an import.
const LINKS: [(&str, &str, &str); 2] = [("showImport", "id", "/id"), ("undoImport", "id", "/id")];

pub(crate) fn paths(paths: &mut Paths) {
    let list = Operation::new("listImports", "Imports", "Lists imports, newest first")
        .about("A USER sees their own. Without `errors`, which are empty here.")
        .paged()
        .json(200, "A page of them.", &named("Imports"), None);
    paths.add(ALL, "get", list);
    let sample =
        json!({ "file_name": "leads.csv", "size": 73_400_320, "on_duplicate": "skip", "tags": ["Fair"] });
    let import = Operation::new("importLeads", "Imports", "Imports a file of leads")
        .about(
            "CSV, XLSX, XLS, XLSB or ODS. A small file comes in `leads_file`; for a larger one ask for a place by \
             `file_name` and `size`, and send the bytes there. A bad row fails alone.",
        )
        .once()
        .body(true, "NewImport", &sample)
        .multipart("NewImportWithFile")
        .json(200, "The import; all of it is done.", &named("Import"), None)
        .json(201, "Where to send the file to.", &named("UploadPlace"), None)
        .json(202, "The import; the rest goes on by itself.", &named("Import"), None)
        .headers(200, &[], &["Idempotent-Replayed"])
        .headers(201, &["Location"], &["Idempotent-Replayed"])
        .headers(202, &[], &["Idempotent-Replayed"])
        .links(200, &LINKS)
        .links(201, &LINKS)
        .links(202, &LINKS)
        .errors(&["NotFound", "Conflict"]);
    paths.add(ALL, "post", import);
    let show = Operation::new("showImport", "Imports", "Shows an import as it stands now")
        .id("id", "import")
        .json(200, "The import.", &named("Import"), None)
        .errors(&["NotFound"]);
    paths.add(ONE, "get", show);
    let undo = Operation::new("undoImport", "Imports", "Takes an import back")
        .about("For ADMINs. Leads that somebody changed since stay.")
        .id("id", "import")
        .json(200, "The import; all of it is done.", &named("Import"), None)
        .json(202, "The import; the rest goes on by itself.", &named("Import"), None)
        .errors(&["NotFound", "Conflict"]);
    paths.add(ONE, "delete", undo);
}

pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    let page = [
        ("imports", array(&named("Import"))),
        ("next", nullable(text())),
        ("previous", nullable(text())),
        ("per_page", count()),
        ("page_number", count()),
    ];
    let size = json!({ "type": "integer", "minimum": 1, "maximum": ImportSize::LARGEST });
    let by_link = [("file_name", FileName::sent()), ("size", described(size, "Its bytes, exactly."))];
    let file = json!({ "type": "string", "format": "binary" });
    let new = body(&["file_name", "size"], options().into_iter().chain(by_link));
    let with_file = body(&[lead_upload::FILE], options().into_iter().chain([(lead_upload::FILE, file)]));
    vec![
        ("Imports", object(page)),
        ("Import", import()),
        ("NewImport", new),
        ("NewImportWithFile", with_file),
    ]
}

/// What the sender of a file may ask for.
fn options() -> [(&'static str, Value); 6] {
    let words = words!(OnDuplicate { Skip, Create, Update });
    let on_duplicate = json!({ "anyOf": [words, blank()] });
    let member = json!({ "anyOf": [uuid(), { "type": "string", "format": "email" }] });
    // Blank ones are passed over.
    let item = json!({ "anyOf": [member, { "type": "string", "pattern": r"^\s*$" }] });
    let members =
        json!({ "anyOf": [{ "type": "array", "items": item, "maxItems": MAX_IDS }, member, blank()] });
    [
        ("on_duplicate", described(on_duplicate, "What becomes of a row whose e-mail a lead has.")),
        ("default_source", sent(|options: &ImportOptions| &options.default_source)),
        (
            "tags",
            described(
                sent(|options: &ImportOptions| &options.tags),
                "Of every lead. Also one text, its items between `;` or `,`.",
            ),
        ),
        (
            "assigned_to",
            described(members, "E-mails or ids of active members. Also one text, as with `tags`."),
        ),
        ("dry_run", described(flag(), "Only says what would be done.")),
        ("again", described(flag(), "Also if the same bytes came before.")),
    ]
}

fn import() -> Value {
    let state = words!(ImportState { Awaiting, Processing, Success, Failed, Undoing, Undone });
    let clipped = || json!({ "type": "string", "maxLength": RowError::MAX_TEXT });
    let error = object([
        ("row", json!({ "type": "integer", "minimum": 1 })),
        ("field", text()),
        ("column", clipped()),
        ("value", clipped()),
        ("error", clipped()),
    ]);
    let left = object([("id", uuid()), ("reason", text())]);
    let undo = object([
        ("removed_count", count()),
        ("restored_count", count()),
        ("left_count", count()),
        ("left", json!({ "type": "array", "items": left, "maxItems": MOST_ERRORS })),
    ]);
    object([
        ("id", described(nullable(uuid()), "None of a dry run.")),
        ("status", state),
        ("file_name", text()),
        ("on_duplicate", words!(OnDuplicate { Skip, Create, Update })),
        ("dry_run", json!({ "type": "boolean" })),
        ("created_on", time()),
        ("finished_on", nullable(time())),
        ("created_by", nullable(named("Person"))),
        ("progress", json!({ "type": "integer", "minimum": 0, "maximum": 100 })),
        ("rows_per_second", count()),
        ("row_count", count()),
        ("imported_count", count()),
        ("failed_count", count()),
        ("skipped_count", count()),
        ("updated_count", count()),
        ("errors", json!({ "type": "array", "items": error, "maxItems": MOST_ERRORS })),
        ("ignored_columns", json!({ "type": "array", "items": text(), "maxItems": MOST_IGNORED })),
        ("error", nullable(text())),
        ("repeat_of", nullable(uuid())),
        ("errors_file", described(nullable(text()), "The rows that failed, at this address for 5 minutes.")),
        ("undo", nullable(undo)),
    ])
}
