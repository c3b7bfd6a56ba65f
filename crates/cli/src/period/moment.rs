//! Points in time as people give them.

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};

/// A time, or how long ago.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Moment {
    At(Timestamp),
    Ago(SignedDuration),
}

impl Moment {
    /// The time; `now` is a time within the present minute.
    pub(super) fn time(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(time) => time,
            Self::Ago(length) => now.saturating_sub(length).unwrap_or(Timestamp::MIN),
        }
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "now" {
            return Ok(Self::Ago(SignedDuration::ZERO));
        }
        if let Ok(time) = text.parse() {
            return Ok(Self::At(time));
        }
        let length = text.parse().ok().and_then(|span: Span| {
            let days = SpanRelativeTo::days_are_24_hours();
            span.to_duration(days).ok()
        });
        match length {
            Some(length) if length > SignedDuration::ZERO => Ok(Self::Ago(length)),
            // `3h ago` is the same in words.
            Some(length) if text.ends_with("ago") => Ok(Self::Ago(length.abs())),
            _ => Err(
                "expected a time such as 2026-03-07T03:00:00Z, or how long ago, such as 3h or 14d"
                    .to_owned(),
            ),
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(time) => write!(f, "{time}"),
            Self::Ago(length) if length.is_zero() => f.write_str("now"),
            Self::Ago(length) => write!(f, "{length:#}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_or_a_length_of_time_is_understood() {
        let ago = |minutes| Ok(Moment::Ago(SignedDuration::from_mins(minutes)));
        for (text, moment) in [
            ("now", ago(0)),
            ("3h", ago(180)),
            ("90m", ago(90)),
            ("14d", ago(14 * 1_440)),
            ("1d 12h", ago(36 * 60)),
            ("2h ago", ago(120)),
        ] {
            assert_eq!(text.parse::<Moment>(), moment, "{text}");
        }
        let time = "2026-03-07T03:00:00Z".parse().unwrap();
        for text in ["2026-03-07T03:00:00Z", "2026-03-07T04:00:00+01:00"] {
            assert_eq!(text.parse(), Ok(Moment::At(time)), "{text}");
        }
    }

    #[test]
    fn what_is_neither_is_refused_with_examples() {
        for text in [
            "",
            "yesterday",
            "-3h",
            "0h",
            "3",
            "2026-03-07",
            "2026-03-07T03:00:00",
            "1mo",
        ] {
            let refused = text.parse::<Moment>().unwrap_err();
            assert!(refused.contains("such as 2026-03-07T03:00:00Z"), "{text}");
        }
    }
}
