//! Leads: what they hold and how they change.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    CloseDate, CompanyId, ContactId, Conversion, Country, Email, FieldErrors, Fields, Form, ImportId, LeadId,
    Money, OrgId, Person, Phone, Probability, Tags, TeamId, Text, UserId, Website,
};

/// Where a lead stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Assigned,
    #[serde(rename = "in process")]
    InProcess,
    Converted,
    Recycled,
    Closed,
}

/// Which of the three lists a status belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StatusClass {
    Open,
    Closed,
    Converted,
}

/// The text is no status; its words list them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be one of: assigned, in process, converted, recycled, closed")]
pub struct StatusError;

impl Status {
    /// Every status, in the order of a lead's life.
    pub const ALL: [Self; 5] =
        [Self::Assigned, Self::InProcess, Self::Converted, Self::Recycled, Self::Closed];

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Assigned => "assigned",
            Self::InProcess => "in process",
            Self::Converted => "converted",
            Self::Recycled => "recycled",
            Self::Closed => "closed",
        }
    }

    /// The list it belongs to.
    pub fn class(self) -> StatusClass {
        match self {
            Self::Assigned | Self::InProcess | Self::Recycled => StatusClass::Open,
            Self::Closed => StatusClass::Closed,
            Self::Converted => StatusClass::Converted,
        }
    }
}

impl FromStr for Status {
    type Err = StatusError;

    fn from_str(text: &str) -> Result<Self, StatusError> {
        Self::ALL.into_iter().find(|status| status.as_str() == text.trim()).ok_or(StatusError)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What people write on a lead: all that a client may send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeadDetails {
    /// Only a captured lead may be without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<Text<255>>,
    pub last_name: Text<255>,
    /// None: the lead goes by its name, see [`LeadDetails::title`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<Text<255>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<Phone>,
    pub status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Text<64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_name: Option<Text<255>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website: Option<Website>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Text<10_000>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opportunity_amount: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address_line: Option<Text<255>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street: Option<Text<255>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<Text<255>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<Text<255>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postcode: Option<Text<64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub industry: Option<Text<255>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability: Option<Probability>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub close_date: Option<CloseDate>,
    pub contacts: Vec<ContactId>,
    pub assigned_to: Vec<UserId>,
    pub teams: Vec<TeamId>,
    pub tags: Tags,
}

/// The way a lead, or a change of one, comes in; each asks for a little more or less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Door {
    /// An API client: both names.
    Api,
    /// A website: a last name, and an e-mail or a phone; it converts nothing.
    Site,
    /// A file of leads: both names; it converts nothing.
    Import,
}

/// The text is no door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be site, import or api")]
pub struct DoorError;

impl FromStr for Door {
    type Err = DoorError;

    fn from_str(text: &str) -> Result<Self, DoorError> {
        match text.trim() {
            "api" => Ok(Self::Api),
            "site" => Ok(Self::Site),
            "import" => Ok(Self::Import),
            _ => Err(DoorError),
        }
    }
}

impl LeadDetails {
    /// Reads a new lead; every bad field is reported.
    pub fn open(door: Door, fields: &Fields) -> Result<Self, FieldErrors> {
        Self::read(door, None, fields)
    }

    /// This lead with the sent fields changed; null and blank clear, a sent list replaces.
    pub fn change(&self, fields: &Fields) -> Result<Self, FieldErrors> {
        Self::read(Door::Api, Some(self), fields)
    }

    fn read(door: Door, was: Option<&Self>, fields: &Fields) -> Result<Self, FieldErrors> {
        macro_rules! now {
            ($field:ident) => {
                was.and_then(|was| was.$field.clone())
            };
        }
        let opening = was.is_none();
        let mut form = Form::new(fields);
        let nameless = if opening { door == Door::Site } else { now!(first_name).is_none() };
        let first_name = match nameless {
            false => form.required(&["first_name"], now!(first_name)),
            true => form.optional(&["first_name"], now!(first_name)),
        };
        let last_name = form.required(&["last_name"], was.map(|was| was.last_name.clone()));
        let before = was.map_or(Status::Assigned, |was| was.status);
        let mut status = form.optional(&["status"], Some(before)).unwrap_or(before);
        if form.flag("auto_convert") && door == Door::Api {
            status = Status::Converted;
        }
        let asks = status == Status::Converted && before != Status::Converted;
        let converts = asks && door == Door::Api;
        if asks && !converts {
            form.errors.add("status", "only an API client can convert a lead");
        }
        let title = form.optional(&["title"], now!(title));
        // Sent as it is shown, it stays made of the names.
        let title =
            title.filter(|title| was.is_none_or(|was| was.title.is_some() || was.title() != title.as_str()));
        let email = form.optional(&["email"], now!(email));
        let phone = form.optional(&["phone"], now!(phone));
        let unreachable = email.is_none() && phone.is_none();
        let said = form.errors.has("email") || form.errors.has("phone");
        if door == Door::Site && opening && unreachable && !said {
            form.errors.add("email", "an e-mail or a phone is required");
        }
        let source = form.optional(&["source"], now!(source));
        let account_name = form.optional(&["account_name"], now!(account_name));
        if converts && account_name.is_none() && !form.errors.has("account_name") {
            form.errors.add("account_name", "is required to convert a lead");
        }
        if converts && email.is_none() && !form.errors.has("email") {
            form.errors.add("email", "is required to convert a lead");
        }
        let website = form.optional(&["website"], now!(website));
        let description = form.optional(&["description", "message"], now!(description));
        let opportunity_amount = form.optional(&["opportunity_amount"], now!(opportunity_amount));
        let address_line = form.optional(&["address_line"], now!(address_line));
        let street = form.optional(&["street"], now!(street));
        let city = form.optional(&["city"], now!(city));
        let state = form.optional(&["state"], now!(state));
        let postcode = form.optional(&["postcode"], now!(postcode));
        let country = form.optional(&["country"], now!(country));
        let industry = form.optional(&["industry"], now!(industry));
        let probability = form.optional(&["probability"], now!(probability));
        let close_date = form.optional(&["close_date"], now!(close_date));
        let contacts = form.ids(&["contacts"], was.map(|was| was.contacts.clone()).unwrap_or_default());
        let assigned_to =
            form.ids(&["assigned_to"], was.map(|was| was.assigned_to.clone()).unwrap_or_default());
        let teams = form.ids(&["teams"], was.map(|was| was.teams.clone()).unwrap_or_default());
        let tags = form.tags(&["tags"], was.map(|was| was.tags.clone()).unwrap_or_default());
        let (Some(last_name), true) = (last_name, form.errors.is_empty()) else { return Err(form.errors) };
        Ok(Self {
            first_name,
            last_name,
            title,
            email,
            phone,
            status,
            source,
            account_name,
            website,
            description,
            opportunity_amount,
            address_line,
            street,
            city,
            state,
            postcode,
            country,
            industry,
            probability,
            close_date,
            contacts,
            assigned_to,
            teams,
            tags,
        })
    }

    /// First and last name as one.
    pub fn full_name(&self) -> String {
        match &self.first_name {
            Some(first) => format!("{first} {}", self.last_name),
            None => self.last_name.to_string(),
        }
    }

    /// The title given, else the name, cut to 255 characters.
    pub fn title(&self) -> String {
        match &self.title {
            Some(title) => title.to_string(),
            None => self.full_name().chars().take(255).collect(),
        }
    }
}

/// Where a captured lead came from. Never a reason to refuse a lead: what is too
/// long is cut, control characters go.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Attribution {
    pub utm_source: Option<String>,
    pub utm_medium: Option<String>,
    pub utm_campaign: Option<String>,
    pub utm_term: Option<String>,
    pub utm_content: Option<String>,
    pub gclid: Option<String>,
    pub referrer: Option<String>,
    pub page_url: Option<String>,
}

impl Attribution {
    /// Reads what was sent of it; none at all: `None`.
    pub fn read(fields: &Fields) -> Option<Self> {
        let cut = |name: &str, most| {
            let text = fields.text(name)?.chars().filter(|c| !c.is_control()).take(most);
            Some(text.collect::<String>()).filter(|text| !text.is_empty())
        };
        let text = |name| cut(name, 255);
        let read = Self {
            utm_source: text("utm_source"),
            utm_medium: text("utm_medium"),
            utm_campaign: text("utm_campaign"),
            utm_term: text("utm_term"),
            utm_content: text("utm_content"),
            gclid: text("gclid"),
            referrer: cut("referrer", 2048),
            page_url: cut("page_url", 2048),
        };
        (read != Self::default()).then_some(read)
    }
}

/// A lead of an organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lead {
    pub id: LeadId,
    pub org: OrgId,
    #[serde(flatten)]
    pub details: LeadDetails,
    /// The company of the account name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company: Option<CompanyId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribution: Option<Attribution>,
    pub created_from_site: bool,
    /// The import that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import: Option<ImportId>,
    /// Somebody put a comment or a file on it since an import made it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub worked_on: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_by: Option<Person>,
    pub created_on: DateTime<Utc>,
    pub updated_on: DateTime<Utc>,
    /// What it became; none unless its status is converted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversion: Option<Conversion>,
    /// Rises by one with each change.
    pub version: u64,
}

impl Lead {
    /// A new lead, as yet without a company.
    pub fn open(
        id: LeadId,
        org: OrgId,
        details: LeadDetails,
        created_by: Option<Person>,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            id,
            org,
            details,
            company: None,
            attribution: None,
            created_from_site: false,
            import: None,
            worked_on: false,
            created_by,
            created_on: now,
            updated_on: now,
            conversion: None,
            version: 1,
        }
    }

    /// This lead after a change of its details.
    pub fn changed(&self, details: LeadDetails, now: DateTime<Utc>) -> Self {
        Self { details, updated_on: now, version: self.version + 1, ..self.clone() }
    }

    /// The way it came in.
    pub fn door(&self) -> Door {
        match self.import {
            _ if self.created_from_site => Door::Site,
            Some(_) => Door::Import,
            None => Door::Api,
        }
    }
}
