//! What a run works on: a table and a bucket of its own, each on a port, with an organisation and its file.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::Utc;
use http::header::ETAG;
use http::{Method, Request, Response};
use http_body_util::BodyExt as _;
use leadctl::bucket::Body;
use leadctl::events::Queue;
use leadctl::template::Template;
use leadline::domain::{Org, OrgId};
use leadline::{Files, Ids, Store, aws};
use leadline_tests::Traffic;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::{Handle, Runtime};

use crate::events::Events;
use crate::function::Function;
use crate::http::{Parts, Server};
use crate::table::Table;
use crate::{BUCKET, Result, TABLE};

const REGION: &str = "eu-central-1";
const ACCESS_KEY: &str = "bench";
const SECRET_KEY: &str = "no secret";

/// What a run took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taken {
    pub(crate) wall: Duration,
    /// Of the client alone, from its first event on.
    pub(crate) cpu: Duration,
    /// Bytes; of several processes the most that one had.
    pub(crate) peak: u64,
    pub(crate) traffic: Traffic,
}

pub(crate) struct Stage {
    pub(crate) org: OrgId,
    /// Where the file is.
    pub(crate) key: String,
    table: Table,
    events: Events,
    folder: TempDir,
    table_server: Server,
    bucket_server: Server,
}

impl Stage {
    /// Sets everything up and puts the file into the bucket, for an import with this metadata.
    pub(crate) fn new(runtime: &Runtime, file: &Path, metadata: &[(&str, &str)]) -> Result<Self> {
        let template = Template::shipped()?;
        let table = Table::new(template.create_table(TABLE))?;
        let events = Events::default();
        let folder = TempDir::new()?;
        let queue = Queue::open(&folder.path().join("events"), &template)?;
        let root = folder.path().join("s3");
        let service = leadctl::bucket::Bucket::open(&root, BUCKET, (ACCESS_KEY, SECRET_KEY), queue)?;
        let bucket = Bucket { service, runtime: runtime.handle().clone(), events: events.clone() };
        let table_server = Server::start({
            let table = table.clone();
            move |request| Some(table.answer(&request))
        })?;
        let bucket_server = Server::start(move |request| Some(bucket.answer(request)))?;

        let config = |server: &Server| aws::local_config(&server.url(), REGION, ACCESS_KEY, SECRET_KEY);
        let now = Utc::now();
        let org = Org::new(Ids::default().org(now), "Acme", now)?;
        let store = Store::new(aws::client(&config(&table_server)), TABLE);
        runtime.block_on(store.insert_org(&org))?;
        let key = format!("imports/{}/leads.csv", org.id);
        let files = Files::new(aws::bucket_client(&config(&bucket_server)), BUCKET);
        let metadata = metadata.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        runtime.block_on(files.put_file(&key, "text/csv", file, metadata.collect()))?;
        table.traffic();
        Ok(Self { org: org.id, key, table, events, folder, table_server, bucket_server })
    }

    /// What clients are told of where table and bucket are.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
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

    pub(crate) fn traffic(&self) -> Traffic {
        self.table.traffic()
    }

    /// Imports the file by so many processes of the function.
    pub(crate) fn import(&self, binary: &Path, processes: usize, rows: u32) -> Result<Taken> {
        let start = |_| Function::start(binary, &self.environment(), &self.events);
        let mut functions = (0..processes).map(start).collect::<Result<Vec<_>>>()?;
        self.events.await_processes(processes, &mut || functions.iter_mut().try_for_each(Function::check))?;
        let before = cpu(&functions)?;
        self.traffic(); // of their starts

        let started = Instant::now();
        self.events.deliver(&mut || functions.iter_mut().try_for_each(Function::check))?;
        let wall = started.elapsed();

        let cpu = cpu(&functions)? - before;
        let peaks = functions.iter().map(Function::peak).collect::<Result<Vec<_>>>()?;
        let traffic = self.traffic();
        self.check(rows)?;
        Ok(Taken { wall, cpu, peak: peaks.into_iter().max().unwrap_or_default(), traffic })
    }

    /// Whether every row became a lead, by the import's own report.
    fn check(&self, rows: u32) -> Result<()> {
        let results = self.folder.path().join("s3").join(BUCKET).join("results").join(self.org.to_string());
        let import = fs::read_dir(results)?.next().ok_or("no import has ended")??;
        let result: Value = serde_json::from_slice(&fs::read(import.path().join("result.json"))?)?;
        if result["status"] == "success" && result["imported_count"] == rows {
            return Ok(());
        }
        Err(format!("not every row was imported: {result}").into())
    }
}

fn cpu(functions: &[Function]) -> Result<Duration> {
    functions.iter().map(Function::cpu).sum()
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.events.end();
    }
}

/// The local stack's bucket; what is put where the function listens becomes an event.
#[derive(Clone)]
struct Bucket {
    service: leadctl::bucket::Bucket,
    runtime: Handle,
    events: Events,
}

impl Bucket {
    fn answer(&self, request: Request<Bytes>) -> Response<Parts> {
        let is_put = *request.method() == Method::PUT;
        let key = request.uri().path().strip_prefix('/').and_then(|path| path.split_once('/'));
        let key = key.map(|(_, key)| key.to_owned()).filter(|_| is_put);
        let response = self.runtime.block_on(self.service.call(request.map(Body::from)));
        while self.service.queue().take().is_some() {} // deliveries are by `events`
        let key = key.filter(|key| key.starts_with("imports/") || key.starts_with("chunks/"));
        if let Some(key) = key.filter(|_| response.status().is_success()) {
            let e_tag = response.headers().get(ETAG).and_then(|tag| tag.to_str().ok()).unwrap_or_default();
            self.events.add(key, e_tag.trim_matches('"').to_owned());
        }
        let runtime = self.runtime.clone();
        response.map(|mut body| -> Parts {
            Box::new(std::iter::from_fn(move || {
                let frame = runtime.block_on(body.frame())?;
                let bytes = frame.map(|frame| frame.into_data().unwrap_or_default());
                Some(bytes.map_err(std::io::Error::other))
            }))
        })
    }
}
