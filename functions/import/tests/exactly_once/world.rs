//! An organisation in engines of its own, as seen past all processes.

use std::collections::HashMap;
use std::fs;
use std::sync::{Arc, LazyLock};

use aws_config::SdkConfig;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::handler::Handler as _;
use axum::response::Response;
use leadline::domain::{Caller, Lead, LeadFilter, Org, OrgId, Role, Rules, User};
use leadline::index::ListQuery;
use leadline::{Clock, Files, Ids, Store, aws};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::engines::{BUCKET, Engines, KEYS, TABLE};

/// With the HTTP client of all worlds: each would read the certificates of the machine.
static CONFIG: LazyLock<SdkConfig> =
    LazyLock::new(|| aws::local_config("http://127.0.0.1", "eu-central-1", KEYS.0, KEYS.1));

/// An organisation with three members and rules, and nothing else.
pub(crate) struct World {
    pub(crate) engines: Arc<Engines>,
    pub(crate) store: Store,
    pub(crate) files: Files,
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    pub(crate) org: OrgId,
    /// An ADMIN and two others.
    pub(crate) users: Vec<User>,
    server: JoinHandle<()>,
}

impl World {
    pub(crate) async fn new() -> Self {
        let engines = Arc::new(Engines::new());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let server = {
            let service = answer.with_state(Arc::clone(&engines));
            tokio::spawn(async { axum::serve(listener, service).await.unwrap() })
        };
        let config = CONFIG.to_builder().endpoint_url(address).build();
        let (clock, ids) = (Clock::system(), Ids::default());
        let now = clock.now();
        let files = Files::new(aws::bucket_client(&config), BUCKET);
        let mut world = Self {
            engines,
            store: Store::new(aws::client(&config), TABLE).with_bucket(files.clone()),
            files,
            org: ids.org(now),
            clock,
            ids,
            users: Vec::new(),
            server,
        };
        world.store.insert_org(&Org::new(world.org, "Acme", now).unwrap()).await.unwrap();
        for (name, role) in [("ada", Role::Admin), ("grace", Role::User), ("mary", Role::User)] {
            let email = format!("{name}@acme.example");
            let user = User::new(world.ids.user(now), world.org, &email, None, role, now).unwrap();
            world.store.insert_user(&user).await.unwrap();
            world.users.push(user);
        }
        let ids: Vec<_> = world.users.iter().map(|user| user.id).collect();
        let rules = json!([
            {"when": {"source": "Trade Show"}, "assign": {"users": ids, "strategy": "round_robin"}},
            {"when": {"source": "Referral"}, "assign": {"users": ids[1..], "strategy": "least_loaded"}},
        ]);
        world.store.set_rules(world.org, &Rules::parse(&rules.to_string()).unwrap(), now).await.unwrap();
        world
    }

    /// Puts a file where files are to be imported from; `options` is what is said on it.
    pub(crate) async fn drop_file(&self, name: &str, content: &str, options: &[(&str, &str)]) {
        let path = self.engines.temporary().join("dropped");
        fs::write(&path, content).unwrap();
        let options = options.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        let options: HashMap<_, _> = options.collect();
        let key = format!("imports/{}/{name}", self.org);
        self.files.put_file(&key, "text/csv", &path, options).await.unwrap();
    }

    /// Every lead of the list, newest first; the list counts as many as it shows.
    pub(crate) async fn leads(&self) -> Vec<Lead> {
        let caller = Caller::from(self.users[0].clone());
        let counts = self.store.counts(self.org).await.unwrap();
        let mut leads = Vec::new();
        loop {
            let filter = LeadFilter { email: Some("@".to_owned()), ..LeadFilter::default() };
            let query = ListQuery { filter, limit: 100, offset: leads.len(), ..ListQuery::default() };
            let rows = self.store.rows(self.org).await.unwrap();
            let list = self.store.list(&caller, &query, rows, counts).await.unwrap();
            assert_eq!((list.closed.count, counts.closed, counts.converted), (0, 0, 0));
            assert_eq!(
                i64::try_from(list.open.count).unwrap(),
                counts.open,
                "what is listed and what is counted"
            );
            let page = list.open.leads.len();
            assert_eq!(page, 100.min(list.open.count - leads.len()), "rows without leads");
            leads.extend(list.open.leads);
            if leads.len() == list.open.count {
                return leads;
            }
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.server.abort();
        if std::thread::panicking() {
            self.engines.logs().into_iter().for_each(|log| eprintln!("{log}"));
        }
    }
}

async fn answer(State(engines): State<Arc<Engines>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    engines.answer(http::Request::from_parts(parts, body)).await
}
