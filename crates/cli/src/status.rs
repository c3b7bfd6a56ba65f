//! `evac status`: how workloads stand in an account.

use std::fmt::Write;

use domain::incident::Marker;
use domain::report::Report;
use jiff::Timestamp;
use runtime::settings::environment;
use serde_json::{Value, json};

use crate::account::definition::{Found, all, find};
use crate::account::{
    Account, AlarmStanding, Alarms, Events, Functions, GroupStanding, Groups, Shifts, ZonalShift,
    name_of,
};
use crate::arguments::{Format, StatusOptions};
use crate::output::{WIDTH, Waiting, tell, wrapped};
use crate::steer::ask;

/// The columns of a row's name.
const HEAD: usize = 13;

/// The version of the JSON.
const SCHEMA: &str = "evac.status/1";

/// Shows how workloads stand; whether everything could be read.
pub(crate) fn command(options: &StatusOptions) -> anyhow::Result<bool> {
    let account = Account::open(&environment(), None)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let standing = runtime.block_on(async {
        let events = Events::of(&account);
        let workloads = match &options.workload {
            Some(name) => vec![find(&events, name, account.region()).await?],
            None => all(&events, account.region()).await?,
        };
        let _waiting = Waiting::for_what("the account is read");
        let mut standing = Vec::new();
        for found in &workloads {
            standing.push(Standing::read(&account, found).await);
        }
        anyhow::Ok(standing)
    })?;
    match options.format {
        Format::Json => {
            let workloads: Vec<Value> = standing.iter().map(Standing::json).collect();
            let json = json!({"schema": SCHEMA, "workloads": workloads});
            tell(&serde_json::to_string_pretty(&json)?)?;
        }
        Format::Text => {
            let texts: Vec<String> = standing.iter().map(text).collect();
            tell(&texts.join("\n\n"))?;
        }
    }
    Ok(standing.iter().all(|standing| standing.unread.is_empty()))
}

/// How a workload stands.
#[derive(Debug)]
pub(crate) struct Standing {
    name: String,
    mode: &'static str,
    rule: String,
    classifier: String,
    stopped: Option<bool>,
    next_tick: Option<Box<Report>>,
    alarms: Vec<(String, AlarmStanding)>,
    shifts: Vec<ZonalShift>,
    groups: Vec<GroupStanding>,
    /// What could not be read, in words.
    unread: Vec<String>,
}

impl Standing {
    /// Reads everything that can be read.
    pub(crate) async fn read(account: &Account, found: &Found) -> Self {
        let workload = &found.workload;
        let mut unread = Vec::new();
        let mut note = |error: String| unread.push(error);
        let stopped = Functions::of(account).is_stopped(&found.classifier).await;
        let stopped = stopped.map_err(|error| note(error.to_string())).ok();
        let names = workload.alarm_names();
        let alarms = match Alarms::of(account).standing(&names).await {
            Ok(standing) => standing,
            Err(error) => {
                note(error.to_string());
                Vec::new()
            }
        };
        let place = |alarm: &AlarmStanding| {
            let zone = workload.zone_of_alarm(&alarm.alarm);
            zone.map_or_else(|| "regional".to_owned(), ToString::to_string)
        };
        let alarms = alarms
            .into_iter()
            .map(|alarm| (place(&alarm), alarm))
            .collect();
        let mut shifts = Vec::new();
        let of_account = Shifts::of(account);
        for resource in &workload.resources {
            match of_account.in_force(resource).await {
                Ok(found) => shifts.extend(found),
                Err(error) => note(error.to_string()),
            }
        }
        let mut groups = Vec::new();
        if let Some(selector) = &workload.groups {
            match Groups::of(account).standing(selector).await {
                Ok(found) => groups = found,
                Err(error) => note(error.to_string()),
            }
        }
        let mut next_tick = None;
        if stopped == Some(false) {
            let command = json!({"action": "reconcile", "reason": "evac status", "dryRun": true});
            match ask(account, found, command).await {
                Ok(report) => next_tick = Some(Box::new(report)),
                Err(failure) => note(format!("the next tick: {}", failure.message)),
            }
        }
        Self {
            name: workload.name.to_string(),
            mode: workload.policy.mode.name(),
            rule: found.rule.clone(),
            classifier: found.classifier.clone(),
            stopped,
            next_tick,
            alarms,
            shifts,
            groups,
            unread,
        }
    }

    fn json(&self) -> Value {
        let alarms = self.alarms.iter().map(|(place, alarm)| {
            let reading = alarm.reading.as_ref();
            json!({
                "place": place, "alarm": alarm.alarm,
                "state": reading.map(|reading| reading.state.name()),
                "since": reading.and_then(|reading| reading.transitioned_at),
            })
        });
        let shifts = self.shifts.iter().map(|shift| {
            json!({
                "resource": shift.resource, "zone": shift.zone, "id": shift.id, "kind": shift.kind,
                "comment": shift.comment, "began": shift.began, "expires": shift.expires,
                "incident": Marker::from_comment(&shift.comment).map(|marker| marker.incident),
            })
        });
        let groups = self.groups.iter().map(|group| {
            let record = group.record.as_ref();
            let record = record.map(|record| {
                record.as_ref().map(|record| {
                    json!({"incident": record.incident, "drill": record.drill, "removed": record.removed})
                })
            });
            let problem = group.record.as_ref().err().map(ToString::to_string);
            json!({
                "group": group.group, "subnets": group.subnets,
                "pruned": record.unwrap_or_default(), "problem": problem,
            })
        });
        json!({
            "name": self.name,
            "mode": self.mode,
            "rule": self.rule,
            "classifier": self.classifier,
            "stopped": self.stopped,
            "nextTick": self.next_tick,
            "alarms": alarms.collect::<Vec<Value>>(),
            "shifts": shifts.collect::<Vec<Value>>(),
            "groups": groups.collect::<Vec<Value>>(),
            "unread": self.unread,
        })
    }
}

/// The status as people read it.
pub(crate) fn text(standing: &Standing) -> String {
    let mut text = format!(
        "{}  (mode {}, rule {})",
        standing.name, standing.mode, standing.rule
    );
    let mut row = |head: &str, what: &str| {
        for (number, line) in wrapped(what, WIDTH - HEAD - 3).iter().enumerate() {
            let head = if number == 0 { head } else { "" };
            let _ = write!(text, "\n  {head:<HEAD$} {line}");
        }
    };
    let function = name_of(&standing.classifier);
    match standing.stopped {
        Some(true) => row(
            "Evac",
            &format!(
                "STOPPED: the reserved concurrency of {function} is 0, so it neither decides nor tells; shifts in force stay until they expire"
            ),
        ),
        Some(false) => row("Evac", "runs"),
        None => row("Evac", "not known"),
    }
    if let Some(report) = &standing.next_tick {
        row("next tick", &report.sentence);
        for unready in report.unready.iter().flatten() {
            row("not ready", &unready.to_string());
        }
    }
    for (place, alarm) in &standing.alarms {
        row(place, &alarm_text(alarm));
    }
    if standing.shifts.is_empty() {
        row("shifts", "none");
    }
    for shift in &standing.shifts {
        row("shift", &shift_text(shift));
    }
    for group in &standing.groups {
        row("group", &group_text(group));
    }
    for unread in &standing.unread {
        row("NOT READ", unread);
    }
    text
}

fn alarm_text(alarm: &AlarmStanding) -> String {
    let Some(reading) = &alarm.reading else {
        return format!("MISSING: there is no alarm {}", alarm.alarm);
    };
    let state = &reading.state;
    let since = reading
        .transitioned_at
        .map(|since| format!(" since {}", clock(since)));
    format!("{state}{}: {}", since.unwrap_or_default(), alarm.alarm)
}

fn shift_text(shift: &ZonalShift) -> String {
    let whose = match Marker::from_comment(&shift.comment) {
        Some(marker) if marker.drill => format!("Evac's, a drill ({})", marker.incident),
        Some(marker) => format!("Evac's ({})", marker.incident),
        None => format!("not Evac's (\"{}\")", shift.comment),
    };
    format!(
        "{} away from {}, {whose}, until {}",
        shift.resource.short(),
        shift.zone,
        clock(shift.expires)
    )
}

fn group_text(group: &GroupStanding) -> String {
    let subnets = group.subnets.len();
    match &group.record {
        Ok(None) => format!("{}: {subnets} subnets, not pruned", group.group),
        Ok(Some(record)) => format!(
            "{}: {subnets} subnets, pruned by Evac for {}: {} taken out",
            group.group,
            record.incident,
            record.removed.len()
        ),
        Err(error) => format!("{}: {error}", group.group),
    }
}

fn clock(at: Timestamp) -> impl std::fmt::Display {
    at.strftime("%Y-%m-%d %H:%M:%S UTC")
}
