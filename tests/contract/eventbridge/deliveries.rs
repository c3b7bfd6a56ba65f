//! What targets get.

use anyhow::{Context, Result, ensure};
use aws_sdk_eventbridge::types::builders::TargetBuilder;
use aws_sdk_eventbridge::types::{InputTransformer, PutEventsRequestEntry, Target};
use serde_json::{Value, json};

use super::rule;
use crate::contract::Outcome;
use crate::refusal::{accepted, same};
use crate::subject::{Sink, Subject};

contracts!(
    "events",
    [region, ministack],
    [
        an_event_reaches_the_target_of_the_rule_that_it_matches,
        an_event_that_does_not_match_reaches_nobody,
        a_disabled_rule_sends_nothing,
        a_constant_input_takes_the_place_of_the_event,
        an_input_path_takes_a_part_of_the_event,
        a_transformer_puts_values_into_its_template,
        a_transformer_may_put_in_the_whole_event,
    ]
);

async fn an_event_reaches_the_target_of_the_rule_that_it_matches(subject: &Subject) -> Outcome {
    let (source, target) = watched(subject, |target| target).await?;
    let id = publish(subject, &source, &json!({"zone": "use1-az1"})).await?;
    let event = first(subject, &target).await?;
    for (name, value) in [
        ("version", "0"),
        ("id", &id),
        ("source", &source),
        ("detail-type", "t"),
        ("region", "us-east-1"),
    ] {
        same(name, &event[name].as_str(), &Some(value))?;
    }
    same("resources", &event["resources"], &json!([]))?;
    same("detail", &event["detail"], &json!({"zone": "use1-az1"}))
}

async fn an_event_that_does_not_match_reaches_nobody(subject: &Subject) -> Outcome {
    let (source, target) = watched(subject, |target| target).await?;
    publish(subject, &format!("{source}-other"), &json!({"n": 1})).await?;
    publish(subject, &source, &json!({"n": 2})).await?;
    let event = first(subject, &target).await?;
    same("detail", &event["detail"], &json!({"n": 2}))?;
    same("events", &subject.received(&target).await.len(), &1)
}

async fn a_disabled_rule_sends_nothing(subject: &Subject) -> Outcome {
    let (source, witness) = watched(subject, |target| target).await?;
    let name = rule(subject, &json!({"source": [source]})).await?;
    let silent = subject.target().await;
    add(subject, &name, Target::builder().id("t").arn(silent.arn())).await?;
    let disable = subject.eventbridge().disable_rule().name(&name);
    accepted("DisableRule", disable.send().await)?;
    publish(subject, &source, &json!({})).await?;
    // What has arrived here would have arrived there.
    first(subject, &witness).await?;
    same("events", &subject.received(&silent).await.len(), &0)
}

async fn a_constant_input_takes_the_place_of_the_event(subject: &Subject) -> Outcome {
    let (source, target) = watched(subject, |target| target.input(r#"{"a": [1]}"#)).await?;
    publish(subject, &source, &json!({})).await?;
    same(
        "what arrived",
        &first(subject, &target).await?,
        &json!({"a": [1]}),
    )
}

async fn an_input_path_takes_a_part_of_the_event(subject: &Subject) -> Outcome {
    let (source, target) = watched(subject, |target| target.input_path("$.detail.state")).await?;
    publish(subject, &source, &json!({"state": {"value": "ALARM"}})).await?;
    same(
        "what arrived",
        &first(subject, &target).await?,
        &json!({"value": "ALARM"}),
    )
}

async fn a_transformer_puts_values_into_its_template(subject: &Subject) -> Outcome {
    let transformer = InputTransformer::builder()
        .input_paths_map("name", "$.detail.name")
        .input_paths_map("counts", "$.detail.counts")
        .input_template(r#"{"text": "alarm <name>", "counts": <counts>}"#)
        .build()?;
    let (source, target) = watched(subject, |target| target.input_transformer(transformer)).await?;
    publish(subject, &source, &json!({"name": "az1", "counts": [1, 2]})).await?;
    let expected = json!({"text": "alarm az1", "counts": [1, 2]});
    same("what arrived", &first(subject, &target).await?, &expected)
}

/// Source: EventBridge user guide, "Amazon EventBridge input transformation", predefined variables.
async fn a_transformer_may_put_in_the_whole_event(subject: &Subject) -> Outcome {
    let transformer = InputTransformer::builder()
        .input_template(r#"{"workload": {"name": "w"}, "event": <aws.events.event.json>}"#)
        .build()?;
    let (source, target) = watched(subject, |target| target.input_transformer(transformer)).await?;
    publish(subject, &source, &json!({"n": 1})).await?;
    let arrived = first(subject, &target).await?;
    same("the constant", &arrived["workload"], &json!({"name": "w"}))?;
    same(
        "the event's source",
        &arrived["event"]["source"],
        &json!(source),
    )?;
    same(
        "the event's detail",
        &arrived["event"]["detail"],
        &json!({"n": 1}),
    )
}

/// A source of its own, and the target of a rule for it.
async fn watched(
    subject: &Subject,
    shape: impl FnOnce(TargetBuilder) -> TargetBuilder,
) -> Result<(String, Sink)> {
    let source = subject.name("source");
    let name = rule(subject, &json!({"source": [source]})).await?;
    let target = subject.target().await;
    add(
        subject,
        &name,
        shape(Target::builder().id("t").arn(target.arn())),
    )
    .await?;
    Ok((source, target))
}

async fn add(subject: &Subject, rule: &str, target: TargetBuilder) -> Outcome {
    let put = subject.eventbridge().put_targets().rule(rule);
    let answer = accepted("PutTargets", put.targets(target.build()?).send().await)?;
    same("targets that failed", &answer.failed_entry_count(), &0)
}

/// Publishes an event; its id.
async fn publish(subject: &Subject, source: &str, detail: &Value) -> Result<String> {
    let entry = PutEventsRequestEntry::builder().source(source);
    let entry = entry.detail_type("t").detail(detail.to_string()).build();
    let put = subject.eventbridge().put_events().entries(entry);
    let answer = accepted("PutEvents", put.send().await)?;
    let entry = answer
        .entries()
        .first()
        .context("PutEvents answers without entries")?;
    let id = entry.event_id().map(str::to_owned);
    id.with_context(|| format!("PutEvents: the entry failed with {:?}", entry.error_code()))
}

/// The first thing that arrives.
async fn first(subject: &Subject, target: &Sink) -> Result<Value> {
    let look = || async {
        ensure!(
            !subject.received(target).await.is_empty(),
            "nothing arrived"
        );
        Ok(())
    };
    subject.eventually(look).await?;
    let received = subject.received(target).await;
    let first = received.first().context("nothing arrived")?;
    serde_json::from_str(first).with_context(|| format!("what arrived is not JSON: {first}"))
}
