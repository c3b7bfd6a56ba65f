//! One zone against the others.

use std::collections::BTreeMap;

use super::counts::{Counts, Minute, Tally};
use super::criteria::Criteria;
use super::dispersion::{correlation, dispersion};
use super::finding::{Affected, Finding, Knowledge, ZoneFinding};
use super::probability::{Floors, comparable, exceeds, normal_above, signed_root};
use crate::zone::ZoneId;

/// What zones are judged by.
pub(super) struct Bench<'a> {
    criteria: &'a Criteria,
    zones: Vec<&'a [Option<Minute>]>,
    /// The minutes of the window, zone after zone, the newest first.
    tallies: Vec<Option<Tally>>,
    /// The zone that traffic is shifted away from: what trickles there is no comparison.
    shifted: Option<usize>,
    floors: Floors,
    /// Standard deviations that a difference must show, for all zones, windows and minutes of a day.
    needed: f64,
}

/// Minutes in a day: each is looked at once.
const LOOKS_PER_DAY: f64 = 1_440.0;

/// A zone without an impairment is reported over so many minutes.
const REPORTED: usize = 3;

/// The part of `min_requests` that a single minute must have to be a total outage. Fifty requests that
/// all fail are not a bad minute of something that mostly works.
const OUTAGE_PART: f64 = 1.0 / 6.0;

/// A zone and all the others, over the same minutes.
#[derive(Clone, Copy, Debug, Default)]
struct Look {
    own: Tally,
    others: Tally,
    /// Minutes in which the zone is known.
    minutes: f64,
}

/// How many times as much as binomial ones the counts of a look scatter.
#[derive(Clone, Copy, Debug)]
struct Scatter {
    correlation: f64,
    others: f64,
}

impl<'a> Bench<'a> {
    pub(super) fn new(
        criteria: &'a Criteria,
        counts: &'a Counts,
        shifted: Option<&'a ZoneId>,
    ) -> Self {
        let window = criteria.window;
        let zones: Vec<&[Option<Minute>]> = counts.values().map(Vec::as_slice).collect();
        let mut tallies = Vec::with_capacity(zones.len() * window);
        for (zone, minutes) in zones.iter().enumerate() {
            let newest = minutes.iter().rev().take(window);
            tallies.extend(newest.map(|minute| minute.as_ref().map(Tally::of)));
            tallies.resize((zone + 1) * window, None);
        }
        let windows = window.saturating_sub(criteria.sustained) + 2;
        let looks = LOOKS_PER_DAY * (zones.len().max(1) * windows) as f64;
        Self {
            criteria,
            shifted: shifted.and_then(|shifted| counts.keys().position(|zone| zone == shifted)),
            zones,
            tallies,
            floors: Floors {
                absolute: criteria.tolerated,
                factor: criteria.factor,
                difference: criteria.difference,
            },
            needed: normal_above(criteria.false_alarms_per_day / looks),
        }
    }

    /// The minutes of a zone's window, the newest first.
    fn of(&self, zone: usize) -> &[Option<Tally>] {
        let window = self.criteria.window;
        &self.tallies[zone * window..(zone + 1) * window]
    }

    /// The zones that a zone is compared with.
    fn others(&self, zone: usize) -> impl Iterator<Item = usize> {
        let shifted = self.shifted;
        (0..self.zones.len()).filter(move |&other| other != zone && Some(other) != shifted)
    }

    /// A zone against the others.
    pub(super) fn judge(&self, zone: usize) -> ZoneFinding {
        let reported = REPORTED.min(self.criteria.window);
        let look = self.look(zone, reported);
        let hosts = self.zones[zone].iter().rev().take(self.criteria.window);
        let blank = ZoneFinding {
            knowledge: self.knowledge(zone),
            finding: Finding::Well,
            material: false,
            minutes: reported,
            own: look.own,
            elsewhere: look.others,
            probability: None,
            deviations: None,
            dispersion: None,
            instances: None,
            healthy_hosts: hosts.flatten().find_map(|minute| minute.healthy_hosts),
        };
        if blank.knowledge != Knowledge::Judged {
            return blank;
        }
        let mut best = blank;
        let mut correlation = None;
        let shortest = self.shortest(zone);
        let mut look = Look::default();
        for window in 1..=self.criteria.window {
            self.add(zone, window - 1, &mut look);
            if window < shortest || !self.is_material(window, &look) {
                continue;
            }
            best.material = true;
            let seen = self.seen(zone, window, look, &blank, &mut correlation);
            if seen.finding > best.finding {
                best = seen;
            }
            if best.finding == Finding::Impaired {
                break;
            }
        }
        best
    }

    /// What is known of a zone.
    fn knowledge(&self, zone: usize) -> Knowledge {
        let minutes = self.of(zone);
        if minutes.iter().all(Option::is_none) {
            return Knowledge::NoData;
        }
        if minutes.iter().take(2).all(Option::is_none) {
            return Knowledge::Late;
        }
        let requests: f64 = minutes.iter().flatten().map(|minute| minute.requests).sum();
        if requests <= 0.0 {
            Knowledge::NoTraffic
        } else if requests < self.criteria.min_requests as f64 {
            Knowledge::TooFewRequests
        } else {
            Knowledge::Judged
        }
    }

    /// The shortest window that counts: one minute where it is a total outage.
    fn shortest(&self, zone: usize) -> usize {
        let newest = self.of(zone).first().copied().flatten().unwrap_or_default();
        if newest.requests >= self.least(1) && newest.fraction() >= self.criteria.outage {
            1
        } else {
            self.criteria.sustained.max(1)
        }
    }

    /// The requests without which nothing is said of a window.
    fn least(&self, window: usize) -> f64 {
        let least = self.criteria.min_requests as f64;
        if window < self.criteria.sustained {
            least * OUTAGE_PART
        } else {
            least
        }
    }

    /// The zone and the others over the newest minutes. Minutes in which the zone itself is unknown are
    /// not compared.
    fn look(&self, zone: usize, window: usize) -> Look {
        let mut look = Look::default();
        for back in 0..window {
            self.add(zone, back, &mut look);
        }
        look
    }

    fn add(&self, zone: usize, back: usize, look: &mut Look) {
        if let Some(own) = self.of(zone)[back] {
            look.own = look.own.plus(own);
            look.minutes += 1.0;
            for other in self.others(zone) {
                look.others = look.others.plus(self.of(other)[back].unwrap_or_default());
            }
        }
    }

    /// Whether the zone's bad share is too high, whatever the other zones do.
    fn is_material(&self, window: usize, look: &Look) -> bool {
        look.own.requests >= self.least(window)
            && look.own.bad >= 2.0
            && look.own.fraction() > self.criteria.tolerated
    }

    /// What one window shows of a zone that is materially bad in it.
    fn seen(
        &self,
        zone: usize,
        window: usize,
        look: Look,
        blank: &ZoneFinding,
        known: &mut Option<f64>,
    ) -> ZoneFinding {
        let mut seen = ZoneFinding {
            finding: Finding::NotIsolated,
            material: true,
            minutes: window,
            own: look.own,
            elsewhere: look.others,
            ..*blank
        };
        let clear = look.own.fraction() > self.floors.above(look.others.fraction());
        if !clear
            || look.others.requests < self.least(window)
            || self.is_shared(zone, window, &look)
        {
            return seen;
        }
        seen.finding = Finding::NotCertain;
        let others = self.others(zone).map(|other| self.zones[other]);
        let correlation = *known.get_or_insert_with(|| correlation(others));
        let scatter = Scatter {
            correlation,
            others: self.others_dispersion(zone, window, correlation),
        };
        let own = self.worth(look.own, look.minutes, correlation);
        let others = look.others.worth(scatter.others);
        let deviations = signed_root(own, others);
        seen.dispersion = Some(dispersion(correlation, look.own.requests / look.minutes));
        seen.deviations = Some(deviations);
        seen.instances = self.affected(zone, window, look.others);
        if deviations < self.needed {
            return seen;
        }
        let probability = exceeds(own, others, &self.floors);
        seen.probability = Some(probability);
        if probability < self.criteria.confidence || !self.is_apart(zone, window, own, correlation)
        {
            return seen;
        }
        seen.finding = Finding::NotSustained;
        let outage = window < self.criteria.sustained;
        if !outage && !self.is_sustained(zone, window, &look, scatter) {
            return seen;
        }
        seen.finding = Finding::NotBroad;
        if self.is_broad(zone, window, &look, scatter) {
            seen.finding = Finding::Impaired;
        }
        seen
    }

    /// What counts are worth that are of so many minutes.
    fn worth(&self, tally: Tally, minutes: f64, correlation: f64) -> Tally {
        tally.worth(dispersion(correlation, tally.requests / minutes.max(1.0)))
    }

    /// One other zone in the minutes of a window in which the zone is known, and how many they are.
    fn other(&self, zone: usize, other: usize, window: usize) -> (Tally, f64) {
        let own = &self.of(zone)[..window];
        let others = &self.of(other)[..window];
        let known = own.iter().zip(others);
        together(known.filter_map(|(own, other)| own.and(*other)))
    }

    /// The dispersion of the other zones' pooled counts: each scatters as its own traffic has it.
    fn others_dispersion(&self, zone: usize, window: usize, correlation: f64) -> f64 {
        let (requests, scatter) = self
            .others(zone)
            .map(|other| self.other(zone, other, window))
            .fold((0.0, 0.0), |(requests, scatter), (tally, minutes)| {
                let each = dispersion(correlation, tally.requests / f64::max(minutes, 1.0));
                (requests + tally.requests, scatter + tally.requests * each)
            });
        if requests > 0.0 {
            scatter / requests
        } else {
            1.0
        }
    }

    /// How many times as bad as another zone of this bad share a zone must be.
    fn times(&self, share: f64) -> f64 {
        let criteria = self.criteria;
        if share >= criteria.regional_above {
            criteria.regional_factor.max(criteria.factor)
        } else {
            criteria.factor
        }
    }

    /// Whether another zone is materially bad to a comparable degree.
    fn is_shared(&self, zone: usize, window: usize, look: &Look) -> bool {
        self.others(zone).any(|other| {
            let (other, _) = self.other(zone, other, window);
            let share = other.fraction();
            other.bad >= 2.0
                && share > self.criteria.tolerated
                && share * self.times(share) > look.own.fraction()
        })
    }

    /// Whether no other zone may be bad to a comparable degree and only not show it in these minutes: all
    /// that is known of it counts as well.
    fn is_apart(&self, zone: usize, window: usize, own: Tally, correlation: f64) -> bool {
        self.others(zone).all(|other| {
            let now = self.other(zone, other, window);
            let ever = together(self.zones[other].iter().flatten().map(Tally::of));
            [now, ever].into_iter().all(|(other, minutes)| {
                let factor = self.times(other.fraction());
                let other = self.worth(other, minutes, correlation);
                other.requests <= 0.0
                    || comparable(own, other, factor, self.criteria.tolerated)
                        <= self.criteria.doubt
            })
        })
    }

    /// Whether what is left of a look still shows it.
    fn holds(&self, rest: &Look, scatter: Scatter) -> bool {
        let own = self.worth(rest.own, rest.minutes, scatter.correlation);
        let others = rest.others.worth(scatter.others);
        signed_root(own, others) >= self.needed
            && exceeds(own, others, &self.floors) >= self.criteria.robust_confidence
    }

    /// Whether it is still there in the newest minute, and also without the worst minutes.
    fn is_sustained(&self, zone: usize, window: usize, look: &Look, scatter: Scatter) -> bool {
        let each: Vec<Look> = (0..window)
            .map(|back| {
                let mut look = Look::default();
                self.add(zone, back, &mut look);
                look
            })
            .filter(|look| look.minutes > 0.0)
            .collect();
        let Some(newest) = each.first() else {
            return false;
        };
        if each.len() < self.criteria.sustained
            || newest.own.fraction() <= self.floors.above(newest.others.fraction())
        {
            return false;
        }
        let rest = without_worst(*look, each, self.criteria.sustained.saturating_sub(1));
        self.holds(&rest, scatter)
    }

    /// Whether it is still there without the worst instance; where none are counted, it is taken to be.
    fn is_broad(&self, zone: usize, window: usize, look: &Look, scatter: Scatter) -> bool {
        let instances = self.instances(zone, window);
        let Some(worst) = instances
            .values()
            .max_by(|one, other| one.bad.total_cmp(&other.bad))
        else {
            return true;
        };
        let rest = Look {
            own: look.own.without(*worst),
            ..*look
        };
        self.holds(&rest, scatter)
    }

    fn affected(&self, zone: usize, window: usize, others: Tally) -> Option<Affected> {
        let instances = self.instances(zone, window);
        let serving = || instances.values().filter(|tally| tally.requests > 0.0);
        let floor = self.floors.above(others.fraction());
        (serving().count() > 0).then(|| Affected {
            affected: serving().filter(|tally| tally.fraction() > floor).count(),
            of: serving().count(),
        })
    }

    fn instances(&self, zone: usize, window: usize) -> BTreeMap<&str, Tally> {
        let mut instances = BTreeMap::new();
        let minutes = self.zones[zone].iter().rev().take(window);
        for instance in minutes.flatten().flat_map(|minute| &minute.instances) {
            let sum: &mut Tally = instances.entry(instance.id.as_str()).or_default();
            *sum = sum.plus(Tally::new(
                instance.requests,
                instance.faults,
                instance.slow,
            ));
        }
        instances
    }
}

/// Minutes taken together, and how many they are.
fn together(minutes: impl Iterator<Item = Tally>) -> (Tally, f64) {
    minutes.fold((Tally::default(), 0.0), |(sum, count), minute| {
        (sum.plus(minute), count + 1.0)
    })
}

/// What is left of a look without so many of its minutes, the worst.
fn without_worst(look: Look, mut each: Vec<Look>, so_many: usize) -> Look {
    each.sort_by(|one, other| other.own.bad.total_cmp(&one.own.bad));
    let worst = each.iter().take(so_many);
    worst.fold(look, |rest, worst| Look {
        own: rest.own.without(worst.own),
        others: rest.others.without(worst.others),
        minutes: rest.minutes - 1.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(number: usize) -> ZoneId {
        format!("use1-az{number}").parse().unwrap()
    }

    /// Minutes of so many requests, and so many faults in each, the oldest first.
    fn counts(zones: &[(u64, &[u64])]) -> Counts {
        let minutes = |(requests, faults): &(u64, &[u64])| {
            let minute = |faults: &u64| Minute {
                requests: *requests,
                faults: *faults,
                ..Minute::default()
            };
            faults.iter().map(minute).map(Some).collect()
        };
        (1..).map(zone).zip(zones.iter().map(minutes)).collect()
    }

    #[test]
    fn chance_is_given_every_minute_of_a_day_every_zone_and_every_window() {
        let criteria = Criteria::default();
        assert_eq!((criteria.window, criteria.sustained), (7, 2));
        for (zones, looks) in [(3, 1_440.0 * 3.0 * 7.0), (6, 1_440.0 * 6.0 * 7.0)] {
            let counts = counts(&vec![(1_000, [1; 7].as_slice()); zones]);
            let bench = Bench::new(&criteria, &counts, None);
            assert_eq!(bench.needed, normal_above(0.01 / looks));
        }
        let shorter = Criteria {
            window: 4,
            sustained: 3,
            ..criteria
        };
        // Three minutes, four, and one for a total outage.
        let counts = counts(&[(1_000, &[1; 7]), (1_000, &[1; 7])]);
        let bench = Bench::new(&shorter, &counts, None);
        assert_eq!(bench.needed, normal_above(0.01 / (1_440.0 * 2.0 * 3.0)));
    }

    #[test]
    fn a_look_is_of_the_newest_minutes_that_the_zone_is_known_in() {
        let criteria = Criteria::default();
        let mut counts = counts(&[
            (1_000, &[1, 2, 4, 8, 16]),
            (500, &[3, 3, 3, 3, 5]),
            (200, &[7, 7]),
        ]);
        if let Some(minutes) = counts.get_mut(&zone(1)) {
            minutes[3] = None;
        }
        let bench = Bench::new(&criteria, &counts, None);
        let look = bench.look(0, 3);
        assert_eq!(look.minutes, 2.0);
        assert_eq!((look.own.requests, look.own.bad), (2_000.0, 20.0));
        assert_eq!((look.others.requests, look.others.bad), (1_200.0, 15.0));
    }

    #[test]
    fn the_worst_minutes_are_left_out_with_what_the_others_did_in_them() {
        let criteria = Criteria::default();
        let counts = counts(&[(1_000, &[10, 90, 20, 70, 30]), (500, &[1, 2, 3, 4, 5])]);
        let bench = Bench::new(&criteria, &counts, None);
        let each = (0..5).map(|back| {
            let mut look = Look::default();
            bench.add(0, back, &mut look);
            look
        });
        let rest = without_worst(bench.look(0, 5), each.collect(), 2);
        assert_eq!(rest.minutes, 3.0);
        assert_eq!((rest.own.requests, rest.own.bad), (3_000.0, 60.0));
        assert_eq!((rest.others.requests, rest.others.bad), (1_500.0, 9.0));
    }

    #[test]
    fn the_others_scatter_as_their_own_traffic_has_each_of_them() {
        let criteria = Criteria::default();
        let counts = counts(&[(1_000, &[9; 3]), (4_001, &[1; 3]), (1_001, &[1; 3])]);
        let bench = Bench::new(&criteria, &counts, None);
        // 5 times as much for four parts of five, and twice for the rest.
        let expected = (4_001.0 * 5.0 + 1_001.0 * 2.0) / 5_002.0;
        let found = bench.others_dispersion(0, 3, 0.001);
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
        let alone = Bench::new(&criteria, &counts, None).worth(tally(3_003.0), 3.0, 0.001);
        assert!((alone.requests - 3_003.0 / 2.0).abs() < 1e-9);
    }

    fn tally(requests: f64) -> Tally {
        Tally {
            requests,
            ..Tally::default()
        }
    }
}
