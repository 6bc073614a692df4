//! Teams.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{FieldErrors, OrgId, TeamId, Text, UserId};

/// A team: what is assigned to it, its members see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    pub id: TeamId,
    pub org: OrgId,
    pub name: String,
    pub members: Vec<UserId>,
    pub created_on: DateTime<Utc>,
}

impl Team {
    /// A new team without members; its name is 1 to 255 characters.
    pub fn new(id: TeamId, org: OrgId, name: &str, now: DateTime<Utc>) -> Result<Self, FieldErrors> {
        let name: Text<255> = name.parse().map_err(|error| FieldErrors::one("name", error))?;
        Ok(Self { id, org, name: name.into(), members: Vec::new(), created_on: now })
    }
}
