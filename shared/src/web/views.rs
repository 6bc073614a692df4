//! What is shown of each thing. A field that has no value is null, never left out.

use serde::Serialize;

use crate::domain::{
    Attribution, Company, CompanyId, Contact, ContactId, Lead, LeadId, OrgId, Role, Team, TeamId, User,
    UserId,
};
use crate::store::rfc3339;

/// A lead.
#[derive(Debug, Serialize)]
pub struct LeadView<'a> {
    id: LeadId,
    title: String,
    first_name: Option<&'a str>,
    last_name: &'a str,
    email: Option<&'a str>,
    phone: Option<&'a str>,
    status: &'static str,
    source: Option<&'a str>,
    account_name: Option<&'a str>,
    website: Option<&'a str>,
    description: Option<&'a str>,
    opportunity_amount: Option<String>,
    #[serde(flatten)]
    address: AddressView<'a>,
    industry: Option<&'a str>,
    probability: Option<crate::domain::Probability>,
    close_date: Option<crate::domain::CloseDate>,
    contacts: &'a [ContactId],
    assigned_to: &'a [UserId],
    teams: &'a [TeamId],
    tags: Vec<&'a str>,
    company: Option<CompanyId>,
    created_on: String,
    created_by: Option<UserId>,
    updated_on: String,
    org: OrgId,
    created_from_site: bool,
    converted_account: Option<()>,
    converted_contact: Option<()>,
    converted_opportunity: Option<()>,
    converted_on: Option<()>,
    attribution: Option<&'a Attribution>,
}

/// A lead's address.
#[derive(Debug, Serialize)]
pub struct AddressView<'a> {
    address_line: Option<&'a str>,
    street: Option<&'a str>,
    city: Option<&'a str>,
    state: Option<&'a str>,
    postcode: Option<&'a str>,
    country: Option<crate::domain::Country>,
}

impl<'a> From<&'a Lead> for AddressView<'a> {
    fn from(lead: &'a Lead) -> Self {
        let details = &lead.details;
        Self {
            address_line: details.address_line.as_ref().map(|text| text.as_str()),
            street: details.street.as_ref().map(|text| text.as_str()),
            city: details.city.as_ref().map(|text| text.as_str()),
            state: details.state.as_ref().map(|text| text.as_str()),
            postcode: details.postcode.as_ref().map(|text| text.as_str()),
            country: details.country,
        }
    }
}

impl LeadView<'_> {
    /// The lead with its description cut to what room there is, which it takes from; in bytes.
    #[must_use]
    pub fn within(mut self, room: &mut usize) -> Self {
        if let Some(text) = self.description {
            let cut = &text[..text.floor_char_boundary(*room)];
            *room -= cut.len();
            self.description = Some(cut);
        }
        self
    }
}

impl<'a> From<&'a Lead> for LeadView<'a> {
    fn from(lead: &'a Lead) -> Self {
        let details = &lead.details;
        Self {
            id: lead.id,
            title: details.title(),
            first_name: details.first_name.as_ref().map(|text| text.as_str()),
            last_name: details.last_name.as_str(),
            email: details.email.as_ref().map(|text| text.as_str()),
            phone: details.phone.as_ref().map(|text| text.as_str()),
            status: details.status.as_str(),
            source: details.source.as_ref().map(|text| text.as_str()),
            account_name: details.account_name.as_ref().map(|text| text.as_str()),
            website: details.website.as_ref().map(|text| text.as_str()),
            description: details.description.as_ref().map(|text| text.as_str()),
            opportunity_amount: details.opportunity_amount.map(|amount| amount.to_string()),
            address: AddressView::from(lead),
            industry: details.industry.as_ref().map(|text| text.as_str()),
            probability: details.probability,
            close_date: details.close_date,
            contacts: &details.contacts,
            assigned_to: &details.assigned_to,
            teams: &details.teams,
            tags: details.tags.names().collect(),
            company: lead.company,
            created_on: rfc3339(lead.created_on),
            created_by: lead.created_by,
            updated_on: rfc3339(lead.updated_on),
            org: lead.org,
            created_from_site: lead.created_from_site,
            converted_account: None,
            converted_contact: None,
            converted_opportunity: None,
            converted_on: None,
            attribution: lead.attribution.as_ref(),
        }
    }
}

/// A company.
#[derive(Debug, Serialize)]
pub struct CompanyView<'a> {
    id: CompanyId,
    name: &'a str,
    industry: Option<&'a str>,
    website: Option<&'a str>,
    created_from_lead: Option<LeadId>,
}

impl<'a> From<&'a Company> for CompanyView<'a> {
    fn from(company: &'a Company) -> Self {
        Self {
            id: company.id,
            name: company.details.name.as_str(),
            industry: company.details.industry.as_ref().map(|text| text.as_str()),
            website: company.details.website.as_ref().map(|text| text.as_str()),
            created_from_lead: company.created_from_lead,
        }
    }
}

/// A user, as others of the organisation see them.
#[derive(Debug, Serialize)]
pub struct UserView<'a> {
    id: UserId,
    email: &'a str,
    name: &'a str,
    role: Role,
}

impl<'a> From<&'a User> for UserView<'a> {
    fn from(user: &'a User) -> Self {
        Self { id: user.id, email: &user.email, name: &user.name, role: user.role }
    }
}

/// A team.
#[derive(Debug, Serialize)]
pub struct TeamView<'a> {
    id: TeamId,
    name: &'a str,
}

impl<'a> From<&'a Team> for TeamView<'a> {
    fn from(team: &'a Team) -> Self {
        Self { id: team.id, name: &team.name }
    }
}

/// A contact.
#[derive(Debug, Serialize)]
pub struct ContactView<'a> {
    id: ContactId,
    first_name: &'a str,
    last_name: &'a str,
    email: Option<&'a str>,
    phone: Option<&'a str>,
}

impl<'a> From<&'a Contact> for ContactView<'a> {
    fn from(contact: &'a Contact) -> Self {
        Self {
            id: contact.id,
            first_name: &contact.first_name,
            last_name: &contact.last_name,
            email: contact.email.as_deref(),
            phone: contact.phone.as_deref(),
        }
    }
}
