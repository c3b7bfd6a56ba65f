//! The judge of a history. It looks at what the Region saw and at what the harness knows to be true,
//! and never asks Evac's own code what would have been right.
//!
//! - [`invariants`]: the audit of the Region's history, invariants 1 to 4 and 7, after each step;
//! - [`run`]: what each run owes when it ends: no failure swallowed, no call that changes anything
//!   where nothing may be changed, nothing changed by a duplicate;
//! - [`people`]: an operator's word is kept, and nobody fails back on silence;
//! - [`quiet`]: nothing runs out while the tick looks, and nobody is told of nothing;
//! - [`end`]: what is left when everything is over.
//!
//! Some rules have exceptions. Each stands where the rule does, with its reason: Evac can neither see
//! into the future nor hold still what AWS gives it no lock for.

pub(crate) mod end;
mod invariants;
mod people;
pub(crate) mod quiet;
pub(crate) mod run;

use jiff::{SignedDuration, Timestamp};

use crate::place::Place;
use crate::seam::{Desk, Log, Mark, Run};
use crate::transcript::What;

/// What is not as it must be so far.
pub(crate) fn look(desk: &Desk) -> Vec<String> {
    // What was done directly becomes part of the history.
    desk.mark();
    let mut wrong = desk.log().wrong.clone();
    wrong.extend(invariants::broken(desk));
    wrong.extend(people::overruled(desk));
    wrong.extend(people::unproven(desk));
    wrong.extend(quiet::run_out(desk));
    wrong.extend(quiet::noise(desk));
    wrong
}

impl Run {
    /// Whether it was under way at a place in the history, or may have been.
    pub(crate) fn spans(&self, changes: usize) -> bool {
        self.began.changes <= changes && self.ended.is_none_or(|ended| changes < ended.changes)
    }
}

impl Log {
    /// Whether a fault that was begun in time shows reads of the past, and how old ones.
    fn staleness(&self, at: Timestamp) -> SignedDuration {
        let stale = self.deeds.iter().filter_map(|deed| {
            let What::Fault { fault, lasts } = &deed.what else {
                return None;
            };
            let seconds: i64 = fault.strip_prefix("staleReads:seconds=")?.parse().ok()?;
            let ends = deed.mark.at + SignedDuration::from_secs((*lasts).into());
            // A run that began while reads were stale may use what it read.
            let ends = ends + SignedDuration::from_secs(60);
            (deed.mark.at <= at && at <= ends).then(|| SignedDuration::from_secs(seconds))
        });
        stale.max().unwrap_or_default()
    }

    /// Whether somebody has changed a group since a place in the history, or so shortly before that
    /// a reading of the past did not show it.
    fn disturbed(&self, place: &Place, group: &str, since: Mark) -> bool {
        let seen = since.at - self.staleness(since.at);
        let of_group = |number: &u8| place.group(*number) == group;
        let mut deeds = self.deeds.iter().enumerate().filter(|(_, deed)| deed.done);
        deeds.any(|(number, deed)| {
            let concerns = match &deed.what {
                What::Remove { group, .. }
                | What::Add { group, .. }
                | What::DeleteTags { group, .. }
                | What::DeleteGroup { group, .. } => of_group(group),
                What::PutBack { group } => group.as_ref().is_none_or(of_group),
                _ => false,
            };
            concerns && (number >= since.deeds || (deed.mark.at >= seen && seen < since.at))
        })
    }
}
