//! What a fold costs on AWS: prices of us-east-1, in dollars.

use leadline_tests::stage::Taken;

const READ_UNIT: f64 = 0.125e-6;
const WRITE_UNIT: f64 = 0.625e-6;
const GET: f64 = 0.4e-6;
const PUT: f64 = 5e-6;
/// Of a function on arm64.
const GB_SECOND: f64 = 0.000_013_333_4;
/// Gigabytes that come with one whole processor.
const GB_OF_CPU: f64 = 1_769.0 / 1_024.0;
/// Gigabytes that the import function has.
const GB: f64 = 0.5;
/// Seconds that each request is waited for, as if one came after another.
const TRIP: f64 = 0.01;

pub(crate) const WORDS: &str = "Prices of us-east-1: $0.125 per million read units, $0.625 per million write units, $0.4 \
    per million gets and $5 per million puts of the bucket, $0.0000133334 per GB-second of a function on arm64 with 512 MB, \
    which has 0.29 of a processor; each request counts as 10 ms of waiting, one after another.";

/// What it cost, in dollars.
pub(crate) fn of(taken: &Taken) -> f64 {
    let (traffic, objects) = (taken.traffic, taken.objects);
    let requests = traffic.requests + objects.gets + objects.puts;
    let seconds = taken.cpu.as_secs_f64() * GB_OF_CPU + f64::from(requests) * TRIP * GB;
    traffic.read_units * READ_UNIT
        + traffic.write_units * WRITE_UNIT
        + f64::from(objects.gets) * GET
        + f64::from(objects.puts) * PUT
        + seconds * GB_SECOND
}
