//! Primary keys: the one place that spells them. The table of `docs/access-patterns.md` lists them.

mod partitions;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use ring::digest::{SHA256, digest};

use super::api_keys::KeyHash;
use super::item::rfc3339;
use crate::domain::{
    AccountId, AttachmentId, CommentId, CompanyId, ContactId, Import, ImportId, KeyId, Lead, LeadId,
    OnDuplicate, OpportunityId, OrgId, TeamId, UserId, fold,
};

/// Longest part of a sort key taken as it is; DynamoDB allows 1,024 bytes in all.
const LONGEST: usize = 900;
/// Counters that leads are spread over, so that writers seldom meet.
pub(crate) const SHARDS: u8 = 16;

/// A primary key. Every constructor asks for the organisation, so that no key can reach into
/// another's data; the exceptions are what is looked up before an organisation is known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) pk: String,
    pub(crate) sk: String,
}

impl Key {
    fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self { pk: pk.into(), sk: sk.into() }
    }

    // Before an organisation is known.

    /// The organisations, for those who operate the table.
    pub(crate) fn org_listed(org: OrgId) -> Self {
        Self::new(Self::orgs(), org.to_string())
    }

    /// The organisations that a user belongs to.
    pub(crate) fn membership(user: UserId, org: OrgId) -> Self {
        Self::new(Self::orgs_of(user), format!("ORG#{org}"))
    }

    /// The one id that a person's e-mail has in all organisations.
    pub(crate) fn person(email: &str) -> Self {
        Self::new(format!("PERSON#{}", bounded(&fold(email))), "PERSON")
    }

    /// A capture key by the hash of its secret.
    pub(crate) fn api_key(hash: &KeyHash) -> Self {
        Self::new(format!("KEY#{hash}"), "KEY")
    }

    /// The tokens that are left to a key; to one of its senders, with an address.
    pub(crate) fn limit(hash: &KeyHash, address: Option<&str>) -> Self {
        match address {
            Some(address) => Self::new(format!("LIMIT#{hash}#{}", sha256(address)), "LIMIT"),
            None => Self::new(format!("LIMIT#{hash}"), "LIMIT"),
        }
    }

    /// Nothing, ever.
    pub(crate) fn warm_up() -> Self {
        Self::new("WARM_UP", "WARM_UP")
    }

    // The organisation and its people.

    /// The organisation itself.
    pub(crate) fn org(org: OrgId) -> Self {
        Self::new(directory(org), "ORG")
    }

    /// A member.
    pub(crate) fn user(org: OrgId, user: UserId) -> Self {
        Self::new(directory(org), format!("USER#{user}"))
    }

    /// The start of all members' keys.
    pub(crate) fn users(org: OrgId) -> Self {
        Self::new(directory(org), "USER#")
    }

    /// The start of all teams' keys.
    pub(crate) fn teams(org: OrgId) -> Self {
        Self::new(directory(org), "TEAM#")
    }

    /// The start of all capture keys' keys.
    pub(crate) fn capture_keys(org: OrgId) -> Self {
        Self::new(directory(org), "KEY#")
    }

    /// The start of all tags' keys.
    pub(crate) fn tags(org: OrgId) -> Self {
        Self::new(names(org), "TAG#")
    }

    /// The start of all sources' keys.
    pub(crate) fn sources(org: OrgId) -> Self {
        Self::new(names(org), "SOURCE#")
    }

    /// A member by e-mail.
    pub(crate) fn user_email(org: OrgId, email: &str) -> Self {
        Self::new(directory(org), format!("EMAIL#{}", bounded(&fold(email))))
    }

    /// A team.
    pub(crate) fn team(org: OrgId, team: TeamId) -> Self {
        Self::new(directory(org), format!("TEAM#{team}"))
    }

    /// A capture key as its organisation sees it.
    pub(crate) fn capture_key(org: OrgId, key: KeyId) -> Self {
        Self::new(directory(org), format!("KEY#{key}"))
    }

    /// A contact.
    pub(crate) fn contact(org: OrgId, contact: ContactId) -> Self {
        Self::new(Self::contacts(org), contact.to_string())
    }

    /// A tag, whatever its case.
    pub(crate) fn tag(org: OrgId, tag: &str) -> Self {
        Self::new(names(org), format!("TAG#{}", bounded(&fold(tag))))
    }

    /// A source, whatever its case.
    pub(crate) fn source(org: OrgId, source: &str) -> Self {
        Self::new(names(org), format!("SOURCE#{}", bounded(&fold(source))))
    }

    /// A company by id.
    pub(crate) fn company(org: OrgId, company: CompanyId) -> Self {
        Self::new(format!("ORG#{org}#COMPANY#{company}"), "COMPANY")
    }

    /// A company by name, whatever its case; the partition lists them by name.
    pub(crate) fn company_name(org: OrgId, name: &str) -> Self {
        Self::new(Self::companies(org), bounded(&fold(name)))
    }

    /// An account by id.
    pub(crate) fn account(org: OrgId, account: AccountId) -> Self {
        Self::new(format!("ORG#{org}#ACCOUNT#{account}"), "ACCOUNT")
    }

    /// An account by name, whatever its case; the partition lists them by name.
    pub(crate) fn account_name(org: OrgId, name: &str) -> Self {
        Self::new(Self::accounts(org), bounded(&fold(name)))
    }

    /// That a lead became an account; the partition lists them by account.
    pub(crate) fn account_lead(org: OrgId, account: AccountId, lead: LeadId) -> Self {
        Self::new(Self::account_leads(org), format!("{account}#{lead}"))
    }

    /// An opportunity.
    pub(crate) fn opportunity(org: OrgId, opportunity: OpportunityId) -> Self {
        Self::new(Self::opportunities(org), opportunity.to_string())
    }

    /// The assignment rules.
    pub(crate) fn rules(org: OrgId) -> Self {
        Self::new(format!("ORG#{org}#RULES"), "RULES")
    }

    /// How many turns there were among those whom a rule names; `among` says who they are.
    pub(crate) fn turn(org: OrgId, among: &str) -> Self {
        Self::new(format!("ORG#{org}#TURN#{}", sha256(among)), "TURN")
    }

    /// One of the 16 counters of open leads by user.
    pub(crate) fn load(org: OrgId, shard: u8) -> Self {
        Self::new(format!("ORG#{org}#LOAD#{shard:02}"), "LOAD")
    }

    /// What is to be cleaned up, by the time from which on it may be.
    pub(crate) fn chore(org: OrgId, due: &str, id: &str) -> Self {
        Self::new(format!("ORG#{org}#CHORES"), format!("{due}#{id}"))
    }

    // Leads. Within one's partition, from behind: itself, its files, its comments, its history.

    /// A lead.
    pub(crate) fn lead(org: OrgId, lead: LeadId) -> Self {
        Self::new(lead_partition(org, lead), "LEAD")
    }

    /// A file of a lead.
    pub(crate) fn file(org: OrgId, lead: LeadId, file: AttachmentId) -> Self {
        Self::new(lead_partition(org, lead), format!("FILE#{file}"))
    }

    /// A comment on a lead.
    pub(crate) fn comment(org: OrgId, lead: LeadId, comment: CommentId) -> Self {
        Self::new(lead_partition(org, lead), format!("COMMENT#{comment}"))
    }

    /// The start of all keys of a lead's files; behind them only itself.
    pub(crate) fn files(org: OrgId, lead: LeadId) -> Self {
        Self::new(lead_partition(org, lead), "FILE#")
    }

    /// The start of all keys of a lead's comments.
    pub(crate) fn comments(org: OrgId, lead: LeadId) -> Self {
        Self::new(lead_partition(org, lead), "COMMENT#")
    }

    /// What happened to a lead when it got this version.
    pub(crate) fn change(org: OrgId, lead: LeadId, version: u64) -> Self {
        Self::new(lead_partition(org, lead), format!("CHANGE#{version:010}"))
    }

    /// The start of all keys of a lead's history.
    pub(crate) fn changes(org: OrgId, lead: LeadId) -> Self {
        Self::new(lead_partition(org, lead), "CHANGE#")
    }

    /// The lead that a comment is on.
    pub(crate) fn comment_pointer(org: OrgId, comment: CommentId) -> Self {
        Self::new(format!("ORG#{org}#COMMENT#{comment}"), "COMMENT")
    }

    /// The lead that a file is on.
    pub(crate) fn file_pointer(org: OrgId, file: AttachmentId) -> Self {
        Self::new(format!("ORG#{org}#FILE#{file}"), "FILE")
    }

    /// The start of all keys of an organisation; no partition of another begins so.
    pub(crate) fn all_of(org: OrgId) -> Self {
        Self::new(format!("ORG#{org}#"), "")
    }

    /// The start of the keys of all rows of the list index.
    pub(crate) fn rows(org: OrgId) -> Self {
        Self::new(Self::index(org), "")
    }

    /// A lead's row in the list index.
    pub(crate) fn row(org: OrgId, lead: LeadId) -> Self {
        Self { sk: lead.to_string(), ..Self::rows(org) }
    }

    /// The rows of several leads in one item. It sorts right before the row of its first lead, so that whoever reads
    /// from behind has seen the rows that lie over it.
    pub(crate) fn pack(org: OrgId, first: LeadId) -> Self {
        Self::row(org, first.before())
    }

    /// Which segments the list index has.
    pub(crate) fn manifest(org: OrgId) -> Self {
        Self::new(format!("ORG#{org}#SEGMENTS"), "MANIFEST")
    }

    /// One of the 16 counters of leads.
    pub(crate) fn count(org: OrgId, shard: u8) -> Self {
        Self::new(Self::counts(org), format!("{shard:02}"))
    }

    /// What a lead's e-mail address belongs to.
    pub(crate) fn email_of(lead: &Lead) -> Option<Self> {
        lead.details.email.as_ref().map(|email| Self::email(lead.org, email.as_str()))
    }

    /// What an e-mail address belongs to.
    pub(crate) fn email(org: OrgId, email: &str) -> Self {
        Self::new(format!("ORG#{org}#EMAIL#{}", bounded(&fold(email))), "EMAIL")
    }

    // Imports.

    /// An import.
    pub(crate) fn import(org: OrgId, import: ImportId) -> Self {
        Self::new(import_partition(org, import), "IMPORT")
    }

    /// How far a piece of an import's file is loaded.
    pub(crate) fn chunk(org: OrgId, import: ImportId, number: u32) -> Self {
        Self::new(import_partition(org, import), format!("CHUNK#{number:06}"))
    }

    /// The start of all keys of an import's pieces.
    pub(crate) fn chunks(org: OrgId, import: ImportId) -> Self {
        Self::new(import_partition(org, import), "CHUNK#")
    }

    /// A row that could not be loaded.
    pub(crate) fn failed_row(org: OrgId, import: ImportId, row: u32) -> Self {
        Self::new(import_partition(org, import), format!("FAILED#{row:010}"))
    }

    /// The lead that a row changed.
    pub(crate) fn updated_row(org: OrgId, import: ImportId, row: u32) -> Self {
        Self::new(import_partition(org, import), format!("UPDATED#{row:010}"))
    }

    /// An import in the list of its organisation, by the time it began.
    pub(crate) fn import_listed(import: &Import) -> Self {
        let (org, on) = (import.org, rfc3339(import.created_on));
        Self::new(Self::imports(org), format!("{on}#{}", import.id))
    }

    /// The first import of a file's bytes in this way; `content` is their SHA-256.
    pub(crate) fn content(org: OrgId, content: &str, on_duplicate: OnDuplicate) -> Self {
        Self::new(format!("ORG#{org}#CONTENT#{content}"), on_duplicate.to_string())
    }

    /// A request that was sent with an idempotency key; `scope` names caller, route and key.
    pub(crate) fn once(org: OrgId, scope: &str) -> Self {
        Self::new(format!("ORG#{org}#ONCE#{}", sha256(scope)), "ONCE")
    }

    /// A capture that may be sent again; `scope` names key, sender and text.
    pub(crate) fn repeat(org: OrgId, scope: &str) -> Self {
        Self::new(format!("ORG#{org}#REPEAT#{}", sha256(scope)), "REPEAT")
    }

    /// What of a key names nobody: its kind, and ids.
    pub(crate) fn place(&self) -> String {
        let parts = self.pk.split('#').skip(2).chain(self.sk.split('#'));
        let mut parts = parts.enumerate().filter(|(n, part)| *n == 0 || uuid::Uuid::try_parse(part).is_ok());
        let first = parts.next().map(|(_, part)| part.to_owned()).unwrap_or_default();
        parts.fold(first, |place, (_, part)| place + "#" + part)
    }

    /// As the table wants it.
    pub(crate) fn into_item(self) -> HashMap<String, AttributeValue> {
        HashMap::from([
            ("PK".to_owned(), AttributeValue::S(self.pk)),
            ("SK".to_owned(), AttributeValue::S(self.sk)),
        ])
    }

    /// The key of an item; none for something that is no item.
    pub(crate) fn of(item: &HashMap<String, AttributeValue>) -> Option<Self> {
        let text = |name| item.get(name).and_then(|value| value.as_s().ok()).cloned();
        Some(Self { pk: text("PK")?, sk: text("SK")? })
    }
}

/// Which of the 16 counters a lead is counted in.
pub(crate) fn shard(lead: LeadId) -> u8 {
    let [.., last] = *lead.0.as_bytes();
    last % SHARDS
}

fn lead_partition(org: OrgId, lead: LeadId) -> String {
    format!("ORG#{org}#LEAD#{lead}")
}

fn import_partition(org: OrgId, import: ImportId) -> String {
    format!("ORG#{org}#IMPORT#{import}")
}

fn directory(org: OrgId) -> String {
    format!("ORG#{org}#DIRECTORY")
}

fn names(org: OrgId) -> String {
    format!("ORG#{org}#NAMES")
}

/// Text that fits into a sort key: itself, or its start and hash.
fn bounded(text: &str) -> String {
    if text.len() <= LONGEST {
        return text.to_owned();
    }
    let cut = text.floor_char_boundary(LONGEST - 64);
    format!("{}{}", &text[..cut], sha256(text))
}

/// SHA-256 as lower-case hexadecimal.
pub(crate) fn sha256(text: impl AsRef<[u8]>) -> String {
    use std::fmt::Write as _;
    digest(&SHA256, text.as_ref()).as_ref().iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
