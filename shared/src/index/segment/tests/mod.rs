//! Segments against what they were made of.

mod damage;
mod model;

use chrono::DateTime;
use uuid::Uuid;

use super::*;
use crate::domain::{
    Caller, LeadFilter, Ordering, Person, Relation, Role, Search, Status, TeamId, UserId, fold,
};
use crate::index::Entry;

/// Parts of texts that are easily got wrong, as they are typed.
const PARTS: [&str; 18] = [
    "Straße",
    "STRASSE",
    "İstanbul",
    "é",
    "e\u{301}",
    "Ada",
    "ada ",
    "a",
    "",
    "𝄞",
    "日本",
    "ﬁ",
    "Σ",
    "@x.de",
    " ",
    "\u{0}",
    "+1 (5",
    "5-1",
];

const ORG: OrgId = OrgId(Uuid::from_u128(7));

/// A lead by itself, with anything in it.
#[derive(Debug, Clone, PartialEq)]
struct Known {
    id: LeadId,
    status: Status,
    name: String,
    last_name: usize,
    title: Option<String>,
    city: Option<String>,
    email: Option<String>,
    source: Option<String>,
    account_name: Option<String>,
    phone: Option<String>,
    tags: Vec<String>,
    assigned_to: Vec<UserId>,
    teams: Vec<TeamId>,
    created_by: Option<UserId>,
    amount: Option<i64>,
    updated_on: i64,
    created_on: i64,
}

impl Known {
    fn of(entry: &impl Entry) -> Self {
        let text = |text: Option<&str>| text.map(str::to_owned);
        Self {
            id: entry.id(),
            status: entry.status(),
            name: entry.name().to_owned(),
            last_name: entry.name().len() - entry.last_name().len(),
            title: text(entry.title()),
            city: text(entry.city()),
            email: text(entry.email()),
            source: text(entry.source()),
            account_name: text(entry.account_name()),
            phone: text(entry.phone()),
            tags: entry.tags().map(str::to_owned).collect(),
            assigned_to: entry.assigned_to().to_vec(),
            teams: entry.teams().to_vec(),
            created_by: entry.created_by(),
            amount: entry.amount(),
            updated_on: entry.updated_on(),
            created_on: entry.created_on(),
        }
    }

    fn random(random: &mut fastrand::Rng, id: LeadId) -> Self {
        let (first, last) = (fold(&text(random)), fold(&text(random)));
        let tags = *random.choice(&[0, 1, 3, 50]).unwrap();
        let folded = |random: &mut fastrand::Rng| random.bool().then(|| fold(&text(random)));
        let time = id.milliseconds();
        Self {
            id,
            status: *random.choice(&Status::ALL).unwrap(),
            last_name: first.len(),
            name: first + &last,
            title: folded(random),
            city: random.bool().then(|| text(random)),
            email: folded(random),
            source: random.bool().then(|| random.choice(["site", "fair", ""]).unwrap().to_owned()),
            account_name: folded(random),
            phone: folded(random),
            tags: (0..tags).map(|n| format!("t{}", n + random.usize(0..3) * 100)).collect(),
            assigned_to: (0..random.usize(0..4)).map(|_| user(random)).collect(),
            teams: (0..random.usize(0..3)).map(|_| TeamId(user(random).0)).collect(),
            created_by: random.bool().then(|| user(random)),
            amount: random.bool().then(|| random.i64(0..30) * random.i64(0..3) * 100),
            updated_on: random.i64(0..2_000_000_000_000) / random.i64(1..3),
            created_on: if random.u8(..) < 20 { random.i64(900..1200) } else { time },
        }
    }
}

impl Relation for Known {
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

impl Entry for Known {
    fn id(&self) -> LeadId {
        self.id
    }

    fn status(&self) -> Status {
        self.status
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn last_name(&self) -> &str {
        &self.name[self.last_name..]
    }

    fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    fn email(&self) -> Option<&str> {
        self.email.as_deref()
    }

    fn account_name(&self) -> Option<&str> {
        self.account_name.as_deref()
    }

    fn phone(&self) -> Option<&str> {
        self.phone.as_deref()
    }

    fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    fn tags(&self) -> impl Iterator<Item = &str> {
        self.tags.iter().map(String::as_str)
    }

    fn city(&self) -> Option<&str> {
        self.city.as_deref()
    }

    fn amount(&self) -> Option<i64> {
        self.amount
    }

    fn created_on(&self) -> i64 {
        self.created_on
    }

    fn updated_on(&self) -> i64 {
        self.updated_on
    }
}

fn text(random: &mut fastrand::Rng) -> String {
    let parts = match random.u8(..) {
        0 => 300,
        1..20 => 0,
        _ => random.usize(1..4),
    };
    (0..parts).map(|_| *random.choice(&PARTS).unwrap()).collect()
}

fn user(random: &mut fastrand::Rng) -> UserId {
    UserId(Uuid::from_u128(random.u128(0..9)))
}

/// So many leads in the order of their ids, several of one time.
fn leads(random: &mut fastrand::Rng, count: usize) -> Vec<Known> {
    let mut time = 1000;
    let leads = (0..count).map(|n| {
        time += random.u128(0..2);
        let id = LeadId(Uuid::from_u128(time << 80 | (n as u128) << 32 | random.u128(0..1 << 32)));
        Known::random(random, id)
    });
    leads.collect()
}

fn file(leads: &[Known]) -> Vec<u8> {
    let mut writer = Writer::new(ORG);
    leads.iter().for_each(|lead| writer.push(lead).unwrap());
    writer.finish().unwrap()
}

fn caller(random: &mut fastrand::Rng) -> Caller {
    let user = user(random);
    let person = Person { id: user, email: String::new(), name: String::new() };
    let role = if random.bool() { Role::Admin } else { Role::User };
    let teams = (0..random.usize(0..3)).map(|n| TeamId(Uuid::from_u128(n as u128))).collect();
    Caller { user, org: ORG, role, teams, person }
}

/// A filter that is rarely about everything.
fn filter(random: &mut fastrand::Rng) -> LeadFilter {
    let mut filter = LeadFilter::default();
    for _ in 0..random.usize(0..4) {
        let text = *random.choice(&PARTS).unwrap();
        let part = Some(fold(text)).filter(|part| !part.is_empty());
        let moment = |random: &mut fastrand::Rng| {
            random.bool().then(|| DateTime::from_timestamp_millis(random.i64(950..1300)).unwrap())
        };
        let money = |random: &mut fastrand::Rng| {
            random.bool().then(|| random.i64(0..60).to_string().parse().unwrap())
        };
        match random.u8(0..11) {
            0 => filter.name = part,
            1 => filter.title = part,
            2 => filter.city = part,
            3 => filter.email = part,
            4 => filter.search = Search::of(text),
            5 => filter.statuses = (0..2).map(|_| *random.choice(&Status::ALL).unwrap()).collect(),
            6 => {
                filter.sources =
                    [["site", "nowhere"], ["fair", ""]][random.usize(0..2)].map(String::from).into()
            }
            7 => filter.tags = (0..2).map(|_| format!("t{}", random.usize(0..300))).collect(),
            8 => filter.assigned_to = (0..2).map(|_| user(random)).collect(),
            9 => (filter.amount_min, filter.amount_max) = (money(random), money(random)),
            _ => (filter.created_after, filter.created_before) = (moment(random), moment(random)),
        }
    }
    filter
}

fn orderings() -> impl Iterator<Item = Ordering> {
    use crate::domain::OrderField;
    OrderField::ALL
        .into_iter()
        .flat_map(|field| [false, true].map(|descending| Ordering { field, descending }))
}
