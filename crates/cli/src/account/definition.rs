//! The definition of a workload: from a file, or from where it is in the account.
//!
//! There is no configuration store. A workload's definition travels with each event, so it stands in
//! the targets of the workload's EventBridge rules: in the template of an input transformer, where the
//! rule is for alarms, and in a constant, where it is the tick. Rules are found by their names, which
//! end with the workload's or with `-tick` after it.

use domain::definition;
use domain::name::WorkloadName;
use domain::problem::Problems;
use domain::workload::Workload;
use serde_json::Value;

use super::{Events, Unread};
use crate::arguments::UsageError;

/// What the name of a workload's tick ends with.
const TICK: &str = "-tick";

/// So many rules are named where none fits.
const MOST_NAMED: usize = 10;

/// A definition in an account.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Found {
    /// The workload.
    pub(crate) workload: Workload,
    /// Its definition, as it is at the rule.
    pub(crate) definition: Value,
    /// The rule that it was found at.
    pub(crate) rule: String,
    /// The ARN of what the rule invokes: the classifier.
    pub(crate) classifier: String,
}

/// The workload of a definition, or of a payload that carries one.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn read(text: &str) -> Result<Workload, Problems> {
    let json: Value = serde_json::from_str(text)
        .map_err(|error| Problems::one("workload", format!("not JSON: {error}")))?;
    let definition = json
        .get("workload")
        .filter(|_| json.get("name").is_none())
        .unwrap_or(&json);
    definition::read("workload", definition)
}

/// Finds a workload's definition in the targets of its rules.
///
/// # Errors
/// Wrong usage where no rule carries it, naming the rules that do for others; a definition that the
/// classifier refuses; and what could not be read.
pub(crate) async fn find(
    events: &Events,
    name: &WorkloadName,
    region: &str,
) -> anyhow::Result<Found> {
    let rules = events.rules().await?;
    let looked_at = rules_of(&rules, name.as_str());
    for rule in &looked_at {
        for found in at_rule(events, rule).await? {
            if found.definition["name"] == name.as_str() {
                return found.read();
            }
        }
    }
    Err(UsageError(nowhere(&rules, &looked_at, name, region)).into())
}

/// Every workload of an account that has a tick, in the order of the rules.
///
/// # Errors
/// As [`find`], and where there is none.
pub(crate) async fn all(events: &Events, region: &str) -> anyhow::Result<Vec<Found>> {
    let rules = events.rules().await?;
    let mut workloads = Vec::new();
    for rule in rules.iter().filter(|rule| rule.ends_with(TICK)) {
        for found in at_rule(events, rule).await? {
            workloads.push(found.read()?);
        }
    }
    if workloads.is_empty() {
        let message = format!(
            "no EventBridge rule in {region} carries a workload's definition; check AWS_REGION and whose account the credentials are of"
        );
        return Err(UsageError(message).into());
    }
    Ok(workloads)
}

/// What carries a definition, before it is read.
struct Carried {
    definition: Value,
    rule: String,
    classifier: String,
}

impl Carried {
    fn read(self) -> anyhow::Result<Found> {
        let workload = definition::read("workload", &self.definition).map_err(|problems| {
            let rule = &self.rule;
            anyhow::anyhow!("the definition at the rule {rule} is refused: {problems}")
        })?;
        Ok(Found {
            workload,
            definition: self.definition,
            rule: self.rule,
            classifier: self.classifier,
        })
    }
}

/// The definitions in the targets of a rule.
async fn at_rule(events: &Events, rule: &str) -> Result<Vec<Carried>, Unread> {
    let targets = events.targets(rule).await?;
    let carried = targets.into_iter().filter_map(|target| {
        let mut payload = target.input.as_deref().and_then(payload)?;
        let definition = payload.get_mut("workload")?.take();
        definition["name"].is_string().then(|| Carried {
            definition,
            rule: rule.to_owned(),
            classifier: target.arn,
        })
    });
    Ok(carried.collect())
}

/// The rules whose name is the workload's or ends with it, the one for alarms before the tick.
fn rules_of<'a>(rules: &'a [String], workload: &str) -> Vec<&'a str> {
    let is_of = |name: &str| {
        name.strip_suffix(workload)
            .is_some_and(|prefix| prefix.is_empty() || prefix.ends_with('-'))
    };
    let names = || rules.iter().map(String::as_str);
    let alarms = names().filter(|name| is_of(name));
    let ticks = names().filter(|name| name.strip_suffix(TICK).is_some_and(is_of));
    alarms.chain(ticks).collect()
}

/// The payload that a template makes, with nothing in its places; `None` where it is no JSON.
fn payload(template: &str) -> Option<Value> {
    serde_json::from_str(&without_places(template)).ok()
}

/// A template with `null` for each place such as `<aws.events.event.json>` that is not within a text.
fn without_places(template: &str) -> String {
    let mut json = String::new();
    let (mut in_text, mut escaped, mut in_place) = (false, false, false);
    for letter in template.chars() {
        if in_place {
            in_place = letter != '>';
            continue;
        }
        if !in_text && letter == '<' {
            in_place = true;
            json.push_str("null");
            continue;
        }
        if letter == '"' && !escaped {
            in_text = !in_text;
        }
        escaped = in_text && letter == '\\' && !escaped;
        json.push(letter);
    }
    json
}

fn nowhere(rules: &[String], looked_at: &[&str], name: &WorkloadName, region: &str) -> String {
    let seen = if looked_at.is_empty() {
        let ticks = rules.iter().filter_map(|rule| rule.strip_suffix(TICK));
        let others: Vec<&str> = ticks.take(MOST_NAMED).collect();
        if others.is_empty() {
            format!("none of the {} rules there is a workload's", rules.len())
        } else {
            format!("there are {}", others.join(", "))
        }
    } else {
        format!("{} carry no definition of it", looked_at.join(", "))
    };
    format!(
        "--workload {name}: no EventBridge rule in {region} is this workload's ({seen}); check the name, AWS_REGION and whose account the credentials are of"
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn definition() -> Value {
        json!({ "name": "wildrydes", "zones": {
            "use1-az1": { "name": "us-east-1a" }, "use1-az2": { "name": "us-east-1b" },
        }})
    }

    #[test]
    fn a_definition_is_found_alone_or_in_a_payload() {
        let alone = read(&definition().to_string()).unwrap();
        let with_event = json!({ "workload": definition(), "event": {} });
        assert_eq!(read(&with_event.to_string()), Ok(alone));
        let problems = read("{").unwrap_err().to_string();
        assert!(problems.starts_with("workload: not JSON: "), "{problems}");
    }

    #[test]
    fn the_places_of_a_template_are_nothing_and_its_texts_stay() {
        let template = r#"{"workload":{"name":"a<b>\"<c>\\"},"event":<aws.events.event.json>}"#;
        assert_eq!(
            payload(template),
            Some(json!({"workload": {"name": "a<b>\"<c>\\"}, "event": null}))
        );
        assert_eq!(payload("<event> happened"), None);
    }

    #[test]
    fn a_workloads_rules_are_told_by_their_names() {
        let rules = [
            "evac-wildrydes-tick",
            "evac-wildrydes",
            "evac-wildrydes-canary",
            "evac-notwildrydes",
            "wildrydes",
            "nightly",
        ];
        let rules = rules.map(str::to_owned);
        assert_eq!(
            rules_of(&rules, "wildrydes"),
            ["evac-wildrydes", "wildrydes", "evac-wildrydes-tick"]
        );
    }

    #[test]
    fn who_finds_no_workload_is_told_which_there_are() {
        let name = "unicorn".parse().unwrap();
        let told = |rules: &[&str], looked_at: &[&str]| {
            let rules: Vec<String> = rules.iter().map(|rule| (*rule).to_owned()).collect();
            nowhere(&rules, looked_at, &name, "us-east-1")
        };
        insta::assert_snapshot!(told(&["evac-wildrydes", "evac-wildrydes-tick"], &[]), @"--workload unicorn: no EventBridge rule in us-east-1 is this workload's (there are evac-wildrydes); check the name, AWS_REGION and whose account the credentials are of");
        insta::assert_snapshot!(told(&["nightly"], &[]), @"--workload unicorn: no EventBridge rule in us-east-1 is this workload's (none of the 1 rules there is a workload's); check the name, AWS_REGION and whose account the credentials are of");
        insta::assert_snapshot!(told(&["my-unicorn"], &["my-unicorn"]), @"--workload unicorn: no EventBridge rule in us-east-1 is this workload's (my-unicorn carry no definition of it); check the name, AWS_REGION and whose account the credentials are of");
    }
}
