//! Rules over the wire.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::rule::{About, invalid};
use super::super::{EventBridge, Kept, Pattern, Rule, Trigger};
use super::events::{LONGEST_PATTERN, bad};
use super::{Input, Output, check_bus, constraint, known_rule, page};
use crate::error::ServiceError;

/// The longest description and schedule expression, in characters. Source: API reference, `PutRule`.
const LONGEST_DESCRIPTION: usize = 512;
const LONGEST_SCHEDULE: usize = 256;

const ALL_EVENTS: &str = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS";

/// Creates a rule, or replaces it and keeps its targets.
pub(super) fn put(bus: &mut EventBridge, input: &Input, now: Timestamp) -> Output {
    let name = input.name("Name")?.to_owned();
    if input.get("Tags").is_some() {
        return Err(invalid(
            "the embedded Region does not simulate Tags of PutRule".to_owned(),
        ));
    }
    let description = input.short("Description", LONGEST_DESCRIPTION)?;
    let pattern = input.short("EventPattern", LONGEST_PATTERN)?;
    let schedule = input.short("ScheduleExpression", LONGEST_SCHEDULE)?;
    check_bus(bus, input.text("EventBusName")?)?;
    let state = input.text("State")?.unwrap_or("ENABLED");
    if !["ENABLED", "DISABLED", ALL_EVENTS].contains(&state) {
        let rule = format!("Member must satisfy enum value set: [ENABLED, DISABLED, {ALL_EVENTS}]");
        return Err(constraint("State", state, &rule));
    }
    let filled = |text: &&str| !text.is_empty();
    let trigger = match (pattern.filter(filled), schedule.filter(filled)) {
        (Some(text), None) => Trigger::Pattern(Pattern::read(text).map_err(|error| bad(&error))?),
        (None, Some(text)) => Trigger::Rate {
            seconds: rate(text)?,
        },
        (None, None) => {
            return Err(invalid(
                "Parameter(s) EventPattern or ScheduleExpression must be specified.".to_owned(),
            ));
        }
        (Some(_), Some(_)) => {
            return Err(invalid(
                "the embedded Region does not simulate a rule with both EventPattern and ScheduleExpression; make two"
                    .to_owned(),
            ));
        }
    };
    let before = bus.rules.get(&name);
    let about = About {
        description: description.map(str::to_owned),
        role_arn: input.text("RoleArn")?.map(str::to_owned),
        state: (state == ALL_EVENTS).then(|| state.to_owned()),
        schedule: schedule.map(str::to_owned),
        targets: before
            .map(|kept| kept.about.targets.clone())
            .unwrap_or_default(),
    };
    let rule = Rule {
        trigger,
        enabled: state != "DISABLED",
        targets: before
            .map(|kept| kept.rule.targets.clone())
            .unwrap_or_default(),
        name,
    };
    let arn = bus.rule_arn(&rule.name);
    bus.keep(rule, about, now)?;
    Ok(Some(json!({"RuleArn": arn})))
}

pub(super) fn describe(bus: &EventBridge, input: &Input) -> Output {
    let name = known_rule(bus, input, "Name")?;
    let mut rule = bus
        .rules
        .get(name)
        .map(|kept| written(bus, kept))
        .unwrap_or_default();
    rule["CreatedBy"] = json!(bus.account.as_str());
    Ok(Some(rule))
}

pub(super) fn list(bus: &EventBridge, input: &Input) -> Output {
    check_bus(bus, input.text("EventBusName")?)?;
    let prefix = match input.text("NamePrefix")? {
        Some(_) => input.name("NamePrefix")?,
        None => "",
    };
    let rules = bus
        .rules
        .iter()
        .filter(|(name, _)| name.starts_with(prefix));
    let rules = rules.map(|(name, kept)| (name.clone(), written(bus, kept)));
    page("Rules", rules.collect(), input)
}

pub(super) fn set_enabled(
    bus: &mut EventBridge,
    input: &Input,
    enabled: bool,
    now: Timestamp,
) -> Output {
    let name = known_rule(bus, input, "Name")?;
    bus.set_enabled(name, enabled, now)?;
    Ok(None)
}

/// Deletes a rule without targets. One that does not exist is no error.
pub(super) fn delete(bus: &mut EventBridge, input: &Input) -> Output {
    let name = input.name("Name")?;
    check_bus(bus, input.text("EventBusName")?)?;
    if bus.rule(name).is_some_and(|rule| !rule.targets.is_empty()) {
        return Err(invalid(
            "Rule can't be deleted since it has targets.".to_owned(),
        ));
    }
    bus.remove_rule(name);
    Ok(None)
}

fn written(bus: &EventBridge, kept: &Kept) -> Value {
    let Kept { rule, about, .. } = kept;
    let enabled = if rule.enabled { "ENABLED" } else { "DISABLED" };
    let mut written = json!({
        "Name": rule.name,
        "Arn": bus.rule_arn(&rule.name),
        "State": about.state.as_deref().unwrap_or(enabled),
        "EventBusName": "default",
    });
    match &rule.trigger {
        Trigger::Pattern(pattern) => written["EventPattern"] = json!(pattern.text()),
        Trigger::Rate { seconds } => {
            let schedule = about.schedule.clone();
            written["ScheduleExpression"] = json!(schedule.unwrap_or_else(|| expression(*seconds)));
        }
    }
    for (member, text) in [
        ("Description", &about.description),
        ("RoleArn", &about.role_arn),
    ] {
        if let Some(text) = text {
            written[member] = json!(text);
        }
    }
    written
}

/// The units of a rate, with their seconds.
const UNITS: [(&str, u32); 3] = [("day", 86_400), ("hour", 3_600), ("minute", 60)];

/// The seconds of a rate such as `rate(5 minutes)`; the unit of 1 is singular. (User guide, "Schedule
/// types in EventBridge".)
fn rate(text: &str) -> Result<u32, ServiceError> {
    let seconds = |text: &str| {
        let (value, unit) = text
            .strip_prefix("rate(")?
            .strip_suffix(')')?
            .split_once(' ')?;
        let value: u32 = value.parse().ok().filter(|value| *value > 0)?;
        let singular = if value == 1 {
            unit
        } else {
            unit.strip_suffix('s')?
        };
        let (_, seconds) = UNITS.iter().find(|(name, _)| *name == singular)?;
        value.checked_mul(*seconds)
    };
    seconds(text).ok_or_else(|| {
        let ours = if text.starts_with("cron(") {
            " Reason: the embedded Region has rates only."
        } else {
            ""
        };
        invalid(format!("Parameter ScheduleExpression is not valid.{ours}"))
    })
}

/// The expression of a rate in its largest unit.
fn expression(seconds: u32) -> String {
    let (unit, size) = UNITS
        .into_iter()
        .find(|(_, size)| seconds.is_multiple_of(*size))
        .unwrap_or(("minute", 60));
    let value = seconds / size;
    let plural = if value == 1 { "" } else { "s" };
    format!("rate({value} {unit}{plural})")
}
