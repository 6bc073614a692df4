//! Files that other programs wrote, and files that are no spreadsheets.

use std::collections::BTreeSet;
use std::fs;

use leadline::sheet::{Record, Sheet};

use super::{FILES, counts, leads, send, send_by_bucket, send_by_link, shown};
use crate::prelude::*;

/// What must come of a file.
struct Expected {
    name: String,
    is_refused: bool,
    /// Its leads from top to bottom, with the number of their row.
    rows: Vec<Value>,
    /// The rows that fail, without the words.
    bad: Vec<Value>,
    ignored: Vec<String>,
}

fn file(name: &str) -> Vec<u8> {
    fs::read(format!("{FILES}/{name}")).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// What `expected.json` says of every file.
fn expected() -> Vec<Expected> {
    let all: Value = serde_json::from_slice(&file("expected.json")).unwrap();
    let files = all["files"].as_object().unwrap().iter();
    files.map(|(name, said)| Expected::of(name, said, &all["leads"])).collect()
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

impl Expected {
    fn of(name: &str, said: &Value, leads: &Value) -> Self {
        let offset = said["offset"].as_u64().unwrap_or(0);
        let rows_of = |part: &str| match said.get(part) {
            Some(own) => list(own),
            None => list(&leads[part])
                .into_iter()
                .map(|mut row| {
                    row["row"] = json!(row["row"].as_u64().unwrap() + offset);
                    row
                })
                .collect(),
        };
        let mut rows: Vec<Value> = rows_of("rows");
        for instead in list(&said["instead"]) {
            match rows.iter_mut().find(|row| row["row"] == instead["row"]) {
                Some(row) => row.as_object_mut().unwrap().extend(instead.as_object().unwrap().clone()),
                None => rows.push(instead),
            }
        }
        rows.sort_by_key(|row| row["row"].as_u64());
        let header = list(said.get("header").unwrap_or(&leads["header"]));
        let ignored = list(&leads["ignored"]);
        // A column that the header leaves blank has a number, if anything is in it.
        let unnamed = |at: usize| (!rows.is_empty()).then(|| format!("column {}", at + 1));
        let ignored = header.iter().enumerate().filter_map(|(at, name)| match name.as_str().unwrap() {
            "" => unnamed(at),
            name => ignored.contains(&json!(name)).then(|| name.to_owned()),
        });
        let beyond = (name == "ragged.csv").then_some(header.len() + 1).and_then(unnamed);
        let ignored = ignored.chain(beyond).collect();
        let is_refused = said["refused"] == true;
        Self { name: name.to_owned(), is_refused, rows, bad: rows_of("bad"), ignored }
    }

    fn is_text(&self) -> bool {
        [".csv", ".tsv", ".txt"].iter().any(|ending| self.name.ends_with(ending))
    }

    /// The leads as the API shows them, newest first.
    fn leads(&self) -> Vec<Value> {
        self.rows.iter().rev().map(lead_of).collect()
    }
}

/// The lead that a row makes: whatever the row does not say is as it is on any new lead.
fn lead_of(row: &Value) -> Value {
    let [first, last] = ["first_name", "last_name"].map(|name| row[name].as_str().unwrap());
    let mut lead = json!({
        "title": format!("{first} {last}"), "status": "assigned", "source": null, "website": null,
        "address_line": null, "street": null, "state": null, "contacts": [], "assigned_to": [], "teams": [],
        "created_from_site": false, "converted_account": null, "converted_contact": null,
        "converted_opportunity": null, "converted_on": null, "attribution": null,
    });
    lead.as_object_mut().unwrap().extend(row.as_object().unwrap().clone());
    without(lead, &["row"])
}

fn without(mut value: Value, names: &[&str]) -> Value {
    value.as_object_mut().unwrap().retain(|name, _| !names.contains(&name.as_str()));
    value
}

/// Leads without what is new each time.
fn plain(leads: Vec<Value>) -> Vec<Value> {
    let new = ["id", "org", "company", "created_on", "created_by", "updated_on"];
    leads.into_iter().map(|lead| without(lead, &new)).collect()
}

/// Errors without their words, of which each has some.
fn places(import: &Value) -> Value {
    let errors = list(&import["errors"]);
    assert!(errors.iter().all(|error| error["error"].as_str().is_some_and(|words| !words.is_empty())));
    errors.into_iter().map(|error| without(error, &["error"])).collect()
}

/// Imports each file into an organisation of its own; what came out otherwise than it should.
async fn import_all(files: impl Iterator<Item = Expected>) -> Vec<String> {
    let app = TestApp::start().await;
    let mut wrong = Vec::new();
    for expected in files {
        let (name, admin) = (&expected.name, app.admin().await);
        let answer = send(&admin, name, file(name), &[]).await;
        let mut compare = |what: &str, found: &Value, right: &Value| {
            if found != right {
                wrong.push(format!("{name}: {what}: {found} and not {right}"));
            }
        };
        compare("status", &json!(answer.status.as_u16()), &json!(200));
        let import = &answer.body;
        compare("name", &import["file_name"], &json!(name));
        compare("errors", &places(import), &json!(expected.bad));
        compare("ignored", &import["ignored_columns"], &json!(expected.ignored));
        let [imported, failed] = [&expected.rows, &expected.bad].map(|rows| rows.len() as u64);
        compare("counts", &json!(counts(import)), &json!([imported, failed, 0, 0]));
        compare("rows", &import["row_count"], &json!(imported + failed));
        let found = plain(leads(&admin).await);
        for lead in expected.leads() {
            let Some(same) = found.iter().find(|found| found["email"] == lead["email"]) else {
                compare("lead", &Value::Null, &lead["email"]);
                continue;
            };
            let fields: BTreeSet<_> =
                [same, &lead].iter().flat_map(|lead| lead.as_object()).flatten().map(|it| it.0).collect();
            fields.into_iter().for_each(|field| compare(field, &same[field], &lead[field]));
        }
        let order = |leads: &[Value]| leads.iter().map(|lead| lead["email"].clone()).collect::<Value>();
        compare("order", &order(&found), &order(&expected.leads()));
    }
    wrong
}

#[test]
fn of_every_file_it_is_said_what_must_come_of_it() {
    let said: BTreeSet<String> = expected().into_iter().map(|expected| expected.name).collect();

    let files = fs::read_dir(FILES).unwrap().map(|entry| entry.unwrap());
    let files = files.filter(|entry| entry.file_type().unwrap().is_file());
    let names = files.map(|entry| entry.file_name().into_string().unwrap());
    let about = [".gitattributes", "README.md", "expected.json", "make.js", "make.py", "make.sh"];
    let there: BTreeSet<String> = names.filter(|name| !about.contains(&name.as_str())).collect();

    assert_eq!(there, said);
}

#[tokio::test]
async fn workbooks_of_every_kind_are_read() {
    let files = expected().into_iter().filter(|expected| !expected.is_refused && !expected.is_text());

    let wrong = import_all(files).await;

    assert_eq!(wrong, Vec::<String>::new());
}

#[tokio::test]
async fn delimited_texts_of_every_kind_are_read() {
    let files = expected().into_iter().filter(|expected| !expected.is_refused && expected.is_text());

    let wrong = import_all(files).await;

    assert_eq!(wrong, Vec::<String>::new());
}

#[tokio::test]
async fn what_is_no_spreadsheet_is_refused_with_one_clear_error() {
    let app = TestApp::start().await;
    for (name, problem) in [
        ("document.pdf", "this is not a spreadsheet: CSV, XLSX, XLS, XLSB and ODS are read"),
        ("empty.csv", "the file is empty"),
        ("html-renamed-to.xls", "this is not a spreadsheet: CSV, XLSX, XLS, XLSB and ODS are read"),
        (
            "no-known-header.csv",
            "no column of the file is known; the first row must name them, such as first name, last name, e-mail; \
             found: a, b, c",
        ),
        ("picture.png", "this is not a spreadsheet: CSV, XLSX, XLS, XLSB and ODS are read"),
        ("protected.xlsx", "the workbook is protected by a password"),
        ("xml-2003.xls", "this is not a spreadsheet: CSV, XLSX, XLS, XLSB and ODS are read"),
        ("zip-renamed-to.xlsx", "this is not a spreadsheet: CSV, XLSX, XLS, XLSB and ODS are read"),
    ] {
        let admin = app.admin().await;

        let answer = send(&admin, name, file(name), &[]).await;

        assert_eq!((answer.status.as_u16(), &answer.body["code"]), (400, &json!("invalid")), "{name}");
        assert_eq!(answer.body["errors"], json!({ "leads_file": [problem] }), "{name}");
        let known = admin.get("/api/leads/upload/").await;
        let [import] = known.body["imports"].as_array().unwrap().as_slice() else { panic!("{}", known.text) };
        assert_eq!((&import["status"], &import["error"]), (&json!("failed"), &json!(problem)), "{name}");
        assert_eq!((counts(import), &import["row_count"]), ([0; 4], &json!(0)), "{name}");
    }
    assert_eq!(expected().into_iter().filter(|expected| expected.is_refused).count(), 8);
    assert_eq!(app.stored("LEAD", ""), 0);
}

#[tokio::test]
async fn a_file_is_the_same_through_all_three_doors() {
    let app = TestApp::start().await;
    for name in ["libreoffice.ods", "sheetjs.xlsb", "xlsxwriter.xlsx", "libreoffice.xls", "excel-de.csv"] {
        let [one, two, three] = [app.admin().await, app.admin().await, app.admin().await];

        let sent = shown(&one, &send(&one, name, file(name), &[]).await.id()).await;
        let linked = send_by_link(&two, name, file(name), &[]).await;
        let dropped = send_by_bucket(&three, name, file(name), &[]).await;

        let own = ["id", "created_on", "finished_on", "created_by", "rows_per_second", "errors_file"];
        let [sent, linked, dropped] = [sent, linked, dropped].map(|import| without(import, &own));
        assert_eq!((&sent["status"], counts(&sent)), (&json!("success"), [10, 2, 0, 0]), "{name}");
        assert_eq!((&linked, &dropped), (&sent, &sent), "{name}");
        let found = [leads(&one).await, leads(&two).await, leads(&three).await].map(plain);
        assert_eq!(found[0].len(), 10, "{name}");
        assert_eq!((&found[1], &found[2]), (&found[0], &found[0]), "{name}");
    }
}

#[tokio::test]
async fn a_file_is_refused_the_same_through_all_three_doors() {
    let app = TestApp::start().await;
    for name in ["protected.xlsx", "document.pdf", "no-known-header.csv"] {
        let [one, two, three] = [app.admin().await, app.admin().await, app.admin().await];

        let sent = send(&one, name, file(name), &[]).await;
        let linked = send_by_link(&two, name, file(name), &[]).await;
        let dropped = send_by_bucket(&three, name, file(name), &[]).await;

        let problem = &sent.body["errors"]["leads_file"][0];
        assert!(problem.is_string(), "{name}: {}", sent.text);
        for import in [linked, dropped] {
            assert_eq!((&import["status"], &import["error"]), (&json!("failed"), problem), "{name}");
        }
    }
    assert_eq!((app.stored("LEAD", ""), app.messages()), (0, 0));
}

#[test]
fn the_cases_of_csv_spectrum_are_read_as_they_say() {
    let folder = format!("{FILES}/csv-spectrum");
    let mut count = 0;
    for entry in fs::read_dir(format!("{folder}/csvs")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let said: Value = serde_json::from_slice(&file(&format!("csv-spectrum/json/{name}.json"))).unwrap();
        let mut said = if said.is_object() { vec![said] } else { list(&said) };
        if name == "location_coordinates" {
            said[0]["Contact Phone Number"] = json!("2095257564"); // as the CSV file has it
        }

        let mut sheet = Sheet::open(fs::File::open(&path).unwrap()).unwrap();
        let (header, mut record, mut rows) = (sheet.header().to_vec(), Record::default(), Vec::new());
        while sheet.read(&mut record).unwrap() {
            let cells = header.iter().cloned().zip(record.cells.iter().map(|cell| json!(cell)));
            rows.push(Value::Object(cells.collect()));
        }

        assert_eq!(rows, said, "{name}");
        count += 1;
    }
    assert_eq!(count, 12);
}
