//! The chain: an alarm's event in, the start of the shift out, with the executables over TLS.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use region::lambda::{FunctionFailure, Handler, Invoked};
use region::stage::{ASG_PRUNING, CLASSIFIER, Handlers, ZONAL_SHIFT};
use tokio::sync::Mutex;

use crate::front::{Arrival, Front};
use crate::process::{Process, Program, Share};
use crate::setting::{Programs, alarm_event, alarm_goes_off};
use crate::statistics::Sample;

/// The functions that take part.
const LINKS: [&str; 3] = [CLASSIFIER, ZONAL_SHIFT, ASG_PRUNING];

/// What was measured, in milliseconds from the event to the arrival of the shift's start.
#[derive(Debug, Clone)]
pub struct Chain {
    /// No function had been started.
    pub cold: Sample,
    /// Every function was running.
    pub warm: Sample,
}

/// The execution environment of one function: a process, once it was needed.
struct Environment {
    program: Program,
    share: Share,
    process: Mutex<Option<Process>>,
}

impl Environment {
    async fn run(&self, invoked: Invoked) -> Result<serde_json::Value, FunctionFailure> {
        let outcome = async {
            let mut process = self.process.lock().await;
            if process.is_none() {
                *process = Some(Process::start(&self.program, self.share).await?);
            }
            let running = process.as_mut().context("a process was started")?;
            running.invoke(invoked).await
        };
        match outcome.await {
            Ok(handled) => handled.answer,
            Err(error) => Err(FunctionFailure::of_runtime("Bench", format!("{error:#}"))),
        }
    }
}

/// Measures the chain.
///
/// # Errors
/// Where a function fails, or no shift is started.
pub async fn measure(
    front: &Front,
    programs: &Programs,
    share: Share,
    cold: usize,
    warm: usize,
) -> anyhow::Result<Chain> {
    let mut times = Vec::new();
    for _ in 0..cold {
        let environments = environments(front, programs, share);
        times.push(once(front, &environments).await?);
        end(environments).await?;
    }
    let running = environments(front, programs, share);
    // The first two make the processes, and whatever a process does once more when it is called again.
    for _ in 0..2 {
        once(front, &running).await?;
    }
    let mut warm_times = Vec::new();
    for _ in 0..warm {
        warm_times.push(once(front, &running).await?);
    }
    end(running).await?;
    Ok(Chain {
        cold: Sample::of(times),
        warm: Sample::of(warm_times),
    })
}

fn environments(front: &Front, programs: &Programs, share: Share) -> [Arc<Environment>; 3] {
    LINKS.map(|function| {
        Arc::new(Environment {
            program: programs.program(function, front),
            share,
            process: Mutex::new(None),
        })
    })
}

async fn end(environments: [Arc<Environment>; 3]) -> anyhow::Result<()> {
    for environment in environments {
        if let Some(process) = environment.process.lock().await.take() {
            process.end().await?;
        }
    }
    Ok(())
}

/// One alarm in a Region of its own.
async fn once(front: &Front, environments: &[Arc<Environment>; 3]) -> anyhow::Result<Duration> {
    let pipeline = alarm_goes_off().await?;
    front.change(pipeline.region());
    let handler = |index: usize| -> Handler {
        let environment = Arc::clone(&environments[index]);
        Arc::new(move |invoked| {
            let environment = Arc::clone(&environment);
            Box::pin(async move { environment.run(invoked).await })
        })
    };
    pipeline.stage.connect(Handlers {
        classifier: handler(0),
        zonal_shift: handler(1),
        asg_pruning: handler(2),
    })?;
    let event = alarm_event(&pipeline);
    let began = Instant::now();
    let outcome = pipeline.region().invoke_function(CLASSIFIER, event).await;
    if let Err(failure) = outcome {
        bail!(
            "the classifier failed: {}: {}",
            failure.error_type,
            failure.error_message
        );
    }
    let started = front
        .first(Arrival::starts_shift)
        .context("no shift was started")?;
    Ok(started.at.duration_since(began))
}
