//! `leadctl doctor`: compares what must agree in an organisation, and mends it if it is told to.

use std::fmt::Write as _;

use leadline::BoxError;
use leadline::doctor::{Checked, Doctor, Finding, Mended, Step};
use leadline::domain::OrgId;
use serde_json::{Value, json};

use super::Ended;
use super::answer::{Answer, grouped};
use super::place::Place;
use super::progress::Progress;
use crate::args;

/// Most findings that people see.
const MOST: usize = 100;
/// The exit status if something differs, see the command's help.
const DIFFERS: u8 = 3;

pub(super) async fn run(place: &Place, wanted: &args::Doctor, json: bool) -> Result<Ended, BoxError> {
    let org = place.require_org(wanted.at.org).await?;
    let doctor = Doctor::new(&place.store, place.files().ok(), &place.clock, org);
    let mut progress = Progress::new(json);
    let mut tell = |step| progress.show("", &text(step));
    let mended = match wanted.repair {
        true => doctor.repair(&mut tell).await?,
        false => Mended { report: doctor.examine(&mut tell).await?, ..Mended::default() },
    };
    drop(progress);
    let answer = match json {
        true => Answer::One(value(org, &mended)),
        false => Answer::Text { name: "report", text: report(&mended) },
    };
    let status = if mended.report.findings.is_empty() { 0 } else { DIFFERS };
    Ok(Ended { answer: Some(answer), complaint: None, status })
}

fn text(step: Step) -> String {
    match step {
        Step::Reading { items, leads } => {
            format!(
                "reading the table: {} items, {} leads of the organisation",
                grouped(items),
                grouped(leads)
            )
        }
        Step::Checking(0) => "nothing seems to differ".to_owned(),
        Step::Checking(suspects) => format!("looking again at {} that may differ", grouped(suspects)),
        Step::Mending(findings) => format!("repairing {}", grouped(findings)),
    }
}

/// All findings, for programs.
fn value(org: OrgId, mended: &Mended) -> Value {
    let finding = |finding: &Finding, repaired: bool| {
        json!({
            "kind": finding.kind, "id": finding.id, "problem": finding.problem, "repaired": repaired,
        })
    };
    let left = mended.report.findings.iter().map(|it| finding(it, false));
    let repaired = mended.repaired.iter().map(|it| finding(it, true));
    json!({
        "org": org,
        "leads": mended.report.checked.leads,
        "checked": mended.report.checked,
        "not_compared": mended.report.unsettled,
        "findings": left.chain(repaired).collect::<Vec<_>>(),
        "repaired": mended.repaired.len(),
    })
}

/// What people read: a line for each finding, then the whole in a few words.
fn report(mended: &Mended) -> String {
    let Mended { report, repaired } = mended;
    let left = report.findings.iter().map(|finding| finding.to_string());
    let lines = left.chain(repaired.iter().map(|finding| format!("{finding}; repaired")));
    let all = report.findings.len() + repaired.len();
    let mut text: String = lines.take(MOST).map(|line| line + "\n").collect();
    if all > MOST {
        let _ = writeln!(text, "and {} more; --json has all", grouped(all - MOST));
    }
    let _ = writeln!(text, "{}", checked(&report.checked));
    for what in &report.unsettled {
        let _ = writeln!(text, "not compared, for they changed all the while: {what}; run it again later");
    }
    let _ = match (report.findings.len(), repaired.len()) {
        (0, 0) => writeln!(text, "all of it agrees"),
        (0, repaired) => writeln!(text, "{} repaired; all of it agrees now", grouped(repaired)),
        (left, 0) => writeln!(text, "{} found", grouped(left)),
        (left, repaired) => writeln!(text, "{} repaired, {} left", grouped(repaired), grouped(left)),
    };
    text
}

fn checked(checked: &Checked) -> String {
    let Checked {
        leads, rows, segments, emails, contacts, companies, accounts, comments, attachments, ..
    } = checked;
    let counts = [
        (leads, "leads"),
        (rows, "rows of the list index"),
        (segments, "segments"),
        (emails, "e-mails"),
        (contacts, "contacts"),
        (companies, "companies"),
        (accounts, "accounts"),
        (comments, "comments"),
        (attachments, "files"),
    ];
    let counts = counts.map(|(count, name)| format!("{} {name}", grouped(count)));
    format!("compared {}, and all counters", counts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_ends_in_a_few_words() {
        let report = report(&Mended::default());

        let lines: Vec<&str> = report.lines().collect();
        assert_eq!(lines.len(), 2, "{report}");
        assert!(lines[0].starts_with("compared 0 leads, 0 rows of the list index, "), "{report}");
        assert_eq!(lines[1], "all of it agrees");
    }

    #[test]
    fn a_line_says_how_far_it_is() {
        let step = Step::Reading { items: 12_000, leads: 3_456 };

        assert_eq!(text(step), "reading the table: 12,000 items, 3,456 leads of the organisation");
    }
}
