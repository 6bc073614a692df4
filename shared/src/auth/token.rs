//! Bearer tokens: JSON Web Tokens (RFC 7519) under the rules of RFC 8725.

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;

use crate::domain::{OrgId, UserId};

/// How far a client's clock may be off, in seconds.
const LEEWAY: f64 = 60.0;
/// Longest token looked at, in bytes; the gateway takes 10,240 of all headers.
const LONGEST: usize = 8_192;

/// What a token must be; fixed by configuration, never taken from the token.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) algorithm: Algorithm,
    pub(super) issuer: Option<String>,
    pub(super) audience: Option<String>,
}

/// What a token says.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    sub: Option<Name>,
    user_id: Option<Name>,
    org: Option<serde_json::Value>,
    aud: Option<Audience>,
    /// What Cognito's access tokens have instead of `aud`.
    client_id: Option<String>,
    /// What Django's tokens are for.
    token_type: Option<String>,
    exp: f64,
    nbf: Option<f64>,
}

/// Whom a token is for.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// An id in a token: text, or a number as some frameworks write it.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Name {
    Text(String),
    Number(u64),
}

impl Claims {
    /// The user: `sub`, else `user_id`.
    pub(super) fn user(&self) -> Option<UserId> {
        match self.sub.as_ref().or(self.user_id.as_ref())? {
            Name::Text(text) if text.trim().is_empty() => None,
            Name::Text(text) => Some(UserId::from_subject(text)),
            Name::Number(number) => Some(UserId::from_subject(&number.to_string())),
        }
    }

    fn is_for(&self, audience: &str) -> bool {
        match &self.aud {
            Some(Audience::One(one)) => one == audience,
            Some(Audience::Several(several)) => several.iter().any(|one| one == audience),
            None => self.client_id.as_deref() == Some(audience),
        }
    }

    /// The organisation that the token is for.
    pub(super) fn org(&self) -> Option<OrgId> {
        self.org.as_ref()?.as_str()?.parse().ok()
    }
}

impl Rules {
    /// The claims of a token that holds at this moment.
    pub(super) fn check(&self, token: &str, key: &DecodingKey, now: DateTime<Utc>) -> Option<Claims> {
        let mut validation = Validation::new(self.algorithm);
        validation.validate_exp = false; // checked below, by the app's clock
        validation.required_spec_claims.clear();
        validation.required_spec_claims.insert("exp".to_owned());
        match &self.issuer {
            Some(issuer) => {
                validation.set_issuer(&[issuer]);
                validation.required_spec_claims.insert("iss".to_owned());
            }
            None => validation.iss = None,
        }
        validation.validate_aud = false; // checked below, for some providers name it otherwise
        let token = jsonwebtoken::decode::<Claims>(token, key, &validation).ok()?;
        if token.header.crit.is_some() {
            return None; // RFC 7515, 4.1.11: what must be understood is none of what we understand
        }
        let claims = token.claims;
        #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are exact in an f64")]
        let now = now.timestamp_millis() as f64 / 1000.0;
        let begun = claims.nbf.is_none_or(|nbf| nbf - LEEWAY <= now);
        let meant = self.audience.as_ref().is_none_or(|audience| claims.is_for(audience));
        let opens = claims.token_type.as_deref() != Some("refresh");
        (begun && now < claims.exp + LEEWAY && meant && opens).then_some(claims)
    }
}

/// The token in an `Authorization` header (RFC 6750); the scheme's case does not matter.
pub(super) fn of_header(header: &str) -> Option<&str> {
    let (scheme, token) = header.trim().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && token.len() <= LONGEST).then_some(token)
}
