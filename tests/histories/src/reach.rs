//! What a history has come to: for whoever wants to know whether the histories go where they should.

use std::collections::BTreeSet;

use domain::incident::{Marker, Phase};
use region::arc::What as Became;
use region::history::Change;
use region::stage::{ASG_PRUNING, CLASSIFIER, ZONAL_SHIFT};

use crate::seam::Desk;

/// What happened at all.
pub(crate) fn reached(desk: &Desk) -> BTreeSet<&'static str> {
    let log = desk.log();
    let state = desk.place.region.state();
    let mut reached = BTreeSet::new();
    for happened in state.history.changes() {
        match &happened.what {
            Change::Shift(change) => {
                let marker = Marker::from_comment(&change.comment);
                let evacs = happened.is_by(ZONAL_SHIFT);
                reached.insert(match (change.what, &marker, evacs) {
                    (Became::Started, Some(marker), true) if marker.drill => "drill begun",
                    (Became::Started, Some(_), true) => "evacuation begun",
                    (Became::Updated, Some(marker), true) => match marker.phase {
                        Phase::FailBack => "fail-back begun",
                        Phase::Well => "zone said to look well",
                        Phase::Trial { .. } => "trial begun or renewed",
                        Phase::Tried { .. } => "trial ended in vain",
                        Phase::Evacuate => "shift renewed",
                    },
                    (Became::Canceled, Some(_), true) => "shift ended by Evac",
                    (Became::Canceled, Some(_), false) => "Evac's shift ended by a person",
                    (Became::Expired, Some(_), _) => "Evac's shift expired",
                    (Became::Started, None, _) => "shift by a person",
                    (Became::AutoshiftStarted, _, _) => "autoshift",
                    _ => "other change of a shift",
                });
            }
            Change::Group(change) => {
                let added = change.after.len() > change.before.len();
                reached.insert(match (happened.is_by(ASG_PRUNING), added) {
                    (true, true) => "restore",
                    (true, false) => "prune",
                    (false, _) => "group changed by a person",
                });
            }
        }
    }
    for run in &log.runs {
        match &run.outcome {
            None => reached.insert("run cut off"),
            Some(Err(_)) if run.function == CLASSIFIER => reached.insert("classifier failed"),
            Some(Ok(report)) if report["waitingForCapacity"] == true => {
                reached.insert("waited for capacity")
            }
            _ => false,
        };
    }
    if !state.lambda.dead_letters().is_empty() {
        reached.insert("dead letter");
    }
    let mid_run = |mark: crate::seam::Mark| {
        let mut runs = log.runs.iter();
        runs.any(|run| {
            run.began.deeds <= mark.deeds && run.ended.is_some_and(|e| e.deeds > mark.deeds)
        })
    };
    if log.deeds.iter().any(|deed| deed.done && mid_run(deed.mark)) {
        reached.insert("act in the middle of a run");
    }
    reached
}
