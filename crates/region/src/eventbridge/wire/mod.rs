//! EventBridge's API as HTTP (awsJson 1.1).
//!
//! A parameter that would have an effect which the Region does not simulate is refused by its name: to
//! answer as if it had taken effect would be a lie.

mod events;
mod rules;
mod targets;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use winterbaume_core::{MockRequest, MockResponse};

use super::rule::{invalid, is_name};
use super::{EventBridge, no_rule};
use crate::error::ServiceError;
use crate::operation::Operation;
use crate::wire::{json_1_1, json_error, targeted_operation};

/// The service in the targets of awsJson.
const TARGET: &str = "AWSEvents.";
/// How many items a page has at most, and unless the request says otherwise. Source: API reference,
/// `ListRules`.
const LARGEST_PAGE: usize = 100;

const OPERATIONS: [Operation; 14] = [
    Operation::write("DeleteRule"),
    Operation::read("DescribeEventBus"),
    Operation::read("DescribeRule"),
    Operation::write("DisableRule"),
    Operation::write("EnableRule"),
    Operation::read("ListEventBuses"),
    Operation::read("ListRuleNamesByTarget"),
    Operation::read("ListRules"),
    Operation::read("ListTargetsByRule"),
    Operation::write("PutEvents"),
    Operation::write("PutRule"),
    Operation::write("PutTargets"),
    Operation::write("RemoveTargets"),
    Operation::read("TestEventPattern"),
];

/// The operation of a request.
pub(crate) fn identify(request: &MockRequest) -> Option<Operation> {
    targeted_operation(&OPERATIONS, TARGET, request)
}

/// Performs the operation of a request.
pub(crate) fn perform(
    bus: &mut EventBridge,
    operation: Operation,
    request: &MockRequest,
    now: Timestamp,
) -> MockResponse {
    let answer = Input::read(&request.body).and_then(|input| match operation.name {
        "DeleteRule" => rules::delete(bus, &input),
        "DescribeEventBus" => describe_bus(bus, &input),
        "DescribeRule" => rules::describe(bus, &input),
        "DisableRule" => rules::set_enabled(bus, &input, false, now),
        "EnableRule" => rules::set_enabled(bus, &input, true, now),
        "ListEventBuses" => list_buses(bus, &input),
        "ListRuleNamesByTarget" => targets::list_rules(bus, &input),
        "ListRules" => rules::list(bus, &input),
        "ListTargetsByRule" => targets::list(bus, &input),
        "PutEvents" => events::put(bus, &input, now),
        "PutRule" => rules::put(bus, &input, now),
        "PutTargets" => targets::put(bus, &input),
        "RemoveTargets" => targets::remove(bus, &input),
        "TestEventPattern" => events::test_pattern(&input),
        other => Err(ServiceError::new(
            404,
            "UnknownOperationException",
            format!("the embedded Region has no operation {other} of events"),
        )),
    });
    match answer {
        Ok(Some(output)) => json_1_1(MockResponse::json(200, output.to_string())),
        Ok(None) => json_1_1(MockResponse::json(200, String::new())),
        Err(error) => json_error(&error),
    }
}

/// What an operation gives; some give nothing.
type Output = Result<Option<Value>, ServiceError>;

fn describe_bus(bus: &EventBridge, input: &Input) -> Output {
    check_bus(bus, input.text("Name")?)?;
    Ok(Some(json!({"Name": "default", "Arn": bus.bus_arn()})))
}

fn list_buses(bus: &EventBridge, input: &Input) -> Output {
    let prefix = input.text("NamePrefix")?.unwrap_or_default();
    let default = json!({"Name": "default", "Arn": bus.bus_arn()});
    let buses = "default"
        .starts_with(prefix)
        .then(|| ("default".to_owned(), default));
    page("EventBuses", buses.into_iter().collect(), input)
}

/// The name of a rule that exists on the bus of the request.
fn known_rule<'a>(
    bus: &EventBridge,
    input: &'a Input,
    member: &str,
) -> Result<&'a str, ServiceError> {
    let name = input.name(member)?;
    check_bus(bus, input.text("EventBusName")?)?;
    bus.rule(name).map(|_| name).ok_or_else(|| no_rule(name))
}

fn check_bus(bus: &EventBridge, name: Option<&str>) -> Result<(), ServiceError> {
    if bus.is_default(name) {
        return Ok(());
    }
    let message = format!("Event bus {} does not exist.", name.unwrap_or_default());
    Err(ServiceError::new(400, "ResourceNotFoundException", message))
}

/// A page of a list of keys and items. The token is the key of the last item of the page before.
fn page(list: &str, items: Vec<(String, Value)>, input: &Input) -> Output {
    let size = match input.number("Limit")? {
        None => LARGEST_PAGE,
        Some(n) => usize::try_from(n)
            .ok()
            .filter(|n| (1..=LARGEST_PAGE).contains(n))
            .ok_or_else(|| {
                constraint(
                    "Limit",
                    n,
                    &format!("Member must be between 1 and {LARGEST_PAGE}"),
                )
            })?,
    };
    let begin = match input.text("NextToken")? {
        None => 0,
        Some(token) => {
            let before = items.iter().position(|(key, _)| key == token);
            before.ok_or_else(|| invalid("Parameter NextToken is not valid.".to_owned()))? + 1
        }
    };
    let token = items
        .get(begin..)
        .filter(|rest| rest.len() > size)
        .and_then(|rest| rest.get(size - 1))
        .map(|(key, _)| key.clone());
    let items = items.into_iter().skip(begin).take(size);
    let mut output = json!({list: items.map(|(_, item)| item).collect::<Vec<_>>()});
    if let Some(token) = token {
        output["NextToken"] = json!(token);
    }
    Ok(Some(output))
}

/// A parameter that breaks its constraint in the API model.
fn constraint(member: &str, value: impl std::fmt::Display, rule: &str) -> ServiceError {
    let mut letters = member.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    let member: String = first.into_iter().chain(letters).collect();
    invalid(format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {rule}"
    ))
}

/// The members of a request, or of an object in it.
struct Input(Map<String, Value>);

impl Input {
    fn read(body: &[u8]) -> Result<Self, ServiceError> {
        if body.is_empty() {
            return Ok(Self(Map::new()));
        }
        let members = serde_json::from_slice(body)
            .map_err(|error| ServiceError::new(400, "SerializationException", error.to_string()))?;
        Ok(Self(members))
    }

    fn of(value: &Value) -> Result<Self, ServiceError> {
        match value {
            Value::Object(members) => Ok(Self(members.clone())),
            _ => Err(serialization("an object was expected")),
        }
    }

    fn get(&self, member: &str) -> Option<&Value> {
        self.0.get(member).filter(|value| !value.is_null())
    }

    fn text(&self, member: &str) -> Result<Option<&str>, ServiceError> {
        match self.get(member) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(serialization(&format!("{member} is not a string"))),
        }
    }

    fn required(&self, member: &str) -> Result<&str, ServiceError> {
        self.text(member)?
            .ok_or_else(|| constraint(member, "null", "Member must not be null"))
    }

    /// A text of at most so many characters.
    fn short(&self, member: &str, most: usize) -> Result<Option<&str>, ServiceError> {
        let text = self.text(member)?;
        match text {
            Some(text) if text.chars().count() > most => Err(constraint(
                member,
                text,
                &format!("Member must have length less than or equal to {most}"),
            )),
            text => Ok(text),
        }
    }

    /// The name of a rule.
    fn name(&self, member: &str) -> Result<&str, ServiceError> {
        let name = self.required(member)?;
        if is_name(name) {
            return Ok(name);
        }
        let rule = "Member must have length 1 to 64 and satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+";
        Err(constraint(member, name, rule))
    }

    fn number(&self, member: &str) -> Result<Option<i64>, ServiceError> {
        let number = self.get(member).map(Value::as_i64);
        match number {
            Some(None) => Err(serialization(&format!("{member} is not a whole number"))),
            number => Ok(number.flatten()),
        }
    }

    /// A list that must be there, with 1 to so many items.
    fn list(&self, member: &str, most: usize) -> Result<&[Value], ServiceError> {
        match self.get(member) {
            None => Err(constraint(member, "null", "Member must not be null")),
            Some(Value::Array(items)) if (1..=most).contains(&items.len()) => Ok(items),
            Some(Value::Array(items)) => Err(constraint(
                member,
                Value::from(items.clone()),
                &format!("Member must have length between 1 and {most}"),
            )),
            Some(_) => Err(serialization(&format!("{member} is not a list"))),
        }
    }
}

fn serialization(message: &str) -> ServiceError {
    ServiceError::new(400, "SerializationException", message)
}
