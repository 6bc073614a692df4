//! Capture keys of websites.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use url::{Host, Url};

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
    /// Most leads a minute from one address.
    #[serde(default)]
    pub limit_per_address: Option<u32>,
    /// Who tells people from programs; none: nobody.
    #[serde(default)]
    pub captcha: Option<Captcha>,
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
    pub limit_per_address: Option<u32>,
    pub captcha: Option<Captcha>,
}

/// Proof of a person that a key asks for. Its secret is not here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Captcha {
    /// Where tokens are verified.
    pub verify_url: String,
    pub when_down: WhenDown,
}

/// What is done with a lead while the verifier does not answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WhenDown {
    /// It is let in, with the tag `unverified`.
    #[default]
    Admit,
    /// It is sent away, to come again later.
    Refuse,
}

/// The text is neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be admit or refuse")]
pub struct WhenDownError;

impl FromStr for WhenDown {
    type Err = WhenDownError;

    fn from_str(text: &str) -> Result<Self, WhenDownError> {
        match text {
            "admit" => Ok(Self::Admit),
            "refuse" => Ok(Self::Refuse),
            _ => Err(WhenDownError),
        }
    }
}

impl fmt::Display for WhenDown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Admit => "admit",
            Self::Refuse => "refuse",
        })
    }
}

impl ApiKey {
    /// Most leads a minute from one address where nothing is said: enough for a hall of visitors behind one
    /// address, too few for a flood.
    const USUAL_PER_ADDRESS: u32 = 600;

    /// Most leads a minute from one address; none: as many as the key takes from all. A key that asks for proof always
    /// has such a limit, or one sender could have us ask the verifier at will.
    pub fn per_address(&self) -> Option<u32> {
        let usual = self.limit_per_minute.is_none() || self.captcha.is_some();
        self.limit_per_address.or(usual.then_some(Self::USUAL_PER_ADDRESS))
    }

    /// Where a form may send its visitor on to, as a header takes it, if the form asks for it in these words.
    pub fn redirect(&self, asked: &str) -> Option<String> {
        let known = self.redirects.iter().find(|known| *known == asked)?;
        web_address(known).map(String::from)
    }

    /// A browser's page of this origin may post.
    pub fn allows(&self, origin: &str) -> bool {
        self.origins.is_empty() || self.origins.iter().any(|known| known == origin)
    }

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
        for (field, limit) in [("limit", new.limit_per_minute), ("address-limit", new.limit_per_address)] {
            if limit == Some(0) {
                errors.add(field, "must be at least 1");
            }
        }
        let captcha = new.captcha.and_then(|captcha| {
            let url = web_address(&captcha.verify_url).filter(is_private);
            if url.is_none() {
                errors.add("captcha-url", format_args!("{}: must be a https address", captcha.verify_url));
            }
            url.map(|url| Captcha { verify_url: url.into(), ..captcha })
        });
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
            limit_per_address: new.limit_per_address,
            captcha,
            created_on: now,
            revoked_on: None,
        })
    }
}

fn web_address(text: &str) -> Option<Url> {
    let clean = text.trim() == text && !text.contains(char::is_control);
    let url = Url::parse(text).ok().filter(|_| clean)?;
    Some(url).filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// What is sent there is read by nobody else: over TLS, or on this machine.
fn is_private(url: &Url) -> bool {
    let here = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    url.scheme() == "https" || here
}
