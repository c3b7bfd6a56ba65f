//! What reads showed a while ago: a service that answers from a replica that lags behind.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use crate::arc::ZonalShifts;
use crate::autoscaling::AutoScaling;

/// The services as they were, from so long ago on.
#[derive(Debug, Clone)]
pub(crate) struct Past {
    by: SignedDuration,
    kept: VecDeque<Moment>,
}

/// The services at a moment.
#[derive(Debug, Clone)]
pub(crate) struct Moment {
    at: Timestamp,
    pub(crate) arc: ZonalShifts,
    pub(crate) auto_scaling: AutoScaling,
}

impl Past {
    pub(crate) fn new(by: SignedDuration) -> Self {
        Self {
            by,
            kept: VecDeque::new(),
        }
    }

    /// How long ago reads show.
    pub(crate) fn by(&self) -> SignedDuration {
        self.by
    }

    /// Keeps what is now, and forgets what nobody will be shown any more.
    pub(crate) fn keep(&mut self, now: Timestamp, arc: &ZonalShifts, auto_scaling: &AutoScaling) {
        self.kept.push_back(Moment {
            at: now,
            arc: arc.clone(),
            auto_scaling: auto_scaling.clone(),
        });
        let shown = now - self.by;
        while self.kept.get(1).is_some_and(|next| next.at <= shown) {
            self.kept.pop_front();
        }
    }

    /// What is shown now: the latest moment that is long enough ago, or the first one known.
    pub(crate) fn shown(&self, now: Timestamp) -> Option<Moment> {
        let long_ago = now - self.by;
        let shown = self.kept.iter().rev().find(|moment| moment.at <= long_ago);
        shown.or_else(|| self.kept.front()).cloned()
    }
}
