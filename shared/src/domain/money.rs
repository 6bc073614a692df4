//! Money: exact, two places, never through a float.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// An amount from 0.00 to 9999999999.99 (12 digits), two places; the currency is the organisation's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Money(Decimal);

/// Why an amount is refused; the words are for the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    #[error("must be a decimal number, such as \"75000.00\"")]
    NotANumber,
    #[error("must have at most 2 decimal places")]
    TooPrecise,
    #[error("must have at most 12 digits")]
    TooLarge,
    #[error("must not be negative")]
    Negative,
}

impl Money {
    /// The amount in its smallest unit.
    pub fn cents(self) -> i64 {
        // 12 digits at most, two of them after the point.
        i64::try_from(self.0.mantissa()).unwrap_or(i64::MAX)
    }
}

impl FromStr for Money {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let text = text.trim();
        if text.contains('_') {
            return Err(MoneyError::NotANumber); // the library takes it for nothing
        }
        let amount = if text.contains(['e', 'E']) {
            Decimal::from_scientific(text)
        } else {
            Decimal::from_str_exact(text)
        };
        let amount = amount.map_err(|error| match error {
            rust_decimal::Error::ExceedsMaximumPossibleValue => MoneyError::TooLarge,
            rust_decimal::Error::ScaleExceedsMaximumPrecision(_)
                if !text.contains("e-") && !text.contains("E-") =>
            {
                MoneyError::TooLarge
            }
            rust_decimal::Error::Underflow | rust_decimal::Error::ScaleExceedsMaximumPrecision(_) => {
                MoneyError::TooPrecise
            }
            _ => MoneyError::NotANumber,
        })?;
        let mut amount = amount.normalize();
        if amount.scale() > 2 {
            return Err(MoneyError::TooPrecise);
        }
        if amount.is_sign_negative() && !amount.is_zero() {
            return Err(MoneyError::Negative);
        }
        if amount >= Decimal::from(10_000_000_000_u64) {
            return Err(MoneyError::TooLarge);
        }
        amount.set_sign_positive(true);
        amount.rescale(2);
        Ok(Self(amount))
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<String> for Money {
    type Error = MoneyError;

    fn try_from(text: String) -> Result<Self, MoneyError> {
        text.parse()
    }
}

impl From<Money> for String {
    fn from(money: Money) -> Self {
        money.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact_and_have_two_places() {
        for (typed, kept) in [
            ("75000", "75000.00"),
            ("0.1", "0.10"),
            ("1e3", "1000.00"),
            ("0.10000", "0.10"),
            ("-0", "0.00"),
            ("9999999999.99", "9999999999.99"),
        ] {
            let money = typed.parse::<Money>().unwrap();
            assert_eq!(money.to_string(), kept, "{typed}");
            assert_eq!(Decimal::new(money.cents(), 2).to_string(), kept);
        }
    }

    #[test]
    fn what_is_no_amount_is_refused_with_the_reason() {
        for (typed, why) in [
            ("ten", MoneyError::NotANumber),
            ("", MoneyError::NotANumber),
            ("1,000", MoneyError::NotANumber),
            ("1_000", MoneyError::NotANumber),
            ("NaN", MoneyError::NotANumber),
            ("0.001", MoneyError::TooPrecise),
            ("1e-30", MoneyError::TooPrecise),
            ("1E-30", MoneyError::TooPrecise),
            ("10000000000", MoneyError::TooLarge),
            ("1e300", MoneyError::TooLarge),
            ("-1", MoneyError::Negative),
        ] {
            assert_eq!(typed.parse::<Money>(), Err(why), "{typed}");
        }
    }
}
