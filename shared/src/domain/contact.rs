//! Contacts.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{ContactId, Email, FieldErrors, Lead, OrgId, Text};

/// A person that leads are about; an e-mail belongs to at most one contact of an organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    pub id: ContactId,
    pub org: OrgId,
    pub first_name: String,
    pub last_name: String,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub created_on: DateTime<Utc>,
}

impl Contact {
    /// A new contact; names as those of a lead.
    pub fn new(
        id: ContactId,
        org: OrgId,
        first: &str,
        last: &str,
        email: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        let mut name = |field, text: &str| match text.parse::<Text<255>>() {
            Ok(name) => name.into(),
            Err(error) => {
                errors.add(field, error);
                String::new()
            }
        };
        let (first_name, last_name) = (name("first_name", first), name("last_name", last));
        let email = match email.map(str::parse::<Email>).transpose() {
            Ok(email) => email.map(String::from),
            Err(error) => {
                errors.add("email", error);
                None
            }
        };
        errors.or(Self { id, org, first_name, last_name, email, phone: None, created_on: now })
    }

    /// The person behind a lead that is captured or converted.
    pub fn of_lead(id: ContactId, lead: &Lead) -> Self {
        let details = &lead.details;
        Self {
            id,
            org: lead.org,
            first_name: details.first_name.as_ref().map(ToString::to_string).unwrap_or_default(),
            last_name: details.last_name.to_string(),
            email: details.email.as_ref().map(ToString::to_string),
            phone: details.phone.as_ref().map(ToString::to_string),
            created_on: lead.updated_on,
        }
    }
}
