//! `PutEvents`: which entries it takes.

use anyhow::{Result, bail, ensure};
use aws_sdk_eventbridge::operation::put_events::PutEventsOutput;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;

use crate::contract::Outcome;
use crate::refusal::{accepted, refused, same};
use crate::subject::Subject;

contracts!(
    "events",
    [region, ministack],
    [
        every_event_has_an_id_of_its_own,
        a_source_of_aws_fails_its_entry_and_no_other,
        a_detail_that_is_not_json_fails_its_entry,
        an_entry_without_a_detail_type_fails,
        a_request_in_which_no_entry_is_complete_fails,
        more_than_ten_entries_are_refused,
    ]
);

async fn every_event_has_an_id_of_its_own(subject: &Subject) -> Outcome {
    let answer = put(subject, [entry(), entry()]).await?;
    same("FailedEntryCount", &answer.failed_entry_count(), &0)?;
    let [one, other] = answer.entries() else {
        bail!("the entries are {:?}", answer.entries());
    };
    ensure!(one.event_id().is_some(), "an event has no id");
    ensure!(one.event_id() != other.event_id(), "two events have one id");
    Ok(())
}

/// Source: EventBridge user guide: sources that begin with `aws.` are those of AWS services;
/// PutEventsResultEntry, `NotAuthorizedForSourceException`.
async fn a_source_of_aws_fails_its_entry_and_no_other(subject: &Subject) -> Outcome {
    let forged = PutEventsRequestEntry::builder().source("aws.cloudwatch");
    let forged = forged.detail_type("t").detail("{}").build();
    fails(subject, forged, "NotAuthorizedForSourceException").await
}

async fn a_detail_that_is_not_json_fails_its_entry(subject: &Subject) -> Outcome {
    let malformed = PutEventsRequestEntry::builder().source("contract");
    let malformed = malformed.detail_type("t").detail("{a}").build();
    fails(subject, malformed, "MalformedDetail").await
}

async fn an_entry_without_a_detail_type_fails(subject: &Subject) -> Outcome {
    let incomplete = PutEventsRequestEntry::builder().source("contract");
    fails(subject, incomplete.detail("{}").build(), "InvalidArgument").await
}

/// Source: PutEventsRequestEntry, `Detail`: "EventBridge fails the entire request". The code of that
/// is not documented.
async fn a_request_in_which_no_entry_is_complete_fails(subject: &Subject) -> Outcome {
    let incomplete = PutEventsRequestEntry::builder().source("contract").build();
    let put = subject.eventbridge().put_events().entries(incomplete);
    match put.send().await {
        Ok(answer) => bail!("no complete entry: expected a refusal, was answered {answer:?}"),
        Err(error) => {
            let status = error.raw_response().map(|answer| answer.status().as_u16());
            same("the status", &status, &Some(400))
        }
    }
}

async fn more_than_ten_entries_are_refused(subject: &Subject) -> Outcome {
    let put = subject.eventbridge().put_events();
    let put = put.set_entries(Some(vec![entry(); 11]));
    refused("11 entries", put.send().await, "ValidationException", 400)
}

/// Expects an entry to fail with a code, between two that do not.
async fn fails(subject: &Subject, bad: PutEventsRequestEntry, code: &str) -> Outcome {
    let answer = put(subject, [entry(), bad, entry()]).await?;
    same("FailedEntryCount", &answer.failed_entry_count(), &1)?;
    let codes: Vec<Option<&str>> = answer
        .entries()
        .iter()
        .map(|entry| entry.error_code())
        .collect();
    same("the codes", &codes, &vec![None, Some(code), None])?;
    let ids: Vec<bool> = answer
        .entries()
        .iter()
        .map(|entry| entry.event_id().is_some())
        .collect();
    same("whether there is an id", &ids, &vec![true, false, true])
}

async fn put<const N: usize>(
    subject: &Subject,
    entries: [PutEventsRequestEntry; N],
) -> Result<PutEventsOutput> {
    let put = subject.eventbridge().put_events();
    let put = put.set_entries(Some(entries.to_vec()));
    accepted("PutEvents", put.send().await)
}

fn entry() -> PutEventsRequestEntry {
    let entry = PutEventsRequestEntry::builder().source("contract");
    entry.detail_type("t").detail("{}").build()
}
