//! The whole product in one process: the gateway, the functions and a table of its own for each test.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod engine;
mod secrets;
pub mod tokens;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, Region, SharedCredentialsProvider, SharedHttpClient};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_runtime_api::client::http::HttpClient;
use bytes::Bytes;
use chrono::{DateTime, Duration, Utc};
use http::{Request, StatusCode};
use leadctl::gateway::{Gateway, TrailingSlash};
use leadctl::template::Template;
use leadline::auth::{ApiSecret, Auth, Secret};
use leadline::domain::{ApiKey, Contact, KeyId, NewApiKey, Org, OrgId, Role, Team, TeamId, User, UserId};
use leadline::{App, Clock, Store, aws};
use serde_json::{Value, json};

use secrets::SecretsManager;

pub use engine::{Engine, Fault, TRIP, Traffic};

const TABLE: &str = "leadline";
/// What tokens are signed with in tests.
pub const SECRET: &[u8] = b"a secret of tests: thirty-two bytes and more";

/// The product with a table of its own.
#[derive(Debug)]
pub struct TestApp {
    pub app: Arc<App>,
    pub engine: Engine,
    gateway: Gateway,
    ahead: Arc<AtomicI64>,
}

impl TestApp {
    /// Starts with tokens signed by [`SECRET`].
    pub async fn start() -> Self {
        let secret = Secret::new(SECRET.to_vec()).unwrap();
        Self::start_with(Auth::hs256(&secret, None, None), TrailingSlash::Ignored).await
    }

    /// Starts with other rules for tokens, or the gateway's other reading of a trailing slash.
    pub async fn start_with(auth: Auth, slash: TrailingSlash) -> Self {
        let template = Template::shipped().unwrap();
        let engine = Engine::with_table(&template.create_table(TABLE));
        let store = Store::new(aws::client(&sdk_config(engine.clone())), TABLE);
        let ahead = Arc::new(AtomicI64::new(0));
        let clock = {
            let ahead = ahead.clone();
            Clock::new(move || Utc::now() + Duration::milliseconds(ahead.load(Ordering::Relaxed)))
        };
        let app = Arc::new(App::new(store, auth, clock));
        let gateway = Gateway::new(&template, app.clone(), slash).unwrap();
        Self { app, engine, gateway, ahead }
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
        Client { app: self, org, user: id, headers: self.credentials(id, org) }
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
        let contact = Contact::new(self.app.ids.contact(now), org, "Con", "Tact", Some(email), now).unwrap();
        self.app.store.insert_contact(&contact).await.unwrap();
        contact
    }

    /// A capture key, with its secret.
    pub async fn key(&self, org: OrgId, new: NewApiKey) -> (KeyId, String) {
        let now = self.now();
        let new = NewApiKey { name: "Website".to_owned(), ..new };
        let key = ApiKey::new(self.app.ids.key(now), org, new, now).unwrap();
        let secret = ApiSecret::generate().unwrap();
        self.app.store.insert_key(&key, secret.hash()).await.unwrap();
        (key.id, secret.reveal().to_owned())
    }

    /// A stranger.
    pub fn anyone(&self) -> Client<'_> {
        Client {
            app: self,
            org: self.app.ids.org(self.now()),
            user: self.app.ids.user(self.now()),
            headers: Vec::new(),
        }
    }
}

fn sdk_config(client: impl HttpClient + 'static) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("a", "b", None, None, "tests")))
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .http_client(SharedHttpClient::new(client))
        .build()
}

/// A configuration of the SDK behind which Secrets Manager keeps this one secret.
pub fn secrets_manager(arn: &str, secret: &str) -> SdkConfig {
    sdk_config(SecretsManager { arn: arn.to_owned(), secret: secret.to_owned() })
}

/// Someone who sends requests.
#[derive(Debug, Clone)]
pub struct Client<'a> {
    pub app: &'a TestApp,
    pub org: OrgId,
    pub user: UserId,
    pub headers: Vec<(String, String)>,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: http::HeaderMap,
    pub text: String,
    /// The body as JSON; null if it is none.
    pub body: Value,
}

impl Answer {
    /// A header's text, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body's `id`.
    pub fn id(&self) -> String {
        self.body["id"].as_str().unwrap_or_default().to_owned()
    }
}

impl Client<'_> {
    /// The same with one header more, or another value of it; blank takes it away.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut other = self.clone();
        other.headers.retain(|(known, _)| known != name);
        if !value.is_empty() {
            other.headers.push((name.to_owned(), value.to_owned()));
        }
        other
    }

    /// Sends a request with a body of this content type.
    pub async fn send(&self, method: &str, path: &str, content_type: &str, body: impl Into<Bytes>) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("host", "leads.example");
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if !content_type.is_empty() {
            request = request.header("content-type", content_type);
        }
        let request = request.body(body.into()).unwrap();
        let response = self.app.gateway.handle(request, IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7))).await;
        let (parts, body) = response.into_parts();
        let text = String::from_utf8_lossy(&body).into_owned();
        let body = serde_json::from_str(&text).unwrap_or_default();
        Answer { status: parts.status, headers: parts.headers, text, body }
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "", "").await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, "", "").await
    }

    /// POST of JSON.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, "application/json", body.to_string()).await
    }

    /// PATCH of JSON.
    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send("PATCH", path, "application/json", body.to_string()).await
    }

    /// A new lead with this last name; `more` adds fields.
    pub async fn open_lead(&self, last_name: &str, more: Value) -> Answer {
        let mut body = json!({ "first_name": "Test", "last_name": last_name });
        if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
            body.extend(more.clone());
        }
        let answer = self.post("/api/leads/", body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
        answer
    }
}
