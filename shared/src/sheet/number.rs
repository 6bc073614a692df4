//! Numbers, dates and the like, as text that means the same in every program.

use std::fmt::Write;

/// What the format of a cell makes of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Number,
    Date,
    /// Hours that do not end at 24.
    Duration,
}

impl Format {
    /// A format that every program knows by number (ECMA-376 part 1, 18.8.30).
    pub(super) fn built_in(id: u32) -> Self {
        match id {
            14..=22 | 27..=36 | 45 | 47 | 50..=58 => Self::Date,
            46 => Self::Duration,
            _ => Self::Number,
        }
    }

    /// A format that is written out, such as `yyyy\-mm\-dd;@`. Only its first section counts.
    pub(super) fn written(code: &str) -> Self {
        let mut characters = code.chars();
        while let Some(character) = characters.next() {
            match character {
                '"' => while characters.next().is_some_and(|character| character != '"') {},
                '\\' | '_' | '*' => drop(characters.next()),
                '[' => {
                    let inside: String =
                        characters.by_ref().take_while(|character| *character != ']').collect();
                    let inside = inside.to_ascii_lowercase();
                    if ['h', 'm', 's']
                        .iter()
                        .any(|unit| !inside.is_empty() && inside.trim_matches(*unit).is_empty())
                    {
                        return Self::Duration;
                    }
                }
                ';' => break,
                'd' | 'D' | 'm' | 'M' | 'y' | 'Y' | 'h' | 'H' | 's' | 'S' => return Self::Date,
                _ => (),
            }
        }
        Self::Number
    }
}

/// The formats of a workbook and the day from which it counts.
#[derive(Debug, Default)]
pub(super) struct Formats {
    pub(super) since_1904: bool,
    /// The format of each style that cells name.
    pub(super) styles: Vec<Format>,
}

impl Formats {
    /// Writes a number in the format of this style.
    pub(super) fn write(&self, out: &mut String, number: f64, style: usize) {
        out.clear();
        match self.styles.get(style).copied().unwrap_or(Format::Number) {
            Format::Number => write_number(out, number),
            Format::Date if (0.0..1.0).contains(&number) => write_time(out, seconds(number).min(86_399)),
            Format::Date => self.write_date(out, number),
            Format::Duration if (0.0..1e6).contains(&number) => write_time(out, seconds(number)),
            Format::Duration => write_number(out, number),
        }
    }

    fn write_date(&self, out: &mut String, number: f64) {
        if !(0.0..2_958_466.0).contains(&number) {
            // After 9999-12-31: the programs show no date either.
            return write_number(out, number);
        }
        let seconds = seconds(number);
        let (day, time) = (seconds / 86_400, seconds % 86_400);
        let since_1970 = match day {
            _ if self.since_1904 => day - 24_107,
            // In the old reckoning 1900 is a leap year, so day 60 never was and those before it are one later.
            ..60 => day - 25_568,
            _ => day - 25_569,
        };
        let (year, month, day) = civil(since_1970);
        let _ = write!(out, "{year:04}-{month:02}-{day:02}");
        if time > 0 {
            out.push('T');
            write_time(out, time);
        }
    }
}

/// A number without exponent and without digits that it does not need.
pub(super) fn write_number(out: &mut String, number: f64) {
    let _ = match number {
        0.0 => write!(out, "0"),
        number if number.is_finite() => write!(out, "{number}"),
        _ => write!(out, "{}", error_text(0x24)),
    };
}

fn seconds(days: f64) -> i64 {
    (days * 86_400.0).round() as i64
}

fn write_time(out: &mut String, seconds: i64) {
    let _ = write!(out, "{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
}

/// A day of the Gregorian calendar by its distance from 1970-01-01 (Howard Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms", civil_from_days).
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// A date as XML has it, `2024-01-31T00:00:00`: without a time that is midnight, without fractions and zone.
pub(super) fn iso_date(text: &str) -> &str {
    match text.split_once('T') {
        Some((day, time)) if time.trim_end_matches('Z').trim_matches(['0', ':', '.']).is_empty() => day,
        Some((day, time)) => {
            let time = time.trim_end_matches('Z');
            let whole = time.find('.').unwrap_or(time.len());
            text.get(..day.len() + 1 + whole).unwrap_or(text)
        }
        None => text,
    }
}

/// The errors of formulas by the codes that binary workbooks have for them.
pub(super) fn error_text(code: u8) -> &'static str {
    match code {
        0x00 => "#NULL!",
        0x07 => "#DIV/0!",
        0x0F => "#VALUE!",
        0x17 => "#REF!",
        0x1D => "#NAME?",
        0x24 => "#NUM!",
        0x2A => "#N/A",
        0x2B => "#GETTING_DATA",
        _ => "#ERROR!",
    }
}

/// A number in the 30 bits of binary workbooks: the high half of a float or an integer, either in hundredths
/// ([MS-XLS] 2.5.217).
pub(super) fn rk(bits: u32) -> f64 {
    let number = match bits & 2 {
        0 => f64::from_bits(u64::from(bits & !3) << 32),
        _ => f64::from(bits.cast_signed() >> 2),
    };
    if bits & 1 == 0 { number } else { number / 100.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(number: f64, format: Format, since_1904: bool) -> String {
        let mut out = String::new();
        Formats { since_1904, styles: vec![format] }.write(&mut out, number, 0);
        out
    }

    #[test]
    fn numbers_have_no_exponent_and_no_needless_digits() {
        let cases = [
            (15_000_000_000.0, "15000000000"),
            (0.1, "0.1"),
            (1234.5, "1234.5"),
            (1e21, "1000000000000000000000"),
            (1e-7, "0.0000001"),
            (-0.0, "0"),
            (-12.0, "-12"),
        ];

        for (number, text) in cases {
            assert_eq!(shown(number, Format::Number, false), text);
        }
    }

    #[test]
    fn dates_are_counted_from_1900_or_1904() {
        let cases = [
            (1.0, false, "1900-01-01"),
            (59.0, false, "1900-02-28"),
            (61.0, false, "1900-03-01"),
            (45_322.0, false, "2024-01-31"),
            (45_322.75, false, "2024-01-31T18:00:00"),
            (45_321.999_999_9, false, "2024-01-31"),
            (0.5, false, "12:00:00"),
            (2_958_465.0, false, "9999-12-31"),
            (2_958_466.0, false, "2958466"),
            (-1.0, false, "-1"),
            (43_860.0, true, "2024-01-31"),
            (1.0, true, "1904-01-02"),
        ];

        for (number, since_1904, text) in cases {
            assert_eq!(shown(number, Format::Date, since_1904), text);
        }
        assert_eq!(shown(1.5, Format::Duration, false), "36:00:00");
    }

    #[test]
    fn a_format_is_a_date_if_its_first_section_has_a_unit_of_time() {
        let dates =
            ["yyyy-mm-dd", "DD/MM/YY;@", "[$-409]d-mmm-yy", "h:mm AM/PM", "m\"M\"d\"D\";@", "mm:ss.0"];
        let numbers =
            ["General", "0.00%", "#,##0\\ [$\\u20bd-46D]", "0\"d\"", "#,##0_m", "[Red]0;[Blue]d", "0.00E+00"];

        for code in dates {
            assert_eq!(Format::written(code), Format::Date, "{code}");
        }
        for code in numbers {
            assert_eq!(Format::written(code), Format::Number, "{code}");
        }
        assert_eq!(Format::written("[h]:mm:ss"), Format::Duration);
        assert_eq!(Format::written("[>=100][mm]"), Format::Duration);
    }

    #[test]
    fn iso_dates_lose_what_says_nothing() {
        assert_eq!(iso_date("2024-01-31T00:00:00.000Z"), "2024-01-31");
        assert_eq!(iso_date("2024-01-31T10:20:30.5Z"), "2024-01-31T10:20:30");
        assert_eq!(iso_date("2024-01-31"), "2024-01-31");
    }

    #[test]
    fn packed_numbers_are_integers_or_floats_or_hundredths() {
        assert_eq!(rk(0x3FF0_0000), 1.0);
        assert_eq!(rk(0x3FF0_0001), 0.01);
        assert_eq!(rk(1234 << 2 | 2), 1234.0);
        assert_eq!(rk(1234 << 2 | 3), 12.34);
        assert_eq!(rk((-5_i32 << 2).cast_unsigned() | 2), -5.0);
    }
}
