//! What was measured, as Markdown.

use std::time::Duration;

use leadline_tests::stage::Taken;

use crate::lists::Asked;
use crate::writers::Writers;
use crate::{Run, price};

/// Prints what so many leads took.
pub(crate) fn print(run: &Run) {
    println!("\n## {} leads\n", thousands(run.leads));
    println!("Brought in by import in {:.0} s.", run.brought.wall.as_secs_f64());
    match &run.brought.fold {
        Some(fold) => print_fold(run.leads, fold),
        None => println!("Nobody wanted a fold: lists read rows."),
    }
    println!(
        "\n| warm | rounds | requests | read units | beside the page | from the bucket | our CPU | wall |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for (kind, measured, _) in &run.kinds {
        let Asked { wall, cpu, traffic, objects } = measured.warm;
        println!(
            "| {} | {} | {} | {:.1} | {:.1} | {} | {} | {} |",
            kind.name,
            measured.rounds,
            traffic.requests + objects.gets + objects.puts,
            traffic.read_units,
            measured.units_beside(),
            kilobytes(objects.bytes),
            milliseconds(cpu),
            milliseconds(wall),
        );
    }
    println!("\n| cold | requests | read units | from the bucket | our CPU | wall | peak memory |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    for (kind, measured, _) in &run.kinds {
        let Asked { wall, cpu, traffic, objects } = measured.cold;
        println!(
            "| {} | {} | {:.1} | {} | {} | {} | {} |",
            kind.name,
            traffic.requests + objects.gets + objects.puts,
            traffic.read_units,
            kilobytes(objects.bytes),
            milliseconds(cpu),
            milliseconds(wall),
            megabytes(measured.peak),
        );
    }
    println!("\nOne process that is asked all of these has at most {}.", megabytes(run.peak));
    if let Some(version) = &run.postgres {
        println!("\n| warm, wall | open, closed | ours | PostgreSQL {version} | times ours |");
        println!("| --- | ---: | ---: | ---: | ---: |");
        for (kind, measured, theirs) in &run.kinds {
            let Some(theirs) = theirs else { continue };
            let (open, closed) = measured.counts;
            let ours = measured.warm.wall;
            println!(
                "| {} | {open}, {closed} | {} | {} | {:.1} |",
                kind.name,
                milliseconds(ours),
                milliseconds(*theirs),
                theirs.as_secs_f64() / ours.as_secs_f64(),
            );
        }
    }
}

fn print_fold(leads: u32, fold: &Taken) {
    let cost = price::of(fold);
    println!(
        "Folded in {:.1} s, {:.1} s of CPU, {} at most, with {} requests to the table ({:.0} read units, {:.0} write \
         units), {} gets ({}) and {} puts of the bucket: ${:.4}, so ${:.3} per million leads.\n\n{}",
        fold.wall.as_secs_f64(),
        fold.cpu.as_secs_f64(),
        megabytes(fold.peak),
        fold.traffic.requests,
        fold.traffic.read_units,
        fold.traffic.write_units,
        fold.objects.gets,
        kilobytes(fold.objects.bytes),
        fold.objects.puts,
        cost,
        cost * 1e6 / f64::from(leads),
        price::WORDS,
    );
}

/// Prints whether writers feel a fold.
pub(crate) fn print_writers(writers: &Writers) {
    println!("\n## Captures beside folds\n");
    println!("4 processes that capture one lead after another, each request to the table taking 10 ms.\n");
    println!("| | captures a second |");
    println!("| --- | ---: |");
    println!("| without a fold | {:.1} |", writers.alone);
    match writers.beside {
        Some((rate, folds)) => println!(
            "| while folding, {:.1} s | {rate:.1}, {:.2} of those without |",
            folds.as_secs_f64(),
            rate / writers.alone
        ),
        None => println!("| while folding | nobody wanted a fold |"),
    }
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

#[expect(clippy::cast_precision_loss, reason = "a figure to look at")]
fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / f64::from(1 << 20))
}

fn kilobytes(bytes: u64) -> String {
    format!("{} KB", bytes.div_ceil(1024))
}

fn thousands(number: u32) -> String {
    match number / 1_000 {
        0 => number.to_string(),
        more => format!("{},{:03}", thousands(more), number % 1_000),
    }
}
