//! What a group does next: in which zones it launches, and in which it terminates.
//!
//! A decision from counts alone. It is taken anew whenever something changed, so that nothing has to
//! be remembered of a rebalancing that is under way. In this order:
//!
//! 1. **Scale out.** What is missing of the desired capacity is launched, each instance where the
//!    fewest run.
//! 2. **Rebalance.** Instances in zones that the group no longer has, and instances that are at least
//!    two more than in another zone, are replaced: the replacement is *launched first*. With every
//!    instance counted, also those still terminating, the group never has more than its maximum and
//!    a margin of 10 %, or of one instance where that is more.
//! 3. **Scale in.** Only what is *in service* beyond the desired capacity is terminated: first in
//!    zones that the group no longer has, then where the most run. This is what ends a rebalancing,
//!    once a replacement is in service, and what follows a lower desired capacity.
//!
//! A launch is tried where it belongs, also where it is going to fail, and after a failure elsewhere
//! (`balanced-best-effort`). A rebalancing that can launch nowhere stalls and terminates nothing.
//!
//! Suspended processes: without `Launch` neither 1 nor 2, without `AZRebalance` no 2, without
//! `Terminate` no 3; the replacements are still launched then, and the group stays larger.
//!
//! While a zone is shifted away from, nothing is launched there, and its instances are kept: the
//! zones of the group are not balanced against each other until the shift ends. Zones that the group
//! no longer has are left all the same. AWS says nothing on balance among the other zones meanwhile.
//!
//! AWS does not say what it does with an instance in a removed zone while `AZRebalance` is suspended.
//! Here it stays, and is the first to go when the group scales in.

use std::collections::BTreeMap;

use domain::ZoneId;

/// The instances of a group in one zone, by what they are about to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Launched and not yet in service.
    pub pending: usize,
    /// In service.
    pub in_service: usize,
    /// On their way out, and no longer in service.
    pub terminating: usize,
}

impl Counts {
    /// What counts for the desired capacity.
    #[must_use]
    pub fn live(self) -> usize {
        self.pending + self.in_service
    }

    /// Everything that runs.
    #[must_use]
    pub fn all(self) -> usize {
        self.live() + self.terminating
    }
}

/// What a zone is to a group at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A zone of the group, where a launch succeeds.
    Open,
    /// A zone of the group, where a launch fails.
    Exhausted,
    /// A zone of the group, where a launch failed a short time ago.
    Avoided,
    /// A zone of the group that is shifted away from.
    Shifted,
    /// No zone of the group, or no longer.
    Removed,
}

/// A group as the decision sees it.
#[derive(Debug, Clone)]
pub(super) struct Fleet {
    pub(super) desired: usize,
    pub(super) max: usize,
    pub(super) zones: BTreeMap<ZoneId, (Role, Counts)>,
    /// Which processes are not suspended.
    pub(super) may: May,
}

/// Which processes are not suspended.
#[derive(Debug, Clone, Copy)]
pub(super) struct May {
    pub(super) launch: bool,
    pub(super) terminate: bool,
    pub(super) rebalance: bool,
}

/// Why an instance is launched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    ScaleOut,
    Rebalance,
}

/// What a group does next.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// One instance each.
    pub(super) launches: Vec<(ZoneId, Purpose)>,
    /// Where a launch was tried and failed.
    pub(super) failures: Vec<(ZoneId, Purpose)>,
    /// One instance in service each.
    pub(super) terminations: Vec<ZoneId>,
}

/// How far a group may exceed its maximum while it rebalances.
pub(super) fn margin(max: usize) -> usize {
    (max / 10).max(1)
}

impl Fleet {
    /// What this group does next.
    pub(super) fn plan(&self) -> Plan {
        let mut plan = Plan::default();
        if self.may.launch {
            let mut ground = Ground::of(self);
            self.scale_out(&mut ground, &mut plan);
            if self.may.rebalance {
                self.rebalance(&mut ground, &mut plan);
            }
        }
        if self.may.terminate {
            self.scale_in(&mut plan);
        }
        plan
    }

    fn sum(&self, count: impl Fn(Counts) -> usize) -> usize {
        self.zones.values().map(|(_, counts)| count(*counts)).sum()
    }

    fn scale_out(&self, ground: &mut Ground, plan: &mut Plan) {
        let missing = self.desired.saturating_sub(self.sum(Counts::live));
        for _ in 0..missing {
            while let Some(zone) = ground.emptiest() {
                if ground.launch(&zone, Purpose::ScaleOut, plan) {
                    break;
                }
            }
        }
    }

    fn rebalance(&self, ground: &mut Ground, plan: &mut Plan) {
        // For some instances the replacement is launched already. They no longer need one.
        for _ in self.desired..self.sum(Counts::live) {
            if let Some(zone) = ground.first_to_leave() {
                ground.take(&zone);
            }
        }
        let most = self.max + margin(self.max);
        let mut room = most.saturating_sub(self.sum(Counts::all) + plan.launches.len());
        while room > 0 {
            let (Some(from), Some(to)) = (ground.first_to_leave(), ground.emptiest()) else {
                return;
            };
            if !ground.is_removed(&from)
                && (ground.is_shifted() || ground.live(&from) < ground.live(&to) + 2)
            {
                return;
            }
            if ground.launch(&to, Purpose::Rebalance, plan) {
                ground.take(&from);
                room -= 1;
            }
        }
    }

    fn scale_in(&self, plan: &mut Plan) {
        let mut ground = Ground::of(self);
        let mut in_service: BTreeMap<&ZoneId, usize> = self
            .zones
            .iter()
            .map(|(zone, (_, counts))| (zone, counts.in_service))
            .collect();
        for _ in self.desired..self.sum(|counts| counts.in_service) {
            let zone =
                ground.first_to_leave_of(|zone| in_service.get(zone).is_some_and(|n| *n > 0));
            let Some(zone) = zone else { return };
            ground.take(&zone);
            if let Some(left) = in_service.get_mut(&zone) {
                *left -= 1;
            }
            plan.terminations.push(zone);
        }
    }
}

/// The zones while a decision is worked out.
struct Ground(BTreeMap<ZoneId, (Role, usize)>);

impl Ground {
    fn of(fleet: &Fleet) -> Self {
        let zones = fleet.zones.iter();
        Self(
            zones
                .map(|(zone, (role, counts))| (zone.clone(), (*role, counts.live())))
                .collect(),
        )
    }

    fn live(&self, zone: &ZoneId) -> usize {
        self.0.get(zone).map_or(0, |(_, live)| *live)
    }

    fn is_removed(&self, zone: &ZoneId) -> bool {
        matches!(self.0.get(zone), Some((Role::Removed, _)))
    }

    fn is_shifted(&self) -> bool {
        self.0.values().any(|(role, _)| *role == Role::Shifted)
    }

    /// Where the next launch is tried.
    fn emptiest(&self) -> Option<ZoneId> {
        let candidates = self.0.iter();
        candidates
            .filter(|(_, (role, _))| matches!(role, Role::Open | Role::Exhausted))
            .min_by_key(|(_, (_, live))| *live)
            .map(|(zone, _)| zone.clone())
    }

    fn first_to_leave(&self) -> Option<ZoneId> {
        self.first_to_leave_of(|_| true)
    }

    /// Where the next instance is given up.
    fn first_to_leave_of(&self, is_candidate: impl Fn(&ZoneId) -> bool) -> Option<ZoneId> {
        let candidates = self.0.iter();
        candidates
            .filter(|(zone, (_, live))| *live > 0 && is_candidate(zone))
            .max_by_key(|(_, (role, live))| (*role == Role::Removed, *live))
            .map(|(zone, _)| zone.clone())
    }

    fn take(&mut self, zone: &ZoneId) {
        if let Some((_, live)) = self.0.get_mut(zone) {
            *live = live.saturating_sub(1);
        }
    }

    /// Tries a launch; whether it succeeds. Where it failed, none is tried again in this decision.
    fn launch(&mut self, zone: &ZoneId, purpose: Purpose, plan: &mut Plan) -> bool {
        let Some((role, live)) = self.0.get_mut(zone) else {
            return false;
        };
        if *role == Role::Open {
            *live += 1;
            plan.launches.push((zone.clone(), purpose));
            return true;
        }
        *role = Role::Avoided;
        plan.failures.push((zone.clone(), purpose));
        false
    }
}
