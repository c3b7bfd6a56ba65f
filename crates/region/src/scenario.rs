//! Scenarios: what goes wrong in a drill, and what is expected to come of it.
//!
//! A scenario is data, in JSON; docs/DRILL.md describes the format. The built-in ones stand as files
//! in `scenarios/`.

pub mod act;
mod check;

use domain::ZoneId;
use domain::duration::Span;
use domain::policy::Mode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use self::act::Act;
use crate::fault::spec::RegionFault;
use crate::world::{Effect, Fault, Target};

pub use self::check::ScenarioError;

/// A scenario.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scenario {
    /// Its name on the command line.
    pub name: String,
    /// What happens, in a line.
    pub title: String,
    /// What happens, for people who do not know the scenario.
    pub story: String,
    /// How far the workload's policy lets Evac go: `observe`, `shift` or `evacuate`.
    pub mode: Mode,
    /// How long the drill lasts, on the Region's clock.
    pub lasts: Span,
    /// What the workload is like, where it is not the ordinary one.
    #[serde(default)]
    pub setting: Setting,
    /// What goes wrong with the workload.
    #[serde(default)]
    pub faults: Vec<ScenarioFault>,
    /// What goes wrong with the Region itself.
    #[serde(default)]
    pub region_faults: Vec<ScenarioRegionFault>,
    /// What people and AWS do.
    #[serde(default)]
    pub acts: Vec<ScenarioAct>,
    /// What is expected.
    pub expected: Expected,
}

impl Scenario {
    /// Reads a scenario, and checks that it makes sense.
    ///
    /// # Errors
    /// Every field that does not, with what is expected.
    pub fn read(text: &str) -> Result<Self, ScenarioError> {
        check::read(text)
    }

    /// Checks that a scenario makes sense.
    ///
    /// # Errors
    /// Every field that does not, with what is expected.
    pub fn check(&self) -> Result<(), ScenarioError> {
        check::check(self)
    }

    /// When the first fault of the workload begins in a drill that begins at this moment.
    #[must_use]
    pub fn fault_at(&self, begin: Timestamp) -> Timestamp {
        let faults = self.faults.iter().map(|fault| &fault.after);
        let first = faults.map(Span::length).min().unwrap_or_default();
        begin + first
    }
}

/// What the workload is like, where it is not the ordinary one.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Setting {
    /// Requests a second of the whole Region, on average.
    pub requests_per_second: Option<f64>,
    /// How much of the traffic each zone gets, in relation to the others; 1 where nothing is said.
    #[serde(default)]
    pub shares: std::collections::BTreeMap<ZoneId, f64>,
    /// With fewer bad requests a minute in all zones together no zone's alarm goes off; 100 where
    /// nothing is said.
    pub bad_requests_to_alarm: Option<f64>,
    /// Whether the group has native zonal shift, and is a resource that ARC shifts.
    #[serde(default)]
    pub native_zonal_shift: bool,
    /// Whether an instance refresh of the group is in progress.
    #[serde(default)]
    pub instance_refresh: bool,
    /// A zone in which the group has a subnet that the definition does not list.
    pub unlisted_subnet: Option<ZoneId>,
    /// Fields of the definition's policy, in place of the ordinary ones.
    #[serde(default)]
    pub policy: Map<String, Value>,
}

impl Setting {
    /// How many zones the policy wants to be left, where it is not the ordinary number.
    #[must_use]
    pub fn min_zones(&self) -> Option<usize> {
        let zones = self.policy.get("minZones")?.as_u64()?;
        usize::try_from(zones).ok()
    }
}

/// A fault of the workload in a scenario.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScenarioFault {
    /// How long after the beginning of the drill.
    pub after: Span,
    /// How long it lasts; to the end where it is left out.
    #[serde(rename = "for")]
    pub lasts: Option<Span>,
    /// What it concerns.
    pub target: Target,
    /// What it does.
    pub effect: Effect,
}

impl ScenarioFault {
    /// The fault in a drill that begins at this moment.
    #[must_use]
    pub fn in_drill(&self, begin: Timestamp) -> Fault {
        let (from, until) = period(Some(&self.after), self.lasts.as_ref(), begin);
        Fault {
            target: self.target.clone(),
            effect: self.effect,
            from,
            until,
        }
    }
}

/// A fault of the Region in a scenario.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScenarioRegionFault {
    /// How long after the beginning of the drill; at the beginning where it is left out.
    pub after: Option<Span>,
    /// How long it lasts; to the end where it is left out.
    #[serde(rename = "for")]
    pub lasts: Option<Span>,
    /// What goes wrong.
    pub fault: RegionFault,
}

impl ScenarioRegionFault {
    /// When it begins and ends, in a drill that begins at this moment.
    #[must_use]
    pub fn in_drill(&self, begin: Timestamp) -> (Timestamp, Option<Timestamp>) {
        period(self.after.as_ref(), self.lasts.as_ref(), begin)
    }
}

/// Something that somebody does in a scenario.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScenarioAct {
    /// How long after the beginning of the drill.
    pub after: Span,
    /// What.
    pub act: Act,
}

fn period(
    after: Option<&Span>,
    lasts: Option<&Span>,
    begin: Timestamp,
) -> (Timestamp, Option<Timestamp>) {
    let from = begin + after.map(Span::length).unwrap_or_default();
    (from, lasts.map(|lasts| from + lasts.length()))
}

/// What is expected of a drill.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Expected {
    /// The end.
    pub outcome: Outcome,
    /// The zone that it concerns.
    pub zone: Option<ZoneId>,
    /// The phases that people have to be told of, in this order; others may stand between. Where it
    /// is left out, those that go with the outcome.
    pub told: Option<Vec<String>>,
    /// Codes of reasons that verdicts have to have had.
    #[serde(default)]
    pub because: Vec<String>,
    /// Before this time of the drill nothing may be changed.
    pub not_before: Option<Span>,
    /// Whether the evacuation has been undone by the end of the drill.
    #[serde(default)]
    pub undone: bool,
    /// Whether the Region is as it was before the drill, to the last detail.
    #[serde(default)]
    pub as_before: bool,
}

impl Expected {
    /// The phases that people have to be told of.
    #[must_use]
    pub fn told(&self) -> Vec<&str> {
        match (&self.told, self.outcome) {
            (Some(told), _) => told.iter().map(String::as_str).collect(),
            (None, Outcome::Evacuate) => vec!["shifted", "pruned"],
            (None, Outcome::Shift) => vec!["shifted"],
            (None, Outcome::Observe) => vec!["rehearsed"],
            (None, Outcome::Hold) => Vec::new(),
            (None, Outcome::Failed) => vec!["failed"],
        }
    }
}

/// How a drill can end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// Traffic was shifted and the groups were pruned.
    Evacuate,
    /// Traffic was shifted.
    Shift,
    /// Nothing was changed, and nothing would have been: Evac decided so.
    Hold,
    /// Nothing was changed, but an evacuation was rehearsed.
    Observe,
    /// Nothing was changed, and Evac did not decide so: it gave no answer, or could not do what it
    /// had decided.
    Failed,
}

impl Outcome {
    /// The word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Evacuate => "evacuate",
            Self::Shift => "shift",
            Self::Hold => "hold",
            Self::Observe => "observe",
            Self::Failed => "failed",
        }
    }
}

/// The built-in scenarios, the default one first.
const BUILT_IN: [&str; 32] = [
    include_str!("../scenarios/zonal-latency.json"),
    include_str!("../scenarios/zonal-errors.json"),
    include_str!("../scenarios/single-instance.json"),
    include_str!("../scenarios/regional.json"),
    include_str!("../scenarios/two-zones.json"),
    include_str!("../scenarios/observe-mode.json"),
    include_str!("../scenarios/healthy.json"),
    include_str!("../scenarios/bad-deployment.json"),
    include_str!("../scenarios/flapping.json"),
    include_str!("../scenarios/uneven-traffic.json"),
    include_str!("../scenarios/low-traffic.json"),
    include_str!("../scenarios/low-traffic-acts.json"),
    include_str!("../scenarios/second-zone-follows.json"),
    include_str!("../scenarios/no-evidence.json"),
    include_str!("../scenarios/most-of-the-traffic.json"),
    include_str!("../scenarios/already-shifted-by-operator.json"),
    include_str!("../scenarios/operator-cancels.json"),
    include_str!("../scenarios/aws-autoshift-elsewhere.json"),
    include_str!("../scenarios/autoshift-in-the-zone.json"),
    include_str!("../scenarios/fail-back.json"),
    include_str!("../scenarios/full-cycle.json"),
    include_str!("../scenarios/native-zonal-shift.json"),
    include_str!("../scenarios/unlisted-subnet.json"),
    include_str!("../scenarios/slow-launches.json"),
    include_str!("../scenarios/no-capacity-elsewhere.json"),
    include_str!("../scenarios/duplicate-events.json"),
    include_str!("../scenarios/delayed-event.json"),
    include_str!("../scenarios/throttled.json"),
    include_str!("../scenarios/arc-down.json"),
    include_str!("../scenarios/lost-answer.json"),
    include_str!("../scenarios/killed-in-the-middle.json"),
    include_str!("../scenarios/stale-reads.json"),
];

/// The built-in scenario in which nothing goes wrong.
///
/// # Errors
/// Never, as a test holds: the file is one of this build's own.
pub fn healthy() -> Result<Scenario, ScenarioError> {
    Scenario::read(include_str!("../scenarios/healthy.json"))
}

/// The built-in scenarios, the default one first.
///
/// # Errors
/// Never, as a test holds: every file is one of this build's own.
pub fn built_in() -> Result<Vec<Scenario>, ScenarioError> {
    BUILT_IN.iter().map(|text| Scenario::read(text)).collect()
}

/// The file of a built-in scenario.
#[must_use]
pub fn file_of(name: &str) -> Option<&'static str> {
    let read = |text: &str| Scenario::read(text).is_ok_and(|scenario| scenario.name == name);
    BUILT_IN.iter().find(|text| read(text)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_built_in_scenario_can_be_read_and_has_a_name_of_its_own() {
        let scenarios = built_in().unwrap();
        let names: BTreeSet<&str> = scenarios
            .iter()
            .map(|scenario| scenario.name.as_str())
            .collect();
        assert_eq!(names.len(), BUILT_IN.len());
        assert_eq!(scenarios[0].name, "zonal-latency");
        for name in names {
            let file = file_of(name).unwrap();
            assert_eq!(Scenario::read(file).unwrap().name, name);
        }
    }
}
