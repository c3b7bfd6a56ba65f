//! The numbers of the judgement against sums that take their time: the distribution of one zone's share
//! in thousands of steps, with nothing of the integral, its nodes or its approximations.

use std::f64::consts::FRAC_PI_2;

use statrs::function::beta::beta_reg;

use super::counts::Tally;
use super::probability::{Floors, comparable, exceeds, normal_above, signed_root};

const FLOORS: Floors = Floors {
    absolute: 0.01,
    factor: 3.0,
    difference: 0.005,
};

fn tally(requests: f64, bad: f64) -> Tally {
    Tally {
        requests,
        bad,
        slow: 0.0,
    }
}

/// The probability that the share behind these counts is at most so high.
fn at_most(tally: Tally, share: f64) -> f64 {
    beta_reg(
        tally.bad + 0.5,
        tally.requests - tally.bad + 0.5,
        share.clamp(0.0, 1.0),
    )
}

/// The expectation of a function of the share behind these counts that is 0 below a share.
fn mean(of: Tally, above: f64, function: impl Fn(f64) -> f64) -> f64 {
    let steps = 20_000;
    let lowest = above.sqrt().asin();
    let step_angle = (FRAC_PI_2 - lowest) / f64::from(steps);
    let share = |step: f64| (lowest + step * step_angle).sin().powi(2);
    (0..steps)
        .map(f64::from)
        .map(|step| {
            let (from, middle, to) = (share(step), share(step + 0.5), share(step + 1.0));
            (at_most(of, to) - at_most(of, from)) * function(middle)
        })
        .sum()
}

#[test]
fn the_probability_of_exceeding_is_exact_whichever_zone_is_better_known() {
    let flat = Floors {
        absolute: 0.001,
        factor: 1.0,
        difference: 0.02,
    };
    for (own, others, floors) in [
        ((200.0, 10.0), (200.0, 2.0), FLOORS),
        ((200.0, 2.0), (2_000.0, 0.0), FLOORS),
        ((2_000.0, 30.0), (200.0, 0.0), FLOORS),
        ((200.0, 4.0), (20_000.0, 100.0), FLOORS),
        ((20_000.0, 340.0), (400.0, 1.0), FLOORS),
        ((20_000.0, 1_000.0), (1_000.0, 13.0), FLOORS),
        ((1_000.0, 50.0), (20_000.0, 300.0), FLOORS),
        ((150.0, 148.0), (300.0, 98.0), FLOORS),
        ((5_000.0, 2_600.0), (5_000.0, 870.0), FLOORS),
        ((300.0, 290.0), (60.0, 19.0), FLOORS),
        ((1_000.0, 70.0), (2_000.0, 80.0), flat),
        ((4_000.0, 45.0), (300.0, 0.0), flat),
        ((300.0, 299.0), (900.0, 880.0), flat),
        ((900.0, 896.0), (300.0, 292.0), flat),
    ] {
        let (own, others) = (tally(own.0, own.1), tally(others.0, others.1));
        let found = exceeds(own, others, &floors);
        let exact = mean(others, 0.0, |share| 1.0 - at_most(own, floors.above(share)));
        assert!(
            (found - exact).abs() < 2e-6,
            "{own:?} against {others:?}: {found} is not {exact}"
        );
    }
}

#[test]
fn the_probability_of_being_comparable_is_exact_whichever_zone_is_better_known() {
    for (own, other) in [
        ((600.0, 60.0), (600.0, 18.0)),
        ((2_000.0, 100.0), (1_000.0, 14.0)),
        ((20_000.0, 1_000.0), (1_000.0, 13.0)),
        ((1_000.0, 50.0), (20_000.0, 300.0)),
        ((700.0, 300.0), (600.0, 90.0)),
        ((300.0, 290.0), (60.0, 19.0)),
        ((4_000.0, 1_200.0), (4_000.0, 395.0)),
        ((100.0, 4.0), (2_000.0, 20.0)),
    ] {
        let (found, exact) = both_ways(own, other);
        assert!(
            (found - exact).abs() < 2e-6,
            "{own:?} and {other:?}: {found} is not {exact}"
        );
    }
    // Where what is tolerated lies within the distribution, the integrand has a bend there.
    for (own, other) in [
        ((4_000.0, 140.0), (400.0, 4.0)),
        ((20_000.0, 620.0), (400.0, 2.0)),
        ((200.0, 6.0), (2_000.0, 14.0)),
    ] {
        let (found, exact) = both_ways(own, other);
        assert!(
            (found - exact).abs() < 3e-4,
            "{own:?} and {other:?}: {found} is not {exact}"
        );
    }
}

/// The probability that both are bad to a comparable degree, as it is found and as it is.
fn both_ways(own: (f64, f64), other: (f64, f64)) -> (f64, f64) {
    let (own, other) = (tally(own.0, own.1), tally(other.0, other.1));
    let exact = mean(other, 0.01, |share| at_most(own, 3.0 * share));
    (comparable(own, other, 3.0, 0.01), exact)
}

#[test]
fn what_lies_far_apart_is_certain() {
    let (bad, well) = (tally(2_000.0, 1_000.0), tally(2_000.0, 2.0));
    assert_eq!(exceeds(bad, well, &FLOORS), 1.0);
    assert_eq!(exceeds(well, bad, &FLOORS), 0.0);
    assert_eq!(comparable(bad, well, 3.0, 0.01), 0.0);
    // Three times as bad as at least tolerated is out of reach, or the other is surely tolerated.
    assert_eq!(comparable(well, tally(2_000.0, 0.0), 3.0, 0.01), 0.0);
    assert!(comparable(well, bad, 3.0, 0.01) > 0.999_999);
}

#[test]
fn the_signed_root_is_that_of_the_likelihood_ratio() {
    // 2 (20 ln 2 + 90 ln (90/95) + 100 ln (100/95)) / 2, of 10 in 100 against none.
    let none = tally(100.0, 0.0);
    let ratio: f64 =
        2.0 * (10.0 * 2_f64.ln() + 90.0 * (90_f64 / 95.0).ln() + 100.0 * (100_f64 / 95.0).ln());
    let root = signed_root(tally(100.0, 10.0), none);
    assert!((root - ratio.sqrt()).abs() < 1e-9, "{root}");
    assert_eq!(signed_root(none, tally(100.0, 10.0)), -root);
    assert_eq!(signed_root(none, none), 0.0);
    let all = tally(100.0, 100.0);
    assert_eq!(signed_root(all, all), 0.0);
    assert!(signed_root(all, none) > 15.0);
}

#[test]
fn the_normal_law_has_its_known_quantiles() {
    for (probability, deviations) in [
        (0.5, 0.0),
        (0.158_655_253_931_457, 1.0),
        (0.01, 2.326_347_874_040_841),
        (1e-6, 4.753_424_308_822_899),
    ] {
        assert!((normal_above(probability) - deviations).abs() < 1e-9);
    }
    // Nobody asks for less than none, or for more than an even chance.
    assert_eq!(normal_above(0.9), 0.0);
    assert!(normal_above(0.0) > 30.0 && normal_above(0.0).is_finite());
}
