//! The only function that talks to Auto Scaling: it takes a zone's subnets out of the groups, and
//! puts them back.
//!
//! Groups are read page by page, and each page is finished before the next is read: of the others
//! only the names and the outcomes are kept. For each group, [`domain::prune::plan`] decides from the
//! group alone, and decides again from a fresh reading just before the group is changed ([`few`]). The record
//! of what is removed is written to the group's tags before its subnets change, and deleted after
//! they are back. Whether a change was made is read back, whatever the call answered. What the
//! deadline does not leave time for is named in the answer.

mod auto_scaling;
mod few;
pub mod request;

use std::collections::BTreeMap;

use domain::failure::{Class, Failure};
use domain::prune::{
    ANSWER_SCHEMA, GroupReport, GroupState, NotReached, Outcome, PruneAction, PruneAnswer,
    PruneRequest,
};
use domain::workload::GroupSelector;
use runtime::clients::Connections;
use runtime::failure::FunctionError;
use runtime::invocation::Invocation;
use runtime::turn::Turn;
use serde_json::Value;
use tokio::time::{Duration, timeout};

use crate::auto_scaling::{AutoScaling, Pages};
use crate::few::{Few, failed, names};

/// Groups at a time. Auto Scaling's bucket is shared by the whole account, and so is its limit; and the
/// more there are, the older is what was read of the last when it is changed.
const AT_A_TIME: usize = 8;

/// What is kept of the time for answering.
const TO_ANSWER: Duration = Duration::from_millis(1500);

/// A group is not begun with less time than this.
const TO_BEGIN: Duration = Duration::from_secs(3);

/// The function.
#[derive(Debug, Clone)]
pub struct AsgPruning {
    auto_scaling: AutoScaling,
}

impl AsgPruning {
    /// The function, over these connections.
    #[must_use]
    pub fn new(connections: &Connections) -> Self {
        Self {
            auto_scaling: AutoScaling::new(connections),
        }
    }

    /// Makes the calls of a prune, over connections that let none through: [`runtime::warm_up`].
    pub async fn rehearse(&self) {
        let name = "rehearsal";
        let tags = BTreeMap::from([(name.to_owned(), String::new())]);
        let turn = Turn::within(Duration::ZERO);
        let _ = self.auto_scaling.groups(&[name.to_owned()], &turn).await;
        let _ = self.auto_scaling.write_tags(name, &tags, &turn).await;
        let _ = self.auto_scaling.update_subnets(name, &[], &turn).await;
    }

    /// Performs a request.
    ///
    /// # Errors
    /// [`Class::BadInput`] where the payload is not a request of this version, and nothing was
    /// called then; the failure of reading the groups. What fails with a single group stands in the
    /// answer instead, beside what became of the others; the classifier makes an error of it.
    pub async fn handle(
        &self,
        invocation: Invocation,
        payload: Value,
    ) -> Result<PruneAnswer, FunctionError> {
        let request = request::read(&payload)?;
        // Instances cost much to list, and only their return is waited for.
        let with_instances = !matches!(request.action, PruneAction::Prune { .. });
        let turn = Turn::within(invocation.remaining().saturating_sub(TO_ANSWER));
        let mut pages = self.auto_scaling.pages(&request.groups, with_instances);
        let mut groups = Vec::new();
        let mut not_reached = NotReached::default();
        loop {
            if invocation.remaining() < TO_BEGIN + TO_ANSWER {
                not_reached.more = !pages.is_exhausted();
                break;
            }
            let left = invocation.remaining().saturating_sub(TO_ANSWER);
            let page = timeout(left, pages.next(&turn)).await.unwrap_or_else(|_| {
                let message = "DescribeAutoScalingGroups: no answer before the deadline";
                Err(Failure::new(Class::OutOfTime, message))
            });
            let page = match page {
                Ok(Some(page)) => page,
                Ok(None) => break,
                Err(failure) if groups.is_empty() => return Err(failure.into()),
                // What was done so far must not get lost with the page that failed.
                Err(failure) => {
                    not_reached.more = true;
                    groups.push(unlisted(failure));
                    break;
                }
            };
            let (reports, names) = self.reach(&request, &invocation, &turn, page).await;
            groups.extend(reports);
            not_reached.groups.extend(names);
        }
        // What is gone needs no restoring.
        let all_wanted = !matches!(request.action, PruneAction::Restore { .. });
        if all_wanted && not_reached.is_nothing() {
            groups.extend(missing(&request.groups, &pages));
        }
        for report in &groups {
            log(&request, report);
        }
        Ok(PruneAnswer {
            schema: ANSWER_SCHEMA.to_owned(),
            action: request.action.name().to_owned(),
            incident: request.action.incident().cloned(),
            dry_run: request.dry_run,
            groups,
            not_reached,
        })
    }

    /// Acts on groups within the time that is left: the reports, and the names of those for which time ran
    /// out. To be cut off at any point does no harm: the record is there before the change and until after
    /// its undo.
    async fn reach(
        &self,
        request: &PruneRequest,
        invocation: &Invocation,
        turn: &Turn,
        groups: Vec<GroupState>,
    ) -> (Vec<GroupReport>, Vec<String>) {
        let few = Few::new(&self.auto_scaling, request, turn);
        let mut reports: Vec<(usize, GroupReport)> = Vec::new();
        let mut to_act_on = Vec::new();
        for (index, group) in groups.into_iter().enumerate() {
            match few.leave(&group) {
                Some(report) => reports.push((index, report)),
                None => to_act_on.push((index, group)),
            }
        }
        let mut not_reached = Vec::new();
        while !to_act_on.is_empty() {
            let rest = to_act_on.split_off(to_act_on.len().min(AT_A_TIME));
            let (places, groups): (Vec<usize>, Vec<GroupState>) = to_act_on.into_iter().unzip();
            to_act_on = rest;
            let names = names(&groups);
            let left = invocation.remaining().saturating_sub(TO_ANSWER);
            let acted = match left < TO_BEGIN {
                true => None,
                false => timeout(left, few.act(groups)).await.ok(),
            };
            match acted {
                Some(acted) => reports.extend(places.into_iter().zip(acted)),
                None => not_reached.extend(names),
            }
        }
        reports.sort_by_key(|(index, _)| *index);
        let reports = reports.into_iter().map(|(_, report)| report).collect();
        (reports, not_reached)
    }
}

/// The failure to list further groups, in the place of a group.
fn unlisted(failure: Failure) -> GroupReport {
    GroupReport {
        group: "further groups".to_owned(),
        outcome: failed(failure),
        pruned_for: None,
        capacity: None,
        obstacles: Vec::new(),
    }
}

/// Groups that the selector names and Auto Scaling does not have, as failures: a workload whose
/// groups cannot be found is not evacuated.
fn missing(selector: &GroupSelector, pages: &Pages) -> Vec<GroupReport> {
    let report = |group: String, message: String| GroupReport {
        group,
        outcome: Outcome::Failed {
            class: Class::NotFound,
            message,
        },
        pruned_for: None,
        capacity: None,
        obstacles: Vec::new(),
    };
    match selector {
        GroupSelector::Names(names) => names
            .iter()
            .filter(|name| !pages.seen().contains(*name))
            .map(|name| {
                report(
                    name.clone(),
                    format!("there is no group {name}; correct workload.autoScalingGroups"),
                )
            })
            .collect(),
        GroupSelector::Tag { key, value } if pages.seen().is_empty() => {
            let message = format!(
                "no group has the tag {key}={value}; tag the workload's groups, or correct workload.autoScalingGroups"
            );
            vec![report(format!("{key}={value}"), message)]
        }
        GroupSelector::Tag { .. } => Vec::new(),
    }
}

fn log(request: &PruneRequest, report: &GroupReport) {
    let workload = request.workload.as_str();
    let incident = request.action.incident().map(ToString::to_string);
    let zone = request
        .action
        .incident()
        .map(|incident| incident.zone().to_string());
    let group = report.group.as_str();
    let action = request.action.name();
    match &report.outcome {
        Outcome::Pruned { .. } | Outcome::Restored { .. } => {
            tracing::info!(workload, zone, incident, group, action, drill = request.drill, outcome = ?report.outcome, "group changed");
        }
        Outcome::Refused { refusal } => {
            tracing::warn!(
                workload,
                zone,
                incident,
                group,
                action,
                "group left: {refusal}"
            );
        }
        Outcome::Failed { class, message } => {
            tracing::error!(
                workload,
                zone,
                incident,
                group,
                action,
                class = class.name(),
                "{message}"
            );
        }
        _ => {
            tracing::debug!(workload, zone, incident, group, action, outcome = ?report.outcome, "group left");
        }
    }
}
