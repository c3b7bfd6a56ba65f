//! The scenario that the command line asks for.

use region::fault::spec::RegionFault;
use region::scenario::{Scenario, ScenarioRegionFault};

use crate::arguments::UsageError;

/// The scenario of a name.
pub(crate) fn find(scenarios: Vec<Scenario>, name: &str) -> Result<Scenario, UsageError> {
    let names: Vec<String> = scenarios
        .iter()
        .map(|scenario| scenario.name.clone())
        .collect();
    scenarios
        .into_iter()
        .find(|scenario| scenario.name == name)
        .ok_or_else(|| {
            UsageError(format!(
                "--scenario {name}: there is no such scenario, expected one of {}",
                names.join(", ")
            ))
        })
}

/// The scenario with these faults of the Region beside its own, from the beginning on.
pub(crate) fn with_faults(
    mut scenario: Scenario,
    faults: &[RegionFault],
) -> Result<Scenario, UsageError> {
    let own = scenario.region_faults.len();
    let faults = faults.iter().map(|fault| ScenarioRegionFault {
        after: None,
        lasts: None,
        fault: fault.clone(),
    });
    scenario.region_faults.extend(faults);
    scenario
        .check()
        .map_err(|error| UsageError(named_after_options(&error.to_string(), own)))?;
    Ok(scenario)
}

/// Faults that the command line gave are named as their user wrote them.
fn named_after_options(problem: &str, own: usize) -> String {
    problem.replace(&format!("regionFaults[{own}].fault"), "--fault")
}
