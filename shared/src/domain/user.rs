//! Users and their roles.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Email, FieldErrors, OrgId, TeamId, Text, UserId};

/// What a member may do in an organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Role {
    /// Sees and edits every lead of the organisation.
    Admin,
    /// Sees and edits the leads that are theirs.
    User,
}

/// The text is no role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be ADMIN or USER")]
pub struct RoleError;

impl FromStr for Role {
    type Err = RoleError;

    fn from_str(text: &str) -> Result<Self, RoleError> {
        match text {
            "ADMIN" => Ok(Self::Admin),
            "USER" => Ok(Self::User),
            _ => Err(RoleError),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Admin => "ADMIN",
            Self::User => "USER",
        })
    }
}

/// A user as others see them in what they did, named as they were at the time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    pub id: UserId,
    pub email: String,
    pub name: String,
}

/// A member of an organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    pub id: UserId,
    pub org: OrgId,
    pub email: String,
    pub name: String,
    pub role: Role,
    pub active: bool,
    pub teams: Vec<TeamId>,
    pub created_on: DateTime<Utc>,
}

impl User {
    /// A new, active member without teams; without a name, the e-mail's local part is shown.
    pub fn new(
        id: UserId,
        org: OrgId,
        email: &str,
        name: Option<&str>,
        role: Role,
        now: DateTime<Utc>,
    ) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        let email = email.parse::<Email>().map_err(|error| errors.add("email", error)).ok();
        let local = email.as_ref().and_then(|email| email.as_str().split('@').next()).unwrap_or("user");
        let name = name.unwrap_or(local).parse::<Text<255>>();
        let name = name.map_err(|error| errors.add("name", error)).ok();
        let (Some(email), Some(name)) = (email, name) else { return Err(errors) };
        let (email, name) = (email.into(), name.into());
        Ok(Self { id, org, email, name, role, active: true, teams: Vec::new(), created_on: now })
    }

    /// Who they are.
    pub fn person(&self) -> Person {
        Person { id: self.id, email: self.email.clone(), name: self.name.clone() }
    }
}
