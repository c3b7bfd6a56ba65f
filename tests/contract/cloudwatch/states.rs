//! States of metric alarms: set by hand, and by their metrics.

use anyhow::ensure;
use aws_sdk_cloudwatch::types::{MetricDatum, StateValue};

use super::{alarm, described, metric_alarm, names, set, silent_alarm};
use crate::contract::Outcome;
use crate::refusal::{accepted, same};
use crate::subject::Subject;

contracts!(
    "cloudwatch",
    [region, ministack],
    [
        a_new_alarm_has_insufficient_data,
        a_state_is_set_with_its_reason,
        setting_the_same_state_again_is_no_transition,
        putting_an_alarm_again_keeps_its_state,
        an_alarm_goes_off_when_its_metric_is_above_the_threshold,
        an_alarm_is_gone_when_it_is_deleted,
        a_name_that_no_alarm_has_keeps_no_other_alarm_from_being_deleted,
    ]
);

async fn a_new_alarm_has_insufficient_data(subject: &Subject) -> Outcome {
    let name = silent_alarm(subject).await?;
    let alarm = metric_alarm(subject, &name).await?;
    same(
        "the state",
        &alarm.state_value(),
        &Some(&StateValue::InsufficientData),
    )
}

async fn a_state_is_set_with_its_reason(subject: &Subject) -> Outcome {
    let name = silent_alarm(subject).await?;
    let set = subject.cloudwatch().set_alarm_state();
    let answer = set
        .alarm_name(&name)
        .state_value(StateValue::Alarm)
        .state_reason("a drill")
        .state_reason_data(r#"{"who": "us"}"#)
        .send()
        .await;
    accepted("SetAlarmState", answer)?;
    let alarm = metric_alarm(subject, &name).await?;
    same("the state", &alarm.state_value(), &Some(&StateValue::Alarm))?;
    same("the reason", &alarm.state_reason(), &Some("a drill"))?;
    same(
        "its data",
        &alarm.state_reason_data(),
        &Some(r#"{"who": "us"}"#),
    )?;
    ensure!(
        alarm.state_transitioned_timestamp().is_some(),
        "no time of the transition"
    );
    Ok(())
}

/// Source: MetricAlarm, `StateTransitionedTimestamp`: the last change of the state's value.
async fn setting_the_same_state_again_is_no_transition(subject: &Subject) -> Outcome {
    let name = silent_alarm(subject).await?;
    set(subject, &name, StateValue::Alarm).await?;
    let first = metric_alarm(subject, &name).await?;
    subject.a_while().await;
    set(subject, &name, StateValue::Alarm).await?;
    let second = metric_alarm(subject, &name).await?;
    same(
        "StateTransitionedTimestamp",
        &second.state_transitioned_timestamp(),
        &first.state_transitioned_timestamp(),
    )
}

async fn putting_an_alarm_again_keeps_its_state(subject: &Subject) -> Outcome {
    let name = silent_alarm(subject).await?;
    set(subject, &name, StateValue::Alarm).await?;
    let put = alarm(subject, &name, &name).treat_missing_data("ignore");
    accepted("PutMetricAlarm", put.threshold(6.0).send().await)?;
    let alarm = metric_alarm(subject, &name).await?;
    same("the threshold", &alarm.threshold(), &Some(6.0))?;
    same("the state", &alarm.state_value(), &Some(&StateValue::Alarm))
}

async fn an_alarm_goes_off_when_its_metric_is_above_the_threshold(subject: &Subject) -> Outcome {
    let name = subject.name("alarm");
    accepted("PutMetricAlarm", alarm(subject, &name, &name).send().await)?;
    let client = subject.cloudwatch();
    let look = || async {
        let datum = MetricDatum::builder().metric_name(&name).value(6.0).build();
        let put = client.put_metric_data().namespace("Contract");
        accepted("PutMetricData", put.metric_data(datum).send().await)?;
        let alarm = metric_alarm(subject, &name).await?;
        same("the state", &alarm.state_value(), &Some(&StateValue::Alarm))
    };
    subject.eventually(look).await
}

async fn an_alarm_is_gone_when_it_is_deleted(subject: &Subject) -> Outcome {
    let (gone, stays) = (silent_alarm(subject).await?, silent_alarm(subject).await?);
    let delete = subject.cloudwatch().delete_alarms();
    accepted("DeleteAlarms", delete.alarm_names(&gone).send().await)?;
    let answer = described(subject, &[&gone, &stays]).await?;
    same(
        "the alarms",
        &names(&answer),
        &(vec![], vec![stays.as_str()]),
    )
}

/// Source: DeleteAlarms: "If you specify any incorrect alarm names, the alarms you specify with
/// correct names are still deleted." Whether the call is answered with `ResourceNotFound` is not
/// documented.
async fn a_name_that_no_alarm_has_keeps_no_other_alarm_from_being_deleted(
    subject: &Subject,
) -> Outcome {
    let name = silent_alarm(subject).await?;
    let delete = subject.cloudwatch().delete_alarms();
    let delete = delete
        .alarm_names(subject.name("nobody"))
        .alarm_names(&name);
    let _ = delete.send().await;
    let answer = described(subject, &[&name]).await?;
    same("the alarms", &names(&answer), &(vec![], vec![]))
}
