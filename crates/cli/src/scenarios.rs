//! Finding a scenario by the name that was given.

use region::scenario::Scenario;

use crate::arguments::UsageError;

/// The scenario of a name.
pub(crate) fn find<'a>(scenarios: &'a [Scenario], name: &str) -> Result<&'a Scenario, UsageError> {
    scenarios
        .iter()
        .find(|scenario| scenario.name == name)
        .ok_or_else(|| {
            let names: Vec<&str> = scenarios
                .iter()
                .map(|scenario| scenario.name.as_str())
                .collect();
            UsageError(format!(
                "--scenario {name}: there is no such scenario, expected one of {}",
                names.join(", ")
            ))
        })
}
