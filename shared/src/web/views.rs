//! What is shown of each thing. A field that has no value is null, never left out.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::{
    Account, AccountId, Action, Attachment, AttachmentId, Attribution, Change, CloseDate, Comment, CommentId,
    Company, CompanyId, Contact, ContactId, Country, Door, Event, Lead, LeadId, Opportunity, OpportunityId,
    OrgId, Person, Probability, Role, Team, TeamId, User, UserId,
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
    probability: Option<Probability>,
    close_date: Option<CloseDate>,
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
    converted_account: Option<AccountId>,
    converted_contact: Option<ContactId>,
    converted_opportunity: Option<OpportunityId>,
    converted_on: Option<String>,
    attribution: Option<&'a Attribution>,
}

/// Bytes that a character takes in a function's answer, where it stands in a JSON text within a JSON text.
fn sent_as(c: char) -> usize {
    match c {
        '"' | '\\' => 4,
        '\n' | '\r' | '\t' => 3,
        c if c.is_control() => 7,
        c => c.len_utf8(),
    }
}

/// A lead's address.
#[derive(Debug, Serialize)]
pub struct AddressView<'a> {
    address_line: Option<&'a str>,
    street: Option<&'a str>,
    city: Option<&'a str>,
    state: Option<&'a str>,
    postcode: Option<&'a str>,
    country: Option<Country>,
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
    /// The lead with its description cut to what room there is, which it takes from, and without its attribution
    /// if there is none left; in bytes as they are sent, where quotes and line breaks take more.
    #[must_use]
    pub fn within(mut self, room: &mut usize) -> Self {
        if let Some(text) = self.description {
            let (mut end, mut cost) = (0, 0);
            for (at, c) in text.char_indices() {
                if cost + sent_as(c) > *room {
                    break;
                }
                (end, cost) = (at + c.len_utf8(), cost + sent_as(c));
            }
            *room -= cost;
            self.description = Some(&text[..end]);
        }
        let attribution = self.attribution.and_then(|it| serde_json::to_string(it).ok()).unwrap_or_default();
        match room.checked_sub(attribution.chars().map(sent_as).sum()) {
            Some(left) => *room = left,
            None => self.attribution = None,
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
            created_by: lead.created_by.as_ref().map(|person| person.id),
            updated_on: rfc3339(lead.updated_on),
            org: lead.org,
            created_from_site: lead.created_from_site,
            converted_account: lead.conversion.map(|conversion| conversion.account),
            converted_contact: lead.conversion.map(|conversion| conversion.contact),
            converted_opportunity: lead.conversion.and_then(|conversion| conversion.opportunity),
            converted_on: lead.conversion.map(|conversion| rfc3339(conversion.on)),
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
    first_name: Option<&'a str>,
    last_name: &'a str,
    email: Option<&'a str>,
    phone: Option<&'a str>,
}

impl<'a> From<&'a Contact> for ContactView<'a> {
    fn from(contact: &'a Contact) -> Self {
        Self {
            id: contact.id,
            first_name: Some(contact.first_name.as_str()).filter(|name| !name.is_empty()),
            last_name: &contact.last_name,
            email: contact.email.as_deref(),
            phone: contact.phone.as_deref(),
        }
    }
}

/// A comment.
#[derive(Debug, Serialize)]
pub struct CommentView<'a> {
    id: CommentId,
    lead: LeadId,
    comment: &'a str,
    commented_by: &'a Person,
    commented_on: String,
    updated_on: Option<String>,
    mentions: &'a [Person],
}

impl<'a> From<&'a Comment> for CommentView<'a> {
    fn from(comment: &'a Comment) -> Self {
        Self {
            id: comment.id,
            lead: comment.lead,
            comment: comment.text.as_str(),
            commented_by: &comment.author,
            commented_on: rfc3339(comment.created_on),
            updated_on: comment.updated_on.map(rfc3339),
            mentions: &comment.mentions,
        }
    }
}

/// A file of a lead.
#[derive(Debug, Serialize)]
pub struct AttachmentView<'a> {
    id: AttachmentId,
    lead: LeadId,
    file_name: &'a str,
    content_type: &'a str,
    size: u64,
    created_by: &'a Person,
    created_on: String,
    file_path: String,
}

impl<'a> From<&'a Attachment> for AttachmentView<'a> {
    fn from(file: &'a Attachment) -> Self {
        Self {
            id: file.id,
            lead: file.lead,
            file_name: file.file_name.as_str(),
            content_type: file.content_type.as_str(),
            size: file.size,
            created_by: &file.uploader,
            created_on: rfc3339(file.created_on),
            file_path: format!("/api/leads/attachment/{}/", file.id),
        }
    }
}

/// Something that happened to a lead.
#[derive(Debug, Serialize)]
pub struct EventView<'a> {
    version: u64,
    action: Action,
    on: String,
    by: Option<&'a Person>,
    door: Door,
    changes: &'a BTreeMap<String, Change>,
}

impl<'a> From<&'a Event> for EventView<'a> {
    fn from(event: &'a Event) -> Self {
        Self {
            version: event.version,
            action: event.action,
            on: rfc3339(event.on),
            by: event.by.as_ref(),
            door: event.door,
            changes: &event.changes,
        }
    }
}

/// An account whose rest the caller may not see.
#[derive(Debug, Serialize)]
pub struct AccountName<'a> {
    id: AccountId,
    name: &'a str,
}

impl<'a> From<&'a Account> for AccountName<'a> {
    fn from(account: &'a Account) -> Self {
        Self { id: account.id, name: account.name.as_str() }
    }
}

/// An account.
#[derive(Debug, Serialize)]
pub struct AccountView<'a> {
    id: AccountId,
    name: &'a str,
    website: Option<&'a str>,
    phone: Option<&'a str>,
    email: Option<&'a str>,
    #[serde(flatten)]
    address: AddressView<'a>,
    description: Option<&'a str>,
    tags: Vec<&'a str>,
    teams: &'a [TeamId],
    assigned_to: &'a [UserId],
    created_from_lead: LeadId,
    created_on: String,
}

impl<'a> From<&'a Account> for AccountView<'a> {
    fn from(account: &'a Account) -> Self {
        Self {
            id: account.id,
            name: account.name.as_str(),
            website: account.website.as_ref().map(|text| text.as_str()),
            phone: account.phone.as_ref().map(|text| text.as_str()),
            email: account.email.as_ref().map(|text| text.as_str()),
            address: AddressView {
                address_line: account.address_line.as_ref().map(|text| text.as_str()),
                street: account.street.as_ref().map(|text| text.as_str()),
                city: account.city.as_ref().map(|text| text.as_str()),
                state: account.state.as_ref().map(|text| text.as_str()),
                postcode: account.postcode.as_ref().map(|text| text.as_str()),
                country: account.country,
            },
            description: account.description.as_ref().map(|text| text.as_str()),
            tags: account.tags.names().collect(),
            teams: &account.teams,
            assigned_to: &account.assigned_to,
            created_from_lead: account.created_from_lead,
            created_on: rfc3339(account.created_on),
        }
    }
}

/// An opportunity.
#[derive(Debug, Serialize)]
pub struct OpportunityView<'a> {
    id: OpportunityId,
    title: &'a str,
    amount: String,
    probability: Option<Probability>,
    close_date: Option<CloseDate>,
    account: AccountId,
    contact: ContactId,
    lead: LeadId,
    created_on: String,
}

impl<'a> From<&'a Opportunity> for OpportunityView<'a> {
    fn from(opportunity: &'a Opportunity) -> Self {
        Self {
            id: opportunity.id,
            title: &opportunity.title,
            amount: opportunity.amount.to_string(),
            probability: opportunity.probability,
            close_date: opportunity.close_date,
            account: opportunity.account,
            contact: opportunity.contact,
            lead: opportunity.lead,
            created_on: rfc3339(opportunity.created_on),
        }
    }
}
