//! `leadctl rules`.

use std::fmt::Display;
use std::fs;
use std::io;
use std::path::Path;

use leadline::domain::{self, Door, Form, LeadDetails, OrgId, Rules};
use leadline::store::RulesRefused;
use leadline::{BoxError, web};
use serde_json::{Value, json};

use super::answer::{Answer, plain};
use super::explain;
use super::place::Place;
use crate::args::RulesCommand;

pub(super) async fn run(place: &Place, command: &RulesCommand) -> Result<Answer, BoxError> {
    match command {
        RulesCommand::Set { at, file } => set(place, at.org, file).await,
        RulesCommand::Show(at) => shown(&place.store.rules(place.require_org(at.org).await?).await?),
        RulesCommand::Test { at, file } => test(place, at.org, file).await,
    }
}

async fn set(place: &Place, org: OrgId, file: &Path) -> Result<Answer, BoxError> {
    let org = place.require_org(org).await?;
    let rules = Rules::parse(&read(file)?).map_err(|error| in_file(file, error))?;
    place.store.set_rules(org, &rules, place.clock.now()).await.map_err(|refused| match refused {
        RulesRefused::Unknown(errors) => in_file(file, errors),
        RulesRefused::Store(error) => {
            explain("the rules were changed meanwhile; try again", "no such organisation")(error)
        }
    })?;
    shown(&rules)
}

/// Names are filled in and no door's own demands are made, so that part of a lead can be tried.
async fn test(place: &Place, org: OrgId, file: &Path) -> Result<Answer, BoxError> {
    let org = place.require_org(org).await?;
    let mut fields = web::read_json(read(file)?.as_bytes()).map_err(|error| in_file(file, error))?;
    for name in ["first_name", "last_name"] {
        if fields.find(&[name]).is_none() {
            fields.set(name, domain::Value::Text("-".to_owned()));
        }
    }
    let mut form = Form::new(&fields);
    let door = form.optional(&["door"], None).unwrap_or(Door::Api);
    let door = form.errors.or(door).map_err(|errors| in_file(file, errors))?;
    let details = LeadDetails::open(Door::Api, &fields).map_err(|errors| in_file(file, errors))?;
    let assignment = match details.assigned_to.is_empty() {
        true => place.store.try_rules(org, &details, door).await?,
        false => None, // it has somebody; no rule is asked
    };
    let (rule, assigned_to) = match assignment {
        Some(assignment) => (Some(assignment.rule), assignment.assigned_to),
        None => (None, details.assigned_to),
    };
    Answer::one(&json!({"rule": rule, "assigned_to": assigned_to}))
}

/// The text of a file, or of standard input for `-`.
fn read(file: &Path) -> Result<String, BoxError> {
    let text =
        if file == Path::new("-") { io::read_to_string(io::stdin()) } else { fs::read_to_string(file) };
    let text = text.map_err(|error| in_file(file, error))?;
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}

fn in_file(file: &Path, problem: impl Display) -> BoxError {
    format!("{}: {problem}", file.display()).into()
}

fn shown(rules: &Rules) -> Result<Answer, BoxError> {
    let value = serde_json::to_value(rules)?;
    let rules = value.as_array().into_iter().flatten();
    let rows = rules.enumerate().map(|(n, rule)| row(n + 1, rule)).collect();
    Ok(Answer::Table { columns: &["rule", "when", "assign"], rows, value })
}

/// A rule for people.
fn row(number: usize, rule: &Value) -> Value {
    let conditions = rule["when"].as_object().into_iter().flatten();
    let conditions: Vec<String> =
        conditions.map(|(name, value)| format!("{name}: {}", plain(value))).collect();
    let when = if conditions.is_empty() { "always".to_owned() } else { conditions.join("; ") };
    let assign = &rule["assign"];
    let targets = match &assign["team"] {
        Value::Null => plain(&assign["users"]),
        team => format!("team {}", plain(team)),
    };
    json!({"rule": number, "when": when, "assign": format!("{}: {targets}", plain(&assign["strategy"]))})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_reads_as_a_line() {
        let some = json!({
            "when": {"source": ["Referral", "Trade Show"], "amount_at_least": "1000.00"},
            "assign": {"users": ["u1", "u2"], "strategy": "round_robin"},
        });
        let every = json!({"assign": {"team": "t1", "strategy": "all"}});

        assert_eq!(
            row(1, &some),
            json!({
                "rule": 1,
                "when": "amount_at_least: 1000.00; source: Referral, Trade Show",
                "assign": "round_robin: u1, u2",
            })
        );
        assert_eq!(row(2, &every), json!({"rule": 2, "when": "always", "assign": "all: team t1"}));
    }
}
