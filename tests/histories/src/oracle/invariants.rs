//! Invariants 1 to 4 and 7, by the Region's audit.

use domain::SubnetId;
use domain::incident::Marker;
use region::arc::What as Became;
use region::audit::{Breach, TakenOver, breaches};
use region::history::{Change, Happened};
use region::stage::{ASG_PRUNING, CLASSIFIER, ZONAL_SHIFT};

use crate::seam::{Desk, Log, Mark};
use crate::transcript::What;

pub(super) fn broken(desk: &Desk) -> Vec<String> {
    let log = desk.log();
    let state = desk.place.region.state();
    let taken_over = taken_over(desk, &log);
    let all = breaches(&state, usize::from(desk.setting.min_zones), &taken_over);
    let history = state.history.changes();
    let lost = lost_by_restore(history);
    all.into_iter()
        .chain(lost)
        .filter(|breach| !is_excused(desk, &log, history, breach))
        .map(|breach| format!("invariant {}: {}", breach.id, breach.detail))
        .collect()
}

/// Restore is current ∪ removed: whoever gives a group what it lacks takes nothing from it.
fn lost_by_restore(history: &[Happened]) -> Vec<Breach> {
    let changes = history.iter().enumerate();
    let restores = changes.filter_map(|(place, happened)| {
        let change = happened.group_of_evac()?;
        let adds = change
            .after
            .iter()
            .any(|subnet| !change.before.contains(subnet));
        let lost: Vec<&str> = change
            .before
            .iter()
            .filter(|subnet| !change.after.contains(subnet))
            .map(SubnetId::as_str)
            .collect();
        (adds && !lost.is_empty()).then(|| Breach {
            id: 4,
            change: place,
            detail: format!(
                "{}: the restore of {} took {lost:?}",
                change.at, change.group
            ),
        })
    });
    restores.collect()
}

/// Records that people deleted, alone or with their group: Evac cannot know any more what is missing.
fn taken_over(desk: &Desk, log: &Log) -> Vec<TakenOver> {
    let deleted = log.deeds.iter().filter(|deed| deed.done);
    deleted
        .filter_map(|deed| match &deed.what {
            What::DeleteTags { group, .. } | What::DeleteGroup { group, .. } => Some(TakenOver {
                group: desk.place.group(*group).to_owned(),
                after: deed.mark.changes,
            }),
            _ => None,
        })
        .collect()
}

fn is_excused(desk: &Desk, log: &Log, history: &[Happened], breach: &Breach) -> bool {
    match breach.id {
        1 => {
            is_left_from_an_end_that_nobody_saw(log, history, breach.change)
                || overwrites(desk, log, history, breach.change)
        }
        2 => {
            shift_ended_meanwhile(log, history, breach.change)
                || overwrites(desk, log, history, breach.change)
        }
        4 | 7 => overwrites(desk, log, history, breach.change),
        _ => false,
    }
}

/// Auto Scaling takes all of a group's subnets at once and knows no condition: what somebody else changes
/// between the last reading and the update, or so shortly before that a stale reading does not show it,
/// cannot be seen. Where that was a zone's subnet that a person put back, the zone is lost with the other;
/// and a reading that does not show that loss either undoes it.
fn overwrites(desk: &Desk, log: &Log, history: &[Happened], change: usize) -> bool {
    let Change::Group(group) = &history[change].what else {
        return false;
    };
    let unseen = |seen| {
        let earlier = history[..change].iter().enumerate().rev();
        let mut earlier = earlier.take_while(move |(_, happened)| happened.at() >= seen);
        earlier.find_map(|(place, happened)| {
            let same = happened.group_of_evac()?.group == group.group;
            same.then_some(place)
        })
    };
    pruners(log, change).any(|began| {
        let seen = began.at - log.staleness(began.at);
        log.disturbed(&desk.place, &group.group, began)
            || seen < began.at
                && unseen(seen).is_some_and(|place| overwrites(desk, log, history, place))
    })
}

/// Where a person ends a shift, or it expires, the prune is left, and the next run undoes it. The alarm of
/// another zone is not kept waiting for that.
fn is_left_from_an_end_that_nobody_saw(log: &Log, history: &[Happened], change: usize) -> bool {
    let Change::Shift(started) = &history[change].what else {
        return false;
    };
    let mut ends = history[..change].iter().enumerate().rev();
    let end = ends.find_map(|(place, happened)| match &happened.what {
        Change::Shift(ended)
            if ended.zone != started.zone
                && matches!(ended.what, Became::Canceled | Became::Expired)
                && !happened.is_by(ZONAL_SHIFT) =>
        {
            Some(place)
        }
        _ => None,
    });
    end.is_some_and(|end| {
        !log.runs.iter().any(|run| {
            let done = matches!(run.outcome, Some(Ok(_)));
            let ended = run.ended.is_some_and(|ended| ended.changes <= change);
            run.function == CLASSIFIER && run.began.changes > end && ended && done
        })
    })
}

/// The beginnings of the runs of asg-pruning that may have made a change.
pub(super) fn pruners(log: &Log, change: usize) -> impl Iterator<Item = Mark> {
    let runs = log.runs.iter();
    runs.filter(move |run| run.function == ASG_PRUNING && run.spans(change))
        .map(|run| run.began)
}

/// A prune is judged at the moment when it was decided: when zonal-shift answered that traffic is
/// away. Who ends the shift between that and the group's update, ends it before Evac can know; the
/// tick repairs it.
fn shift_ended_meanwhile(log: &Log, history: &[Happened], change: usize) -> bool {
    let pruners = log.runs.iter().enumerate();
    let mut pruners = pruners.filter(|(_, run)| run.function == ASG_PRUNING && run.spans(change));
    pruners.any(|(number, pruner)| {
        // Of two runs of the classifier at the same moment for the same incident nobody can tell which
        // had it asked.
        let siblings = log.runs.iter().enumerate().filter(|(other, run)| {
            let same =
                run.parent == pruner.parent || run.asked["incident"] == pruner.asked["incident"];
            *other < number && run.function == ZONAL_SHIFT && same
        });
        let mut answered = siblings.filter_map(|(_, run)| {
            let answer = run.outcome.as_ref()?.as_ref().ok()?;
            let in_effect = answer["inEffect"] == true;
            in_effect.then_some(run.ended).flatten()
        });
        let Some(since) = answered.next_back() else {
            return false;
        };
        // Where reads show the past, traffic was away then.
        let seen = since.at - log.staleness(since.at);
        let after = |(place, happened): (usize, &Happened)| {
            (place >= since.changes || happened.at() >= seen).then_some(place)
        };
        let first = history[..change].iter().enumerate().find_map(after);
        history[first.unwrap_or(change)..change]
            .iter()
            .any(|happened| {
                matches!(
                    &happened.what,
                    Change::Shift(shift) if matches!(
                        shift.what,
                        Became::Canceled | Became::Expired | Became::AutoshiftCompleted
                    )
                )
            })
    })
}

/// Whether a change is a person's end of a shift of Evac's that is no rehearsal.
pub(super) fn persons_end(happened: &Happened) -> Option<(&region::arc::Change, Marker)> {
    match &happened.what {
        Change::Shift(change)
            if change.what == Became::Canceled && !happened.is_by(ZONAL_SHIFT) =>
        {
            let marker = Marker::from_comment(&change.comment)?;
            (!marker.drill).then_some((change, marker))
        }
        _ => None,
    }
}
