//! A segment answers what the leads that it was made of answer.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::domain::{OrderField, StatusClass};
use crate::index::{Choice, ListQuery, Place, filters};

#[test]
fn leads_come_back_as_they_were() {
    for (seed, count) in [(1, 1), (2, 63), (3, 64), (4, 1000)] {
        let leads = leads(&mut fastrand::Rng::with_seed(seed), count);

        let segment = Segment::open(ORG, &file(&leads)).unwrap();

        let columns = segment.all_columns().unwrap();
        let back: Vec<_> = (0..count).map(|row| Known::of(&columns.entry(row).unwrap())).collect();
        assert_eq!(back, leads);
        assert_eq!(file(&back), file(&leads));
        assert!(columns.entry(count).is_none());
    }
}

#[test]
fn leads_that_are_not_in_order_are_refused() {
    let leads = leads(&mut fastrand::Rng::with_seed(5), 2);
    let mut writer = Writer::new(ORG);

    writer.push(&leads[1]).unwrap();

    assert!(writer.push(&leads[0]).is_err());
    assert!(writer.push(&leads[1]).is_err());
    assert!(Writer::new(ORG).finish().is_err());
}

#[test]
fn any_question_is_answered_as_by_the_leads() {
    for seed in 0..30 {
        let random = &mut fastrand::Rng::with_seed(seed);
        let count = *random.choice(&[1, 64, 500, 2000]).unwrap();
        let leads = leads(random, count);
        let segment = Segment::open(ORG, &file(&leads)).unwrap();
        for _ in 0..40 {
            let (caller, filter) = (caller(random), filter(random));
            let over: BTreeSet<LeadId> =
                leads.iter().filter(|_| random.u8(..) < 30).map(|lead| lead.id).collect();
            let right: Vec<_> = leads
                .iter()
                .filter(|lead| !over.contains(&lead.id) && caller.may_edit(*lead))
                .filter(|lead| filters::match_entry(&filter, *lead))
                .collect();

            let mut chosen = segment.visible(&caller).unwrap();
            chosen.remove(&segment.rows_of(over.iter().copied()).unwrap());
            segment.narrow(&mut chosen, &filter).unwrap();

            assert!(
                chosen.rows().map(|row| leads[row].id).eq(right.iter().map(|lead| lead.id)),
                "{filter:?}"
            );
            for class in [StatusClass::Open, StatusClass::Closed, StatusClass::Converted] {
                let of_class = segment.of_class(class).unwrap();
                let right = right.iter().filter(|lead| lead.status.class() == class).count();
                assert_eq!(chosen.count_with(&of_class), right);
            }
            values_are_counted(&segment, &chosen, &right);
            orders_are_right(&segment, &chosen, &right, random);
        }
    }
}

fn values_are_counted(segment: &Segment, chosen: &Bitmap, right: &[&Known]) {
    let (mut tags, mut cities, mut users) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for lead in right {
        let count = |(count, newest): &mut (usize, LeadId)| (*count, *newest) = (*count + 1, lead.id);
        let none = (0, lead.id);
        lead.city().into_iter().for_each(|city| count(cities.entry(city).or_insert(none)));
        lead.tags().for_each(|tag| count(tags.entry(tag).or_insert(none)));
        lead.assigned_to.iter().for_each(|user| count(users.entry(*user).or_insert(none)));
    }

    let newest = |row| segment.lead(row).unwrap();
    let texts = |column| {
        let counts = segment.counts_of_texts(column, chosen).unwrap();
        counts.map(|it| (it.value, (it.count, newest(it.newest)))).collect::<BTreeMap<_, _>>()
    };
    let of_users = segment.counts_of_users(chosen).unwrap();
    assert_eq!((texts(Column::Tags), texts(Column::City)), (tags, cities));
    assert!(
        of_users.map(|it| (it.value, (it.count, newest(it.newest)))).collect::<BTreeMap<_, _>>() == users
    );
}

fn orders_are_right(segment: &Segment, chosen: &Bitmap, right: &[&Known], random: &mut fastrand::Rng) {
    for ordering in orderings() {
        let mut places: Vec<_> = right.iter().map(|lead| Place::of(*lead, ordering)).collect();
        places.sort();
        let ordered = segment.ordered(ordering).unwrap();
        let (after, mut rows) = (random.usize(..places.len() + 1), chosen.clone());
        let place = match after.checked_sub(1) {
            Some(_) if ordering.field == OrderField::CreatedOn => {
                let place = place_after(after, places.len(), ordering, |id| ordered.older(chosen, id));
                ordered.keep_after(&mut rows, &place);
                assert!(rows.count() <= places.len() - after + 1);
                Some(place)
            }
            before => before.map(|before| places[before].clone()),
        };
        let most = *random.choice(&[0, 1, 10, 100, 3000]).unwrap();

        let mut first = First::new(most, place);
        ordered.offer(&rows, &mut first);

        let (offset, right) = (random.usize(..5), places[after..].iter().take(most));
        assert!(first.finish(offset).iter().eq(right.skip(offset)), "{ordering}");
    }
}

#[test]
fn a_question_reads_its_columns_only() {
    let random = &mut fastrand::Rng::with_seed(6);
    let file = file(&leads(random, 2000));
    let whole = Segment::open(ORG, &file).unwrap();
    for _ in 0..300 {
        let (caller, filter) = (caller(random), filter(random));
        let segment = Segment::new(Header::read(ORG, &file[..Header::FETCH]).unwrap());
        let columns: Columns =
            Columns::of_rights(&caller).iter().chain(Columns::of_filter(&filter).iter()).collect();

        for range in segment.ranges(columns) {
            segment.feed(range.start, &file[range], columns).unwrap();
        }

        let answer = |segment: &Segment| {
            let mut rows = segment.visible(&caller)?;
            segment.narrow(&mut rows, &filter)?;
            Ok::<_, SegmentError>(rows)
        };
        assert_eq!(answer(&segment), answer(&whole), "{filter:?}");
        assert_eq!(segment.missing(Columns::all()).iter().count(), 17 - columns.iter().count());
        assert!(segment.memory() <= whole.memory());
        assert_eq!(segment.ranges(columns), []);
    }
}

#[test]
fn what_was_not_fed_is_no_answer() {
    let file = file(&leads(&mut fastrand::Rng::with_seed(7), 10));
    let segment = Segment::new(Header::read(ORG, &file).unwrap());
    let filter = LeadFilter { name: Some("a".to_owned()), ..LeadFilter::default() };

    let mut all = Bitmap::all(10);

    assert_eq!(segment.narrow(&mut all, &filter), Err(SegmentError::Missing(Column::Name)));
    let range = segment.ranges([Column::Name].into_iter().collect()).remove(0);
    segment.feed(range.start, &file[range.start..range.end - 1], Columns::all()).unwrap();
    assert_eq!(segment.narrow(&mut all, &filter), Err(SegmentError::Missing(Column::Name)));
    assert!(segment.all_columns().is_err());
}

#[test]
fn pages_and_counts_are_those_that_a_choice_of_the_leads_makes() {
    for seed in 0..20 {
        let random = &mut fastrand::Rng::with_seed(seed);
        let leads = leads(random, 1000);
        let (old, new) = leads.split_at(random.usize(1..1000));
        let segments = [old, new].map(|leads| Segment::open(ORG, &file(leads)).unwrap());
        for ordering in orderings() {
            let (caller, filter) = (caller(random), filter(random));
            let (limit, offset) = (random.usize(1..20), random.usize(..30));
            let query = ListQuery { filter, ordering, limit, offset, ..ListQuery::default() };
            let mut choice = Choice::new(&caller, &query);
            leads.iter().for_each(|lead| choice.look_at(lead));
            let right = choice.finish();

            for (class, right) in [(StatusClass::Open, right.open), (StatusClass::Closed, right.closed)] {
                let (mut count, mut first) = (0, First::new(offset + limit, None));
                for segment in &segments {
                    let mut rows = segment.visible(&caller).unwrap();
                    segment.narrow(&mut rows, &query.filter).unwrap();
                    rows.keep(&segment.of_class(class).unwrap());
                    count += rows.count();
                    segment.ordered(ordering).unwrap().offer(&rows, &mut first);
                }
                assert_eq!((first.finish(offset), count), (right.places, right.count), "{query:?}");
            }
        }
    }
}
