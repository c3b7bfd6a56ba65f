//! Acting: the plan, step by step, and telling people.
//!
//! Nothing that can wait delays the shift: the message about it goes out while the groups are being
//! pruned. A step that fails does not keep the message from going out, and a message that fails does
//! not keep a step from being done; both end in the report, and the report in an error.
//!
//! A run may die at any line, and the next one tells only what it can see is untold. The step after
//! which nothing of an evacuation is left to be seen, the end of its shift, comes after the message
//! about it: a run that dies between the two has people told twice, and not never.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::IncidentId;
use domain::decide::{AfterRestore, AfterShift, Evacuation, FailBack, Plan, after_restore};
use domain::failure::{Class, Failure};
use domain::incident;
use domain::notice::{self, Phase};
use domain::prune::{GroupReport, Outcome, PruneAnswer};
use domain::readiness::Unready;
use domain::report::{Report, StepFailure};
use domain::shift::ShiftAnswer;
use domain::signal::Signal;
use domain::verdict::{EvacuateReason, Verdict};
use domain::workload::Workload;
use runtime::clients::OPERATION;
use runtime::invocation::Invocation;
use runtime::telemetry::Metric;

use crate::Classifier;
use crate::observe::not_reached;

/// What is kept of the time for the answer alone.
const TO_ANSWER: Duration = Duration::from_millis(500);

/// One plan being carried out.
pub(crate) struct Run<'a> {
    pub(crate) function: &'a Classifier,
    pub(crate) workload: &'a Workload,
    pub(crate) invocation: &'a Invocation,
    pub(crate) incident: &'a IncidentId,
    pub(crate) drill: bool,
    pub(crate) dry_run: bool,
}

/// A step failed, and the plan ends here; the failure is in the report already.
pub(crate) struct Stopped;

impl Classifier {
    /// Carries out the report's plan and tells people. `announce` asks for a message even where
    /// nothing changes.
    pub(crate) async fn act(
        &self,
        signal: &Signal,
        invocation: &Invocation,
        announce: bool,
        report: &mut Report,
    ) {
        let plan = report.plan.clone();
        let run = |incident, drill, dry_run| Run {
            function: self,
            workload: &signal.workload,
            invocation,
            incident,
            drill,
            dry_run,
        };
        let outcome = match &plan {
            Plan::Nothing => {
                if signal.is_tick()
                    && !signal.is_dry_run()
                    && let Some(unready) = report.unready.clone()
                {
                    self.tell_readiness(&unready, report, invocation).await;
                }
                Ok(Some(Phase::Held))
            }
            Plan::Evacuate(plan) => {
                let run = run(&plan.incident, plan.drill, plan.dry_run);
                run.evacuate(plan, announce, report).await
            }
            Plan::FailBack(plan) => {
                let run = run(&plan.incident, plan.drill, plan.dry_run);
                run.fail_back(plan, announce, report).await
            }
        };
        let phase = match outcome {
            Err(Stopped) => Some(Phase::Failed),
            Ok(_) if !report.failures.is_empty() => Some(Phase::Failed),
            Ok(_) if report.arc.is_some() && !report.changed() => Some(Phase::Autoshift),
            Ok(phase) => phase,
        };
        // A tick that changed nothing tells nobody; its failure is an error all the same.
        if let Some(phase) = phase.filter(|_| announce || report.changed()) {
            self.tell(report, phase, invocation).await;
        }
    }

    /// Tells people what would fail in an incident, unless they were told.
    async fn tell_readiness(
        &self,
        unready: &[Unready],
        report: &mut Report,
        invocation: &Invocation,
    ) {
        let workload = report.workload.clone();
        let count = u32::try_from(unready.len()).unwrap_or(u32::MAX);
        self.meter.record(
            Metric::Unready,
            invocation.now(),
            count.into(),
            &[("Workload", workload.as_str())],
        );
        let findings: BTreeSet<String> = unready.iter().map(ToString::to_string).collect();
        if self.told.is_news(&workload, &findings)
            && self
                .tell(report, Phase::NotReady, invocation)
                .await
                .is_none()
        {
            return;
        }
        self.told.remember(&workload, findings);
    }

    /// `None` where nobody could be told; the report has the failure then.
    async fn tell(&self, report: &mut Report, phase: Phase, invocation: &Invocation) -> Option<()> {
        match self.publish(report, phase, invocation).await {
            Ok(()) => Some(()),
            Err(failure) => {
                fail(report, "notify", failure);
                None
            }
        }
    }

    /// Publishes the message about a phase, and leaves a line for whoever asks later what people were told.
    async fn publish(
        &self,
        report: &Report,
        phase: Phase,
        invocation: &Invocation,
    ) -> Result<(), Failure> {
        let notice = notice::write(report, phase);
        let within = time_to_publish(invocation);
        self.messages.publish(&notice, within).await?;
        tracing::info!(
            workload = report.workload.as_str(),
            phase = phase.name(),
            "told: {}",
            notice.subject
        );
        Ok(())
    }
}

impl Run<'_> {
    /// Shift, then prune. Answers with the phase that is left to tell of, if any.
    async fn evacuate(
        &self,
        plan: &Evacuation,
        announce: bool,
        report: &mut Report,
    ) -> Result<Option<Phase>, Stopped> {
        if plan.shift {
            let gate = self.shift_and_confirm(report).await?;
            match gate {
                AfterShift::InEffect => {}
                AfterShift::Unconfirmed => {
                    let message = "ARC throttles, and does not show whether the shift is in effect";
                    let failure = Failure::new(Class::Throttled, message);
                    return Err(stop(report, "shift", failure));
                }
                AfterShift::Failed(failure) => return Err(stop(report, "shift", failure)),
                AfterShift::Held(reason) => {
                    report.verdict = Verdict::hold(Some(self.incident.zone()), reason);
                    report.sentence = report.verdict.to_string();
                    report.plan = Plan::Nothing;
                    crate::log_verdict(report);
                    return Ok(Some(Phase::Held));
                }
            }
        }
        let shifted = report.changed() || announce;
        if plan.tell_outlook {
            self.tell_outlook(plan, report).await?;
        }
        if plan.renew {
            let answer = self.extend(plan.phase).await;
            let answer = answer.map_err(|failure| stop(report, "renew", failure))?;
            take_shifts(report, "renew", answer)?;
        }
        if !plan.prune {
            return Ok(Some(match (self.dry_run, shifted) {
                (true, _) => Phase::Rehearsed,
                (false, true) => Phase::Shifted,
                (false, false) if plan.tell_outlook => return Ok(None),
                (false, false) => Phase::Renewed,
            }));
        }
        let tell_now = plan.shift && !self.dry_run && shifted;
        let renewed = plan.renew && report.changed();
        let pruned = self.prune_while_telling(tell_now, report).await;
        let pruned = pruned.map_err(|failure| stop(report, "prune", failure))?;
        let Some(answer) = pruned else {
            return Ok((shifted && !tell_now).then_some(Phase::Shifted));
        };
        // Also groups that were pruned before: the run that did it may have failed to tell.
        let more_to_tell = !tell_now || answer.groups.iter().any(is_news);
        let changed = answer.changed();
        take_groups(report, "prune", answer);
        Ok(match (self.dry_run, more_to_tell) {
            (true, _) => Some(Phase::Rehearsed),
            (false, true) if plan.tell_outlook && !changed => None,
            (false, true) if renewed && !changed => Some(Phase::Renewed),
            (false, true) => Some(Phase::Pruned),
            (false, false) => None,
        })
    }

    /// Tells people that the zone looks well, or does not any more, before the shift says so: if this
    /// run dies between the two they are told twice, and not never.
    async fn tell_outlook(&self, plan: &Evacuation, report: &mut Report) -> Result<(), Stopped> {
        let looks_well = matches!(
            report.verdict,
            Verdict::Evacuate {
                reason: EvacuateReason::LooksWell { .. },
                ..
            }
        );
        let phase = if looks_well {
            Phase::LooksWell
        } else {
            Phase::Relapsed
        };
        // Without a shift, nothing but this process remembers that they were told.
        let workload = &self.workload.name;
        let what = BTreeSet::from([format!("{} of {}", phase.name(), plan.incident)]);
        if !plan.renew && !self.function.told.is_news(workload, &what) {
            return Ok(());
        }
        let told = self.function.publish(report, phase, self.invocation).await;
        told.map_err(|failure| stop(report, "notify", failure))?;
        self.function.told.remember(workload, what);
        Ok(())
    }

    /// Prunes, and at the same time tells people that traffic is away.
    async fn prune_while_telling(
        &self,
        tell: bool,
        report: &mut Report,
    ) -> Result<Option<PruneAnswer>, Failure> {
        if !tell {
            return self.prune().await;
        }
        let (told, pruned) = tokio::join!(
            self.function
                .publish(report, Phase::Shifted, self.invocation),
            self.prune()
        );
        if let Err(failure) = told {
            fail(report, "notify", failure);
        }
        pruned
    }

    /// Restore, wait for capacity, end the shift. Answers with the phase that is left to tell of.
    async fn fail_back(
        &self,
        plan: &FailBack,
        announce: bool,
        report: &mut Report,
    ) -> Result<Option<Phase>, Stopped> {
        if plan.shift && !plan.begun {
            // The intent is written on the shift first: from here on the tick carries on, and a
            // repeated event of the same alarm transition does not shift again.
            let answer = self.extend(plan.phase).await;
            let answer = answer.map_err(|failure| stop(report, "begin fail-back", failure))?;
            let marked = answer.changed() || self.dry_run;
            take_shifts(report, "begin fail-back", answer)?;
            if !marked {
                let message = "no shift of this incident is left to mark; the next run looks again";
                let failure = Failure::new(Class::Conflict, message);
                return Err(stop(report, "begin fail-back", failure));
            }
        }
        if plan.restore {
            let answer = self.restore().await;
            let answer = answer.map_err(|failure| stop(report, "restore", failure))?;
            let gate = after_restore(&answer);
            take_groups(report, "restore", answer);
            match gate {
                AfterRestore::Ready => {}
                AfterRestore::Failed(failure) if report.failures.is_empty() => {
                    return Err(stop(report, "restore", failure));
                }
                AfterRestore::Failed(_) => return Err(Stopped),
                // Without a shift nothing is held back until there is capacity.
                AfterRestore::Waiting if !plan.shift => {}
                AfterRestore::Waiting => {
                    report.waiting_for_capacity = true;
                    // Whoever restored the groups may have died before it could tell.
                    let told = self.tell_once(Phase::Restored, report).await;
                    return Ok((announce && !told).then_some(Phase::Restored));
                }
            }
        }
        // With its capacity the zone can be seen to be well; traffic stays away until it is.
        if plan.phase != incident::Phase::FailBack {
            return Ok(Some(Phase::Restored));
        }
        if self.dry_run {
            if plan.shift {
                self.end_shift(report).await?;
            }
            return Ok(Some(Phase::Rehearsed));
        }
        if !plan.shift {
            return Ok(Some(Phase::FailedBack));
        }
        let told = self.tell_once(Phase::FailedBack, report).await;
        match self.end_shift(report).await {
            Ok(()) if told => Ok(None),
            Ok(()) => Ok(Some(Phase::FailedBack)),
            Err(Stopped) => {
                // It may have had its effect, and the next run sees whether. If that fails too, what
                // people were told is not so.
                if !told && !announce && !report.changed() {
                    self.tell_once(Phase::Failed, report).await;
                }
                Err(Stopped)
            }
        }
    }

    /// Tells people of a phase, unless this process has told them; whether it has now. A process that
    /// was killed is not asked, so its successor tells again.
    async fn tell_once(&self, phase: Phase, report: &mut Report) -> bool {
        let workload = &self.workload.name;
        let what = format!("{} of {}", phase.name(), self.incident);
        let function = self.function;
        let told = (function.told).is_news(workload, &BTreeSet::from([what.clone()]))
            && function
                .tell(report, phase, self.invocation)
                .await
                .is_some();
        if told {
            function.told.add(workload, what);
        }
        told
    }
}

/// How long a message may take: what is left, but for the answer.
fn time_to_publish(invocation: &Invocation) -> Duration {
    OPERATION.min(invocation.remaining().saturating_sub(TO_ANSWER))
}

pub(crate) fn take_shifts(
    report: &mut Report,
    step: &str,
    answer: ShiftAnswer,
) -> Result<(), Stopped> {
    let failures: Vec<Failure> = answer
        .failures()
        .map(|(resource, failure)| failure.of(resource.short()))
        .collect();
    report.shifts.push(answer);
    let any = !failures.is_empty();
    for failure in failures {
        fail(report, step, failure);
    }
    if any { Err(Stopped) } else { Ok(()) }
}

fn take_groups(report: &mut Report, step: &str, answer: PruneAnswer) {
    let failures: Vec<Failure> = answer
        .failures()
        .map(|(group, failure)| failure.of(group))
        .collect();
    for failure in failures {
        fail(report, step, failure);
    }
    if !answer.not_reached.is_nothing() {
        fail(report, step, not_reached(&answer.not_reached));
    }
    report.prunes.push(answer);
}

pub(crate) fn stop(report: &mut Report, step: &str, failure: Failure) -> Stopped {
    fail(report, step, failure);
    Stopped
}

fn fail(report: &mut Report, step: &str, failure: Failure) {
    tracing::error!(
        workload = report.workload.as_str(),
        incident = report.incident().map(ToString::to_string),
        step,
        class = failure.class.name(),
        "{}",
        failure.message
    );
    report.failures.push(StepFailure {
        step: step.to_owned(),
        failure,
    });
}

/// Whether people want to know of a group: that its zone is out, or that it is left as it is.
fn is_news(group: &GroupReport) -> bool {
    matches!(
        group.outcome,
        Outcome::Pruned { .. } | Outcome::AlreadyPruned | Outcome::Refused { .. }
    )
}
