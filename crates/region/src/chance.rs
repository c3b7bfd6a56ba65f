//! Randomness that does not depend on the order of the questions.
//!
//! Each draw has its own generator, keyed by the seed, the second and who asks. So the weather of a
//! run with Evac and of a run without it is the same, however much the two differ in what they did.

use rand::SeedableRng;
use rand_distr::{Binomial, Distribution, Poisson};
use rand_pcg::Pcg64Mcg;

/// A seeded source of independent draws.
#[derive(Debug, Clone, Copy)]
pub struct Chance {
    seed: u64,
}

impl Chance {
    /// A source for one run.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        // Neighbouring seeds are far apart here: a seed that differed from another in its last bits only
        // would give the same seconds in another order. Seed 1, which the docs show, is itself.
        let spread = seed.wrapping_sub(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self { seed: spread ^ 1 }
    }

    /// A generator for one question: who asks, and at which second of the Region's clock.
    #[must_use]
    pub fn generator(&self, asker: &str, second: i64) -> Pcg64Mcg {
        let key = asker
            .bytes()
            .fold(mix(self.seed ^ second.cast_unsigned()), |key, byte| {
                mix(key ^ u64::from(byte))
            });
        Pcg64Mcg::seed_from_u64(key)
    }
}

/// How many of `n` independent trials succeed, each with probability `p`.
pub fn successes(generator: &mut Pcg64Mcg, n: u64, p: f64) -> u64 {
    match Binomial::new(n, p.clamp(0.0, 1.0)) {
        Ok(binomial) => binomial.sample(generator).min(n),
        Err(_) => 0,
    }
}

/// How many independent arrivals come, with this mean.
pub fn arrivals(generator: &mut Pcg64Mcg, mean: f64) -> u64 {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a Poisson draw is a whole number, not negative, and far below 2^53 for the means in use"
    )]
    match Poisson::new(mean) {
        Ok(poisson) => poisson.sample(generator) as u64,
        Err(_) => 0,
    }
}

/// The finaliser of splitmix64: every bit of the input reaches every bit of the output.
fn mix(key: u64) -> u64 {
    let key = key.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let key = (key ^ (key >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let key = (key ^ (key >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    key ^ (key >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_question_has_the_same_answer_whatever_was_asked_before() {
        let chance = Chance::new(7);
        let first = arrivals(&mut chance.generator("use1-az1", 60), 40.0);
        arrivals(&mut chance.generator("use1-az2", 60), 40.0);
        assert_eq!(first, arrivals(&mut chance.generator("use1-az1", 60), 40.0));
    }

    #[test]
    fn different_questions_have_independent_answers() {
        let chance = Chance::new(7);
        let draw = |asker: &str, second| arrivals(&mut chance.generator(asker, second), 1e6);
        assert_ne!(draw("a", 1), draw("b", 1));
        assert_ne!(draw("a", 1), draw("a", 2));
        assert_ne!(
            draw("a", 1),
            arrivals(&mut Chance::new(8).generator("a", 1), 1e6)
        );
    }

    #[test]
    fn neighbouring_seeds_have_neither_a_second_nor_a_minute_in_common() {
        let minute = |seed| {
            let chance = Chance::new(seed);
            let second = |second| arrivals(&mut chance.generator("a", second), 1e6);
            (0..64).map(second).collect::<Vec<u64>>()
        };
        for seed in 1..20 {
            let [mut one, mut next] = [minute(seed), minute(seed + 1)];
            assert_ne!(one.iter().sum::<u64>(), next.iter().sum::<u64>());
            one.sort_unstable();
            next.sort_unstable();
            assert_ne!(one, next, "the same seconds in another order");
        }
    }

    #[test]
    fn impossible_and_certain_trials_are_exact() {
        let mut generator = Chance::new(1).generator("a", 0);
        assert_eq!(successes(&mut generator, 100, 0.0), 0);
        assert_eq!(successes(&mut generator, 100, 1.0), 100);
        assert_eq!(arrivals(&mut generator, 0.0), 0);
    }
}
