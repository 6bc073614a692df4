//! A segment's leads one by one, as they were put in: for those who make a new segment of it.

use super::ids::LeadIds;
use super::numbers::Numbers;
use super::sets::Sets;
use super::statuses::Statuses;
use super::texts::Texts;
use super::{Column, Segment, SegmentError};
use crate::domain::{LeadId, Relation, Status, TeamId, UserId};
use crate::index::Entry;

/// One lead of a segment.
#[derive(Debug)]
pub struct SegmentEntry<'s> {
    columns: &'s AllColumns<'s>,
    row: usize,
    id: LeadId,
    status: Status,
    assigned_to: Vec<UserId>,
    teams: Vec<TeamId>,
    created_by: Option<UserId>,
}

/// Every column of a segment.
#[derive(Debug)]
pub struct AllColumns<'s> {
    ids: &'s LeadIds,
    statuses: &'s Statuses,
    created_by: &'s Sets,
    teams: &'s Sets,
    assigned_to: &'s Sets,
    tags: &'s Sets,
    source: &'s Sets,
    city: &'s Sets,
    amount: &'s Numbers,
    updated_on: &'s Numbers,
    created_on: &'s Numbers,
    last_name: &'s Numbers,
    name: &'s Texts,
    title: &'s Texts,
    email: &'s Texts,
    account_name: &'s Texts,
    phone: &'s Texts,
}

impl Segment {
    /// Every column, if all have been read. Their texts are checked, which filters have no need of.
    pub fn all_columns(&self) -> Result<AllColumns<'_>, SegmentError> {
        Ok(AllColumns {
            ids: self.ids()?,
            statuses: self.statuses()?,
            created_by: self.sets(Column::CreatedBy)?,
            teams: self.sets(Column::Teams)?,
            assigned_to: self.sets(Column::AssignedTo)?,
            tags: self.sets(Column::Tags)?,
            source: self.sets(Column::Source)?,
            city: self.sets(Column::City)?,
            amount: self.numbers(Column::Amount)?,
            updated_on: self.numbers(Column::UpdatedOn)?,
            created_on: self.numbers(Column::CreatedOn)?,
            last_name: self.numbers(Column::LastName)?,
            name: self.texts(Column::Name)?.checked()?,
            title: self.texts(Column::Title)?.checked()?,
            email: self.texts(Column::Email)?.checked()?,
            account_name: self.texts(Column::AccountName)?.checked()?,
            phone: self.texts(Column::Phone)?.checked()?,
        })
    }
}

impl AllColumns<'_> {
    /// The lead of a row.
    pub fn entry(&self, row: usize) -> Option<SegmentEntry<'_>> {
        let users = |sets: &Sets| sets.ids_of(row).map(UserId).collect::<Vec<_>>();
        Some(SegmentEntry {
            columns: self,
            row,
            id: self.ids.get(row)?,
            status: self.statuses.get(row)?,
            assigned_to: users(self.assigned_to),
            teams: self.teams.ids_of(row).map(TeamId).collect(),
            created_by: self.created_by.ids_of(row).map(UserId).next(),
        })
    }
}

impl Relation for SegmentEntry<'_> {
    fn assigned_to(&self) -> &[UserId] {
        &self.assigned_to
    }

    fn teams(&self) -> &[TeamId] {
        &self.teams
    }

    fn created_by(&self) -> Option<UserId> {
        self.created_by
    }
}

impl Entry for SegmentEntry<'_> {
    fn id(&self) -> LeadId {
        self.id
    }

    fn status(&self) -> Status {
        self.status
    }

    fn name(&self) -> &str {
        self.columns.name.get(self.row).unwrap_or_default()
    }

    fn last_name(&self) -> &str {
        last_name(self.columns.name, self.columns.last_name, self.row)
    }

    fn title(&self) -> Option<&str> {
        self.columns.title.get(self.row)
    }

    fn email(&self) -> Option<&str> {
        self.columns.email.get(self.row)
    }

    fn account_name(&self) -> Option<&str> {
        self.columns.account_name.get(self.row)
    }

    fn phone(&self) -> Option<&str> {
        self.columns.phone.get(self.row)
    }

    fn source(&self) -> Option<&str> {
        self.columns.source.texts_of(self.row).next()
    }

    fn tags(&self) -> impl Iterator<Item = &str> {
        self.columns.tags.texts_of(self.row)
    }

    fn city(&self) -> Option<&str> {
        self.columns.city.texts_of(self.row).next()
    }

    fn amount(&self) -> Option<i64> {
        self.columns.amount.get(self.row)
    }

    fn created_on(&self) -> i64 {
        self.columns.created_on.get(self.row).unwrap_or_else(|| self.id.milliseconds())
    }

    fn updated_on(&self) -> i64 {
        self.columns.updated_on.get(self.row).unwrap_or_default()
    }
}

/// The end of a row's name.
pub(super) fn last_name<'s>(names: &'s Texts, starts: &Numbers, row: usize) -> &'s str {
    let start = starts.get(row).and_then(|start| usize::try_from(start).ok()).unwrap_or_default();
    names.get(row).unwrap_or_default().get(start..).unwrap_or_default()
}
