//! Reading a scenario that anybody may have written: what makes no sense is told with its field.

use std::collections::BTreeSet;

use domain::ZoneId;
use domain::duration::Span;
use jiff::SignedDuration;

use super::Scenario;
use crate::stage;
use crate::world::{Effect, Target};

/// Why a text is not a scenario.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("; "))]
pub struct ScenarioError(Vec<String>);

/// The words that messages have for their phase.
const PHASES: [&str; 12] = [
    "held",
    "rehearsed",
    "autoshift",
    "shifted",
    "pruned",
    "renewed",
    "looks-well",
    "relapsed",
    "not-ready",
    "restored",
    "failed-back",
    "failed",
];

pub(super) fn read(text: &str) -> Result<Scenario, ScenarioError> {
    let mut input = serde_json::Deserializer::from_str(text);
    let scenario: Scenario = serde_path_to_error::deserialize(&mut input).map_err(|error| {
        let path = error.path().to_string();
        let problem = error.into_inner();
        ScenarioError(vec![if path == "." {
            problem.to_string()
        } else {
            format!("{path}: {problem}")
        }])
    })?;
    if let Err(error) = input.end() {
        return Err(ScenarioError(vec![error.to_string()]));
    }
    check(&scenario)?;
    Ok(scenario)
}

pub(super) fn check(scenario: &Scenario) -> Result<(), ScenarioError> {
    let problems = problems(scenario);
    if problems.is_empty() {
        Ok(())
    } else {
        Err(ScenarioError(problems))
    }
}

fn problems(scenario: &Scenario) -> Vec<String> {
    let mut check = Check {
        zones: stage::zone_ids(),
        lasts: scenario.lasts.length(),
        problems: Vec::new(),
    };
    let name_is_word = !scenario.name.is_empty()
        && scenario
            .name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if !name_is_word {
        check.add(format!(
            "name: \"{}\", expected lowercase letters, digits and dashes",
            scenario.name
        ));
    }
    if check.lasts > LONGEST {
        check.add(format!(
            "lasts: {}, expected 3h at most: that is how long customers are remembered",
            scenario.lasts
        ));
    }
    if let Some(not_before) = &scenario.expected.not_before {
        check.moment("expected.notBefore", not_before);
    }
    check.setting(scenario);
    for (index, fault) in scenario.faults.iter().enumerate() {
        let field = format!("faults[{index}]");
        check.moment(&format!("{field}.after"), &fault.after);
        if let Target::Zone(zone) | Target::Instance(zone, _) = &fault.target {
            check.zone(&format!("{field}.target"), zone);
        }
        if let Target::Instance(_, place) = &fault.target
            && *place >= stage::INSTANCES_PER_ZONE
        {
            check.add(format!(
                "{field}.target: instance {place}, expected 0 to {}",
                stage::INSTANCES_PER_ZONE - 1
            ));
        }
        let share = match fault.effect {
            Effect::Errors { share }
            | Effect::Slow { share, .. }
            | Effect::PacketLoss { share } => share,
        };
        check.within(&format!("{field}.effect.share"), share, 1.0);
    }
    for (index, fault) in scenario.region_faults.iter().enumerate() {
        let field = format!("regionFaults[{index}]");
        if let Some(after) = &fault.after {
            check.moment(&format!("{field}.after"), after);
        }
        if let Some(zone) = fault.fault.zone() {
            check.zone(&format!("{field}.fault.zone"), zone);
        }
        if let Err(problem) = fault.fault.check() {
            check.add(format!("{field}.fault: {problem}"));
        }
    }
    for (index, act) in scenario.acts.iter().enumerate() {
        let field = format!("acts[{index}]");
        check.moment(&format!("{field}.after"), &act.after);
        if let Some(zone) = act.act.zone() {
            check.zone(&format!("{field}.act.zone"), zone);
        }
    }
    if let Some(zone) = &scenario.expected.zone {
        check.zone("expected.zone", zone);
    }
    for phase in scenario.expected.told.iter().flatten() {
        if !PHASES.contains(&phase.as_str()) {
            check.add(format!(
                "expected.told: \"{phase}\", expected one of {}",
                PHASES.join(", ")
            ));
        }
    }
    check.problems
}

/// How long a drill can be.
const LONGEST: SignedDuration = SignedDuration::from_hours(3);

struct Check {
    zones: BTreeSet<ZoneId>,
    lasts: SignedDuration,
    problems: Vec<String>,
}

impl Check {
    fn add(&mut self, problem: String) {
        self.problems.push(problem);
    }

    fn setting(&mut self, scenario: &Scenario) {
        let setting = &scenario.setting;
        if let Some(rate) = setting.requests_per_second {
            self.within("setting.requestsPerSecond", rate, 10_000.0);
        }
        if let Some(enough) = setting.bad_requests_to_alarm {
            self.within("setting.badRequestsToAlarm", enough, 1_000_000.0);
        }
        for (zone, share) in &setting.shares {
            self.zone("setting.shares", zone);
            self.within(&format!("setting.shares.{zone}"), *share, 1000.0);
        }
        if let Some(zone) = &setting.unlisted_subnet {
            self.zone("setting.unlistedSubnet", zone);
        }
        if setting.policy.contains_key("mode") {
            self.add("setting.policy.mode: expected the field mode of the scenario instead".into());
        }
    }

    fn zone(&mut self, field: &str, zone: &ZoneId) {
        if !self.zones.contains(zone) {
            let zones: Vec<&str> = self.zones.iter().map(ZoneId::as_str).collect();
            let expected = zones.join(", ");
            self.add(format!("{field}: {zone}, expected one of {expected}"));
        }
    }

    fn moment(&mut self, field: &str, after: &Span) {
        if after.length() >= self.lasts {
            self.add(format!(
                "{field}: {after}, expected less than the drill lasts"
            ));
        }
    }

    fn within(&mut self, field: &str, value: f64, most: f64) {
        if !(0.0..=most).contains(&value) {
            self.add(format!("{field}: {value}, expected 0 to {most}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn scenario(change: impl FnOnce(&mut Value)) -> String {
        let mut scenario = json!({
            "name": "mine",
            "title": "t",
            "story": "s",
            "mode": "evacuate",
            "lasts": "10m",
            "faults": [{"after": "2m", "target": {"zone": "use1-az1"}, "effect": {"errors": {"share": 0.5}}}],
            "expected": {"outcome": "evacuate"},
        });
        change(&mut scenario);
        scenario.to_string()
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_field_and_remedy() {
        let bad = |pointer: &str, value: Value| {
            let text = scenario(|scenario| *scenario.pointer_mut(pointer).unwrap() = value);
            read(&text).unwrap_err().to_string()
        };
        let added = |field: &str, value: Value| {
            let text = scenario(|scenario| scenario[field] = value);
            read(&text).unwrap_err().to_string()
        };
        for (told, expected) in [
            (
                bad("/name", json!("My own")),
                "name: \"My own\", expected lowercase letters",
            ),
            (bad("/mode", json!("act")), "mode: unknown variant `act`"),
            (
                bad("/lasts", json!("soon")),
                "lasts: \"soon\" is not a length of time",
            ),
            (
                bad("/faults/0/after", json!("10m")),
                "faults[0].after: 10m, expected less than the drill lasts",
            ),
            (
                bad("/faults/0/target/zone", json!("use1-az9")),
                "faults[0].target: use1-az9, expected one of use1-az1, use1-az2, use1-az3",
            ),
            (
                bad("/faults/0/effect", json!({"errors": {"share": 2}})),
                "faults[0].effect.share: 2, expected 0 to 1",
            ),
            (
                bad("/expected", json!({"outcome": "hold", "told": ["hold"]})),
                "expected.told: \"hold\", expected one of held,",
            ),
            (
                added(
                    "regionFaults",
                    json!([{"fault": {"kind": "noCapacity", "zone": "use1-az9"}}]),
                ),
                "regionFaults[0].fault.zone: use1-az9",
            ),
            (
                added(
                    "regionFaults",
                    json!([{"fault": {"kind": "slow", "service": "s3", "milliseconds": 1}}]),
                ),
                "regionFaults[0].fault: unknown variant `s3`",
            ),
            (
                added(
                    "acts",
                    json!([{"after": "1m", "act": {"kind": "shift", "zone": "use1-az9"}}]),
                ),
                "acts[0].act.zone: use1-az9",
            ),
            (
                added(
                    "acts",
                    json!([{"after": "11m", "act": {"kind": "cancelShifts"}}]),
                ),
                "acts[0].after: 11m",
            ),
            (
                added("setting", json!({"shares": {"use1-az1": -1}})),
                "setting.shares.use1-az1: -1, expected 0 to 1000",
            ),
            (
                added("setting", json!({"policy": {"mode": "shift"}})),
                "setting.policy.mode: expected the field mode",
            ),
            (
                added("minutes", json!(5)),
                "minutes: unknown field `minutes`",
            ),
        ] {
            assert!(told.contains(expected), "{told}");
        }
    }

    #[test]
    fn every_problem_is_told_at_once() {
        let text = scenario(|scenario| {
            scenario["name"] = json!("");
            scenario["faults"][0]["after"] = json!("1h");
        });
        assert_eq!(read(&text).unwrap_err().0.len(), 2);
    }
}
