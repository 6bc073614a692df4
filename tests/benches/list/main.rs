//! The list at any size: what a query reads, and how long it takes, cold and warm; beside it, in the same run, the same
//! leads and queries in PostgreSQL, as Django's ORM asks them; and what folding costs, and whether writers feel it.
//!
//! `cargo bench -p leadline-tests --bench list -- [LEADS…]` builds the functions as they ship and runs them as Lambda
//! does, each a process of its own, with a table and a bucket on loopback in this process, and prints Markdown tables.
//! With `-- --check` it fails when a limit is broken. It needs Linux. PostgreSQL is left out where it is not installed.

mod data;
mod kinds;
mod leads;
mod lists;
mod postgres;
mod price;
mod tables;
mod writers;

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use data::{Brought, Data, SINCE};
use kinds::Kind;
use leadline::BoxError;
use leadline_tests::stage;
use lists::Measured;
use postgres::Postgres;
use tempfile::TempDir;
use tokio::runtime::{Handle, Runtime};

type Result<T> = std::result::Result<T, BoxError>;

/// Leads of an organisation, where none are named.
const LEADS: [u32; 3] = [10_000, 100_000, 1_000_000];

/// Most read units of a list beside those of the page's own leads.
const MOST_UNITS: f64 = 65.0;
/// Most processor time of a warm function.
const MOST_CPU: Duration = Duration::from_millis(50);
/// Most time of a function's start and its first list.
const MOST_COLD: Duration = Duration::from_secs(2);
/// Most memory of the function, in bytes, whatever it is asked.
const MOST_MEMORY: u64 = 256 << 20;
/// Most rounds of a page without filters.
const MOST_ROUNDS: f64 = 2.0;

/// The functions as they ship.
pub(crate) struct Binaries {
    pub(crate) import: PathBuf,
    pub(crate) list: PathBuf,
    pub(crate) site_lead: PathBuf,
}

/// What was measured with so many leads.
struct Run {
    leads: u32,
    brought: Brought,
    /// Each kind; the time that PostgreSQL takes.
    kinds: Vec<(Kind, Measured, Option<Duration>)>,
    /// Most memory of a process that was asked all kinds.
    peak: u64,
    /// Whose times stand beside ours.
    postgres: Option<String>,
}

fn main() -> Result<ExitCode> {
    let check = env::args().any(|argument| argument == "--check");
    let named = env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let size = |leads: String| match leads.parse() {
        Ok(leads) if leads >= 1_000 => Ok(leads),
        _ => Err(format!("{leads} is no number of leads of at least 1,000").into()),
    };
    let mut sizes = named.map(size).collect::<Result<Vec<u32>>>()?;
    if sizes.is_empty() {
        sizes.extend(LEADS);
    }
    let folder = TempDir::new()?;
    let mut built = stage::build(&["lead-import", "lead-list", "lead-site-lead"], folder.path())?.into_iter();
    let mut next = || built.next().ok_or("a function is missing");
    let binaries = Binaries { import: next()?, list: next()?, site_lead: next()? };
    let runtime = Runtime::new()?;
    let mut runs = Vec::new();
    for leads in sizes {
        let run = measure(runtime.handle(), &binaries, leads)?;
        tables::print(&run);
        runs.push(run);
    }
    eprintln!("captures beside folds");
    tables::print_writers(&writers::measure(runtime.handle(), &binaries)?);
    let broken: Vec<String> = runs.iter().flat_map(broken).collect();
    for limit in &broken {
        println!("\nlimit broken: {limit}");
    }
    Ok(if check && !broken.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Measures all kinds of query with so many leads.
fn measure(runtime: &Handle, binaries: &Binaries, leads: u32) -> Result<Run> {
    eprintln!("{leads} leads: they are brought in");
    let mut data = Data::new(runtime)?;
    let brought = data.bring_in(binaries, leads)?;
    let postgres = Postgres::start()?;
    match &postgres {
        Some(postgres) => postgres.load(data.stage.org, &data.people, leads, data.imported)?,
        None => eprintln!(
            "PostgreSQL is not installed and is left out: it needs initdb, postgres, pg_ctl and psql"
        ),
    }
    let mut measured = Vec::new();
    for kind in kinds::all(leads, &data.people) {
        eprintln!("{leads} leads: {}", kind.name);
        let ours = lists::measure(&data, &binaries.list, &kind)?;
        exact(&kind, ours.counts, kind.counts(leads, leads - SINCE))?;
        let mut theirs = None;
        if let Some(postgres) = &postgres {
            if let Some(counts) = postgres.counts(&kind, data.stage.org)? {
                exact(&kind, ours.counts, counts)?;
            }
            let times = postgres.times(&kind, data.stage.org, if leads > 100_000 { 3 } else { 5 })?;
            theirs = times.map(|mut times| {
                times.sort_unstable();
                times[times.len() / 2]
            });
        }
        measured.push((kind, ours, theirs));
    }
    let all = kinds::all(leads, &data.people);
    let peak = lists::peak_of_all(&data, &binaries.list, &all)?;
    let postgres = postgres.map(|postgres| postgres.version().to_owned());
    Ok(Run { leads, brought, kinds: measured, peak, postgres })
}

/// An error unless the counts are what they must be.
fn exact(kind: &Kind, ours: (u64, u64), theirs: (u64, u64)) -> Result<()> {
    match ours == theirs {
        true => Ok(()),
        false => Err(format!("{}: counts are {ours:?}, not {theirs:?}", kind.name).into()),
    }
}

/// The limits that are broken.
fn broken(run: &Run) -> Vec<String> {
    let mut broken = Vec::new();
    for (kind, measured, _) in &run.kinds {
        let mut limit = |is: bool, what: String| {
            if is {
                broken.push(format!("{} leads, {}: {what}", run.leads, kind.name));
            }
        };
        let Measured { cold, warm, rounds, peak, .. } = measured;
        let units = measured.units_beside();
        limit(kind.is_filter && units > MOST_UNITS, format!("{units:.1} read units, not {MOST_UNITS}"));
        limit(warm.cpu > MOST_CPU, format!("{:?} of processor time, not {MOST_CPU:?}", warm.cpu));
        limit(cold.wall > MOST_COLD, format!("{:?} with a cold function, not {MOST_COLD:?}", cold.wall));
        limit(*peak > MOST_MEMORY, format!("{peak} bytes of memory, not {MOST_MEMORY}"));
        let plain = matches!(kind.query.as_str(), "" | "fields=leads");
        limit(plain && *rounds > MOST_ROUNDS, format!("{rounds} rounds, not {MOST_ROUNDS}"));
    }
    if run.peak > MOST_MEMORY {
        broken
            .push(format!("{} leads, all kinds: {} bytes of memory, not {MOST_MEMORY}", run.leads, run.peak));
    }
    broken
}
