//! `leadctl`, for the people who run Leadline.
//!
//! - [`template`]: what `template.yaml` says about routes and table
//! - [`gateway`]: an API Gateway HTTP API in small
//! - [`bucket`]: S3 in small, in a folder
//! - [`events`]: what comes into the bucket, told to functions
//! - [`role`]: as which function a task runs
//! - [`dev`]: the local stack
//! - `snippet`: the HTML that puts a form on a website
//! - `args`, `commands`: the command line

mod args;
pub mod bucket;
mod commands;
pub mod dev;
pub mod events;
pub mod gateway;
pub mod role;
mod snippet;
pub mod template;

use std::error::Error;
use std::iter;
use std::process::ExitCode;

use clap::Parser;

use crate::args::Args;

/// Does what the command line says.
pub async fn run() -> ExitCode {
    match commands::run(Args::parse()).await {
        Ok(status) => status,
        Err(error) => {
            eprintln!("leadctl: {}", one_line(&*error));
            ExitCode::FAILURE
        }
    }
}

/// An error and what caused it, in one line.
fn one_line(error: &(dyn Error + 'static)) -> String {
    let causes = iter::successors(Some(error), |error: &&(dyn Error + 'static)| (*error).source())
        .map(ToString::to_string);
    let mut texts: Vec<String> = causes.collect();
    texts.dedup();
    texts.join(": ").replace('\n', " ")
}
