//! A stage for benchmarks: a table and a bucket on loopback that count what passes, with an organisation, and functions
//! as they ship, each a process of its own, so that its processor time is its own whatever the engines take.

mod bucket;
mod build;
mod calls;
mod draw;
mod events;
mod function;
mod http;
mod table;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use chrono::Utc;
use leadctl::template::Template;
use leadline::domain::{Org, OrgId};
use leadline::{BoxError, Files, Ids, Store, aws};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Handle;

use self::bucket::Bucket;
use self::http::Server;
use self::table::Table;
use crate::Traffic;

pub use bucket::Objects;
pub use build::{build, target};
pub use calls::{Answer, Called};
pub use draw::Draw;
pub use events::Events;
pub use function::{Caller, Function};

type Result<T> = std::result::Result<T, BoxError>;

const TABLE: &str = "leadline";
const BUCKET: &str = "leadline";
const REGION: &str = "eu-central-1";
const ACCESS_KEY: &str = "bench";
const SECRET_KEY: &str = "no secret";

/// What handling events took.
#[derive(Debug, Clone, Copy)]
pub struct Taken {
    pub wall: Duration,
    /// Of the function alone, from its first event on.
    pub cpu: Duration,
    /// Bytes; of several processes the most that one had.
    pub peak: u64,
    pub traffic: Traffic,
    pub objects: Objects,
}

/// The stage, which is gone with the value.
pub struct Stage {
    pub org: OrgId,
    /// For what is to be there before functions are measured.
    pub store: Store,
    /// Files to import, and their pieces.
    pub imports: Events,
    /// Rows to fold into segments.
    pub folds: Events,
    files: Files,
    runtime: Handle,
    table: Table,
    bucket: Bucket,
    /// Microseconds that table and bucket wait before they answer.
    trip: Arc<AtomicU64>,
    folder: TempDir,
    table_server: Server,
    bucket_server: Server,
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stage").field("org", &self.org).finish_non_exhaustive()
    }
}

impl Stage {
    /// An empty table and an empty bucket, but for the organisation.
    pub fn new(runtime: &Handle) -> Result<Self> {
        let table = Table::new(Template::shipped()?.create_table(TABLE))?;
        let (imports, folds, folder) = (Events::default(), Events::default(), TempDir::new()?);
        let bucket = Bucket::open(folder.path(), runtime.clone(), imports.clone(), folds.clone())?;
        let trip = Arc::new(AtomicU64::new(0));
        let table_server = Server::start({
            let (table, trip) = (table.clone(), trip.clone());
            move |request| {
                thread::sleep(Duration::from_micros(trip.load(Ordering::Relaxed)));
                Some(table.answer(&request))
            }
        })?;
        let bucket_server = Server::start({
            let (bucket, trip) = (bucket.clone(), trip.clone());
            move |request| {
                thread::sleep(Duration::from_micros(trip.load(Ordering::Relaxed)));
                Some(bucket.answer(request))
            }
        })?;

        let config = |server: &Server| aws::local_config(&server.url(), REGION, ACCESS_KEY, SECRET_KEY);
        let store = Store::new(aws::client(&config(&table_server)), TABLE);
        let files = Files::new(aws::bucket_client(&config(&bucket_server)), BUCKET);
        let now = Utc::now();
        let org = Org::new(Ids::default().org(now), "Acme", now)?;
        runtime.block_on(store.insert_org(&org))?;
        Ok(Self {
            org: org.id,
            store,
            imports,
            folds,
            files,
            runtime: runtime.clone(),
            table,
            bucket,
            trip,
            folder,
            table_server,
            bucket_server,
        })
    }

    /// What functions and other clients are told of where table and bucket are.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", SECRET_KEY.to_owned()),
            ("AWS_ENDPOINT_URL_DYNAMODB", self.table_server.url()),
            ("AWS_ENDPOINT_URL_S3", self.bucket_server.url()),
            ("LEADLINE_TABLE", TABLE.to_owned()),
            ("LEADLINE_BUCKET", BUCKET.to_owned()),
        ]
    }

    /// From now on each request to table or bucket takes so long, beside what the engine takes.
    pub fn set_trip(&self, trip: Duration) {
        self.trip.store(trip.as_micros().try_into().unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// What passed between clients and table since this was last asked.
    pub fn traffic(&self) -> Traffic {
        self.table.traffic()
    }

    /// What passed between clients and bucket since this was last asked.
    pub fn objects(&self) -> Objects {
        self.bucket.objects()
    }

    /// Counts from now on.
    pub fn forget(&self) {
        self.traffic();
        self.objects();
    }

    /// Puts a file of leads into the bucket, for an import with this metadata; answers its key.
    pub fn put(&self, name: &str, file: &Path, metadata: &[(&str, &str)]) -> Result<String> {
        let key = format!("imports/{}/{name}", self.org);
        let metadata = metadata.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        self.runtime.block_on(self.files.put_file(&key, "text/csv", file, metadata.collect()))?;
        Ok(key)
    }

    /// Has so many processes of the import function handle all events that wait, and those that come of them.
    pub fn handle(&self, events: &Events, binary: &Path, processes: usize) -> Result<Taken> {
        let turn = events.begin();
        let start = |_| Function::start(binary, &self.environment(), turn.process());
        let mut functions = (0..processes).map(start).collect::<Result<Vec<_>>>()?;
        events.await_processes(processes, &mut || functions.iter_mut().try_for_each(Function::check))?;
        let before = cpu(&functions)?;
        self.forget(); // their starts

        let started = Instant::now();
        events.deliver(&mut || functions.iter_mut().try_for_each(Function::check))?;
        let wall = started.elapsed();

        let cpu = cpu(&functions)? - before;
        let peaks = functions.iter().map(Function::peak).collect::<Result<Vec<_>>>()?;
        drop(functions); // before they are told that it is over, of which they would complain
        events.end();
        let peak = peaks.into_iter().max().unwrap_or_default();
        Ok(Taken { wall, cpu, peak, traffic: self.traffic(), objects: self.objects() })
    }

    /// An error unless so many rows became leads, by the imports' own reports.
    pub fn check(&self, rows: u32) -> Result<()> {
        let results = self.folder.path().join("s3").join(BUCKET).join("results").join(self.org.to_string());
        let mut imported = 0;
        for import in fs::read_dir(results)? {
            let result: Value = serde_json::from_slice(&fs::read(import?.path().join("result.json"))?)?;
            if result["status"] != "success" || result["failed_count"] != 0 {
                return Err(format!("not every row was imported: {result}").into());
            }
            imported += result["imported_count"].as_u64().unwrap_or_default();
        }
        match imported == u64::from(rows) {
            true => Ok(()),
            false => Err(format!("{imported} rows were imported, not {rows}").into()),
        }
    }
}

fn cpu(functions: &[Function]) -> Result<Duration> {
    functions.iter().map(Function::cpu).sum()
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.imports.end();
        self.folds.end();
    }
}
