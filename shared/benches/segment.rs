//! Questions to a million leads in segments, and to their rows beside them.
//!
//! `cargo bench -p leadline --bench segment -- 1000000` prints tables of times and sizes. One thread, nothing but memory:
//! what the table and the bucket cost is measured elsewhere.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot be set up has failed")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use chrono::DateTime;
use leadline::domain::{
    Caller, Door, Fields, Lead, LeadDetails, LeadFilter, LeadId, OrderField, Ordering, OrgId, Person, Role,
    Search, Status, StatusClass, TeamId, UserId, Value, fold,
};
use leadline::index::segment::{Column, Columns, First, Header, Segment, Writer, place_after};
use leadline::index::{Choice, ListQuery, Row};
use uuid::Uuid;

const ORG: OrgId = OrgId(Uuid::nil());
/// Leads of a segment.
const SEGMENT: usize = 62_500;
/// A question is asked so often; the time in the middle counts.
const TIMES: usize = 9;
/// Leads before a page that is far from the first.
const DEEP: usize = 500_000;
/// When the first lead is opened, in milliseconds since 1970; the others come 400 ms apart.
const START: u64 = 1_760_000_000_000;
const SYLLABLES: [&str; 24] = [
    "an", "ber", "cla", "den", "el", "fra", "gor", "hil", "is", "jo", "kar", "lu", "mar", "nor", "os", "pe",
    "qui", "ro", "sta", "ti", "ul", "ver", "wen", "zü",
];
const TITLES: [&str; 6] =
    ["Roof", "Solar plant", "Kitchen", "Fleet insurance", "Server room", "Annual audit"];

struct Question {
    what: &'static str,
    caller: Caller,
    query: ListQuery,
    facets: bool,
}

fn main() {
    let leads = std::env::args().filter_map(|text| text.parse().ok()).next().unwrap_or(1_000_000);
    let random = &mut fastrand::Rng::with_seed(1);
    let (mut files, mut packed, mut writing) = (Vec::new(), Vec::new(), Duration::ZERO);
    let mut writer = Writer::new(ORG);
    for n in 0..leads {
        let lead = lead(random, n);
        let row = Row::of(&lead);
        packed.push((lead.id, row.pack().unwrap()));
        let start = Instant::now();
        writer.push(&row).unwrap();
        if writer.rows() == SEGMENT || n + 1 == leads {
            let full = std::mem::replace(&mut writer, Writer::new(ORG));
            files.push(full.finish().unwrap());
        }
        writing += start.elapsed();
    }
    let segments: Vec<Segment> = files.iter().map(|file| Segment::open(ORG, file).unwrap()).collect();
    let rows: usize = packed.iter().map(|(_, row)| row.len()).sum();
    let (count, seconds) = (segments.len(), writing.as_secs_f64());
    println!("{leads} leads, as rows {:.0} MB, in {count} segments, written in {seconds:.1} s\n", mb(rows));
    columns(&files);
    println!("\n| question | leads | warm | cold: fetched | unpacked in | from rows | rows / segments |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for question in questions() {
        let needs = question.columns();
        let fetched: usize = segments.iter().map(|segment| stored(segment.header(), needs)).sum();
        let (_, unpacking) = middle(3, || unpack(&files, needs));
        let (counts, warm) = middle(TIMES, || question.ask(&segments));
        let (right, rows) = middle(1, || question.ask_rows(&packed));
        assert_eq!(counts, right, "{}", question.what);
        println!(
            "| {} | {} | {:.1} ms | {:.1} MB | {:.0} ms | {:.0} ms | {:.0} |",
            question.what,
            counts[0] + counts[1],
            ms(warm),
            mb(fetched),
            ms(unpacking),
            ms(rows),
            rows.as_secs_f64() / warm.as_secs_f64(),
        );
    }
}

/// What each column takes.
fn columns(files: &[Vec<u8>]) {
    println!("| column | stored | in memory | unpacked in |");
    println!("| --- | --- | --- | --- |");
    let all = Columns::all();
    for columns in all.iter().map(|column| [column].into_iter().collect()).chain([all]) {
        let (memory, time) = middle(3, || unpack(files, columns));
        let stored: usize = files.iter().map(|file| stored(&Header::read(ORG, file).unwrap(), columns)).sum();
        let name = if columns == all { "all" } else { columns.iter().next().unwrap().as_str() };
        println!("| {name} | {:.1} MB | {:.1} MB | {:.0} ms |", mb(stored), mb(memory), ms(time));
    }
}

/// Bytes in the file that hold some columns.
fn stored(header: &Header, columns: Columns) -> usize {
    Segment::new(header.clone()).ranges(columns).iter().map(ExactSizeIterator::len).sum()
}

/// Reads some columns; answers how much memory they take.
fn unpack(files: &[Vec<u8>], columns: Columns) -> usize {
    let segments = files.iter().map(|file| {
        let segment = Segment::new(Header::read(ORG, file).unwrap());
        segment.feed(0, file, columns).unwrap();
        segment
    });
    segments.collect::<Vec<_>>().iter().map(Segment::memory).sum()
}

impl Question {
    fn columns(&self) -> Columns {
        let mut columns = Columns::of_ordering(self.query.ordering).with(Column::Status);
        columns.extend(Columns::of_rights(&self.caller).iter());
        columns.extend(Columns::of_filter(&self.query.filter).iter());
        if self.facets {
            columns.extend([Column::Source, Column::Tags, Column::AssignedTo, Column::City]);
        }
        columns
    }

    /// Exact counts of the open and the closed leads, and the page of the open ones.
    fn ask(&self, segments: &[Segment]) -> [usize; 2] {
        let (mut closed, mut open) = (0, Vec::new());
        for segment in segments.iter().rev() {
            let mut rows = segment.visible(&self.caller).unwrap();
            segment.narrow(&mut rows, &self.query.filter).unwrap();
            closed += rows.count_with(&segment.of_class(StatusClass::Closed).unwrap());
            if self.facets {
                for column in [Column::Source, Column::Tags, Column::City] {
                    black_box(segment.counts_of_texts(column, &rows).unwrap().count());
                }
                black_box(segment.counts_of_users(&rows).unwrap().count());
            }
            rows.keep(&segment.of_class(StatusClass::Open).unwrap());
            open.push((segment.ordered(self.query.ordering).unwrap(), rows));
        }
        let (count, end) =
            (open.iter().map(|(_, rows)| rows.count()).sum(), self.query.offset + self.query.limit);
        let older = |id| open.iter().map(|(ordered, rows)| ordered.older(rows, id)).sum();
        let mut first = First::new(end, None);
        if self.query.offset > 0 && self.query.ordering.field == OrderField::CreatedOn {
            let place = place_after(self.query.offset, count, self.query.ordering, older);
            open.iter_mut().for_each(|(ordered, rows)| ordered.keep_after(rows, &place));
            first = First::new(self.query.limit, Some(place));
        }
        open.iter().for_each(|(ordered, rows)| ordered.offer(rows, &mut first));
        black_box(first.finish(end - self.query.limit));
        [count, closed]
    }

    /// The same counts, row by row.
    fn ask_rows(&self, rows: &[(LeadId, Vec<u8>)]) -> [usize; 2] {
        let mut choice = Choice::new(&self.caller, &self.query);
        rows.iter().rev().for_each(|(id, row)| choice.look_at(&Row::unpack(*id, row).unwrap()));
        let chosen = choice.finish();
        [chosen.open.count, chosen.closed.count]
    }
}

fn questions() -> Vec<Question> {
    let part = |text: &str| Some(fold(text));
    let none = LeadFilter::default;
    let by = |field| Ordering { field, descending: true };
    let ask = |what, filter| {
        let query = ListQuery { filter, limit: 10, ..ListQuery::default() };
        Question { what, caller: caller(Role::Admin), query, facets: false }
    };
    let ordered = |what, field, offset| {
        let query = ListQuery { ordering: by(field), limit: 10, offset, ..ListQuery::default() };
        Question { query, ..ask(what, none()) }
    };
    let (tag, assignee) = (["tag 7".to_owned()].into(), [user(3)].into());
    let (name, city, statuses) = (part("zümar"), part("berg"), vec![Status::Assigned]);
    let created_after = DateTime::from_timestamp_millis(START as i64 + 200_000_000);
    vec![
        ask("no filter", none()),
        ordered("no filter, offset 500,000", OrderField::CreatedOn, DEEP),
        ask("status", LeadFilter { statuses: vec![Status::InProcess], ..none() }),
        ask("tag and assignee", LeadFilter { tags: tag, assigned_to: assignee, ..none() }),
        ask("title part", LeadFilter { title: part("Kitchen in Ros"), ..none() }),
        ask("name part, status, city part", LeadFilter { name, statuses, city, ..none() }),
        ask("e-mail part", LeadFilter { email: part("stati7"), ..none() }),
        ask("search, rare", LeadFilter { search: Search::of("zümarzü"), ..none() }),
        ask("search, two letters", LeadFilter { search: Search::of("an"), ..none() }),
        ask("search, one letter", LeadFilter { search: Search::of("z"), ..none() }),
        ask("search, digits of a phone", LeadFilter { search: Search::of("30 123"), ..none() }),
        ask("created and amount", LeadFilter { created_after, amount_min: "5000".parse().ok(), ..none() }),
        Question { caller: caller(Role::User), ..ask("USER, no filter", none()) },
        Question {
            caller: caller(Role::User),
            ..ask("USER, search", LeadFilter { search: Search::of("an"), ..none() })
        },
        ordered("by updated_on", OrderField::UpdatedOn, 0),
        ordered("by amount", OrderField::OpportunityAmount, 0),
        ordered("by last name", OrderField::LastName, 0),
        ordered("by last name, offset 100,000", OrderField::LastName, ListQuery::FURTHEST),
        Question { facets: true, ..ask("four facets of all", none()) },
    ]
}

fn caller(role: Role) -> Caller {
    let person = Person { id: user(5), email: String::new(), name: String::new() };
    Caller { user: user(5), org: ORG, role, teams: vec![TeamId(Uuid::from_u128(2))], person }
}

fn user(n: u128) -> UserId {
    UserId(Uuid::from_u128(0x0199_d000_0000_7000_8000_0000_0000_0000 + n * 0x1357_9bdf))
}

fn lead(random: &mut fastrand::Rng, n: usize) -> Lead {
    let word = |random: &mut fastrand::Rng, syllables: usize| -> String {
        let word: String = (0..syllables).map(|_| *random.choice(&SYLLABLES).unwrap()).collect();
        word[..1].to_uppercase() + &word[1..]
    };
    let (first, last) = (word(random, 2), word(random, 3));
    let city = word(random, 2) + ["berg", "dorf", "stadt", ""][random.usize(0..4)];
    let mut fields = Fields::default();
    let mut set = |name: &'static str, text: String| fields.set(name, Value::Text(text));
    set("email", format!("{}.{}{}@{}.example", ascii(&first), ascii(&last), random.u8(..), ascii(&city)));
    if random.u8(..) < 180 {
        set("title", format!("{} in {city}", random.choice(TITLES).unwrap()));
    }
    if random.bool() {
        set("phone", format!("+49 {} {}", random.u32(30..999), random.u32(100_000..9_999_999)));
        set("opportunity_amount", (random.u32(1..2_000) * 500).to_string());
        set("account_name", format!("{} & Söhne {}", word(random, 3), ["GmbH", "AG"][random.usize(0..2)]));
    }
    set("source", format!("Source {}", random.u8(0..12)));
    for (name, text) in [("first_name", first), ("last_name", last), ("city", city)] {
        set(name, text);
    }
    let tags = (0..random.usize(0..4)).map(|_| Value::Text(format!("tag {}", random.u8(0..60))));
    fields.set("tags", Value::List(tags.collect()));
    let mut details = LeadDetails::open(Door::Api, &fields).unwrap();
    details.status = *random.choice(&Status::ALL).unwrap();
    details.assigned_to = vec![user(random.u128(0..40))];
    details.teams = (0..random.usize(0..2)).map(|_| TeamId(Uuid::from_u128(random.u128(0..200)))).collect();
    let by = random.bool().then(|| Person { id: user(random.u128(0..2000)), ..caller(Role::User).person });
    let time = START + n as u64 * 400 + random.u64(0..400);
    let id = u128::from(time) << 80 | 7 << 76 | random.u128(0..1 << 76);
    let now = DateTime::from_timestamp_millis(time as i64).unwrap();
    let mut lead = Lead::open(LeadId(Uuid::from_u128(id)), ORG, details, by, now);
    lead.updated_on += chrono::Duration::milliseconds(random.i64(0..30 * 86_400_000));
    lead
}

fn ascii(text: &str) -> String {
    text.replace('ü', "ue").to_lowercase()
}

/// The answer, and the time in the middle of several.
fn middle<T>(times: usize, mut run: impl FnMut() -> T) -> (T, Duration) {
    let mut once = || {
        let start = Instant::now();
        let answer = black_box(run());
        (start.elapsed(), answer)
    };
    let mut all: Vec<_> = (0..times).map(|_| once()).collect();
    all.sort_by_key(|(time, _)| *time);
    let (time, answer) = all.swap_remove(times / 2);
    (answer, time)
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn mb(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}
