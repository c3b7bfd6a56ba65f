//! How much more the counts scatter than binomial ones would.
//!
//! Requests of the same minute fail together: a failing dependency, a client in a loop, a slow disk. What
//! two zones have in common is how much the requests of a minute are correlated, not how much
//! their counts scatter: the more requests a minute has, the more the same correlation makes of it. So the
//! correlation is estimated, and each zone's dispersion follows from its own traffic.

use super::counts::{Minute, Tally};

/// The correlation that is believed before anything is seen: a minute of 1,000 requests scatters twice
/// as much as a binomial one.
const USUAL: f64 = 0.001;

/// How many minutes' worth of counts that belief has. Few minutes would otherwise give an estimate that
/// scatters itself; with more, a real excess takes longer to show.
const BELIEVED: f64 = 5.0;

/// No traffic is steadier than this; ten even minutes may be luck.
const LEAST: f64 = 0.000_25;

/// The correlation of the requests of one zone and minute in whether they are bad.
///
/// From the excess of Pearson's statistic of each zone's minutes around that zone's own bad share over
/// its degrees of freedom. Only the zones that a candidate is compared with are given here: a candidate's
/// own minutes hold the fault's beginning, and would hide it.
pub(super) fn correlation<'a>(zones: impl Iterator<Item = &'a [Option<Minute>]>) -> f64 {
    let mut excess = 0.0;
    let mut requests = 0.0;
    let mut minutes = 0.0;
    for zone in zones {
        let tallies = || {
            let known = zone.iter().flatten().map(Tally::of);
            known.filter(|tally| tally.requests > 0.0)
        };
        let count = tallies().count() as f64;
        let total = tallies().fold(Tally::default(), Tally::plus);
        let share = total.fraction();
        let variance = share * (1.0 - share);
        // Where no request is bad, or every one, no scatter can be seen.
        if variance <= 0.0 || count < 2.0 {
            continue;
        }
        let pearson: f64 = tallies()
            .map(|tally| (tally.bad - tally.requests * share).powi(2) / (tally.requests * variance))
            .sum();
        excess += pearson - (count - 1.0);
        requests += (total.requests - count) * (count - 1.0) / count;
        minutes += count;
    }
    if minutes <= 0.0 {
        return USUAL;
    }
    let believed = BELIEVED * requests / minutes;
    let correlation = (believed * USUAL + excess) / (believed + requests).max(1.0);
    correlation.clamp(LEAST, 1.0)
}

/// How many times as much as binomial ones the counts of minutes of so many requests scatter.
pub(super) fn dispersion(correlation: f64, requests: f64) -> f64 {
    1.0 + (requests - 1.0).max(0.0) * correlation
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(requests: u64, faults: &[u64]) -> Vec<Option<Minute>> {
        faults
            .iter()
            .map(|&faults| {
                Some(Minute {
                    requests,
                    faults,
                    ..Minute::default()
                })
            })
            .collect()
    }

    fn of(zones: &[Vec<Option<Minute>>]) -> f64 {
        correlation(zones.iter().map(Vec::as_slice))
    }

    #[test]
    fn even_counts_are_as_little_correlated_as_any() {
        assert_eq!(of(&[minutes(1_000, &[5, 4, 6, 5, 5])]), LEAST);
    }

    #[test]
    fn bursts_are_correlated() {
        let bursty = minutes(1_000, &[0, 0, 40, 0, 0, 0, 35, 0, 0, 0]);
        assert!(dispersion(of(&[bursty]), 1_000.0) > 10.0);
    }

    #[test]
    fn a_difference_between_zones_is_no_scatter() {
        assert_eq!(
            of(&[minutes(1_000, &[5; 10]), minutes(1_000, &[100; 10])]),
            LEAST
        );
    }

    #[test]
    fn nothing_known_is_as_usual() {
        assert_eq!(of(&[vec![None, None]]), USUAL);
        assert_eq!(of(&[minutes(1_000, &[0; 10])]), USUAL);
        assert_eq!(of(&[]), USUAL);
    }

    #[test]
    fn the_correlation_that_counts_are_drawn_with_is_found() {
        use rand::SeedableRng;
        use rand_distr::{Beta, Binomial, Distribution};

        let mut random = rand_pcg::Pcg64::seed_from_u64(11);
        let drawn = 0.02;
        let scale = 1.0 / drawn - 1.0;
        let shares = Beta::new(0.1 * scale, 0.9 * scale).unwrap();
        let mut faults = || {
            let bad = Binomial::new(400, shares.sample(&mut random)).unwrap();
            bad.sample(&mut random)
        };
        let zones: Vec<Vec<Option<Minute>>> = (0..300)
            .map(|_| minutes(400, &[(); 10].map(|()| faults())))
            .collect();
        let found = of(&zones);
        assert!((found / drawn - 1.0).abs() < 0.1, "{found} is not {drawn}");
    }

    #[test]
    fn two_minutes_worked_out_by_hand() {
        // A tenth of 200 requests is bad, and each minute is 10 off: 200 / 9, which is 1 less its one
        // degree of freedom in excess. That is of 99 requests beside each other, and the belief weighs
        // 5 / 2 times as much.
        let excess = 200.0 / 9.0 - 1.0;
        let expected = (247.5 * USUAL + excess) / (247.5 + 99.0);
        let found = of(&[minutes(100, &[0, 20])]);
        assert!((found - expected).abs() < 1e-12, "{found}");
        // A zone with a single minute tells nothing of scatter, and one without faults neither.
        let more = of(&[
            minutes(100, &[0, 20]),
            minutes(500, &[7]),
            minutes(500, &[0, 0]),
        ]);
        assert_eq!(more, found);
    }

    #[test]
    fn busy_minutes_scatter_more_and_a_single_request_does_not() {
        assert_eq!(dispersion(0.001, 1.0), 1.0);
        assert_eq!(dispersion(0.001, 0.0), 1.0);
        assert!((dispersion(0.001, 20_001.0) - 21.0).abs() < 1e-9);
    }
}
