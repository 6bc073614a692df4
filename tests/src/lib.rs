//! The whole product in one process: the gateway, the functions, a table and a bucket of its own for each test.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod bucket;
mod client;
mod described;
mod engine;
mod line;
pub mod policies;
mod secrets;
pub mod stage;
pub mod tokens;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, OnceLock};

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, Region, SharedCredentialsProvider, SharedHttpClient};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_runtime_api::client::http::HttpClient;
use bytes::Bytes;
use chrono::{DateTime, Duration, Utc};
use http::{HeaderMap, Request, StatusCode};
use leadctl::gateway::{Gateway, TrailingSlash};
use leadctl::template::Template;
use leadline::auth::{ApiSecret, Auth, Secret};
use leadline::domain::{ApiKey, Contact, KeyId, NewApiKey, Org, OrgId, Role, Team, TeamId, User, UserId};
use leadline::files::Files;
use leadline::human::CaptchaSecret;
use leadline::telemetry::Watch;
use leadline::{App, Clock, Store, aws};
use serde_json::{Value, json};

use bucket::{BUCKET, ENDPOINT};
use line::Line;
use policies::Guard;
use secrets::SecretsManager;

pub use bucket::Bucket;
pub use client::{Answer, Client, File};
pub use engine::{Aim, Engine, Fault, Gate, TRIP, Traffic};

const TABLE: &str = "leadline";
const ACCESS_KEY_ID: &str = "tests";
const SECRET_ACCESS_KEY: &str = "no secret";
/// The namespace of metrics in tests.
pub const METRICS: &str = "Leadline/tests";
/// What tokens are signed with in tests.
pub const SECRET: &[u8] = b"a secret of tests: thirty-two bytes and more";
/// What the verifier of a capture key knows the key by, in tests.
pub const CAPTCHA_SECRET: &str = "a secret of captcha tests";
static TEMPLATE: LazyLock<Template> = LazyLock::new(|| Template::shipped().unwrap());
/// Where clients are who are nowhere else.
const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7));

/// The product with a table and a bucket of its own.
#[derive(Debug)]
pub struct TestApp {
    pub app: Arc<App>,
    pub engine: Engine,
    pub bucket: Bucket,
    line: Line,
    guard: Guard,
    gateway: Gateway,
    ahead: Arc<AtomicI64>,
    stopped: Arc<OnceLock<DateTime<Utc>>>,
    log: Arc<Mutex<Vec<String>>>,
}

impl TestApp {
    /// Starts with tokens signed by [`SECRET`].
    pub async fn start() -> Self {
        Self::start_behind(0).await
    }

    /// Starts behind so many proxies that are trusted.
    pub async fn start_behind(proxies: usize) -> Self {
        let secret = Secret::new(SECRET.to_vec()).unwrap();
        Self::build(Auth::hs256(&secret, None, None), TrailingSlash::Ignored, proxies)
    }

    /// Starts with other rules for tokens, or the gateway's other reading of a trailing slash.
    pub async fn start_with(auth: Auth, slash: TrailingSlash) -> Self {
        Self::build(auth, slash, 0)
    }

    fn build(auth: Auth, slash: TrailingSlash, proxies: usize) -> Self {
        let template = &*TEMPLATE;
        let (line, guard) = (Line::default(), Guard::default());
        let engine = Engine::with_table(&template.create_table(TABLE), line.clone(), guard.clone());
        let store = Store::new(aws::client(&sdk_config(engine.clone())), TABLE);
        let bucket = Bucket::empty(template, line.clone(), guard.clone());
        let config = sdk_config(bucket.clone()).into_builder().endpoint_url(ENDPOINT).build();
        let files = Files::new(aws::bucket_client(&config), BUCKET);
        let (ahead, stopped) = (Arc::new(AtomicI64::new(0)), Arc::new(OnceLock::new()));
        let clock = {
            let (ahead, stopped) = (ahead.clone(), stopped.clone());
            Clock::new(move || {
                let time = stopped.get().copied().unwrap_or_else(Utc::now);
                time + Duration::milliseconds(ahead.load(Ordering::Relaxed))
            })
        };
        let log: Arc<Mutex<Vec<String>>> = Arc::default();
        let watch = {
            let log = Arc::clone(&log);
            Watch::new(move |line| log.lock().unwrap().push(line.to_owned()), Some(METRICS.to_owned()))
        };
        let app = App::new(store, auth, clock).with_files(files).behind(proxies).watched(watch);
        let app = Arc::new(app);
        let gateway = Gateway::new(template, app.clone(), slash).unwrap();
        Self { app, engine, bucket, line, guard, gateway, ahead, stopped, log }
    }

    /// The lines that the log got since this was last asked, one for each request and message.
    pub fn log(&self) -> Vec<String> {
        std::mem::take(&mut *self.log.lock().unwrap())
    }

    /// From now on no time passes for the product but by [`TestApp::pass`].
    pub fn stop_clock(&self) {
        self.stopped.get_or_init(Utc::now);
    }

    /// Lets time pass, for the product's clock only.
    pub fn pass(&self, time: Duration) {
        self.ahead.fetch_add(time.num_milliseconds(), Ordering::Relaxed);
    }

    /// The product's time.
    pub fn now(&self) -> DateTime<Utc> {
        self.app.clock.now()
    }

    /// How many leads, rows, or whatever else the table holds whose key contains both parts.
    pub fn stored(&self, pk: &str, sk: &str) -> usize {
        let text = |item: &Value, name: &str| item[name]["S"].as_str().unwrap_or_default().to_owned();
        let items = self.engine.items(TABLE);
        items.iter().filter(|item| text(item, "PK").contains(pk) && text(item, "SK").contains(sk)).count()
    }

    /// How many items of the table hold this text anywhere, but for those whose time is over, and for rows of the list
    /// index that say nothing but that a lead is gone.
    pub fn mentions(&self, text: &str) -> usize {
        let now = self.now().timestamp();
        let over = |item: &Value| {
            let until = item["expires_at"]["N"].as_str().and_then(|until| until.parse::<i64>().ok());
            let is_row = item["PK"]["S"].as_str().is_some_and(|key| key.contains("#INDEX#"));
            until.is_some_and(|until| until <= now) || is_row && item.get("r").or(item.get("p")).is_none()
        };
        let items = self.engine.items(TABLE);
        items.iter().filter(|item| !over(item) && item.to_string().contains(text)).count()
    }

    /// Downloads by a link to the bucket.
    pub async fn fetch(&self, url: &str) -> (StatusCode, HeaderMap, Bytes) {
        let request = Request::get(url).body(Bytes::new()).unwrap();
        let (parts, body) = self.bucket.send(request).await.into_parts();
        (parts.status, parts.headers, body)
    }

    /// Uploads by a link to the bucket; `headers` is an object of texts.
    pub async fn put(
        &self,
        url: &str,
        headers: &Value,
        content: impl Into<Bytes>,
    ) -> (StatusCode, HeaderMap, Bytes) {
        let mut request = Request::put(url);
        for (name, value) in headers.as_object().unwrap() {
            request = request.header(name, value.as_str().unwrap());
        }
        let (parts, body) = self.bucket.send(request.body(content.into()).unwrap()).await.into_parts();
        (parts.status, parts.headers, body)
    }

    /// After so many more requests nothing reaches table or bucket: what is under way gets no further, as if it had
    /// been killed.
    pub fn cut_off(&self, after: usize) {
        self.line.cut(after);
    }

    /// Table and bucket can be reached again; whether it had come to the cut.
    pub fn reconnect(&self) -> bool {
        self.line.mend()
    }

    /// The table as one sees it whose requests about the list index wait at a gate.
    pub fn store_behind(&self, gate: &Gate) -> Store {
        let store = Store::new(aws::client(&sdk_config(self.engine.behind(gate))), TABLE);
        match &self.app.files {
            Some(files) => store.with_bucket(files.clone()),
            None => store,
        }
    }

    /// The items of all leads of an organisation.
    pub fn leads(&self, org: OrgId) -> Vec<Value> {
        self.engine.scan(json!({
            "TableName": TABLE,
            "FilterExpression": "SK = :lead AND begins_with(PK, :org)",
            "ExpressionAttributeValues": { ":lead": { "S": "LEAD" }, ":org": { "S": format!("ORG#{org}#LEAD#") } },
        }))
    }

    /// Takes the table away, so that everything fails.
    pub fn lose_the_table(&self) {
        self.engine.drop_table(TABLE);
    }

    /// A new organisation.
    pub async fn org(&self, name: &str) -> OrgId {
        let now = self.now();
        let org = Org::new(self.app.ids.org(now), name, now).unwrap();
        self.app.store.insert_org(&org).await.unwrap();
        org.id
    }

    /// A new member of an organisation, with a token.
    pub async fn member(&self, org: OrgId, role: Role) -> Client<'_> {
        let now = self.now();
        let id = self.app.ids.user(now);
        let email = format!("{id}@users.example");
        let user = User::new(id, org, &email, Some("Some One"), role, now).unwrap();
        self.app.store.insert_user(&user).await.unwrap();
        Client { app: self, org, user: id, headers: self.credentials(id, org), address: ADDRESS }
    }

    /// The headers by which a user shows who they are.
    pub fn credentials(&self, user: UserId, org: OrgId) -> Vec<(String, String)> {
        let token = self.app.auth.issue(user, org, self.now(), Duration::hours(1)).unwrap_or_default();
        vec![
            ("authorization".to_owned(), format!("Bearer {token}")),
            ("organization-id".to_owned(), org.to_string()),
        ]
    }

    /// An ADMIN of a new organisation.
    pub async fn admin(&self) -> Client<'_> {
        let org = self.org("Acme").await;
        self.member(org, Role::Admin).await
    }

    /// A team with these members.
    pub async fn team(&self, org: OrgId, members: &[UserId]) -> TeamId {
        let now = self.now();
        let team = Team::new(self.app.ids.team(now), org, "Sales", now).unwrap();
        self.app.store.insert_team(&team).await.unwrap();
        for member in members {
            self.app.store.add_member(org, team.id, *member).await.unwrap();
        }
        team.id
    }

    /// A contact with this e-mail.
    pub async fn contact(&self, org: OrgId, email: &str) -> Contact {
        let now = self.now();
        let contact = Contact::new(self.app.ids.contact(), org, "Con", "Tact", Some(email), now).unwrap();
        self.app.store.insert_contact(&contact).await.unwrap();
        contact
    }

    /// A capture key, with its secret. Its verifier, if it has one, knows it by [`CAPTCHA_SECRET`].
    pub async fn key(&self, org: OrgId, new: NewApiKey) -> (KeyId, String) {
        let now = self.now();
        let new = NewApiKey { name: "Website".to_owned(), ..new };
        let key = ApiKey::new(self.app.ids.key(now), org, new, now).unwrap();
        let secret = ApiSecret::generate().unwrap();
        let captcha_secret = key.captcha.is_some().then(|| CaptchaSecret::new(CAPTCHA_SECRET.to_owned()));
        self.app.store.insert_key(&key, secret.hash(), captcha_secret).await.unwrap();
        (key.id, secret.reveal().to_owned())
    }

    /// A stranger.
    pub fn anyone(&self) -> Client<'_> {
        Client {
            app: self,
            org: self.app.ids.org(self.now()),
            user: self.app.ids.user(self.now()),
            headers: Vec::new(),
            address: ADDRESS,
        }
    }
}

impl Drop for TestApp {
    /// Whatever the test was about: a function that asked for what its policy does not give has failed.
    fn drop(&mut self) {
        self.guard.tell();
        let denied = self.guard.denied();
        assert!(denied.is_empty() || std::thread::panicking(), "no policy lets {denied:#?}");
    }
}

/// In a region of its own: all clients of a process share the SDK's budget of retries by region, and a test that uses it
/// up must not take it from the others.
fn sdk_config(client: impl HttpClient + 'static) -> SdkConfig {
    static REGIONS: AtomicUsize = AtomicUsize::new(1);
    let region = format!("us-test-{}", REGIONS.fetch_add(1, Ordering::Relaxed));
    let credentials = Credentials::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY, None, None, "tests");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .http_client(SharedHttpClient::new(client))
        .build()
}

/// A configuration of the SDK behind which Secrets Manager keeps this one secret.
pub fn secrets_manager(arn: &str, secret: &str) -> SdkConfig {
    sdk_config(SecretsManager { arn: arn.to_owned(), secret: secret.to_owned() })
}
