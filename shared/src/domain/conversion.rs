//! The end of a lead's way: it becomes an account, a contact and, with an amount, an opportunity.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{AccountId, ContactId, FieldErrors, Fields, Form, OpportunityId};

/// What a lead became, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversion {
    pub account: AccountId,
    pub contact: ContactId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opportunity: Option<OpportunityId>,
    pub on: DateTime<Utc>,
}

/// Which account a conversion is to use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Link {
    /// A new one; it is in the way if there is one of that name.
    #[default]
    New,
    /// The one of that name, else a new one.
    SameName,
    /// This one.
    To(AccountId),
}

impl Link {
    /// Reads `account_id` and `link_account`.
    pub fn read(fields: &Fields) -> Result<Self, FieldErrors> {
        let mut form = Form::new(fields);
        let link = match (form.optional(&["account_id"], None), form.flag("link_account")) {
            (Some(account), _) => Self::To(account),
            (None, true) => Self::SameName,
            (None, false) => Self::New,
        };
        form.errors.or(link)
    }
}
