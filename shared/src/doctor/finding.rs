//! What does not agree, in words.

use std::fmt;

use serde::Serialize;

use crate::domain::{Lead, LeadId};
use crate::store::Chore;
use crate::store::survey::{Counted, EmailSeen, Item, Key, Need, RowFault, SegmentRef};

/// Kinds of findings, as programs see them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    SegmentLost,
    PackUnreadable,
    RowMissing,
    RowDiffers,
    RowUnreadable,
    RowTwice,
    RowOrphaned,
    LeadUnlisted,
    PointerMissing,
    PointerOrphaned,
    Remains,
    NameMissing,
    CopyMissing,
    ContactUnnamed,
    ContactGone,
    ConversionMissing,
    ConversionOrphaned,
    AccountGone,
    Email,
    Chore,
    Count,
    Load,
    Unreadable,
}

/// Something that does not agree. It names nobody: ids stand for leads and people, and for an address a lead or contact
/// that has it.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    pub kind: Kind,
    /// Of what it is about.
    pub id: String,
    /// In words, after the id.
    pub problem: String,
    #[serde(skip)]
    pub(super) cure: Cure,
}

/// How it can be mended, with what was read of it.
#[derive(Debug, Clone)]
pub(super) enum Cure {
    /// With the leads that it may have held.
    Segment(SegmentRef, Vec<LeadId>),
    /// The same.
    Pack(LeadId, Vec<LeadId>),
    Row(LeadId, Vec<LeadId>),
    Stray(Box<Lead>),
    Need(Key, Item, Need),
    Email(Key, Box<EmailSeen>, i64, Option<LeadId>),
    Chore(Box<Chore>),
    Counters,
    /// Nobody knows how.
    None,
}

impl Finding {
    fn new(kind: Kind, id: impl fmt::Display, problem: impl Into<String>, cure: Cure) -> Self {
        Self { kind, id: id.to_string(), problem: problem.into(), cure }
    }

    /// By what it is known again.
    pub(super) fn name(&self) -> (Kind, &str) {
        (self.kind, &self.id)
    }

    pub(super) fn pack(at: LeadId, leads: Vec<LeadId>) -> Self {
        let problem = "rows of several leads of an import cannot be read, so no list can";
        Self::new(Kind::PackUnreadable, at, problem, Cure::Pack(at, leads))
    }

    pub(super) fn segment(of: SegmentRef, leads: Vec<LeadId>) -> Self {
        let id = of.object.rsplit('/').next().unwrap_or_default().to_owned();
        let problem = "a segment of the list index is gone or damaged, so lists that need it fail";
        Self::new(Kind::SegmentLost, id, problem, Cure::Segment(of, leads))
    }

    pub(super) fn row(id: LeadId, packs: Vec<LeadId>, fault: RowFault) -> Self {
        let (kind, problem) = match fault {
            RowFault::Missing | RowFault::Unlisted => {
                (Kind::RowMissing, "the lead has no row in the list index, so no list shows it")
            }
            RowFault::Differs => {
                (Kind::RowDiffers, "its row in the list index says something else than the lead")
            }
            RowFault::Unreadable => {
                (Kind::RowUnreadable, "its row in the list index has an unknown format or is damaged")
            }
            RowFault::Twice => (Kind::RowTwice, "the lead is in the list index twice"),
            RowFault::Orphaned => (Kind::RowOrphaned, "the list index has a row of a lead that is not there"),
        };
        Self::new(kind, id, problem, Cure::Row(id, packs))
    }

    pub(super) fn stray(lead: Lead) -> Self {
        let problem = "an import that is over wrote this lead in vain; nobody can see it";
        Self::new(Kind::LeadUnlisted, lead.id, problem, Cure::Stray(Box::new(lead)))
    }

    pub(super) fn unclear(lead: LeadId) -> Self {
        let problem = "no list shows this lead of an import that was taken back; it has lost its row, or should be gone";
        Self::new(Kind::LeadUnlisted, lead, problem, Cure::None)
    }

    pub(super) fn need(key: Key, item: Item, need: Need) -> Self {
        let (kind, problem) = match &need {
            Need::Pointer(_) => {
                (Kind::PointerMissing, "it cannot be found by its id: its pointer is missing")
            }
            Need::Pointed(_) => (Kind::PointerOrphaned, "a pointer to what is not there"),
            Need::OnLead(_) => (
                Kind::Remains,
                "the lead is gone, comments, files or history of it are not, and no chore removes them",
            ),
            Need::Name(..) => {
                (Kind::NameMissing, "a tag or the source of the lead is not among the organisation's")
            }
            Need::Twin(..) => (Kind::CopyMissing, "it stands under its id only, or under its name only"),
            Need::NamedBy(..) => (Kind::ContactUnnamed, "the contact cannot be found by its e-mail"),
            Need::Contact(_) => (Kind::ContactGone, "an e-mail names this contact, which is not there"),
            Need::Became(_) => (Kind::ConversionMissing, "its account does not know that the lead became it"),
            Need::Converted(_) => {
                (Kind::ConversionOrphaned, "an account says that this lead became it, which is not there")
            }
            Need::Account(_) => (Kind::AccountGone, "the account that the lead became is not there"),
        };
        let id = match &need {
            Need::OnLead(lead) | Need::Converted(lead) => lead.to_string(),
            Need::Contact(contact) | Need::NamedBy(_, contact) => contact.to_string(),
            Need::Twin(_, id) => id.clone(),
            Need::Pointer(_) | Need::Pointed(_) | Need::Name(..) | Need::Became(_) | Need::Account(_) => {
                item_id(&key, &item)
            }
        };
        Self::new(kind, id, problem, Cure::Need(key, item, need))
    }

    /// `leads` have the address in truth, the last of them `last`.
    pub(super) fn email(key: Key, seen: EmailSeen, leads: i64, last: Option<LeadId>) -> Self {
        let known = &seen.known;
        let id = last.or(known.last_lead).map(|id| id.to_string());
        let id =
            id.or_else(|| known.contact.map(|id| id.to_string())).unwrap_or_else(|| seen.address.to_string());
        let problem = match (known.leads, leads) {
            (is, should) if is == should => "its e-mail does not say which lead got it last".to_owned(),
            (is, should) => format!("its e-mail counts {is} leads instead of {should}"),
        };
        Self::new(Kind::Email, id, problem, Cure::Email(key, Box::new(seen), leads, last))
    }

    pub(super) fn chore(chore: Chore, days: i64) -> Self {
        let problem = format!("a chore has been due for {days} days and is not done");
        Self::new(Kind::Chore, chore.id(), problem, Cure::Chore(Box::new(chore)))
    }

    pub(super) fn counter(of: Counted, is: i64, should: i64) -> Self {
        match of {
            Counted::List(name) => Self::new(
                Kind::Count,
                name,
                format!("the counters say {is} instead of {should}"),
                Cure::Counters,
            ),
            Counted::User(user) => {
                let problem = format!("the user counts {is} open leads instead of {should}");
                Self::new(Kind::Load, user, problem, Cure::Counters)
            }
        }
    }

    pub(super) fn unreadable(kind: &str, place: String) -> Self {
        Self::new(Kind::Unreadable, place, format!("the {kind} cannot be read"), Cure::None)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.id, self.problem)
    }
}

/// The id of what an item is.
fn item_id(key: &Key, item: &Item) -> String {
    let own = item.get("id").and_then(|id| id.as_s().ok()).cloned();
    own.or_else(|| key.pk.rsplit('#').next().map(str::to_owned)).unwrap_or_default()
}
