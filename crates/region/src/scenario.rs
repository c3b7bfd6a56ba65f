//! Scenarios: what goes wrong in a drill, and what is expected to come of it.
//!
//! A scenario is data. The built-in ones stand as files in `scenarios/`.

use domain::ZoneId;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::world::{Effect, Fault, Target};

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
    pub mode: String,
    /// How long the drill lasts, in minutes of the Region's clock.
    pub minutes: u16,
    /// What goes wrong.
    pub faults: Vec<ScenarioFault>,
    /// What is expected.
    pub expected: Expected,
}

/// A fault in a scenario.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScenarioFault {
    /// Minutes after the beginning of the drill.
    pub after_minutes: u16,
    /// How long it lasts, in minutes; to the end where it is left out.
    pub for_minutes: Option<u16>,
    /// What it concerns.
    pub target: Target,
    /// What it does.
    pub effect: Effect,
}

impl ScenarioFault {
    /// The fault in a drill that begins at this moment.
    #[must_use]
    pub fn in_drill(&self, begin: Timestamp) -> Fault {
        let from = begin + SignedDuration::from_mins(self.after_minutes.into());
        Fault {
            target: self.target.clone(),
            effect: self.effect,
            from,
            until: self
                .for_minutes
                .map(|minutes| from + SignedDuration::from_mins(minutes.into())),
        }
    }
}

/// What is expected of a drill.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Expected {
    /// The end.
    pub outcome: Outcome,
    /// The zone that it concerns.
    pub zone: Option<ZoneId>,
}

/// How a drill can end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// Traffic was shifted and the groups were pruned.
    Evacuate,
    /// Traffic was shifted.
    Shift,
    /// Nothing was changed, and nothing would have been.
    Hold,
    /// Nothing was changed, but an evacuation was rehearsed.
    Observe,
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
        }
    }
}

/// The built-in scenarios, the default one first.
const BUILT_IN: [&str; 6] = [
    include_str!("../scenarios/zonal-latency.json"),
    include_str!("../scenarios/zonal-errors.json"),
    include_str!("../scenarios/single-instance.json"),
    include_str!("../scenarios/regional.json"),
    include_str!("../scenarios/two-zones.json"),
    include_str!("../scenarios/observe-mode.json"),
];

/// A workload in which nothing goes wrong; it is no drill, so it is not among the built-in ones.
#[must_use]
pub fn healthy() -> Scenario {
    Scenario {
        name: "healthy".to_owned(),
        title: "Nothing goes wrong".to_owned(),
        story: "Every zone serves its customers.".to_owned(),
        mode: "observe".to_owned(),
        minutes: 0,
        faults: Vec::new(),
        expected: Expected {
            outcome: Outcome::Hold,
            zone: None,
        },
    }
}

/// The built-in scenarios, the default one first.
///
/// # Errors
/// Never, as a test holds: every file is one of this build's own.
pub fn built_in() -> Result<Vec<Scenario>, serde_json::Error> {
    BUILT_IN
        .iter()
        .map(|text| serde_json::from_str(text))
        .collect()
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
        for scenario in &scenarios {
            assert!(
                scenario
                    .faults
                    .iter()
                    .all(|fault| fault.after_minutes < scenario.minutes),
                "{}",
                scenario.name
            );
        }
    }
}
