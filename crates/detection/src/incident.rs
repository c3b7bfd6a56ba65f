//! The generator: an incident's counts, minute by minute, from its truth, its setting and a seed.
//!
//! In every incident, whatever its truth, traffic follows a slow wave and a random walk that all zones
//! share, and a wobble of each zone's own; the base bad share walks too, down to two thirds and back, and
//! is up to a fifth higher or lower in one zone than in another. A minute's bad share in a zone is drawn
//! from a beta distribution around what the truth says, and the bad requests of each instance from a
//! binomial one around that: the zone's counts are beta-binomial.
//!
//! Zonal truths begin with a minute of data. Truths that are not zonal begin anywhere within one, which
//! is the harder case for them.

use domain::judge::{InstanceMinute, Minute};
use rand::{Rng, SeedableRng};
use rand_distr::{Beta, Binomial, Distribution, Gamma, Poisson, StandardNormal};
use rand_pcg::Pcg64;

use crate::setting::Setting;
use crate::truth::Truth;

/// Minutes before the fault; in the first nine nobody is asked yet.
pub const LEAD: usize = 20;

/// An incident.
#[derive(Clone, Debug)]
pub struct Incident {
    /// What really happens.
    pub truth: Truth,
    /// What the workload is like.
    pub setting: Setting,
    /// The minutes of each zone, the oldest first, each with its instances.
    pub zones: Vec<Vec<Option<Minute>>>,
    /// Each zone's share of the traffic as a multiple of the mean.
    pub weights: Vec<f64>,
    /// The first minute of data that the fault is in.
    pub begins: usize,
    /// The zone that the truth is about; where it is about all, the worst.
    pub zone: usize,
    /// The zone that traffic is shifted away from, if it is.
    pub shifted: Option<usize>,
    /// Whether the evidence has counts by instance. An ALB has none.
    pub counts_instances: bool,
}

impl Incident {
    /// Minutes of data.
    #[must_use]
    pub fn minutes(&self) -> usize {
        self.zones.first().map_or(0, Vec::len)
    }

    /// Requests a minute that the zone which the truth is about is usually given.
    #[must_use]
    pub fn traffic(&self) -> f64 {
        f64::from(self.setting.requests) * self.weights[self.zone]
    }
}

/// What goes wrong in one zone.
#[derive(Clone, Debug, Default)]
struct Trouble {
    /// When it begins and ends, in minutes.
    from: f64,
    until: f64,
    /// The share of the requests that it makes bad, 0 to 1.
    share: f64,
    /// Minutes that it takes to grow to that share; 0 where it is there at once.
    grows: f64,
}

impl Trouble {
    /// The share of a minute's requests that it makes bad.
    fn within(&self, minute: usize) -> f64 {
        let (start, end) = (minute as f64, minute as f64 + 1.0);
        let (from, until) = (start.max(self.from), end.min(self.until));
        let covered = (until - from).max(0.0);
        let grown = if self.grows > 0.0 {
            ((0.5 * (from + until) - self.from) / self.grows).clamp(0.0, 1.0)
        } else {
            1.0
        };
        self.share * covered * grown
    }
}

/// What goes wrong in one instance.
#[derive(Clone, Debug)]
struct BadInstance {
    instance: usize,
    trouble: Trouble,
    /// How many times the traffic of another instance it draws while it is bad.
    draws: f64,
}

/// What the truth makes of a zone.
#[derive(Clone, Debug, Default)]
struct Script {
    troubles: Vec<Trouble>,
    instances: Vec<BadInstance>,
    /// Whether bad requests are slow and do not fail.
    slow: bool,
    /// Whether nothing is known from the fault's beginning, or from the incident's.
    silent_from: Option<usize>,
    /// How many times its usual traffic it is given from the fault's beginning.
    surge: f64,
    /// How much of its usual traffic it is given throughout.
    serving: f64,
    /// A wave that troubles and surge follow, in minutes; 0 where they do not.
    wave: f64,
}

/// Draws an incident. The same arguments give the same counts: each incident has a sequence of random
/// numbers of its own, whoever else draws.
#[must_use]
pub fn draw(truth: Truth, setting: Setting, seed: u64, number: u64) -> Incident {
    let mut random = Pcg64::new(u128::from(seed) << 64 | u128::from(number), 0x5eed);
    // The first numbers of neighbouring sequences are alike.
    let mut random = Pcg64::from_rng(&mut random);
    let mut weights = setting.spread.weights(setting.zones);
    shuffle(&mut weights, &mut random);
    let zone = afflicted(&weights, number);
    let begins = LEAD;
    let lasts = random.random_range(15..=30);
    let counts_instances = matches!(truth, Truth::BadInstance) || random.random_bool(0.5);
    let counts_instances = counts_instances && truth != Truth::UncountedInstance;
    let instances = instances(setting.requests, &mut random);
    let mut scripts = vec![
        Script {
            surge: 1.0,
            serving: 1.0,
            ..Script::default()
        };
        setting.zones
    ];
    script(
        truth,
        zone,
        begins,
        lasts,
        instances,
        &mut scripts,
        &mut random,
    );
    let shifted = (truth == Truth::NoTraffic).then_some(zone);
    let zones = walk(
        &setting,
        &weights,
        begins + lasts,
        begins,
        instances,
        &scripts,
        &mut random,
    );
    Incident {
        truth,
        setting,
        zones,
        weights,
        begins,
        zone,
        shifted,
        counts_instances,
    }
}

fn shuffle(weights: &mut [f64], random: &mut Pcg64) {
    for index in (1..weights.len()).rev() {
        weights.swap(index, random.random_range(0..=index));
    }
}

/// The quietest zone and the busiest in turn.
fn afflicted(weights: &[f64], number: u64) -> usize {
    let by_weight = |one: &(usize, &f64), other: &(usize, &f64)| one.1.total_cmp(other.1);
    let zones = || weights.iter().enumerate();
    let found = if number.is_multiple_of(2) {
        zones().min_by(by_weight)
    } else {
        zones().max_by(by_weight)
    };
    found.map_or(0, |(index, _)| index)
}

/// Instances of each zone: few where there is little to do, never one alone.
fn instances(requests: u32, random: &mut Pcg64) -> usize {
    match requests {
        0..=60 => random.random_range(2..=3),
        61..=200 => random.random_range(2..=4),
        201..=2_000 => random.random_range(2..=8),
        _ => random.random_range(4..=12),
    }
}

/// Writes into the scripts what the truth does.
fn script(
    truth: Truth,
    zone: usize,
    begins: usize,
    lasts: usize,
    instances: usize,
    scripts: &mut [Script],
    random: &mut Pcg64,
) {
    let begin = begins as f64;
    let ever = (begins + lasts) as f64;
    let lasting = |from: f64, share: f64| Trouble {
        from,
        until: ever,
        share,
        grows: 0.0,
    };
    let minute = |from: f64, share: f64| Trouble {
        from,
        until: from + 1.0,
        share,
        grows: 0.0,
    };
    match truth {
        Truth::Healthy => {}
        Truth::Blip => {
            scripts[zone]
                .troubles
                .push(minute(begin, log_uniform(0.05, 0.8, random)));
            let again = random.random_range(0..scripts.len());
            scripts[again]
                .troubles
                .push(minute(begin + 10.0, log_uniform(0.05, 0.8, random)));
        }
        Truth::StraddlingBlip => {
            let from = begin + random.random::<f64>();
            scripts[zone]
                .troubles
                .push(minute(from, log_uniform(0.05, 0.8, random)));
        }
        Truth::TotalBlip => scripts[zone].troubles.push(minute(begin, 1.0)),
        Truth::BadInstance | Truth::UncountedInstance => {
            scripts[zone].instances.push(BadInstance {
                instance: random.random_range(0..instances),
                trouble: lasting(
                    begin + random.random::<f64>(),
                    random.random_range(0.2..=1.0),
                ),
                draws: random.random_range(1.0..=3.0),
            });
        }
        Truth::Zonal(percent) => {
            scripts[zone]
                .troubles
                .push(lasting(begin, f64::from(percent) / 100.0));
        }
        Truth::MidMinute => {
            scripts[zone]
                .troubles
                .push(lasting(begin + random.random::<f64>(), 0.1));
        }
        Truth::Slowness => {
            scripts[zone]
                .troubles
                .push(lasting(begin, log_uniform(0.1, 0.6, random)));
            scripts[zone].slow = true;
        }
        Truth::Ramp => scripts[zone].troubles.push(Trouble {
            grows: 10.0,
            ..lasting(begin, random.random_range(0.2..=0.6))
        }),
        Truth::BadDeployment => {
            let share = random.random_range(0.3..=1.0);
            let takes = random.random_range(1.0..=5.0);
            for instance in 0..instances {
                let from = begin + takes * instance as f64 / instances as f64;
                scripts[zone].instances.push(BadInstance {
                    instance,
                    trouble: lasting(from, share),
                    draws: 1.0,
                });
            }
        }
        Truth::HalfBeside98 => {
            let other = (zone + random.random_range(1..scripts.len())) % scripts.len();
            scripts[zone].troubles.push(lasting(begin, 0.45));
            scripts[other].troubles.push(lasting(begin, 0.02));
        }
        Truth::TwoZones => {
            let other = (zone + random.random_range(1..scripts.len())) % scripts.len();
            let share = log_uniform(0.05, 0.6, random);
            let from = begin + random.random::<f64>();
            let ratio = random.random_range(0.5..=1.0);
            let apart = random.random_range(0.0..=0.5);
            scripts[zone].troubles.push(lasting(from, share));
            scripts[other]
                .troubles
                .push(lasting(from + apart, share * ratio));
        }
        Truth::RegionalEven
        | Truth::RegionalUneven
        | Truth::DependencyDown
        | Truth::RegionalFourTimes
        | Truth::RegionalEightTimes => {
            let share = if truth == Truth::DependencyDown {
                random.random_range(0.3..=1.0)
            } else {
                log_uniform(0.03, 0.6, random)
            };
            let from = begin + random.random::<f64>();
            for (index, script) in scripts.iter_mut().enumerate() {
                let ratio = match truth {
                    Truth::RegionalUneven if index == zone => 1.0,
                    Truth::RegionalUneven => 1.0 / random.random_range(1.0..=2.5),
                    Truth::RegionalFourTimes if index != zone => 0.25,
                    Truth::RegionalEightTimes if index != zone => 0.125,
                    _ => 1.0,
                };
                let apart = random.random_range(0.0..=0.5);
                script.troubles.push(lasting(from + apart, share * ratio));
            }
        }
        Truth::NoTraffic => {
            scripts[zone].serving = if random.random_bool(0.5) { 0.0 } else { 0.01 };
            scripts[zone].troubles.push(lasting(0.0, 0.9));
        }
        Truth::NoData => {
            let from = if random.random_bool(0.5) { 0 } else { begins };
            scripts[zone].silent_from = Some(from);
        }
        Truth::Surge => {
            let times = random.random_range(2.0..=5.0);
            if random.random_bool(0.5) {
                scripts[zone].surge = times;
            } else {
                let share = random.random_range(0.0..=0.03);
                for script in scripts.iter_mut() {
                    script.surge = times;
                    let own = share * random.random_range(0.7..=1.3);
                    script.troubles.push(lasting(begin, own));
                }
            }
        }
        Truth::RetryStorm => {
            let times = random.random_range(2.0..=5.0);
            let share = log_uniform(0.1, 0.5, random);
            let wave = random.random_range(2.0..=5.0);
            let from = begin + random.random::<f64>();
            for script in scripts.iter_mut() {
                script.surge = times;
                script.wave = wave;
                let own = share * random.random_range(0.5..=1.0);
                script.troubles.push(lasting(from, own));
            }
        }
    }
}

fn log_uniform(low: f64, high: f64, random: &mut Pcg64) -> f64 {
    random.random_range(low.ln()..=high.ln()).exp()
}

/// What all zones share: the time of day and the base.
struct Shared {
    /// Where in its wave the traffic is, in turns, and turns a minute.
    turn: f64,
    turns: f64,
    walk: f64,
    base: f64,
}

/// Walks through the minutes.
fn walk(
    setting: &Setting,
    weights: &[f64],
    minutes: usize,
    begins: usize,
    instances: usize,
    scripts: &[Script],
    random: &mut Pcg64,
) -> Vec<Vec<Option<Minute>>> {
    let mut shared = Shared {
        turn: random.random(),
        turns: 1.0 / random.random_range(60.0..=1_440.0),
        walk: 0.0,
        base: 0.0,
    };
    // Zones are not equally well in peace either.
    let bases: Vec<f64> = (0..weights.len())
        .map(|_| setting.base * random.random_range(0.8..=1.2))
        .collect();
    let mut zones = vec![Vec::with_capacity(minutes); weights.len()];
    for minute in 0..minutes {
        shared.turn += shared.turns;
        shared.walk += 0.02 * normal(random);
        shared.base = (shared.base + 0.05 * normal(random)).clamp(-0.4, 0.0);
        let traffic = f64::from(setting.requests)
            * (1.0 + 0.3 * (shared.turn * std::f64::consts::TAU).sin())
            * shared.walk.exp();
        for (index, script) in scripts.iter().enumerate() {
            let seen = zone_minute(
                minute,
                begins,
                traffic * weights[index],
                bases[index] * shared.base.exp(),
                setting.correlation,
                instances,
                script,
                random,
            );
            let silent = script.silent_from.is_some_and(|from| minute >= from);
            zones[index].push((!silent).then_some(seen));
        }
    }
    zones
}

#[expect(
    clippy::too_many_arguments,
    reason = "the parts of one draw, used once"
)]
fn zone_minute(
    minute: usize,
    begins: usize,
    traffic: f64,
    base: f64,
    correlation: f64,
    instances: usize,
    script: &Script,
    random: &mut Pcg64,
) -> Minute {
    let since = minute as f64 - begins as f64;
    let swell = if script.wave > 0.0 {
        0.6 + 0.4 * (since / script.wave * std::f64::consts::TAU).sin()
    } else {
        1.0
    };
    let surge = if since >= 0.0 {
        1.0 + (script.surge - 1.0) * swell
    } else {
        1.0
    };
    let expected = traffic * script.serving * surge * wobble(random);
    let requests = poisson(expected, random);
    let troubled: f64 = script
        .troubles
        .iter()
        .map(|trouble| trouble.within(minute) * swell)
        .sum();
    let share = either(base, troubled.min(1.0));
    let share = scattered(share, correlation, random);
    let draws = |instance: usize| {
        let bad = script.instances.iter().find(|bad| bad.instance == instance);
        bad.filter(|bad| bad.trouble.within(minute) > 0.0)
            .map_or(1.0, |bad| bad.draws)
    };
    let mut total = Minute {
        healthy_hosts: Some(instances as u64),
        ..Minute::default()
    };
    let mut rest = requests;
    let mut weight: f64 = (0..instances).map(draws).sum();
    for instance in 0..instances {
        let given = binomial(rest, draws(instance) / weight, random);
        rest -= given;
        weight -= draws(instance);
        let own = script.instances.iter().find(|bad| bad.instance == instance);
        let own = own.map_or(0.0, |bad| bad.trouble.within(minute));
        let bad = binomial(given, either(share, own), random);
        let (faults, slow) = if script.slow && minute >= begins {
            (0, bad)
        } else {
            (bad, 0)
        };
        total.requests += given;
        total.faults += faults;
        total.slow += slow;
        total.instances.push(InstanceMinute {
            id: format!("i-{instance}"),
            requests: given,
            faults,
            slow,
        });
    }
    total
}

/// The share of what at least one of two independent causes makes bad.
fn either(one: f64, other: f64) -> f64 {
    1.0 - (1.0 - one) * (1.0 - other)
}

fn normal(random: &mut Pcg64) -> f64 {
    StandardNormal.sample(random)
}

/// A zone's traffic around what it should be: 10 % to either side.
fn wobble(random: &mut Pcg64) -> f64 {
    Gamma::new(100.0, 0.01).map_or(1.0, |gamma| gamma.sample(random))
}

/// A share around another, as the correlation of the requests makes it.
fn scattered(share: f64, correlation: f64, random: &mut Pcg64) -> f64 {
    if correlation <= 0.0 || share <= 0.0 || share >= 1.0 {
        return share;
    }
    let size = (1.0 - correlation) / correlation;
    Beta::new(share * size, (1.0 - share) * size).map_or(share, |beta| beta.sample(random))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts are not negative, and far below the limit"
)]
fn poisson(mean: f64, random: &mut Pcg64) -> u64 {
    Poisson::new(mean).map_or(0, |poisson| poisson.sample(random) as u64)
}

fn binomial(of: u64, share: f64, random: &mut Pcg64) -> u64 {
    Binomial::new(of, share.clamp(0.0, 1.0)).map_or(0, |binomial| binomial.sample(random))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setting::Spread;

    fn setting() -> Setting {
        Setting {
            zones: 3,
            requests: 2_000,
            spread: Spread::FourTimes,
            base: 0.001,
            correlation: 0.002,
        }
    }

    /// Requests and bad ones of some minutes of a zone.
    fn sums(incident: &Incident, zone: usize, minutes: std::ops::Range<usize>) -> (f64, f64) {
        incident.zones[zone][minutes].iter().flatten().fold(
            (0.0, 0.0),
            |(requests, bad), minute| {
                (
                    requests + minute.requests as f64,
                    bad + (minute.faults + minute.slow) as f64,
                )
            },
        )
    }

    #[test]
    fn the_same_seed_and_number_give_the_same_counts_and_others_do_not() {
        let draw = |seed, number| super::draw(Truth::Zonal(10), setting(), seed, number).zones;
        assert_eq!(draw(1, 7), draw(1, 7));
        assert_ne!(draw(1, 7), draw(1, 8));
        assert_ne!(draw(1, 7), draw(2, 7));
    }

    #[test]
    fn the_counts_of_a_seed_do_not_change() {
        // Where this fails, docs/DETECTION.md is of other incidents than the ones drawn now.
        let incident = draw(Truth::Zonal(10), setting(), 1, 7);
        let counts: Vec<(u64, u64)> = incident.zones[incident.zone][LEAD - 1..LEAD + 2]
            .iter()
            .flatten()
            .map(|minute| (minute.requests, minute.faults))
            .collect();
        assert_eq!(counts, [(4_283, 0), (4_826, 470), (4_490, 403)]);
    }

    #[test]
    fn a_zonal_fault_is_in_its_zone_from_its_minute_on() {
        for number in 0..20 {
            let incident = draw(Truth::Zonal(10), setting(), 1, number);
            for zone in 0..3 {
                let (before, after) = (
                    sums(&incident, zone, 0..LEAD),
                    sums(&incident, zone, LEAD..incident.minutes()),
                );
                assert!(before.1 / before.0 < 0.01);
                assert_eq!(after.1 / after.0 > 0.07, zone == incident.zone);
            }
        }
    }

    #[test]
    fn quiet_and_busy_zones_are_afflicted_in_turn() {
        let weight = |number| {
            let incident = draw(Truth::Zonal(10), setting(), 1, number);
            incident.weights[incident.zone]
        };
        assert!(weight(0) < 1.0 && weight(1) > 1.0 && weight(2) < 1.0);
    }

    #[test]
    fn instances_add_up_to_their_zone() {
        let incident = draw(Truth::BadInstance, setting(), 1, 3);
        for minute in incident.zones.iter().flatten().flatten() {
            let requests: u64 = minute.instances.iter().map(|one| one.requests).sum();
            let faults: u64 = minute.instances.iter().map(|one| one.faults).sum();
            assert_eq!((requests, faults), (minute.requests, minute.faults));
        }
    }

    #[test]
    fn counts_scatter_as_the_correlation_says() {
        let mut random = Pcg64::seed_from_u64(3);
        let (share, correlation, draws) = (0.05_f64, 0.002, 20_000);
        let variance = (0..draws)
            .map(|_| (scattered(share, correlation, &mut random) - share).powi(2))
            .sum::<f64>()
            / f64::from(draws);
        let expected = share * (1.0 - share) * correlation;
        assert!(
            (variance / expected - 1.0).abs() < 0.05,
            "{variance} {expected}"
        );
    }

    #[test]
    fn a_straddling_blip_is_in_two_minutes_and_a_blip_in_one() {
        let bad_minutes = |truth| {
            let incident = draw(
                truth,
                Setting {
                    base: 0.0,
                    ..setting()
                },
                1,
                4,
            );
            (0..LEAD + 5)
                .filter(|&minute| sums(&incident, incident.zone, minute..minute + 1).1 > 0.0)
                .count()
        };
        assert_eq!(bad_minutes(Truth::Blip), 1);
        assert_eq!(bad_minutes(Truth::StraddlingBlip), 2);
    }

    #[test]
    fn a_silent_zone_is_unknown_and_a_shifted_one_is_counted() {
        let silent = draw(Truth::NoData, setting(), 1, 2);
        assert!(
            silent.zones[silent.zone][LEAD..]
                .iter()
                .all(Option::is_none)
        );
        let shifted = draw(Truth::NoTraffic, setting(), 1, 2);
        assert_eq!(shifted.shifted, Some(shifted.zone));
        assert!(sums(&shifted, shifted.zone, 0..LEAD).0 < 1_000.0);
        assert!(shifted.zones[shifted.zone].iter().all(Option::is_some));
    }

    #[test]
    fn regional_trouble_stays_within_its_ratio() {
        for number in 0..20 {
            let even = Setting {
                spread: Spread::Even,
                base: 0.0,
                correlation: 0.0,
                requests: 20_000,
                ..setting()
            };
            let incident = draw(Truth::RegionalUneven, even, 1, number);
            let shares: Vec<f64> = (0..3)
                .map(|zone| sums(&incident, zone, LEAD + 3..incident.minutes()))
                .map(|(requests, bad)| bad / requests)
                .collect();
            let most = shares.iter().copied().fold(0.0, f64::max);
            let least = shares.iter().copied().fold(1.0, f64::min);
            assert!(most / least < 2.7, "{shares:?}");
        }
    }
}
