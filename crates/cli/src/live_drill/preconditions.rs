//! What has to be well before anything is moved.

use domain::verdict::Verdict;

use super::Drill;
use crate::account::{Alarms, Functions, Groups, Shifts};
use crate::steer::ask;

/// Everything that is not well, in words; nothing where the drill may begin.
pub(super) async fn look(drill: &Drill<'_>) -> Vec<String> {
    let (account, found) = (drill.account, &drill.found);
    let workload = &found.workload;
    let mut wrong = Vec::new();
    match Functions::of(account).is_stopped(&found.classifier).await {
        Ok(false) => {}
        Ok(true) => {
            wrong.push(
                "Evac is stopped: the reserved concurrency of its classifier is 0".to_owned(),
            );
            return wrong;
        }
        Err(error) => wrong.push(error.to_string()),
    }
    match Alarms::of(account).standing(&workload.alarm_names()).await {
        Err(error) => wrong.push(error.to_string()),
        Ok(standing) => wrong.extend(standing.iter().filter_map(|alarm| match &alarm.reading {
            None => Some(format!("there is no alarm {}", alarm.alarm)),
            Some(reading) if reading.state.name() != "OK" => {
                Some(format!("the alarm {} is {}", alarm.alarm, reading.state))
            }
            Some(_) => None,
        })),
    }
    for resource in &workload.resources {
        match Shifts::of(account).in_force(resource).await {
            Err(error) => wrong.push(error.to_string()),
            Ok(shifts) => wrong.extend(shifts.iter().map(|shift| {
                format!(
                    "{} is shifted away from {} already ({})",
                    resource.short(),
                    shift.zone,
                    shift.comment
                )
            })),
        }
    }
    if let Some(selector) = &workload.groups {
        match Groups::of(account).standing(selector).await {
            Err(error) => wrong.push(error.to_string()),
            Ok(groups) => wrong.extend(groups.iter().filter_map(|group| match &group.record {
                Ok(None) => None,
                Ok(Some(record)) => {
                    Some(format!("{} is pruned for {}", group.group, record.incident))
                }
                Err(error) => Some(format!("{}: {error}", group.group)),
            })),
        }
    }
    if !wrong.is_empty() {
        return wrong;
    }
    match ask(account, found, drill.evacuate(true)).await {
        Err(failure) => wrong.push(failure.message),
        Ok(report) => {
            let readied = report.unready.iter().flatten();
            wrong.extend(readied.map(|unready| format!("not ready: {unready}")));
            if !matches!(report.verdict, Verdict::Evacuate { .. }) {
                wrong.push(format!("the classifier would not: {}", report.sentence));
            }
        }
    }
    wrong
}
