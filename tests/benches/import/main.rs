//! Imports by the bucket door: rows a second, memory, what the table is asked for, and our own processor time; beside
//! it, in the same run, what a user would write instead with boto3.
//!
//! `cargo bench -p leadline-tests --bench import -- [ROWS…]` builds the function as it ships and runs it as Lambda does,
//! with a table and a bucket on loopback in this process, and prints Markdown tables. The function is a process of its
//! own, so its processor time is its own, whatever the engines take. With `-- --check` it fails when a limit is broken.
//! It needs Linux, and a Python 3 that can fetch boto3.

mod leads;
mod python;

use std::env;
use std::path::Path;
use std::process::ExitCode;

use leadline::BoxError;
use leadline_tests::stage::{self, Stage, Taken};
use tempfile::TempDir;
use tokio::runtime::Runtime;

type Result<T> = std::result::Result<T, BoxError>;

/// Rows of a file, where none are named.
const ROWS: [u32; 3] = [1_000, 10_000, 100_000];

/// Rows of a file that takes long enough for one run to tell.
const LONG: u32 = 50_000;
/// Rows of a file of which minutes must do: by one process of the function only, with `skip`.
const VERY_LONG: u32 = 200_000;

/// Most memory of the function, in bytes, however long the file.
const MOST_MEMORY: u64 = 128 << 20;
/// Rows a second of the client's processor time, as times of what Python brings in that also passes over known e-mails.
const LEAST_RATIO: f64 = 5.0;

/// How a file is imported.
struct Way {
    on_duplicate: &'static str,
    processes: usize,
    /// Most write units of a row.
    most_units: f64,
}

const WAYS: [Way; 3] = [
    Way { on_duplicate: "create", processes: 1, most_units: 4.0 },
    Way { on_duplicate: "skip", processes: 1, most_units: 8.0 },
    Way { on_duplicate: "skip", processes: 4, most_units: 8.0 },
];

/// A file imported in one of the [`WAYS`], or by Python.
struct Run {
    rows: u32,
    by: By,
    taken: Taken,
}

#[derive(Clone, Copy)]
enum By {
    Function(&'static Way),
    Python { skips: bool },
}

fn main() -> Result<ExitCode> {
    let check = env::args().any(|argument| argument == "--check");
    let named = env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let size = |rows: String| rows.parse().map_err(|_| format!("{rows} is no number of rows").into());
    let mut sizes = named.map(size).collect::<Result<Vec<u32>>>()?;
    if sizes.is_empty() {
        sizes.extend(ROWS);
    }
    let folder = TempDir::new()?;
    let binaries = stage::build(&["lead-import"], folder.path())?;
    let python = python::prepare(&stage::target()?)?;
    let runtime = Runtime::new()?;
    let mut runs = Vec::new();
    for rows in sizes {
        runs.extend(measure(&runtime, &binaries[0], &python, rows)?);
    }
    print(&runs);
    let broken = broken(&runs);
    for limit in &broken {
        println!("\nlimit broken: {limit}");
    }
    Ok(if check && !broken.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Imports a file of so many rows in every way, each into an empty table.
fn measure(runtime: &Runtime, binary: &Path, python: &Path, rows: u32) -> Result<Vec<Run>> {
    let folder = TempDir::new()?;
    let file = folder.path().join("leads.csv");
    leads::write(&file, rows)?;
    let mut runs = Vec::new();
    let is_brief = rows <= VERY_LONG;
    for way in WAYS.iter().filter(|way| is_brief || (way.on_duplicate, way.processes) == ("skip", 1)) {
        eprintln!("{rows} rows, {}, processes: {}", way.on_duplicate, way.processes);
        let taken = median(rows, || {
            let stage = Stage::new(runtime.handle())?;
            stage.put("leads.csv", &file, &[("on-duplicate", way.on_duplicate)])?;
            let taken = stage.handle(&stage.imports, binary, way.processes)?;
            stage.check(rows)?;
            Ok(taken)
        })?;
        runs.push(Run { rows, by: By::Function(way), taken });
    }
    for skips in [false, true].into_iter().filter(|_| is_brief) {
        eprintln!("{rows} rows, boto3");
        let taken = median(rows, || {
            let stage = Stage::new(runtime.handle())?;
            let key = stage.put("leads.csv", &file, &[])?;
            python::import(&stage, python, &key, rows, skips)
        })?;
        runs.push(Run { rows, by: By::Python { skips }, taken });
    }
    Ok(runs)
}

/// The run with the median of processor time; a long one is done once only.
fn median(rows: u32, run: impl Fn() -> Result<Taken>) -> Result<Taken> {
    let times = if rows > LONG { 1 } else { 3 };
    let mut all = (0..times).map(|_| run()).collect::<Result<Vec<_>>>()?;
    all.sort_by_key(|taken| taken.cpu);
    Ok(all.swap_remove(times / 2))
}

impl Run {
    fn of_row(&self, all: f64) -> f64 {
        all / f64::from(self.rows)
    }

    /// Rows a second of the client's processor time.
    fn rows_per_cpu(&self) -> f64 {
        f64::from(self.rows) / self.taken.cpu.as_secs_f64()
    }

    /// How many times the rows a second of Python's over the same file.
    fn ratio(&self, runs: &[Self], skipping: bool) -> f64 {
        let is_it = |run: &&Self| matches!(run.by, By::Python { skips } if skips == skipping);
        let python = runs.iter().filter(|run| run.rows == self.rows).find(is_it);
        python.map_or(f64::NAN, |python| self.rows_per_cpu() / python.rows_per_cpu())
    }

    fn name(&self) -> String {
        match self.by {
            By::Function(way) => format!("lead-import, `{}`", way.on_duplicate),
            By::Python { skips: false } => "boto3, leads alone".to_owned(),
            By::Python { skips: true } => "boto3, passing over known e-mails".to_owned(),
        }
    }

    fn processes(&self) -> usize {
        match self.by {
            By::Function(way) => way.processes,
            By::Python { .. } => 1,
        }
    }
}

fn print(runs: &[Run]) {
    println!(
        "| rows | client | processes | rows/s | peak memory | requests/row | write units/row | read units/row |"
    );
    println!("| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    for run in runs {
        let Taken { wall, peak, traffic, .. } = run.taken;
        println!(
            "| {} | {} | {} | {:.0} | {:.1} MB | {:.3} | {:.2} | {:.2} |",
            run.rows,
            run.name(),
            run.processes(),
            f64::from(run.rows) / wall.as_secs_f64(),
            megabytes(peak),
            run.of_row(traffic.requests.into()),
            run.of_row(traffic.write_units),
            run.of_row(traffic.read_units),
        );
    }
    println!(
        "\n| rows | client | processes | CPU/row | rows per second of CPU | times boto3's, leads alone | times boto3's \
         that passes over known e-mails |"
    );
    println!("| ---: | --- | ---: | ---: | ---: | ---: | ---: |");
    for run in runs {
        println!(
            "| {} | {} | {} | {:.1} µs | {:.0} | {:.1} | {:.1} |",
            run.rows,
            run.name(),
            run.processes(),
            run.of_row(run.taken.cpu.as_secs_f64() * 1e6),
            run.rows_per_cpu(),
            run.ratio(runs, false),
            run.ratio(runs, true),
        );
    }
}

#[expect(clippy::cast_precision_loss, reason = "a figure to look at")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// The limits that are broken.
fn broken(runs: &[Run]) -> Vec<String> {
    let mut broken = Vec::new();
    for run in runs {
        let By::Function(way) = run.by else { continue };
        let what = format!("{} rows, {}, {} at a time", run.rows, run.name(), way.processes);
        let units = run.of_row(run.taken.traffic.write_units);
        if units > way.most_units {
            broken.push(format!("{what}: {units:.2} write units a row, not {}", way.most_units));
        }
        if run.taken.peak > MOST_MEMORY {
            broken.push(format!(
                "{what}: {:.1} MB, not {:.1}",
                megabytes(run.taken.peak),
                megabytes(MOST_MEMORY)
            ));
        }
        let ratio = run.ratio(runs, true);
        if ratio < LEAST_RATIO && way.processes == 1 {
            broken.push(format!("{what}: {ratio:.1} times boto3's rows, not {LEAST_RATIO}"));
        }
    }
    broken
}
