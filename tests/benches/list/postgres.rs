//! The same leads in PostgreSQL, in tables as Django-CRM has them, asked as Django's ORM asks.
//!
//! A server of its own, from the binaries that are installed, in a temporary folder and on a socket there.

use std::env;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use leadline::domain::{OrgId, UserId};
use leadline_tests::stage::Draw;
use tempfile::TempDir;

use crate::Result;
use crate::kinds::Kind;
use crate::leads::{Lead, TAGS};

/// Tables and indexes as Django makes them: of keys and of foreign keys, nothing for parts of texts.
const SCHEMA: &str = include_str!("schema.sql");
const INDEXES: &str = include_str!("indexes.sql");
/// More than Debian's defaults, so that nothing need be read from a disk.
const SETTINGS: [&str; 5] =
    ["shared_buffers=1GB", "work_mem=64MB", "effective_cache_size=4GB", "fsync=off", "listen_addresses="];
const PATIENCE: Duration = Duration::from_secs(30);

/// A server, which ends with the value.
pub(crate) struct Postgres {
    version: String,
    folder: TempDir,
    server: Child,
    programs: PathBuf,
    owner: Option<(u32, u32)>,
}

impl Postgres {
    /// Starts an empty one; none if PostgreSQL is not installed.
    pub(crate) fn start() -> Result<Option<Self>> {
        let Some(programs) = programs() else { return Ok(None) };
        let folder = TempDir::new()?;
        // The server refuses to run as root.
        let owner = match fs::metadata("/proc/self")?.uid() {
            0 => Some(unprivileged()?),
            _ => None,
        };
        if let Some((user, group)) = owner {
            chown(folder.path(), Some(user), Some(group))?;
        }
        let data = folder.path().join("data");
        let mut init = command(&programs.join("initdb"), owner);
        init.args([
            "--auth=trust",
            "--username=bench",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
            "-D",
        ]);
        if !init.arg(&data).current_dir(folder.path()).stdout(Stdio::null()).status()?.success() {
            return Err("initdb failed".into());
        }
        let mut server = command(&programs.join("postgres"), owner);
        server.arg("-D").arg(&data).arg("-k").arg(folder.path()).current_dir(folder.path());
        server.args(SETTINGS.iter().flat_map(|setting| ["-c", setting]));
        server.stdout(Stdio::null()).stderr(File::create(folder.path().join("log"))?);
        let server = server.spawn()?;
        let mut postgres = Self { version: String::new(), folder, server, programs, owner };
        let started = Instant::now();
        while postgres.ask("SELECT 1").is_err() {
            if started.elapsed() > PATIENCE || postgres.server.try_wait()?.is_some() {
                return Err(fs::read_to_string(postgres.folder.path().join("log"))?.into());
            }
            thread::sleep(Duration::from_millis(100));
        }
        postgres.version = postgres.ask("SHOW server_version")?.trim().to_owned();
        Ok(Some(postgres))
    }

    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// Brings in all leads.
    pub(crate) fn load(&self, org: OrgId, people: &[UserId], leads: u32, imported: u32) -> Result<()> {
        let path = |table: &str| self.folder.path().join(format!("{table}.csv"));
        let open = |table| Ok::<_, std::io::Error>(BufWriter::new(File::create(path(table))?));
        let (mut lead, mut tags, mut assigned) =
            (open("lead")?, open("lead_tags")?, open("lead_assigned_to")?);
        for row in 0..leads {
            let it = Lead::new(row, imported);
            let mut draw = Draw(!u64::from(row));
            let id = format!("{:016x}{:016x}", draw.number(), draw.number());
            writeln!(
                lead,
                "{id},{},{},{},{},{},{},{},{},{},{},{},{},{},{org}",
                it.title,
                it.first_name,
                it.last_name,
                it.email,
                it.phone,
                it.status,
                it.source,
                it.account_name,
                it.postcode,
                it.city,
                it.country,
                it.amount,
                format_args!("\"{}\"", it.notes),
            )?;
            for tag in &it.tags {
                let tag = TAGS.iter().position(|known| known == tag).unwrap_or_default();
                writeln!(tags, "{id},{tag}")?;
            }
            if let Some(owner) = it.owner.and_then(|owner| people.get(usize::try_from(owner).ok()?)) {
                writeln!(assigned, "{id},{owner}")?;
            }
        }
        for mut file in [lead, tags, assigned] {
            file.flush()?;
        }
        let copy = |table: &str, columns: &str| {
            format!("\\copy {table} ({columns}) FROM '{}' CSV\n", path(table).display())
        };
        let columns = "id, title, first_name, last_name, email, phone, status, source, account_name, postcode, city, \
                       country, opportunity_amount, description, org_id";
        let copies = copy("lead", columns)
            + &copy("lead_tags", "lead_id, tags_id")
            + &copy("lead_assigned_to", "lead_id, profile_id");
        self.ask(&format!("{SCHEMA}\n{copies}\n{INDEXES}\nVACUUM ANALYZE;\n"))?;
        Ok(())
    }

    /// How many open and closed leads it finds.
    pub(crate) fn counts(&self, kind: &Kind, org: OrgId) -> Result<Option<(u64, u64)>> {
        let Some([open, _, closed, _]) = kind.statements(org) else { return Ok(None) };
        let answer = self.ask(&format!("{open}\n{closed}"))?;
        let counts =
            answer.split_whitespace().map(str::parse).collect::<std::result::Result<Vec<u64>, _>>()?;
        match counts[..] {
            [open, closed] => Ok(Some((open, closed))),
            _ => Err(format!("no counts: {answer}").into()),
        }
    }

    /// How long the four statements take in one connection, warm: each time of so many.
    pub(crate) fn times(&self, kind: &Kind, org: OrgId, times: usize) -> Result<Option<Vec<Duration>>> {
        let Some(statements) = kind.statements(org) else { return Ok(None) };
        let once = statements.join("\n");
        let script = format!("\\o /dev/null\n\\timing on\n{}", format!("{once}\n").repeat(times + 1));
        let answer = self.ask(&script)?;
        let taken = answer.lines().filter_map(|line| line.strip_prefix("Time: ")?.split(' ').next());
        let taken = taken.map(str::parse).collect::<std::result::Result<Vec<f64>, _>>()?;
        let sums = taken.chunks(statements.len()).skip(1); // the first is cold
        Ok(Some(sums.map(|four| Duration::from_secs_f64(four.iter().sum::<f64>() / 1e3)).collect()))
    }

    fn ask(&self, script: &str) -> Result<String> {
        let file = self.folder.path().join("script.sql");
        fs::write(&file, script)?;
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "bench", "-d", "postgres", "-h"]);
        let output = psql.arg(self.folder.path()).arg("-f").arg(file).stdin(Stdio::null()).output()?;
        match output.status.success() {
            true => Ok(String::from_utf8(output.stdout)?),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned().into()),
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let mut stop = command(&self.programs.join("pg_ctl"), self.owner);
        stop.args(["stop", "--silent", "--mode=immediate", "-D"]).arg(self.folder.path().join("data"));
        // If it cannot be stopped so, it is killed.
        let stopped = stop.current_dir(self.folder.path()).status().is_ok_and(|status| status.success());
        if !stopped {
            let _ = self.server.kill();
        }
        let _ = self.server.wait();
    }
}

/// The folder of PostgreSQL's programs: in `PATH`, or where Debian has them.
fn programs() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = env::split_paths(&path).collect();
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    folders.extend(versions.map(|version| version.path().join("bin")));
    let all = ["initdb", "postgres", "pg_ctl", "psql"];
    folders.into_iter().find(|folder| all.iter().all(|program| folder.join(program).exists()))
}

/// User and group that the package made, or nobody's.
fn unprivileged() -> Result<(u32, u32)> {
    let users = fs::read_to_string("/etc/passwd")?;
    let of = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut ids = line.split(':').skip(2).map(str::parse);
        Some((ids.next()?.ok()?, ids.next()?.ok()?))
    };
    of("postgres").or_else(|| of("nobody")).ok_or_else(|| "there is no unprivileged user".into())
}

fn command(program: &Path, owner: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(program);
    if let Some((user, group)) = owner {
        command.uid(user).gid(group);
    }
    command
}
