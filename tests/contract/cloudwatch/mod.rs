//! CloudWatch. Source: Amazon CloudWatch API Reference, version 2010-08-01.

mod composites;
mod data;
mod describe;
mod refusals;
mod states;

use anyhow::{Context, Result};
use aws_sdk_cloudwatch::operation::describe_alarms::DescribeAlarmsOutput;
use aws_sdk_cloudwatch::operation::put_metric_alarm::builders::PutMetricAlarmFluentBuilder;
use aws_sdk_cloudwatch::types::{
    AlarmType, ComparisonOperator, CompositeAlarm, MetricAlarm, StateValue, Statistic,
};

use crate::contract::{Contract, Outcome};
use crate::refusal::accepted;
use crate::subject::Subject;

pub(crate) fn contracts() -> Vec<&'static Contract> {
    let modules = [
        composites::CONTRACTS,
        data::CONTRACTS,
        describe::CONTRACTS,
        refusals::CONTRACTS,
        states::CONTRACTS,
    ];
    modules.into_iter().flatten().collect()
}

/// An alarm on more than five of a metric in a minute; without data it is OK.
fn alarm(subject: &Subject, name: &str, metric: &str) -> PutMetricAlarmFluentBuilder {
    let put = subject.cloudwatch().put_metric_alarm();
    put.alarm_name(name)
        .namespace("Contract")
        .metric_name(metric)
        .statistic(Statistic::Sum)
        .period(60)
        .evaluation_periods(1)
        .threshold(5.0)
        .comparison_operator(ComparisonOperator::GreaterThanThreshold)
        .treat_missing_data("notBreaching")
}

/// Makes an alarm that keeps the state that it is set to, because its metric has no data.
async fn silent_alarm(subject: &Subject) -> Result<String> {
    let name = subject.name("alarm");
    let put = alarm(subject, &name, &name).treat_missing_data("ignore");
    accepted("PutMetricAlarm", put.send().await)?;
    Ok(name)
}

/// Makes a composite alarm with this rule.
async fn composite(subject: &Subject, rule: &str) -> Result<String> {
    let name = subject.name("composite");
    let put = subject.cloudwatch().put_composite_alarm();
    let put = put.alarm_name(&name).alarm_rule(rule);
    accepted("PutCompositeAlarm", put.send().await)?;
    Ok(name)
}

async fn set(subject: &Subject, alarm: &str, state: StateValue) -> Outcome {
    let set = subject.cloudwatch().set_alarm_state();
    let set = set.alarm_name(alarm).state_value(state);
    accepted("SetAlarmState", set.state_reason("by hand").send().await).map(|_| ())
}

/// The alarms of these names, of both kinds.
async fn described(subject: &Subject, names: &[&str]) -> Result<DescribeAlarmsOutput> {
    let describe = subject.cloudwatch().describe_alarms();
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    let answer = describe
        .set_alarm_names(Some(names))
        .alarm_types(AlarmType::MetricAlarm)
        .alarm_types(AlarmType::CompositeAlarm)
        .send()
        .await;
    accepted("DescribeAlarms", answer)
}

async fn metric_alarm(subject: &Subject, name: &str) -> Result<MetricAlarm> {
    let answer = described(subject, &[name]).await?;
    let alarm = answer.metric_alarms().first().cloned();
    alarm.with_context(|| format!("DescribeAlarms: the metric alarm {name} is not there"))
}

async fn composite_alarm(subject: &Subject, name: &str) -> Result<CompositeAlarm> {
    let answer = described(subject, &[name]).await?;
    let alarm = answer.composite_alarms().first().cloned();
    alarm.with_context(|| format!("DescribeAlarms: the composite alarm {name} is not there"))
}

/// The names in an answer: composite alarms, then metric alarms, each sorted.
fn names(answer: &DescribeAlarmsOutput) -> (Vec<&str>, Vec<&str>) {
    let composites = answer.composite_alarms().iter();
    let mut composites: Vec<&str> = composites.filter_map(|alarm| alarm.alarm_name()).collect();
    let metrics = answer.metric_alarms().iter();
    let mut metrics: Vec<&str> = metrics.filter_map(|alarm| alarm.alarm_name()).collect();
    composites.sort_unstable();
    metrics.sort_unstable();
    (composites, metrics)
}
