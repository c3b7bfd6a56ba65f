//! What hurts the customers, as data.
//!
//! Every fault here is a *gray* one: the health checks stay green, because they ask a question that
//! the fault does not touch. An instance that fails its health checks is no fault of the physics; it
//! is out of service, and does not stand in the infrastructure.
//!
//! A fault of one instance stays with that instance. It is named by its place in its zone because
//! ids are not known beforehand; once the fault is in force and the place is taken, it is bound to
//! the id, so that an instance which replaces a bad one is a good one.

use domain::zone::ZoneId;
use jiff::Timestamp;
use serde::Deserialize;

use super::layout::Layout;

/// A fault: who is hurt, how, and when.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// Who is hurt.
    pub target: Target,
    /// How.
    pub effect: Effect,
    /// From this moment on.
    pub from: Timestamp,
    /// Until this moment; without end where it is `None`.
    #[serde(default)]
    pub until: Option<Timestamp>,
}

/// Who is hurt by a fault.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Target {
    /// Every instance of a zone.
    Zone(ZoneId),
    /// The instance at this place of a zone, counted from 0 in the order of the infrastructure,
    /// whatever its load balancer.
    Instance(ZoneId, usize),
    /// Every instance: a dependency of the whole Region, or a bad release.
    Region,
}

/// How a fault hurts. Shares are of the requests that reach the target.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum Effect {
    /// Requests are answered with a 5xx.
    Errors {
        /// So many of them.
        share: f64,
    },
    /// Requests are answered late, if at all.
    Slow {
        /// So many of them.
        share: f64,
        /// After so many milliseconds.
        to_ms: u64,
    },
    /// Requests get lost. The load balancer notices half of them, as failed connections.
    PacketLoss {
        /// So many of them.
        share: f64,
    },
}

/// Why a fault cannot be injected.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FaultError {
    /// It hurts a zone that is not there.
    #[error("{0} is not a zone of this world, expected one of {1}")]
    UnknownZone(ZoneId, String),
    /// Its share is none.
    #[error("the share of a fault is {0}, expected 0 to 1")]
    Share(f64),
    /// It ends before it begins.
    #[error("a fault from {0} ends at {1}, expected a later end")]
    Ends(Timestamp, Timestamp),
}

impl Fault {
    /// Whether the fault makes sense in a world with these zones.
    pub(super) fn check(&self, zones: &[ZoneId]) -> Result<(), FaultError> {
        if let Target::Zone(zone) | Target::Instance(zone, _) = &self.target
            && !zones.contains(zone)
        {
            let known: Vec<&str> = zones.iter().map(ZoneId::as_str).collect();
            return Err(FaultError::UnknownZone(zone.clone(), known.join(", ")));
        }
        let (Effect::Errors { share } | Effect::Slow { share, .. } | Effect::PacketLoss { share }) =
            self.effect;
        if !(0.0..=1.0).contains(&share) {
            return Err(FaultError::Share(share));
        }
        match self.until {
            Some(until) if until <= self.from => Err(FaultError::Ends(self.from, until)),
            Some(_) | None => Ok(()),
        }
    }

    fn is_in_force(&self, now: Timestamp) -> bool {
        self.from <= now && self.until.is_none_or(|until| now < until)
    }
}

/// What the faults in force do to the requests of one instance, or of nobody.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Condition {
    /// The share that is answered with a 5xx.
    pub(super) errors: f64,
    /// The share that gets lost.
    pub(super) loss: f64,
    /// Shares of the rest, one after the other, and their latency in milliseconds.
    pub(super) slow: Vec<(f64, u64)>,
}

impl Condition {
    pub(super) const CALM: Self = Self {
        errors: 0.0,
        loss: 0.0,
        slow: Vec::new(),
    };

    fn suffer(&mut self, effect: Effect) {
        // Two faults that meet the same request hurt it once.
        let either = |one: f64, other: f64| 1.0 - (1.0 - one) * (1.0 - other);
        match effect {
            Effect::Errors { share } => self.errors = either(self.errors, share),
            Effect::PacketLoss { share } => self.loss = either(self.loss, share),
            Effect::Slow { share, to_ms } => self.slow.push((share, to_ms)),
        }
    }
}

/// The faults that are, and those to come.
#[derive(Debug, Clone, Default)]
pub(super) struct Faults(Vec<Known>);

#[derive(Debug, Clone)]
struct Known {
    fault: Fault,
    /// The instance that a fault of one instance has met.
    met: Option<String>,
}

impl Faults {
    pub(super) fn add(&mut self, fault: Fault) {
        self.0.push(Known { fault, met: None });
    }

    /// Every fault ends now at the latest; one that is still to come ends before it begins.
    pub(super) fn end(&mut self, now: Timestamp) {
        for known in &mut self.0 {
            let until = known.fault.until.unwrap_or(now);
            known.fault.until = Some(until.min(now));
        }
    }

    /// Forgets what is over, and binds the faults of single instances to the instances they meet.
    pub(super) fn advance(&mut self, now: Timestamp, layout: &Layout) {
        self.0
            .retain(|known| known.fault.until.is_none_or(|until| now < until));
        for known in &mut self.0 {
            if let Target::Instance(zone, place) = &known.fault.target
                && known.met.is_none()
                && known.fault.is_in_force(now)
            {
                known.met = layout.at_place(zone, *place).map(str::to_owned);
            }
        }
    }

    pub(super) fn any(&self, now: Timestamp) -> bool {
        self.0.iter().any(|known| known.fault.is_in_force(now))
    }

    /// What an instance suffers.
    pub(super) fn condition(&self, now: Timestamp, zone: &ZoneId, instance: &str) -> Condition {
        let mut condition = Condition::CALM;
        for known in self.0.iter().filter(|known| known.fault.is_in_force(now)) {
            let hurts = match &known.fault.target {
                Target::Zone(target) => target == zone,
                Target::Instance(..) => known.met.as_deref() == Some(instance),
                Target::Region => true,
            };
            if hurts {
                condition.suffer(known.fault.effect);
            }
        }
        condition
    }
}
