//! Whether writers feel a fold: captures a second, by turns with and without one.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use crate::data::Data;
use crate::leads::Lead;
use crate::{Binaries, Result};

/// Leads that come by import before each turn, to be folded in it.
const LEADS: u32 = 20_000;
const TURNS: u32 = 3;
/// Processes that take captures.
const WRITERS: usize = 4;
/// How long table and bucket take for a request, about as long as from a function on AWS. Without it both sides would
/// wait for this machine's processors more than for each other.
const TRIP: Duration = Duration::from_millis(10);
/// How long captures are counted without a fold.
const ALONE: Duration = Duration::from_secs(4);

/// Captures a second, over all turns.
pub(crate) struct Writers {
    pub(crate) alone: f64,
    /// Beside folds, and how long these took in all; none if nobody wanted one.
    pub(crate) beside: Option<(f64, Duration)>,
}

/// Counts captures.
pub(crate) fn measure(runtime: &Handle, binaries: &Binaries) -> Result<Writers> {
    let data = Data::new(runtime)?;
    let rows = AtomicU32::new(LEADS * TURNS);
    let (mut alone, mut beside) = ((0, Duration::ZERO), (0, Duration::ZERO));
    for turn in 0..TURNS {
        data.import(binaries, turn * LEADS..(turn + 1) * LEADS, LEADS * TURNS)?;
        let wants_fold = data.wants_fold(binaries)?;
        data.stage.set_trip(TRIP);
        let count = captures(&data, binaries, &rows, || {
            thread::sleep(ALONE);
            Ok(())
        })?;
        alone = (alone.0 + count.0, alone.1 + count.1);
        if wants_fold {
            let count = captures(&data, binaries, &rows, || data.fold(binaries).map(drop))?;
            beside = (beside.0 + count.0, beside.1 + count.1);
        }
        data.stage.set_trip(Duration::ZERO);
    }
    let rate = |(count, time): (u32, Duration)| f64::from(count) / time.as_secs_f64();
    let beside = (beside.1 > Duration::ZERO).then(|| (rate(beside), beside.1));
    Ok(Writers { alone: rate(alone), beside })
}

/// How many captures are answered while something is done, and how long it takes.
fn captures(
    data: &Data,
    binaries: &Binaries,
    rows: &AtomicU32,
    done: impl FnOnce() -> Result<()>,
) -> Result<(u32, Duration)> {
    let (over, count) = (AtomicBool::new(false), AtomicU32::new(0));
    let mut writers = (0..WRITERS).map(|_| data.writer(binaries)).collect::<Result<Vec<_>>>()?;
    for writer in &mut writers {
        // The first of a process is slower than those that follow.
        let row = rows.fetch_add(1, Ordering::Relaxed);
        data.capture(writer, &Lead::new(row, 0), row)?;
    }
    thread::scope(|scope| {
        let write = |mut writer| {
            let (over, count) = (&over, &count);
            scope.spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    let row = rows.fetch_add(1, Ordering::Relaxed);
                    data.capture(&mut writer, &Lead::new(row, 0), row)?;
                    count.fetch_add(1, Ordering::Relaxed);
                }
                Ok::<_, leadline::BoxError>(())
            })
        };
        let threads: Vec<_> = writers.into_iter().map(write).collect();
        let started = Instant::now();
        let done = done();
        let (taken, count) = (started.elapsed(), count.load(Ordering::Relaxed));
        over.store(true, Ordering::Relaxed);
        for thread in threads {
            thread.join().map_err(|_| "a writer failed")??;
        }
        done.map(|()| (count, taken))
    })
}
