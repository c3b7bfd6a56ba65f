//! Statistics: how the values of a period become one number.
//!
//! Supported are the five basic statistics, percentiles (`p99`, `p99.9`), percentile ranks
//! (`PR(0.1:0.35)`, in percent) and trimmed counts (`TC(0.35:)`). Ranks and counts take the values
//! that are greater than the lower bound and not greater than the upper one; either bound may be
//! left out. The slow requests of a load balancer are `PR` of its latency times its sample count.
//!
//! Choices where AWS does not say how it computes:
//! - a percentile is the least value that so many percent of the values do not exceed (the nearest
//!   rank, without interpolation);
//! - values that were published as a statistic set have no percentiles, ranks or trimmed counts
//!   unless all of them are equal.

use std::fmt;
use std::str::FromStr;

use super::metric::Sample;

/// A statistic as a query or an alarm names it.
#[derive(Debug, Clone, PartialEq)]
pub struct Statistic {
    text: String,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Sum,
    Average,
    Minimum,
    Maximum,
    SampleCount,
    /// From 0 to 100.
    Percentile(f64),
    /// The percentage of the values in a range.
    Rank(Range),
    /// The number of the values in a range.
    TrimmedCount(Range),
}

/// Exclusive at the lower end, inclusive at the upper.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Range {
    above: f64,
    up_to: f64,
}

/// Why a text is not a statistic.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is not a statistic of the embedded Region, expected Sum, Average, Minimum, Maximum, SampleCount, p<percent>, PR(<above>:<up to>) or TC(<above>:<up to>)"
)]
pub struct StatisticError(String);

impl FromStr for Statistic {
    type Err = StatisticError;

    fn from_str(text: &str) -> Result<Self, StatisticError> {
        match kind(text) {
            Some(kind) => Ok(Self {
                text: text.to_owned(),
                kind,
            }),
            None => Err(StatisticError(text.to_owned())),
        }
    }
}

fn kind(text: &str) -> Option<Kind> {
    match text {
        "Sum" => return Some(Kind::Sum),
        "Average" => return Some(Kind::Average),
        "Minimum" => return Some(Kind::Minimum),
        "Maximum" => return Some(Kind::Maximum),
        "SampleCount" => return Some(Kind::SampleCount),
        _ => {}
    }
    let bounds = |name: &str| {
        text.strip_prefix(name)?
            .strip_prefix('(')?
            .strip_suffix(')')
    };
    if let Some(bounds) = bounds("PR") {
        return range(bounds).map(Kind::Rank);
    }
    if let Some(bounds) = bounds("TC") {
        return range(bounds).map(Kind::TrimmedCount);
    }
    let percent = number(text.strip_prefix('p')?)?;
    (0.0..=100.0)
        .contains(&percent)
        .then_some(Kind::Percentile(percent))
}

/// `0.1:0.35`, `0.35:` or `:0.1`.
fn range(text: &str) -> Option<Range> {
    let (above, up_to) = text.split_once(':')?;
    let bound = |text: &str, open: f64| {
        if text.is_empty() {
            Some(open)
        } else {
            number(text)
        }
    };
    let range = Range {
        above: bound(above, f64::NEG_INFINITY)?,
        up_to: bound(up_to, f64::INFINITY)?,
    };
    let bounded = range.above.is_finite() || range.up_to.is_finite();
    (bounded && range.above < range.up_to).then_some(range)
}

/// Digits with at most one point and no exponent: neither `inf` nor `1e3`.
fn number(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    plain.then(|| text.parse().ok())?
}

impl fmt::Display for Statistic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Statistic {
    /// The text that the statistic was given as.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the API calls it an extended statistic, which alarms name in another field.
    #[must_use]
    pub fn is_extended(&self) -> bool {
        !matches!(
            self.kind,
            Kind::Sum | Kind::Average | Kind::Minimum | Kind::Maximum | Kind::SampleCount
        )
    }

    /// The statistic of what is visible of a period. Nothing gives nothing, never zero.
    pub(super) fn of(&self, parts: &[&Sample]) -> Option<f64> {
        let value = match self.kind {
            Kind::Sum => total(parts)?.sum,
            Kind::SampleCount => total(parts)?.count,
            Kind::Average => {
                let total = total(parts)?;
                total.sum / total.count
            }
            Kind::Minimum => total(parts)?.minimum,
            Kind::Maximum => total(parts)?.maximum,
            Kind::Percentile(percent) => percentile(parts, percent)?,
            Kind::Rank(range) => {
                let (inside, all) = inside(parts, range)?;
                100.0 * inside / all
            }
            Kind::TrimmedCount(range) => inside(parts, range)?.0,
        };
        value.is_finite().then_some(value)
    }
}

struct Total {
    count: f64,
    sum: f64,
    minimum: f64,
    maximum: f64,
}

fn total(parts: &[&Sample]) -> Option<Total> {
    let mut total = Total {
        count: 0.0,
        sum: 0.0,
        minimum: f64::INFINITY,
        maximum: f64::NEG_INFINITY,
    };
    for part in parts {
        for &(value, count) in &part.values {
            total.count += count;
            total.sum += value * count;
        }
        // The values are in ascending order.
        if let (Some((least, _)), Some((greatest, _))) = (part.values.first(), part.values.last()) {
            total.minimum = total.minimum.min(*least);
            total.maximum = total.maximum.max(*greatest);
        }
        if let Some(set) = part.sets {
            total.count += set.sample_count;
            total.sum += set.sum;
            total.minimum = total.minimum.min(set.minimum);
            total.maximum = total.maximum.max(set.maximum);
        }
    }
    (total.count > 0.0).then_some(total)
}

/// All values with their counts, unless some are known only as a statistic set.
fn values<'a>(parts: &'a [&Sample]) -> Option<impl Iterator<Item = (f64, f64)> + 'a> {
    let known = parts.iter().all(|part| part.sets.is_none());
    known.then(|| parts.iter().flat_map(|part| part.values.iter().copied()))
}

fn inside(parts: &[&Sample], range: Range) -> Option<(f64, f64)> {
    let mut inside = 0.0;
    let mut all = 0.0;
    for (value, count) in values(parts)? {
        all += count;
        if range.above < value && value <= range.up_to {
            inside += count;
        }
    }
    (all > 0.0).then_some((inside, all))
}

fn percentile(parts: &[&Sample], percent: f64) -> Option<f64> {
    let mut values: Vec<(f64, f64)> = values(parts)?.collect();
    values.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let all: f64 = values.iter().map(|(_, count)| count).sum();
    let rank = all * percent / 100.0;
    let mut seen = 0.0;
    for &(value, count) in &values {
        seen += count;
        if seen >= rank {
            return Some(value);
        }
    }
    values.last().map(|&(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::super::metric::StatisticSet;
    use super::*;

    /// Latencies in seconds: 90 fast requests, 8 slow ones, 2 very slow ones.
    fn latencies() -> Sample {
        Sample {
            values: vec![(0.1, 90.0), (0.35, 8.0), (2.0, 2.0)],
            sets: None,
        }
    }

    fn of(statistic: &str, parts: &[&Sample]) -> Option<f64> {
        statistic.parse::<Statistic>().unwrap().of(parts)
    }

    #[track_caller]
    fn check(statistic: &str, expected: f64) {
        let got = of(statistic, &[&latencies()]).unwrap();
        assert!(
            (got - expected).abs() < 1e-9,
            "{statistic}: {got} instead of {expected}"
        );
    }

    #[test]
    fn basic_statistics_weigh_values_by_their_counts() {
        check("Sum", 9.0 + 2.8 + 4.0);
        check("SampleCount", 100.0);
        check("Average", 0.158);
        check("Minimum", 0.1);
        check("Maximum", 2.0);
    }

    #[test]
    fn a_percentile_is_the_value_at_its_rank() {
        check("p0", 0.1);
        check("p50", 0.1);
        check("p90", 0.1);
        check("p90.1", 0.35);
        check("p98", 0.35);
        check("p99", 2.0);
        check("p100", 2.0);
    }

    #[test]
    fn a_rank_excludes_its_lower_bound_and_includes_its_upper() {
        check("PR(:0.1)", 90.0);
        check("PR(0.1:0.35)", 8.0);
        check("PR(0.35:)", 2.0);
        check("PR(0.34:)", 10.0);
        check("PR(5:)", 0.0);
    }

    #[test]
    fn a_trimmed_count_is_a_rank_in_requests() {
        check("TC(0.1:)", 10.0);
        check("TC(:0.35)", 98.0);
        check("TC(0.1:0.35)", 8.0);
    }

    #[test]
    fn parts_of_a_period_are_taken_together() {
        let late = Sample {
            values: vec![(0.2, 100.0)],
            sets: None,
        };
        let parts = [&latencies(), &late];
        assert_eq!(of("SampleCount", &parts), Some(200.0));
        assert_eq!(of("Maximum", &parts), Some(2.0));
        assert_eq!(of("p50", &parts), Some(0.2));
        assert_eq!(of("PR(0.15:)", &parts), Some(55.0));
    }

    #[test]
    fn no_values_have_no_statistics() {
        for statistic in ["Sum", "SampleCount", "Average", "p99", "PR(1:)", "TC(1:)"] {
            assert_eq!(of(statistic, &[]), None, "{statistic}");
        }
    }

    #[test]
    fn a_statistic_set_has_no_percentiles() {
        let set = Sample {
            values: Vec::new(),
            sets: Some(StatisticSet {
                sample_count: 4.0,
                sum: 8.0,
                minimum: 1.0,
                maximum: 3.0,
            }),
        };
        assert_eq!(of("Average", &[&set]), Some(2.0));
        assert_eq!(of("Maximum", &[&set, &latencies()]), Some(3.0));
        assert_eq!(of("p50", &[&set, &latencies()]), None);
        assert_eq!(of("TC(1:)", &[&set]), None);
    }

    #[test]
    fn other_texts_are_refused_with_what_is_expected() {
        for text in [
            "", "sum", "p", "p101", "p-1", "pinf", "p1e1", "p1.2.3", "PR", "PR()", "PR(:)",
            "PR(1)", "PR(2:1)", "PR(1:1)", "PR(a:b)", "PR(1%:)", "tm99", "TC(0.1:", "Average ",
        ] {
            let error = text.parse::<Statistic>().unwrap_err().to_string();
            assert!(
                error.contains(&format!("\"{text}\"")) && error.contains("p<percent>"),
                "{error}"
            );
        }
    }
}
