//! `PutLogEvents` and `FilterLogEvents`.

use anyhow::Result;
use aws_sdk_cloudwatchlogs::types::{FilteredLogEvent, InputLogEvent, RejectedLogEventsInfo};

use crate::contract::Outcome;
use crate::refusal::{accepted, refused, same};
use crate::subject::Subject;

use super::{STREAM, group, line};

contracts!(
    "logs",
    [region, moto, ministack],
    [
        lines_come_in_the_order_of_time,
        both_ends_of_a_time_belong_to_it,
        a_term_finds_the_lines_that_hold_it,
        a_field_of_json_finds_the_lines_that_have_it,
        pages_of_lines_lead_to_the_rest,
        lines_of_more_than_two_weeks_ago_are_rejected,
        a_batch_that_is_not_in_the_order_of_time_is_refused,
        lines_of_a_group_that_does_not_exist_are_refused,
    ]
);

async fn lines_come_in_the_order_of_time(subject: &Subject) -> Outcome {
    let name = group(subject).await?;
    for (ago, text) in [(1, "later"), (5, "earlier")] {
        put(subject, &name, vec![line(subject, ago, text)]).await?;
    }
    same(
        "the lines",
        &found(subject, &name, "").await?,
        &vec!["earlier".to_owned(), "later".to_owned()],
    )
}

/// Source: FilterLogEvents, `startTime` (events before this time are not returned) and `endTime` (events
/// later than this time are not returned).
async fn both_ends_of_a_time_belong_to_it(subject: &Subject) -> Outcome {
    let name = group(subject).await?;
    let lines: Vec<InputLogEvent> = [9, 6, 3]
        .into_iter()
        .map(|ago| line(subject, ago, &format!("{ago} s ago")))
        .collect();
    let middle = lines[1].timestamp();
    put(subject, &name, lines).await?;
    let asked = subject.logs().filter_log_events().log_group_name(&name);
    let asked = asked.start_time(middle).end_time(middle);
    let answer = accepted("FilterLogEvents", asked.send().await)?;
    let texts: Vec<&str> = answer
        .events()
        .iter()
        .filter_map(FilteredLogEvent::message)
        .collect();
    same("the lines", &texts, &vec!["6 s ago"])
}

/// Source: user guide, "Filter pattern syntax", matching terms.
async fn a_term_finds_the_lines_that_hold_it(subject: &Subject) -> Outcome {
    let name = group(subject).await?;
    let lines = vec![
        line(subject, 3, "ERROR out of time"),
        line(subject, 2, "WARN out of memory"),
    ];
    put(subject, &name, lines).await?;
    let error = vec!["ERROR out of time".to_owned()];
    same("ERROR", &found(subject, &name, "ERROR").await?, &error)?;
    let phrase = found(subject, &name, "\"of time\"").await?;
    same("a phrase", &phrase, &error)?;
    let both = found(subject, &name, "ERROR time").await?;
    same("two terms", &both, &error)?;
    let none = found(subject, &name, "error").await?;
    same("in small letters", &none, &Vec::new())
}

/// Source: user guide, "Filter pattern syntax", matching JSON.
async fn a_field_of_json_finds_the_lines_that_have_it(subject: &Subject) -> Outcome {
    let name = group(subject).await?;
    let wanted = r#"{"workload":"wildrydes","message":"a"}"#;
    let lines = vec![
        line(subject, 4, wanted),
        line(
            subject,
            3,
            r#"{"workload":"unicorn","message":"wildrydes"}"#,
        ),
        line(subject, 2, "wildrydes"),
    ];
    put(subject, &name, lines).await?;
    same(
        "the lines",
        &found(subject, &name, r#"{ $.workload = "wildrydes" }"#).await?,
        &vec![wanted.to_owned()],
    )
}

async fn pages_of_lines_lead_to_the_rest(subject: &Subject) -> Outcome {
    let name = group(subject).await?;
    let lines = (0..5).map(|place| line(subject, 9 - place, &place.to_string()));
    put(subject, &name, lines.collect()).await?;
    let mut texts = Vec::new();
    let mut token = None;
    for _ in 0..10 {
        let asked = subject.logs().filter_log_events().log_group_name(&name);
        let asked = asked.limit(2).set_next_token(token);
        let page = accepted("FilterLogEvents", asked.send().await)?;
        same(
            "a page of two at the most",
            &(page.events().len() <= 2),
            &true,
        )?;
        let events = page.events().iter();
        texts.extend(events.filter_map(|one| one.message().map(str::to_owned)));
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    let all: Vec<String> = (0..5).map(|place| place.to_string()).collect();
    same("the lines", &texts, &all)
}

/// Source: PutLogEvents: "None of the log events in the batch can be older than 14 days".
async fn lines_of_more_than_two_weeks_ago_are_rejected(subject: &Subject) -> Outcome {
    let name = group(subject).await?;
    let old = vec![line(subject, 15 * 86_400, "old")];
    let put = subject.logs().put_log_events().log_group_name(&name);
    let put = put.log_stream_name(STREAM).set_log_events(Some(old));
    let answer = accepted("PutLogEvents", put.send().await)?;
    let rejected = answer.rejected_log_events_info();
    let end = rejected.and_then(RejectedLogEventsInfo::too_old_log_event_end_index);
    same("tooOldLogEventEndIndex", &end, &Some(1))
}

/// Source: PutLogEvents: "The log events in the batch must be in chronological order".
async fn a_batch_that_is_not_in_the_order_of_time_is_refused(subject: &Subject) -> Outcome {
    let name = group(subject).await?;
    let lines = vec![line(subject, 1, "later"), line(subject, 5, "earlier")];
    let put = subject.logs().put_log_events().log_group_name(&name);
    let put = put.log_stream_name(STREAM).set_log_events(Some(lines));
    refused(
        "the batch",
        put.send().await,
        "InvalidParameterException",
        400,
    )
}

async fn lines_of_a_group_that_does_not_exist_are_refused(subject: &Subject) -> Outcome {
    let asked = subject.logs().filter_log_events();
    let nowhere = asked.log_group_name(subject.name("nowhere"));
    refused(
        "nothing",
        nowhere.send().await,
        "ResourceNotFoundException",
        400,
    )
}

async fn put(subject: &Subject, group: &str, lines: Vec<InputLogEvent>) -> Result<()> {
    let put = subject.logs().put_log_events().log_group_name(group);
    let put = put.log_stream_name(STREAM).set_log_events(Some(lines));
    accepted("PutLogEvents", put.send().await)?;
    Ok(())
}

async fn found(subject: &Subject, group: &str, pattern: &str) -> Result<Vec<String>> {
    let asked = subject.logs().filter_log_events().log_group_name(group);
    let answer = accepted(
        "FilterLogEvents",
        asked.filter_pattern(pattern).send().await,
    )?;
    let events = answer.events().iter();
    Ok(events
        .filter_map(|one| one.message().map(str::to_owned))
        .collect())
}
