//! The only function that talks to Auto Scaling: it takes a zone's subnets out of the groups, and
//! puts them back.
//!
//! Groups are read page by page, and each page is finished before the next is read: of the others
//! only the names and the outcomes are kept. For each group, [`domain::prune::plan`] decides from the
//! group alone, and decides again from a fresh reading just before the group is changed. The record
//! of what is removed is written to the group's tags before its subnets change, and deleted after
//! they are back. Whether a change was made is read back, whatever the call answered. What the
//! deadline does not leave time for is named in the answer.

mod auto_scaling;
pub mod request;

use std::collections::{BTreeMap, BTreeSet};

use domain::failure::{Class, Failure};
use domain::prune::{
    ANSWER_SCHEMA, GroupReport, GroupState, NotReached, Outcome, PruneAction, PruneAnswer,
    PruneRequest, PrunedFor, Record, Step, capacity, obstacles, plan,
};
use domain::workload::GroupSelector;
use domain::{IncidentId, SubnetId};
use futures_util::stream::{self, StreamExt};
use runtime::clients::Connections;
use runtime::failure::FunctionError;
use runtime::invocation::Invocation;
use serde_json::Value;
use tokio::time::{Duration, sleep, timeout};

use crate::auto_scaling::{AutoScaling, Pages};

/// Groups at a time. Auto Scaling's bucket is shared by the whole account, and so is its limit.
const AT_A_TIME: usize = 8;

/// What is kept of the time for answering.
const TO_ANSWER: Duration = Duration::from_millis(1500);

/// A group is not begun with less time than this.
const TO_BEGIN: Duration = Duration::from_secs(3);

/// Waits between reading back, while the group does not show the change yet.
const READ_BACK_WAITS: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(800)];

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
        let _ = self.auto_scaling.group(name).await;
        let _ = self.auto_scaling.write_tags(name, &tags).await;
        let _ = self.auto_scaling.update_subnets(name, &[]).await;
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
        let mut pages = self.auto_scaling.pages(&request.groups, with_instances);
        let mut groups = Vec::new();
        let mut not_reached = NotReached::default();
        loop {
            if invocation.remaining() < TO_BEGIN + TO_ANSWER {
                not_reached.more = !pages.is_exhausted();
                break;
            }
            let left = invocation.remaining().saturating_sub(TO_ANSWER);
            let page = timeout(left, pages.next()).await.unwrap_or_else(|_| {
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
            let mut outcomes = stream::iter(page)
                .map(|group| self.reach(&request, &invocation, group))
                .buffered(AT_A_TIME);
            while let Some(outcome) = outcomes.next().await {
                match outcome {
                    Ok(report) => groups.push(report),
                    Err(name) => not_reached.groups.push(name),
                }
            }
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

    /// Acts on a group within the time that is left; its name where time ran out. To be cut off at
    /// any point does no harm: the record is there before the change and until after its undo.
    async fn reach(
        &self,
        request: &PruneRequest,
        invocation: &Invocation,
        group: GroupState,
    ) -> Result<GroupReport, String> {
        let name = group.name.clone();
        let left = invocation.remaining().saturating_sub(TO_ANSWER);
        if left < TO_BEGIN {
            return Err(name);
        }
        timeout(left, self.act(request, group))
            .await
            .map_err(|_| name)
    }

    async fn act(&self, request: &PruneRequest, group: GroupState) -> GroupReport {
        let pruned_for = Record::read(&group.tags)
            .ok()
            .flatten()
            .map(PrunedFor::from);
        let (step, group) = match plan(request, &group) {
            Step::Leave(outcome) => (Step::Leave(outcome), group),
            Step::Prune { .. } | Step::Restore { .. } => self.plan_afresh(request, group).await,
        };
        let (outcome, after) = match step {
            Step::Leave(outcome) => (outcome, group),
            Step::Prune {
                record,
                removed,
                remaining,
            } => self.prune(group, record, removed, remaining).await,
            Step::Restore {
                target,
                added,
                keys,
            } => self.restore(group, target, added, keys).await,
        };
        let obstacles = match request.action {
            PruneAction::Status => obstacles(request, &after),
            PruneAction::Prune { .. } | PruneAction::Restore { .. } => Vec::new(),
        };
        let zone = request.action.incident().map(IncidentId::zone);
        GroupReport {
            group: after.name.clone(),
            outcome,
            pruned_for,
            capacity: match (&request.action, zone) {
                (PruneAction::Restore { .. }, Some(zone)) => capacity(&after, zone, &request.zones),
                _ => None,
            },
            obstacles,
        }
    }

    /// Plans from a new reading. Since its page was listed, somebody may have changed the group, and
    /// whoever sets a group's subnets sets all of them.
    async fn plan_afresh(&self, request: &PruneRequest, listed: GroupState) -> (Step, GroupState) {
        let refresh = async {
            match &request.action {
                PruneAction::Prune { .. } => {
                    self.auto_scaling.refresh_in_progress(&listed.name).await
                }
                PruneAction::Restore { .. } | PruneAction::Status => Ok(None),
            }
        };
        match tokio::try_join!(self.auto_scaling.group(&listed.name), refresh) {
            Ok((group, refresh)) => {
                let group = GroupState { refresh, ..group };
                (plan(request, &group), group)
            }
            Err(failure) => (Step::Leave(failed(failure)), listed),
        }
    }

    async fn prune(
        &self,
        group: GroupState,
        record: Record,
        removed: BTreeSet<SubnetId>,
        remaining: Vec<String>,
    ) -> (Outcome, GroupState) {
        if let Err(failure) = self
            .auto_scaling
            .write_tags(&group.name, &record.to_tags())
            .await
        {
            return (failed(failure), group);
        }
        let is_done = |after: &GroupState| {
            !after
                .subnets
                .iter()
                .any(|subnet| removed.iter().any(|gone| gone.as_str() == subnet))
        };
        let after = match self.change(&group, &remaining, is_done).await {
            Ok(after) => after,
            Err(failure) => return (failed(failure), group),
        };
        match self.keep_record_of_prune(&after, &record).await {
            Ok(()) => (
                Outcome::Pruned {
                    removed,
                    remaining: after.subnets.clone(),
                },
                after,
            ),
            Err(failure) => (failed(failure), after),
        }
    }

    async fn restore(
        &self,
        group: GroupState,
        target: Option<Vec<String>>,
        added: BTreeSet<SubnetId>,
        keys: BTreeSet<String>,
    ) -> (Outcome, GroupState) {
        let after = match target {
            None => group.clone(),
            Some(target) => {
                let is_done = |after: &GroupState| {
                    added
                        .iter()
                        .all(|back| after.subnets.iter().any(|subnet| back.as_str() == subnet))
                };
                match self.change(&group, &target, is_done).await {
                    Ok(after) => after,
                    Err(failure) => return (failed(failure), group),
                }
            }
        };
        if let Err(failure) = same_record(&group, &after) {
            return (failed(failure), after);
        }
        if let Err(failure) = self.auto_scaling.delete_tags(&group.name, &keys).await {
            return (failed(failure), after);
        }
        match self.keep_record(&group).await {
            Ok(()) => (Outcome::Restored { added }, after),
            Err(failure) => (failed(failure), after),
        }
    }

    /// Writes the record again if it was deleted before the group had lost its subnets: by a restore
    /// that ran at the same time and found nothing missing, or by a person. The restore looks at the
    /// subnets after it has deleted, and this looks at the record after the subnets are gone, so one of
    /// the two sees the other.
    async fn keep_record_of_prune(
        &self,
        after: &GroupState,
        record: &Record,
    ) -> Result<(), Failure> {
        if !Record::keys_in(&after.tags).is_empty() {
            return Ok(());
        }
        self.auto_scaling
            .write_tags(&after.name, &record.to_tags())
            .await?;
        let message = format!("{} lost the record of its prune meanwhile", after.name);
        Err(Failure::new(Class::Conflict, message))
    }

    /// Writes the record again if the group lacks, after all, what the record named: a prune ran at
    /// the same time, and its record was deleted with ours.
    async fn keep_record(&self, before: &GroupState) -> Result<(), Failure> {
        let after = self.auto_scaling.group(&before.name).await?;
        let Ok(Some(record)) = Record::read(&before.tags) else {
            return Ok(());
        };
        let lacks = |subnet: &SubnetId| !after.subnets.iter().any(|has| has == subnet.as_str());
        let on_record = !Record::keys_in(&after.tags).is_empty();
        if on_record || !record.removed.iter().any(lacks) {
            return Ok(());
        }
        self.auto_scaling
            .write_tags(&before.name, &record.to_tags())
            .await?;
        let message = format!("{} lost the zone's subnets again meanwhile", before.name);
        Err(Failure::new(Class::Conflict, message))
    }

    /// Gives a group these subnets, and reads back what it has then. The call's own answer decides
    /// nothing: an answer may get lost, and somebody else may change the group at the same time.
    async fn change(
        &self,
        group: &GroupState,
        subnets: &[String],
        is_done: impl Fn(&GroupState) -> bool,
    ) -> Result<GroupState, Failure> {
        let called = self.auto_scaling.update_subnets(&group.name, subnets).await;
        if let Err(failure) = &called
            && !matches!(
                failure.class,
                Class::Timeout | Class::Unavailable | Class::BadAnswer | Class::Conflict
            )
        {
            return Err(failure.clone());
        }
        let mut waits = READ_BACK_WAITS.iter();
        loop {
            let after = self.auto_scaling.group(&group.name).await?;
            if is_done(&after) {
                return Ok(after);
            }
            match waits.next() {
                Some(wait) => sleep(*wait).await,
                None => break,
            }
        }
        called?;
        Err(Failure::new(
            Class::NotApplied,
            format!(
                "UpdateAutoScalingGroup of {} was accepted, but the group's subnets are not what was asked for",
                group.name
            ),
        ))
    }
}

/// Whether the record that is to be deleted is the one that was read. A restore that was slow may find
/// that of another zone, which was pruned meanwhile, under the same keys.
fn same_record(before: &GroupState, after: &GroupState) -> Result<(), Failure> {
    let keys = Record::keys_in(&after.tags);
    let changed = |key: &String| after.tags.get(key) != before.tags.get(key);
    if keys.iter().any(changed) {
        let message = format!("the record on {} has changed meanwhile", after.name);
        return Err(Failure::new(Class::Conflict, message));
    }
    Ok(())
}

fn failed(failure: Failure) -> Outcome {
    Outcome::Failed {
        class: failure.class,
        message: failure.message,
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
