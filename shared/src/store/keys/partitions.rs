//! Partitions that are read as lists.

use super::Key;
use crate::domain::{OrgId, UserId};

impl Key {
    /// The organisations.
    pub(crate) fn orgs() -> String {
        "ORGS".to_owned()
    }

    /// The organisations of a user.
    pub(crate) fn orgs_of(user: UserId) -> String {
        format!("USER#{user}#ORGS")
    }

    /// The contacts of an organisation.
    pub(crate) fn contacts(org: OrgId) -> String {
        format!("ORG#{org}#CONTACTS")
    }

    /// Its companies, by name.
    pub(crate) fn companies(org: OrgId) -> String {
        format!("ORG#{org}#COMPANIES")
    }

    /// Its accounts, by name.
    pub(crate) fn accounts(org: OrgId) -> String {
        format!("ORG#{org}#ACCOUNTS")
    }

    /// The leads that became them.
    pub(crate) fn account_leads(org: OrgId) -> String {
        format!("ORG#{org}#ACCOUNT_LEADS")
    }

    /// Its opportunities.
    pub(crate) fn opportunities(org: OrgId) -> String {
        format!("ORG#{org}#OPPORTUNITIES")
    }

    /// Its imports, by the time they began.
    pub(crate) fn imports(org: OrgId) -> String {
        format!("ORG#{org}#IMPORTS")
    }

    /// Its counters of leads.
    pub(crate) fn counts(org: OrgId) -> String {
        format!("ORG#{org}#COUNT")
    }

    /// The rows of its list index.
    pub(crate) fn index(org: OrgId) -> String {
        format!("ORG#{org}#INDEX#00")
    }
}
