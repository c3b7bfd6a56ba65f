//! Lengths of time as people write them in a workload definition.

use std::str::FromStr;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::text::text_newtype;

/// How long a zonal shift lasts unless it is extended: minutes or hours, from `1m` to `72h`.
///
/// Source: ARC API reference, `expiresIn`: `([1-9][0-9]*)(m|h)`, 2 to 5 characters; developer guide
/// "Starting, updating, or canceling a zonal shift": one minute to three days.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ShiftDuration(String);

/// A length of time in a policy, in seconds, minutes or hours: `90s`, `15m`, `2h`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Span(String);

/// Why a text is not a length of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// Not a shift duration, or out of ARC's range.
    #[error("\"{0}\" is out of range, expected 1m to 72h in whole minutes or hours, such as 6h")]
    Shift(String),
    /// Not a span, or longer than a week.
    #[error("\"{0}\" is not a length of time, expected 1s to 168h, such as 15m")]
    Span(String),
}

const LONGEST_SHIFT_MINUTES: u32 = 72 * 60;
const LONGEST_SPAN_SECONDS: u32 = 168 * 60 * 60;

/// The number and the unit of a text such as `15m`; no sign, no leading zero, no blank.
fn number_and_unit(text: &str) -> Option<(u32, &str)> {
    let unit_at = text.find(|c: char| !c.is_ascii_digit())?;
    let (digits, unit) = text.split_at(unit_at);
    (!digits.starts_with('0')).then_some(())?;
    Some((digits.parse().ok()?, unit))
}

fn shift_minutes(text: &str) -> Option<u32> {
    let (number, unit) = number_and_unit(text)?;
    let minutes = match unit {
        "m" => number,
        "h" => number.checked_mul(60)?,
        _ => return None,
    };
    (minutes <= LONGEST_SHIFT_MINUTES).then_some(minutes)
}

fn span_seconds(text: &str) -> Option<u32> {
    let (number, unit) = number_and_unit(text)?;
    let seconds = match unit {
        "s" => number,
        "m" => number.checked_mul(60)?,
        "h" => number.checked_mul(3600)?,
        _ => return None,
    };
    (seconds <= LONGEST_SPAN_SECONDS).then_some(seconds)
}

impl FromStr for ShiftDuration {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        match shift_minutes(text) {
            Some(_) => Ok(Self(text.to_owned())),
            None => Err(DurationError::Shift(text.to_owned())),
        }
    }
}

impl FromStr for Span {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        match span_seconds(text) {
            Some(_) => Ok(Self(text.to_owned())),
            None => Err(DurationError::Span(text.to_owned())),
        }
    }
}

impl ShiftDuration {
    /// The length.
    #[must_use]
    pub fn length(&self) -> SignedDuration {
        SignedDuration::from_mins(shift_minutes(&self.0).unwrap_or_default().into())
    }
}

impl Span {
    /// The length.
    #[must_use]
    pub fn length(&self) -> SignedDuration {
        SignedDuration::from_secs(span_seconds(&self.0).unwrap_or_default().into())
    }

    /// A span of so many hours, a week at the most.
    #[must_use]
    pub fn hours(hours: u16) -> Self {
        Self(format!("{}h", hours.clamp(1, 168)))
    }

    /// A span of so many minutes.
    #[must_use]
    pub fn minutes(minutes: u16) -> Self {
        Self(format!("{}m", minutes.max(1)))
    }
}

text_newtype!(ShiftDuration, DurationError);
text_newtype!(Span, DurationError);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shift_lasts_from_one_minute_to_three_days() {
        for (text, minutes) in [
            ("1m", 1),
            ("90m", 90),
            ("6h", 360),
            ("72h", 4320),
            ("4320m", 4320),
        ] {
            let duration: ShiftDuration = text.parse().unwrap();
            assert_eq!(
                duration.length(),
                SignedDuration::from_mins(minutes),
                "{text}"
            );
        }
        for text in [
            "",
            "0m",
            "73h",
            "4321m",
            "30s",
            "3d",
            "6",
            "h",
            "-1h",
            "06h",
            "6 h",
            "6H",
            "99999999999h",
        ] {
            assert_eq!(
                text.parse::<ShiftDuration>(),
                Err(DurationError::Shift(text.into()))
            );
        }
    }

    #[test]
    fn a_span_lasts_from_one_second_to_a_week() {
        for (text, seconds) in [("1s", 1), ("15m", 900), ("168h", 604_800)] {
            let span: Span = text.parse().unwrap();
            assert_eq!(span.length(), SignedDuration::from_secs(seconds), "{text}");
        }
        for text in ["", "0s", "169h", "1d", "15", "15min"] {
            assert_eq!(text.parse::<Span>(), Err(DurationError::Span(text.into())));
        }
    }
}
