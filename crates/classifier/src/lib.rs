//! The function that decides: it alone decides, and it alone tells people.
//!
//! Each invocation does the same, whatever woke it: read the payload ([`input`]), look ([`observe`]),
//! decide ([`domain::decide`]), act and tell ([`act`]). Every step is idempotent, so an event that
//! comes twice, or a run that is repeated after a crash, finds what is done already.

mod act;
mod alarms;
mod configuration;
mod explain;
mod functions;
pub mod input;
mod messages;
mod metrics;
mod observe;
mod steps;
mod told;

use std::collections::BTreeMap;
use std::time::Duration;

use domain::decide::decide;
use domain::failure::{Class, Disposition};
use domain::notice::{Notice, Phase};
use domain::report::{REPORT_SCHEMA, Report};
use domain::signal::Trigger;
use runtime::clients::{Connections, OPERATION};
use runtime::failure::FunctionError;
use runtime::invocation::Invocation;
use runtime::telemetry::{Meter, Metric};
use runtime::turn::Turn;
use serde_json::Value;

pub use alarms::Alarms;
pub use configuration::{Configuration, bare_defaults};
pub use explain::{Explanation, explain};
pub use functions::Functions;
pub use metrics::Metrics;

use crate::messages::Messages;
use crate::observe::Look;
use crate::told::Told;

/// The function.
#[derive(Debug, Clone)]
pub struct Classifier {
    configuration: Configuration,
    alarms: Alarms,
    metrics: Metrics,
    functions: Functions,
    messages: Messages,
    meter: Meter,
    told: Told,
}

impl Classifier {
    /// The function, over these connections.
    #[must_use]
    pub fn new(connections: &Connections, configuration: Configuration, meter: Meter) -> Self {
        Self {
            alarms: Alarms::new(connections),
            metrics: Metrics::new(connections),
            functions: Functions::new(connections),
            messages: Messages::new(connections, &configuration),
            configuration,
            meter,
            told: Told::default(),
        }
    }

    /// Makes the calls of a verdict, over connections that let none through: [`runtime::warm_up`].
    pub async fn rehearse(&self) {
        let names = ["rehearsal".to_owned()];
        let function = &self.configuration.zonal_shift;
        let once = Turn::within(Duration::ZERO);
        let notice = Notice {
            subject: names[0].clone(),
            message: names[0].clone(),
            chat: names[0].clone(),
            attributes: BTreeMap::new(),
            phase: Phase::Held,
        };
        let _ = tokio::join!(
            self.alarms.read(&names, OPERATION, &once),
            self.functions
                .call::<Value>(function, &Value::Null, OPERATION, &once),
            self.messages.publish(&notice, OPERATION),
        );
    }

    /// Handles a payload.
    ///
    /// # Errors
    /// [`Class::BadInput`] where the payload is none of the three shapes, and nothing was called
    /// then. Otherwise the first failure of any step, after everything that could be done was done
    /// and told: Lambda tries again, and in the end keeps the payload as a dead letter.
    pub async fn handle(
        &self,
        invocation: Invocation,
        payload: Value,
    ) -> Result<Report, FunctionError> {
        let signal = input::read(
            &payload,
            &self.configuration.bare,
            Some(&invocation.account),
        )?;
        let Look {
            observation,
            mut unread,
        } = self.observe(&signal, &invocation).await;
        let now = invocation.now();
        let decision = decide(&signal, &observation, now);
        // What does not exist is a finding in peacetime, told once, and not a failure of every tick.
        if decision.unready.is_some() {
            unread.retain(|unread| unread.failure.class != Class::NotFound);
        }
        let mut report = Report {
            schema: REPORT_SCHEMA.to_owned(),
            at: now,
            workload: signal.workload.name.clone(),
            trigger: signal.trigger.name().to_owned(),
            triggered_at: signal.at(),
            arc: match &signal.trigger {
                Trigger::Arc(change) => Some(change.clone()),
                _ => None,
            },
            mode: signal.workload.policy.mode,
            drill: decision.plan.is_drill().unwrap_or(signal.is_drill()),
            sentence: decision.verdict.to_string(),
            verdict: decision.verdict,
            plan: decision.plan,
            shifts: Vec::new(),
            prunes: Vec::new(),
            waiting_for_capacity: false,
            unready: decision.unready,
            unread,
            failures: Vec::new(),
        };
        log_verdict(&report);
        log_unread(&report);
        let decided = report.verdict.clone();
        self.act(&signal, &invocation, decision.announce, &mut report)
            .await;
        // What zonal-shift found in the way makes a hold of it.
        if report.verdict != decided {
            log_verdict(&report);
        }
        let verdict = report.verdict.name();
        self.meter.record(
            Metric::Verdicts,
            now,
            1.0,
            &[("Workload", report.workload.as_str()), ("Verdict", verdict)],
        );
        outcome(report)
    }
}

/// An error where anything failed: what a person has to mend first, else the first failure.
fn outcome(report: Report) -> Result<Report, FunctionError> {
    let errors = report.errors();
    let escalated = errors
        .iter()
        .find(|error| error.failure.class.disposition() == Disposition::Escalate);
    let Some(first) = escalated.or(errors.first()) else {
        return Ok(report);
    };
    let class: Class = first.failure.class;
    let errors: Vec<String> = errors
        .iter()
        .map(|error| format!("{}: {}", error.step, error.failure))
        .collect();
    Err(FunctionError::new(
        class,
        format!("{}; but {}", report.sentence, errors.join("; ")),
    ))
}

/// The verdict as a line that can be reported from later: with the time by the function's own clock, and
/// the numbers that it rests on.
fn log_verdict(report: &Report) {
    let judgement = report.verdict.judgement();
    tracing::info!(
        at = %report.at,
        workload = report.workload.as_str(),
        zone = report.verdict.zone().map(ToString::to_string),
        incident = report.incident().map(ToString::to_string),
        trigger = report.trigger,
        verdict = report.verdict.name(),
        code = report.verdict.code(),
        mode = report.mode.name(),
        drill = report.drill,
        judgement = judgement.and_then(|judgement| serde_json::to_string(judgement).ok()),
        "{}",
        report.sentence
    );
}

fn log_unread(report: &Report) {
    for unread in &report.unread {
        tracing::warn!(
            workload = report.workload.as_str(),
            step = unread.step,
            class = unread.failure.class.name(),
            "{}",
            unread.failure.message
        );
    }
}
