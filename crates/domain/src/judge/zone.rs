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
        if minutes.len() > 1 && minutes.iter().take(2).all(Option::is_none) {
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
        own.iter()
            .zip(others)
            .filter_map(|(own, other)| own.and(*other))
            .fold((Tally::default(), 0.0), |(sum, minutes), minute| {
                (sum.plus(minute), minutes + 1.0)
            })
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
            let known = self.zones[other].iter().flatten();
            let ever = known.fold((Tally::default(), 0.0), |(sum, minutes), minute| {
                (sum.plus(Tally::of(minute)), minutes + 1.0)
            });
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
        own.requests > 0.0
            && signed_root(own, others) >= self.needed
            && exceeds(own, others, &self.floors) >= self.criteria.robust_confidence
    }

    /// Whether it is still there in the newest minute, and also without the worst minutes.
    fn is_sustained(&self, zone: usize, window: usize, look: &Look, scatter: Scatter) -> bool {
        let mut each: Vec<Look> = (0..window)
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
        each.sort_by(|one, other| other.own.bad.total_cmp(&one.own.bad));
        let rest = each
            .iter()
            .take(self.criteria.sustained.saturating_sub(1))
            .fold(*look, |rest, worst| Look {
                own: rest.own.without(worst.own),
                others: rest.others.without(worst.others),
                minutes: rest.minutes - 1.0,
            });
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
