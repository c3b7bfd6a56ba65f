//! Where the embedded Region differs, and why it does.

use super::Difference;

pub(super) const DIFFERENCES: &[Difference] = &[
    Difference {
        service: "cloudwatch",
        contract: "two_composite_alarms_may_depend_on_each_other",
        shows: "a rule that closes a circle: was refused with ValidationError",
        reason: "refuses the rule that closes the circle: AWS stops evaluating such alarms, and a workload whose alarms are never evaluated again is not worth rehearsing",
        source: "PutCompositeAlarm",
    },
    Difference {
        service: "lambda",
        contract: "a_function_is_found_by_its_partial_arn",
        shows: "Invoke: was refused with ResourceNotFoundException (404)",
        reason: "does not know partial ARNs",
        source: "Invoke, `FunctionName`",
    },
    Difference {
        service: "lambda",
        contract: "a_qualifier_that_does_not_exist_is_not_found",
        shows: "an unknown alias: expected the refusal ResourceNotFoundException, was answered",
        reason: "passes over qualifiers",
        source: "Invoke, `Qualifier`",
    },
    Difference {
        service: "sns",
        contract: "an_attribute_without_a_value_is_refused",
        shows: "an empty value: expected the refusal ParameterValueInvalid (400), got InvalidParameterValue (400)",
        reason: "refuses with another code",
        source: "Publish, Errors",
    },
    Difference {
        service: "sns",
        contract: "an_attribute_of_an_unknown_type_is_refused",
        shows: "the type Text: expected the refusal ParameterValueInvalid (400), got InvalidParameterValue (400)",
        reason: "refuses with another code",
        source: "Publish, Errors",
    },
    Difference {
        service: "sns",
        contract: "a_json_message_without_a_default_is_refused",
        shows: "no default: expected the refusal InvalidParameter, was answered",
        reason: "passes over `MessageStructure`",
        source: "Publish, `MessageStructure`",
    },
    Difference {
        service: "sns",
        contract: "a_json_message_that_is_not_json_is_refused",
        shows: "no JSON: expected the refusal InvalidParameter, was answered",
        reason: "passes over `MessageStructure`",
        source: "Publish, `MessageStructure`",
    },
];
