//! How much more the counts scatter than binomial ones would.

use super::counts::{Minute, Tally};

/// Minutes' worth of binomial scatter that are believed before anything is seen. Few minutes would
/// otherwise give an estimate that scatters itself; with more, a real excess takes longer to show.
const BELIEVED: f64 = 5.0;

/// The dispersion of minutes of counts: 1 for binomial ones, more for bursty ones, never less than 1.
///
/// Pearson's statistic of each zone's minutes around that zone's own bad share, over its degrees of
/// freedom. Only the zones that a candidate is compared with are given here: a candidate's own minutes
/// hold the fault's beginning, and would hide it.
pub(super) fn dispersion<'a>(zones: impl Iterator<Item = &'a [Option<Minute>]>) -> f64 {
    let mut pearson = 0.0;
    let mut freedom = 0.0;
    for minutes in zones {
        let tallies = || {
            minutes
                .iter()
                .flatten()
                .map(Tally::of)
                .filter(|tally| tally.requests > 0.0)
        };
        let total = tallies().fold(Tally::default(), Tally::plus);
        let share = total.fraction();
        let variance = share * (1.0 - share);
        if variance <= 0.0 {
            // No bad request, or no good one: no scatter to see, as binomial counts would have it.
            freedom += (tallies().count() as f64 - 1.0).max(0.0);
            pearson += (tallies().count() as f64 - 1.0).max(0.0);
            continue;
        }
        for tally in tallies() {
            let expected = tally.requests * share;
            pearson += (tally.bad - expected).powi(2) / (tally.requests * variance);
            freedom += 1.0;
        }
        freedom -= 1.0;
    }
    ((BELIEVED + pearson) / (BELIEVED + freedom)).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(faults: &[u64]) -> Vec<Option<Minute>> {
        faults
            .iter()
            .map(|&faults| {
                Some(Minute {
                    requests: 1_000,
                    faults,
                    ..Minute::default()
                })
            })
            .collect()
    }

    #[test]
    fn even_counts_are_not_dispersed() {
        let even = minutes(&[5, 4, 6, 5, 5]);
        assert_eq!(dispersion([even.as_slice()].into_iter()), 1.0);
    }

    #[test]
    fn bursts_are() {
        let bursty = minutes(&[0, 0, 40, 0, 0, 0, 35, 0, 0, 0]);
        assert!(dispersion([bursty.as_slice()].into_iter()) > 10.0);
    }

    #[test]
    fn a_difference_between_zones_is_no_scatter() {
        let (good, bad) = (minutes(&[5; 10]), minutes(&[100; 10]));
        assert_eq!(
            dispersion([good.as_slice(), bad.as_slice()].into_iter()),
            1.0
        );
    }

    #[test]
    fn nothing_known_is_binomial() {
        assert_eq!(dispersion([[None, None].as_slice()].into_iter()), 1.0);
        assert_eq!(dispersion(std::iter::empty()), 1.0);
    }
}
