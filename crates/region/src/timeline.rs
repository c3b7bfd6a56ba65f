//! What happened in the Region, in lines for people.

use domain::ZoneId;
use jiff::Timestamp;
use serde::Serialize;

use crate::arc;
use crate::cloudwatch::{StateChange, StateValue};
use crate::history::{Change, Happened};
use crate::sns::Sns;
use crate::world::{Effect, Fault, Target};

/// How the line of a fault of the workload begins that begins.
pub const FAULT_BEGINS: &str = "fault begins: ";
/// How the line of one begins that ends.
pub const FAULT_ENDS: &str = "fault ends: ";

/// A line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// Who: a service as in the AWS CLI, or `scenario`.
    pub actor: String,
    /// What.
    pub what: String,
}

/// An alarm's change of state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmChange {
    /// When.
    pub at: Timestamp,
    /// The alarm.
    pub name: String,
    /// Its state since.
    pub to: StateValue,
}

/// The lines so far.
#[derive(Debug, Clone, Default)]
pub struct Timeline {
    entries: Vec<Entry>,
    alarms: Vec<AlarmChange>,
    messages_seen: usize,
}

impl Timeline {
    /// The lines, oldest first.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The alarms' changes, oldest first.
    #[must_use]
    pub fn alarms(&self) -> &[AlarmChange] {
        &self.alarms
    }

    fn add(&mut self, at: Timestamp, actor: &str, what: impl Into<String>) {
        self.entries.push(Entry {
            at,
            actor: actor.to_owned(),
            what: what.into(),
        });
    }

    /// A line about what the scenario does.
    pub(crate) fn scenario(&mut self, at: Timestamp, what: String) {
        self.add(at, "scenario", what);
    }

    pub(crate) fn alarm(&mut self, change: &StateChange) {
        self.alarms.push(AlarmChange {
            at: change.at,
            name: change.alarm_name.clone(),
            to: change.to,
        });
        // That a new alarm finds out its first state is no news.
        if change.from != StateValue::InsufficientData {
            let what = format!(
                "alarm {}: {} -> {}",
                change.alarm_name, change.from, change.to
            );
            self.add(change.at, "cloudwatch", what);
        }
    }

    /// Adds lines for what is new: changes, and messages.
    pub(crate) fn take_over(&mut self, changes: &[Happened], sns: &Sns) {
        for happened in changes {
            match &happened.what {
                Change::Shift(change) => {
                    self.add(change.at, "arc-zonal-shift", shift_line(change));
                }
                Change::Group(change) => {
                    let (before, after) = (
                        zones_line(&change.zones_before),
                        zones_line(&change.zones_after),
                    );
                    let what = format!("group {}: zones {before} -> {after}", change.group);
                    self.add(change.at, "autoscaling", what);
                }
            }
        }
        let inbox = sns.inbox();
        for message in &inbox[self.messages_seen..] {
            let subject = message.published.subject.clone().unwrap_or_default();
            self.add(message.at, "sns", format!("message: {subject}"));
        }
        self.messages_seen = inbox.len();
    }
}

fn shift_line(change: &arc::Change) -> String {
    let zone = &change.zone;
    let resource = change
        .resource
        .as_ref()
        .map_or("every enrolled resource", |resource| resource.short());
    match change.what {
        arc::What::Started => format!(
            "{resource}: traffic moves away from {zone} ({})",
            change.comment
        ),
        arc::What::Updated => format!(
            "{resource}: shift away from {zone} updated ({})",
            change.comment
        ),
        arc::What::Canceled => format!("{resource}: traffic returns to {zone}"),
        arc::What::Expired => format!("{resource}: shift away from {zone} has expired"),
        arc::What::AutoshiftStarted => format!("AWS begins an autoshift away from {zone}"),
        arc::What::AutoshiftCompleted => format!("AWS ends its autoshift away from {zone}"),
    }
}

/// A fault of the physics, as a clause.
#[must_use]
pub fn fault_line(fault: &Fault) -> String {
    let place = match &fault.target {
        Target::Zone(zone) => format!("all of {zone}"),
        Target::Instance(zone, _) => format!("one instance in {zone}"),
        Target::Region => "all zones".to_owned(),
    };
    let percent = |share: f64| format!("{:.0}% of the requests", share * 100.0);
    match fault.effect {
        Effect::Errors { share } => format!("{} to {place} fail", percent(share)),
        Effect::Slow { share, to_ms } => format!("{} to {place} take {to_ms} ms", percent(share)),
        Effect::PacketLoss { share } => format!("{} to {place} get lost", percent(share)),
    }
}

/// The zones of a set, for people.
fn zones_line<'a>(zones: impl IntoIterator<Item = &'a ZoneId>) -> String {
    let zones: Vec<&str> = zones.into_iter().map(ZoneId::as_str).collect();
    zones.join(", ")
}
