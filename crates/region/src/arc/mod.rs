//! ARC zonal shift by its documented behaviour: one applied shift a resource, precedence, expiry,
//! conflicts, autoshifts and practice runs.
//!
//! What is in force on a resource is a list: a customer's shift, AWS's autoshift, a FIS experiment or
//! a practice run. Of these, ARC applies one, in this order. Starting one with precedence ends
//! experiments and practice runs; an autoshift alone stays active without effect beside a customer's
//! shift, and takes effect again when that ends. So a customer's shift away from one zone re-opens
//! another one that AWS had shifted away from: it happens here as it does in AWS. What has no
//! precedence does not start.
//!
//! Sources: ARC API reference and the API model of 2022-10-30; ARC developer guide, "Precedence for
//! zonal shifts", "Zonal shift", "How zonal autoshift and practice runs work", "Stopping an active
//! autoshift or practice run for a resource", "Using zonal autoshift with Amazon EventBridge".
//! Where these are silent, `docs/REGION.md` tells what is assumed, and what is simplified.

mod autoshift;
mod configuration;
mod event;
mod experiment;
mod model;
mod page;
mod practice;
mod release;
mod shift;
#[cfg(test)]
mod tests;
mod validate;
mod window;
pub(crate) mod wire;

use std::collections::{BTreeMap, BTreeSet};

use domain::{AccountId, ResourceArn, ZoneId};
use jiff::Timestamp;
use serde_json::Value;

pub use self::configuration::{PracticeRunConfiguration, PracticeRunUpdate};
pub use self::model::{
    Autoshift, Change, Kind, ManagedResource, Outcome, ResourceView, Shift, Status, What,
};
use self::model::{Managed, strongest};
pub use self::practice::PracticeRunInput;
pub use self::shift::StartInput;
use crate::error::ServiceError;

/// The service.
#[derive(Debug, Clone)]
pub struct ZonalShifts {
    account: AccountId,
    region: String,
    resources: BTreeMap<ResourceArn, Managed>,
    /// Customers' shifts, experiments and practice runs.
    shifts: Vec<Shift>,
    /// The parts that single resources have in autoshifts.
    parts: Vec<Shift>,
    autoshifts: Vec<Autoshift>,
    observer: bool,
    /// The watched alarms that are in `ALARM`.
    red: BTreeSet<String>,
    changes: Vec<Change>,
    events: Vec<Value>,
    /// How many events there have been.
    sent: u64,
}

impl ZonalShifts {
    /// An ARC that manages nothing.
    #[must_use]
    pub fn new(account: AccountId, region: &str) -> Self {
        Self {
            account,
            region: region.to_owned(),
            resources: BTreeMap::new(),
            shifts: Vec::new(),
            parts: Vec::new(),
            autoshifts: Vec::new(),
            observer: false,
            red: BTreeSet::new(),
            changes: Vec::new(),
            events: Vec::new(),
            sent: 0,
        }
    }

    /// Makes a resource a managed one, as enabling zonal shift on it does. One with autoshift also
    /// gets the practice run configuration that autoshift requires, with an outcome alarm of its own.
    pub fn manage(&mut self, resource: ManagedResource) {
        let practice = resource.autoshift.then(|| {
            let alarm = self.alarm_arn(&format!("{}-practice-run-outcome", resource.name));
            PracticeRunConfiguration::of_alarm(alarm)
        });
        self.resources
            .insert(resource.arn.clone(), Managed { resource, practice });
    }

    /// How much of a resource's traffic may go to a zone: 0 where a shift away from it is applied.
    #[must_use]
    pub fn weight(&self, resource: &ResourceArn, zone: &ZoneId) -> f64 {
        if self.applied(resource).is_some_and(|away| away == zone) {
            0.0
        } else {
            1.0
        }
    }

    /// What happened, oldest first.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// All customers' shifts, experiments and practice runs that ever were, oldest first.
    #[must_use]
    pub fn shifts(&self) -> &[Shift] {
        &self.shifts
    }

    /// Takes the events that ARC has sent since the last time, as EventBridge envelopes.
    pub fn take_events(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.events)
    }

    /// Ends what has run out. ARC sends no
    /// event when a customer's shift runs out.
    pub fn step(&mut self, now: Timestamp) {
        let due: Vec<String> = self
            .shifts
            .iter()
            .filter(|shift| shift.is_active() && shift.expires <= now)
            .map(|shift| shift.id.clone())
            .collect();
        for id in due {
            self.end(&id, Status::Expired, Outcome::Succeeded, "", now);
        }
    }

    /// When [`Self::step`] has something to do next.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        let active = self.shifts.iter().filter(|shift| shift.is_active());
        active.map(|shift| shift.expires).min()
    }

    /// A managed resource with what is in force on it, by its ARN or its name.
    ///
    /// # Errors
    /// `ValidationException` for what is no identifier, `ResourceNotFoundException` for a resource
    /// that ARC does not manage.
    pub fn resource(&self, identifier: &str) -> Result<ResourceView<'_>, ServiceError> {
        validate::identifier(identifier)?;
        let managed = self.resources.values().find(|managed| {
            managed.resource.arn.as_str() == identifier || managed.resource.name == identifier
        });
        let managed = managed.ok_or_else(|| {
            validate::not_found(format!("{identifier} is not a managed resource"))
        })?;
        Ok(self.view(managed))
    }

    /// Every managed resource, by ARN.
    pub fn all_resources(&self) -> impl Iterator<Item = ResourceView<'_>> {
        self.resources.values().map(|managed| self.view(managed))
    }

    fn view<'a>(&'a self, managed: &'a Managed) -> ResourceView<'a> {
        let (autoshifts, shifts) = self
            .active(&managed.resource.arn)
            .partition(|shift| shift.kind == Kind::Autoshift);
        ResourceView {
            managed: &managed.resource,
            practice: managed.practice.as_ref(),
            applied: self.applied(&managed.resource.arn),
            shifts,
            autoshifts,
        }
    }

    /// What a request to move traffic names: the resource, and a zone that it has a part in.
    fn target(&self, resource: &str, zone: &str) -> Result<(ResourceArn, ZoneId), ServiceError> {
        let managed = self.resource(resource)?.managed;
        let zone: ZoneId = zone.parse().map_err(|error: domain::zone::ZoneError| {
            validate::invalid("InvalidAz", format!("awayFrom: {error}"))
        })?;
        if managed.zones.contains(&zone) {
            return Ok((managed.arn.clone(), zone));
        }
        // AZ IDs of a Region begin alike: use1 is the one of us-east-1.
        let begin = |zone: &ZoneId| zone.as_str().split('-').next().map(str::to_owned);
        let mut zones = self.resources.values().flat_map(|one| &one.resource.zones);
        if zones.any(|known| begin(known) == begin(&zone)) {
            return Err(validate::invalid(
                "UnsupportedAz",
                format!("awayFrom: {resource} has no part in {zone}"),
            ));
        }
        Err(validate::invalid(
            "InvalidAz",
            format!("awayFrom: {zone} is not a zone of {}", self.region),
        ))
    }

    /// Every shift that ever was, of every kind.
    fn every(&self) -> impl Iterator<Item = &Shift> {
        self.shifts.iter().chain(&self.parts)
    }

    fn active<'a>(&'a self, resource: &'a ResourceArn) -> impl Iterator<Item = &'a Shift> {
        self.every()
            .filter(move |shift| shift.is_active() && shift.resource == *resource)
    }

    /// The zone that the shift with precedence keeps traffic from.
    fn applied<'a>(&'a self, resource: &'a ResourceArn) -> Option<&'a ZoneId> {
        strongest(self.active(resource)).map(|shift| &shift.away_from)
    }

    /// The shift of an id.
    fn find(&self, id: &str) -> Result<&Shift, ServiceError> {
        validate::shift_id(id)?;
        self.every()
            .find(|shift| shift.id == id)
            .ok_or_else(|| validate::not_found(format!("there is no zonal shift {id}")))
    }

    fn get_mut(&mut self, id: &str) -> Option<&mut Shift> {
        let mut every = self.shifts.iter_mut().chain(&mut self.parts);
        every.find(|shift| shift.id == id)
    }

    /// Begins a shift that nothing forbids any more.
    fn begin(
        &mut self,
        kind: Kind,
        (resource, away_from): (ResourceArn, ZoneId),
        expires: Timestamp,
        comment: &str,
        now: Timestamp,
    ) -> Shift {
        let number = (self.shifts.len() + self.parts.len() + 1) as u64;
        let shift = Shift {
            id: format!("00000000-0000-4000-a000-{number:012x}"),
            resource,
            away_from,
            kind,
            status: Status::Active,
            started: now,
            expires,
            ended: None,
            comment: comment.to_owned(),
            outcome: (kind == Kind::PracticeRun).then_some(Outcome::Pending),
            number,
        };
        if kind == Kind::Autoshift {
            self.parts.push(shift.clone());
        } else {
            self.shifts.push(shift.clone());
            self.note(now, What::Started, &shift);
        }
        self.tell_start(&shift, now);
        shift
    }

    /// Ends an active shift. The outcome is that of a practice run; what interrupted one is told.
    fn end(
        &mut self,
        id: &str,
        status: Status,
        outcome: Outcome,
        interrupted_by: &str,
        now: Timestamp,
    ) -> Option<Shift> {
        let shift = self.get_mut(id)?;
        shift.status = status;
        shift.ended = Some(now);
        shift.outcome = shift.outcome.map(|_| outcome);
        let shift = shift.clone();
        match (shift.kind, status) {
            (_, Status::Canceled) => self.note(now, What::Canceled, &shift),
            // The Region's autoshift has an entry of its own.
            (Kind::Autoshift, _) => {}
            _ => self.note(now, What::Expired, &shift),
        }
        self.tell_end(&shift, interrupted_by, now);
        Some(shift)
    }

    /// Ends the experiments and practice runs of a resource that a new shift has precedence over.
    fn displace(&mut self, resource: &ResourceArn, by: Kind, now: Timestamp) {
        let displaced: Vec<String> = self
            .active(resource)
            .filter(|shift| shift.kind > by && shift.kind != Kind::Autoshift)
            .map(|shift| shift.id.clone())
            .collect();
        let why = match by {
            Kind::Customer => "A zonal shift was started.",
            Kind::Autoshift => "An autoshift was started.",
            Kind::FisExperiment | Kind::PracticeRun => "An AWS FIS experiment was started.",
        };
        for id in displaced {
            self.end(&id, Status::Canceled, Outcome::Interrupted, why, now);
        }
    }

    fn note(&mut self, at: Timestamp, what: What, shift: &Shift) {
        self.changes.push(Change {
            at,
            what,
            id: shift.id.clone(),
            resource: Some(shift.resource.clone()),
            zone: shift.away_from.clone(),
            comment: shift.comment.clone(),
        });
    }
}
