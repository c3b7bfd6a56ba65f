//! Deliveries: what is on its way to a target, and what can go wrong on the way.
//!
//! EventBridge delivers at least once and in no particular order. In a quiet Region it looks as if it
//! delivered once and in order, so nothing would ever notice a target that relies on it. The faults
//! here make the guarantee as weak as it is, for the deliveries that a drill or a test chooses.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// How long a delivery takes when nothing goes wrong. EventBridge promises no time; a fraction of a
/// second is what is usual.
pub const DELIVERY_LATENCY: SignedDuration = SignedDuration::from_millis(100);

/// How long a delivery that is to be overtaken waits for another one.
pub const REORDER_WINDOW: SignedDuration = SignedDuration::from_secs(60);

/// A payload for a target.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// The rule that the event matched.
    pub rule: String,
    /// The id of the target.
    pub target: String,
    /// The function to invoke.
    pub function: String,
    /// What to invoke it with.
    pub payload: Value,
    /// The id of the event. Duplicates have the same one.
    pub event_id: String,
    /// When it arrives.
    pub at: Timestamp,
}

/// Something that goes wrong with the next deliveries that match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryFault {
    /// Deliveries of this rule only.
    pub rule: Option<String>,
    /// Deliveries to this function only.
    pub function: Option<String>,
    /// What goes wrong.
    pub effect: DeliveryEffect,
    /// With how many deliveries.
    pub times: u32,
}

/// What can go wrong with a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryEffect {
    /// It arrives twice.
    Duplicate {
        /// How long after the first time.
        after: SignedDuration,
    },
    /// It arrives late.
    Delay {
        /// How much later.
        by: SignedDuration,
    },
    /// It is overtaken by the next delivery of the same rule to the same target, or is just late if none
    /// comes within [`REORDER_WINDOW`].
    Reorder,
}

/// Everything that is on its way.
#[derive(Debug, Clone, Default)]
pub(super) struct Queue {
    deliveries: BTreeMap<(Timestamp, u64), Delivery>,
    /// Those that wait to be overtaken.
    held: BTreeSet<(Timestamp, u64)>,
    faults: Vec<DeliveryFault>,
    count: u64,
}

impl Queue {
    pub(super) fn inject(&mut self, fault: DeliveryFault) {
        self.faults.push(fault);
    }

    /// Takes back a fault, however many deliveries are left to it.
    pub(super) fn retract(&mut self, fault: &DeliveryFault) {
        let is = |one: &DeliveryFault| {
            (&one.rule, &one.function, one.effect) == (&fault.rule, &fault.function, fault.effect)
        };
        if let Some(place) = self.faults.iter().position(is) {
            self.faults.remove(place);
        }
    }

    pub(super) fn clear_faults(&mut self) {
        self.faults.clear();
    }

    /// Sends a delivery on its way.
    pub(super) fn send(&mut self, delivery: Delivery) {
        match self.fault(&delivery) {
            Some(DeliveryEffect::Reorder) => {
                let at = delivery.at + REORDER_WINDOW;
                let key = self.insert(Delivery { at, ..delivery });
                self.held.insert(key);
            }
            Some(DeliveryEffect::Delay { by }) => {
                let at = delivery.at + by;
                self.pass(Delivery { at, ..delivery });
            }
            Some(DeliveryEffect::Duplicate { after }) => {
                let again = Delivery {
                    at: delivery.at + after,
                    ..delivery.clone()
                };
                self.pass(delivery);
                self.insert(again);
            }
            None => self.pass(delivery),
        }
    }

    /// Takes what has arrived by `now`, in the order of arrival.
    pub(super) fn arrived(&mut self, now: Timestamp) -> Vec<Delivery> {
        let mut arrived = Vec::new();
        while let Some(first) = self.deliveries.first_entry()
            && first.key().0 <= now
        {
            let (key, delivery) = first.remove_entry();
            self.held.remove(&key);
            arrived.push(delivery);
        }
        arrived
    }

    /// When the next delivery arrives.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.deliveries.keys().next().map(|(at, _)| *at)
    }

    /// When the last delivery arrives.
    pub(super) fn last(&self) -> Option<Timestamp> {
        self.deliveries.keys().next_back().map(|(at, _)| *at)
    }

    /// What goes wrong with a delivery, once less in the future.
    fn fault(&mut self, delivery: &Delivery) -> Option<DeliveryEffect> {
        let fault = self.faults.iter_mut().find(|fault| {
            let rule = fault
                .rule
                .as_ref()
                .is_none_or(|rule| *rule == delivery.rule);
            let function = fault.function.as_ref();
            fault.times > 0 && rule && function.is_none_or(|name| *name == delivery.function)
        })?;
        fault.times -= 1;
        let effect = fault.effect;
        self.faults.retain(|fault| fault.times > 0);
        Some(effect)
    }

    /// Sends a delivery past those that wait to be overtaken by it.
    fn pass(&mut self, delivery: Delivery) {
        let waiting: Vec<(Timestamp, u64)> = self
            .held
            .iter()
            .filter(|key| {
                self.deliveries.get(key).is_some_and(|held| {
                    held.rule == delivery.rule && held.target == delivery.target
                })
            })
            .copied()
            .collect();
        let at = delivery.at;
        self.insert(delivery);
        for key in waiting {
            self.held.remove(&key);
            if let Some(held) = self.deliveries.remove(&key) {
                self.insert(Delivery { at, ..held });
            }
        }
    }

    fn insert(&mut self, delivery: Delivery) -> (Timestamp, u64) {
        let key = (delivery.at, self.count);
        self.count += 1;
        self.deliveries.insert(key, delivery);
        key
    }
}
