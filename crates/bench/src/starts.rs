//! How long each function takes from nothing to its first event and its first call, and how long when it
//! is warm.

use std::time::Duration;

use anyhow::{Context, bail};
use pipeline_tests::Pipeline;
use region::stage::{ASG_PRUNING, CLASSIFIER, ZONAL_SHIFT};

use crate::front::{Arrival, Front, HEALTH};
use crate::process::{Handled, Process, Program, Share};
use crate::setting::{CANARY, PEER, Programs, alarm_goes_off, event, invoked};
use crate::statistics::Sample;

/// How often.
#[derive(Debug, Clone, Copy)]
pub struct Counts {
    /// Processes started.
    pub cold: usize,
    /// Events given to the last of them.
    pub warm: usize,
}

/// What was measured of one function at one share, in milliseconds.
#[derive(Debug, Clone)]
pub struct Start {
    /// The function.
    pub function: String,
    /// Its share of a processor.
    pub share: Share,
    /// From nothing until it asks for its first event.
    pub ready: Sample,
    /// From nothing until its first event is handled.
    pub handled: Sample,
    /// From nothing until its first call over TLS has arrived.
    pub called: Sample,
    /// From nothing until what it is there for has arrived: for zonal-shift and the peer the start of the
    /// shift, for the others the first call.
    pub acted: Sample,
    /// From its first event until the first call of it has arrived.
    pub first_call: Sample,
    /// The same with later events.
    pub warm_call: Sample,
    /// From a later event until it is handled.
    pub warm_handled: Sample,
    /// The most memory at a time of any of the processes, in bytes.
    pub peak_memory: u64,
}

/// One event, measured.
struct Event {
    handled: Handled,
    call: Arrival,
    act: Arrival,
}

/// Measures a function.
///
/// # Errors
/// Where it does not start, or does not do what its event asks for.
pub async fn measure(
    front: &Front,
    programs: &Programs,
    function: &str,
    share: Share,
    counts: Counts,
) -> anyhow::Result<Start> {
    let program = programs.program(function, front);
    let mut cold: Vec<[Duration; 5]> = Vec::new();
    let mut warm: Vec<[Duration; 2]> = Vec::new();
    let mut peak_memory = 0;
    for number in 0..counts.cold {
        let (mut process, first) = start(front, &program, share).await?;
        let since = |at: std::time::Instant| at.duration_since(process.began);
        cold.push([
            since(process.ready),
            since(first.handled.answered),
            since(first.call.at),
            since(first.act.at),
            first.call.at.saturating_duration_since(first.handled.given),
        ]);
        if number + 1 == counts.cold {
            for _ in 0..counts.warm {
                let pipeline = prepare(front).await?;
                let event = one_event(front, &program, &mut process, &pipeline).await?;
                let since =
                    |at: std::time::Instant| at.saturating_duration_since(event.handled.given);
                warm.push([since(event.call.at), since(event.handled.answered)]);
            }
        }
        peak_memory = peak_memory.max(process.peak_memory()?);
        process.end().await?;
    }
    let of_cold = |index: usize| Sample::of(cold.iter().map(|row| row[index]));
    let of_warm = |index: usize| Sample::of(warm.iter().map(|row| row[index]));
    Ok(Start {
        function: function.to_owned(),
        share,
        ready: of_cold(0),
        handled: of_cold(1),
        called: of_cold(2),
        acted: of_cold(3),
        first_call: of_cold(4),
        warm_call: of_warm(0),
        warm_handled: of_warm(1),
        peak_memory,
    })
}

async fn start(front: &Front, program: &Program, share: Share) -> anyhow::Result<(Process, Event)> {
    // The event waits for the process, as in Lambda: to prepare it is no part of the start.
    let pipeline = prepare(front).await?;
    let mut process = Process::start(program, share).await?;
    let first = one_event(front, program, &mut process, &pipeline).await?;
    Ok((process, first))
}

/// A Region of its own for an event.
async fn prepare(front: &Front) -> anyhow::Result<Pipeline> {
    let pipeline = alarm_goes_off().await?;
    front.change(pipeline.region());
    Ok(pipeline)
}

/// Gives a process its event.
async fn one_event(
    front: &Front,
    program: &Program,
    process: &mut Process,
    pipeline: &Pipeline,
) -> anyhow::Result<Event> {
    let function = program.name.as_str();
    let event = event(function, pipeline);
    let handled = process.invoke(invoked(function, event, pipeline)).await?;
    if let Err(failure) = &handled.answer {
        bail!(
            "{function} failed: {}: {}",
            failure.error_type,
            failure.error_message
        );
    }
    let seen = |what: &str, wanted: fn(&Arrival) -> bool| {
        front
            .first(wanted)
            .with_context(|| format!("{function} did not {what}: {:?}", handled.answer))
    };
    let (call, act) = match function {
        CANARY => {
            let asked = seen("ask", |arrival| arrival.what.ends_with(HEALTH))?;
            (asked.clone(), asked)
        }
        ZONAL_SHIFT | PEER => (
            seen("call", |arrival| arrival.signed)?,
            seen("start a shift", Arrival::starts_shift)?,
        ),
        ASG_PRUNING | CLASSIFIER => {
            let called = seen("call", |arrival| arrival.signed)?;
            (called.clone(), called)
        }
        other => bail!("{other} is no function"),
    };
    Ok(Event { handled, call, act })
}
