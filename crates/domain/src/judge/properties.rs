//! What holds for any counts, and the probabilities against simulation.

use proptest::prelude::*;
use rand::SeedableRng;
use rand_distr::{Beta, Distribution};
use rand_pcg::Pcg64;

use super::probability::{Floors, exceeds};
use super::*;

fn any_minute() -> impl Strategy<Value = Option<Minute>> {
    let size = prop_oneof![Just(0_u64), 1..50_u64, 50..5_000_u64, Just(u64::MAX)];
    let minute = (size, 0.0..1.2_f64, 0.0..1.2_f64, 0..4_usize).prop_map(
        |(requests, faults, slow, instances)| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "saturates"
            )]
            let of = |share: f64| (requests as f64 * share) as u64;
            Minute {
                requests,
                faults: of(faults * faults * faults),
                slow: of(slow * slow * slow),
                healthy_hosts: None,
                instances: (0..instances)
                    .map(|index| InstanceMinute {
                        id: format!("i-{index}"),
                        requests: requests / instances as u64,
                        faults: of(faults) / instances as u64,
                        slow: 0,
                    })
                    .collect(),
            }
        },
    );
    prop_oneof![5 => minute.prop_map(Some), 1 => Just(None)]
}

fn any_counts() -> impl Strategy<Value = Counts> {
    let minutes = prop::collection::vec(any_minute(), 0..12);
    prop::collection::vec(minutes, 0..7).prop_map(|zones| {
        zones
            .into_iter()
            .enumerate()
            .map(|(index, minutes)| (format!("use1-az{}", index + 1).parse().unwrap(), minutes))
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_counts_are_judged_and_the_numbers_are_numbers(counts in any_counts()) {
        let criteria = Criteria::default();
        let judgement = judge(&counts, None, &criteria);
        prop_assert_eq!(judgement.zones.len(), counts.len());
        for found in judgement.zones.values() {
            prop_assert!((0.0..=1.0).contains(&found.own.fraction()));
            if let Some(probability) = found.probability {
                prop_assert!((0.0..=1.0).contains(&probability));
            }
            prop_assert!(found.dispersion.is_none_or(|dispersion| dispersion >= 1.0));
        }
    }

    #[test]
    fn what_is_evacuated_is_far_above_every_other_zone(counts in any_counts()) {
        let criteria = Criteria::default();
        if let Outcome::Impaired(zone) = judge(&counts, None, &criteria).outcome {
            let found = &judge(&counts, None, &criteria).zones[&zone];
            let own = found.own.fraction();
            prop_assert!(own > criteria.tolerated);
            prop_assert!(own >= criteria.factor * found.elsewhere.fraction());
            prop_assert!(own >= found.elsewhere.fraction() + criteria.difference);
            let least = if found.minutes < criteria.sustained { 50.0 } else { 300.0 };
            prop_assert!(found.own.requests >= least && found.elsewhere.requests >= least);
        }
    }

    #[test]
    fn the_names_of_zones_do_not_matter(counts in any_counts()) {
        let zones = counts.len();
        let renamed: Counts = counts
            .values()
            .enumerate()
            .map(|(index, minutes)| (format!("use1-az{}", 9 - index).parse().unwrap(), minutes.clone()))
            .collect();
        let criteria = Criteria::default();
        let (one, other) = (judge(&counts, None, &criteria), judge(&renamed, None, &criteria));
        for index in 0..zones {
            let first = &one.zones[&format!("use1-az{}", index + 1).parse().unwrap()];
            let second = &other.zones[&format!("use1-az{}", 9 - index).parse().unwrap()];
            prop_assert_eq!(first.finding, second.finding);
        }
    }

    #[test]
    fn minutes_that_are_missing_before_the_first_change_nothing(counts in any_counts()) {
        let criteria = Criteria::default();
        let mut longer = counts.clone();
        for minutes in longer.values_mut() {
            let older = 12_usize.saturating_sub(minutes.len());
            minutes.splice(0..0, std::iter::repeat_n(None, older));
        }
        let padded = judge(&longer, None, &criteria).outcome;
        prop_assert_eq!(judge(&counts, None, &criteria).outcome, padded);
    }
}

fn tally(requests: f64, bad: f64) -> Tally {
    Tally {
        requests,
        bad,
        slow: 0.0,
    }
}

/// The same probability from draws.
fn drawn(own: Tally, others: Tally, floors: &Floors, dispersion: f64, random: &mut Pcg64) -> f64 {
    let posterior = |tally: Tally| {
        let good = tally.requests - tally.bad;
        Beta::new(tally.bad / dispersion + 0.5, good / dispersion + 0.5).unwrap()
    };
    let (own, others) = (posterior(own), posterior(others));
    let draws = 100_000;
    let above = (0..draws)
        .filter(|_| own.sample(random) > floors.above(others.sample(random)))
        .count();
    above as f64 / f64::from(draws)
}

#[test]
fn probabilities_agree_with_simulation() {
    let mut random = Pcg64::seed_from_u64(4);
    let floors = Floors {
        absolute: 0.01,
        factor: 3.0,
        difference: 0.005,
    };
    let mut worst: f64 = 0.0;
    for (own, others, dispersion) in [
        ((200.0, 5.0), (400.0, 1.0), 1.0),
        ((200.0, 10.0), (200.0, 2.0), 1.0),
        ((200.0, 2.0), (2_000.0, 0.0), 1.0),
        ((2_000.0, 30.0), (4_000.0, 20.0), 1.7),
        ((2_000.0, 30.0), (200.0, 0.0), 1.0),
        ((200.0, 4.0), (20_000.0, 100.0), 1.0),
        ((20_000.0, 340.0), (400.0, 1.0), 1.0),
        ((100_000.0, 1_550.0), (500_000.0, 2_500.0), 3.0),
        ((1_000_000.0, 15_200.0), (1_000_000.0, 5_000.0), 9.0),
        ((150.0, 150.0), (300.0, 100.0), 1.0),
        ((150.0, 148.0), (300.0, 98.0), 1.0),
        ((5_000.0, 2_600.0), (5_000.0, 870.0), 1.0),
        ((300.0, 3.0), (1_000_000.0, 0.0), 1.0),
        ((40_000.0, 12_000.0), (40_000.0, 3_950.0), 2.0),
    ] {
        let (own, others) = (tally(own.0, own.1), tally(others.0, others.1));
        let exact = exceeds(own.worth(dispersion), others.worth(dispersion), &floors);
        let simulated = drawn(own, others, &floors, dispersion, &mut random);
        worst = worst.max((exact - simulated).abs());
        assert!(
            (exact - simulated).abs() < 0.005,
            "{own:?} against {others:?}: {exact} is not {simulated}"
        );
    }
    assert!(worst > 0.0);
}

#[test]
fn comparable_badness_agrees_with_simulation() {
    let mut random = Pcg64::seed_from_u64(5);
    for (own, other) in [
        ((400.0, 20.0), (400.0, 4.0)),
        ((2_000.0, 50.0), (2_000.0, 12.0)),
        ((4_000.0, 400.0), (60.0, 0.0)),
        ((300.0, 12.0), (20_000.0, 300.0)),
        ((1_000.0, 45.0), (1_000.0, 20.0)),
    ] {
        let (own, other) = (tally(own.0, own.1), tally(other.0, other.1));
        let exact = super::probability::comparable(own, other, 3.0, 0.01);
        let beta =
            |tally: Tally| Beta::new(tally.bad + 0.5, tally.requests - tally.bad + 0.5).unwrap();
        let (one, two) = (beta(own), beta(other));
        let draws = 100_000;
        let both = (0..draws)
            .filter(|_| {
                let elsewhere: f64 = two.sample(&mut random);
                elsewhere > 0.01 && one.sample(&mut random) < 3.0 * elsewhere
            })
            .count();
        let simulated = both as f64 / f64::from(draws);
        assert!(
            (exact - simulated).abs() < 0.005,
            "{own:?} and {other:?}: {exact} is not {simulated}"
        );
    }
}

#[test]
fn equal_zones_differ_by_chance_as_often_as_the_normal_law_says() {
    // 1 in 100 in each direction, at two sizes.
    use rand_distr::Binomial;
    let mut random = Pcg64::seed_from_u64(7);
    let needed = super::probability::normal_above(0.01);
    for (own, others, share) in [(2_000_u32, 4_000_u32, 0.02), (20_000, 100_000, 0.005)] {
        let draws = 100_000;
        let one = Binomial::new(own.into(), share).unwrap();
        let other = Binomial::new(others.into(), share).unwrap();
        let beyond = (0..draws)
            .filter(|_| {
                let bad = [one.sample(&mut random), other.sample(&mut random)];
                let own = tally(own.into(), bad[0] as f64);
                let others = tally(others.into(), bad[1] as f64);
                super::probability::signed_root(own, others) > needed
            })
            .count();
        let rate = beyond as f64 / f64::from(draws);
        assert!((rate - 0.01).abs() < 0.003, "{rate} is not 0.01");
    }
}
