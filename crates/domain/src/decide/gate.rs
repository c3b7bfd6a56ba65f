//! The gates between the steps of a plan: each step's answer decides whether the next may be taken.

use crate::failure::{Class, Failure};
use crate::hold::HoldReason;
use crate::prune::{PruneAnswer, Refusal};
use crate::shift::{Outcome, ShiftAnswer, ShiftKind};
use crate::workload::Workload;

/// What follows a shift.
#[derive(Clone, Debug, PartialEq)]
pub enum AfterShift {
    /// Traffic is away: groups may be pruned.
    InEffect,
    /// ARC has accepted it, and throttles whoever looks whether traffic is away: to be asked again.
    Unconfirmed,
    /// Somebody else's shift, or an end that was put to the incident, stands in the way.
    Held(HoldReason),
    /// It did not work, and nothing may be pruned.
    Failed(Failure),
}

/// The gate between shift and prune: no prune while traffic is not shifted away.
#[must_use]
pub fn after_shift(workload: &Workload, answer: &ShiftAnswer) -> AfterShift {
    if let Some(lead) = answer.resources.first()
        && lead.outcome == Outcome::NotInZone
    {
        return AfterShift::Failed(Failure::new(
            Class::Rejected,
            format!(
                "{} is the lead and has no part in the zone; put a resource first that spans every zone",
                lead.resource.short()
            ),
        ));
    }
    if let Some((resource, failure)) = answer.failures().next() {
        return AfterShift::Failed(failure.of(resource.short()));
    }
    match obstacle(workload, answer) {
        // The lead was ours, and another resource was taken meanwhile: half of the workload is away.
        Some(reason) if answer.changed() => AfterShift::Failed(Failure::new(
            Class::Conflict,
            format!("only partly shifted: {reason}"),
        )),
        Some(reason) => AfterShift::Held(reason),
        None if answer.in_effect || answer.dry_run => AfterShift::InEffect,
        None if answer.unconfirmed => AfterShift::Unconfirmed,
        None => AfterShift::Failed(Failure::new(
            Class::NotApplied,
            "ARC does not show the shift in effect on every resource",
        )),
    }
}

/// Who or what stands in the way of a shift.
fn obstacle(workload: &Workload, answer: &ShiftAnswer) -> Option<HoldReason> {
    let (report, zone, kind, id) = answer.obstacle()?;
    if *kind == ShiftKind::Ended {
        let incident = answer.incident.clone()?;
        return Some(HoldReason::Ended { incident });
    }
    let ours = report
        .shifts
        .iter()
        .filter(|shift| shift.zone == zone)
        .find_map(|shift| shift.ours(&workload.name));
    Some(match ours {
        Some(marker) => HoldReason::OtherZoneEvacuated {
            incident: marker.incident,
        },
        None => HoldReason::OtherZoneShifted {
            resource: report.resource.short().to_owned(),
            zone: zone.to_owned(),
            kind: kind.clone(),
            id: id.map(str::to_owned),
        },
    })
}

/// What follows a restore.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AfterRestore {
    /// Capacity is back: traffic may return.
    Ready,
    /// Instances are still starting, or groups were not reached: the tick goes on.
    Waiting,
    /// It did not work, and traffic stays away.
    Failed(Failure),
}

/// The gate between restore and the end of the shift: no traffic before there is capacity for it.
/// A group that could not be restored keeps traffic away, unless it is being deleted, or pruned for
/// another incident: then it lacks nothing in this zone, and has to wait for the end of this one.
#[must_use]
pub fn after_restore(answer: &PruneAnswer) -> AfterRestore {
    if let Some((group, failure)) = answer.failures().next() {
        return AfterRestore::Failed(failure.of(group));
    }
    let refused = answer.refusals().find(|(_, refusal)| {
        !matches!(
            refusal,
            Refusal::BeingDeleted | Refusal::PrunedForAnotherIncident { .. }
        )
    });
    if let Some((group, refusal)) = refused {
        return AfterRestore::Failed(Failure::new(
            Class::Rejected,
            format!("{group} was not restored: {refusal}"),
        ));
    }
    if answer.capacity_ready() || answer.dry_run {
        AfterRestore::Ready
    } else {
        AfterRestore::Waiting
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::incident::{IncidentId, Marker, Phase};
    use crate::prune::{self, GroupReport, NotReached};
    use crate::shift::{self, ActiveShift, ResourceReport};

    fn incident(zone: &str) -> IncidentId {
        format!("wildrydes/{zone}/20261124T092000Z")
            .parse()
            .unwrap()
    }

    fn workload() -> Workload {
        let zone = |letter: &str| json!({"name": format!("us-east-1{letter}"), "subnets": []});
        let definition = json!({
            "name": "wildrydes",
            "zones": {"use1-az1": zone("a"), "use1-az2": zone("b"), "use1-az3": zone("c")},
            "resources": [arn("front")],
            "alarms": {"zonal": {"use1-az1": "one", "use1-az2": "two", "use1-az3": "three"}},
            "policy": {"mode": "shift", "expiresIn": "6h", "withoutEvidence": "act"},
        });
        crate::definition::read("workload", &definition).unwrap()
    }

    fn arn(name: &str) -> String {
        format!(
            "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/{name}/50dc6c495c0c9188"
        )
    }

    fn answer(outcomes: &[(&str, Outcome)]) -> ShiftAnswer {
        let report = |(name, outcome): &(&str, Outcome)| ResourceReport {
            resource: arn(name).parse().unwrap(),
            outcome: outcome.clone(),
            weights: BTreeMap::new(),
            shifts: Vec::new(),
            ended: Vec::new(),
        };
        ShiftAnswer {
            schema: shift::ANSWER_SCHEMA.to_owned(),
            action: "shift".to_owned(),
            incident: Some(incident("use1-az1")),
            dry_run: false,
            resources: outcomes.iter().map(report).collect(),
            in_effect: false,
            unconfirmed: false,
        }
    }

    fn held() -> Outcome {
        Outcome::HeldByOther {
            zone: "use1-az2".to_owned(),
            kind: ShiftKind::Customer,
            id: Some("9ac9ec1e".to_owned()),
        }
    }

    #[test]
    fn a_workload_of_which_only_a_part_could_be_shifted_is_a_failure_and_no_hold() {
        let started = Outcome::Started {
            zonal_shift_id: "1".to_owned(),
            expires_at: None,
        };
        let partly = answer(&[("front", started), ("api", held())]);
        assert!(
            matches!(after_shift(&workload(), &partly), AfterShift::Failed(failure) if failure.class == Class::Conflict)
        );
        let not_at_all = answer(&[("front", held())]);
        assert!(matches!(
            after_shift(&workload(), &not_at_all),
            AfterShift::Held(HoldReason::OtherZoneShifted { .. })
        ));
    }

    #[test]
    fn what_stands_in_the_way_is_ours_only_if_that_very_shift_is() {
        let ours_away_from = |zone: &str| {
            let mut answer = answer(&[("front", held())]);
            answer.resources[0].shifts = vec![ActiveShift {
                zone: zone.to_owned(),
                kind: ShiftKind::Customer,
                id: Some("1".to_owned()),
                applied: true,
                started_at: None,
                expires_at: None,
                comment: Some(
                    Marker {
                        incident: incident(zone),
                        phase: Phase::Evacuate,
                        drill: false,
                    }
                    .to_comment(),
                ),
            }];
            after_shift(&workload(), &answer)
        };
        assert_eq!(
            ours_away_from("use1-az2"),
            AfterShift::Held(HoldReason::OtherZoneEvacuated {
                incident: incident("use1-az2")
            })
        );
        assert!(matches!(
            ours_away_from("use1-az3"),
            AfterShift::Held(HoldReason::OtherZoneShifted { .. })
        ));
    }

    #[test]
    fn a_group_that_was_not_restored_keeps_traffic_away_unless_it_is_being_deleted() {
        let refused = |refusal| {
            let group = GroupReport {
                group: "web".to_owned(),
                outcome: prune::Outcome::Refused { refusal },
                pruned_for: None,
                capacity: None,
                obstacles: Vec::new(),
            };
            after_restore(&PruneAnswer {
                schema: prune::ANSWER_SCHEMA.to_owned(),
                action: "restore".to_owned(),
                incident: Some(incident("use1-az1")),
                dry_run: false,
                groups: vec![group],
                not_reached: NotReached::default(),
            })
        };
        assert_eq!(refused(Refusal::BeingDeleted), AfterRestore::Ready);
        let unlisted = Refusal::UnlistedSubnets {
            subnets: vec!["subnet-0a".to_owned()],
        };
        assert!(
            matches!(refused(unlisted), AfterRestore::Failed(failure) if failure.class == Class::Rejected)
        );
    }
}
