//! The commands. Each answers an [`Answer`]; one place prints it.

mod account;
mod answer;
mod contact;
mod key;
mod opportunity;
mod org;
mod place;
mod rules;
mod snippet;
mod team;
mod token;
mod user;

use std::path::PathBuf;

use leadline::BoxError;
use leadline::store::StoreError;

use self::answer::Answer;
use self::place::Place;
use crate::args::{Args, Command};
use crate::dev;

/// Folder of the local stack where none is said.
const DATA_DIR: &str = ".local";

/// Does a command and prints its answer.
pub(crate) async fn run(args: Args) -> Result<(), BoxError> {
    let Args { json, data_dir, command } = args;
    if let Command::Dev(options) = command {
        let data_dir = data_dir.unwrap_or_else(|| PathBuf::from(DATA_DIR));
        return dev::run(dev::Options { port: options.port, data_dir, ephemeral: options.ephemeral }).await;
    }
    let place = Place::open(data_dir).await?;
    let answer = answer(&place, &command).await;
    place.close().await?;
    Ok(answer?.print(json)?)
}

async fn answer(place: &Place, command: &Command) -> Result<Answer, BoxError> {
    match command {
        Command::Dev(_) => Err("dev is no command on a table".into()),
        Command::Org(command) => org::run(place, command).await,
        Command::User(command) => user::run(place, command).await,
        Command::Team(command) => team::run(place, command).await,
        Command::Contact(command) => contact::run(place, command).await,
        Command::Key(command) => key::run(place, command).await,
        Command::Token(command) => token::run(place, command).await,
        Command::Rules(command) => rules::run(place, command).await,
        Command::Account(command) => account::run(place, command).await,
        Command::Opportunity(command) => opportunity::run(place, command).await,
    }
}

/// A failure of the table in the words of the command: what is there already, and what is not.
fn explain(there: &'static str, missing: &'static str) -> impl FnOnce(StoreError) -> BoxError {
    move |error| match error {
        StoreError::Conflict => there.into(),
        StoreError::NotFound => missing.into(),
        StoreError::Unavailable(_) | StoreError::Failed(_) => error.into(),
    }
}
