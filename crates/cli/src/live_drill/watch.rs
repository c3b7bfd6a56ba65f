//! While traffic is away: until the drill is over, or something ends it.

use std::fmt;
use std::io;
use std::time::Duration;

use domain::incident::Marker;
use jiff::Timestamp;
use serde_json::json;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::sleep;

use super::{Begun, Drill};
use crate::account::{Alarms, Shifts, Unread, ZonalShift};
use crate::output::Waiting;
use crate::steer::ask;

/// Between two looks. The embedded Region's clock is faster than ours.
const BETWEEN: Duration = Duration::from_secs(10);
const BETWEEN_EMBEDDED: Duration = Duration::from_millis(300);
/// So many looks in a row may fail.
const MOST_FAILURES: u32 = 3;

/// Why a drill ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Because {
    /// Its time is over.
    Over,
    /// It never began.
    NotBegun,
    /// A person, or the end of the terminal, stopped it.
    Stopped(&'static str),
    /// An alarm of the zones that carry the traffic went off.
    Alarm(String),
    /// Somebody or something ended its shift.
    Gone,
    /// Nobody can see any more how it stands.
    Blind(String),
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Over => f.write_str("its time is over"),
            Self::NotBegun => f.write_str("it could not be begun"),
            Self::Stopped(signal) => write!(f, "stopped by {signal}"),
            Self::Alarm(alarm) => write!(f, "the alarm {alarm} went off"),
            Self::Gone => {
                f.write_str("its shift is not in force any more; somebody ended it, or it expired")
            }
            Self::Blind(error) => write!(f, "how it stands cannot be read: {error}"),
        }
    }
}

/// The signals that stop a drill.
pub(super) struct Stop {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Stop {
    /// Listens to them from now on.
    ///
    /// # Errors
    /// Where the system does not let it.
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for one; its name.
    pub(super) async fn stopped(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "Ctrl-C",
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.hang_up.recv() => "the end of the terminal",
        }
    }
}

/// How the drill stands at one moment.
struct Look {
    now: Timestamp,
    /// Its shifts that are in force.
    shifts: usize,
    /// An alarm of another zone, or of the Region, that rings.
    rings: Option<String>,
}

/// Looks on until the drill has to end; why it has to.
pub(super) async fn watch(drill: &Drill<'_>, begun: &Begun, stop: &mut Stop) -> Because {
    let ends = begun
        .at
        .saturating_add(drill.length)
        .unwrap_or(Timestamp::MAX);
    let waiting = Waiting::for_what(&format!(
        "traffic is away from {}; Ctrl-C ends the drill",
        drill.zone
    ));
    let mut failures = 0;
    loop {
        let look = tokio::select! {
            biased;
            signal = stop.stopped() => return Because::Stopped(signal),
            look = look(drill, begun) => look,
        };
        match look {
            Ok(look) => {
                failures = 0;
                if let Some(alarm) = look.rings {
                    return Because::Alarm(alarm);
                }
                if look.now >= ends {
                    return Because::Over;
                }
                if look.shifts == 0 {
                    return Because::Gone;
                }
                let left = ends.duration_since(look.now).as_mins() + 1;
                waiting.say(&format!(
                    "traffic is away from {} for {left} min more; Ctrl-C ends the drill",
                    drill.zone
                ));
            }
            Err(error) => {
                failures += 1;
                if failures == MOST_FAILURES {
                    return Because::Blind(error);
                }
            }
        }
        tokio::select! {
            biased;
            signal = stop.stopped() => return Because::Stopped(signal),
            () = sleep(between(drill)) => {}
        }
    }
}

/// Between two looks.
pub(super) fn between(drill: &Drill<'_>) -> Duration {
    match drill.account.is_embedded() {
        true => BETWEEN_EMBEDDED,
        false => BETWEEN,
    }
}

async fn look(drill: &Drill<'_>, begun: &Begun) -> Result<Look, String> {
    let shifts = shifts_of(drill, Some(begun)).await;
    let shifts = shifts.map_err(|error| error.to_string())?.len();
    let workload = &drill.found.workload;
    let names: Vec<String> = (workload.alarm_names().into_iter())
        .filter(|alarm| workload.zone_of_alarm(alarm) != Some(&drill.zone))
        .collect();
    let standing = Alarms::of(drill.account).standing(&names).await;
    let standing = standing.map_err(|error| error.to_string())?;
    let rings = standing.into_iter().find(|alarm| {
        let reading = alarm.reading.as_ref();
        reading.is_some_and(|reading| reading.state.name() == "ALARM")
    });
    Ok(Look {
        now: now(drill).await?,
        shifts,
        rings: rings.map(|alarm| alarm.alarm),
    })
}

/// The time by the account's own clock, as the classifier tells it.
pub(super) async fn now(drill: &Drill<'_>) -> Result<Timestamp, String> {
    if !drill.account.is_embedded() {
        return Ok(Timestamp::now());
    }
    let command = json!({"action": "reconcile", "reason": "evac drill", "dryRun": true});
    let asked = ask(drill.account, &drill.found, command).await;
    asked
        .map(|report| report.at)
        .map_err(|failure| failure.message)
}

/// The shifts of this drill that are in force; of any drill of the workload in its zone where it is not
/// known which.
pub(super) async fn shifts_of(
    drill: &Drill<'_>,
    begun: Option<&Begun>,
) -> Result<Vec<ZonalShift>, Unread> {
    let of_account = Shifts::of(drill.account);
    let mut shifts = Vec::new();
    for resource in &drill.found.workload.resources {
        shifts.extend(of_account.in_force(resource).await?);
    }
    shifts.retain(|shift| {
        Marker::from_comment(&shift.comment).is_some_and(|marker| {
            marker.drill
                && marker.incident.workload() == &drill.found.workload.name
                && begun.is_none_or(|begun| marker.incident == begun.incident)
        })
    });
    Ok(shifts)
}
