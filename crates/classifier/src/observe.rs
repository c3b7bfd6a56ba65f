//! Looking: what is asked, by what woke the classifier.
//!
//! On the fast path, from an alarm's event that came with its workload, only the alarms are asked
//! for, and for one second at the most: zonal-shift reads the shifts in force anyway before it
//! starts anything, and what it finds becomes part of the verdict. Where a policy holds without the
//! alarms' states, they are asked for once more with patience: some seconds are better than the
//! minute until Lambda's retry. On every other path the shifts and the groups are asked for as well,
//! all at the same time.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::failure::{Class, Failure};
use domain::observation::{AlarmReading, Evidence, Observation, Reading};
use domain::policy::Without;
use domain::prune::{PruneAction, PruneAnswer, PruneRequest};
use domain::report::StepFailure;
use domain::shift::{ShiftAction, ShiftAnswer, ShiftRequest};
use domain::signal::{Signal, Trigger};
use domain::workload::{GroupSelector, Origin, Workload};
use domain::{prune, shift};
use runtime::clients::OPERATION;
use runtime::invocation::Invocation;

use crate::Classifier;

/// What asking may cost while customers wait.
const FAST: Duration = Duration::from_secs(1);

/// What a look at the shifts and the groups may cost.
const STATUS: Duration = Duration::from_secs(20);

impl Classifier {
    pub(crate) async fn observe(&self, signal: &Signal, invocation: &Invocation) -> Observation {
        let workload = &signal.workload;
        let alarm_event = matches!(
            signal.trigger,
            Trigger::ZonalAlarm { .. } | Trigger::RegionalAlarm(_)
        );
        let within = if alarm_event { FAST } else { OPERATION };
        let full = !alarm_event;
        let shifts_wanted = full || workload.origin == Origin::BareAlarm;
        let status_within = STATUS.min(invocation.remaining());
        let (alarms, shifts, groups) = tokio::join!(
            self.read_alarms(workload, within, full),
            self.read_shifts(workload, shifts_wanted, status_within),
            self.read_groups(workload, full, status_within),
        );
        Observation {
            alarms,
            evidence: evidence(workload),
            shifts,
            groups,
        }
    }

    async fn read_alarms(
        &self,
        workload: &Workload,
        within: Duration,
        with_mutes: bool,
    ) -> Reading<BTreeMap<String, AlarmReading>> {
        let names = workload.alarm_names();
        let mut read = self.alarms.read(&names, within).await;
        let patient = workload.policy.without_alarms == Without::Hold && within < OPERATION;
        if patient && read.is_err() {
            read = self.alarms.read(&names, OPERATION).await;
        }
        let mut readings = match read {
            Ok(readings) => readings,
            Err(failure) => return Reading::Failed(failure),
        };
        if with_mutes && let Err(failure) = self.alarms.read_mutes(&mut readings).await {
            return Reading::Failed(failure);
        }
        Reading::Taken(readings)
    }

    async fn read_shifts(
        &self,
        workload: &Workload,
        wanted: bool,
        within: Duration,
    ) -> Reading<ShiftAnswer> {
        if !wanted || workload.resources.is_empty() {
            return Reading::NotTaken;
        }
        let request = shift_request(workload, false, false, ShiftAction::Status);
        let answer: ShiftAnswer = match self
            .functions
            .call(&self.configuration.zonal_shift, &request, within)
            .await
        {
            Ok(answer) => answer,
            Err(failure) => return Reading::Failed(failure),
        };
        // A resource that could not be read may hide a shift.
        let unread = answer
            .failures()
            .find(|(_, failure)| failure.class != Class::NotFound)
            .map(|(resource, failure)| {
                Failure::new(
                    failure.class,
                    format!("{}: {}", resource.short(), failure.message),
                )
            });
        match unread {
            Some(failure) => Reading::Failed(failure),
            None => Reading::Taken(answer),
        }
    }

    async fn read_groups(
        &self,
        workload: &Workload,
        wanted: bool,
        within: Duration,
    ) -> Reading<PruneAnswer> {
        let Some(groups) = workload.groups.as_ref().filter(|_| wanted) else {
            return Reading::NotTaken;
        };
        let request = prune_request(workload, groups, false, false, PruneAction::Status);
        match self
            .functions
            .call(&self.configuration.asg_pruning, &request, within)
            .await
        {
            Ok(answer) => Reading::Taken(answer),
            Err(failure) => Reading::Failed(failure),
        }
    }
}

/// A source of evidence is named, and this version does not read it: that is not the same as none.
fn evidence(workload: &Workload) -> Evidence {
    match &workload.evidence {
        None => Evidence::NotConfigured,
        Some(source) => Evidence::Unavailable(Failure::new(
            Class::BadConfiguration,
            format!(
                "evidence of source {} is not read by this version",
                source.source
            ),
        )),
    }
}

/// What could not be read: seen, whatever the verdict was without it.
pub(crate) fn failures(observation: &Observation) -> Vec<StepFailure> {
    let step = |step: &str, failure: Option<&Failure>| {
        failure.map(|failure| StepFailure {
            step: step.to_owned(),
            failure: failure.clone(),
        })
    };
    let failures = [
        step("read alarms", observation.alarms.failure()),
        step("read shifts", observation.shifts.failure()),
        step("read groups", observation.groups.failure()),
    ];
    failures.into_iter().flatten().collect()
}

pub(crate) fn shift_request(
    workload: &Workload,
    drill: bool,
    dry_run: bool,
    action: ShiftAction,
) -> ShiftRequest {
    ShiftRequest {
        schema: shift::REQUEST_SCHEMA.to_owned(),
        workload: workload.name.clone(),
        resources: workload.resources.clone(),
        drill,
        dry_run,
        action,
    }
}

pub(crate) fn prune_request(
    workload: &Workload,
    groups: &GroupSelector,
    drill: bool,
    dry_run: bool,
    action: PruneAction,
) -> PruneRequest {
    PruneRequest {
        schema: prune::REQUEST_SCHEMA.to_owned(),
        workload: workload.name.clone(),
        zones: workload.zones.clone(),
        groups: groups.clone(),
        min_zones: workload.policy.min_zones,
        drill,
        dry_run,
        action,
    }
}
