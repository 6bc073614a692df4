//! What writes change in the counters: how many leads there are by list, and how many open ones each user has.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};

use super::Counts;
use super::item::rfc3339;
use super::keys::{Key, shard};
use super::loads::attribute;
use super::transaction::Transaction;
use crate::domain::{Lead, OrgId, StatusClass, UserId};

/// Leads that came, changed or went, counted. All of one transaction go into one of the 16 counters: only their sum
/// means anything.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    leads: Counts,
    loads: BTreeMap<UserId, i64>,
}

impl Tally {
    /// That of one lead which came (`was` is none), changed, or went (`is` is none).
    pub(crate) fn of(was: Option<&Lead>, is: Option<&Lead>) -> Self {
        let mut tally = Self::default();
        tally.add(was, is);
        tally
    }

    /// Counts one lead more.
    pub(crate) fn add(&mut self, was: Option<&Lead>, is: Option<&Lead>) {
        for (lead, by) in [(was, -1), (is, 1)] {
            let Some(lead) = lead else { continue };
            self.add_as(lead.details.status.class(), &lead.details.assigned_to, by);
        }
    }

    /// Counts so many leads more of this class, assigned to these.
    pub(crate) fn add_as(&mut self, class: StatusClass, assigned_to: &[UserId], by: i64) {
        match class {
            StatusClass::Open => self.leads.open += by,
            StatusClass::Closed => self.leads.closed += by,
            StatusClass::Converted => self.leads.converted += by,
        }
        if class == StatusClass::Open {
            assigned_to.iter().for_each(|user| self.add_load(*user, by));
        }
    }

    /// Counts so many open leads more of a user.
    pub(crate) fn add_load(&mut self, user: UserId, by: i64) {
        *self.loads.entry(user).or_default() += by;
    }

    /// Counts leads of all classes, as a counter has them.
    pub(crate) fn add_counts(&mut self, counts: Counts) {
        self.leads.open += counts.open;
        self.leads.closed += counts.closed;
        self.leads.converted += counts.converted;
    }

    /// Leads by class.
    pub(crate) fn leads(&self) -> Counts {
        self.leads
    }

    /// Open leads by user.
    pub(crate) fn loads(&self) -> &BTreeMap<UserId, i64> {
        &self.loads
    }

    /// How many users have more or less to do.
    pub(crate) fn users(&self) -> usize {
        self.loads.len()
    }
}

impl Transaction {
    /// Counts a lead that came, changed or went.
    pub(crate) fn count(&mut self, was: Option<&Lead>, is: Option<&Lead>) {
        if let Some(lead) = is.or(was) {
            self.count_all(lead.org, shard(lead.id), &Tally::of(was, is), lead.updated_on);
        }
    }

    /// Counts all of a tally in one of the 16 counters.
    pub(crate) fn count_all(&mut self, org: OrgId, shard: u8, tally: &Tally, now: DateTime<Utc>) {
        let Counts { open, closed, converted } = tally.leads;
        let leads = [("open_leads", open), ("closed_leads", closed), ("converted_leads", converted)];
        let leads = leads.map(|(name, by)| (name.to_owned(), by));
        let loads = tally.loads.iter().map(|(user, by)| (attribute(*user), *by));
        self.add_up(Key::count(org, shard), "count", leads.into_iter(), now);
        self.add_up(Key::load(org, shard), "load", loads, now);
    }

    fn add_up(
        &mut self,
        key: Key,
        entity: &str,
        changes: impl Iterator<Item = (String, i64)>,
        now: DateTime<Utc>,
    ) {
        let (mut add, mut names) = (Vec::new(), HashMap::new());
        let mut values = HashMap::from([
            (":entity".to_owned(), AttributeValue::S(entity.to_owned())),
            (":now".to_owned(), AttributeValue::S(rfc3339(now))),
        ]);
        for (n, (name, by)) in changes.filter(|(_, by)| *by != 0).enumerate() {
            add.push(format!("#{n} :{n}"));
            names.insert(format!("#{n}"), name);
            values.insert(format!(":{n}"), AttributeValue::N(by.to_string()));
        }
        if !add.is_empty() {
            let change = format!("SET entity = :entity, updated_at = :now ADD {}", add.join(", "));
            self.update_named(key, &change, None, values, Some(names));
        }
    }
}
