//! What an import did, for people.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use leadline::domain::{RowCounts, RowError};
use leadline::import::{MOST_ERRORS, Shown};

use crate::commands::answer::grouped;

/// Most errors that are told.
const ERRORS: usize = 10;
/// Most columns that are named.
const COLUMNS: usize = 20;

/// Where all rows that failed are.
#[derive(Debug)]
pub(super) enum FailedRows<'a> {
    Link(&'a str),
    Saved(PathBuf),
}

/// A summary.
#[derive(Debug)]
pub(super) struct Summary<'a> {
    pub(super) file: &'a Path,
    pub(super) shown: &'a Shown,
    /// As the command saw it.
    pub(super) took: Duration,
    pub(super) failed_rows: Option<FailedRows<'a>>,
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (file, import) = (self.file.display(), &self.shown.import);
        if let Some(first) = import.repeat_of {
            writeln!(f, "{file}: the same file was imported before, as {first}")?;
            return writeln!(f, "Nothing was written; --again imports it again.");
        }
        let RowCounts { imported, updated, skipped, failed } = self.shown.counts;
        let (rows, seconds) = (self.shown.counts.rows(), self.seconds());
        writeln!(f, "{file}: {} rows in {seconds:.1} s{}", grouped(rows), speed(rows, seconds))?;
        if import.options.dry_run {
            writeln!(f, "This was a dry run: nothing was stored.")?;
        } else {
            writeln!(f, "Import {}", import.id)?;
        }
        writeln!(f)?;
        for (name, count) in
            [("imported", imported), ("updated", updated), ("skipped", skipped), ("failed", failed)]
        {
            writeln!(f, "  {name:<9}{:>11}", grouped(count))?;
        }
        self.write_ignored(f)?;
        self.write_errors(f)?;
        match &self.failed_rows {
            None => Ok(()),
            Some(FailedRows::Saved(path)) => {
                writeln!(f, "\nAll rows that failed, to be mended and imported: {}", path.display())
            }
            Some(FailedRows::Link(link)) => {
                writeln!(f, "\nAll rows that failed, to be mended and imported; good for 5 minutes:\n{link}")
            }
        }
    }
}

impl Summary<'_> {
    /// How long the import took, else the command.
    fn seconds(&self) -> f64 {
        let import = &self.shown.import;
        let times = import.started_on.zip(import.finished_on);
        let took = times.and_then(|(from, to)| (to - from).to_std().ok()).unwrap_or(self.took);
        took.as_secs_f64()
    }

    fn write_ignored(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = &self.shown.import.ignored_columns;
        if columns.is_empty() {
            return Ok(());
        }
        let named: Vec<String> = columns.iter().take(COLUMNS).map(|column| tame(column)).collect();
        let more = columns.len().saturating_sub(COLUMNS);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        writeln!(f, "\nIgnored columns: {}{more}", named.join(", "))
    }

    fn write_errors(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors = &self.shown.errors;
        for (n, error) in errors.iter().take(ERRORS).enumerate() {
            writeln!(f, "{}{}", if n == 0 { "\n" } else { "" }, line(error))?;
        }
        match errors.len() {
            0..=ERRORS => Ok(()),
            MOST_ERRORS.. => writeln!(f, "and at least {} more", MOST_ERRORS - ERRORS),
            all => writeln!(f, "and {} more", all - ERRORS),
        }
    }
}

/// An error as a line. What a file says may be anything, also what a terminal would obey.
fn line(error: &RowError) -> String {
    let RowError { row, field, column, value, error } = error;
    let column = if column.is_empty() { String::new() } else { format!(" ({})", tame(column)) };
    let value = if value.is_empty() { String::new() } else { format!(": {value:?}") };
    format!("row {row}, {field}{column}: {}{value}", tame(error))
}

fn tame(text: &str) -> String {
    text.replace(char::is_control, " ")
}

fn speed(rows: u32, seconds: f64) -> String {
    let speed = f64::from(rows) / seconds.max(0.001);
    if speed < 1.0 { String::new() } else { format!(", {} a second", grouped(format!("{speed:.0}"))) }
}

/// What became of rows, but for what became of none.
pub(super) fn counts(counts: &RowCounts) -> String {
    let RowCounts { imported, updated, skipped, failed } = *counts;
    let all = [(imported, "imported"), (updated, "updated"), (skipped, "skipped"), (failed, "failed")];
    let some = all.iter().filter(|(count, _)| *count > 0);
    some.map(|(count, name)| format!("{} {name}", grouped(count))).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
pub(super) mod tests {
    use chrono::{DateTime, TimeDelta};
    use leadline::domain::{Import, ImportId, ImportOptions, ImportState, OrgId};

    use super::*;

    const IMPORT: &str = "0198c5a0-0000-7000-8000-000000000001";

    /// Four rows in half a second, of which the last one failed.
    pub(in super::super) fn shown() -> Shown {
        let org: OrgId = "0198c5a0-0000-7000-8000-000000000000".parse().unwrap();
        let now = DateTime::from_timestamp_millis(1_756_000_000_000).unwrap();
        let new = Import::new(IMPORT.parse().unwrap(), org, "leads.csv", ImportOptions::default(), None, now);
        let import = Import {
            state: ImportState::Success,
            started_on: Some(now),
            finished_on: Some(now + TimeDelta::milliseconds(500)),
            rows: 4,
            ..new
        };
        Shown {
            import,
            counts: RowCounts { imported: 3, failed: 1, ..RowCounts::default() },
            errors: vec![RowError::new(5, "email", ("E-Mail", "x@"), "must be an e-mail address")],
            progress: 100,
            rows_per_second: 8,
            errors_file: None,
        }
    }

    fn summary(shown: &Shown, failed_rows: Option<FailedRows<'_>>) -> String {
        let took = Duration::from_secs(2);
        Summary { file: Path::new("leads.csv"), shown, took, failed_rows }.to_string()
    }

    #[test]
    fn a_summary_has_counts_columns_errors_and_where_the_failed_rows_are() {
        let mut shown = shown();
        shown.import.ignored_columns = vec!["Shoe size".to_owned(), "Star\u{1b}sign".to_owned()];

        let text = summary(&shown, Some(FailedRows::Saved("failed.csv".into())));

        let expected = "\
leads.csv: 4 rows in 0.5 s, 8 a second
Import 0198c5a0-0000-7000-8000-000000000001

  imported           3
  updated            0
  skipped            0
  failed             1

Ignored columns: Shoe size, Star sign

row 5, email (E-Mail): must be an e-mail address: \"x@\"

All rows that failed, to be mended and imported: failed.csv
";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_dry_run_and_a_repeat_say_that_nothing_was_written() {
        let mut tried = shown();
        (tried.import.options.dry_run, tried.import.started_on) = (true, None);
        let text = summary(&tried, None);
        assert!(text.starts_with("leads.csv: 4 rows in 2.0 s, 2 a second\n"), "{text}");
        assert!(text.contains("nothing was stored") && !text.contains(IMPORT), "{text}");

        let mut repeat = shown();
        repeat.import.repeat_of = Some(IMPORT.parse::<ImportId>().unwrap());
        let text = summary(&repeat, None);
        assert!(text.contains(IMPORT) && text.contains("--again"), "{text}");
        assert!(!text.contains("imported  "), "{text}");
    }

    #[test]
    fn the_first_errors_are_told() {
        let mut shown = shown();
        let error = |row| RowError::new(row, "last_name", ("", ""), "is required");

        let mut told = |count: u32| {
            shown.errors = (2..2 + count).map(error).collect();
            let text = summary(&shown, None);
            let lines = text.lines().filter(|line| line.starts_with("row ")).count();
            (lines, text.lines().next_back().unwrap().to_owned())
        };

        assert_eq!(told(10), (10, "row 11, last_name: is required".to_owned()));
        assert_eq!(told(11), (10, "and 1 more".to_owned()));
        assert_eq!(told(999), (10, "and 989 more".to_owned()));
        assert_eq!(told(1_000), (10, "and at least 990 more".to_owned()));
    }

    #[test]
    fn what_a_cell_says_is_no_command_to_the_terminal() {
        let said = line(&RowError::new(2, "name", ("a\nb", "\u{1b}[2J\"\n"), "c\rd"));

        assert_eq!(said, "row 2, name (a b): c d: \"\\u{1b}[2J\\\"\\n\"");
    }

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(counts(&RowCounts { skipped: 1_000, ..RowCounts::default() }), "1,000 skipped");
    }
}
