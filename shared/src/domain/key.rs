//! Capture keys of websites.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{FieldErrors, KeyId, OrgId, Text, UserId};

/// A website's permission to hand in leads. Its secret is not here: only its hash is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    pub id: KeyId,
    pub org: OrgId,
    pub name: String,
    /// Who gets the leads that nobody else is assigned to.
    pub owner: Option<UserId>,
    /// Browser origins that may post; none: any.
    pub origins: Vec<String>,
    /// Where a form post may be sent on to.
    pub redirects: Vec<String>,
    /// The source of leads that name none.
    pub source: Option<String>,
    /// Most leads a minute.
    pub limit_per_minute: Option<u32>,
    pub created_on: DateTime<Utc>,
    pub revoked_on: Option<DateTime<Utc>>,
}

/// What a key is made from.
#[derive(Debug, Clone, Default)]
pub struct NewApiKey {
    pub name: String,
    pub owner: Option<UserId>,
    pub origins: Vec<String>,
    pub redirects: Vec<String>,
    pub source: Option<String>,
    pub limit_per_minute: Option<u32>,
}

impl ApiKey {
    /// A new key. Origins are kept as a browser sends them (`https://example.com`), redirects are
    /// http(s) addresses, the limit is at least 1.
    pub fn new(id: KeyId, org: OrgId, new: NewApiKey, now: DateTime<Utc>) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        let name = new.name.parse::<Text<255>>().map_err(|error| errors.add("name", error));
        let source = new.source.map(|source| source.parse::<Text<64>>()).transpose();
        let source = source.map_err(|error| errors.add("source", error));
        let origins = new.origins.iter().filter_map(|text| {
            let origin = web_address(text).map(|url| url.origin().ascii_serialization());
            origin
                .ok_or_else(|| errors.add("origin", format_args!("{text}: must be a http or https address")))
                .ok()
        });
        let origins = origins.collect();
        for text in new.redirects.iter().filter(|text| web_address(text).is_none()) {
            errors.add("redirect", format_args!("{text}: must be a http or https address"));
        }
        if new.limit_per_minute == Some(0) {
            errors.add("limit", "must be at least 1");
        }
        let (Ok(name), Ok(source), true) = (name, source, errors.is_empty()) else { return Err(errors) };
        Ok(Self {
            id,
            org,
            name: name.into(),
            owner: new.owner,
            origins,
            redirects: new.redirects,
            source: source.map(String::from),
            limit_per_minute: new.limit_per_minute,
            created_on: now,
            revoked_on: None,
        })
    }
}

fn web_address(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}
