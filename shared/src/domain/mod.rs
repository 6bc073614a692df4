//! What a lead is and what may be done to it. Pure: no table, no HTTP, no clock.

mod account;
mod attachment;
mod columns;
mod comment;
mod company;
mod contact;
mod conversion;
mod country;
mod exported;
mod fields;
mod filter;
mod fold;
mod form;
mod history;
mod ids;
mod import;
mod import_options;
mod key;
mod lead;
mod money;
mod org;
mod rights;
mod rules;
mod tags;
mod team;
mod text;
mod user;

pub use account::{Account, Opportunity};
pub use attachment::{Attachment, ContentType, FileName, FileSize};
pub use columns::{Columns, RowFields, UnknownHeader, joined, neutralised, restored};
pub use comment::Comment;
pub use company::{Company, CompanyDetails};
pub use contact::Contact;
pub use conversion::{Conversion, Link};
pub use country::{COUNTRIES, Country};
pub use exported::{EXPORTED, exported};
pub use fields::{FieldErrors, Fields, Value};
pub use filter::{LeadFilter, MomentError, OrderField, Ordering, OrderingError, Search};
pub use fold::fold;
pub use form::{Form, MAX_IDS};
pub use history::{Action, Change, Event};
pub use ids::{
    AccountId, AttachmentId, CommentId, CompanyId, ContactId, ExportId, Ids, ImportId, KeyId, LeadId,
    OpportunityId, OrgId, TeamId, UserId,
};
pub use import::{Import, ImportSize, ImportState, RowCounts, UndoCounts};
pub use import_options::{ImportOptions, OnDuplicate, RowError};
pub use key::{ApiKey, Captcha, NewApiKey, WhenDown};
pub use lead::{Attribution, Door, Lead, LeadDetails, Status, StatusClass};
pub use money::Money;
pub use org::Org;
pub use rights::{Caller, Relation};
pub use rules::{Assign, Rule, Rules, RulesError, Strategy, Targets};
pub use tags::Tags;
pub use team::Team;
pub use text::{CloseDate, Email, Phone, Probability, Text, Website};
pub use user::{Person, Role, User};
