//! The passing of time: instances come into service and go, and groups act on what they lack.
//!
//! A group that has nothing to do sleeps until an instance of it changes, a failed launch may be
//! tried again, or somebody changes the group. So a step of a quiet Region looks at one moment a
//! group and no more.

use std::collections::BTreeSet;

use domain::ZoneId;
use jiff::{SignedDuration, Timestamp};
use rand::Rng;

use super::balance::{Fleet, May, Purpose, Role};
use super::group::{Activity, ActivityNumber, Group, Instance, Lifecycle, Process, Zone};
use crate::chance::Chance;

/// How much longer than the shortest launch the longest takes, in seconds.
const LAUNCH_SPREAD: i64 = 20;
const TERMINATION: SignedDuration = SignedDuration::from_secs(30);
/// AWS backs off with growing pauses and does not say how long they are.
const RETRY_OF_LAUNCH: SignedDuration = SignedDuration::from_secs(60);

/// What the groups find around them.
#[derive(Debug, Clone)]
pub(super) struct Conditions {
    pub(super) chance: Chance,
    pub(super) launch_delay: SignedDuration,
    /// Zones where launches fail.
    pub(super) exhausted: BTreeSet<ZoneId>,
}

/// All activities, in the order in which they began.
#[derive(Debug, Clone, Default)]
pub(super) struct Activities(Vec<Activity>);

impl Activities {
    /// Every activity with its number, the oldest first.
    pub(super) fn all(&self) -> impl Iterator<Item = (ActivityNumber, &Activity)> {
        let numbered = self.0.iter().enumerate();
        numbered.map(|(number, activity)| (ActivityNumber(number), activity))
    }

    fn begin(&mut self, activity: Activity) -> ActivityNumber {
        let number = ActivityNumber(self.0.len());
        self.0.push(Activity {
            id: number.to_string(),
            ..activity
        });
        number
    }

    fn succeed(&mut self, number: ActivityNumber, at: Timestamp) {
        if let Some(activity) = self.0.get_mut(number.0) {
            activity.ended = Some(at);
            activity.status = "Successful";
        }
    }
}

impl Group {
    /// Gives the group its first instances, in service already and spread evenly over its zones.
    pub(super) fn populate(&mut self, chance: Chance, now: Timestamp) {
        let zones = self.zones.clone();
        for zone in zones.iter().cycle().take(self.desired) {
            let (mut instance, _) = self.new_instance(zone, chance, now);
            instance.lifecycle = Lifecycle::InService;
            self.instances.push(instance);
        }
    }

    /// Does what is due.
    pub(super) fn step(
        &mut self,
        conditions: &Conditions,
        activities: &mut Activities,
        now: Timestamp,
    ) {
        if self.wake.is_none_or(|wake| wake > now) {
            return;
        }
        self.finish(activities, now);
        self.avoided.retain(|_, until| *until > now);
        // Nothing is launched any more, and nothing moved, in a group that is being deleted.
        if !self.deleting {
            self.act(conditions, activities, now);
        }
        let changes = self.instances.iter().filter_map(|instance| instance.until);
        let changes = changes.map(|(until, _)| until);
        self.wake = changes.chain(self.avoided.values().copied()).min();
    }

    fn finish(&mut self, activities: &mut Activities, now: Timestamp) {
        self.instances.retain_mut(|instance| {
            let Some((until, activity)) = instance.until.filter(|(until, _)| *until <= now) else {
                return true;
            };
            activities.succeed(activity, until);
            match instance.lifecycle {
                Lifecycle::Pending | Lifecycle::InService => {
                    instance.lifecycle = Lifecycle::InService;
                    instance.until = None;
                    true
                }
                Lifecycle::Terminating => false,
            }
        });
    }

    fn act(&mut self, conditions: &Conditions, activities: &mut Activities, now: Timestamp) {
        let plan = self.fleet(conditions).plan();
        for (zone, purpose) in &plan.failures {
            self.avoided
                .insert(zone.clone(), after(now, RETRY_OF_LAUNCH));
            if let Some(zone) = self.zone(zone) {
                let failure = Activity {
                    ended: Some(now),
                    status: "Failed",
                    status_message: Some(format!(
                        "EC2 has no capacity in {} at the moment. Launching EC2 instance failed.",
                        zone.name
                    )),
                    ..self.activity(
                        "Launching a new EC2 instance",
                        launch_cause(*purpose, &zone, now),
                        &zone,
                        now,
                    )
                };
                activities.begin(failure);
            }
        }
        for (zone, purpose) in &plan.launches {
            if let Some(zone) = self.zone(zone) {
                self.launch(&zone, *purpose, conditions, activities, now);
            }
        }
        for zone in &plan.terminations {
            self.terminate(zone, activities, now);
        }
    }

    fn fleet(&self, conditions: &Conditions) -> Fleet {
        let role = |zone: &ZoneId| {
            if !self.zones.iter().any(|own| own.id == *zone) {
                Role::Removed
            } else if self.shifted.as_ref() == Some(zone) {
                Role::Shifted
            } else if self.avoided.contains_key(zone) {
                Role::Avoided
            } else if conditions.exhausted.contains(zone) {
                Role::Exhausted
            } else {
                Role::Open
            }
        };
        let may = |process| !self.suspended.contains_key(&process);
        let counts = self.counts().into_iter();
        Fleet {
            desired: self.desired,
            max: self.max,
            zones: counts
                .map(|(zone, counts)| (zone.clone(), (role(&zone), counts)))
                .collect(),
            may: May {
                launch: may(Process::Launch),
                terminate: may(Process::Terminate),
                rebalance: may(Process::AzRebalance),
            },
        }
    }

    fn zone(&self, id: &ZoneId) -> Option<Zone> {
        self.zones.iter().find(|zone| zone.id == *id).cloned()
    }

    /// The next instance, and how much longer than the shortest launch its launch takes. Both are
    /// its own: they do not depend on what other groups launched before.
    fn new_instance(
        &mut self,
        zone: &Zone,
        chance: Chance,
        now: Timestamp,
    ) -> (Instance, SignedDuration) {
        self.launched += 1;
        let asker = format!("autoscaling {} {}", self.name, self.launched);
        let mut draw = chance.generator(&asker, 0);
        let instance = Instance {
            id: format!("i-0{:016x}", draw.random::<u64>()),
            zone: zone.clone(),
            launched: now,
            lifecycle: Lifecycle::Pending,
            until: None,
        };
        let spread = draw.random_range(0..=LAUNCH_SPREAD);
        (instance, SignedDuration::from_secs(spread))
    }

    fn launch(
        &mut self,
        zone: &Zone,
        purpose: Purpose,
        conditions: &Conditions,
        activities: &mut Activities,
        now: Timestamp,
    ) {
        let (mut instance, spread) = self.new_instance(zone, conditions.chance, now);
        let description = format!("Launching a new EC2 instance: {}", instance.id);
        let activity = Activity {
            status: "PreInService",
            ..self.activity(&description, launch_cause(purpose, zone, now), zone, now)
        };
        let ready = after(after(now, conditions.launch_delay), spread);
        instance.until = Some((ready, activities.begin(activity)));
        self.instances.push(instance);
    }

    /// Terminates the oldest instance of a zone.
    fn terminate(&mut self, zone: &ZoneId, activities: &mut Activities, now: Timestamp) {
        let candidates = self.instances.iter().filter(|instance| {
            instance.zone.id == *zone && instance.lifecycle == Lifecycle::InService
        });
        let oldest = candidates.min_by(|a, b| (a.launched, &a.id).cmp(&(b.launched, &b.id)));
        let Some(oldest) = oldest.cloned() else {
            return;
        };
        let is_removed = self.zone(zone).is_none();
        let why = if is_removed {
            format!(
                "{} is no Availability Zone of the group any more",
                oldest.zone.name
            )
        } else {
            format!(
                "more than the desired capacity of {} is in service",
                self.desired
            )
        };
        let cause = format!("At {now} an instance was taken out of service because {why}.");
        let description = format!("Terminating EC2 instance: {}", oldest.id);
        let status = if self.load_balancer.is_some() {
            "WaitingForELBConnectionDraining"
        } else {
            "InProgress"
        };
        let activity = Activity {
            status,
            ..self.activity(&description, cause, &oldest.zone, now)
        };
        let number = activities.begin(activity);
        let instances = self.instances.iter_mut();
        for instance in instances.filter(|instance| instance.id == oldest.id) {
            instance.lifecycle = Lifecycle::Terminating;
            instance.until = Some((after(now, TERMINATION), number));
        }
    }

    fn activity(&self, description: &str, cause: String, zone: &Zone, now: Timestamp) -> Activity {
        Activity {
            id: String::new(),
            group: self.name.clone(),
            group_arn: self.arn.clone(),
            description: description.to_owned(),
            cause,
            began: now,
            ended: None,
            status: "InProgress",
            status_message: None,
            zone_name: zone.name.clone(),
        }
    }
}

fn launch_cause(purpose: Purpose, zone: &Zone, now: Timestamp) -> String {
    match purpose {
        Purpose::ScaleOut => format!(
            "At {now} an instance was started because less than the desired capacity was there."
        ),
        Purpose::Rebalance => format!(
            "At {now} an instance was launched in {} to balance the zones of the group, which has more than the desired capacity for that time.",
            zone.name
        ),
    }
}

fn after(moment: Timestamp, by: SignedDuration) -> Timestamp {
    moment.checked_add(by).unwrap_or(Timestamp::MAX)
}
