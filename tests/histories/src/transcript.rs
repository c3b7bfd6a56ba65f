//! A history as data: the setting and the steps. It is drawn before it is played, and nothing that
//! happens in the play changes it, so the same file gives the same history, and one with a step less
//! is a history too.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Transcript {
    /// What it was drawn from; while it plays, it seeds the waits between attempts and the order in
    /// which calls that are made at once arrive.
    pub seed: u64,
    /// What the workload is like.
    pub setting: Setting,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// What the workload is like, and by which clocks its functions go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Setting {
    pub zones: u8,
    pub resources: u8,
    pub groups: u8,
    pub subnets_per_zone: u8,
    /// `observe`, `shift` or `evacuate`.
    pub mode: String,
    pub min_zones: u8,
    pub automatic: bool,
    pub expires_in: String,
    pub stable_for_minutes: u32,
    pub tick_minutes: u32,
    /// Whether requests and faults are counted by zone.
    pub evidence: bool,
    /// Whether a canary asks every zone from outside.
    pub canary: bool,
    /// `act` or `hold`.
    pub without_evidence: String,
    /// `act` or `hold`.
    pub without_alarms: String,
    /// By how many seconds the clocks of the classifier, of zonal-shift and of asg-pruning are fast.
    pub skew: [i64; 3],
    /// Whether calls that are made at once arrive in any order.
    pub shuffled: bool,
}

/// Something happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Step {
    /// So many seconds after the step before it.
    pub after: u32,
    /// Not at once, but just before the functions' call of this number from then on: in the middle of
    /// a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_call: Option<u32>,
    pub what: What,
}

/// What happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum What {
    /// A zone's alarm, or the regional one, changes its state.
    Alarm {
        /// The zone; none for the Region's.
        zone: Option<u8>,
        on: bool,
    },
    /// A zone falls ill, gets well, or is not heard of any more.
    Health { zone: u8, health: Health },
    /// Something goes wrong with the Region's APIs, events, functions or capacity.
    Fault {
        /// As on the command line of a drill.
        fault: String,
        /// It ends after so many seconds.
        lasts: u32,
    },
    /// A person gives Evac a command.
    Command { command: Value },
    /// An event that was delivered already comes once more; counted from the first.
    Again { event: u32 },
    /// A person moves traffic of a resource, or of all, away from a zone.
    PersonShifts { zone: u8, resource: Option<u8> },
    /// A person ends shifts.
    PersonCancels { whose: Whose },
    /// A person takes a zone out of a group.
    Remove { group: u8, zone: u8 },
    /// A person puts a zone into a group, or a subnet that the workload does not list.
    Add { group: u8, zone: Option<u8> },
    /// An infrastructure tool gives a group, or all, the subnets that they were made with.
    PutBack { group: Option<u8> },
    /// A person deletes tags of Evac's of a group.
    DeleteTags { group: u8, which: Tags },
    /// A person deletes a group; it is gone at once, or is being deleted from now on.
    DeleteGroup { group: u8, at_once: bool },
    /// AWS moves traffic away from a zone, or lets it back.
    Autoshift { zone: u8, begins: bool },
}

/// How a zone is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Health {
    Well,
    Ill,
    /// Nobody counts anything there: neither the canary nor the workload.
    Silent,
}

/// Which shifts a person ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Whose {
    /// All that are in force, AWS's too.
    All,
    /// Those that Evac started.
    Evacs,
    /// The one that Evac started on the lead.
    EvacsLead,
    /// Those that people started.
    Peoples,
}

/// Which of Evac's tags a person deletes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Tags {
    All,
    /// The one that names the incident.
    Incident,
    /// Those that name what was removed.
    Removed,
}

impl Transcript {
    pub fn read(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_else(|error| panic!("not a transcript: {error}"))
    }

    /// In a form that can be read: a step a line.
    pub fn write(&self) -> String {
        let steps: Vec<String> = self
            .steps
            .iter()
            .map(|step| format!("  {}", json(step)))
            .collect();
        format!(
            "{{\"seed\": {},\n \"setting\": {},\n \"steps\": [\n{}\n ]}}\n",
            self.seed,
            json(&self.setting),
            steps.join(",\n")
        )
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap()
}
