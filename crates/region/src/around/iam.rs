//! IAM: the simulation of a role's policies (awsQuery). Nobody lacks a permission here unless a fault
//! says so, and the simulation says the same.

use winterbaume_core::{MockRequest, MockResponse};

use super::{element, numbered};
use crate::error::ServiceError;
use crate::fault::FaultKind;
use crate::operation::{Operation, Service};
use crate::state::State;
use crate::wire::{listed_operation, unlisted_parameter};

const VERSION: &str = "2010-05-08";
const SIMULATE: Operation = Operation::read("SimulatePrincipalPolicy");
const OPERATIONS: [(Operation, &[&str]); 1] = [(
    SIMULATE,
    &["PolicySourceArn", "ActionNames", "ResourceArns"],
)];

pub(super) fn identify(request: &MockRequest) -> Option<Operation> {
    let parameters = crate::text::form(&request.body);
    let version = parameters.get("Version").map(String::as_str);
    listed_operation(&OPERATIONS, &parameters).filter(|_| version == Some(VERSION))
}

pub(super) fn answer(state: &State, request: &MockRequest) -> Result<MockResponse, ServiceError> {
    let parameters = crate::text::form(&request.body);
    let invalid = |message: String| ServiceError::new(400, "InvalidInput", message);
    if let Some(name) = unlisted_parameter(&OPERATIONS, SIMULATE, &parameters) {
        let message = format!("the embedded Region does not know the parameter {name}");
        return Err(invalid(message));
    }
    let role = parameters.get("PolicySourceArn").map_or("", String::as_str);
    if !role.starts_with("arn:aws:iam::") {
        return Err(invalid(format!("Invalid Entity Arn: {role}")));
    }
    if !state.lambda.has_role(role) {
        let message = format!("The role {role} cannot be found.");
        return Err(ServiceError::new(404, "NoSuchEntity", message));
    }
    let actions = numbered(&parameters, "ActionNames.member");
    let mut resources = numbered(&parameters, "ResourceArns.member");
    if resources.is_empty() {
        resources.push("*".to_owned());
    }
    let mut results = String::new();
    for action in &actions {
        let Some((service, operation)) = action.split_once(':') else {
            return Err(invalid(format!("Invalid Action: {action}")));
        };
        let denied = is_denied(state, service, operation);
        for resource in &resources {
            results.push_str("<member>");
            for (name, text) in [
                ("EvalActionName", action.as_str()),
                ("EvalResourceName", resource.as_str()),
                (
                    "EvalDecision",
                    if denied { "implicitDeny" } else { "allowed" },
                ),
            ] {
                results.push_str(&element(name, text));
            }
            results.push_str("</member>");
        }
    }
    let body = format!(
        "<SimulatePrincipalPolicyResponse xmlns=\"https://iam.amazonaws.com/doc/{VERSION}/\"><SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated><EvaluationResults>{results}</EvaluationResults></SimulatePrincipalPolicyResult><ResponseMetadata><RequestId>00000000-0000-4000-8000-000000000000</RequestId></ResponseMetadata></SimulatePrincipalPolicyResponse>"
    );
    Ok(MockResponse::xml(200, body))
}

/// Whether a fault refuses an operation, by the names that IAM knows both by.
fn is_denied(state: &State, service: &str, operation: &str) -> bool {
    let service = match service {
        "arc-zonal-shift" => Service::ArcZonalShift,
        "autoscaling" => Service::AutoScaling,
        "cloudwatch" => Service::CloudWatch,
        "elasticloadbalancing" => Service::ElasticLoadBalancing,
        "events" => Service::EventBridge,
        "lambda" => Service::Lambda,
        "logs" => Service::CloudWatchLogs,
        "sns" => Service::Sns,
        "sqs" => Service::Sqs,
        _ => return false,
    };
    let operation = match operation {
        "InvokeFunction" => "Invoke",
        operation => operation,
    };
    let fault = state.faults.of(service, operation);
    fault == Some(FaultKind::AccessDenied)
}
