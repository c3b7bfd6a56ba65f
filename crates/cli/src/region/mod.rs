//! `evac region`: the embedded Region for other clients, without Evac or with it.

mod functions;
mod holdings;
mod text;

use std::io::{self, Write};
use std::sync::Arc;

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};
use region::clock::run_until;
use region::scenario::{Scenario, built_in, healthy};
use region::stage::Stage;
use region::transport::http::{Listening, listen};
use tokio::signal::unix::{Signal, SignalKind, signal};

use self::holdings::Holdings;
use crate::arguments::{RegionOptions, UsageError};
use crate::doors::{Doors, Opening};
use crate::drill::find_functions;
use crate::scenarios::{find, with_faults};

/// The seed of everything that chance decides: two Regions of one scenario are alike.
const SEED: u64 = 1;

/// Runs the Region until a signal stops it; true, since it ends no other way.
pub(crate) fn command(options: &RegionOptions) -> anyhow::Result<bool> {
    let scenario = match &options.scenario {
        Some(name) => find(built_in()?, name)?,
        None => healthy()?,
    };
    let scenario = with_faults(scenario, &options.faults)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(run(&scenario, options))?;
    Ok(true)
}

async fn run(scenario: &Scenario, options: &RegionOptions) -> anyhow::Result<()> {
    // Before anything is told: whoever reads that the Region is ready may stop it at once.
    let mut signals = Signals::new()?;
    let stage = match options.began {
        None => Stage::set(scenario, SEED),
        Some(minutes) => Stage::set_at(scenario, SEED, wall_minutes_ago(minutes)),
    };
    let stage = stage.map_err(|error| UsageError(error.to_string()))?;
    if options.began.is_some() {
        let passed = Timestamp::now().duration_since(stage.region.now());
        stage.region.advance(passed).await;
    }
    functions::add(&mut stage.region.state());
    let opened = open(&stage, options).await;
    let opened = opened.map_err(|error| match error.downcast::<io::Error>() {
        Ok(error) => refused(options.port, &error),
        Err(error) => error,
    })?;
    tell(&stage, scenario, opened.listening())?;
    let region = Arc::clone(&stage.region);
    let speed = options.speed;
    // The Region's clock has no end before the calendar has.
    let clock = tokio::spawn(async move { run_until(&region, Timestamp::MAX, speed).await });
    tokio::select! {
        () = signals.stop() => {}
        ended = clock => ended??,
    }
    Ok(())
}

/// The Region's door, with or without Evac behind it.
enum Opened {
    Alone(Listening),
    WithEvac(Doors),
}

impl Opened {
    fn listening(&self) -> &Listening {
        match self {
            Self::Alone(listening) => listening,
            Self::WithEvac(doors) => &doors.region,
        }
    }
}

async fn open(stage: &Stage, options: &RegionOptions) -> anyhow::Result<Opened> {
    if !options.evac {
        return Ok(Opened::Alone(listen(&stage.region, options.port).await?));
    }
    let functions = find_functions(options.functions.as_deref(), true)?;
    let opening = Opening {
        port: options.port,
        play_canary: true,
        logs: false,
    };
    Ok(Opened::WithEvac(
        Doors::open(stage, &functions, &opening).await?,
    ))
}

/// The moment so many minutes ago, by the wall clock.
fn wall_minutes_ago(minutes: u16) -> Timestamp {
    let now = Timestamp::now();
    now.checked_sub(SignedDuration::from_mins(minutes.into()))
        .unwrap_or(now)
}

fn tell(stage: &Stage, scenario: &Scenario, listening: &Listening) -> anyhow::Result<()> {
    let holdings = Holdings::of(stage)?;
    let text = text::introduction(&text::Introduction {
        scenario,
        begin: stage.begin,
        endpoint: &listening.endpoint(),
        holdings: &holdings,
    });
    let mut output = io::stdout().lock();
    match output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush())
    {
        // Whoever has read enough may hang up, and still wants the Region.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.context("cannot write to standard output"),
    }
}

/// Why the port cannot be had, and what to do about it.
fn refused(port: u16, error: &io::Error) -> anyhow::Error {
    match error.kind() {
        io::ErrorKind::AddrInUse => anyhow::anyhow!(
            "--port {port}: another program listens on 127.0.0.1:{port}; stop it, choose another port, or leave --port out for any that is free"
        ),
        io::ErrorKind::PermissionDenied => anyhow::anyhow!(
            "--port {port}: this user may not listen on it; choose one of 1024 to 65535, or leave --port out for any that is free"
        ),
        _ => anyhow::anyhow!("--port {port}: cannot listen on 127.0.0.1:{port}: {error}"),
    }
}

/// The signals that stop the Region.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn stop(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_cannot_be_had_is_named_with_what_to_do() {
        let told = |kind| refused(4599, &io::Error::from(kind)).to_string();
        insta::assert_snapshot!(told(io::ErrorKind::AddrInUse), @"--port 4599: another program listens on 127.0.0.1:4599; stop it, choose another port, or leave --port out for any that is free");
        insta::assert_snapshot!(told(io::ErrorKind::PermissionDenied), @"--port 4599: this user may not listen on it; choose one of 1024 to 65535, or leave --port out for any that is free");
        insta::assert_snapshot!(told(io::ErrorKind::AddrNotAvailable), @"--port 4599: cannot listen on 127.0.0.1:4599: address not available");
    }
}
