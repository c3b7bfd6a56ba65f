//! The probabilities of the judgement.
//!
//! [`exceeds`] is Bayesian and answers *how much*: the posterior probability that one zone's bad share
//! lies above the floors that the other zones' bad share sets. [`signed_root`] is a likelihood ratio
//! and answers *whether at all*: how surprising the difference would be if there were none. Both are
//! given what the counts are worth: where they scatter `d` times as much as binomial ones, `1/d` of
//! their number (quasi-likelihood; McCullagh and Nelder, Generalized Linear Models, 1989, section 4.5).
//!
//! Binomial rates get Jeffreys' prior, Beta(1/2, 1/2). It is worth one request, and the arcsine of
//! the square root of a share has a smooth and nearly normal density under it, down to a share of
//! zero: that is where the integral is taken.

use std::f64::consts::{FRAC_PI_2, SQRT_2};

use statrs::function::beta::checked_beta_reg;
use statrs::function::erf::{erfc, erfc_inv};
use statrs::function::gamma::ln_gamma;

use super::counts::Tally;

/// How far above the other zones' bad share one must lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Floors {
    /// At least this share of the requests.
    pub(super) absolute: f64,
    /// At least so many times the other zones' share.
    pub(super) factor: f64,
    /// At least so much above the other zones' share.
    pub(super) difference: f64,
}

impl Floors {
    /// The share above which a zone lies where the others' share is this.
    pub(super) fn above(&self, elsewhere: f64) -> f64 {
        self.absolute
            .max(self.factor * elsewhere)
            .max(elsewhere + self.difference)
    }

    /// The share elsewhere below which a share of this lies above; `None` where none is low enough.
    fn below(&self, share: f64) -> Option<f64> {
        let limit = (share / self.factor).min(share - self.difference);
        (share > self.absolute && limit > 0.0).then_some(limit.min(1.0))
    }
}

/// The posterior of a share.
#[derive(Clone, Copy, Debug)]
struct Posterior {
    a: f64,
    b: f64,
}

/// From how many of both kinds on the normal approximation is used: the continued fraction in
/// `statrs` ends after 140 steps, and converges in about the square root of the counts.
const MANY: f64 = 500.0;

impl Posterior {
    fn new(tally: Tally) -> Self {
        Self {
            a: tally.bad + 0.5,
            b: (tally.requests - tally.bad) + 0.5,
        }
    }

    /// ln of 1 / B(a, b).
    fn scale(&self) -> f64 {
        ln_gamma(self.a + self.b) - ln_gamma(self.a) - ln_gamma(self.b)
    }

    /// The centre on the arcsine scale, and the standard deviation there.
    fn centre(&self) -> (f64, f64) {
        let size = self.a + self.b;
        ((self.a / size).sqrt().asin(), 0.5 / size.sqrt())
    }

    /// The shares between which it lies but for what the integral leaves out.
    fn reach(&self) -> (f64, f64) {
        let (centre, deviation) = self.centre();
        let share = |angle: f64| angle.clamp(0.0, FRAC_PI_2).sin().powi(2);
        (
            share(centre - REACH * deviation),
            share(centre + REACH * deviation),
        )
    }

    /// The density at this angle.
    fn density(&self, scale: f64, angle: f64) -> f64 {
        let (sin, cos) = angle.sin_cos();
        (scale + (2.0 * self.a - 1.0) * sin.ln() + (2.0 * self.b - 1.0) * cos.ln()).exp() * 2.0
    }

    /// The probability that the share is at most this.
    fn at_most(&self, share: f64) -> f64 {
        if share <= 0.0 {
            return 0.0;
        }
        if share >= 1.0 {
            return 1.0;
        }
        if self.a.min(self.b) > MANY {
            return peizer_pratt(self.a, self.b, share);
        }
        checked_beta_reg(self.a, self.b, share)
            .unwrap_or(0.0)
            .clamp(0.0, 1.0)
    }
}

/// The normal approximation of the incomplete beta function by Peizer and Pratt (Johnson, Kotz and
/// Balakrishnan, Continuous Univariate Distributions, 1995, section 25.5); its error is below 0.0001
/// where it is used.
fn peizer_pratt(a: f64, b: f64, share: f64) -> f64 {
    let rest = 1.0 - share;
    let n = a + b - 1.0;
    let distance = b - 1.0 / 3.0 - (n + 1.0 / 3.0) * rest;
    let gap = b - 0.5 - n * rest;
    let variance = n * share * rest;
    let per_gap = if gap * gap < 1e-4 * variance {
        // The limit in the middle, where the form below cancels.
        (1.0 / variance).sqrt()
    } else {
        let good = (b - 0.5) * ((b - 0.5) / (n * rest)).ln();
        let bad = (a - 0.5) * ((a - 0.5) / (n * share)).ln();
        (2.0 * (good + bad)).max(0.0).sqrt() / gap.abs()
    };
    normal(distance * per_gap / (1.0 + 1.0 / (6.0 * n)).sqrt())
}

/// The standard normal distribution function.
fn normal(z: f64) -> f64 {
    0.5 * erfc(-z / SQRT_2)
}

/// The number of standard deviations that a normal variable exceeds with this probability.
pub(super) fn normal_above(probability: f64) -> f64 {
    SQRT_2 * erfc_inv(2.0 * probability.clamp(1e-300, 0.5))
}

/// The posterior probability that the share behind `own` lies above the floors that the share behind
/// `others` sets.
pub(super) fn exceeds(own: Tally, others: Tally, floors: &Floors) -> f64 {
    let own = Posterior::new(own);
    let others = Posterior::new(others);
    // Where the two lie so far apart, the integral below is 0 or 1 within what it leaves out.
    let (least, most) = own.reach();
    let (others_least, others_most) = others.reach();
    if least > floors.above(others_most) {
        return 1.0;
    }
    if most < floors.above(others_least) {
        return 0.0;
    }
    // Integrate over the narrower of the two: the other's distribution is smooth at its scale.
    let probability = if own.centre().1 <= others.centre().1 {
        let lowest = floors.absolute.max(floors.difference).min(1.0);
        integrate(&own, lowest, 1.0, |share| {
            floors
                .below(share)
                .map_or(0.0, |limit| others.at_most(limit))
        })
    } else {
        // Beyond this share elsewhere no share lies above; the integrand ends there with an edge.
        let highest = (1.0 / floors.factor).min(1.0 - floors.difference);
        integrate(&others, 0.0, highest, |share| {
            1.0 - own.at_most(floors.above(share))
        })
    };
    probability.clamp(0.0, 1.0)
}

/// The posterior probability that the share behind `other` is more than `tolerated`, and that behind
/// `own` not even `factor` times as high: that both are bad to a comparable degree.
pub(super) fn comparable(own: Tally, other: Tally, factor: f64, tolerated: f64) -> f64 {
    let own = Posterior::new(own);
    let other = Posterior::new(other);
    let most = other.reach().1;
    if most <= tolerated || own.reach().0 > factor * most {
        return 0.0;
    }
    let probability = if own.centre().1 <= other.centre().1 {
        integrate(&own, 0.0, 1.0, |share| {
            1.0 - other.at_most((share / factor).max(tolerated))
        })
    } else {
        integrate(&other, tolerated, 1.0, |share| own.at_most(factor * share))
    };
    probability.clamp(0.0, 1.0)
}

/// The posterior probability that the share behind `own` is at most this.
pub(super) fn at_most(own: Tally, share: f64) -> f64 {
    Posterior::new(own).at_most(share)
}

/// How many standard deviations to either side are integrated over; what is left out weighs 1e-8.
const REACH: f64 = 6.0;

/// The expectation of a function of a share over its posterior, between two shares.
fn integrate(over: &Posterior, from: f64, to: f64, of: impl Fn(f64) -> f64) -> f64 {
    let (centre, deviation) = over.centre();
    let low = (centre - REACH * deviation).max(from.clamp(0.0, 1.0).sqrt().asin());
    let high = (centre + REACH * deviation).min(to.clamp(0.0, 1.0).sqrt().asin());
    if high <= low {
        return 0.0;
    }
    let (middle, half) = (0.5 * (low + high), 0.5 * (high - low));
    let scale = over.scale();
    let mut sum = 0.0;
    for (node, weight) in NODES {
        for angle in [middle - half * node, middle + half * node] {
            sum += weight * over.density(scale, angle) * of(angle.sin().powi(2));
        }
    }
    sum * half
}

/// Half of the nodes and weights of Gauss and Legendre's rule with 24 points (Abramowitz and Stegun,
/// table 25.4); the other half mirrors them.
const NODES: [(f64, f64); 12] = [
    (0.064_056_892_862_605_63, 0.127_938_195_346_752_16),
    (0.191_118_867_473_616_3, 0.125_837_456_346_828_3),
    (0.315_042_679_696_163_4, 0.121_670_472_927_803_39),
    (0.433_793_507_626_045_1, 0.115_505_668_053_725_6),
    (0.545_421_471_388_839_5, 0.107_444_270_115_965_63),
    (0.648_093_651_936_975_6, 0.097_618_652_104_113_89),
    (0.740_124_191_578_554_4, 0.086_190_161_531_953_28),
    (0.820_001_985_973_903, 0.073_346_481_411_080_3),
    (0.886_415_527_004_401, 0.059_298_584_915_436_78),
    (0.938_274_552_002_732_8, 0.044_277_438_817_419_81),
    (0.974_728_555_971_309_5, 0.028_531_388_628_933_66),
    (0.995_187_219_997_021_4, 0.012_341_229_799_987_2),
];

/// The signed root of the likelihood ratio of two rates against one common rate: about standard normal where the rates are equal, and positive where `own` is the worse.
pub(super) fn signed_root(own: Tally, others: Tally) -> f64 {
    let all = own.plus(others).fraction();
    let part = |tally: Tally| {
        let good = tally.requests - tally.bad;
        surplus(tally.bad, tally.requests * all) + surplus(good, tally.requests * (1.0 - all))
    };
    let ratio = 2.0 * (part(own) + part(others)).max(0.0);
    if own.fraction() >= others.fraction() {
        ratio.sqrt()
    } else {
        -ratio.sqrt()
    }
}

fn surplus(seen: f64, expected: f64) -> f64 {
    if seen > 0.0 && expected > 0.0 {
        seen * (seen / expected).ln()
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_normal_approximation_agrees_where_the_continued_fraction_still_converges() {
        for (a, b) in [
            (500.5, 500.5),
            (500.5, 3_000.5),
            (2_000.5, 900.5),
            (501.0, 9_000.0),
        ] {
            let posterior = Posterior { a, b };
            let deviation = (a * b / (a + b + 1.0)).sqrt() / (a + b);
            // Where the formula cancels, beside it, and far out.
            let middle = 1.0 - (b - 0.5) / (a + b - 1.0);
            let far = (-60..=60).map(|step| 0.1 * f64::from(step));
            for away in far.chain([1e-4, 0.0099, 0.0101, -0.0099, -0.0101]) {
                let share = middle + away * deviation;
                let (near, exact) = (posterior.at_most(share), checked_beta_reg(a, b, share));
                assert_eq!(
                    near,
                    peizer_pratt(a, b, share),
                    "the approximation is in use"
                );
                assert!(
                    (near - exact.unwrap()).abs() < 1e-6,
                    "{a} and {b} at {away}: {near} is not {exact:?}"
                );
            }
        }
    }

    #[test]
    fn the_approximation_begins_where_both_kinds_are_many() {
        for (a, b) in [
            (0.5, 0.5),
            (0.5, 2_000.0),
            (499.5, 2_000.0),
            (2_000.0, 499.5),
        ] {
            let share = a / (a + b);
            let exact = checked_beta_reg(a, b, share).unwrap();
            assert_eq!(Posterior { a, b }.at_most(share), exact);
        }
        // Here the continued fraction is far from its end.
        let half = Posterior { a: 5e6, b: 5e6 }.at_most(0.5);
        assert!((half - 0.5).abs() < 1e-6, "{half}");
    }

    #[test]
    fn a_share_lies_between_none_and_all() {
        for (a, b) in [(0.5, 3.5), (600.0, 700.0)] {
            let posterior = Posterior { a, b };
            for (share, probability) in [(-0.1, 0.0), (0.0, 0.0), (1.0, 1.0), (1.1, 1.0)] {
                assert_eq!(
                    posterior.at_most(share),
                    probability,
                    "{a} and {b} at {share}"
                );
            }
        }
    }

    #[test]
    fn a_share_at_the_floors_is_not_above_them() {
        let floors = Floors {
            absolute: 0.25,
            factor: 2.0,
            difference: 0.125,
        };
        let above = [0.0, 0.125, 0.25, 0.5].map(|elsewhere| floors.above(elsewhere));
        assert_eq!(above, [0.25, 0.25, 0.5, 1.0]);
        let below = [0.25, 0.5, 1.0].map(|share| floors.below(share));
        assert_eq!(below, [None, Some(0.25), Some(0.5)]);
        let by_difference = Floors {
            absolute: 0.0,
            factor: 1.0,
            difference: 0.125,
        };
        assert_eq!(by_difference.above(0.5), 0.625);
        let below = [0.0625, 0.125, 0.5].map(|share| by_difference.below(share));
        assert_eq!(below, [None, None, Some(0.375)]);
    }
}
