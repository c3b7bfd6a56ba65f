//! Targets over the wire.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::rule::{MOST_TARGETS, invalid, is_name};
use super::super::{
    EventBridge, EventPath, Input as TargetInput, Kept, Target, Transformer, no_rule, too_many,
};
use super::{Input, Output, check_bus, known_rule, page};
use crate::error::ServiceError;

/// How many targets one request may put, and how many it may remove. Source: API reference,
/// `PutTargets` and `RemoveTargets`.
const MOST_PUT: usize = 10;
const MOST_REMOVED: usize = 100;
/// The longest constant input and the longest path, in characters. Source: API reference, `Target`.
const LONGEST_INPUT: usize = 8192;
const LONGEST_PATH: usize = 256;

/// What a target may have. A retry policy and a dead-letter queue are kept and have no effect: a
/// function's queue takes every event.
const KNOWN: [&str; 8] = [
    "Arn",
    "DeadLetterConfig",
    "Id",
    "Input",
    "InputPath",
    "InputTransformer",
    "RetryPolicy",
    "RoleArn",
];

pub(super) fn put(bus: &mut EventBridge, input: &Input) -> Output {
    let rule = known_rule(bus, input, "Rule")?;
    let mut failed = Vec::new();
    let mut read = Vec::new();
    for value in input.list("Targets", MOST_PUT)? {
        match target(bus, value)? {
            Ok(target) => read.push((target, value.clone())),
            Err(entry) => failed.push(entry),
        }
    }
    let kept = bus.rules.get_mut(rule).ok_or_else(|| no_rule(rule))?;
    let mut targets = kept.rule.targets.clone();
    let mut about = kept.about.targets.clone();
    for (target, value) in read {
        about.insert(target.id.clone(), value);
        match targets.iter_mut().find(|one| one.id == target.id) {
            Some(place) => *place = target,
            None => targets.push(target),
        }
    }
    if targets.len() > MOST_TARGETS {
        return Err(too_many());
    }
    kept.rule.targets = targets;
    kept.about.targets = about;
    Ok(Some(failures(&failed)))
}

/// Removes targets. One that the rule does not have is removed already.
pub(super) fn remove(bus: &mut EventBridge, input: &Input) -> Output {
    let rule = known_rule(bus, input, "Rule")?;
    let ids = input.list("Ids", MOST_REMOVED)?;
    let named = |id: &str| ids.iter().any(|one| one.as_str() == Some(id));
    let kept = bus.rules.get_mut(rule).ok_or_else(|| no_rule(rule))?;
    kept.rule.targets.retain(|target| !named(&target.id));
    kept.about.targets.retain(|id, _| !named(id));
    Ok(Some(failures(&[])))
}

pub(super) fn list(bus: &EventBridge, input: &Input) -> Output {
    let rule = known_rule(bus, input, "Rule")?;
    let targets = bus.rules.get(rule).map(|kept| {
        let targets = kept.rule.targets.iter();
        targets.map(|target| (target.id.clone(), written(bus, kept, target)))
    });
    page("Targets", targets.into_iter().flatten().collect(), input)
}

pub(super) fn list_rules(bus: &EventBridge, input: &Input) -> Output {
    let arn = input.required("TargetArn")?;
    check_bus(bus, input.text("EventBusName")?)?;
    let reaches = |kept: &&Kept| {
        let mut targets = kept.rule.targets.iter();
        targets.any(|target| written(bus, kept, target)["Arn"] == arn)
    };
    let names = bus
        .rules
        .values()
        .filter(reaches)
        .map(|kept| &kept.rule.name);
    let names = names.map(|name| (name.clone(), json!(name)));
    page("RuleNames", names.collect(), input)
}

fn failures(failed: &[Value]) -> Value {
    json!({"FailedEntryCount": failed.len(), "FailedEntries": failed})
}

/// Reads a target. One that cannot be a target fails by itself; one that is badly written fails the
/// request.
fn target(bus: &EventBridge, value: &Value) -> Result<Result<Target, Value>, ServiceError> {
    let input = Input::of(value)?;
    let (id, arn) = (input.required("Id")?, input.required("Arn")?);
    if !is_name(id) {
        return Err(invalid(format!(
            "Value '{id}' at 'targets.member.id' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+"
        )));
    }
    let fail = |message: String| {
        Ok(Err(json!({
            "TargetId": id,
            "ErrorCode": "ValidationException",
            "ErrorMessage": message,
        })))
    };
    if !arn.starts_with("arn:") || arn.split(':').count() < 6 {
        return fail(format!(
            "Parameter {arn} is not valid. Reason: Provided Arn is not in correct format."
        ));
    }
    let functions = format!("arn:aws:lambda:{}:{}:function:", bus.region, bus.account);
    let Some(function) = arn.strip_prefix(&functions) else {
        return fail(format!(
            "Parameter {arn} is not valid. Reason: the embedded Region delivers to its own Lambda functions only."
        ));
    };
    if let Some(other) = input.0.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        return fail(format!(
            "Parameter {other} is not valid. Reason: the embedded Region does not simulate it."
        ));
    }
    let function = function.strip_suffix(":$LATEST").unwrap_or(function);
    Ok(Ok(Target {
        id: id.to_owned(),
        function: function.to_owned(),
        input: shape(&input, id)?,
    }))
}

/// What the target gets.
fn shape(input: &Input, id: &str) -> Result<TargetInput, ServiceError> {
    let constant = input.short("Input", LONGEST_INPUT)?;
    let path = input.short("InputPath", LONGEST_PATH)?;
    let transformer = input.get("InputTransformer");
    match (constant, path, transformer) {
        (None, None, None) => Ok(TargetInput::Event),
        (Some(text), None, None) => serde_json::from_str(text)
            .map(TargetInput::Constant)
            .map_err(|_| invalid(format!("JSON syntax error in input for target {id}."))),
        (None, Some(text), None) => EventPath::parse(text)
            .map(TargetInput::Part)
            .ok_or_else(|| invalid(format!("Invalid InputPath for target {id}."))),
        (None, None, Some(value)) => {
            let input = Input::of(value)?;
            let paths = input
                .get("InputPathsMap")
                .cloned()
                .unwrap_or_else(|| json!({}));
            let paths: BTreeMap<String, String> = serde_json::from_value(paths)
                .map_err(|_| super::serialization("InputPathsMap is not a map of strings"))?;
            let transformer = Transformer::new(&paths, input.required("InputTemplate")?);
            transformer.map(TargetInput::Transformed).map_err(|error| {
                invalid(format!("Invalid InputTemplate for target {id} : {error}."))
            })
        }
        _ => Err(invalid(format!(
            "Only one of Input, InputPath, or InputTransformer must be provided for target {id}."
        ))),
    }
}

/// A target as it came over the wire, or as it would have.
fn written(bus: &EventBridge, kept: &Kept, target: &Target) -> Value {
    if let Some(value) = kept.about.targets.get(&target.id) {
        return value.clone();
    }
    let function = &target.function;
    let arn = format!(
        "arn:aws:lambda:{}:{}:function:{function}",
        bus.region, bus.account
    );
    let mut written = json!({"Id": target.id, "Arn": arn});
    match &target.input {
        TargetInput::Event => {}
        TargetInput::Part(path) => written["InputPath"] = json!(path.text()),
        TargetInput::Constant(value) => written["Input"] = json!(value.to_string()),
        TargetInput::Transformed(transformer) => {
            let (paths, template) = transformer.source();
            written["InputTransformer"] =
                json!({"InputPathsMap": paths, "InputTemplate": template});
        }
    }
    written
}
