//! `DescribeAlarms`.

use anyhow::{Result, ensure};
use aws_sdk_cloudwatch::types::{AlarmType, StateValue};

use super::{composite, metric_alarm, names, set, silent_alarm};
use crate::contract::Outcome;
use crate::refusal::{accepted, same};
use crate::subject::Subject;

contracts!(
    "cloudwatch",
    [region, ministack],
    [
        an_alarm_is_described_as_it_was_put,
        composite_alarms_are_told_only_to_those_who_ask,
        a_name_that_no_alarm_has_is_left_out,
        a_prefix_finds_the_alarms_whose_names_begin_so,
        a_state_finds_the_alarms_in_it,
        pages_hold_at_most_max_records_and_lead_to_the_rest,
        the_children_of_a_composite_alarm_are_those_in_its_rule,
        a_child_shows_its_state_and_not_its_configuration,
        the_parents_of_an_alarm_are_the_composites_above_it,
    ]
);

async fn an_alarm_is_described_as_it_was_put(subject: &Subject) -> Outcome {
    let name = silent_alarm(subject).await?;
    let alarm = metric_alarm(subject, &name).await?;
    let metric = (alarm.namespace(), alarm.metric_name());
    same(
        "the metric",
        &metric,
        &(Some("Contract"), Some(name.as_str())),
    )?;
    let when = (
        alarm.period(),
        alarm.evaluation_periods(),
        alarm.threshold(),
    );
    same("when it alarms", &when, &(Some(60), Some(1), Some(5.0)))?;
    same("missing data", &alarm.treat_missing_data(), &Some("ignore"))?;
    same("ActionsEnabled", &alarm.actions_enabled(), &Some(true))?;
    let arn = alarm.alarm_arn().unwrap_or_default();
    ensure!(
        arn.ends_with(&format!(":alarm:{name}")),
        "AlarmArn is {arn}"
    );
    Ok(())
}

/// Source: DescribeAlarms, `AlarmTypes`: "If you omit this parameter, only metric alarms are
/// returned".
async fn composite_alarms_are_told_only_to_those_who_ask(subject: &Subject) -> Outcome {
    let child = silent_alarm(subject).await?;
    let parent = composite(subject, &format!("ALARM(\"{child}\")")).await?;
    let ask = async |types: Vec<AlarmType>| -> Result<(usize, usize)> {
        let describe = subject.cloudwatch().describe_alarms();
        let describe = describe.alarm_names(&child).alarm_names(&parent);
        let describe = describe.set_alarm_types((!types.is_empty()).then_some(types));
        let answer = accepted("DescribeAlarms", describe.send().await)?;
        Ok((
            answer.composite_alarms().len(),
            answer.metric_alarms().len(),
        ))
    };
    let (both, only) = (
        [AlarmType::CompositeAlarm, AlarmType::MetricAlarm],
        AlarmType::CompositeAlarm,
    );
    same("without AlarmTypes", &ask(Vec::new()).await?, &(0, 1))?;
    same("with CompositeAlarm", &ask(vec![only]).await?, &(1, 0))?;
    same("with both types", &ask(both.to_vec()).await?, &(1, 1))
}

async fn a_name_that_no_alarm_has_is_left_out(subject: &Subject) -> Outcome {
    let there = silent_alarm(subject).await?;
    let describe = subject.cloudwatch().describe_alarms();
    let describe = describe
        .alarm_names(&there)
        .alarm_names(subject.name("nobody"));
    let answer = accepted("DescribeAlarms", describe.send().await)?;
    same(
        "one name of two",
        &names(&answer),
        &(vec![], vec![there.as_str()]),
    )
}

async fn a_prefix_finds_the_alarms_whose_names_begin_so(subject: &Subject) -> Outcome {
    let name = silent_alarm(subject).await?;
    silent_alarm(subject).await?;
    let describe = subject.cloudwatch().describe_alarms();
    let answer = describe.alarm_name_prefix(&name).send().await;
    let answer = accepted("AlarmNamePrefix", answer)?;
    same(
        "the alarms",
        &names(&answer),
        &(vec![], vec![name.as_str()]),
    )
}

async fn a_state_finds_the_alarms_in_it(subject: &Subject) -> Outcome {
    let (red, green) = (silent_alarm(subject).await?, silent_alarm(subject).await?);
    set(subject, &red, StateValue::Alarm).await?;
    set(subject, &green, StateValue::Ok).await?;
    let describe = subject.cloudwatch().describe_alarms();
    let describe = describe.alarm_names(&red).alarm_names(&green);
    let answer = describe.state_value(StateValue::Alarm).send().await;
    let answer = accepted("StateValue ALARM", answer)?;
    same("the alarms", &names(&answer), &(vec![], vec![red.as_str()]))
}

async fn pages_hold_at_most_max_records_and_lead_to_the_rest(subject: &Subject) -> Outcome {
    let mut expected = Vec::new();
    for _ in 0..5 {
        expected.push(silent_alarm(subject).await?);
    }
    let client = subject.cloudwatch();
    let (mut found, mut sizes, mut token) = (Vec::new(), Vec::new(), None);
    loop {
        let describe = client.describe_alarms();
        let describe = describe.set_alarm_names(Some(expected.clone()));
        let page = describe.max_records(2).set_next_token(token).send().await;
        let page = accepted("a page", page)?;
        sizes.push(page.metric_alarms().len());
        found.extend(names(&page).1.into_iter().map(str::to_owned));
        token = page.next_token().map(str::to_owned);
        if token.is_none() || sizes.len() > 5 {
            break;
        }
    }
    same("the sizes of the pages", &sizes, &vec![2, 2, 1])?;
    found.sort();
    expected.sort();
    same("the alarms of all pages", &found, &expected)
}

async fn the_children_of_a_composite_alarm_are_those_in_its_rule(subject: &Subject) -> Outcome {
    let (one, other) = (silent_alarm(subject).await?, silent_alarm(subject).await?);
    silent_alarm(subject).await?;
    let rule = format!("ALARM(\"{one}\") AND NOT ALARM(\"{other}\")");
    let parent = composite(subject, &rule).await?;
    let describe = subject.cloudwatch().describe_alarms();
    let answer = describe.children_of_alarm_name(&parent).send().await;
    let answer = accepted("ChildrenOfAlarmName", answer)?;
    let mut expected = vec![one.as_str(), other.as_str()];
    expected.sort_unstable();
    same("the children", &names(&answer), &(vec![], expected))
}

/// Source: DescribeAlarms, `ChildrenOfAlarmName`: name, ARN, state value and when it was updated.
async fn a_child_shows_its_state_and_not_its_configuration(subject: &Subject) -> Outcome {
    let child = silent_alarm(subject).await?;
    let parent = composite(subject, &format!("ALARM(\"{child}\")")).await?;
    set(subject, &child, StateValue::Alarm).await?;
    let describe = subject.cloudwatch().describe_alarms();
    let answer = describe.children_of_alarm_name(&parent).send().await;
    let answer = accepted("ChildrenOfAlarmName", answer)?;
    let [alarm] = answer.metric_alarms() else {
        anyhow::bail!("the children are {:?}", names(&answer));
    };
    same("the state", &alarm.state_value(), &Some(&StateValue::Alarm))?;
    ensure!(
        alarm.state_updated_timestamp().is_some(),
        "no time of the state"
    );
    same("the metric", &alarm.metric_name(), &None)
}

async fn the_parents_of_an_alarm_are_the_composites_above_it(subject: &Subject) -> Outcome {
    let (child, other) = (silent_alarm(subject).await?, silent_alarm(subject).await?);
    let parent = composite(subject, &format!("ALARM(\"{child}\")")).await?;
    composite(subject, &format!("ALARM(\"{other}\")")).await?;
    let describe = subject.cloudwatch().describe_alarms();
    let answer = describe.parents_of_alarm_name(&child).send().await;
    let answer = accepted("ParentsOfAlarmName", answer)?;
    same(
        "the parents",
        &names(&answer),
        &(vec![parent.as_str()], vec![]),
    )
}
