//! The request and the answer of zonal-shift, as JSON.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::arn::ResourceArn;
use crate::duration::ShiftDuration;
use crate::failure::{Class, Failure};
use crate::incident::{IncidentId, Marker, Phase};
use crate::name::WorkloadName;
use crate::zone::ZoneId;

/// The version of the request.
pub const REQUEST_SCHEMA: &str = "evac.zonal-shift.request/1";
/// The version of the answer.
pub const ANSWER_SCHEMA: &str = "evac.zonal-shift.answer/1";

/// What zonal-shift is asked to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ShiftRequest {
    /// [`REQUEST_SCHEMA`].
    pub schema: String,
    /// The workload that asks; its name stands in the comment of each shift.
    pub workload: WorkloadName,
    /// The workload's resources, the lead first; never empty.
    pub resources: Vec<ResourceArn>,
    /// Whether the shift rehearses instead of helping.
    #[serde(default)]
    pub drill: bool,
    /// Read and plan, but change nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// What to do.
    #[serde(flatten)]
    pub action: ShiftAction,
}

/// The four things that zonal-shift does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "action",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum ShiftAction {
    /// Move traffic away from the incident's zone.
    Shift {
        /// The incident; it names the zone.
        incident: IncidentId,
        /// When ARC ends the shift by itself.
        expires_in: ShiftDuration,
    },
    /// Let our shifts last longer, counted from now, and note the phase.
    Extend {
        /// The incident.
        incident: IncidentId,
        /// When ARC ends the shift by itself, counted from now.
        expires_in: ShiftDuration,
        /// The phase to write into the comment.
        phase: Phase,
    },
    /// End our shifts away from the incident's zone.
    Cancel {
        /// The incident.
        incident: IncidentId,
    },
    /// Only look.
    Status,
}

impl ShiftAction {
    /// The incident, where there is one.
    #[must_use]
    pub fn incident(&self) -> Option<&IncidentId> {
        match self {
            Self::Shift { incident, .. }
            | Self::Extend { incident, .. }
            | Self::Cancel { incident } => Some(incident),
            Self::Status => None,
        }
    }

    /// The word in JSON.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Shift { .. } => "shift",
            Self::Extend { .. } => "extend",
            Self::Cancel { .. } => "cancel",
            Self::Status => "status",
        }
    }
}

/// What zonal-shift found and did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ShiftAnswer {
    /// [`ANSWER_SCHEMA`].
    pub schema: String,
    /// The word of the action.
    pub action: String,
    /// The incident, where the action has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<IncidentId>,
    /// Whether nothing was changed on purpose.
    pub dry_run: bool,
    /// Per resource, in the order of the request.
    pub resources: Vec<ResourceReport>,
    /// Whether traffic is away from the incident's zone on all of the workload's resources: read back
    /// from ARC's applied weights, not assumed. `false` for `status`.
    pub in_effect: bool,
    /// Whether it could not be read back yet, because ARC throttles: whoever asked asks again later.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unconfirmed: bool,
}

impl ShiftAnswer {
    /// What failed, with the resource. A resource that ARC does not manage counts: its traffic
    /// stays where it is.
    pub fn failures(&self) -> impl Iterator<Item = (&ResourceArn, Failure)> {
        self.resources
            .iter()
            .filter_map(|report| match &report.outcome {
                Outcome::Failed { class, message } => {
                    Some((&report.resource, Failure::new(*class, message.clone())))
                }
                Outcome::NotManaged => Some((
                    &report.resource,
                    Failure::new(
                        Class::NotFound,
                        format!(
                            "ARC does not manage {}; enable zonal shift on it, or correct its ARN",
                            report.resource
                        ),
                    ),
                )),
                _ => None,
            })
    }

    /// What stands in the way, if anything: the resource's report, the zone, what holds it, and
    /// ARC's id.
    #[must_use]
    pub fn obstacle(&self) -> Option<(&ResourceReport, &str, &ShiftKind, Option<&str>)> {
        self.resources
            .iter()
            .find_map(|report| match &report.outcome {
                Outcome::HeldByOther { zone, kind, id } => {
                    Some((report, zone.as_str(), kind, id.as_deref()))
                }
                _ => None,
            })
    }

    /// What this answer and a later one to the same request say together: what the first changed and the
    /// second found done was changed, and what the second could not read for throttling is as the first says.
    #[must_use]
    pub fn followed_by(self, later: Self) -> Self {
        let mut unconfirmed = later.unconfirmed;
        let together = |(earlier, later): (ResourceReport, ResourceReport)| match later.outcome {
            Outcome::AlreadyShifted { .. } if earlier.outcome.is_change() => ResourceReport {
                outcome: earlier.outcome,
                ..later
            },
            Outcome::Failed {
                class: Class::Throttled,
                ..
            } if earlier.outcome.is_change() => {
                unconfirmed = true;
                earlier
            }
            _ => later,
        };
        let reports = self.resources.into_iter().zip(later.resources);
        Self {
            resources: reports.map(together).collect(),
            unconfirmed,
            ..later
        }
    }

    /// Whether anything was changed.
    #[must_use]
    pub fn changed(&self) -> bool {
        let mut reports = self.resources.iter();
        reports.any(|report| report.outcome.is_change())
    }
}

/// What zonal-shift found of one resource, and did to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceReport {
    /// The resource.
    pub resource: ResourceArn,
    /// What was done.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// ARC's applied weight of each zone, as read last: 0.0 is shifted away, 1.0 in use. Empty
    /// where it could not be read.
    #[serde(default)]
    pub weights: BTreeMap<String, f64>,
    /// What is in force on the resource, as read last.
    #[serde(default)]
    pub shifts: Vec<ActiveShift>,
    /// Incidents of the workload that were ended on the resource: their shifts were cancelled, by a
    /// person or by a fail-back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ended: Vec<IncidentId>,
}

/// Whether traffic is away from the zone on every resource that has a part in it, by the weights
/// that ARC applies, and there is at least one. A resource that ARC does not manage, or that could
/// not be read, still has its traffic: then it is not.
#[must_use]
pub fn in_effect(zone: &ZoneId, resources: &[ResourceReport]) -> bool {
    let mut concerned = resources
        .iter()
        .filter(|report| !matches!(report.outcome, Outcome::NotInZone))
        .peekable();
    concerned.peek().is_some()
        && concerned.all(|report| {
            report
                .weights
                .get(zone.as_str())
                .is_some_and(|weight| *weight == 0.0)
        })
}

/// What became of one resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "outcome",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Outcome {
    /// A shift was started.
    Started {
        /// ARC's id of the shift.
        zonal_shift_id: String,
        /// When it ends by itself.
        expires_at: Option<Timestamp>,
    },
    /// Traffic was shifted away from this zone already.
    AlreadyShifted {
        /// By what.
        kind: ShiftKind,
        /// ARC's id of the shift; an autoshift has none.
        zonal_shift_id: Option<String>,
        /// Whether it is this workload's own shift.
        ours: bool,
    },
    /// Our shift ends later now.
    Extended {
        /// ARC's id of the shift.
        zonal_shift_id: String,
        /// When it ends by itself.
        expires_at: Option<Timestamp>,
    },
    /// Our shift was ended.
    Cancelled {
        /// ARC's id of the shift.
        zonal_shift_id: String,
    },
    /// There is no shift of ours to extend or to end.
    NotShifted,
    /// Somebody else's shift, or an end that was put to the incident, stands in the way.
    HeldByOther {
        /// The zone that traffic is away from, or was brought back to.
        zone: String,
        /// What holds the resource.
        kind: ShiftKind,
        /// ARC's id of the shift; an autoshift has none.
        id: Option<String>,
    },
    /// ARC does not manage the resource: zonal shift is not enabled on it, or it does not exist.
    NotManaged,
    /// The resource has no part in the zone, so no traffic of it goes there.
    NotInZone,
    /// Nothing was tried, because of another resource.
    NotStarted {
        /// Why.
        because: String,
    },
    /// Without `dryRun` this would have been done: `start`, `extend` or `cancel`.
    Would {
        /// The word of the step.
        step: String,
    },
    /// The resource was only looked at.
    Read,
    /// The resource could not be read or changed.
    Failed {
        /// The class of the failure.
        class: Class,
        /// What failed.
        message: String,
    },
}

impl Outcome {
    /// Whether it changed something.
    #[must_use]
    pub fn is_change(&self) -> bool {
        matches!(
            self,
            Self::Started { .. } | Self::Extended { .. } | Self::Cancelled { .. }
        )
    }
}

/// What keeps traffic away from a zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum ShiftKind {
    /// A zonal shift that a customer started: Evac, or a person.
    Customer,
    /// AWS's own shift.
    Autoshift,
    /// A practice run.
    PracticeRun,
    /// An experiment of AWS Fault Injection Service.
    FisExperiment,
    /// Not a shift: this incident was ended, by a person or by a fail-back.
    Ended,
    /// A kind that this version does not know.
    Other(String),
}

impl ShiftKind {
    /// The word in JSON.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Customer => "customer",
            Self::Autoshift => "autoshift",
            Self::PracticeRun => "practiceRun",
            Self::FisExperiment => "fisExperiment",
            Self::Ended => "ended",
            Self::Other(name) => name,
        }
    }
}

impl From<String> for ShiftKind {
    fn from(text: String) -> Self {
        match text.as_str() {
            "customer" => Self::Customer,
            "autoshift" => Self::Autoshift,
            "practiceRun" => Self::PracticeRun,
            "fisExperiment" => Self::FisExperiment,
            "ended" => Self::Ended,
            _ => Self::Other(text),
        }
    }
}

impl From<ShiftKind> for String {
    fn from(kind: ShiftKind) -> Self {
        kind.name().to_owned()
    }
}

impl fmt::Display for ShiftKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Customer => "zonal shift",
            Self::Autoshift => "autoshift",
            Self::PracticeRun => "practice run",
            Self::FisExperiment => "FIS experiment",
            Self::Ended => "end of the incident",
            Self::Other(name) => name,
        })
    }
}

/// A shift in force on a resource. ARC lists only those that are active.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActiveShift {
    /// The zone that traffic is away from, as ARC names it.
    pub zone: String,
    /// What kind of shift.
    pub kind: ShiftKind,
    /// Its id; an autoshift has none.
    pub id: Option<String>,
    /// Whether it is the one in effect: of several, ARC applies the one with precedence.
    pub applied: bool,
    /// When it started.
    pub started_at: Option<Timestamp>,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// The comment as it is, for people.
    pub comment: Option<String>,
}

impl ActiveShift {
    /// Evac's mark, where the shift is a customer's and its comment is exactly a mark.
    #[must_use]
    pub fn marker(&self) -> Option<Marker> {
        if self.kind != ShiftKind::Customer {
            return None;
        }
        self.comment.as_deref().and_then(Marker::from_comment)
    }

    /// The mark, where it is one of this workload.
    #[must_use]
    pub fn ours(&self, workload: &WorkloadName) -> Option<Marker> {
        self.marker()
            .filter(|marker| marker.incident.workload() == workload)
    }

    /// Whether traffic is away from this zone.
    #[must_use]
    pub fn is_away_from(&self, zone: &ZoneId) -> bool {
        self.zone == zone.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incident() -> IncidentId {
        "wildrydes/use1-az1/20261124T092000Z".parse().unwrap()
    }

    fn report(outcome: Outcome, weights: &[(&str, f64)]) -> ResourceReport {
        ResourceReport {
            resource: "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/front/50dc6c495c0c9188"
                .parse()
                .unwrap(),
            outcome,
            weights: weights.iter().map(|(zone, weight)| ((*zone).to_owned(), *weight)).collect(),
            shifts: Vec::new(),
            ended: Vec::new(),
        }
    }

    #[test]
    fn an_action_goes_by_its_word_in_json_and_names_its_incident() {
        let expires_in: ShiftDuration = "6h".parse().unwrap();
        let extend = ShiftAction::Extend {
            incident: incident(),
            expires_in: expires_in.clone(),
            phase: Phase::Evacuate,
        };
        let shift = ShiftAction::Shift {
            incident: incident(),
            expires_in,
        };
        let cancel = ShiftAction::Cancel {
            incident: incident(),
        };
        for action in [shift, extend, cancel, ShiftAction::Status] {
            let json = serde_json::to_value(&action).unwrap();
            assert_eq!(json["action"], action.name());
            let named = json.get("incident").cloned();
            let incident = action
                .incident()
                .map(|incident| incident.to_string().into());
            assert_eq!(named, incident);
        }
    }

    #[test]
    fn a_kind_of_shift_keeps_its_word_known_or_not() {
        use ShiftKind::{Autoshift, Customer, Ended, FisExperiment, Other, PracticeRun};
        let new = Other("planned".to_owned());
        for kind in [Customer, Autoshift, PracticeRun, FisExperiment, Ended, new] {
            let json = serde_json::to_value(&kind).unwrap();
            assert_eq!(json, kind.name());
            assert_eq!(serde_json::from_value(json).ok(), Some(kind));
        }
    }

    #[test]
    fn only_what_was_started_extended_or_cancelled_has_changed() {
        let answer = |outcome: Outcome| ShiftAnswer {
            schema: ANSWER_SCHEMA.to_owned(),
            action: "shift".to_owned(),
            incident: Some(incident()),
            dry_run: false,
            resources: vec![report(Outcome::NotShifted, &[]), report(outcome, &[])],
            in_effect: false,
            unconfirmed: false,
        };
        let zonal_shift_id = || "1".to_owned();
        let expires_at = None;
        for outcome in [
            Outcome::Started {
                zonal_shift_id: zonal_shift_id(),
                expires_at,
            },
            Outcome::Extended {
                zonal_shift_id: zonal_shift_id(),
                expires_at,
            },
            Outcome::Cancelled {
                zonal_shift_id: zonal_shift_id(),
            },
        ] {
            assert!(answer(outcome).changed());
        }
        for outcome in [Outcome::Read, Outcome::NotManaged, Outcome::NotShifted] {
            assert!(!answer(outcome).changed());
        }
    }

    #[test]
    fn a_shift_is_in_effect_once_every_resource_in_the_zone_has_no_traffic_there() {
        let zone: ZoneId = "use1-az1".parse().unwrap();
        let away = report(Outcome::Read, &[("use1-az1", 0.0), ("use1-az2", 1.0)]);
        let not_yet = report(Outcome::Read, &[("use1-az1", 0.5), ("use1-az2", 1.0)]);
        let unknown = report(Outcome::NotManaged, &[]);
        let elsewhere = report(Outcome::NotInZone, &[("use1-az2", 1.0)]);
        let all = |reports: &[&ResourceReport]| {
            let reports: Vec<ResourceReport> =
                reports.iter().map(|&report| report.clone()).collect();
            in_effect(&zone, &reports)
        };
        assert!(all(&[&away]));
        assert!(all(&[&away, &elsewhere]));
        assert!(!all(&[&away, &not_yet]));
        assert!(!all(&[&away, &unknown]));
        assert!(!all(&[&elsewhere]));
        assert!(!all(&[]));
    }
}
