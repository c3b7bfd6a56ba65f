//! A few groups at a time, through the same steps together: planned from a fresh reading, changed, looked at
//! again, and their records settled.
//!
//! What is read of all of them is one call. Auto Scaling's bucket is shared by the whole account, and in a
//! zone's failure the calls are what a prune waits for.

use std::collections::{BTreeMap, BTreeSet};

use domain::failure::{Class, Failure};
use domain::prune::{
    GroupReport, GroupState, Outcome, PruneAction, PruneRequest, PrunedFor, Record, Step, capacity,
    obstacles, plan,
};
use domain::{IncidentId, SubnetId};
use futures_util::future::{OptionFuture, join_all};
use runtime::turn::Turn;
use tokio::time::{Duration, sleep};

use crate::auto_scaling::AutoScaling;

/// Waits between reading back, while a group does not show its change yet.
const READ_BACK_WAITS: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(800)];

/// Acts on a few groups.
pub(crate) struct Few<'a> {
    auto_scaling: &'a AutoScaling,
    request: &'a PruneRequest,
    turn: &'a Turn,
}

/// What a group's subnets and its record become.
enum Change {
    Prune {
        record: Record,
        removed: BTreeSet<SubnetId>,
        remaining: Vec<String>,
    },
    Restore {
        record: Option<Record>,
        target: Option<Vec<String>>,
        added: BTreeSet<SubnetId>,
        keys: BTreeSet<String>,
    },
}

impl Change {
    /// Whether the group shows it.
    fn is_seen_on(&self, group: &GroupState) -> bool {
        let has = |id: &SubnetId| group.subnets.iter().any(|subnet| id.as_str() == subnet);
        match self {
            Self::Prune { removed, .. } => !removed.iter().any(has),
            Self::Restore { added, .. } => added.iter().all(has),
        }
    }
}

/// How far a group has come.
enum Course {
    /// Nothing more is to be done.
    Ended { outcome: Outcome, group: GroupState },
    /// Auto Scaling was asked for the change, and has answered this.
    Asked {
        change: Change,
        answer: Result<(), Failure>,
        before: GroupState,
    },
    /// The group shows the change.
    Shown {
        change: Change,
        before: GroupState,
        after: GroupState,
    },
}

impl Course {
    fn failed(failure: Failure, group: GroupState) -> Self {
        Self::Ended {
            outcome: failed(failure),
            group,
        }
    }

    /// What was asked for is shown, where the groups that were read show it.
    fn seen(self, groups: &Result<BTreeMap<String, GroupState>, Failure>) -> Self {
        let Self::Asked {
            change,
            answer,
            before,
        } = self
        else {
            return self;
        };
        match of(groups, &before.name) {
            Err(failure) => Self::failed(failure, before),
            Ok(after) if change.is_seen_on(&after) => Self::Shown {
                change,
                before,
                after,
            },
            Ok(_) => Self::Asked {
                change,
                answer,
                before,
            },
        }
    }
}

impl<'a> Few<'a> {
    pub(crate) fn new(
        auto_scaling: &'a AutoScaling,
        request: &'a PruneRequest,
        turn: &'a Turn,
    ) -> Self {
        Self {
            auto_scaling,
            request,
            turn,
        }
    }

    /// The report of a group that is left as it is; `None` where there is something to be done.
    pub(crate) fn leave(&self, group: &GroupState) -> Option<GroupReport> {
        match plan(self.request, group) {
            Step::Leave(outcome) => Some(self.report(pruned_for(group), outcome, group)),
            Step::Prune { .. } | Step::Restore { .. } => None,
        }
    }

    /// Acts on groups, which were listed like this; a report for each.
    pub(crate) async fn act(&self, listed: Vec<GroupState>) -> Vec<GroupReport> {
        let records: Vec<Option<PrunedFor>> = listed.iter().map(pruned_for).collect();
        let planned = self.plan_afresh(listed).await;
        let begun = planned
            .into_iter()
            .map(|(step, group)| self.begin(step, group));
        let shown = self.look_after(join_all(begun).await).await;
        let ended = self.settle(shown).await;
        let reports = records.into_iter().zip(ended);
        reports
            .map(|(record, (outcome, group))| self.report(record, outcome, &group))
            .collect()
    }

    /// Plans from a new reading. Since their page was listed, somebody may have changed the groups, and
    /// whoever sets a group's subnets sets all of them.
    async fn plan_afresh(&self, listed: Vec<GroupState>) -> Vec<(Step, GroupState)> {
        let with_refreshes = matches!(self.request.action, PruneAction::Prune { .. });
        let names = names(&listed);
        let refreshes = names.iter().map(|name| {
            let asked = self.auto_scaling.refresh_in_progress(name, self.turn);
            OptionFuture::from(with_refreshes.then_some(asked))
        });
        let groups = self.auto_scaling.groups(&names, self.turn);
        let (groups, refreshes) = tokio::join!(groups, join_all(refreshes));
        let afresh = listed.into_iter().zip(refreshes);
        afresh
            .map(|(listed, refresh)| {
                let read = of(&groups, &listed.name)
                    .and_then(|group| Ok((group, refresh.transpose()?.flatten())));
                match read {
                    Ok((group, refresh)) => {
                        let group = GroupState { refresh, ..group };
                        (plan(self.request, &group), group)
                    }
                    Err(failure) => (Step::Leave(failed(failure)), listed),
                }
            })
            .collect()
    }

    /// Asks Auto Scaling for what the step says, the record of a prune first.
    async fn begin(&self, step: Step, group: GroupState) -> Course {
        let change = match step {
            Step::Leave(outcome) => return Course::Ended { outcome, group },
            Step::Prune {
                record,
                removed,
                remaining,
            } => {
                let tags = record.to_tags();
                let written = self.auto_scaling.write_tags(&group.name, &tags, self.turn);
                if let Err(failure) = written.await {
                    return Course::failed(failure, group);
                }
                Change::Prune {
                    record,
                    removed,
                    remaining,
                }
            }
            Step::Restore {
                target,
                added,
                keys,
            } => Change::Restore {
                record: Record::read(&group.tags).ok().flatten(),
                target,
                added,
                keys,
            },
        };
        let subnets = match &change {
            Change::Prune { remaining, .. } => remaining,
            Change::Restore {
                target: Some(target),
                ..
            } => target,
            Change::Restore { target: None, .. } => {
                return Course::Shown {
                    change,
                    after: group.clone(),
                    before: group,
                };
            }
        };
        let updated = self
            .auto_scaling
            .update_subnets(&group.name, subnets, self.turn);
        match updated.await {
            Err(failure) if !is_unclear(failure.class) => Course::failed(failure, group),
            answer => Course::Asked {
                change,
                answer,
                before: group,
            },
        }
    }

    /// Reads back what the groups have now. The answer to a change decides nothing: it may get lost, and
    /// somebody else may change the group at the same time.
    async fn look_after(&self, mut courses: Vec<Course>) -> Vec<Course> {
        let mut waits = READ_BACK_WAITS.iter();
        let mut asked = asked(&courses);
        while !asked.is_empty() {
            let groups = self.auto_scaling.groups(&asked, self.turn).await;
            courses = courses
                .into_iter()
                .map(|course| course.seen(&groups))
                .collect();
            asked = self::asked(&courses);
            match waits.next() {
                Some(wait) if !asked.is_empty() => sleep(*wait).await,
                Some(_) => {}
                None => break,
            }
        }
        courses
    }

    /// Sees to it that the record on each group is what it has to be after the change.
    async fn settle(&self, courses: Vec<Course>) -> Vec<(Outcome, GroupState)> {
        let settled = courses.into_iter().map(|course| async {
            match course {
                Course::Ended { outcome, group } => (outcome, group, None),
                Course::Asked { answer, before, .. } => {
                    let failure = not_applied(answer, &before.name);
                    (failed(failure), before, None)
                }
                Course::Shown {
                    change:
                        Change::Prune {
                            record, removed, ..
                        },
                    after,
                    ..
                } => {
                    let outcome = match self.keep_record_of_prune(&after, &record).await {
                        Ok(()) => Outcome::Pruned {
                            removed,
                            remaining: after.subnets.clone(),
                        },
                        Err(failure) => failed(failure),
                    };
                    (outcome, after, None)
                }
                Course::Shown {
                    change:
                        Change::Restore {
                            record,
                            added,
                            keys,
                            ..
                        },
                    before,
                    after,
                } => match self.delete_record(&before, &after, &keys).await {
                    Ok(()) => (Outcome::Restored { added }, after, Some(record)),
                    Err(failure) => (failed(failure), after, None),
                },
            }
        });
        let settled = join_all(settled).await;
        let deleted: Vec<String> = settled
            .iter()
            .filter(|(_, _, deleted)| deleted.is_some())
            .map(|(_, group, _)| group.name.clone())
            .collect();
        let groups = match deleted.is_empty() {
            true => Ok(BTreeMap::new()),
            false => self.auto_scaling.groups(&deleted, self.turn).await,
        };
        let kept = settled.into_iter().map(|(outcome, group, deleted)| async {
            let Some(record) = deleted else {
                return (outcome, group);
            };
            let kept = async { self.keep_record(&of(&groups, &group.name)?, record).await };
            match kept.await {
                Ok(()) => (outcome, group),
                Err(failure) => (failed(failure), group),
            }
        });
        join_all(kept).await
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
        self.write_again(after, record, "the record of its prune")
            .await
    }

    async fn delete_record(
        &self,
        before: &GroupState,
        after: &GroupState,
        keys: &BTreeSet<String>,
    ) -> Result<(), Failure> {
        same_record(before, after)?;
        self.auto_scaling
            .delete_tags(&before.name, keys, self.turn)
            .await
    }

    /// Writes the record again if the group lacks, after all, what the record named: a prune ran at
    /// the same time, and its record was deleted with ours.
    async fn keep_record(&self, after: &GroupState, record: Option<Record>) -> Result<(), Failure> {
        let Some(record) = record else {
            return Ok(());
        };
        let lacks = |subnet: &SubnetId| !after.subnets.iter().any(|has| has == subnet.as_str());
        let on_record = !Record::keys_in(&after.tags).is_empty();
        if on_record || !record.removed.iter().any(lacks) {
            return Ok(());
        }
        self.write_again(after, &record, "the zone's subnets again")
            .await
    }

    /// Writes a record again; that a group lost something meanwhile is a failure all the same.
    async fn write_again(
        &self,
        group: &GroupState,
        record: &Record,
        lost: &str,
    ) -> Result<(), Failure> {
        self.auto_scaling
            .write_tags(&group.name, &record.to_tags(), self.turn)
            .await?;
        let message = format!("{} lost {lost} meanwhile", group.name);
        Err(Failure::new(Class::Conflict, message))
    }

    fn report(
        &self,
        pruned_for: Option<PrunedFor>,
        outcome: Outcome,
        group: &GroupState,
    ) -> GroupReport {
        let action = &self.request.action;
        let zone = action.incident().map(IncidentId::zone);
        GroupReport {
            group: group.name.clone(),
            outcome,
            pruned_for,
            capacity: match (action, zone) {
                (PruneAction::Restore { .. }, Some(zone)) => {
                    capacity(group, zone, &self.request.zones)
                }
                _ => None,
            },
            obstacles: match action {
                PruneAction::Status => obstacles(self.request, group),
                PruneAction::Prune { .. } | PruneAction::Restore { .. } => Vec::new(),
            },
        }
    }
}

/// The groups whose change was asked for and is not shown yet.
fn asked(courses: &[Course]) -> Vec<String> {
    let asked = courses.iter().filter_map(|course| match course {
        Course::Asked { before, .. } => Some(before.name.clone()),
        Course::Ended { .. } | Course::Shown { .. } => None,
    });
    asked.collect()
}

pub(crate) fn names(groups: &[GroupState]) -> Vec<String> {
    groups.iter().map(|group| group.name.clone()).collect()
}

fn pruned_for(group: &GroupState) -> Option<PrunedFor> {
    let record = Record::read(&group.tags).ok().flatten();
    record.map(PrunedFor::from)
}

/// One group of those that were read.
fn of(
    groups: &Result<BTreeMap<String, GroupState>, Failure>,
    name: &str,
) -> Result<GroupState, Failure> {
    let groups = groups.as_ref().map_err(Failure::clone)?;
    groups.get(name).cloned().ok_or_else(|| {
        let message = format!("DescribeAutoScalingGroups of {name}: the group is gone");
        Failure::new(Class::NotFound, message)
    })
}

/// Why a change that was asked for and never shown has failed: for the call's own reason, if it had one.
fn not_applied(answer: Result<(), Failure>, group: &str) -> Failure {
    let message = format!(
        "UpdateAutoScalingGroup of {group} was accepted, but the group's subnets are not what was asked for"
    );
    answer
        .err()
        .unwrap_or_else(|| Failure::new(Class::NotApplied, message))
}

/// Whether a change that failed like this may have been made nevertheless.
fn is_unclear(class: Class) -> bool {
    matches!(
        class,
        Class::Timeout | Class::Unavailable | Class::BadAnswer | Class::Conflict
    )
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

pub(crate) fn failed(failure: Failure) -> Outcome {
    Outcome::Failed {
        class: failure.class,
        message: failure.message,
    }
}
