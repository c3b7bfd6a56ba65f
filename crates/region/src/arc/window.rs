//! The dates and windows of practice runs, in UTC.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::Offset;

use super::validate;
use crate::error::ServiceError;

/// A window of one day of the week. Its beginning belongs to it, its end does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    day: Weekday,
    /// Minutes of the day.
    from: i16,
    /// Minutes of the day.
    until: i16,
}

const DAYS: [(&str, Weekday); 7] = [
    ("Mon", Weekday::Monday),
    ("Tue", Weekday::Tuesday),
    ("Wed", Weekday::Wednesday),
    ("Thu", Weekday::Thursday),
    ("Fri", Weekday::Friday),
    ("Sat", Weekday::Saturday),
    ("Sun", Weekday::Sunday),
];

impl Window {
    /// `Mon:10:00-Mon:10:30`; it begins and ends on the same day.
    fn parse(text: &str) -> Option<Self> {
        let (from, until) = text.split_once('-')?;
        let (day, from) = moment(from)?;
        let (same, until) = moment(until)?;
        (day == same && from < until).then_some(Self { day, from, until })
    }

    /// All windows of a field.
    pub(super) fn parse_all(
        field: &str,
        texts: &[String],
        reason: &str,
    ) -> Result<Vec<Self>, ServiceError> {
        let window = |text: &String| {
            Self::parse(text).ok_or_else(|| {
                let message =
                    format!("{field}: \"{text}\" is not a window such as Mon:10:00-Mon:10:30");
                validate::invalid(reason, message)
            })
        };
        texts.iter().map(window).collect()
    }

    /// Whether a window holds a moment.
    pub(super) fn holds(text: &str, at: Timestamp) -> bool {
        let at = utc(at);
        let minute = i16::from(at.hour()) * 60 + i16::from(at.minute());
        Self::parse(text).is_some_and(|window| {
            window.day == at.weekday() && (window.from..window.until).contains(&minute)
        })
    }

    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.day == other.day && self.from < other.until && other.from < self.until
    }
}

/// `Mon:10:00`.
fn moment(text: &str) -> Option<(Weekday, i16)> {
    let (day, time) = text.split_once(':')?;
    let (_, day) = DAYS.into_iter().find(|(name, _)| *name == day)?;
    let (hour, minute) = time.split_once(':')?;
    let number = |digits: &str, below: i16| {
        let fits = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
        digits.parse().ok().filter(|n: &i16| fits && *n < below)
    };
    Some((day, number(hour, 24)? * 60 + number(minute, 60)?))
}

/// Checks a date such as `2026-05-01`.
pub(super) fn blocked_date(text: &str) -> Result<(), ServiceError> {
    let is_date = text.len() == 10 && text.parse::<Date>().is_ok();
    if is_date {
        return Ok(());
    }
    let message = format!("blockedDates: \"{text}\" is not a date such as 2026-05-01");
    Err(validate::invalid("InvalidPracticeBlocker", message))
}

/// Whether a moment is on one of these dates.
pub(super) fn is_blocked_on(dates: &[String], at: Timestamp) -> bool {
    let today = utc(at).date().to_string();
    dates.contains(&today)
}

fn utc(at: Timestamp) -> DateTime {
    Offset::UTC.to_datetime(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_model_describes_is_a_window() {
        assert!(Window::parse("Mon:10:00-Mon:10:30").is_some());
        for text in [
            "",
            "Mon:10:00",
            "MON:10:00-MON:10:30",
            "Mon:10:00-Tue:10:30",
            "Mon:10:30-Mon:10:30",
            "Mon:10:30-Mon:10:00",
            "Mon:24:00-Mon:24:30",
            "Mon:10:60-Mon:11:00",
            "Mon:1:00-Mon:10:30",
            "Mon-10:00-10:30",
        ] {
            assert_eq!(Window::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_window_holds_its_beginning_and_not_its_end() {
        // 2026-01-15 is a Thursday.
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let window = "Thu:03:00-Thu:04:00";
        assert!(Window::holds(window, at("2026-01-15T03:00:00Z")));
        assert!(Window::holds(window, at("2026-01-15T03:59:59Z")));
        assert!(!Window::holds(window, at("2026-01-15T04:00:00Z")));
        assert!(!Window::holds(window, at("2026-01-16T03:30:00Z")));
    }

    #[test]
    fn a_date_is_a_day_of_the_calendar() {
        assert!(blocked_date("2024-02-29").is_ok());
        for text in ["2026-02-29", "2026-2-01", "20260201", "2026-05-01T", ""] {
            assert!(blocked_date(text).is_err(), "{text}");
        }
    }
}
