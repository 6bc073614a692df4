//! Companies.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{CompanyId, FieldErrors, Fields, Form, Lead, LeadId, OrgId, Text, Website};

/// What people write on a company.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompanyDetails {
    pub name: Text<255>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub industry: Option<Text<255>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website: Option<Website>,
}

impl CompanyDetails {
    /// Reads a company, or the changes to one; every bad field is reported.
    pub fn read(was: Option<&Self>, fields: &Fields) -> Result<Self, FieldErrors> {
        let mut form = Form::new(fields);
        let name = form.required(&["name"], was.map(|was| was.name.clone()));
        let industry = form.optional(&["industry"], was.and_then(|was| was.industry.clone()));
        let website = form.optional(&["website"], was.and_then(|was| was.website.clone()));
        let (Some(name), true) = (name, form.errors.is_empty()) else { return Err(form.errors) };
        Ok(Self { name, industry, website })
    }
}

/// A company of an organisation; its name is unique there, whatever its case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Company {
    pub id: CompanyId,
    pub org: OrgId,
    #[serde(flatten)]
    pub details: CompanyDetails,
    /// The lead whose account name made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_from_lead: Option<LeadId>,
    pub created_on: DateTime<Utc>,
    /// Rises by one with each change.
    pub version: u64,
}

impl Company {
    /// A new company.
    pub fn new(id: CompanyId, org: OrgId, details: CompanyDetails, now: DateTime<Utc>) -> Self {
        Self { id, org, details, created_from_lead: None, created_on: now, version: 1 }
    }

    /// The company that a lead's account name calls for.
    pub fn of_lead(id: CompanyId, lead: &Lead, name: &Text<255>) -> Self {
        let details = CompanyDetails {
            name: name.clone(),
            industry: lead.details.industry.clone(),
            website: lead.details.website.clone(),
        };
        Self { created_from_lead: Some(lead.id), ..Self::new(id, lead.org, details, lead.updated_on) }
    }
}
