//! The local stack: table, bucket, API and a website that uses it, for `leadctl dev` and the other commands.

mod api;
mod bucket;
mod demo;
mod demo_page;
mod dev_json;
mod engine;
mod events;
mod files;
mod greeting;
mod running;
mod stack;

use std::fs;
use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use leadline::domain::UserId;
use leadline::{App, BoxError, Clock};
use tempfile::TempDir;
use tokio::net::TcpListener;

use self::demo::Demo;
use self::dev_json::{ACCESS_KEY_ID, BUCKET, REGION, SECRET_ACCESS_KEY, TABLE};
pub use self::dev_json::{DevJson, DevUser};
use self::files::Lock;
use self::running::Running;
pub use self::stack::LocalStack;
use crate::gateway::{Gateway, TrailingSlash};
use crate::template::Template;

/// Longest wait at the end for requests in flight.
const PATIENCE: Duration = Duration::from_secs(10);

/// How the local stack is started.
#[derive(Debug, Clone)]
pub struct Options {
    /// The API's port; 0 picks a free one.
    pub port: u16,
    pub data_dir: PathBuf,
    /// Keep nothing but `dev.json` and the token secret.
    pub ephemeral: bool,
}

/// Runs the local stack until Ctrl-C or SIGTERM.
pub async fn run(options: Options) -> Result<(), BoxError> {
    let data_dir = options.data_dir.as_path();
    fs::create_dir_all(data_dir).map_err(|error| format!("{}: {error}", data_dir.display()))?;
    let lock = Lock::wait(data_dir).await?;
    let _lock = lock.ok_or_else(|| format!("a local stack is running in {} already", data_dir.display()))?;
    let before = DevJson::read(data_dir).ok();
    let listener = listen(options.port, before.as_ref()).await?;
    DevJson::remove(data_dir);

    let temporary = options.ephemeral.then(TempDir::new).transpose()?;
    let home = temporary.as_ref().map_or(data_dir, TempDir::path);
    let stack = Stack::start(listener, before.as_ref(), data_dir, home).await?;
    leadline::telemetry::init();
    stopping().await;
    eprintln!("stopping; once more to stop at once");
    tokio::select! {
        ended = stack.stop() => ended,
        () = stopping() => Ok(()),
        () = tokio::time::sleep(PATIENCE) => Err("some requests did not end in time".into()),
    }
}

async fn listen(port: u16, before: Option<&DevJson>) -> Result<TcpListener, BoxError> {
    if port == 0 {
        return Ok(running::listen(before.and_then(|before| DevJson::port(&before.api))).await?);
    }
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!("port {port} is taken; choose another with --port (0 picks a free one)").into()
        }
        _ => format!("port {port}: {error}").into(),
    })
}

/// What runs.
#[derive(Debug)]
struct Stack {
    demo_page: Running,
    api: Running,
    events: Running,
    bucket: Running,
    table: Running,
}

impl Stack {
    async fn start(
        api: TcpListener,
        before: Option<&DevJson>,
        data_dir: &Path,
        home: &Path,
    ) -> Result<Self, BoxError> {
        let template = Template::shipped()?;
        let file = (home == data_dir).then(|| home.join("table.db"));
        let database = engine::open(file.as_deref(), &template)?;
        let objects = bucket::open(home, &template).await?;
        let table = running::listen(before.and_then(|before| DevJson::port(&before.dynamodb))).await?;
        let bucket = running::listen(before.and_then(|before| DevJson::port(&before.s3))).await?;
        let website = running::listen(before.and_then(|before| DevJson::port(&before.demo_page))).await?;
        let addresses = Addresses {
            api: running::url(&api)?,
            dynamodb: running::url(&table)?,
            s3: running::url(&bucket)?,
            demo_page: running::url(&website)?,
        };
        let app = App::new(engine::store(&addresses.dynamodb), files::auth(data_dir)?, Clock::system());
        let app = Arc::new(app.with_files(bucket::files(&addresses.s3)));
        let gateway = Arc::new(Gateway::new(&template, Arc::clone(&app), TrailingSlash::Ignored)?);
        let mut demo = Demo::load(&app, home)?;
        let stack = Self {
            demo_page: demo_page::serve(website, &addresses.api, &demo.api_key),
            table: engine::serve(table, database),
            events: events::serve(objects.queue().clone(), Arc::clone(&app)),
            bucket: bucket::serve(bucket, objects),
            api: api::serve(api, Arc::clone(&gateway)),
        };

        let dev = dev_json(addresses, &app, &demo)?;
        demo.complete(&app, &gateway, &dev.admin.token, home).await?;
        let lead = demo.any_lead(&gateway, &dev.admin.token).await;
        dev.write(data_dir)?;
        greeting::print(&dev, data_dir, lead.as_deref())?;
        Ok(stack)
    }

    /// From front to back, so that what is in flight finds all it needs.
    async fn stop(self) -> Result<(), BoxError> {
        self.demo_page.stop().await?;
        self.api.stop().await?;
        self.events.stop().await?;
        self.bucket.stop().await?;
        self.table.stop().await
    }
}

struct Addresses {
    api: String,
    dynamodb: String,
    s3: String,
    demo_page: String,
}

fn dev_json(addresses: Addresses, app: &App, demo: &Demo) -> Result<DevJson, BoxError> {
    let member = |id: UserId, email: &str| -> Result<DevUser, BoxError> {
        let token = app.auth.issue(id, demo.org, app.clock.now(), chrono::Duration::days(30))?;
        Ok(DevUser { id, email: email.to_owned(), token })
    };
    Ok(DevJson {
        api: addresses.api,
        dynamodb: addresses.dynamodb,
        s3: addresses.s3,
        demo_page: addresses.demo_page,
        table: TABLE.to_owned(),
        bucket: BUCKET.to_owned(),
        region: REGION.to_owned(),
        access_key_id: ACCESS_KEY_ID.to_owned(),
        secret_access_key: SECRET_ACCESS_KEY.to_owned(),
        org: demo.org,
        admin: member(demo.admin, demo::ADMIN)?,
        user: member(demo.user, demo::USER)?,
        api_key: demo.api_key.clone(),
    })
}

/// Resolves at the next Ctrl-C or SIGTERM.
async fn stopping() {
    #[cfg(unix)]
    if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        return;
    }
    let _ = tokio::signal::ctrl_c().await;
}
