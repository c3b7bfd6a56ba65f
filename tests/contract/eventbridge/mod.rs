//! EventBridge. Source: Amazon EventBridge API Reference, version 2015-10-07.

mod deliveries;
mod entries;
mod patterns;
mod rules;

use anyhow::Result;
use serde_json::Value;

use crate::contract::Contract;
use crate::refusal::accepted;
use crate::subject::Subject;

pub(crate) fn contracts() -> Vec<&'static Contract> {
    let modules = [
        deliveries::CONTRACTS,
        entries::CONTRACTS,
        patterns::CONTRACTS,
        rules::CONTRACTS,
    ];
    modules.into_iter().flatten().collect()
}

/// Makes a rule with a pattern; its name.
async fn rule(subject: &Subject, pattern: &Value) -> Result<String> {
    let name = subject.name("rule");
    let put = subject.eventbridge().put_rule().name(&name);
    accepted(
        "PutRule",
        put.event_pattern(pattern.to_string()).send().await,
    )?;
    Ok(name)
}
