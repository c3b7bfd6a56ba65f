//! What happened in a history, for whoever has to understand it.

use region::history::Change;
use serde_json::Value;

use crate::seam::Desk;

/// What was done, by whom, and what came of each run, in order.
pub(crate) fn tell(desk: &Desk) -> Vec<String> {
    let log = desk.log();
    let state = desk.place.region.state();
    let mut lines: Vec<(usize, usize, String)> = Vec::new();
    for deed in &log.deeds {
        let what = serde_json::to_string(&deed.what).unwrap();
        let vain = if deed.done { "" } else { " (in vain)" };
        let line = format!("{} {what}{vain}", deed.mark.at);
        lines.push((deed.mark.changes, deed.mark.messages, line));
    }
    for (number, run) in log.runs.iter().enumerate() {
        let mark = run.ended.unwrap_or(run.began);
        let asked = match &run.asked["detail"]["alarmName"] {
            Value::String(alarm) => format!("event of {alarm}"),
            _ => run.asked.to_string(),
        };
        let asked: String = asked.chars().take(160).collect();
        let outcome = match &run.outcome {
            None => "killed, or out of time".to_owned(),
            Some(Err(error)) => format!("{}: {}", error.error_type, error.error_message),
            Some(Ok(answer)) => match answer["sentence"].as_str() {
                Some(sentence) => sentence.to_owned(),
                None => outcomes(answer),
            },
        };
        let indent = if run.parent.is_some() { "      " } else { "  " };
        let calls = log.calls.iter().filter(|call| call.run == number).count();
        let line = format!(
            "{}{indent}{} {asked} [{calls} calls, from {}] -> {outcome}",
            mark.at, run.function, run.began.at
        );
        lines.push((mark.changes, mark.messages, line));
    }
    for (place, happened) in state.history.changes().iter().enumerate() {
        let by = happened.by.as_deref().unwrap_or("-");
        let line = match &happened.what {
            Change::Shift(change) => format!(
                "{}    * {:?} {} on {} away from {} \"{}\" by {by}",
                change.at,
                change.what,
                change.id.chars().skip(30).collect::<String>(),
                change.resource.as_ref().map_or("-", |arn| arn.short()),
                change.zone,
                change.comment
            ),
            Change::Group(change) => {
                let list = |subnets: &[domain::SubnetId]| {
                    let short = subnets.iter().map(|subnet| &subnet.as_str()[7..9]);
                    short.collect::<Vec<_>>().join(",")
                };
                format!(
                    "{}    * {} {} -> {} by {by}",
                    change.at,
                    change.group,
                    list(&change.before),
                    list(&change.after)
                )
            }
        };
        lines.push((place, 0, line));
    }
    for (number, message) in state.sns.inbox().iter().enumerate() {
        let subject = message.published.subject.clone().unwrap_or_default();
        let line = format!("{}    > {subject}", message.at);
        lines.push((usize::MAX, number, line));
    }
    let mut lines: Vec<String> = lines.into_iter().map(|(_, _, line)| line).collect();
    lines.sort_by(|one, other| moment(one).cmp(moment(other)));
    lines
}

/// The time that a line begins with.
fn moment(line: &str) -> &str {
    line.split([' '])
        .next()
        .unwrap_or_default()
        .trim_end_matches('Z')
}

fn outcomes(answer: &Value) -> String {
    let mut told = Vec::new();
    for (list, name) in [("resources", "resource"), ("groups", "group")] {
        for report in answer[list].as_array().into_iter().flatten() {
            let whom = report[name].as_str().unwrap_or_default();
            let whom = whom.rsplit_once("app/").map_or(whom, |(_, name)| name);
            let outcome = report["outcome"].as_str().unwrap_or_default();
            let more = ["message", "refusal", "because", "kind", "capacity"]
                .iter()
                .filter_map(|field| report.get(field))
                .map(ToString::to_string);
            let more: Vec<String> = more.collect();
            told.push(format!("{whom} {outcome} {}", more.join(" ")));
        }
    }
    format!("inEffect {} {}", answer["inEffect"], told.join("; "))
}
