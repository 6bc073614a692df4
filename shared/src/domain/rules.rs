//! Assignment rules: who gets a lead that arrives without anybody.

use std::collections::BTreeSet;
use std::fmt::{self, Display};
use std::str::FromStr;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::{Country, Door, LeadDetails, MAX_IDS, Money, TeamId, UserId, fold};

/// The rules of an organisation, in order: the first whose conditions all hold assigns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules(Vec<Rule>);

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    when: Vec<Condition>,
    /// Who gets the lead.
    pub assign: Assign,
    written: Value,
}

/// Who gets a lead, and how one is chosen of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assign {
    pub targets: Targets,
    pub strategy: Strategy,
}

/// Those among whom a rule chooses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Targets {
    Users(Vec<UserId>),
    /// The members that it has when the lead arrives.
    Team(TeamId),
}

impl Display for Targets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Users(users) => {
                f.write_str("users")?;
                users.iter().try_for_each(|user| write!(f, " {user}"))
            }
            Self::Team(team) => write!(f, "team {team}"),
        }
    }
}

/// How a rule chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// One after the other.
    RoundRobin,
    /// Whoever has the fewest open leads.
    LeastLoaded,
    /// Everybody.
    All,
}

/// What must hold of a lead: any of the values. Texts are folded.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Condition {
    Source(Vec<String>),
    Country(Vec<Country>),
    State(Vec<String>),
    City(Vec<String>),
    PostcodePrefix(Vec<String>),
    Industry(Vec<String>),
    EmailDomain(Vec<String>),
    Tag(Vec<String>),
    AmountAtLeast(Vec<Money>),
    AmountAtMost(Vec<Money>),
    Door(Vec<Door>),
}

/// What is wrong with rules, each with its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("; "))]
pub struct RulesError(Vec<String>);

impl Rules {
    /// Most rules of an organisation.
    pub const MAX: usize = 100;
    /// Longest text of all rules, in bytes; one item of the table holds them.
    pub const LONGEST: usize = 256 * 1024;

    /// Reads a JSON array of rules; everything that is wrong is reported, by the number of the rule (from 1)
    /// and the field.
    pub fn parse(json: &str) -> Result<Self, RulesError> {
        let one = |problem: String| RulesError(vec![problem]);
        if json.len() > Self::LONGEST {
            return Err(one(format!("the rules must be at most {} bytes", Self::LONGEST)));
        }
        let rules: Vec<Value> = serde_json::from_str(json)
            .map_err(|error| one(format!("the rules must be a JSON array of rules: {error}")))?;
        if rules.len() > Self::MAX {
            return Err(one(format!("there must be at most {} rules", Self::MAX)));
        }
        let (mut read, mut problems) = (Vec::new(), Vec::new());
        for (n, rule) in rules.into_iter().enumerate() {
            let mut reader = Reader { rule: n + 1, problems: &mut problems };
            read.extend(reader.rule(rule));
        }
        if problems.is_empty() { Ok(Self(read)) } else { Err(RulesError(problems)) }
    }

    /// Reads rules that were taken once: one that is not understood any more is passed over, and told.
    pub fn parse_stored(json: &str) -> (Self, Vec<String>) {
        let rules: Vec<Value> = serde_json::from_str(json).unwrap_or_default();
        let (mut read, mut problems) = (Vec::new(), Vec::new());
        for (n, rule) in rules.into_iter().enumerate() {
            let mut wrong = Vec::new();
            let rule = Reader { rule: n + 1, problems: &mut wrong }.rule(rule);
            read.extend(rule.filter(|_| wrong.is_empty()));
            problems.append(&mut wrong);
        }
        (Self(read), problems)
    }

    /// There are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The rules whose conditions all hold for this lead, with their numbers from 1, in order.
    pub fn holding<'a>(
        &'a self,
        details: &'a LeadDetails,
        door: Door,
    ) -> impl Iterator<Item = (usize, &'a Rule)> {
        let numbered = self.0.iter().enumerate().map(|(n, rule)| (n + 1, rule));
        numbered.filter(move |(_, rule)| rule.when.iter().all(|condition| condition.holds(details, door)))
    }

    /// Every user and every team that a rule names.
    pub fn named(&self) -> (BTreeSet<UserId>, BTreeSet<TeamId>) {
        let (mut users, mut teams) = (BTreeSet::new(), BTreeSet::new());
        for rule in &self.0 {
            match &rule.assign.targets {
                Targets::Users(named) => users.extend(named),
                Targets::Team(team) => {
                    teams.insert(*team);
                }
            }
        }
        (users, teams)
    }
}

impl Serialize for Rules {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|rule| &rule.written))
    }
}

impl Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RoundRobin => "round_robin",
            Self::LeastLoaded => "least_loaded",
            Self::All => "all",
        })
    }
}

impl FromStr for Strategy {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::RoundRobin, Self::LeastLoaded, Self::All]
            .into_iter()
            .find(|strategy| strategy.to_string() == text)
            .ok_or("must be round_robin, least_loaded or all")
    }
}

impl Condition {
    fn holds(&self, details: &LeadDetails, door: Door) -> bool {
        macro_rules! text {
            ($field:ident) => {
                details.$field.as_ref().map(|text| fold(text.as_str()))
            };
        }
        let any = |wanted: &[String], text: Option<String>| text.is_some_and(|text| wanted.contains(&text));
        match self {
            Self::Source(wanted) => any(wanted, text!(source)),
            Self::Country(wanted) => details.country.is_some_and(|country| wanted.contains(&country)),
            Self::State(wanted) => any(wanted, text!(state)),
            Self::City(wanted) => any(wanted, text!(city)),
            Self::PostcodePrefix(wanted) => {
                text!(postcode).is_some_and(|postcode| wanted.iter().any(|start| postcode.starts_with(start)))
            }
            Self::Industry(wanted) => any(wanted, text!(industry)),
            Self::EmailDomain(wanted) => {
                any(wanted, text!(email).and_then(|email| Some(email.rsplit_once('@')?.1.to_owned())))
            }
            Self::Tag(wanted) => details.tags.folded().any(|tag| wanted.contains(&tag)),
            Self::AmountAtLeast(bounds) => {
                details.opportunity_amount.is_some_and(|amount| bounds.iter().any(|bound| amount >= *bound))
            }
            Self::AmountAtMost(bounds) => {
                details.opportunity_amount.is_some_and(|amount| bounds.iter().any(|bound| amount <= *bound))
            }
            Self::Door(wanted) => wanted.contains(&door),
        }
    }
}

/// Reads one rule and notes what is wrong with it.
struct Reader<'a> {
    rule: usize,
    problems: &'a mut Vec<String>,
}

impl Reader<'_> {
    fn problem(&mut self, field: &str, problem: impl Display) {
        self.problems.push(format!("rule {}, {field}: {problem}", self.rule));
    }

    fn rule(&mut self, written: Value) -> Option<Rule> {
        let Value::Object(fields) = &written else {
            self.problem("itself", "must be an object with when and assign");
            return None;
        };
        self.only(fields, &["when", "assign"], "");
        let when = match fields.get("when") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Object(when)) => {
                when.iter().filter_map(|(name, value)| self.condition(name, value)).collect()
            }
            Some(_) => {
                self.problem("when", "must be an object of conditions");
                return None;
            }
        };
        let assign = match fields.get("assign") {
            Some(Value::Object(assign)) => self.assign(assign)?,
            _ => {
                self.problem("assign", "must be an object with users or team, and strategy");
                return None;
            }
        };
        Some(Rule { when, assign, written })
    }

    fn condition(&mut self, name: &str, value: &Value) -> Option<Condition> {
        let field = format!("when.{name}");
        let texts = |reader: &mut Self| {
            let texts: Option<Vec<String>> = reader.values(&field, value);
            texts.map(|texts| texts.iter().map(|text| fold(text.trim())).collect())
        };
        match name {
            "source" => texts(self).map(Condition::Source),
            "country" => self.values(&field, value).map(Condition::Country),
            "state" => texts(self).map(Condition::State),
            "city" => texts(self).map(Condition::City),
            "postcode_prefix" => texts(self).map(Condition::PostcodePrefix),
            "industry" => texts(self).map(Condition::Industry),
            "email_domain" => texts(self).map(|domains| {
                let bare = domains.iter().map(|domain| domain.trim_start_matches('@').to_owned());
                Condition::EmailDomain(bare.collect())
            }),
            "tag" => texts(self).map(Condition::Tag),
            "amount_at_least" => self.values(&field, value).map(Condition::AmountAtLeast),
            "amount_at_most" => self.values(&field, value).map(Condition::AmountAtMost),
            "door" => self.values(&field, value).map(Condition::Door),
            _ => {
                self.problem(&field, "is no condition");
                None
            }
        }
    }

    fn assign(&mut self, fields: &Map<String, Value>) -> Option<Assign> {
        self.only(fields, &["users", "team", "strategy"], "assign.");
        let strategy = match fields.get("strategy") {
            Some(strategy @ Value::String(_)) => {
                self.values("assign.strategy", strategy).and_then(|one| one.first().copied())
            }
            Some(_) | None => {
                self.problem("assign.strategy", "must be round_robin, least_loaded or all");
                None
            }
        };
        let given = |name| fields.get(name).filter(|value| !value.is_null());
        let targets = match (given("users"), given("team")) {
            (Some(users), None) => self.values("assign.users", users).map(Targets::Users),
            (None, Some(Value::String(team))) => match team.parse() {
                Ok(team) => Some(Targets::Team(team)),
                Err(error) => {
                    self.problem("assign.team", error);
                    None
                }
            },
            (None, Some(_)) => {
                self.problem("assign.team", "must be a UUID");
                None
            }
            (Some(_), Some(_)) => {
                self.problem("assign", "must have users or team, not both");
                None
            }
            (None, None) => {
                self.problem("assign", "must have users or team");
                None
            }
        };
        if let Some(Targets::Users(users)) = &targets {
            if users.len() > MAX_IDS {
                self.problem("assign.users", format_args!("must be at most {MAX_IDS} ids"));
            }
            if users.iter().collect::<BTreeSet<_>>().len() < users.len() {
                self.problem("assign.users", "names a user twice");
            }
        }
        Some(Assign { targets: targets?, strategy: strategy? })
    }

    /// One value or a list of some, each a text or a number; none if any is wrong.
    fn values<T: FromStr<Err: Display>>(&mut self, field: &str, value: &Value) -> Option<Vec<T>> {
        let values = match value {
            Value::Array(values) => values.as_slice(),
            one => std::slice::from_ref(one),
        };
        if values.is_empty() {
            self.problem(field, "must not be empty");
        }
        let mut read = Vec::new();
        for value in values {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                _ => {
                    self.problem(field, "must be a text or a list of texts");
                    continue;
                }
            };
            match text.parse() {
                _ if text.trim().is_empty() => self.problem(field, "must not be blank"),
                Ok(value) => read.push(value),
                Err(error) => self.problem(field, format_args!("{text}: {error}")),
            }
        }
        Some(read).filter(|read| !read.is_empty() && read.len() == values.len())
    }

    fn only(&mut self, fields: &Map<String, Value>, known: &[&str], at: &str) {
        for name in fields.keys().filter(|name| !known.contains(&name.as_str())) {
            self.problem(&format!("{at}{name}"), "is not known");
        }
    }
}
