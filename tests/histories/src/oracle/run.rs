//! What a run owes when it ends.

use std::collections::BTreeMap;

use domain::incident::Marker;
use region::arc::Status;
use region::lambda::FunctionFailure;
use region::stage::{ASG_PRUNING, CLASSIFIER, ZONAL_SHIFT};
use region::state::State;
use serde_json::Value;

use crate::seam::{Desk, Log, Request, Run};

/// What is wrong with a run that has just ended with an answer or an error.
pub(crate) fn judge(desk: &Desk, number: usize) -> Vec<String> {
    let log = desk.log();
    let state = desk.place.region.state();
    let run = &log.runs[number];
    let Some(outcome) = &run.outcome else {
        return Vec::new();
    };
    let mut wrong = swallowed_calls(&log, &state, number, outcome);
    if run.function == CLASSIFIER {
        wrong.extend(swallowed_answers(desk, &log, number, outcome));
        wrong.extend(duplicates_work(&log, &state, number));
    }
    if must_not_change(desk, &log, run) {
        let changes = log.calls.iter().filter(|call| {
            let service = call.request.service.as_str();
            call.run == number
                && call.request.mutates()
                && matches!(service, "arc-zonal-shift" | "autoscaling")
        });
        wrong.extend(changes.map(|call| format!("invariant 8: {}", name(&call.request))));
    }
    wrong
}

/// Invariant 9, for the calls of a run. One that changes something and failed with its last attempt
/// must be told of, unless it had its effect all the same.
fn swallowed_calls(
    log: &Log,
    state: &State,
    number: usize,
    outcome: &Result<Value, FunctionFailure>,
) -> Vec<String> {
    let Ok(answer) = outcome else {
        return Vec::new();
    };
    // Whether a call had its effect cannot be told afterwards where others worked on the same things.
    if is_disturbed(log, number) {
        return Vec::new();
    }
    let mut last: Vec<(&Request, Option<u16>)> = Vec::new();
    for call in log.calls.iter().filter(|call| call.run == number) {
        if !call.request.mutates() {
            continue;
        }
        match last
            .iter_mut()
            .find(|(request, _)| **request == call.request)
        {
            Some((_, status)) => *status = call.status,
            None => last.push((&call.request, call.status)),
        }
    }
    let failed = last
        .into_iter()
        .filter(|(_, status)| status.is_none_or(|status| status >= 400))
        .map(|(request, _)| request);
    failed
        .filter(|request| !has_effect(state, request) && !is_told(answer, request))
        .map(|request| {
            format!(
                "invariant 9: {} failed, and {} says nothing of it: {answer}",
                name(request),
                log.runs[number].function
            )
        })
        .collect()
}

/// Whether anything else happened while a run was under way.
fn is_disturbed(log: &Log, number: usize) -> bool {
    let run = &log.runs[number];
    let others = log.runs.iter().enumerate().filter(|(other, one)| {
        *other != number && one.function == run.function && one.ended.is_none()
    });
    log.deeds.len() > run.began.deeds || others.count() > 0
}

fn name(request: &Request) -> String {
    match request.action() {
        Some(action) => format!("{action} of {}", request.group().unwrap_or_default()),
        None => format!("{} {}", request.method, request.path),
    }
}

/// Whether the Region is as a call wanted it.
fn has_effect(state: &State, request: &Request) -> bool {
    match request.service.as_str() {
        "autoscaling" => {
            let Some(group) = request
                .group()
                .and_then(|name| state.auto_scaling.group(&name))
            else {
                // A group that is gone lacks nothing.
                return true;
            };
            let tags = tags(request);
            match request.action() {
                Some("UpdateAutoScalingGroup") => {
                    let wanted = request.field("VPCZoneIdentifier").unwrap_or_default();
                    let mut wanted: Vec<&str> = wanted.split(',').collect();
                    let mut has: Vec<&str> =
                        group.subnets.iter().map(domain::SubnetId::as_str).collect();
                    wanted.sort_unstable();
                    has.sort_unstable();
                    wanted == has
                }
                Some("CreateOrUpdateTags") => tags
                    .iter()
                    .all(|(key, value)| group.tags.get(key) == Some(value)),
                _ => tags.keys().all(|key| !group.tags.contains_key(key)),
            }
        }
        "arc-zonal-shift" => {
            let body = request.json();
            let mut active = state
                .arc
                .shifts()
                .iter()
                .filter(|shift| shift.status == Status::Active);
            match request.method.as_str() {
                "POST" => active.any(|shift| {
                    body["resourceIdentifier"] == shift.resource.as_str()
                        && body["awayFrom"] == shift.away_from.as_str()
                }),
                "PATCH" => active.any(|shift| {
                    request.path.ends_with(&shift.id) && body["comment"] == shift.comment.as_str()
                }),
                _ => !active.any(|shift| request.path.ends_with(&shift.id)),
            }
        }
        _ => false,
    }
}

/// The tags that a call names.
fn tags(request: &Request) -> BTreeMap<String, String> {
    let numbers = 1..;
    numbers
        .map_while(|number| {
            let field = |name: &str| request.field(&format!("Tags.member.{number}.{name}"));
            Some((field("Key")?, field("Value").unwrap_or_default()))
        })
        .collect()
}

/// Whether an answer says of the resource or group of a call that it is not as it was to be.
fn is_told(answer: &Value, request: &Request) -> bool {
    const NOT_DONE: [&str; 6] = [
        "failed",
        "refused",
        "heldByOther",
        "notStarted",
        "notShifted",
        "notManaged",
    ];
    let lists = ["resources", "groups"].into_iter();
    let reports = lists
        .filter_map(|list| answer[list].as_array())
        .flatten()
        .filter(|report| {
            let of = |field: &str| report[field].as_str();
            match request.group() {
                Some(group) => of("group") == Some(&group),
                // A cancel or an update names only the shift.
                None => of("resource").is_some_and(|arn| {
                    request.method != "POST" || request.json()["resourceIdentifier"] == arn
                }),
            }
        });
    let mut outcomes = reports.filter_map(|report| report["outcome"].as_str());
    let not_reached = answer["notReached"]["groups"].as_array();
    let cut_off = not_reached.is_some_and(|groups| {
        request
            .group()
            .is_some_and(|group| groups.iter().any(|name| *name == group.as_str()))
    });
    cut_off || outcomes.any(|outcome| NOT_DONE.contains(&outcome))
}

/// Invariant 9, for what a classifier was answered: the failure of a function that it asked, and each
/// failure within an answer, is one of its own.
fn swallowed_answers(
    desk: &Desk,
    log: &Log,
    number: usize,
    outcome: &Result<Value, FunctionFailure>,
) -> Vec<String> {
    let Ok(report) = outcome else {
        return Vec::new();
    };
    let listed = |field: &str| {
        report[field]
            .as_array()
            .is_some_and(|list| !list.is_empty())
    };
    let children = log
        .runs
        .iter()
        .enumerate()
        .filter(|(_, run)| run.parent == Some(number));
    let failed = children.filter(|(child, run)| {
        let failed = match &run.outcome {
            Some(Ok(answer)) => any_failed(answer),
            Some(Err(_)) | None => true,
        };
        // What could not be read is taken into account; what could not be done never is.
        let was_read = run.asked["action"] == "status";
        // What does not exist at all is, in peacetime, a finding of its own.
        let told = listed("failures") || (was_read && (listed("unread") || listed("unready")));
        let again = log.runs.iter().enumerate().any(|(later, other)| {
            let succeeded = matches!(&other.outcome, Some(Ok(answer)) if !any_failed(answer));
            later > *child && other.parent == Some(number) && other.asked == run.asked && succeeded
        });
        // Groups that do not exist are no concern of a policy that prunes none.
        let unneeded = was_read
            && desk.setting.mode == "shift"
            && matches!(&run.outcome, Some(Ok(answer)) if only_missing(answer));
        failed && !told && !again && !unneeded
    });
    failed
        .map(|(_, run)| {
            format!(
                "invariant 9: {} did not do {}, and the classifier says nothing of it",
                run.function, run.asked
            )
        })
        .collect()
}

fn any_failed(answer: &Value) -> bool {
    let lists = ["resources", "groups"].into_iter();
    let mut reports = lists.filter_map(|list| answer[list].as_array()).flatten();
    reports.any(|report| report["outcome"] == "failed") || answer.get("notReached").is_some()
}

/// Whether all that failed in an answer is that a group does not exist.
fn only_missing(answer: &Value) -> bool {
    let groups = answer["groups"].as_array().into_iter().flatten();
    let mut failed = groups.filter(|report| report["outcome"] == "failed");
    failed.all(|report| report["class"] == "not-found")
}

/// Invariant 6: an event that was handled to its end, and comes again while nothing else has happened,
/// changes nothing but the expiry of a shift.
fn duplicates_work(log: &Log, state: &State, number: usize) -> Vec<String> {
    let run = &log.runs[number];
    if run.asked.get("detail-type").is_none() {
        return Vec::new();
    }
    let handled = log.runs[..number].iter().any(|before| {
        let evacuated =
            matches!(&before.outcome, Some(Ok(report)) if report["verdict"] == "evacuate");
        let nothing_since = before.ended.is_some_and(|ended| {
            ended.deeds == log.deeds.len() && ended.changes == run.began.changes
        });
        before.function == CLASSIFIER && before.asked == run.asked && evacuated && nothing_since
    });
    let alone = log.runs.iter().enumerate().all(|(other, one)| {
        other == number
            || one.parent == Some(number)
            || one.ended.is_some_and(|ended| ended.at <= run.began.at)
    });
    if !handled || !alone {
        return Vec::new();
    }
    let changes = &state.history.changes()[run.began.changes..];
    let worked = changes.iter().filter(|happened| {
        let renews = matches!(
            &happened.what,
            region::history::Change::Shift(change) if change.what == region::arc::What::Updated
                && Marker::from_comment(&change.comment).is_some()
        );
        !renews && (happened.is_by(ZONAL_SHIFT) || happened.is_by(ASG_PRUNING))
    });
    worked
        .map(|happened| format!("invariant 6: a duplicate did this: {happened:?}"))
        .collect()
}

/// Invariant 8: whether nothing may be changed in a run.
fn must_not_change(desk: &Desk, log: &Log, run: &Run) -> bool {
    let by = run.parent.map_or(run, |parent| &log.runs[parent]);
    desk.setting.mode == "observe" || by.asked["dryRun"] == true || by.asked["action"] == "explain"
}
