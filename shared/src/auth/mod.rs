//! Who is asking: a token, then a membership. Secrets never print.

mod api_secret;
mod crypto;
mod jwks;
mod secret;
mod token;

use chrono::{DateTime, Duration, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;

use crate::config::{TokenConfig, TokenKeys};
use crate::domain::{Caller, OrgId, UserId};
use crate::store::{Store, StoreError};
use crate::{BoxError, aws, telemetry};

pub use api_secret::ApiSecret;
use jwks::Jwks;
pub use secret::Secret;
use token::{Claims, Rules};

/// Why a request is not let in.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// No token, or one that does not hold.
    #[error("a valid bearer token is required")]
    Unauthenticated,
    /// Not a member, or no longer an active one.
    #[error("you are not an active member of this organisation")]
    Forbidden,
    /// The organisation is not said and does not follow from the token.
    #[error("which organisation? name it in the header organization-id")]
    WhichOrganisation,
    /// The header is no id.
    #[error("the header {0} must be a UUID")]
    BadOrganisation(&'static str),
    /// The token's keys cannot be had.
    #[error("the keys for tokens cannot be had")]
    NoKeys(#[source] BoxError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[derive(Debug)]
enum Keys {
    Secret(Secret),
    Jwks(Box<Jwks>),
    None,
}

/// Checks tokens and memberships.
#[derive(Debug)]
pub struct Auth {
    keys: Keys,
    rules: Rules,
}

/// A user who has shown a valid token, and the organisation they mean. Not yet known to belong to it.
#[derive(Debug, Clone, Copy)]
pub struct Seat {
    pub user: UserId,
    pub org: OrgId,
}

impl Auth {
    /// Tokens signed HS256 with this secret; `iss` and `aud` are checked where given.
    pub fn hs256(secret: &Secret, issuer: Option<String>, audience: Option<String>) -> Self {
        let rules = Rules { algorithm: Algorithm::HS256, issuer, audience };
        Self { keys: Keys::Secret(secret.clone()), rules }
    }

    /// Tokens signed with a key of the set at `url`.
    pub fn jwks(algorithm: Algorithm, url: String, issuer: Option<String>, audience: Option<String>) -> Self {
        Self {
            keys: Keys::Jwks(Box::new(Jwks::new(algorithm, url))),
            rules: Rules { algorithm, issuer, audience },
        }
    }

    /// As the configuration says; a secret is fetched from Secrets Manager now.
    pub async fn from_config(config: &TokenConfig, sdk: &aws_config::SdkConfig) -> Result<Self, BoxError> {
        let (issuer, audience) = (config.issuer.clone(), config.audience.clone());
        Ok(match &config.keys {
            TokenKeys::Secret(secret) => Self::hs256(secret, issuer, audience),
            TokenKeys::SecretArn(arn) => Self::hs256(&Secret::fetch(arn, sdk).await?, issuer, audience),
            TokenKeys::Jwks { algorithm, url } => Self::jwks(*algorithm, url.clone(), issuer, audience),
            TokenKeys::None => {
                Self { keys: Keys::None, rules: Rules { algorithm: Algorithm::HS256, issuer, audience } }
            }
        })
    }

    /// As the environment says.
    pub async fn from_env() -> Result<Self, BoxError> {
        Self::from_config(&TokenConfig::from_env()?, &aws::config().await).await
    }

    /// The user and the organisation of a request. `bearer` is its `Authorization` header, `org` its
    /// `organization-id` or `org` header, by name and value; without one the token's `org` counts, then the user's only
    /// organisation, which costs a read.
    pub async fn seat(
        &self,
        bearer: Option<&str>,
        org: Option<(&'static str, &str)>,
        now: DateTime<Utc>,
        store: &Store,
    ) -> Result<Seat, AuthError> {
        let claims = self.claims(bearer, now).await?;
        let user = claims.user().ok_or(AuthError::Unauthenticated)?;
        if let Some((name, header)) = org {
            let org = header.parse().map_err(|_| AuthError::BadOrganisation(name))?;
            return Ok(Seat { user, org });
        }
        if let Some(org) = claims.org() {
            return Ok(Seat { user, org });
        }
        match store.orgs_of(user).await?.as_slice() {
            [] => Err(AuthError::Forbidden),
            [org] => Ok(Seat { user, org: *org }),
            _ => Err(AuthError::WhichOrganisation),
        }
    }

    /// The member who has this seat, with role and teams: one read.
    pub async fn admit(&self, seat: Seat, store: &Store) -> Result<Caller, AuthError> {
        match store.find_user(seat.org, seat.user).await? {
            Some(user) if user.active => {
                telemetry::of_org(seat.org);
                Ok(user.into())
            }
            _ => Err(AuthError::Forbidden),
        }
    }

    async fn claims(&self, bearer: Option<&str>, now: DateTime<Utc>) -> Result<Claims, AuthError> {
        crypto::install();
        let token = bearer.and_then(token::of_header).ok_or(AuthError::Unauthenticated)?;
        let key = match &self.keys {
            Keys::Secret(secret) => secret.decoding_key(),
            Keys::Jwks(jwks) => jwks.key(token, now).await?,
            Keys::None => return Err(AuthError::NoKeys("no keys for tokens are configured".into())),
        };
        self.rules.check(token, &key, now).ok_or(AuthError::Unauthenticated)
    }

    /// A token for a user of an organisation, good for `ttl`. An error if tokens are signed elsewhere.
    pub fn issue(
        &self,
        user: UserId,
        org: OrgId,
        now: DateTime<Utc>,
        ttl: Duration,
    ) -> Result<String, BoxError> {
        #[derive(Serialize)]
        struct Issued<'a> {
            sub: UserId,
            org: OrgId,
            iat: i64,
            exp: i64,
            #[serde(skip_serializing_if = "Option::is_none")]
            iss: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            aud: Option<&'a str>,
        }
        let secret = match &self.keys {
            Keys::Secret(secret) => secret,
            Keys::Jwks(_) => return Err("tokens are issued by the identity provider, not here".into()),
            Keys::None => return Err("set LEADLINE_TOKEN_SECRET_ARN or LEADLINE_TOKEN_SECRET".into()),
        };
        crypto::install();
        let issued = Issued {
            sub: user,
            org,
            iat: now.timestamp(),
            exp: (now + ttl).timestamp(),
            iss: self.rules.issuer.as_deref(),
            aud: self.rules.audience.as_deref(),
        };
        let key = EncodingKey::from_secret(secret.bytes());
        Ok(jsonwebtoken::encode(&Header::new(Algorithm::HS256), &issued, &key)?)
    }
}
