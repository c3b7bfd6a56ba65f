//! What CloudWatch does not take.

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, MetricDatum, StateValue};

use super::{alarm, composite, silent_alarm};
use crate::contract::Outcome;
use crate::refusal::{accepted, refused};
use crate::subject::Subject;

contracts!(
    "cloudwatch",
    [region, ministack],
    [
        an_alarm_without_a_name_is_refused,
        an_alarm_name_of_more_than_255_characters_is_refused,
        more_datapoints_to_alarm_than_periods_are_refused,
        an_unknown_treatment_of_missing_data_is_refused,
        a_state_of_an_alarm_that_does_not_exist_is_not_found,
        reason_data_that_is_not_json_is_refused,
        a_reason_of_more_than_1023_characters_is_refused,
        an_alarm_in_the_rule_of_a_composite_cannot_be_deleted,
        two_composite_alarms_cannot_be_deleted_at_once,
        a_composite_alarm_of_alarms_that_do_not_exist_is_refused,
        a_rule_that_cannot_be_understood_is_refused,
        children_allow_no_other_condition,
        names_and_a_prefix_exclude_each_other,
        a_page_of_more_than_a_hundred_alarms_is_refused,
        a_token_that_no_page_gave_is_refused,
        a_dimension_without_a_value_is_refused,
        a_datum_of_more_than_two_weeks_ago_is_refused,
        a_datum_of_more_than_two_hours_ahead_is_refused,
    ]
);

async fn an_alarm_without_a_name_is_refused(subject: &Subject) -> Outcome {
    let put = alarm(subject, "", "m").send().await;
    refused("no name", put, "ValidationError", 400)
}

async fn an_alarm_name_of_more_than_255_characters_is_refused(subject: &Subject) -> Outcome {
    let name = format!("{}{}", subject.name("alarm"), "a".repeat(256));
    let longest = alarm(subject, &name[..255], "m").send().await;
    accepted("255 characters", longest)?;
    let longer = alarm(subject, &name[..256], "m").send().await;
    refused("256 characters", longer, "ValidationError", 400)
}

async fn more_datapoints_to_alarm_than_periods_are_refused(subject: &Subject) -> Outcome {
    let put = alarm(subject, &subject.name("alarm"), "m");
    let put = put.evaluation_periods(2).datapoints_to_alarm(3);
    refused(
        "3 of 2 datapoints",
        put.send().await,
        "ValidationError",
        400,
    )
}

async fn an_unknown_treatment_of_missing_data_is_refused(subject: &Subject) -> Outcome {
    let put = alarm(subject, &subject.name("alarm"), "m").treat_missing_data("guess");
    refused(
        "TreatMissingData guess",
        put.send().await,
        "ValidationError",
        400,
    )
}

async fn a_state_of_an_alarm_that_does_not_exist_is_not_found(subject: &Subject) -> Outcome {
    let set = subject.cloudwatch().set_alarm_state();
    let set = set.alarm_name(subject.name("nobody"));
    let set = set.state_value(StateValue::Ok).state_reason("r");
    refused(
        "an unknown alarm",
        set.send().await,
        "ResourceNotFound",
        404,
    )
}

async fn reason_data_that_is_not_json_is_refused(subject: &Subject) -> Outcome {
    let set = subject.cloudwatch().set_alarm_state();
    let set = set.alarm_name(silent_alarm(subject).await?);
    let set = set.state_value(StateValue::Ok).state_reason("r");
    let answer = set.state_reason_data("{a}").send().await;
    refused("StateReasonData {a}", answer, "InvalidFormat", 400)
}

async fn a_reason_of_more_than_1023_characters_is_refused(subject: &Subject) -> Outcome {
    let set = subject.cloudwatch().set_alarm_state();
    let set = set.alarm_name(silent_alarm(subject).await?);
    let set = set
        .state_value(StateValue::Ok)
        .state_reason("r".repeat(1024));
    refused("1024 characters", set.send().await, "ValidationError", 400)
}

/// Source: DeleteAlarms: a metric alarm that a composite alarm depends on cannot be deleted.
async fn an_alarm_in_the_rule_of_a_composite_cannot_be_deleted(subject: &Subject) -> Outcome {
    let child = silent_alarm(subject).await?;
    composite(subject, &format!("ALARM(\"{child}\")")).await?;
    let delete = subject.cloudwatch().delete_alarms().alarm_names(child);
    refused("a child", delete.send().await, "ValidationError", 400)
}

/// Source: DeleteAlarms: "you can't delete two composite alarms with one operation".
async fn two_composite_alarms_cannot_be_deleted_at_once(subject: &Subject) -> Outcome {
    let delete = subject.cloudwatch().delete_alarms();
    let delete = delete.alarm_names(composite(subject, "FALSE").await?);
    let delete = delete.alarm_names(composite(subject, "FALSE").await?);
    refused(
        "two composites",
        delete.send().await,
        "ValidationError",
        400,
    )
}

async fn a_composite_alarm_of_alarms_that_do_not_exist_is_refused(subject: &Subject) -> Outcome {
    refuse_rule(subject, &format!("ALARM(\"{}\")", subject.name("nobody"))).await
}

async fn a_rule_that_cannot_be_understood_is_refused(subject: &Subject) -> Outcome {
    let child = silent_alarm(subject).await?;
    refuse_rule(subject, &format!("ALARM(\"{child}\") AND")).await?;
    refuse_rule(subject, &format!("SAD(\"{child}\")")).await
}

async fn children_allow_no_other_condition(subject: &Subject) -> Outcome {
    let parent = composite(subject, "FALSE").await?;
    let describe = subject.cloudwatch().describe_alarms();
    let describe = describe.children_of_alarm_name(parent);
    let answer = describe.state_value(StateValue::Ok).send().await;
    refused("children in a state", answer, "ValidationError", 400)
}

async fn names_and_a_prefix_exclude_each_other(subject: &Subject) -> Outcome {
    let describe = subject.cloudwatch().describe_alarms();
    let answer = describe
        .alarm_names("a")
        .alarm_name_prefix("a")
        .send()
        .await;
    refused("names and a prefix", answer, "ValidationError", 400)
}

async fn a_page_of_more_than_a_hundred_alarms_is_refused(subject: &Subject) -> Outcome {
    let describe = subject.cloudwatch().describe_alarms();
    let answer = describe.max_records(101).send().await;
    refused("MaxRecords 101", answer, "ValidationError", 400)
}

async fn a_token_that_no_page_gave_is_refused(subject: &Subject) -> Outcome {
    let describe = subject.cloudwatch().describe_alarms();
    let answer = describe.next_token("nowhere").send().await;
    refused("the token nowhere", answer, "InvalidNextToken", 400)
}

async fn a_dimension_without_a_value_is_refused(subject: &Subject) -> Outcome {
    let dimension = Dimension::builder().name("Zone").value("").build();
    let datum = MetricDatum::builder().metric_name("m").value(1.0);
    let datum = datum.dimensions(dimension).build();
    refuse_datum(subject, datum, "an empty dimension").await
}

async fn a_datum_of_more_than_two_weeks_ago_is_refused(subject: &Subject) -> Outcome {
    let at = DateTime::from_secs(subject.now() - 15 * 24 * 3600);
    let datum = MetricDatum::builder()
        .metric_name("m")
        .value(1.0)
        .timestamp(at);
    refuse_datum(subject, datum.build(), "15 days ago").await
}

async fn a_datum_of_more_than_two_hours_ahead_is_refused(subject: &Subject) -> Outcome {
    let at = DateTime::from_secs(subject.now() + 3 * 3600);
    let datum = MetricDatum::builder()
        .metric_name("m")
        .value(1.0)
        .timestamp(at);
    refuse_datum(subject, datum.build(), "in 3 hours").await
}

async fn refuse_rule(subject: &Subject, rule: &str) -> Outcome {
    let put = subject.cloudwatch().put_composite_alarm();
    let put = put.alarm_name(subject.name("composite")).alarm_rule(rule);
    refused(rule, put.send().await, "ValidationError", 400)
}

async fn refuse_datum(subject: &Subject, datum: MetricDatum, what: &str) -> Outcome {
    let put = subject.cloudwatch().put_metric_data();
    let put = put.namespace("Contract").metric_data(datum);
    refused(what, put.send().await, "InvalidParameterValue", 400)
}
