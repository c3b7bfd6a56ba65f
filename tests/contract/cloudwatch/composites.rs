//! Composite alarms.

use anyhow::Result;
use aws_sdk_cloudwatch::types::StateValue;

use super::{composite, composite_alarm, set, silent_alarm};
use crate::contract::Outcome;
use crate::refusal::{accepted, same};
use crate::subject::Subject;

contracts!(
    "cloudwatch",
    [region, ministack],
    [
        a_composite_alarm_follows_its_children,
        a_rule_may_ask_for_the_absence_of_an_alarm,
        a_rule_may_count_with_and_or_and_brackets,
        a_rule_may_ask_for_insufficient_data,
        a_composite_alarm_follows_another_one,
        a_constant_rule_is_a_state,
        two_composite_alarms_may_depend_on_each_other,
    ]
);

async fn a_composite_alarm_follows_its_children(subject: &Subject) -> Outcome {
    let child = silent_alarm(subject).await?;
    set(subject, &child, StateValue::Ok).await?;
    let parent = composite(subject, &format!("ALARM(\"{child}\")")).await?;
    becomes(subject, &parent, StateValue::Ok).await?;
    set(subject, &child, StateValue::Alarm).await?;
    becomes(subject, &parent, StateValue::Alarm).await?;
    set(subject, &child, StateValue::Ok).await?;
    becomes(subject, &parent, StateValue::Ok).await
}

async fn a_rule_may_ask_for_the_absence_of_an_alarm(subject: &Subject) -> Outcome {
    let (zonal, regional) = children(subject, StateValue::Alarm, StateValue::Alarm).await?;
    let rule = format!("ALARM(\"{zonal}\") AND NOT ALARM(\"{regional}\")");
    let parent = composite(subject, &rule).await?;
    becomes(subject, &parent, StateValue::Ok).await?;
    set(subject, &regional, StateValue::Ok).await?;
    becomes(subject, &parent, StateValue::Alarm).await
}

async fn a_rule_may_count_with_and_or_and_brackets(subject: &Subject) -> Outcome {
    let (one, other) = children(subject, StateValue::Alarm, StateValue::Ok).await?;
    let either = format!("(ALARM(\"{one}\") OR ALARM(\"{other}\")) AND OK(\"{other}\")");
    let either = composite(subject, &either).await?;
    let both = format!("ALARM(\"{one}\") AND ALARM(\"{other}\")");
    let both = composite(subject, &both).await?;
    becomes(subject, &either, StateValue::Alarm).await?;
    becomes(subject, &both, StateValue::Ok).await
}

async fn a_rule_may_ask_for_insufficient_data(subject: &Subject) -> Outcome {
    let child = silent_alarm(subject).await?;
    let rule = format!("INSUFFICIENT_DATA(\"{child}\")");
    let parent = composite(subject, &rule).await?;
    becomes(subject, &parent, StateValue::Alarm).await
}

async fn a_composite_alarm_follows_another_one(subject: &Subject) -> Outcome {
    let child = silent_alarm(subject).await?;
    let parent = composite(subject, &format!("ALARM(\"{child}\")")).await?;
    let above = composite(subject, &format!("ALARM(\"{parent}\")")).await?;
    set(subject, &child, StateValue::Alarm).await?;
    becomes(subject, &above, StateValue::Alarm).await
}

async fn a_constant_rule_is_a_state(subject: &Subject) -> Outcome {
    let always = composite(subject, "TRUE").await?;
    let never = composite(subject, "FALSE").await?;
    becomes(subject, &always, StateValue::Alarm).await?;
    becomes(subject, &never, StateValue::Ok).await
}

/// Source: PutCompositeAlarm: "It is possible to create a loop or cycle of composite alarms".
async fn two_composite_alarms_may_depend_on_each_other(subject: &Subject) -> Outcome {
    let one = composite(subject, "FALSE").await?;
    let other = composite(subject, &format!("ALARM(\"{one}\")")).await?;
    let put = subject.cloudwatch().put_composite_alarm();
    let put = put
        .alarm_name(one)
        .alarm_rule(format!("ALARM(\"{other}\")"));
    accepted("a rule that closes a circle", put.send().await).map(|_| ())
}

async fn children(
    subject: &Subject,
    one: StateValue,
    other: StateValue,
) -> Result<(String, String)> {
    let names = (silent_alarm(subject).await?, silent_alarm(subject).await?);
    set(subject, &names.0, one).await?;
    set(subject, &names.1, other).await?;
    Ok(names)
}

async fn becomes(subject: &Subject, name: &str, state: StateValue) -> Outcome {
    let look = || async {
        let alarm = composite_alarm(subject, name).await?;
        let what = format!("the state of {}", alarm.alarm_rule().unwrap_or_default());
        same(&what, &alarm.state_value(), &Some(&state))
    };
    subject.eventually(look).await
}
