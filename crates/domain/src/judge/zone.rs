//! One zone against the others.

use std::collections::BTreeMap;

use super::counts::{Counts, Minute, Tally, slot};
use super::criteria::Criteria;
use super::dispersion::dispersion;
use super::finding::{Affected, Finding, Knowledge, ZoneFinding};
use super::probability::{Floors, exceeds, normal_above, signed_root};
use crate::zone::ZoneId;

/// What one zone is judged by.
pub(super) struct Bench<'a> {
    pub(super) criteria: &'a Criteria,
    pub(super) counts: &'a Counts,
    /// The zone that traffic is shifted away from: what trickles there is no comparison.
    pub(super) shifted: Option<&'a ZoneId>,
    floors: Floors,
    /// Standard deviations that a difference must show, for all zones, windows and minutes of a day.
    needed: f64,
}

/// Minutes in a day: each is looked at once.
const LOOKS_PER_DAY: f64 = 1_440.0;

/// A zone without an impairment is reported over so many minutes.
const REPORTED: usize = 3;

impl<'a> Bench<'a> {
    pub(super) fn new(
        criteria: &'a Criteria,
        counts: &'a Counts,
        shifted: Option<&'a ZoneId>,
    ) -> Self {
        let windows = criteria.window.saturating_sub(criteria.sustained) + 2;
        let looks = LOOKS_PER_DAY * counts.len().max(1) as f64 * windows as f64;
        Self {
            criteria,
            counts,
            shifted,
            floors: Floors {
                absolute: criteria.tolerated,
                factor: criteria.factor,
                difference: criteria.difference,
            },
            needed: normal_above(criteria.false_alarms_per_day / looks),
        }
    }

    /// What is known of a zone.
    pub(super) fn knowledge(&self, minutes: &[Option<Minute>]) -> Knowledge {
        let window = self.criteria.window;
        let known = (0..window).any(|back| slot(minutes, back).is_some());
        if !known {
            return Knowledge::NoData;
        }
        if window > 1 && (0..2).all(|back| slot(minutes, back).is_none()) {
            return Knowledge::Late;
        }
        let requests = total(minutes, window).requests;
        if requests <= 0.0 {
            Knowledge::NoTraffic
        } else if requests < self.criteria.min_requests as f64 {
            Knowledge::TooFewRequests
        } else {
            Knowledge::Judged
        }
    }

    /// A zone against the others.
    pub(super) fn judge(&self, zone: &ZoneId, minutes: &[Option<Minute>]) -> ZoneFinding {
        let reported = REPORTED.min(self.criteria.window);
        let looks = self.looks(zone, minutes);
        let reported_look = looks.get(reported - 1).copied().unwrap_or_default();
        let mut best = ZoneFinding {
            knowledge: self.knowledge(minutes),
            finding: Finding::Well,
            material: false,
            minutes: reported,
            own: reported_look.own,
            elsewhere: reported_look.others,
            probability: None,
            deviations: None,
            dispersion: None,
            instances: None,
            healthy_hosts: (0..self.criteria.window)
                .find_map(|back| slot(minutes, back)?.healthy_hosts),
        };
        if best.knowledge != Knowledge::Judged {
            return best;
        }
        let shortest = if looks.first().is_some_and(|look| self.is_outage(look)) {
            1
        } else {
            self.criteria.sustained
        };
        let mut scatter = None;
        for (index, look) in looks.iter().enumerate().skip(shortest - 1) {
            let seen = self.look(zone, minutes, index + 1, look, &mut scatter);
            best.material |= seen.material;
            if seen.finding > best.finding {
                best = ZoneFinding {
                    knowledge: best.knowledge,
                    material: best.material,
                    healthy_hosts: best.healthy_hosts,
                    ..seen
                };
            }
            if best.finding == Finding::Impaired {
                break;
            }
        }
        best
    }

    /// The zone and the others over the newest minute, the newest two, and so on.
    fn looks(&self, zone: &ZoneId, minutes: &[Option<Minute>]) -> Vec<Look> {
        let mut look = Look::default();
        (0..self.criteria.window)
            .map(|back| {
                // Minutes in which the zone itself is unknown are not compared.
                if let Some(minute) = slot(minutes, back) {
                    look.own = look.own.plus(Tally::of(minute));
                    for (_, other) in self.others(zone) {
                        if let Some(minute) = slot(other, back) {
                            look.others = look.others.plus(Tally::of(minute));
                        }
                    }
                }
                look
            })
            .collect()
    }

    fn others(&self, zone: &ZoneId) -> impl Iterator<Item = (&'a ZoneId, &'a [Option<Minute>])> {
        let shifted = self.shifted;
        self.counts
            .iter()
            .filter(move |(other, _)| *other != zone && Some(*other) != shifted)
            .map(|(other, minutes)| (other, minutes.as_slice()))
    }

    fn is_outage(&self, look: &Look) -> bool {
        self.enough(look) && look.own.fraction() >= self.criteria.outage
    }

    fn enough(&self, look: &Look) -> bool {
        let least = self.criteria.min_requests as f64;
        look.own.requests >= least && look.others.requests >= least
    }

    /// One window.
    fn look(
        &self,
        zone: &ZoneId,
        minutes: &[Option<Minute>],
        window: usize,
        look: &Look,
        scatter: &mut Option<f64>,
    ) -> ZoneFinding {
        let mut seen = ZoneFinding {
            knowledge: Knowledge::Judged,
            finding: Finding::Well,
            material: look.own.requests >= self.criteria.min_requests as f64
                && look.own.bad >= 2.0
                && look.own.fraction() > self.criteria.tolerated,
            minutes: window,
            own: look.own,
            elsewhere: look.others,
            probability: None,
            deviations: None,
            dispersion: None,
            instances: None,
            healthy_hosts: None,
        };
        if !seen.material {
            return seen;
        }
        seen.finding = Finding::NotIsolated;
        let clear = look.own.fraction() > self.floors.above(look.others.fraction());
        if !clear || !self.enough(look) || self.is_shared(zone, window, look.own.fraction()) {
            return seen;
        }
        seen.finding = Finding::NotCertain;
        let dispersion = *scatter
            .get_or_insert_with(|| dispersion(self.others(zone).map(|(_, minutes)| minutes)));
        let deviations = signed_root(look.own, look.others, dispersion);
        let probability = exceeds(look.own, look.others, &self.floors, dispersion);
        seen.dispersion = Some(dispersion);
        seen.deviations = Some(deviations);
        seen.probability = Some(probability);
        seen.instances = self.affected(minutes, window, look.others);
        if deviations < self.needed || probability < self.criteria.confidence {
            return seen;
        }
        seen.finding = Finding::NotSustained;
        let outage = window == 1;
        if !outage && !self.is_sustained(zone, minutes, window, look, dispersion) {
            return seen;
        }
        seen.finding = Finding::NotBroad;
        if self.is_broad(minutes, window, look, dispersion) {
            seen.finding = Finding::Impaired;
        }
        seen
    }

    /// Whether another zone is materially bad to a comparable degree.
    fn is_shared(&self, zone: &ZoneId, window: usize, own: f64) -> bool {
        let criteria = self.criteria;
        self.others(zone).any(|(_, other)| {
            let other = total(other, window);
            let share = other.fraction();
            let times = if share >= criteria.regional_above {
                criteria.regional_factor.max(criteria.factor)
            } else {
                criteria.factor
            };
            other.bad >= 2.0 && share > criteria.tolerated && share * times > own
        })
    }

    /// Whether it is still there in the newest minute, and also without the worst minutes.
    fn is_sustained(
        &self,
        zone: &ZoneId,
        minutes: &[Option<Minute>],
        window: usize,
        look: &Look,
        dispersion: f64,
    ) -> bool {
        let minute = |back: usize| {
            let own = Tally::of(slot(minutes, back)?);
            let others = self
                .others(zone)
                .filter_map(|(_, other)| slot(other, back))
                .fold(Tally::default(), |sum, minute| sum.plus(Tally::of(minute)));
            Some(Look { own, others })
        };
        let mut each: Vec<Look> = (0..window).filter_map(minute).collect();
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
            .take(self.criteria.sustained - 1)
            .fold(*look, |rest, worst| Look {
                own: rest.own.without(worst.own),
                others: rest.others.without(worst.others),
            });
        rest.own.requests > 0.0
            && exceeds(rest.own, rest.others, &self.floors, dispersion)
                >= self.criteria.robust_confidence
    }

    /// Whether it is still there without the worst instance; where none are counted, it is taken to be.
    fn is_broad(
        &self,
        minutes: &[Option<Minute>],
        window: usize,
        look: &Look,
        dispersion: f64,
    ) -> bool {
        let instances = instances(minutes, window);
        let Some(worst) = instances
            .values()
            .max_by(|one, other| one.bad.total_cmp(&other.bad))
        else {
            return true;
        };
        let rest = look.own.without(*worst);
        rest.requests > 0.0
            && exceeds(rest, look.others, &self.floors, dispersion)
                >= self.criteria.robust_confidence
    }

    fn affected(
        &self,
        minutes: &[Option<Minute>],
        window: usize,
        others: Tally,
    ) -> Option<Affected> {
        let instances = instances(minutes, window);
        let serving = || instances.values().filter(|tally| tally.requests > 0.0);
        let floor = self.floors.above(others.fraction());
        (serving().count() > 0).then(|| Affected {
            affected: serving().filter(|tally| tally.fraction() > floor).count(),
            of: serving().count(),
        })
    }
}

/// A zone and all the others, over the same minutes.
#[derive(Clone, Copy, Debug, Default)]
struct Look {
    own: Tally,
    others: Tally,
}

/// A zone's requests over the newest minutes.
pub(super) fn total(minutes: &[Option<Minute>], window: usize) -> Tally {
    (0..window)
        .filter_map(|back| slot(minutes, back))
        .fold(Tally::default(), |sum, minute| sum.plus(Tally::of(minute)))
}

fn instances(minutes: &[Option<Minute>], window: usize) -> BTreeMap<&str, Tally> {
    let mut instances = BTreeMap::new();
    for minute in (0..window).filter_map(|back| slot(minutes, back)) {
        for instance in &minute.instances {
            let sum: &mut Tally = instances.entry(instance.id.as_str()).or_default();
            *sum = sum.plus(Tally::new(
                instance.requests,
                instance.faults,
                instance.slow,
            ));
        }
    }
    instances
}
