//! `leadctl team`.

use leadline::BoxError;
use leadline::domain::Team;

use super::answer::Answer;
use super::explain;
use super::place::Place;
use crate::args::TeamCommand;

const CHANGED: &str = "the team was changed meanwhile; try again";
const MISSING: &str = "no such team or member";

pub(super) async fn run(place: &Place, command: &TeamCommand) -> Result<Answer, BoxError> {
    match command {
        TeamCommand::Create { at, name } => {
            let org = place.require_org(at.org).await?;
            let now = place.clock.now();
            let team = Team::new(place.ids.team(now), org, name, now)?;
            place.store.insert_team(&team).await?;
            Answer::one(&team)
        }
        TeamCommand::Add(it) => {
            let org = place.require_org(it.at.org).await?;
            let team = place.store.add_member(org, it.team, it.user).await;
            Answer::one(&team.map_err(explain(CHANGED, MISSING))?)
        }
        TeamCommand::Remove(it) => {
            let org = place.require_org(it.at.org).await?;
            let team = place.store.remove_member(org, it.team, it.user).await;
            Answer::one(&team.map_err(explain(CHANGED, MISSING))?)
        }
        TeamCommand::List(at) => {
            let teams = place.store.teams(place.require_org(at.org).await?).await?;
            Answer::list(&["id", "name", "members"], &teams)
        }
    }
}
