//! Functions as they ship, built for a benchmark.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Result;

/// The target folder: a benchmark's own program is `<target>/<profile>/deps`.
pub fn target() -> Result<PathBuf> {
    let own = env::current_exe()?;
    Ok(own.ancestors().nth(3).ok_or("this program is not in a target folder")?.to_owned())
}

/// Builds functions as they ship, into a folder. Of the checkout that cargo runs this from; not the one that this
/// program was built in, which may share the target folder.
pub fn build(functions: &[&str], folder: &Path) -> Result<Vec<PathBuf>> {
    let package = env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from("tests"), PathBuf::from);
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--release"]).current_dir(package.join(".."));
    cargo.args(functions.iter().flat_map(|function| ["-p", function]));
    if !cargo.status()?.success() {
        return Err("the functions do not build".into());
    }
    let release = target()?.join("release");
    let copy = |function: &&str| {
        let binary = folder.join(function);
        fs::copy(release.join(function), &binary)?;
        Ok(binary)
    };
    functions.iter().map(copy).collect()
}
