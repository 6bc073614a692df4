//! Assignment rules in the table, and whom they choose.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::item::{Item, decode, encode, entities};
use super::keys::Key;
use super::transaction::Transaction;
use super::{Store, StoreError};
use crate::domain::{
    Door, FieldErrors, LeadDetails, MAX_IDS, OrgId, Rules, Strategy, Targets, Team, User, UserId,
};

/// The rules as their JSON text.
#[derive(Debug, Serialize, Deserialize)]
struct Written {
    rules: String,
}

entities! {
    Written => "rules",
}

/// What a rule decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The rule's number, from 1.
    pub rule: usize,
    pub assigned_to: Vec<UserId>,
}

/// Why rules were not set.
#[derive(Debug)]
pub enum RulesRefused {
    /// They name users or teams that there are not, or who are not active.
    Unknown(FieldErrors),
    Store(StoreError),
}

impl From<StoreError> for RulesRefused {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Whether a round robin's turn is taken, or only looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    Take,
    Peek,
}

/// The rules that an item holds.
pub(crate) fn written(item: Item) -> Result<Rules, StoreError> {
    let (rules, problems) = Rules::parse_stored(&decode::<Written>(item)?.rules);
    for problem in problems {
        tracing::warn!(problem, "an assignment rule is passed over");
    }
    Ok(rules)
}

impl Store {
    /// The rules of an organisation; without any, none.
    pub async fn rules(&self, org: OrgId) -> Result<Rules, StoreError> {
        self.read(Key::rules(org)).await?.map_or(Ok(Rules::default()), written)
    }

    /// Replaces the rules of an organisation.
    pub async fn set_rules(&self, org: OrgId, rules: &Rules, now: DateTime<Utc>) -> Result<(), RulesRefused> {
        let (users, teams) = rules.named();
        let keys = users.iter().map(|id| Key::user(org, *id));
        let keys = keys.chain(teams.iter().map(|id| Key::team(org, *id)));
        let found = self.read_all(keys.collect()).await?;
        let mut errors = FieldErrors::default();
        for id in &users {
            let user = found.get(&Key::user(org, *id)).cloned().map(decode::<User>).transpose()?;
            if !user.is_some_and(|user| user.active) {
                errors.add("users", format_args!("{id}: there is no such active member"));
            }
        }
        for id in teams.iter().filter(|id| !found.contains_key(&Key::team(org, **id))) {
            errors.add("team", format_args!("{id}: there is none in this organisation"));
        }
        errors.or(()).map_err(RulesRefused::Unknown)?;
        let rules = serde_json::to_string(rules).map_err(|error| StoreError::Failed(error.into()))?;
        if rules.len() > Rules::LONGEST {
            let problem = format!("the rules must be at most {} bytes", Rules::LONGEST);
            return Err(RulesRefused::Unknown(FieldErrors::one("rules", problem)));
        }
        let mut transaction = Transaction::default();
        transaction.put(encode(Key::rules(org), &Written { rules }, now)?);
        self.commit(transaction).await.map_err(StoreError::from)?;
        Ok(())
    }

    /// Whom the rules of an organisation would choose now; nobody's turn is taken.
    pub async fn try_rules(
        &self,
        org: OrgId,
        details: &LeadDetails,
        door: Door,
    ) -> Result<Option<Assignment>, StoreError> {
        let rules = self.rules(org).await?;
        self.assign(org, &rules, details, door, Turn::Peek).await
    }

    /// Whom the first rule chooses that holds and has somebody active to choose.
    pub(crate) async fn assign(
        &self,
        org: OrgId,
        rules: &Rules,
        details: &LeadDetails,
        door: Door,
        turn: Turn,
    ) -> Result<Option<Assignment>, StoreError> {
        let mut assigned = self.assign_all(org, rules, &[details], door, turn).await?;
        Ok(assigned.pop().flatten())
    }

    /// The same for leads that arrive together, in their order: whatever is asked is asked once for all of them, and
    /// all turns of one rule are taken at once.
    pub(crate) async fn assign_all(
        &self,
        org: OrgId,
        rules: &Rules,
        leads: &[&LeadDetails],
        door: Door,
        turn: Turn,
    ) -> Result<Vec<Option<Assignment>>, StoreError> {
        let mut candidates: HashMap<String, Vec<UserId>> = HashMap::new();
        let mut holding = Vec::with_capacity(leads.len());
        for details in leads {
            let mut held = None;
            for (number, rule) in rules.holding(details, door) {
                let among = rule.assign.targets.to_string();
                if !candidates.contains_key(&among) {
                    let active = self.candidates(org, &rule.assign.targets).await?;
                    candidates.insert(among.clone(), active);
                }
                if candidates.get(&among).is_some_and(|active| !active.is_empty()) {
                    held = Some((number, rule.assign.strategy, among));
                    break;
                }
            }
            holding.push(held);
        }
        let choosing = |by: Strategy| {
            let held = holding.iter().flatten().filter(move |(_, strategy, _)| *strategy == by);
            held.filter_map(|(.., among)| Some((among, candidates.get(among).filter(|all| all.len() > 1)?)))
        };
        let mut turns: HashMap<&str, u64> = HashMap::new();
        for (among, _) in choosing(Strategy::RoundRobin) {
            *turns.entry(among).or_default() += 1;
        }
        for (among, n) in &mut turns {
            *n = self.turns(Key::turn(org, among), *n, turn).await?;
        }
        let busy: BTreeSet<UserId> =
            choosing(Strategy::LeastLoaded).flat_map(|(_, all)| all.iter().copied()).collect();
        let mut loads = if busy.is_empty() { HashMap::new() } else { self.loads(org, &busy).await? };

        let assignment = |(number, strategy, among): &(usize, Strategy, String)| {
            let all = candidates.get(among).map(Vec::as_slice).unwrap_or_default();
            let one = match strategy {
                Strategy::All => {
                    let assigned_to = all.iter().copied().take(MAX_IDS).collect();
                    return Assignment { rule: *number, assigned_to };
                }
                Strategy::RoundRobin => turns.get_mut(among.as_str()).map_or(0, |next| {
                    let turn = usize::try_from(*next).unwrap_or_default() % all.len();
                    *next += 1;
                    turn
                }),
                Strategy::LeastLoaded => {
                    let load = |user: &UserId| loads.get(user).copied().unwrap_or_default();
                    let least = all.iter().enumerate().min_by_key(|(_, user)| load(user));
                    let (n, user) = least.map_or((0, None), |(n, user)| (n, Some(*user)));
                    if let Some(load) = user.and_then(|user| loads.get_mut(&user)) {
                        *load += 1; // it has this one too now
                    }
                    n
                }
            };
            Assignment { rule: *number, assigned_to: all.get(one).copied().into_iter().collect() }
        };
        let mut assignment = assignment;
        Ok(holding.iter().map(|held| held.as_ref().map(&mut assignment)).collect())
    }

    /// Those of the targets who are active now, in the order of the rule or of the team.
    async fn candidates(&self, org: OrgId, targets: &Targets) -> Result<Vec<UserId>, StoreError> {
        let named = match targets {
            Targets::Users(users) => users.clone(),
            Targets::Team(team) => match self.find::<Team>(Key::team(org, *team)).await? {
                Some(team) => team.members,
                None => Vec::new(),
            },
        };
        let found = self.read_all(named.iter().map(|id| Key::user(org, *id)).collect()).await?;
        let active = |id: &UserId| {
            let user = found.get(&Key::user(org, *id)).cloned().map(decode::<User>).transpose()?;
            Ok(user.filter(|user| user.active).map(|user| user.id))
        };
        named.iter().filter_map(|id| active(id).transpose()).collect()
    }

    /// How many turns there were before these `n`. Taking them is a single atomic write outside of any
    /// transaction, so that any number of leads that arrive at once each get a turn of their own.
    async fn turns(&self, key: Key, n: u64, turn: Turn) -> Result<u64, StoreError> {
        let number = |item: Option<Item>| {
            let n = item.as_ref().and_then(|item| item.get("n")?.as_n().ok()?.parse::<u64>().ok());
            n.unwrap_or_default()
        };
        if turn == Turn::Peek {
            return Ok(number(self.read(key).await?));
        }
        let take = self.client.update_item().table_name(&*self.table).set_key(Some(key.into_item()));
        let take = take.update_expression("SET entity = :entity ADD n :n");
        let take = take.expression_attribute_values(":entity", AttributeValue::S("turn".to_owned()));
        let take = take.expression_attribute_values(":n", AttributeValue::N(n.to_string()));
        let taken = take.return_values(ReturnValue::UpdatedNew).send().await?;
        Ok(number(taken.attributes).saturating_sub(n))
    }
}
