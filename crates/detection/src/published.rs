//! The published methods, as they are published, with their defects.
//!
//! Each looks at how many requests failed in each zone in one minute and says which zones are outliers.
//! Around it stand the conditions of the workshop: an outlier is an alarm when it was one in two of the
//! last three minutes; so is a zone's own bad share above its threshold (the impact), and more than one
//! instance with bad requests. A zone is isolated where it, and no other, has all three. Failed and
//! slow requests are looked at apart, and either is enough.

use std::collections::VecDeque;

use domain::judge::Minute;

/// A method that finds outliers among the zones' counts of errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// A share of all errors of at least 70 %.
    Share70,
    /// A share of all errors of at least 66 %.
    Share66,
    /// Pearson's statistic against equal counts beyond its 5 % point; the zone farthest from the mean.
    ChiSquared,
    /// More than 2 standard deviations of the population above the mean.
    ZScore,
    /// Above the third quartile by more than 1.5 times the range between the quartiles.
    Quartiles,
    /// At least 3 median absolute deviations above the median.
    Deviations,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Share70,
        Self::Share66,
        Self::ChiSquared,
        Self::ZScore,
        Self::Quartiles,
        Self::Deviations,
    ];

    /// As it stands in a table.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Share70 => "share 0.7",
            Self::Share66 => "share 0.66",
            Self::ChiSquared => "chi-squared",
            Self::ZScore => "z-score 2",
            Self::Quartiles => "IQR",
            Self::Deviations => "MAD 3",
        }
    }

    /// Whether each zone is an outlier, by the errors of each.
    #[must_use]
    pub fn outliers(self, errors: &[u64]) -> Vec<bool> {
        let counts: Vec<f64> = errors.iter().map(|&count| count as f64).collect();
        let above = |bound: f64| counts.iter().map(|&count| count > bound).collect();
        match self {
            Self::Share70 => share(&counts, 0.7),
            Self::Share66 => share(&counts, 0.66),
            Self::ChiSquared => chi_squared(&counts),
            Self::ZScore => {
                let mean = mean(&counts);
                let squares: Vec<f64> = counts.iter().map(|x| (x - mean).powi(2)).collect();
                let deviation = self::mean(&squares).sqrt();
                // Where all are equal nothing is above the mean.
                above(mean + 2.0 * deviation)
            }
            Self::Quartiles => {
                let (first, third) = (percentile(&counts, 0.25), percentile(&counts, 0.75));
                above(third + 1.5 * (third - first))
            }
            Self::Deviations => {
                let median = percentile(&counts, 0.5);
                let distances: Vec<f64> = counts.iter().map(|x| (x - median).abs()).collect();
                let bound = median + 3.0 * percentile(&distances, 0.5);
                counts.iter().map(|&count| count >= bound).collect()
            }
        }
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

fn share(counts: &[f64], threshold: f64) -> Vec<bool> {
    let all: f64 = counts.iter().sum();
    counts
        .iter()
        .map(|&count| all > 0.0 && count / all >= threshold)
        .collect()
}

/// The 5 % points of the chi-squared distribution with 1 to 5 degrees of freedom.
const CRITICAL: [f64; 5] = [3.841, 5.991, 7.815, 9.488, 11.070];

fn chi_squared(counts: &[f64]) -> Vec<bool> {
    let expected = mean(counts);
    let distance = |count: f64| (count - expected).abs();
    let farthest = counts
        .iter()
        .enumerate()
        .rev()
        .max_by(|one, other| distance(*one.1).total_cmp(&distance(*other.1)))
        .map(|(index, _)| index);
    let statistic: f64 = counts
        .iter()
        .map(|&x| (x - expected).powi(2) / expected)
        .sum();
    let critical = CRITICAL.get(counts.len().saturating_sub(2)).copied();
    let significant = expected > 0.0 && critical.is_some_and(|critical| statistic > critical);
    (0..counts.len())
        .map(|index| significant && Some(index) == farthest)
        .collect()
}

/// With linear interpolation between the ranks.
fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let position = share * sorted.len().saturating_sub(1) as f64;
    let (low, part) = (position.floor(), position.fract());
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index below the number of zones"
    )]
    let low = low as usize;
    let at = |index: usize| sorted.get(index).or(sorted.last()).copied().unwrap_or(0.0);
    at(low) + part * (at(low + 1) - at(low))
}

/// The zone's own bad share beyond which it hurts its customers.
pub const IMPACT: f64 = 0.01;

/// Minutes that count, and how many of them must.
const OUT_OF: usize = 3;
const MANY: usize = 2;

/// The errors of one kind, of the failed and the slow requests.
type Errors = fn(u64, u64) -> u64;

/// What one kind of errors was in one minute, for each zone.
#[derive(Clone, Debug)]
struct Conditions {
    outlier: Vec<bool>,
    impact: Vec<bool>,
    instances: Vec<bool>,
}

impl Conditions {
    fn of(method: Method, zones: &[Option<&Minute>], errors: Errors) -> Self {
        let count = |minute: &Minute| errors(minute.faults, minute.slow);
        let counts: Vec<u64> = zones.iter().map(|zone| zone.map_or(0, count)).collect();
        let each =
            |of: &dyn Fn(&Minute) -> bool| zones.iter().map(|zone| zone.is_some_and(of)).collect();
        Self {
            outlier: method.outliers(&counts),
            impact: each(&|minute| {
                minute.requests > 0 && count(minute) as f64 / minute.requests as f64 > IMPACT
            }),
            instances: each(&|minute| {
                let bad = minute.instances.iter();
                bad.filter(|one| errors(one.faults, one.slow) > 0).count() > 1
            }),
        }
    }
}

/// A method at work: it is shown minute after minute.
#[derive(Clone, Debug)]
pub struct Watch {
    method: Method,
    failed: VecDeque<Conditions>,
    slow: VecDeque<Conditions>,
}

impl Watch {
    /// At the beginning, with nothing seen.
    #[must_use]
    pub fn new(method: Method) -> Self {
        Self {
            method,
            failed: VecDeque::with_capacity(OUT_OF),
            slow: VecDeque::with_capacity(OUT_OF),
        }
    }

    /// Shows it a minute of every zone; `None` where a zone's is unknown, which breaches nothing.
    /// Answers with the zone that it would evacuate.
    pub fn see(&mut self, zones: &[Option<&Minute>]) -> Option<usize> {
        let kinds: [(&mut VecDeque<Conditions>, Errors); 2] = [
            (&mut self.failed, |faults, _| faults),
            (&mut self.slow, |_, slow| slow),
        ];
        for (seen, errors) in kinds {
            if seen.len() == OUT_OF {
                seen.pop_front();
            }
            seen.push_back(Conditions::of(self.method, zones, errors));
        }
        let mut alarmed = (0..zones.len()).filter(|&zone| {
            [&self.failed, &self.slow]
                .into_iter()
                .any(|seen| is_hurt(seen, zone))
        });
        match (alarmed.next(), alarmed.next()) {
            (Some(zone), None) => Some(zone),
            _ => None,
        }
    }
}

fn is_hurt(seen: &VecDeque<Conditions>, zone: usize) -> bool {
    let often = |condition: fn(&Conditions) -> &Vec<bool>| {
        seen.iter().filter(|minute| condition(minute)[zone]).count() >= MANY
    };
    often(|minute| &minute.outlier)
        && often(|minute| &minute.impact)
        && often(|minute| &minute.instances)
}

#[cfg(test)]
mod tests {
    use domain::judge::InstanceMinute;
    use rand::{Rng, SeedableRng};
    use rand_pcg::Pcg64;

    use super::*;

    const NONE: [bool; 3] = [false; 3];
    const FIRST: [bool; 3] = [true, false, false];
    const LAST: [bool; 3] = [false, false, true];

    #[test]
    fn a_share_is_of_all_errors() {
        assert_eq!(Method::Share70.outliers(&[7, 2, 1]), FIRST);
        assert_eq!(Method::Share70.outliers(&[69, 20, 11]), NONE);
        assert_eq!(Method::Share66.outliers(&[69, 20, 11]), FIRST);
        assert_eq!(Method::Share66.outliers(&[0, 0, 0]), NONE);
    }

    #[test]
    fn a_share_flags_the_big_zone_of_equal_error_rates() {
        assert_eq!(Method::Share70.outliers(&[10, 10, 80]), LAST);
    }

    #[test]
    fn chi_squared_needs_three_errors_in_one_of_three_zones() {
        // (3 - 1)² + 1² + 1² = 6.0, and the critical value is 5.991.
        assert_eq!(Method::ChiSquared.outliers(&[3, 0, 0]), FIRST);
        assert_eq!(Method::ChiSquared.outliers(&[2, 0, 0]), NONE);
        assert_eq!(Method::ChiSquared.outliers(&[0, 0, 0]), NONE);
    }

    #[test]
    fn chi_squared_flags_the_farthest_in_either_direction() {
        assert_eq!(Method::ChiSquared.outliers(&[0, 20, 20]), FIRST);
        assert_eq!(Method::ChiSquared.outliers(&[50, 50, 5]), LAST);
        assert_eq!(Method::ChiSquared.outliers(&[10, 10, 40]), LAST);
    }

    #[test]
    fn chi_squared_has_a_critical_value_for_two_four_and_six_zones() {
        // Two zones: (x - y)² / (x + y); [4, 0] gives 4.0, [3, 0] gives 3.0.
        assert_eq!(Method::ChiSquared.outliers(&[4, 0]), [true, false]);
        assert_eq!(Method::ChiSquared.outliers(&[3, 0]), [false, false]);
        // Four: [3, 0, 0, 0] gives 9.0, [2, 0, 0, 0] gives 6.0. Six: [3, 0, …] gives 15, [2, 0, …] 10.
        assert!(Method::ChiSquared.outliers(&[3, 0, 0, 0])[0]);
        assert!(!Method::ChiSquared.outliers(&[2, 0, 0, 0])[0]);
        assert!(Method::ChiSquared.outliers(&[3, 0, 0, 0, 0, 0])[0]);
        assert!(!Method::ChiSquared.outliers(&[2, 0, 0, 0, 0, 0])[0]);
    }

    #[test]
    fn a_z_score_of_two_is_out_of_reach_below_six_zones() {
        for zones in 2..=5 {
            let mut errors = vec![0; zones];
            errors[0] = 1_000_000;
            assert!(!Method::ZScore.outliers(&errors)[0], "{zones} zones");
        }
        assert_eq!(
            Method::ZScore.outliers(&[1, 0, 0, 0, 0, 0]),
            [true, false, false, false, false, false]
        );
        // The mean is 20, the deviation 22.4: 60 is 1.8 of them above.
        assert!(!Method::ZScore.outliers(&[60, 10, 0, 10, 0, 40])[0]);
    }

    #[test]
    fn quartiles_cannot_flag_one_of_three() {
        let mut random = Pcg64::seed_from_u64(1);
        for _ in 0..10_000 {
            let errors: Vec<u64> = (0..3).map(|_| random.random_range(0..10_000)).collect();
            assert_eq!(Method::Quartiles.outliers(&errors), NONE, "{errors:?}");
        }
        // Quartiles 0 and 25: the bound is 62.5.
        assert!(Method::Quartiles.outliers(&[0, 0, 0, 100])[3]);
        assert!(Method::Quartiles.outliers(&[0, 100])[1].eq(&false));
        // Quartiles 0 and 45: the bound is 112.5.
        assert!(!Method::Quartiles.outliers(&[0, 0, 40, 60])[3]);
    }

    #[test]
    fn median_deviations_of_nothing_flag_everything() {
        for errors in [[0, 0, 0], [5, 5, 5], [0, 0, 1]] {
            assert_eq!(Method::Deviations.outliers(&errors), [true; 3]);
        }
        // The median is 6, the deviations 2, 0 and 94: the bound is 12.
        assert_eq!(Method::Deviations.outliers(&[4, 6, 100]), LAST);
        assert_eq!(Method::Deviations.outliers(&[4, 6, 11]), NONE);
    }

    fn minute(requests: u64, faults: u64, instances: u64) -> Minute {
        Minute {
            requests,
            faults,
            instances: (0..instances)
                .map(|index| InstanceMinute {
                    id: format!("i-{index}"),
                    requests: requests / instances,
                    faults: faults / instances,
                    slow: 0,
                })
                .collect(),
            ..Minute::default()
        }
    }

    fn answers(bad: &Minute, minutes: usize) -> Vec<Option<usize>> {
        let well = minute(1_000, 0, 4);
        let mut watch = Watch::new(Method::Share70);
        (0..minutes)
            .map(|_| watch.see(&[Some(&well), Some(bad), Some(&well)]))
            .collect()
    }

    #[test]
    fn two_of_three_minutes_are_an_alarm() {
        assert_eq!(answers(&minute(1_000, 100, 4), 3), [None, Some(1), Some(1)]);
        let (bad, well) = (minute(1_000, 100, 4), minute(1_000, 0, 4));
        let mut watch = Watch::new(Method::Share70);
        let mut see = |first: &Minute| watch.see(&[Some(first), Some(&well), Some(&well)]);
        assert_eq!(
            [see(&bad), see(&well), see(&bad), see(&well), see(&well)],
            [None, None, Some(0), None, None]
        );
    }

    #[test]
    fn an_outlier_without_impact_or_with_one_instance_is_let_be() {
        assert_eq!(answers(&minute(1_000, 8, 4), 3), [None; 3]);
        assert_eq!(answers(&minute(1_000, 100, 1), 3), [None; 3]);
    }

    #[test]
    fn two_isolated_zones_are_none() {
        let bad = minute(1_000, 100, 4);
        let mut watch = Watch::new(Method::Deviations);
        for _ in 0..3 {
            assert_eq!(watch.see(&[Some(&bad), Some(&bad), Some(&bad)]), None);
        }
    }

    #[test]
    fn an_unknown_minute_breaches_nothing() {
        let bad = minute(1_000, 100, 4);
        let mut watch = Watch::new(Method::Share70);
        assert_eq!(watch.see(&[Some(&bad), None, None]), None);
        assert_eq!(watch.see(&[None, None, None]), None);
        assert_eq!(watch.see(&[Some(&bad), None, None]), Some(0));
    }

    #[test]
    fn slow_requests_are_looked_at_apart_from_failed_ones() {
        let mut slow = minute(1_000, 100, 4);
        (slow.slow, slow.faults) = (slow.faults, 0);
        for instance in &mut slow.instances {
            (instance.slow, instance.faults) = (instance.faults, 0);
        }
        assert_eq!(answers(&slow, 2), [None, Some(1)]);
    }
}
