//! All leads that match, as a file for spreadsheet programs.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Read as _, Seek as _, Write as _};
use std::time::Duration;

use leadline::App;
use leadline::domain::{Caller, EXPORTED, Lead, User, UserId, exported, neutralised};
use leadline::files::FilesError;
use leadline::index::ListQuery;
use leadline::store::Rows;
use leadline::web::{self, ApiError, Reply};
use tempfile::NamedTempFile;
use tokio::time::{Instant, timeout_at};

/// Most leads of one file. A small function writes as many in half of [`TIME`].
const MOST_LEADS: usize = 100_000;
/// Most bytes of one file, for a function has 512 MB of disk and is not alone with them.
const MOST_BYTES: u64 = 200_000_000;
/// How long leads are fetched and written.
const TIME: Duration = Duration::from_secs(20);
/// When a file must be in the bucket. The gateway waits 30 seconds.
const UNTIL: Duration = Duration::from_secs(27);
/// Most bytes of a file in the answer itself, as it is sent; a function's answer may be 6 MB.
const MOST_SENT: usize = 5_000_000;
/// Leads that are fetched, and in memory, at the same time.
const AT_ONCE: usize = 400;
const KIND: &str = "text/csv; charset=utf-8";

/// Answers with a file of all leads that match, in the order of the query: in the answer if it is small enough, else from
/// the bucket. `rows` are those of the caller's organisation.
pub(crate) async fn export(app: &App, caller: &Caller, query: &ListQuery, rows: Rows) -> Reply {
    let start = Instant::now();
    let query = ListQuery { limit: MOST_LEADS, offset: 0, after: None, ..query.clone() };
    let (matches, users) =
        tokio::try_join!(app.store.matches(caller, &query, rows), app.store.users(caller.org))?;
    if matches.count > MOST_LEADS {
        return Err(too_much(&format!("these are {} leads, and a file holds {MOST_LEADS}", matches.count)));
    }
    let mut sheet = Sheet::new(&users).map_err(disk)?;
    for ids in matches.leads.chunks(AT_ONCE) {
        if start.elapsed() > TIME {
            return Err(too_slow());
        }
        for lead in app.store.leads_of(caller, ids).await? {
            sheet.add(&lead).map_err(disk)?;
        }
        if sheet.bytes().map_err(disk)? > MOST_BYTES {
            return Err(too_much("the file would be larger than 200 MB"));
        }
    }
    let file = sheet.finish().map_err(disk)?;
    let name = format!("leads-{}.csv", app.clock.now().format("%Y-%m-%d"));
    if let Some(text) = small(&file).map_err(disk)? {
        return Ok(web::text_file(KIND, &name, text));
    }
    let files = app.files.as_ref().ok_or_else(|| FilesError::Failed("this function has no bucket".into()))?;
    let key = format!("exports/{}/{}.csv", caller.org, app.ids.export(app.clock.now()));
    let put = files.put_file(&key, KIND, file.path(), HashMap::new());
    timeout_at(start + UNTIL, put).await.map_err(|_| too_slow())??;
    Ok(web::see_other(&files.link_to(&key, &name).await?))
}

fn too_much(why: &str) -> ApiError {
    ApiError::TooMuch(format!(
        "{why}; narrow the export down by filters, such as created_after and created_before"
    ))
}

fn too_slow() -> ApiError {
    too_much("these leads cannot be written within the time that a request has")
}

fn disk(error: io::Error) -> ApiError {
    ApiError::Internal(error.into())
}

/// A file that is being written.
struct Sheet<'u> {
    emails: HashMap<UserId, &'u str>,
    csv: csv::Writer<BufWriter<File>>,
    file: NamedTempFile,
}

impl<'u> Sheet<'u> {
    fn new(users: &'u [User]) -> io::Result<Self> {
        let file = NamedTempFile::new()?;
        let mut writer = BufWriter::new(file.reopen()?);
        writer.write_all("\u{feff}".as_bytes())?; // without it, Excel takes UTF-8 for something else
        let mut csv = csv::Writer::from_writer(writer);
        csv.write_record(EXPORTED)?;
        let emails = users.iter().map(|user| (user.id, user.email.as_str())).collect();
        Ok(Self { emails, csv, file })
    }

    fn add(&mut self, lead: &Lead) -> io::Result<()> {
        let cells = exported(lead, |user| self.emails.get(&user).copied());
        for cell in &cells {
            self.csv.write_field(neutralised(cell).as_bytes())?;
        }
        Ok(self.csv.write_record(None::<&[u8]>)?)
    }

    fn bytes(&mut self) -> io::Result<u64> {
        self.csv.flush()?;
        Ok(self.file.as_file().metadata()?.len())
    }

    fn finish(mut self) -> io::Result<NamedTempFile> {
        self.csv.flush()?;
        Ok(self.file)
    }
}

/// The text of a file that goes into an answer, where it stands in a JSON text.
fn small(file: &NamedTempFile) -> io::Result<Option<String>> {
    let (mut file, mut text) = (file.as_file(), String::new());
    if file.metadata()?.len() > u64::try_from(MOST_SENT).unwrap_or(u64::MAX) {
        return Ok(None);
    }
    file.rewind()?;
    file.read_to_string(&mut text)?;
    let sent = |c: char| match c {
        '"' | '\\' | '\n' | '\r' | '\t' => 2,
        c if c.is_control() => 6,
        c => c.len_utf8(),
    };
    Ok(Some(text).filter(|text| text.chars().map(sent).sum::<usize>() <= MOST_SENT))
}
