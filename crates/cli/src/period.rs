//! A time that people name, in whole minutes.

mod moment;

use domain::evidence::{SETTLED, Span};
use jiff::{RoundMode, SignedDuration, Timestamp, TimestampRound, Unit};

pub(crate) use self::moment::Moment;

/// How long CloudWatch keeps minutes; then it has periods of five.
const KEPT: SignedDuration = SignedDuration::from_hours(15 * 24);

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// Whole minutes from one time to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Period {
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
    /// When it is looked at, for what may still be under way.
    seen_at: Timestamp,
}

impl Period {
    /// The period between two moments, or what is wrong with it. The embedded Region's clock is not
    /// ours: nothing is known of it but that what is asked for has passed.
    pub(crate) fn new(
        from: Moment,
        to: Moment,
        now: Timestamp,
        embedded: bool,
    ) -> Result<Self, String> {
        if embedded {
            for (option, moment) in [("--from", from), ("--to", to)] {
                if matches!(moment, Moment::Ago(_)) {
                    return Err(format!(
                        "{option} {moment}: the embedded Region has a clock of its own, expected a time on it, such as 2026-01-15T03:00:00Z"
                    ));
                }
            }
        }
        let period = Self {
            from: floor(from.time(now)),
            to: floor(to.time(now)),
            seen_at: now,
        };
        let length = period.to.duration_since(period.from);
        if length < MINUTE {
            return Err(format!(
                "--to {to}: not a minute after --from {from}, expected a later time"
            ));
        }
        if embedded {
            if length > KEPT {
                return Err(format!(
                    "--from {from}: more than 15 days before --to {to}, expected 15 days at the most"
                ));
            }
            return Ok(Self {
                seen_at: period.to.saturating_add(SETTLED).unwrap_or(Timestamp::MAX),
                ..period
            });
        }
        if period.to > now {
            return Err(format!(
                "--to {to}: in the future, expected now ({}) at the latest",
                floor(now)
            ));
        }
        if now.duration_since(period.from) > KEPT + MINUTE {
            let first = floor(now.saturating_sub(KEPT).unwrap_or(Timestamp::MIN));
            return Err(format!(
                "--from {from}: CloudWatch keeps minutes for 15 days, expected {first} at the earliest"
            ));
        }
        Ok(period)
    }

    /// The minutes to read, with some before the first.
    pub(crate) fn span(&self, lead: usize) -> Span {
        let length = self.to.duration_since(self.from).as_mins();
        Span {
            from: after(self.from, -count(lead)),
            minutes: lead + usize::try_from(length).unwrap_or(0),
            seen_at: self.seen_at,
        }
    }
}

fn count(minutes: usize) -> i64 {
    i64::try_from(minutes).unwrap_or(i64::MAX)
}

fn after(time: Timestamp, minutes: i64) -> Timestamp {
    time.saturating_add(SignedDuration::from_secs(minutes.saturating_mul(60)))
        .unwrap_or(time)
}

fn floor(time: Timestamp) -> Timestamp {
    let round = TimestampRound::new()
        .smallest(Unit::Minute)
        .mode(RoundMode::Floor);
    time.round(round).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-03-07T12:34:56Z";

    fn period(from: &str, to: &str, embedded: bool) -> Result<Period, String> {
        let now = NOW.parse().unwrap();
        Period::new(from.parse().unwrap(), to.parse().unwrap(), now, embedded)
    }

    fn between(from: &str, to: &str) -> String {
        period(from, to, false).map_or_else(
            |error| error,
            |period| format!("{} {}", period.from, period.to),
        )
    }

    #[test]
    fn a_period_has_whole_minutes() {
        assert_eq!(
            between("3h", "now"),
            "2026-03-07T09:34:00Z 2026-03-07T12:34:00Z"
        );
        assert_eq!(
            between("2026-03-01T00:00:59Z", "2026-03-01T00:01:01Z"),
            "2026-03-01T00:00:00Z 2026-03-01T00:01:00Z"
        );
    }

    #[test]
    fn what_cloudwatch_cannot_have_is_refused_with_what_it_can() {
        insta::assert_snapshot!(between("16d", "now"), @"--from 384h: CloudWatch keeps minutes for 15 days, expected 2026-02-20T12:34:00Z at the earliest");
        insta::assert_snapshot!(between("1h", "2026-03-07T13:00:00Z"), @"--to 2026-03-07T13:00:00Z: in the future, expected now (2026-03-07T12:34:00Z) at the latest");
        insta::assert_snapshot!(between("1h", "2h"), @"--to 2h: not a minute after --from 1h, expected a later time");
        insta::assert_snapshot!(between("30s", "now"), @"--to now: not a minute after --from 30s, expected a later time");
    }

    #[test]
    fn fifteen_days_are_not_too_long() {
        assert_eq!(
            between("15d", "now"),
            "2026-02-20T12:34:00Z 2026-03-07T12:34:00Z"
        );
    }

    #[test]
    fn the_embedded_region_is_asked_by_its_own_clock() {
        let refused = period("3h", "now", true).unwrap_err();
        assert!(refused.contains("a clock of its own"), "{refused}");
        let past = period("2020-01-15T03:00:00Z", "2020-01-15T04:00:00Z", true).unwrap();
        assert!(past.seen_at >= past.to + SETTLED);
        assert!(period("2020-01-01T00:00:00Z", "2020-02-01T00:00:00Z", true).is_err());
    }

    #[test]
    fn a_period_is_read_with_minutes_before_it() {
        let period = period("2026-03-07T03:00:00Z", "2026-03-07T03:10:00Z", false).unwrap();
        let span = period.span(4);
        assert_eq!(
            (span.from.to_string().as_str(), span.minutes),
            ("2026-03-07T02:56:00Z", 14)
        );
    }
}
