//! What is really the case, whatever Evac makes of it: how each zone is, and what is counted of it.

use domain::ZoneId;
use jiff::{SignedDuration, Timestamp};
use region::cloudwatch::MetricId;
use region::region::Region;
use region::stage::WORKLOAD;
use region::world::CANARY_NAMESPACE;

use crate::place::{COUNTS, Place};
use crate::transcript::{Health, Setting};

/// How long a minute's counts take to be seen.
const PUBLISH_DELAY: SignedDuration = SignedDuration::from_secs(20);

/// How each zone has been.
#[derive(Debug)]
pub(crate) struct Truth {
    /// Since when each zone is how it is, oldest first.
    health: Vec<Vec<(Timestamp, Health)>>,
    /// The end of the last minute that was counted.
    counted: Timestamp,
}

impl Truth {
    pub(crate) fn of(place: &Place) -> Self {
        let well = vec![(Timestamp::MIN, Health::Well)];
        Self {
            health: vec![well; place.zones.len()],
            counted: place.begin,
        }
    }

    pub(crate) fn becomes(&mut self, zone: usize, health: Health, now: Timestamp) {
        self.health[zone].push((now, health));
    }

    /// How a zone was at any time from one moment to another.
    pub(crate) fn between(&self, zone: usize, from: Timestamp, until: Timestamp) -> Vec<Health> {
        let times = &self.health[zone];
        let ends = times.iter().skip(1).map(|(at, _)| *at);
        let ends = ends.chain([Timestamp::MAX]);
        let spans = times.iter().zip(ends);
        spans
            .filter(|((begins, _), ends)| *begins < until && from < *ends)
            .map(|((_, health), _)| *health)
            .collect()
    }

    /// For how long nobody counted anything in a zone between two moments.
    pub(crate) fn silent(&self, zone: usize, from: Timestamp, until: Timestamp) -> SignedDuration {
        let times = &self.health[zone];
        let ends = times.iter().skip(1).map(|(at, _)| *at);
        let spans = times.iter().zip(ends.chain([Timestamp::MAX]));
        let silent = spans.filter(|((_, health), _)| *health == Health::Silent);
        silent
            .map(|((begins, _), ends)| {
                let length = ends.min(until).duration_since((*begins).max(from));
                length.max(SignedDuration::ZERO)
            })
            .sum()
    }

    /// Writes what was counted in each minute that has ended.
    pub(crate) fn count(&mut self, place: &Place, setting: &Setting, lying: bool) {
        let now = place.region.now();
        while self.counted + SignedDuration::from_mins(1) <= now {
            let minute = self.counted;
            self.counted += SignedDuration::from_mins(1);
            for (number, zone) in place.zones.iter().enumerate() {
                let was = self.between(number, minute, self.counted);
                let silent = was.contains(&Health::Silent);
                let ill = was.contains(&Health::Ill);
                if setting.canary && lying {
                    canary(&place.region, zone, minute, 0.0);
                } else if setting.canary && !silent {
                    let faults = match (has_capacity(place, zone), ill) {
                        // A load balancer without targets answers with a 503.
                        (false, _) => PROBES,
                        (true, true) => 24.0,
                        (true, false) => 0.0,
                    };
                    canary(&place.region, zone, minute, faults);
                }
                if setting.evidence && !silent && has_traffic(place, zone) {
                    workload(&place.region, zone, minute, ill);
                }
            }
        }
    }
}

fn has_traffic(place: &Place, zone: &ZoneId) -> bool {
    place.region.state().arc.weight(&place.resources[0], zone) > 0.0
}

/// Whether an instance in the zone is in service behind the lead.
fn has_capacity(place: &Place, zone: &ZoneId) -> bool {
    let state = place.region.state();
    let mut instances = state.auto_scaling.instances();
    instances.any(|instance| {
        instance.in_service
            && instance.zone_id == zone
            && instance.load_balancer == Some(&place.resources[0])
    })
}

/// The canary asks once a second.
const PROBES: f64 = 60.0;

/// A minute of the canary.
fn canary(region: &Region, zone: &ZoneId, minute: Timestamp, faults: f64) {
    let metric = |name: &str| {
        MetricId::new(CANARY_NAMESPACE, name)
            .with("Workload", WORKLOAD)
            .with("ZoneId", zone.as_str())
    };
    record(region, metric("Requests"), minute, PROBES);
    record(region, metric("Faults"), minute, faults);
    record(region, metric("Slow"), minute, 0.0);
}

/// A minute of the workload's customers in a zone.
fn workload(region: &Region, zone: &ZoneId, minute: Timestamp, ill: bool) {
    let metric = |name: &str| MetricId::new(COUNTS, name).with("AZ-ID", zone.as_str());
    let faults = if ill { 900.0 } else { 3.0 };
    record(region, metric("Requests"), minute, 3000.0);
    record(region, metric("Faults"), minute, faults);
}

fn record(region: &Region, metric: MetricId, minute: Timestamp, value: f64) {
    let visible_at = minute + SignedDuration::from_mins(1) + PUBLISH_DELAY;
    let mut state = region.state();
    state
        .cloudwatch
        .record(metric, minute, &[(value, 1.0)], visible_at);
}
