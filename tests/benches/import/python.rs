//! What a user would write instead, run beside: `batch_writer.py`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use leadline_tests::stage::{Stage, Taken};
use serde_json::Value;

use crate::Result;

const BOTO3: &str = "boto3==1.44.5";
const SCRIPT: &str = include_str!("batch_writer.py");

/// A Python with boto3 in it, in a folder of its own below `target`; made if it is not there.
pub(crate) fn prepare(target: &Path) -> Result<PathBuf> {
    let venv = target.join("import-venv");
    let (python, ready) = (venv.join("bin/python"), venv.join(format!("ready-{BOTO3}")));
    if !ready.exists() {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
        run(Command::new(&python).args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            BOTO3,
        ]))?;
        std::fs::write(ready, [])?;
    }
    Ok(python)
}

fn run(command: &mut Command) -> Result<()> {
    if command.stdout(std::io::stderr()).status()?.success() {
        return Ok(());
    }
    Err(format!("{command:?} failed").into())
}

/// Has it bring in the file; with `skips`, as far as e-mails are not there.
pub(crate) fn import(stage: &Stage, python: &Path, key: &str, rows: u32, skips: bool) -> Result<Taken> {
    stage.forget();
    let mut command = Command::new(python);
    command.args(["-c", SCRIPT]).env_clear().envs(stage.environment());
    command.env("AWS_DEFAULT_REGION", "eu-central-1").env("KEY", key);
    if skips {
        command.env("SKIP", "yes");
    }
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    let said: Value = serde_json::from_slice(&output.stdout)?;
    if said["rows"] != rows {
        return Err(format!("not every row was written: {said}").into());
    }
    let seconds = |name: &str| Duration::from_secs_f64(said[name].as_f64().unwrap_or_default());
    Ok(Taken {
        wall: seconds("wall"),
        cpu: seconds("cpu"),
        peak: said["peak"].as_u64().unwrap_or_default(),
        traffic: stage.traffic(),
        objects: stage.objects(),
    })
}
