//! Numbers, dates and the like, as text that means the same in every program.

use std::fmt::Write;

use chrono::DateTime;

/// What the format of a cell makes of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Number,
    Percent,
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
            9 | 10 => Self::Percent,
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
                '%' => return Self::Percent,
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
            Format::Percent => write_percent(out, number),
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
        match DateTime::from_timestamp(since_1970 * 86_400, 0) {
            Some(day) => drop(write!(out, "{}", day.date_naive())),
            None => return write_number(out, number),
        }
        if time > 0 {
            out.push('T');
            write_time(out, time);
        }
    }
}

/// A number without exponent and without digits that it does not need. Of its digits 15 count, as spreadsheet programs
/// have it: what they show as 3702.3 may be kept as 3702.2999999999997.
pub(super) fn write_number(out: &mut String, number: f64) {
    let _ = match format!("{number:.14e}").parse::<f64>() {
        Ok(0.0) => write!(out, "0"),
        Ok(number) if number.is_finite() => write!(out, "{number}"),
        _ => write!(out, "{}", error_text(0x24)),
    };
}

/// A number as per cent, as it is shown.
pub(super) fn write_percent(out: &mut String, number: f64) {
    write_number(out, number * 100.0);
    out.push('%');
}

fn seconds(days: f64) -> i64 {
    (days * 86_400.0).round() as i64
}

fn write_time(out: &mut String, seconds: i64) {
    let _ = write!(out, "{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
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
            (3_702.299_999_999_999_7, "3702.3"),
        ];

        for (number, text) in cases {
            assert_eq!(shown(number, Format::Number, false), text);
        }
        assert_eq!(shown(0.07, Format::written("0.00%"), false), "7%");
        assert_eq!(shown(0.125, Format::built_in(10), false), "12.5%");
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
            ["General", "#,##0\\ [$\\u20bd-46D]", "0\"d\"", "#,##0_m", "[Red]0;[Blue]d", "0.00E+00"];

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
