//! Organisations.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{FieldErrors, OrgId, Text};

/// A tenant: owns its leads, users and keys; nothing crosses from one to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Org {
    pub id: OrgId,
    pub name: String,
    pub created_on: DateTime<Utc>,
}

impl Org {
    /// A new organisation; its name is 1 to 255 characters.
    pub fn new(id: OrgId, name: &str, now: DateTime<Utc>) -> Result<Self, FieldErrors> {
        let name: Text<255> = name.parse().map_err(|error| FieldErrors::one("name", error))?;
        Ok(Self { id, name: name.into(), created_on: now })
    }
}
