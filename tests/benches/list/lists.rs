//! Lists asked of the function as it ships.

use std::path::Path;
use std::time::Duration;

use leadline_tests::Traffic;
use leadline_tests::stage::{Answer, Called, Objects};
use serde_json::Value;
use tempfile::TempDir;

use crate::Result;
use crate::data::Data;
use crate::kinds::{Asker, Kind};

/// How often a query is asked of a warm function, and of a cold one.
const WARM: usize = 9;
const COLD: usize = 3;
/// How long a request takes when rounds are counted.
const TRIP: Duration = Duration::from_millis(100);

/// What a query took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) wall: Duration,
    /// Of the function, and of a cold one from the start of its process on.
    pub(crate) cpu: Duration,
    pub(crate) traffic: Traffic,
    pub(crate) objects: Objects,
}

/// What a kind of query took.
pub(crate) struct Measured {
    pub(crate) cold: Asked,
    pub(crate) warm: Asked,
    /// Of the warm function: requests one after another.
    pub(crate) rounds: f64,
    /// Most memory of a process that was asked nothing else, in bytes.
    pub(crate) peak: u64,
    /// Leads on the page.
    pub(crate) shown: u32,
    /// How many open and closed leads there are.
    pub(crate) counts: (u64, u64),
}

/// Asks a kind of query: of new processes, and then again and again of the last.
pub(crate) fn measure(data: &Data, binary: &Path, kind: &Kind) -> Result<Measured> {
    let user = (kind.asker == Asker::User).then(|| data.people[0]);
    let event = || data.asks(user, &kind.query);
    let mut last = None;
    let mut colds = Vec::new();
    for _ in 0..COLD {
        let folder = TempDir::new()?; // nothing is left there by another process
        data.stage.forget();
        let (process, answer) = Called::start_with(binary, &data.environment(folder.path()), event()?)?;
        colds.push(asked(data, &answer)?);
        last = Some((process, folder, answer));
    }
    let (mut process, _folder, answer) = last.ok_or("no process")?;
    let mut warms = Vec::new();
    for _ in 0..WARM {
        let answer = process.call(event()?)?;
        warms.push(asked(data, &answer)?);
    }
    let warm = median(warms);
    data.stage.set_trip(TRIP);
    let slow = process.call(event()?);
    data.stage.set_trip(Duration::ZERO);
    let rounds = (slow?.wall.saturating_sub(warm.wall).as_secs_f64() / TRIP.as_secs_f64()).round();
    let list = |name: &str| answer.body[name].as_array().map_or(0, Vec::len);
    let count = |name: &str| answer.body[name].as_u64().ok_or_else(|| format!("no count: {}", answer.body));
    Ok(Measured {
        cold: median(colds),
        warm,
        rounds,
        peak: process.peak()?,
        shown: u32::try_from(list("open_leads") + list("closed_leads"))?,
        counts: (count("open_leads_count")?, count("closed_leads_count")?),
    })
}

/// The most memory of one process that is asked all kinds, again and again.
pub(crate) fn peak_of_all(data: &Data, binary: &Path, kinds: &[Kind]) -> Result<u64> {
    let folder = TempDir::new()?;
    let mut process = Called::start(binary, &data.environment(folder.path()))?;
    for kind in kinds.iter().chain(kinds) {
        let user = (kind.asker == Asker::User).then(|| data.people[0]);
        let answer = process.call(data.asks(user, &kind.query)?)?;
        asked(data, &answer)?;
    }
    process.peak()
}

fn asked(data: &Data, answer: &Answer) -> Result<Asked> {
    if answer.status != 200 {
        return Err(format!("a list was answered {}: {}", answer.status, Value::clone(&answer.body)).into());
    }
    Ok(Asked {
        wall: answer.wall,
        cpu: answer.cpu,
        traffic: data.stage.traffic(),
        objects: data.stage.objects(),
    })
}

/// The median of each time; what passed is that of the one in the middle by processor time.
fn median(mut all: Vec<Asked>) -> Asked {
    let middle = all.len() / 2;
    all.sort_by_key(|asked| asked.wall);
    let wall = all[middle].wall;
    all.sort_by_key(|asked| asked.cpu);
    Asked { wall, ..all[middle] }
}

impl Measured {
    /// Read units beside those of the page's own leads, each of which is under 4 KB.
    pub(crate) fn units_beside(&self) -> f64 {
        self.warm.traffic.read_units - f64::from(self.shown)
    }
}
