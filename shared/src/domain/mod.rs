//! What a lead is and what may be done to it. Pure: no table, no HTTP, no clock.

mod company;
mod contact;
mod country;
mod fields;
mod filter;
mod fold;
mod form;
mod ids;
mod key;
mod lead;
mod money;
mod org;
mod rights;
mod tags;
mod team;
mod text;
mod user;

pub use company::{Company, CompanyDetails};
pub use contact::Contact;
pub use country::{COUNTRIES, Country};
pub use fields::{FieldErrors, Fields, Value};
pub use filter::LeadFilter;
pub use fold::fold;
pub use form::{Form, MAX_IDS};
pub use ids::{CompanyId, ContactId, Ids, KeyId, LeadId, OrgId, TeamId, UserId};
pub use key::{ApiKey, NewApiKey};
pub use lead::{Attribution, Door, Lead, LeadDetails, Status, StatusClass};
pub use money::Money;
pub use org::Org;
pub use rights::{Caller, Relation};
pub use tags::Tags;
pub use team::Team;
pub use text::{CloseDate, Email, Phone, Probability, Text, Website};
pub use user::{Role, User};
