//! The commands. Each answers an [`Answer`], or how else it ended; one place prints it.

mod account;
mod answer;
mod contact;
mod doctor;
mod import;
mod key;
mod opportunity;
mod org;
mod place;
mod progress;
mod rules;
mod schema;
mod snippet;
mod stack;
mod team;
mod token;
mod user;

use std::path::PathBuf;
use std::process::ExitCode;

use leadline::BoxError;
use leadline::store::StoreError;

use self::answer::Answer;
use self::place::{Named, Place};
use crate::args::{Args, Command};
use crate::dev;

/// Folder of the local stack where none is said.
const DATA_DIR: &str = ".local";

/// Does a command and prints its answer.
pub(crate) async fn run(args: Args) -> Result<ExitCode, BoxError> {
    let Args { json, data_dir, stack, command } = args;
    if let Command::Dev(options) = command {
        if stack.is_some() {
            return Err("dev runs a stack here; --stack names one on AWS".into());
        }
        let data_dir = data_dir.unwrap_or_else(|| PathBuf::from(DATA_DIR));
        dev::run(dev::Options { port: options.port, data_dir, ephemeral: options.ephemeral }).await?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Command::Schema(wanted) = command {
        return schema::run(&wanted)?.tell(json);
    }
    let place = Place::open(Named { data_dir, stack }).await?;
    let ended = perform(&place, &command, json).await;
    place.close().await?;
    ended?.tell(json)
}

/// How a command ended that could do its work.
#[derive(Debug, Default)]
struct Ended {
    /// For standard output.
    answer: Option<Answer>,
    /// For standard error.
    complaint: Option<String>,
    /// The exit status.
    status: u8,
}

impl Ended {
    /// Says so.
    fn tell(self, json: bool) -> Result<ExitCode, BoxError> {
        if let Some(answer) = self.answer {
            answer.print(json)?;
        }
        if let Some(complaint) = self.complaint {
            eprintln!("leadctl: {}", complaint.replace('\n', " "));
        }
        Ok(self.status.into())
    }
}

async fn perform(place: &Place, command: &Command, json: bool) -> Result<Ended, BoxError> {
    let answer = match command {
        Command::Dev(_) | Command::Schema(_) => Err("it is no command on a table".into()),
        Command::Doctor(wanted) => return doctor::run(place, wanted, json).await,
        Command::Import(wanted) => return import::run(place, wanted, json).await,
        Command::Org(command) => org::run(place, command).await,
        Command::User(command) => user::run(place, command).await,
        Command::Team(command) => team::run(place, command).await,
        Command::Contact(command) => contact::run(place, command).await,
        Command::Key(command) => key::run(place, command).await,
        Command::Token(command) => token::run(place, command).await,
        Command::Rules(command) => rules::run(place, command).await,
        Command::Account(command) => account::run(place, command).await,
        Command::Opportunity(command) => opportunity::run(place, command).await,
    };
    Ok(Ended { answer: Some(answer?), ..Ended::default() })
}

/// A failure of the table in the words of the command: what is there already, and what is not.
fn explain(there: &'static str, missing: &'static str) -> impl FnOnce(StoreError) -> BoxError {
    move |error| match error {
        StoreError::Conflict => there.into(),
        StoreError::NotFound => missing.into(),
        StoreError::Unavailable(_) | StoreError::Failed(_) => error.into(),
    }
}
