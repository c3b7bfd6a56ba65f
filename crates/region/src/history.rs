//! What changed where traffic and capacity go, in the order in which it happened, and by whom.
//!
//! Times alone do not tell the order: the Region's clock may stand still while functions run.

use jiff::Timestamp;

use crate::arc::{self, What, ZonalShifts};
use crate::autoscaling::{AutoScaling, GroupChange};
use crate::stage::{ASG_PRUNING, ZONAL_SHIFT};

/// A change.
#[derive(Debug, Clone, PartialEq)]
pub struct Happened {
    /// The access key id of the call that made it; none where no call did: AWS's own shifts, expiry.
    pub by: Option<String>,
    /// What changed.
    pub what: Change,
}

impl Happened {
    /// When.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        match &self.what {
            Change::Shift(change) => change.at,
            Change::Group(change) => change.at,
        }
    }

    /// The shift that Evac started with it, if it did.
    #[must_use]
    pub fn shift_of_evac(&self) -> Option<&arc::Change> {
        match &self.what {
            Change::Shift(change) if change.what == What::Started && self.is_by(ZONAL_SHIFT) => {
                Some(change)
            }
            _ => None,
        }
    }

    /// What Evac changed of a group with it, if it did.
    #[must_use]
    pub fn group_of_evac(&self) -> Option<&GroupChange> {
        match &self.what {
            Change::Group(change) if self.is_by(ASG_PRUNING) => Some(change),
            _ => None,
        }
    }

    /// Whether a call with this access key id made it.
    #[must_use]
    pub fn is_by(&self, caller: &str) -> bool {
        self.by.as_deref() == Some(caller)
    }
}

/// What changed.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A shift, or an autoshift.
    Shift(arc::Change),
    /// The subnets of a group.
    Group(GroupChange),
}

/// The changes so far.
#[derive(Debug, Clone, Default)]
pub struct History {
    changes: Vec<Happened>,
    shifts_seen: usize,
    groups_seen: usize,
}

impl History {
    /// The changes, oldest first.
    #[must_use]
    pub fn changes(&self) -> &[Happened] {
        &self.changes
    }

    /// Takes over what is new since the last time, made by this caller.
    pub(crate) fn take_over(
        &mut self,
        arc: &ZonalShifts,
        groups: &AutoScaling,
        by: Option<&str>,
    ) -> &[Happened] {
        let known = self.changes.len();
        let shifts = arc.changes()[self.shifts_seen..].iter();
        let groups_changes = groups.changes()[self.groups_seen..].iter();
        let whats = shifts
            .cloned()
            .map(Change::Shift)
            .chain(groups_changes.cloned().map(Change::Group));
        self.changes.extend(whats.map(|what| Happened {
            by: by.map(ToOwned::to_owned),
            what,
        }));
        self.shifts_seen = arc.changes().len();
        self.groups_seen = groups.changes().len();
        &self.changes[known..]
    }
}
