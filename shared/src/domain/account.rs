//! What converted leads become: accounts and opportunities.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    AccountId, CloseDate, ContactId, Country, Email, Lead, LeadId, Money, OpportunityId, OrgId, Phone,
    Probability, Tags, TeamId, Text, UserId, Website,
};

/// A customer; its name is unique in its organisation, whatever its case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    pub id: AccountId,
    pub org: OrgId,
    pub name: Text<255>,
    pub website: Option<Website>,
    pub phone: Option<Phone>,
    pub email: Option<Email>,
    pub address_line: Option<Text<255>>,
    pub street: Option<Text<255>>,
    pub city: Option<Text<255>>,
    pub state: Option<Text<255>>,
    pub postcode: Option<Text<64>>,
    pub country: Option<Country>,
    pub description: Option<Text<10_000>>,
    pub tags: Tags,
    pub teams: Vec<TeamId>,
    pub assigned_to: Vec<UserId>,
    /// The lead whose conversion made it.
    pub created_from_lead: LeadId,
    pub created_on: DateTime<Utc>,
}

impl Account {
    /// The account that a lead's conversion makes.
    pub fn of_lead(id: AccountId, lead: &Lead, name: &Text<255>) -> Self {
        let details = lead.details.clone();
        Self {
            id,
            org: lead.org,
            name: name.clone(),
            website: details.website,
            phone: details.phone,
            email: details.email,
            address_line: details.address_line,
            street: details.street,
            city: details.city,
            state: details.state,
            postcode: details.postcode,
            country: details.country,
            description: details.description,
            tags: details.tags,
            teams: details.teams,
            assigned_to: details.assigned_to,
            created_from_lead: lead.id,
            created_on: lead.updated_on,
        }
    }
}

/// Business that may come of a converted lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opportunity {
    pub id: OpportunityId,
    pub org: OrgId,
    pub title: String,
    pub amount: Money,
    pub probability: Option<Probability>,
    pub close_date: Option<CloseDate>,
    pub account: AccountId,
    pub contact: ContactId,
    pub lead: LeadId,
    pub created_on: DateTime<Utc>,
}

impl Opportunity {
    /// The opportunity of a lead that is converted to these.
    pub fn of_lead(
        id: OpportunityId,
        lead: &Lead,
        amount: Money,
        account: AccountId,
        contact: ContactId,
    ) -> Self {
        Self {
            id,
            org: lead.org,
            title: lead.details.title(),
            amount,
            probability: lead.details.probability,
            close_date: lead.details.close_date,
            account,
            contact,
            lead: lead.id,
            created_on: lead.updated_on,
        }
    }
}
