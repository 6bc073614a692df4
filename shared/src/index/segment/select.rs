//! Which rows of a segment a caller may see, and a filter chooses.

use std::collections::HashSet;

use memchr::memmem::Finder;

use super::{Bitmap, Column, Columns, Segment, SegmentError};
use crate::domain::{Caller, LeadFilter, LeadId, Status, StatusClass, TeamId, UserId};
use crate::index::filters;

/// What `search` looks at before the phone. A lead without a title goes by its name, which is among them.
const SEARCHED: [Column; 5] =
    [Column::Name, Column::Title, Column::Email, Column::AccountName, Column::Phone];

impl Columns {
    /// What is looked at to tell which leads a caller may see.
    pub fn of_rights(caller: &Caller) -> Self {
        match caller.is_admin() {
            true => Self::default(),
            false => [Column::CreatedBy, Column::Teams, Column::AssignedTo].into_iter().collect(),
        }
    }

    /// What a filter looks at.
    pub fn of_filter(filter: &LeadFilter) -> Self {
        let created = filter.created_after.is_some() || filter.created_before.is_some();
        let asked: [(bool, &[Column]); 11] = [
            (!filter.statuses.is_empty(), &[Column::Status]),
            (!filter.sources.is_empty(), &[Column::Source]),
            (!filter.tags.is_empty(), &[Column::Tags]),
            (!filter.assigned_to.is_empty(), &[Column::AssignedTo]),
            (filter.city.is_some(), &[Column::City]),
            (filter.amount_min.is_some() || filter.amount_max.is_some(), &[Column::Amount]),
            (created, &[Column::Ids, Column::CreatedOn]),
            (filter.name.is_some(), &[Column::Name]),
            (filter.title.is_some(), &[Column::Title, Column::Name]),
            (filter.email.is_some(), &[Column::Email]),
            (filter.search.is_some(), &SEARCHED),
        ];
        asked.iter().filter(|(asked, _)| *asked).flat_map(|(_, columns)| columns.iter().copied()).collect()
    }
}

impl Segment {
    /// The rows of a list.
    pub fn of_class(&self, class: StatusClass) -> Result<Bitmap, SegmentError> {
        Ok(self.statuses()?.of(class))
    }

    /// The rows of a status.
    pub fn of_status(&self, status: Status) -> Result<&Bitmap, SegmentError> {
        Ok(self.statuses()?.with(status))
    }

    /// Leads that have one of these e-mails, which are folded, and which.
    pub fn with_emails(&self, emails: &HashSet<&str>) -> Result<Vec<(LeadId, &str)>, SegmentError> {
        let (ids, texts) = (self.ids()?, self.texts(Column::Email)?);
        let of = |row| texts.get(row).filter(|email| emails.contains(email));
        Ok((0..self.rows()).filter_map(|row| Some((ids.get(row)?, of(row)?))).collect())
    }

    /// Up to so many leads from one on, up to but not including another.
    pub fn leads_between(&self, from: LeadId, to: LeadId, most: usize) -> Result<Vec<LeadId>, SegmentError> {
        let ids = self.ids()?;
        let between = ids.as_slice().iter().skip(ids.before(from)).take_while(|id| **id < to);
        Ok(between.take(most).copied().collect())
    }

    /// The rows that a caller may see.
    pub fn visible(&self, caller: &Caller) -> Result<Bitmap, SegmentError> {
        let all = Bitmap::all(self.rows());
        if caller.is_admin() {
            return Ok(all);
        }
        let user = |id| UserId(id) == caller.user;
        let mut visible = all.clone();
        self.sets(Column::CreatedBy)?.keep_ids(&mut visible, user);
        let mut assigned = all.clone();
        self.sets(Column::AssignedTo)?.keep_ids(&mut assigned, user);
        visible.add(&assigned);
        let mut of_teams = all;
        let team = |id| caller.teams.contains(&TeamId(id));
        self.sets(Column::Teams)?.keep_ids(&mut of_teams, team);
        visible.add(&of_teams);
        Ok(visible)
    }

    /// Keeps of some rows those that pass a filter. Texts come last, for they are the longest to go through.
    pub fn narrow(&self, rows: &mut Bitmap, filter: &LeadFilter) -> Result<(), SegmentError> {
        if !filter.statuses.is_empty() {
            rows.keep(&self.statuses()?.with_any(filter.statuses.iter().copied()));
        }
        if !filter.assigned_to.is_empty() {
            let wanted = |id| filters::assigned_to(filter, &[UserId(id)]);
            self.sets(Column::AssignedTo)?.keep_ids(rows, wanted);
        }
        if !filter.sources.is_empty() {
            self.sets(Column::Source)?.keep_texts(rows, |source| filters::source(filter, Some(source)));
        }
        if !filter.tags.is_empty() {
            self.sets(Column::Tags)?.keep_texts(rows, |tag| filters::tags(filter, std::iter::once(tag)));
        }
        if let Some(part) = &filter.city {
            self.sets(Column::City)?.keep_folded(rows, |city| city.contains(part.as_str()));
        }
        if filter.amount_min.is_some() || filter.amount_max.is_some() {
            self.numbers(Column::Amount)?.keep(rows, |amount| filters::amount(filter, amount));
        }
        self.keep_created(rows, filter)?;
        self.keep_holding(rows, filter)
    }

    fn keep_created(&self, rows: &mut Bitmap, filter: &LeadFilter) -> Result<(), SegmentError> {
        let (after, before) = (filter.created_after, filter.created_before);
        if after.is_none() && before.is_none() {
            return Ok(());
        }
        let (ids, created_on) = (self.ids()?, self.numbers(Column::CreatedOn)?);
        let mut by_id = rows.clone();
        let from = after.map_or(0, |after| ids.before_time(after.timestamp_millis()));
        let to = before.map_or(self.rows(), |before| ids.before_time(before.timestamp_millis()));
        by_id.keep_range(from, to);
        if !created_on.is_empty() {
            let (mut others, mut differ) = (rows.clone(), rows.clone());
            created_on.keep(&mut others, |time| time.is_some_and(|time| filters::created_on(filter, time)));
            created_on.keep(&mut differ, |time| time.is_some());
            by_id.remove(&differ);
            by_id.add(&others);
        }
        *rows = by_id;
        Ok(())
    }

    fn keep_holding(&self, rows: &mut Bitmap, filter: &LeadFilter) -> Result<(), SegmentError> {
        for (column, part) in [(Column::Email, &filter.email), (Column::Name, &filter.name)] {
            if let Some(part) = part {
                *rows = self.texts(column)?.holding(&Finder::new(part), rows);
            }
        }
        if let Some(part) = &filter.title {
            let (part, titles) = (Finder::new(part), self.texts(Column::Title)?);
            let mut untitled = titles.absent().clone();
            untitled.keep(rows);
            *rows = titles.holding(&part, rows);
            rows.add(&self.texts(Column::Name)?.holding(&part, &untitled));
        }
        if let Some(search) = &filter.search {
            let (part, mut without) = (Finder::new(search.part()), rows.clone());
            for column in SEARCHED {
                let found = self.texts(column)?.holding(&part, &without);
                without.remove(&found);
            }
            if let Some(digits) = search.digits() {
                let found = self.texts(Column::Phone)?.holding_digits(digits, &without);
                without.remove(&found);
            }
            rows.remove(&without);
        }
        Ok(())
    }
}
