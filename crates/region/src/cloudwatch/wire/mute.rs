//! Mute rules on the wire.

use jiff::Timestamp;
use winterbaume_cloudwatch::wire;
use winterbaume_core::MockResponse;

use crate::error::ServiceError;

use super::super::CloudWatch;
use super::super::alarm::invalid;
use super::super::mute::{MuteRule, MuteStatus, window};
use super::super::operations::ListMuteRules;
use super::codec::{Call, seconds};

/// The only kind of rule that the Region has.
const ONE_TIME: &str = "ONE_TIME";

pub(super) fn put(
    engine: &mut CloudWatch,
    call: &Call<'_>,
    now: Timestamp,
) -> Result<MockResponse, ServiceError> {
    let input = call.read(wire::deserialize_put_alarm_mute_rule_request)?;
    if input.start_date.is_some() || input.expire_date.is_some() {
        return Err(invalid(
            "StartDate and ExpireDate are not supported, expected a one-time schedule without them",
        ));
    }
    let schedule = input.rule.schedule;
    let zone = schedule.timezone.as_deref();
    let (start, end) = window(&schedule.expression, &schedule.duration, zone)?;
    let targets = input.mute_targets.unwrap_or_default();
    let rule = MuteRule {
        name: input.name,
        description: input.description,
        alarm_names: targets.alarm_names,
        start,
        end,
    };
    engine.put_mute_rule(rule, now)?;
    Ok(call.done(wire::serialize_put_alarm_mute_rule_response))
}

pub(super) fn delete(
    engine: &mut CloudWatch,
    call: &Call<'_>,
) -> Result<MockResponse, ServiceError> {
    let input = call.read(wire::deserialize_delete_alarm_mute_rule_request)?;
    engine.delete_mute_rule(&input.alarm_mute_rule_name);
    Ok(call.done(wire::serialize_delete_alarm_mute_rule_response))
}

pub(super) fn get(
    engine: &CloudWatch,
    call: &Call<'_>,
    now: Timestamp,
) -> Result<MockResponse, ServiceError> {
    let input = call.read(wire::deserialize_get_alarm_mute_rule_request)?;
    let (rule, put) = engine.get_mute_rule(&input.alarm_mute_rule_name)?;
    let (expression, duration) = rule.schedule();
    let output = wire::GetAlarmMuteRuleOutput {
        alarm_mute_rule_arn: Some(engine.mute_rule_arn(&rule.name)),
        description: rule.description.clone(),
        last_updated_timestamp: Some(seconds(put)),
        mute_targets: Some(wire::MuteTargets {
            alarm_names: rule.alarm_names.clone(),
        }),
        mute_type: Some(ONE_TIME.to_owned()),
        name: Some(rule.name.clone()),
        rule: Some(wire::Rule {
            schedule: wire::Schedule {
                duration,
                expression,
                timezone: Some("UTC".to_owned()),
            },
        }),
        status: Some(rule.status(now).as_str().to_owned()),
        ..wire::GetAlarmMuteRuleOutput::default()
    };
    Ok(call.write(wire::serialize_get_alarm_mute_rule_response, &output))
}

pub(super) fn list(
    engine: &CloudWatch,
    call: &Call<'_>,
    now: Timestamp,
) -> Result<MockResponse, ServiceError> {
    let input = call.read(wire::deserialize_list_alarm_mute_rules_request)?;
    let statuses = input.statuses.unwrap_or_default();
    let statuses = statuses.iter().map(|text| MuteStatus::parse(text));
    let query = ListMuteRules {
        alarm_name: input.alarm_name,
        statuses: statuses.collect::<Result<_, _>>()?,
        max_records: input.max_records,
        next_token: input.next_token,
    };
    let page = engine.list_mute_rules(&query, now)?;
    let rules = page.items.into_iter();
    let summaries = rules.map(|(rule, put)| wire::AlarmMuteRuleSummary {
        alarm_mute_rule_arn: Some(engine.mute_rule_arn(&rule.name)),
        last_updated_timestamp: Some(seconds(put)),
        mute_type: Some(ONE_TIME.to_owned()),
        status: Some(rule.status(now).as_str().to_owned()),
        ..wire::AlarmMuteRuleSummary::default()
    });
    let output = wire::ListAlarmMuteRulesOutput {
        alarm_mute_rule_summaries: Some(summaries.collect()),
        next_token: page.next_token,
    };
    Ok(call.write(wire::serialize_list_alarm_mute_rules_response, &output))
}
