//! Rules and their targets.

use anyhow::bail;
use aws_sdk_eventbridge::types::{RuleState, Target};
use serde_json::json;

use super::rule;
use crate::contract::Outcome;
use crate::refusal::{accepted, refused, same};
use crate::subject::Subject;

contracts!(
    "events",
    [region, ministack],
    [
        a_rule_is_described_as_it_was_put,
        a_rule_that_does_not_exist_is_not_found,
        a_rule_without_pattern_and_schedule_is_refused,
        a_pattern_that_is_not_json_is_refused,
        a_pattern_with_a_test_that_does_not_exist_is_refused,
        rules_are_found_by_the_prefix_of_their_names,
        pages_of_rules_lead_to_the_rest,
        a_rule_is_disabled_and_enabled_again,
        a_rule_that_was_deleted_is_gone_and_may_be_deleted_again,
        a_rule_with_targets_is_not_deleted,
        a_target_is_listed_until_it_is_removed,
        a_target_of_a_rule_that_does_not_exist_is_not_found,
    ]
);

async fn a_rule_is_described_as_it_was_put(subject: &Subject) -> Outcome {
    let pattern = json!({"source": ["contract"]});
    let name = rule(subject, &pattern).await?;
    let describe = subject.eventbridge().describe_rule().name(&name);
    let answer = accepted("DescribeRule", describe.send().await)?;
    same("Name", &answer.name(), &Some(name.as_str()))?;
    same("State", &answer.state(), &Some(&RuleState::Enabled))?;
    let shown = answer.event_pattern().unwrap_or_default();
    let shown: serde_json::Value = serde_json::from_str(shown)?;
    same("EventPattern", &shown, &pattern)?;
    let arn = answer.arn().unwrap_or_default();
    anyhow::ensure!(arn.ends_with(&format!(":rule/{name}")), "Arn is {arn}");
    Ok(())
}

async fn a_rule_that_does_not_exist_is_not_found(subject: &Subject) -> Outcome {
    let describe = subject.eventbridge().describe_rule();
    let answer = describe.name(subject.name("nobody")).send().await;
    refused("an unknown rule", answer, "ResourceNotFoundException", 400)
}

/// Source: PutRule: "A rule must contain at least an EventPattern or ScheduleExpression."
async fn a_rule_without_pattern_and_schedule_is_refused(subject: &Subject) -> Outcome {
    let put = subject.eventbridge().put_rule().name(subject.name("rule"));
    refused("neither", put.send().await, "ValidationException", 400)
}

async fn a_pattern_that_is_not_json_is_refused(subject: &Subject) -> Outcome {
    let put = subject.eventbridge().put_rule().name(subject.name("rule"));
    let answer = put.event_pattern("{a}").send().await;
    refused("{a}", answer, "InvalidEventPatternException", 400)
}

async fn a_pattern_with_a_test_that_does_not_exist_is_refused(subject: &Subject) -> Outcome {
    let put = subject.eventbridge().put_rule().name(subject.name("rule"));
    let answer = put
        .event_pattern(r#"{"source": [{"rhymes": "a"}]}"#)
        .send()
        .await;
    refused(
        "the test rhymes",
        answer,
        "InvalidEventPatternException",
        400,
    )
}

async fn rules_are_found_by_the_prefix_of_their_names(subject: &Subject) -> Outcome {
    let pattern = json!({"source": ["contract"]});
    let name = rule(subject, &pattern).await?;
    rule(subject, &pattern).await?;
    let list = subject.eventbridge().list_rules().name_prefix(&name);
    let answer = accepted("ListRules", list.send().await)?;
    let names: Vec<Option<&str>> = answer.rules().iter().map(|rule| rule.name()).collect();
    same("the rules", &names, &vec![Some(name.as_str())])
}

async fn pages_of_rules_lead_to_the_rest(subject: &Subject) -> Outcome {
    let prefix = subject.name("many");
    for number in 0..3 {
        let put = subject
            .eventbridge()
            .put_rule()
            .name(format!("{prefix}-{number}"));
        let put = put.event_pattern(r#"{"source": ["contract"]}"#);
        accepted("PutRule", put.send().await)?;
    }
    let (mut sizes, mut token) = (Vec::new(), None);
    loop {
        let list = subject
            .eventbridge()
            .list_rules()
            .name_prefix(&prefix)
            .limit(2);
        let page = accepted("a page", list.set_next_token(token).send().await)?;
        sizes.push(page.rules().len());
        token = page.next_token().map(str::to_owned);
        if token.is_none() || sizes.len() > 3 {
            break;
        }
    }
    same("the sizes of the pages", &sizes, &vec![2, 1])
}

async fn a_rule_is_disabled_and_enabled_again(subject: &Subject) -> Outcome {
    let name = rule(subject, &json!({"source": ["contract"]})).await?;
    let client = subject.eventbridge();
    accepted(
        "DisableRule",
        client.disable_rule().name(&name).send().await,
    )?;
    let described = client.describe_rule().name(&name).send().await;
    let state = accepted("DescribeRule", described)?.state().cloned();
    same("the state", &state, &Some(RuleState::Disabled))?;
    accepted("EnableRule", client.enable_rule().name(&name).send().await)?;
    let described = client.describe_rule().name(&name).send().await;
    let state = accepted("DescribeRule", described)?.state().cloned();
    same("the state", &state, &Some(RuleState::Enabled))
}

/// Source: DeleteRule: "If you call delete rule multiple times for the same rule, all calls will
/// succeed."
async fn a_rule_that_was_deleted_is_gone_and_may_be_deleted_again(subject: &Subject) -> Outcome {
    let name = rule(subject, &json!({"source": ["contract"]})).await?;
    let client = subject.eventbridge();
    for _ in 0..2 {
        accepted("DeleteRule", client.delete_rule().name(&name).send().await)?;
    }
    let described = client.describe_rule().name(&name).send().await;
    refused(
        "a deleted rule",
        described,
        "ResourceNotFoundException",
        400,
    )
}

/// Source: DeleteRule: "Before you can delete the rule, you must remove all targets".
async fn a_rule_with_targets_is_not_deleted(subject: &Subject) -> Outcome {
    let name = rule(subject, &json!({"source": ["contract"]})).await?;
    let client = subject.eventbridge();
    let target = subject.target().await;
    let put = client.put_targets().rule(&name);
    let answer = put.targets(with_id("t", target.arn())).send().await;
    accepted("PutTargets", answer)?;
    if let Ok(answer) = client.delete_rule().name(&name).send().await {
        bail!("DeleteRule: expected a refusal, was answered {answer:?}");
    }
    let described = client.describe_rule().name(&name).send().await;
    accepted("DescribeRule", described).map(|_| ())
}

async fn a_target_is_listed_until_it_is_removed(subject: &Subject) -> Outcome {
    let name = rule(subject, &json!({"source": ["contract"]})).await?;
    let client = subject.eventbridge();
    let target = subject.target().await;
    let put = client.put_targets().rule(&name);
    let put = put
        .targets(with_id("one", target.arn()))
        .targets(with_id("two", target.arn()));
    let answer = accepted("PutTargets", put.send().await)?;
    same("FailedEntryCount", &answer.failed_entry_count(), &0)?;
    let remove = client.remove_targets().rule(&name).ids("one").send().await;
    let answer = accepted("RemoveTargets", remove)?;
    same("FailedEntryCount", &answer.failed_entry_count(), &0)?;
    let list = client.list_targets_by_rule().rule(&name).send().await;
    let answer = accepted("ListTargetsByRule", list)?;
    let targets: Vec<(&str, &str)> = answer
        .targets()
        .iter()
        .map(|target| (target.id(), target.arn()))
        .collect();
    same("the targets", &targets, &vec![("two", target.arn())])
}

async fn a_target_of_a_rule_that_does_not_exist_is_not_found(subject: &Subject) -> Outcome {
    let target = subject.target().await;
    let put = subject
        .eventbridge()
        .put_targets()
        .rule(subject.name("nobody"));
    let answer = put.targets(with_id("t", target.arn())).send().await;
    refused("an unknown rule", answer, "ResourceNotFoundException", 400)
}

fn with_id(id: &str, arn: &str) -> Target {
    Target::builder().id(id).arn(arn).build().unwrap()
}
