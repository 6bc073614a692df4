//! The demo organisation of a local stack: made at the first start, whole even if that start was killed.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use leadline::auth::ApiSecret;
use leadline::domain::{ApiKey, KeyId, NewApiKey, Org, OrgId, Role, Team, TeamId, User, UserId};
use leadline::store::StoreError;
use leadline::{App, BoxError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::files;
use crate::gateway::Gateway;

pub(super) const ADMIN: &str = "admin@demo.example";
pub(super) const USER: &str = "user@demo.example";

/// Who and what there is; written before anything of it is made, so that a start that was killed is
/// finished by the next one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Demo {
    pub(super) org: OrgId,
    pub(super) admin: UserId,
    pub(super) user: UserId,
    pub(super) api_key: String,
    team: TeamId,
    key: KeyId,
    complete: bool,
}

impl Demo {
    /// The demo of this folder, from its file or new.
    pub(super) fn load(app: &App, home: &Path) -> Result<Self, BoxError> {
        if let Ok(text) = fs::read_to_string(path(home)) {
            return Ok(serde_json::from_str(&text)?);
        }
        let (ids, now) = (&app.ids, app.clock.now());
        let demo = Self {
            org: ids.org(now),
            admin: ids.user(now),
            user: ids.user(now),
            api_key: ApiSecret::generate()?.reveal().to_owned(),
            team: ids.team(now),
            key: ids.key(now),
            complete: false,
        };
        demo.write(home)?;
        Ok(demo)
    }

    /// Makes what is missing. `token` is the admin's.
    pub(super) async fn complete(
        &mut self,
        app: &App,
        gateway: &Gateway,
        token: &str,
        home: &Path,
    ) -> Result<(), BoxError> {
        if self.complete && app.store.find_org(self.org).await?.is_some() {
            return Ok(());
        }
        self.make_members(app).await?;
        for (number, lead) in leads(self).iter().enumerate() {
            self.post_lead(gateway, token, number, lead).await?;
        }
        self.complete = true;
        self.write(home)
    }

    async fn make_members(&self, app: &App) -> Result<(), BoxError> {
        let (store, now) = (&app.store, app.clock.now());
        once(store.insert_org(&Org::new(self.org, "Demo Ltd", now)?).await)?;
        let admin = User::new(self.admin, self.org, ADMIN, Some("Ada Admin"), Role::Admin, now)?;
        once(store.insert_user(&admin).await)?;
        let user = User::new(self.user, self.org, USER, Some("Uma User"), Role::User, now)?;
        once(store.insert_user(&user).await)?;
        once(store.insert_team(&Team::new(self.team, self.org, "Sales", now)?).await)?;
        once(store.add_member(self.org, self.team, self.user).await)?;
        let new = NewApiKey {
            name: "Website".to_owned(),
            owner: Some(self.user),
            source: Some("Website Form".to_owned()),
            ..NewApiKey::default()
        };
        let key = ApiKey::new(self.key, self.org, new, now)?;
        once(store.insert_key(&key, ApiSecret::sent(&self.api_key).hash(), None).await)?;
        Ok(())
    }

    async fn post_lead(
        &self,
        gateway: &Gateway,
        token: &str,
        number: usize,
        lead: &Value,
    ) -> Result<(), BoxError> {
        let request = self
            .request(Method::POST, "/api/leads/", token)
            .header("content-type", "application/json")
            .header("idempotency-key", format!("demo-{}-{number}", self.org));
        let response = send(gateway, request.body(Bytes::from(lead.to_string()))?).await;
        if response.status() != StatusCode::CREATED {
            let body = String::from_utf8_lossy(response.body());
            return Err(format!("a demo lead is refused: {} {body}", response.status()).into());
        }
        Ok(())
    }

    /// A lead that the admin sees now, to be shown in an example.
    pub(super) async fn any_lead(&self, gateway: &Gateway, token: &str) -> Option<String> {
        let request = self.request(Method::GET, "/api/leads/?limit=1&fields=leads", token);
        let response = send(gateway, request.body(Bytes::new()).ok()?).await;
        let page: Value = serde_json::from_slice(response.body()).ok()?;
        let id = page.pointer("/open_leads/0/id").or_else(|| page.pointer("/closed_leads/0/id"))?;
        id.as_str().map(ToOwned::to_owned)
    }

    fn request(&self, method: Method, target: &str, token: &str) -> http::request::Builder {
        Request::builder()
            .method(method)
            .uri(target)
            .header("host", "localhost")
            .header("authorization", format!("Bearer {token}"))
            .header("organization-id", self.org.to_string())
    }

    fn write(&self, home: &Path) -> Result<(), BoxError> {
        Ok(files::write_private(&path(home), &serde_json::to_string_pretty(self)?)?)
    }
}

fn path(home: &Path) -> PathBuf {
    home.join("demo.json")
}

async fn send(gateway: &Gateway, request: Request<Bytes>) -> Response<Bytes> {
    gateway.handle(request, IpAddr::V4(Ipv4Addr::LOCALHOST)).await
}

/// What a start that was killed has made already is no error.
fn once<T>(written: Result<T, StoreError>) -> Result<(), StoreError> {
    match written {
        Ok(_) | Err(StoreError::Conflict) => Ok(()),
        Err(error) => Err(error),
    }
}

fn leads(demo: &Demo) -> [Value; 5] {
    [
        json!({
            "first_name": "Grace", "last_name": "Hopper", "email": "grace@compilers.example",
            "phone": "+1 212 555 0101", "status": "assigned", "source": "Referral",
            "account_name": "Compilers Inc", "city": "New York", "country": "US",
            "opportunity_amount": "75000.00", "tags": ["enterprise", "urgent"], "assigned_to": [demo.user],
        }),
        json!({
            "first_name": "Konrad", "last_name": "Zuse", "email": "konrad@rechner.example",
            "phone": "+49 30 555 0102", "status": "in process", "source": "Trade Show",
            "account_name": "Rechner GmbH", "city": "Berlin", "country": "DE",
            "opportunity_amount": "12500.50", "tags": ["hardware"], "assigned_to": [demo.admin],
        }),
        json!({
            "first_name": "Hedy", "last_name": "Lamarr", "email": "hedy@hopping.example",
            "phone": "+43 1 555 0103", "status": "assigned", "source": "Email Campaign",
            "account_name": "Hopping Radio", "city": "Vienna", "country": "AT",
            "opportunity_amount": "980.00", "tags": ["radio", "urgent"], "assigned_to": [],
        }),
        json!({
            "first_name": "Alan", "last_name": "Turing", "email": "alan@bombe.example",
            "phone": "+44 20 5550 0104", "status": "recycled", "source": "Cold Call",
            "account_name": "Bombe Ltd", "city": "London", "country": "GB",
            "opportunity_amount": "30000.00", "tags": ["enterprise"], "assigned_to": [demo.user],
        }),
        json!({
            "first_name": "Katherine", "last_name": "Johnson", "email": "katherine@orbit.example",
            "phone": "+1 757 555 0105", "status": "closed", "source": "Social Media",
            "account_name": "Orbit LLC", "city": "Hampton", "country": "US",
            "opportunity_amount": "0.10", "tags": ["space"], "assigned_to": [demo.admin],
        }),
    ]
}
