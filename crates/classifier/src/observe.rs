//! Looking: what is asked, by what woke the classifier.
//!
//! On the fast path, from an alarm's event that came with its workload, only the alarms and the
//! evidence are asked for, at the same time, and for one second at the most: zonal-shift reads the
//! shifts in force anyway before it starts anything, and what it finds becomes part of the verdict.
//! Where a policy holds without the one or the other, it is asked for once more with patience: some
//! seconds are better than the minute until Lambda's retry. If the alarm has recovered by then, and on
//! every other path, the shifts and the groups are asked for as well, all at the same time; the evidence
//! only where an alarm or a person makes it matter, and whether an evacuated zone was seen to be well
//! only where its fail-back waits for nothing else. What is read at the same time is not read at one
//! moment: an evacuation that begins meanwhile can look like one whose shift has ended, which would be
//! undone. So before that is believed of an incident, the shifts are read once more. Where APIs throttle,
//! looking waits for its turn, and what was read long before the rest is read again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::decide::awaits_proof;
use domain::event::AlarmState;
use domain::evidence::EvidenceSource;
use domain::failure::{Class, Failure};
use domain::observation::{AlarmReading, Evidence, Observation, Reading};
use domain::policy::Without;
use domain::prune::{NotReached, PruneAction, PruneAnswer, PruneRequest};
use domain::report::StepFailure;
use domain::shift::{ShiftAction, ShiftAnswer, ShiftRequest};
use domain::signal::{Action, Signal, Trigger};
use domain::workload::{GroupSelector, Origin, Workload};
use domain::{prune, shift};
use runtime::clients::OPERATION;
use runtime::invocation::Invocation;
use runtime::turn::Turn;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use crate::Classifier;

/// What asking may cost while customers wait.
const FAST: Duration = Duration::from_secs(1);

/// What a look at the shifts or at the groups may take, once Lambda lets the function run.
const STATUS: Duration = Duration::from_secs(30);

/// How long an API that throttles is asked again for what has to be known. Five hundred workloads get
/// their turn at CloudWatch's alarms within a minute.
const PATIENCE: Duration = Duration::from_secs(120);

/// What was read so long before the last answer is read again.
const STALE: Duration = Duration::from_secs(15);

/// It is read again so many times: in what takes longer, others change more than can be looked at.
const MOST_ROUNDS: usize = 3;

/// How long each question may take.
struct Pace {
    /// A call that is not throttled.
    within: Duration,
    /// The waiting for one's turn where a call is throttled.
    patience: Duration,
    /// Whether others go first.
    gives_way: bool,
}

impl Pace {
    fn is_fast(&self) -> bool {
        self.within < OPERATION
    }

    /// Whether what failed fast is asked for with patience.
    fn goes_on(&self, without: Without) -> bool {
        self.is_fast() && without == Without::Hold
    }

    /// For a call of Lambda's, whose throttling keeps nobody from anything.
    fn turn_at_lambda(&self) -> Turn {
        Turn::within(self.patience)
    }

    fn turn(&self) -> Turn {
        let turn = Turn::within(self.patience);
        if self.gives_way {
            turn.giving_way()
        } else {
            turn
        }
    }
}

/// A reading, and when it was taken.
struct Dated<T> {
    reading: T,
    at: Instant,
}

impl<T> Dated<T> {
    async fn of(reading: impl Future<Output = T>) -> Self {
        Self {
            reading: reading.await,
            at: Instant::now(),
        }
    }

    /// Itself, or another one where it is [`STALE`].
    async fn or_newer(self, again: impl Future<Output = T>) -> Self {
        if self.at.elapsed() > STALE {
            Self::of(again).await
        } else {
            self
        }
    }
}

/// What was seen, and what could not be.
pub(crate) struct Look {
    pub(crate) observation: Observation,
    pub(crate) unread: Vec<StepFailure>,
}

impl Classifier {
    pub(crate) async fn observe(&self, signal: &Signal, invocation: &Invocation) -> Look {
        let workload = &signal.workload;
        let alarm_event = matches!(
            signal.trigger,
            Trigger::ZonalAlarm { .. } | Trigger::RegionalAlarm(_)
        );
        let full = !alarm_event;
        let pace = Pace {
            within: if alarm_event { FAST } else { OPERATION },
            patience: PATIENCE.min(invocation.remaining() / 2),
            gives_way: signal.is_tick(),
        };
        // A bare alarm tells neither the zones nor their number; and where there is nothing to shift,
        // nobody but the groups tells whether another zone is evacuated.
        let mut shifts_wanted = full || workload.origin == Origin::BareAlarm;
        let mut groups_wanted = full || workload.resources.is_empty();
        let history = workload.policy.criteria.history();
        let source = match signal.trigger {
            Trigger::ZonalAlarm { .. } => workload.evidence.as_ref(),
            Trigger::RegionalAlarm(_) | Trigger::Arc(_) | Trigger::Command(_) => None,
        };
        let read_alarms = || self.read_alarms(workload, &pace, full);
        let read_counts = || self.read_counts(source, workload, history, invocation, &pace);
        let (mut alarms, mut evidence, mut shifts, mut groups) = tokio::join!(
            Dated::of(read_alarms()),
            Dated::of(read_counts()),
            Dated::of(self.read_shifts(workload, shifts_wanted, &pace)),
            Dated::of(self.read_groups(workload, groups_wanted, &pace)),
        );
        if alarm_event && has_recovered(signal, &alarms.reading) {
            // Nothing is urgent any more: perhaps it has recovered because an earlier run shifted.
            (shifts_wanted, groups_wanted) = (true, true);
            (shifts, groups) = tokio::join!(
                Dated::of(self.read_shifts(workload, true, &pace)),
                Dated::of(self.read_groups(workload, true, &pace)),
            );
        }
        for _ in 0..MOST_ROUNDS {
            (alarms, evidence, shifts, groups) = tokio::join!(
                alarms.or_newer(read_alarms()),
                evidence.or_newer(read_counts()),
                shifts.or_newer(self.read_shifts(workload, shifts_wanted, &pace)),
                groups.or_newer(self.read_groups(workload, groups_wanted, &pace)),
            );
        }
        let mut observation = Observation {
            alarms: alarms.reading,
            evidence: evidence.reading,
            health: Evidence::NotConfigured,
            shifts: shifts.reading,
            groups: groups.reading,
        };
        let mut doubted = BTreeSet::new();
        loop {
            let lost = observation.seem_to_have_lost_their_lead(&workload.name);
            if lost.is_subset(&doubted) {
                break;
            }
            observation.shifts = self.read_shifts(workload, true, &pace).await;
            doubted = lost;
        }
        if full && evidence_matters(signal, &observation) {
            let source = workload.evidence.as_ref();
            observation.evidence = self
                .read_counts(source, workload, history, invocation, &pace)
                .await;
        }
        if awaits_proof(signal, &observation, invocation.now()) {
            let source = workload.canary.as_ref().or(workload.evidence.as_ref());
            let minutes = workload.policy.stable_minutes();
            let pace = Pace {
                within: OPERATION,
                ..pace
            };
            observation.health = self
                .read_counts(source, workload, minutes, invocation, &pace)
                .await;
        }
        Look {
            unread: unread(workload, &observation),
            observation,
        }
    }

    async fn read_alarms(
        &self,
        workload: &Workload,
        pace: &Pace,
        with_mutes: bool,
    ) -> Reading<BTreeMap<String, AlarmReading>> {
        let names = workload.alarm_names();
        let turn = pace.turn();
        let fast = Turn::within(pace.within);
        let first = if pace.is_fast() { &fast } else { &turn };
        let mut read = self.alarms.read(&names, pace.within, first).await;
        if pace.goes_on(workload.policy.without_alarms) && read.is_err() {
            read = self.alarms.read(&names, OPERATION, &turn).await;
        }
        let mut readings = match read {
            Ok(readings) => readings,
            Err(failure) => return Reading::Failed(failure),
        };
        if with_mutes && let Err(failure) = self.alarms.read_mutes(&mut readings, &turn).await {
            return Reading::Failed(failure);
        }
        Reading::Taken(readings)
    }

    /// The counts of the last minutes, `history` of them.
    async fn read_counts(
        &self,
        source: Option<&EvidenceSource>,
        workload: &Workload,
        history: usize,
        invocation: &Invocation,
        pace: &Pace,
    ) -> Evidence {
        let Some(source) = source else {
            return Evidence::NotConfigured;
        };
        let read = |within| {
            let now = invocation.now();
            self.metrics
                .recent(source, &workload.zones, history, now, within)
        };
        let patient = async || {
            let turn = pace.turn();
            let evidence = turn.take(|| async {
                match read(OPERATION).await {
                    Evidence::Unavailable(failure) => Err(failure),
                    evidence => Ok(evidence),
                }
            });
            evidence.await.unwrap_or_else(Evidence::Unavailable)
        };
        if !pace.is_fast() {
            return patient().await;
        }
        match read(pace.within).await {
            // What CloudWatch does not have yet does not come within seconds.
            Evidence::Unavailable(failure)
                if pace.goes_on(workload.policy.without_evidence)
                    && failure.class != Class::OutOfTime =>
            {
                patient().await
            }
            evidence => evidence,
        }
    }

    async fn read_shifts(
        &self,
        workload: &Workload,
        wanted: bool,
        pace: &Pace,
    ) -> Reading<ShiftAnswer> {
        if !wanted || workload.resources.is_empty() {
            return Reading::NotTaken;
        }
        let request = shift_request(workload, false, false, ShiftAction::Status);
        let function = &self.configuration.zonal_shift;
        let check = |answer: ShiftAnswer| {
            // A resource that could not be read may hide a shift; one that ARC does not manage has none.
            let hidden = answer
                .failures()
                .find(|(_, failure)| failure.class != Class::NotFound)
                .map(|(resource, failure)| failure.of(resource.short()));
            match hidden {
                Some(failure) => Err(failure),
                None => Ok(answer),
            }
        };
        self.ask(function, &request, pace, check).await
    }

    async fn read_groups(
        &self,
        workload: &Workload,
        wanted: bool,
        pace: &Pace,
    ) -> Reading<PruneAnswer> {
        let Some(groups) = workload.groups.as_ref().filter(|_| wanted) else {
            return Reading::NotTaken;
        };
        let request = prune_request(workload, groups, false, false, PruneAction::Status);
        let function = &self.configuration.asg_pruning;
        let check = |answer: PruneAnswer| {
            if !workload.resources.is_empty() {
                return Ok(answer);
            }
            // A group that could not be read may hide that another zone is pruned.
            if let Some((group, failure)) = answer.failures().next() {
                return Err(failure.of(group));
            }
            match answer.not_reached.is_nothing() {
                true => Ok(answer),
                false => Err(not_reached(&answer.not_reached)),
            }
        };
        self.ask(function, &request, pace, check).await
    }

    /// Asks a function how things stand, and again where its answer, as it is checked, was throttled.
    async fn ask<Answer: DeserializeOwned>(
        &self,
        function: &str,
        request: &impl Serialize,
        pace: &Pace,
        check: impl Fn(Answer) -> Result<Answer, Failure>,
    ) -> Reading<Answer> {
        let turn = pace.turn();
        let answer = turn.take(|| async {
            let at_lambda = pace.turn_at_lambda();
            let asked = self.functions.call(function, request, STATUS, &at_lambda);
            check(asked.await?)
        });
        answer.await.map_or_else(Reading::Failed, Reading::Taken)
    }
}

/// Whether counts can change what is decided away from an alarm's event. The tick comes each minute,
/// each metric read costs money, and in peacetime no count leads to anything.
fn evidence_matters(signal: &Signal, observation: &Observation) -> bool {
    let asked = match &signal.trigger {
        Trigger::Command(command) => {
            matches!(
                command.action,
                Action::Evacuate { .. } | Action::Explain { .. }
            )
        }
        Trigger::ZonalAlarm { .. } | Trigger::RegionalAlarm(_) | Trigger::Arc(_) => false,
    };
    asked || zone_in_alarm(&signal.workload, observation)
}

fn zone_in_alarm(workload: &Workload, observation: &Observation) -> bool {
    let mut zonal = workload.alarms.zonal.values();
    zonal.any(|alarm| observation.in_alarm(alarm))
}

/// Whether the event's zone is no longer in ALARM.
fn has_recovered(signal: &Signal, alarms: &Reading<BTreeMap<String, AlarmReading>>) -> bool {
    let Trigger::ZonalAlarm { change, .. } = &signal.trigger else {
        return false;
    };
    let reading = alarms.taken().and_then(|alarms| alarms.get(&change.alarm));
    change.state == AlarmState::Alarm
        && reading.is_some_and(|reading| reading.state != AlarmState::Alarm)
}

/// What could not be read, in parts or as a whole.
fn unread(workload: &Workload, observation: &Observation) -> Vec<StepFailure> {
    let mut unread = Vec::new();
    let mut add = |step: &str, failure: Failure| {
        unread.push(StepFailure {
            step: step.to_owned(),
            failure,
        });
    };
    if let Some(failure) = observation.alarms.failure() {
        add("read alarms", failure.clone());
    }
    for alarm in observation.missing(&workload.alarm_names()) {
        let message =
            format!("alarm {alarm} does not exist; correct workload.alarms, or create it");
        add("read alarms", Failure::new(Class::NotFound, message));
    }
    if let Some(failure) = evidence_failure(workload, observation) {
        add("read evidence", failure.clone());
    }
    if let Evidence::Unavailable(failure) = &observation.health
        && failure.class != Class::OutOfTime
    {
        add("read health", failure.clone());
    }
    if let Some(failure) = observation.shifts.failure() {
        add("read shifts", failure.clone());
    }
    for (resource, failure) in observation
        .shifts
        .taken()
        .iter()
        .flat_map(|answer| answer.failures())
    {
        add("read shifts", failure.of(resource.short()));
    }
    if let Some(failure) = observation.groups.failure() {
        add("read groups", failure.clone());
    }
    if let Some(answer) = observation.groups.taken() {
        for (group, failure) in answer.failures() {
            add("read groups", failure.of(group));
        }
        if !answer.not_reached.is_nothing() {
            add("read groups", not_reached(&answer.not_reached));
        }
    }
    unread
}

/// Why there is no evidence, where that is a failure. That nothing was counted is one only while an
/// alarm says that there is something to count: a workload may be without traffic every night.
fn evidence_failure<'a>(workload: &Workload, observation: &'a Observation) -> Option<&'a Failure> {
    let Evidence::Unavailable(failure) = &observation.evidence else {
        return None;
    };
    let is_urgent = zone_in_alarm(workload, observation);
    (failure.class != Class::OutOfTime || is_urgent).then_some(failure)
}

/// What the deadline cut off, as a failure.
pub(crate) fn not_reached(not_reached: &NotReached) -> Failure {
    let message =
        format!("{not_reached} not reached in time; the next run goes on with what is left");
    Failure::new(Class::OutOfTime, message)
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
