//! An organisation with its leads: imported by the bucket door, folded, and some captured since.

use std::path::Path;
use std::time::{Duration, Instant};

use chrono::Utc;
use leadline::Ids;
use leadline::auth::{ApiSecret, Auth, Secret};
use leadline::domain::{ApiKey, NewApiKey, Role, User, UserId};
use leadline_tests::stage::{Called, Stage, Taken};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Handle;

use crate::leads::{self, Lead, PEOPLE};
use crate::{Binaries, Result};

const SECRET: &str = "a secret of benchmarks: thirty-two bytes and more";
const LIST: &str = include_str!("../../../events/list-leads.json");
const CAPTURE: &str = include_str!("../../../events/site-lead.json");
/// Rows of one file; a larger organisation has several.
const FILE: u32 = 100_000;
/// Leads that came since the last fold, each with a row of its own.
pub(crate) const SINCE: u32 = 200;
/// So many imports side by side.
const PROCESSES: usize = 2;

/// The organisation.
pub(crate) struct Data {
    pub(crate) stage: Stage,
    /// The USER first.
    pub(crate) people: Vec<UserId>,
    pub(crate) imported: u32,
    auth: Auth,
    admin: UserId,
    api_key: String,
}

/// What it took to bring the leads in.
pub(crate) struct Brought {
    pub(crate) wall: Duration,
    /// None if nobody wanted one.
    pub(crate) fold: Option<Taken>,
}

impl Data {
    /// An organisation with its people and an API key, without leads.
    pub(crate) fn new(runtime: &Handle) -> Result<Self> {
        let stage = Stage::new(runtime)?;
        let (ids, now) = (Ids::default(), Utc::now());
        let mut people = Vec::new();
        let add = |email: &str, role| {
            let user = User::new(ids.user(now), stage.org, email, Some("Some One"), role, now)?;
            runtime.block_on(stage.store.insert_user(&user))?;
            Ok::<_, leadline::BoxError>(user.id)
        };
        for person in 0..PEOPLE {
            people.push(add(&leads::email_of(person), Role::User)?);
        }
        let admin = add("admin@acme.example", Role::Admin)?;
        let (secret, new) =
            (ApiSecret::generate()?, NewApiKey { name: "Website".to_owned(), ..NewApiKey::default() });
        let key = ApiKey::new(ids.key(now), stage.org, new, now)?;
        runtime.block_on(stage.store.insert_key(&key, secret.hash(), None))?;
        let auth = Auth::hs256(&Secret::new(SECRET.as_bytes().to_vec())?, None, None);
        Ok(Self { stage, people, imported: 0, auth, admin, api_key: secret.reveal().to_owned() })
    }

    /// Brings in so many leads: most from files, the last by captures.
    pub(crate) fn bring_in(&mut self, binaries: &Binaries, leads: u32) -> Result<Brought> {
        let started = Instant::now();
        let imported = leads - SINCE;
        self.import(binaries, 0..imported, imported)?;
        let wall = started.elapsed();
        self.stage.check(imported)?;
        self.imported = imported;
        let fold = self.fold(binaries)?;
        let mut writer = self.writer(binaries)?;
        for row in imported..leads {
            self.capture(&mut writer, &Lead::new(row, imported), row)?;
        }
        Ok(Brought { wall, fold })
    }

    /// Imports these rows, as of so many.
    pub(crate) fn import(&self, binaries: &Binaries, rows: std::ops::Range<u32>, of: u32) -> Result<()> {
        let folder = TempDir::new()?;
        let file = folder.path().join("leads.csv");
        for start in rows.clone().step_by(usize::try_from(FILE)?) {
            leads::write(&file, start..rows.end.min(start + FILE), of)?;
            self.stage.put(&format!("leads-{start}.csv"), &file, &[("on-duplicate", "create")])?;
        }
        self.stage.handle(&self.stage.imports, &binaries.import, PROCESSES)?;
        Ok(())
    }

    /// Whether somebody wants rows to be folded: who brought them in, or else who reads them.
    pub(crate) fn wants_fold(&self, binaries: &Binaries) -> Result<bool> {
        if self.stage.folds.is_empty() {
            let folder = TempDir::new()?;
            let mut reader = Called::start(&binaries.list, &self.environment(folder.path()))?;
            reader.call(self.asks(None, "title=any")?)?;
        }
        Ok(!self.stage.folds.is_empty())
    }

    /// Folds; none if nobody wants it.
    pub(crate) fn fold(&self, binaries: &Binaries) -> Result<Option<Taken>> {
        if !self.wants_fold(binaries)? {
            return Ok(None);
        }
        self.stage.handle(&self.stage.folds, &binaries.import, 1).map(Some)
    }

    /// What functions of the gateway are told.
    pub(crate) fn environment(&self, folder: &Path) -> Vec<(&'static str, String)> {
        let mut environment = self.stage.environment();
        environment.push(("LEADLINE_TOKEN_SECRET", SECRET.to_owned()));
        environment.push(("TMPDIR", folder.display().to_string()));
        environment
    }

    /// The gateway's event for a query of the list.
    pub(crate) fn asks(&self, user: Option<UserId>, query: &str) -> Result<String> {
        let mut event: Value = serde_json::from_str(LIST)?;
        let user = user.unwrap_or(self.admin);
        let token = self.auth.issue(user, self.stage.org, Utc::now(), chrono::Duration::hours(1))?;
        event["headers"]["authorization"] = json!(format!("Bearer {token}"));
        event["headers"]["organization-id"] = json!(self.stage.org.to_string());
        event["rawQueryString"] = json!(query);
        event.as_object_mut().ok_or("no event")?.remove("queryStringParameters");
        Ok(event.to_string())
    }

    /// A process that takes captures.
    pub(crate) fn writer(&self, binaries: &Binaries) -> Result<Called> {
        Called::start(&binaries.site_lead, &self.environment(Path::new("/tmp")))
    }

    /// Hands in a lead as a website does, each from another address.
    pub(crate) fn capture(&self, writer: &mut Called, lead: &Lead, row: u32) -> Result<()> {
        let mut event: Value = serde_json::from_str(CAPTURE)?;
        let body = json!({
            "title": lead.title,
            "first_name": lead.first_name,
            "last_name": lead.last_name,
            "email": lead.email,
            "phone": lead.phone,
            "postcode": lead.postcode,
            "city": lead.city,
            "country": lead.country,
            "source": lead.source,
            "tags": lead.tags,
            "opportunity_amount": lead.amount,
            "message": lead.notes,
        });
        let [_, a, b, c] = row.to_be_bytes();
        let address = json!(format!("10.{a}.{b}.{c}"));
        event["body"] = json!(body.to_string());
        event["isBase64Encoded"] = json!(false);
        event["headers"]["content-type"] = json!("application/json");
        event["headers"]["content-length"] = json!(body.to_string().len().to_string());
        event["headers"]["x-forwarded-for"] = address.clone();
        event["requestContext"]["http"]["sourceIp"] = address;
        event["rawQueryString"] = json!(format!("apikey={}", self.api_key));
        event.as_object_mut().ok_or("no event")?.remove("queryStringParameters");
        let answer = writer.call(event.to_string())?;
        match answer.status {
            201 => Ok(()),
            status => Err(format!("a capture was answered {status}: {}", answer.body).into()),
        }
    }
}
