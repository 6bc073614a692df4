//! Lists chosen by the index beside lists chosen by hand.

use std::cmp::Reverse;

use chrono::{DateTime, Duration, Utc};

use super::*;
use crate::domain::{
    Caller, Door, Fields, Ids, Lead, LeadDetails, LeadFilter, LeadId, OrderField, Ordering, OrgId, Person,
    Role, Search, Status, Value, fold,
};

struct World {
    ids: Ids,
    org: OrgId,
    now: DateTime<Utc>,
    admin: Caller,
    leads: Vec<Lead>,
}

impl World {
    fn new() -> Self {
        let (ids, now) = (Ids::default(), Utc::now());
        let org = ids.org(now);
        let person = |id| Person { id, email: "a@example.com".to_owned(), name: "A".to_owned() };
        let user = ids.user(now);
        let admin = Caller { user, org, role: Role::Admin, teams: Vec::new(), person: person(user) };
        Self { ids, org, now, admin, leads: Vec::new() }
    }

    fn add(&mut self, fields: &[(&str, &str)]) -> &mut Lead {
        let mut read = Fields::default();
        let names = [("first_name", "F"), ("last_name", "L")];
        let fields = names.iter().chain(fields);
        fields.for_each(|(name, text)| read.set(*name, Value::Text((*text).to_owned())));
        let details = LeadDetails::open(Door::Api, &read).unwrap();
        self.leads.push(Lead::open(self.ids.lead(self.now), self.org, details, None, self.now));
        self.leads.last_mut().unwrap()
    }

    /// `n` leads of few values, so that many are equal.
    fn fill(&mut self, n: usize) {
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..n {
            let name = random.choice(["Abel", "abel", "Ångström", "Zuse", "Éluard", "eluard"]).unwrap();
            let status = random.choice(["assigned", "closed", "recycled"]).unwrap();
            let amount = random.choice(["", "0", "10.50", "10.5", "2000"]).unwrap();
            let lead = self.add(&[("last_name", name), ("status", status), ("opportunity_amount", amount)]);
            lead.updated_on += Duration::milliseconds(random.i64(0..20));
        }
        random.shuffle(&mut self.leads);
    }

    fn choose(&self, query: &ListQuery) -> Chosen {
        let mut choice = Choice::new(&self.admin, query);
        for lead in &self.leads {
            let packed = Row::of(lead).pack().unwrap();
            choice.look_at(&Row::unpack(lead.id, &packed).unwrap());
        }
        choice.finish()
    }

    /// The last names of the leads that a filter leaves.
    fn found(&self, filter: LeadFilter) -> Vec<&str> {
        let query = ListQuery { filter, limit: 100, ..ListQuery::default() };
        let ids = self.choose(&query).open.ids(&query);
        ids.iter()
            .map(|id| self.leads.iter().find(|lead| lead.id == *id).unwrap().details.last_name.as_str())
            .collect()
    }

    /// All leads of a status, in this order.
    fn sorted(&self, status: fn(Status) -> bool, ordering: Ordering) -> Vec<LeadId> {
        let mut leads: Vec<&Lead> = self.leads.iter().filter(|lead| status(lead.details.status)).collect();
        leads.sort_by_key(|lead| Reverse(lead.id));
        let amount = |lead: &Lead| lead.details.opportunity_amount;
        match ordering.field {
            OrderField::CreatedOn if !ordering.descending => leads.reverse(),
            OrderField::CreatedOn => {}
            OrderField::UpdatedOn if ordering.descending => {
                leads.sort_by_key(|lead| Reverse(lead.updated_on))
            }
            OrderField::UpdatedOn => leads.sort_by_key(|lead| lead.updated_on),
            OrderField::OpportunityAmount => {
                if ordering.descending {
                    leads.sort_by_key(|lead| Reverse(amount(lead)));
                } else {
                    leads.sort_by_key(|lead| amount(lead));
                }
                leads.sort_by_key(|lead| amount(lead).is_none());
            }
            OrderField::LastName => {
                let name = |lead: &Lead| fold(lead.details.last_name.as_str());
                if ordering.descending {
                    leads.sort_by_key(|lead| Reverse(name(lead)));
                } else {
                    leads.sort_by_key(|lead| name(lead));
                }
            }
        }
        leads.iter().map(|lead| lead.id).collect()
    }
}

fn every_order() -> impl Iterator<Item = Ordering> {
    OrderField::ALL
        .into_iter()
        .flat_map(|field| [false, true].map(|descending| Ordering { field, descending }))
}

#[test]
fn pages_by_offset_and_by_cursor_show_every_lead_once_in_every_order() {
    let mut world = World::new();
    world.fill(250);

    for ordering in every_order() {
        let open = world.sorted(|status| status != Status::Closed, ordering);
        let closed = world.sorted(|status| status == Status::Closed, ordering);
        assert!(open.len() > closed.len() && closed.len() > 40);

        let mut query = ListQuery { ordering, limit: 7, ..ListQuery::default() };
        let (mut by_offset, mut by_cursor) = ((Vec::new(), Vec::new()), (Vec::new(), Vec::new()));
        loop {
            let page = world.choose(&query);
            assert_eq!((page.open.count, page.closed.count), (open.len(), closed.len()));
            by_offset.0.extend(page.open.ids(&query));
            by_offset.1.extend(page.closed.ids(&query));
            query.offset += 7;
            if page.next.is_none() {
                break;
            }
        }
        query.offset = 0;
        loop {
            let page = world.choose(&query);
            assert_eq!((page.open.count, page.closed.count), (open.len(), closed.len()));
            by_cursor.0.extend(page.open.ids(&query));
            by_cursor.1.extend(page.closed.ids(&query));
            let Some(next) = page.next else { break };
            query.after = Some(After::unpack(&next.pack(), ordering).unwrap());
            let mut others = every_order().filter(|other| *other != ordering);
            assert!(others.all(|other| After::unpack(&next.pack(), other).is_none()));
        }

        assert_eq!(by_offset, (open.clone(), closed.clone()), "{ordering}");
        assert_eq!(by_cursor, (open, closed), "{ordering}");
    }
}

#[test]
fn a_cursor_after_an_offset_goes_on_where_the_shorter_list_has_ended() {
    let mut world = World::new();
    world.fill(100);
    let mut query = ListQuery { limit: 5, offset: 45, ..ListQuery::default() };
    let closed = world.choose(&query).closed;
    assert!(closed.count < 45 && closed.places.is_empty());

    let next = world.choose(&query).next;
    (query.after, query.offset) = (next, 0);

    let page = world.choose(&query);
    assert_eq!(
        page.open.ids(&query),
        world.sorted(|status| status != Status::Closed, query.ordering)[50..55]
    );
    assert!(page.closed.places.is_empty());
}

#[test]
fn a_page_after_a_cursor_stays_right_while_leads_come_go_and_move() {
    let mut world = World::new();
    world.fill(100);
    let mut query = ListQuery { limit: 10, ..ListQuery::default() };
    query.ordering = "last_name".parse().unwrap();
    let before = world.sorted(|status| status != Status::Closed, query.ordering);

    let first = world.choose(&query);
    query.after = first.next.clone();
    let shown = first.open.ids(&query);
    assert_eq!(shown, before[..10]);
    world.add(&[("last_name", "Aaron")]); // before the page
    world.leads.retain(|lead| lead.id != before[9]); // where it ended
    world.leads.retain(|lead| lead.id != before[12]);
    let second = world.choose(&query).open.ids(&query);

    assert_eq!(second[..8], [&before[10..12], &before[13..19]].concat());
}

#[test]
fn texts_are_found_whatever_their_case_and_composition() {
    let mut world = World::new();
    world.add(&[("first_name", "Jürgen"), ("last_name", "Groß"), ("city", "Gießen")]);
    world.add(&[("first_name", "İdil"), ("last_name", "Işık"), ("city", "İstanbul")]);
    world.add(&[("first_name", "Zoe\u{301}"), ("last_name", "Σίσυφος"), ("city", "A\u{30a}lesund")]);
    world.add(&[("last_name", "Ǆurić"), ("account_name", "Ўзбек ﬁrma"), ("title", "Ordre n\u{ba} 1")]);

    let name = |text| LeadFilter { name: LeadFilter::part(text), ..LeadFilter::default() };
    let city = |text| LeadFilter { city: LeadFilter::part(text), ..LeadFilter::default() };
    let search = |text| LeadFilter { search: Search::of(text), ..LeadFilter::default() };
    for (filter, found) in [
        (name("JU\u{308}RGEN GROSS"), "Groß"),
        (name("gross"), "Groß"),
        (name("n groß"), "Groß"),
        (city("GIESSEN"), "Groß"),
        (city("ßen"), "Groß"),
        (name("i\u{307}di"), "Işık"),
        (name("I\u{307}DIL Iş"), "Işık"),
        (city("İSTAN"), "Işık"),
        (city("stanbul"), "Işık"),
        (name("zoé"), "Σίσυφος"),
        (name("ΣΊΣΥΦΟΣ"), "Σίσυφος"),
        (city("ålesund"), "Σίσυφος"),
        (name("ǆURIC\u{301}"), "Ǆurić"),
        (search("ўзбек FIRMA"), "Ǆurić"),
        (search("GROSS"), "Groß"),
    ] {
        assert_eq!(world.found(filter.clone()), [found], "{filter:?}");
    }
    for nothing in [name("zoe"), city("istanbul"), search("gros s"), search("gießen")] {
        assert!(world.found(nothing.clone()).is_empty(), "{nothing:?}");
    }
}

#[test]
fn amounts_and_times_are_bounded_exactly() {
    let mut world = World::new();
    let at = |text: &str| DateTime::parse_from_rfc3339(text).unwrap().to_utc();
    for (name, amount, created) in [
        ("none", "", "2026-01-31T23:59:59.999Z"),
        ("ten", "10", "2026-02-01T00:00:00Z"),
        ("more", "10.01", "2026-02-01T00:00:00.001Z"),
    ] {
        let lead = world.add(&[("last_name", name), ("opportunity_amount", amount)]);
        (lead.created_on, lead.updated_on) = (at(created), at(created)); // not what the id says
    }
    let filter = |least: Option<&str>, most: Option<&str>, after: Option<&str>, before: Option<&str>| {
        let moment = |text: &str| LeadFilter::moment(text).unwrap();
        LeadFilter {
            amount_min: least.map(|text| text.parse().unwrap()),
            amount_max: most.map(|text| text.parse().unwrap()),
            created_after: after.map(moment),
            created_before: before.map(moment),
            ..LeadFilter::default()
        }
    };

    for (filter, found) in [
        (filter(Some("10"), None, None, None), vec!["more", "ten"]),
        (filter(Some("10.01"), None, None, None), vec!["more"]),
        (filter(None, Some("10.00"), None, None), vec!["ten"]),
        (filter(Some("0"), Some("9999999999.99"), None, None), vec!["more", "ten"]),
        (filter(None, None, Some("2026-02-01"), None), vec!["more", "ten"]),
        (filter(None, None, None, Some("2026-02-01")), vec!["none"]),
        (filter(None, None, Some("2026-02-01T00:00:00.0001Z"), None), vec!["more"]),
        (filter(None, None, None, Some("2026-02-01T00:00:00.0001Z")), vec!["ten", "none"]),
        (filter(None, Some("10"), Some("2026-02-01T01:00:00+01:00"), Some("2026-02-02")), vec!["ten"]),
    ] {
        assert_eq!(world.found(filter.clone()), found, "{filter:?}");
    }
}

#[test]
fn values_are_counted_and_a_city_is_spelled_as_its_newest_lead_does() {
    let mut world = World::new();
    for (city, tags, status) in [
        ("köln", r#"["a", "B"]"#, "assigned"),
        ("KÖLN", r#"["b"]"#, "closed"),
        ("Köln", r#"["A"]"#, "recycled"),
        ("Bonn", "", "assigned"),
    ] {
        world.add(&[("city", city), ("tags", tags), ("status", status)]);
    }
    world.leads.swap(0, 2);
    for n in 0..100 {
        world.add(&[("source", &format!("s{n}"))]);
    }
    let query = ListQuery { limit: 1, facets: Facet::ALL.into(), ..ListQuery::default() };

    let all = world.choose(&query).facets.counts();
    world.add(&[("source", "another")]);
    let more = world.choose(&query).facets.counts();

    let told = |counts: &[FacetCounts], facet| -> (Vec<(String, usize)>, bool) {
        let of = counts.iter().find(|of| of.facet == facet).unwrap();
        (of.values.iter().map(|it| (it.value.clone(), it.count)).collect(), of.more)
    };
    let counted = |values: &[(&str, usize)]| -> (Vec<(String, usize)>, bool) {
        (values.iter().map(|(value, count)| ((*value).to_owned(), *count)).collect(), false)
    };
    assert_eq!(told(&all, Facet::City), counted(&[("Köln", 3), ("Bonn", 1)]));
    assert_eq!(told(&all, Facet::Tags), counted(&[("a", 2), ("b", 2)]));
    assert_eq!(told(&all, Facet::Status), counted(&[("assigned", 102), ("closed", 1), ("recycled", 1)]));
    assert_eq!(told(&all, Facet::AssignedTo), counted(&[]));
    let (sources, cut) = told(&all, Facet::Source);
    assert_eq!((sources.len(), cut), (100, false));
    let (sources, cut) = told(&more, Facet::Source);
    assert_eq!((sources[0].0.as_str(), sources.len(), cut), ("another", 100, true));
}

#[test]
fn a_user_chooses_among_their_own() {
    let mut world = World::new();
    world.fill(20);
    let mine = world.ids.user(world.now);
    world.add(&[("last_name", "Mine"), ("assigned_to", &mine.to_string())]);
    world.admin = Caller { user: mine, role: Role::User, ..world.admin.clone() };

    let chosen = world.choose(&ListQuery { limit: 10, facets: Facet::ALL.into(), ..ListQuery::default() });

    assert_eq!((chosen.open.count, chosen.closed.count), (1, 0));
    assert_eq!(chosen.facets.counts().iter().map(|of| of.values.len()).sum::<usize>(), 2);
}
