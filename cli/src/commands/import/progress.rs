//! How far an import is.

use leadline::domain::ImportState;
use leadline::import::Shown;

use super::summary::counts;
use crate::commands::answer::grouped;
use crate::commands::progress::Progress;

/// Characters of the bar.
const WIDTH: u32 = 20;

/// Shows an import as it stands now.
pub(super) fn show(progress: &mut Progress, shown: &Shown) {
    let bar = if is_counted(shown) { bar(shown.progress) + " " } else { String::new() };
    progress.show(&bar, &text(shown));
}

fn bar(per_cent: u32) -> String {
    let full = per_cent.min(100) * WIDTH / 100;
    (0..WIDTH).map(|at| if at < full { '█' } else { '░' }).collect()
}

/// It is known how many rows there are.
fn is_counted(shown: &Shown) -> bool {
    shown.import.state != ImportState::Awaiting && shown.import.rows > 0
}

/// What counts most stands first.
fn text(shown: &Shown) -> String {
    if shown.import.state == ImportState::Awaiting {
        return "waiting for the import to begin".to_owned();
    }
    if !is_counted(shown) {
        return "reading the file".to_owned();
    }
    let (done, rows) = (shown.counts.rows(), shown.import.rows);
    let mut text = format!("{} %, {} of {} rows", shown.progress, grouped(done), grouped(rows));
    if let Some(left) = u64::from(rows.saturating_sub(done)).checked_div(shown.rows_per_second) {
        text += &format!(", {} a second, {} left", grouped(shown.rows_per_second), clock(left));
    }
    if done > 0 {
        text += &format!(" ({})", counts(&shown.counts));
    }
    text
}

/// Seconds as `0:09`, `12:05`, `1:00:00`.
fn clock(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::summary::tests::shown;
    use super::*;

    #[test]
    fn a_line_has_what_is_done_and_what_is_left() {
        let mut import = shown();
        import.import.state = ImportState::Awaiting;
        assert_eq!(text(&import), "waiting for the import to begin");

        import.import.state = ImportState::Processing;
        (import.import.rows, import.progress, import.rows_per_second) = (0, 0, 0);
        assert_eq!(text(&import), "reading the file");

        (import.import.rows, import.progress, import.rows_per_second) = (12_004, 0, 100);
        assert_eq!(text(&import), "0 %, 4 of 12,004 rows, 100 a second, 2:00 left (3 imported, 1 failed)");
    }

    #[test]
    fn a_bar_is_full_at_the_end() {
        assert_eq!(bar(0), "░".repeat(20));
        assert_eq!(bar(50), format!("{}{}", "█".repeat(10), "░".repeat(10)));
        assert_eq!(bar(100), "█".repeat(20));
    }

    #[test]
    fn a_time_reads_as_on_a_clock() {
        assert_eq!([9, 725, 3_600].map(clock), ["0:09", "12:05", "1:00:00"]);
    }
}
