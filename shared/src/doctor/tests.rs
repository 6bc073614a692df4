//! What is suspect of what was seen.

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::Utc;

use super::census::{Census, Suspects};
use crate::domain::{Door, Fields, Ids, ImportId, Lead, LeadDetails, LeadId, OrgId, Value};
use crate::index::{Row, pack_all};
use crate::store::survey::{Fact, Item, Key, OVER, PACK, ROW, encode};

struct World {
    ids: Ids,
    org: OrgId,
    census: Census,
}

impl World {
    fn new() -> Self {
        let ids = Ids::default();
        Self { org: ids.org(Utc::now()), ids, census: Census::default() }
    }

    fn lead(&self, email: &str, imported: bool) -> Lead {
        let mut fields = Fields::default();
        [("first_name", "A"), ("last_name", "B"), ("email", email)]
            .iter()
            .for_each(|(name, text)| fields.set(name, Value::Text((*text).to_owned())));
        let details = LeadDetails::open(Door::Api, &fields).unwrap();
        let now = Utc::now();
        let mut lead = Lead::open(self.ids.lead(now), self.org, details, None, now);
        lead.import = imported.then(|| self.ids.import(now));
        lead
    }

    fn see(&mut self, key: Key, item: Item) {
        self.census.add(self.org, Fact::of(self.org, key, item)).unwrap();
    }

    fn see_lead(&mut self, lead: &Lead) {
        let key = Key::lead(self.org, lead.id);
        let item = encode(key.clone(), lead, lead.updated_on).unwrap();
        self.see(key, item);
    }

    fn see_row(&mut self, id: LeadId, lead: Option<&Lead>, over: bool) {
        let row = lead.map(|lead| (ROW.to_owned(), AttributeValue::B(Row::of(lead).pack().unwrap().into())));
        let over = over.then(|| (OVER.to_owned(), AttributeValue::Bool(true)));
        self.see(Key::row(self.org, id), row.into_iter().chain(over).collect());
    }

    fn see_pack(&mut self, leads: &[&Lead]) {
        let rows: Vec<_> = leads.iter().map(|lead| (lead.id, Row::of(lead).pack().unwrap())).collect();
        let pack = AttributeValue::B(pack_all(&rows).unwrap().into());
        self.see(Key::pack(self.org, leads[0].id), [(PACK.to_owned(), pack)].into());
    }

    fn see_email(&mut self, email: &str, leads: i64, last: &Lead) {
        let item = [
            ("entity", AttributeValue::S("email".to_owned())),
            ("leads", AttributeValue::N(leads.to_string())),
            ("last_lead", AttributeValue::S(last.id.to_string())),
        ];
        let item = item.map(|(name, value)| (name.to_owned(), value));
        self.see(Key::email(self.org, email), item.into());
    }

    fn suspects(mut self) -> Suspects {
        self.census.compare()
    }
}

#[test]
fn what_agrees_is_not_suspect() {
    let mut world = World::new();
    let (plain, packed, over) =
        (world.lead("a@b.example", false), world.lead("A@B.example", true), world.lead("c@b.example", true));
    let gone = world.lead("d@b.example", true);
    let mut before = over.clone();
    before.details.email = None;
    [&plain, &packed, &over].into_iter().for_each(|lead| world.see_lead(lead));
    world.see_row(plain.id, Some(&plain), false);
    world.see_pack(&[&packed, &before, &gone]);
    world.see_row(over.id, Some(&over), true);
    world.see_row(gone.id, None, true);
    world.see_email("a@b.example", 2, &packed);
    world.see_email("C@b.example", 1, &over);

    let suspects = world.suspects();

    assert!(suspects.rows.is_empty(), "{suspects:?}");
    assert!(suspects.emails.is_empty() && suspects.missing.is_empty() && suspects.packs.is_empty());
}

#[test]
fn each_way_to_differ_is_suspect() {
    let ways: [fn(&mut World, &Lead); 5] = [
        |_, _| {},
        |world, lead| world.see_row(lead.id, Some(&world.lead("x@y.example", false)), false),
        |world, lead| world.see_row(lead.id, None, true),
        |world, lead| {
            world.see_row(lead.id, Some(lead), false);
            world.see_pack(&[lead]);
        },
        |world, lead| {
            world.see_row(lead.id, Some(lead), false);
            world.see_row(world.lead("x@y.example", false).id, Some(lead), false);
        },
    ];
    for (n, way) in ways.iter().enumerate() {
        let mut world = World::new();
        let lead = world.lead("a@b.example", false);
        world.see_lead(&lead);
        way(&mut world, &lead);

        let suspects = world.suspects();

        assert_eq!((suspects.rows.len(), suspects.emails.len()), (1, 1), "{n}: {suspects:?}");
    }
}

#[test]
fn a_lead_that_a_run_wrote_in_vain_has_a_sibling() {
    let mut world = World::new();
    let (import, now) = (ImportId(world.org.0), Utc::now());
    let of = |world: &World, row, attempt| {
        let mut lead = world.lead("a@b.example", true);
        lead.id = LeadId::imported(import, now, row, attempt);
        lead
    };
    let (known, stray, lost) = (of(&world, 2, 1), of(&world, 2, 2), of(&world, 3, 1));
    [&known, &stray, &lost].into_iter().for_each(|lead| world.see_lead(lead));
    world.see_pack(&[&known]);

    let rows = world.suspects().rows;

    let found: Vec<_> = rows.iter().map(|suspect| (suspect.id, suspect.has_sibling)).collect();
    let mut expected = vec![(stray.id, true), (lost.id, false)];
    expected.sort_unstable();
    assert_eq!(found, expected);
}
