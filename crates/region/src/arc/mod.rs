//! ARC zonal shift by its documented behaviour: one applied shift a resource, precedence, expiry,
//! conflicts.
//!
//! What is in force on a resource is a list: a customer's shift, AWS's autoshift, a practice run or a
//! FIS experiment. Of these, ARC applies one: a customer's shift before an autoshift, an autoshift
//! before the other two. A second customer's shift is refused, whatever its zone. A customer's shift
//! ends a practice run and an experiment, and leaves an autoshift in force without effect.
//!
//! Sources: ARC API reference; ARC developer guide, "Precedence for zonal shifts", "Zonal shift",
//! "Using EventBridge with zonal autoshift".
//!
//! Simplified: an autoshift concerns every resource that is enrolled and has a part in the zone; a
//! resource is known by its ARN alone; whether `ListZonalShifts` without a status lists active shifts
//! only (API reference) or all (SDK documentation) is decided for active ones.

mod event;
mod release;
mod validate;
pub(crate) mod wire;

use std::collections::BTreeMap;

use domain::{AccountId, ResourceArn, ZoneId};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::error::ServiceError;

/// How a practice run lasts.
const PRACTICE_RUN: SignedDuration = SignedDuration::from_mins(30);

/// A resource that ARC manages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedResource {
    /// Its ARN.
    pub arn: ResourceArn,
    /// Its name.
    pub name: String,
    /// The zones that it has a part in.
    pub zones: Vec<ZoneId>,
    /// Whether AWS may shift it by itself.
    pub autoshift: bool,
}

/// Who moved traffic away, in the order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A customer's zonal shift.
    Customer,
    /// A practice run.
    PracticeRun,
    /// An experiment of AWS Fault Injection Service.
    FisExperiment,
}

/// What became of a shift.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It is in force.
    Active,
    /// It ran out.
    Expired,
    /// Somebody, or a shift with precedence, ended it.
    Canceled,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Expired => "EXPIRED",
            Self::Canceled => "CANCELED",
        }
    }
}

/// A zonal shift, a practice run or an experiment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    /// ARC's id.
    pub id: String,
    /// The resource.
    pub resource: ResourceArn,
    /// The zone that traffic is to leave.
    pub away_from: ZoneId,
    /// Who moved it.
    pub kind: Kind,
    /// What became of it.
    pub status: Status,
    /// When it started.
    pub started: Timestamp,
    /// When it ends by itself.
    pub expires: Timestamp,
    /// The latest comment.
    pub comment: String,
}

/// An autoshift of AWS, away from a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Autoshift {
    /// The zone.
    pub away_from: ZoneId,
    /// When it started.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
}

/// What happened to a shift.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: What,
    /// ARC's id of the shift; empty for an autoshift.
    pub id: String,
    /// The resource; `None` for an autoshift, which concerns all that are enrolled.
    pub resource: Option<ResourceArn>,
    /// The zone.
    pub zone: ZoneId,
    /// The comment.
    pub comment: String,
}

/// The kinds of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A shift, practice run or experiment began.
    Started,
    /// Its comment or expiry was changed.
    Updated,
    /// It was ended.
    Canceled,
    /// It ran out.
    Expired,
    /// AWS began an autoshift.
    AutoshiftStarted,
    /// AWS ended it.
    AutoshiftCompleted,
}

/// The service.
#[derive(Debug, Clone)]
pub struct ZonalShifts {
    account: AccountId,
    region: String,
    resources: BTreeMap<ResourceArn, ManagedResource>,
    shifts: Vec<Shift>,
    autoshifts: Vec<Autoshift>,
    changes: Vec<Change>,
    events: Vec<Value>,
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
            autoshifts: Vec::new(),
            changes: Vec::new(),
            events: Vec::new(),
        }
    }

    /// Makes a resource a managed one, as enabling zonal shift on it does.
    pub fn manage(&mut self, resource: ManagedResource) {
        self.resources.insert(resource.arn.clone(), resource);
    }

    /// How much of a resource's traffic may go to a zone: 0 where a shift away from it is applied.
    #[must_use]
    pub fn weight(&self, resource: &ResourceArn, zone: &ZoneId) -> f64 {
        let applied = self
            .resources
            .get(resource)
            .and_then(|managed| self.applied(managed));
        if applied.is_some_and(|away| away == zone) {
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

    /// All shifts that ever were, oldest first.
    #[must_use]
    pub fn shifts(&self) -> &[Shift] {
        &self.shifts
    }

    /// Takes the events that ARC has sent since the last time, as EventBridge envelopes.
    pub fn take_events(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.events)
    }

    /// Ends what has run out. ARC sends no event when a customer's shift does.
    pub fn step(&mut self, now: Timestamp) {
        let mut expired = Vec::new();
        for shift in &mut self.shifts {
            if shift.status == Status::Active && shift.expires <= now {
                shift.status = Status::Expired;
                expired.push(shift.clone());
            }
        }
        for shift in expired {
            self.note(now, What::Expired, &shift);
            if shift.kind == Kind::PracticeRun {
                self.tell(
                    now,
                    "Practice Run Succeeded",
                    &shift.resource,
                    &shift.away_from,
                );
            }
        }
    }

    /// Starts a customer's shift.
    ///
    /// # Errors
    /// `ValidationException` for what ARC does not take, `ResourceNotFoundException` for a resource
    /// that it does not manage, and `ConflictException` where a customer's shift is active.
    pub fn start(&mut self, input: &StartInput<'_>, now: Timestamp) -> Result<Shift, ServiceError> {
        let (resource, zone) = self.target(input.resource, input.away_from)?;
        let lasts = validate::expires_in(input.expires_in)?;
        validate::comment(input.comment)?;
        if let Some(active) = self
            .active(&resource)
            .find(|shift| shift.kind == Kind::Customer)
        {
            let message = format!("a zonal shift is already active on {resource}");
            return Err(validate::conflict(
                "ZonalShiftAlreadyExists",
                message,
                Some(&active.id),
            ));
        }
        self.displace(&resource, now);
        let shift = self.begin(&resource, &zone, Kind::Customer, now, lasts, input.comment);
        self.tell(now, "Manual Shift Started", &resource, &zone);
        Ok(shift)
    }

    /// Starts a practice run, as AWS does each week, or an experiment.
    ///
    /// # Errors
    /// As for [`Self::start`]; and `ConflictException` where anything is active on the resource.
    pub fn rehearse(
        &mut self,
        resource: &str,
        zone: &str,
        kind: Kind,
        now: Timestamp,
    ) -> Result<Shift, ServiceError> {
        let (resource, zone) = self.target(resource, zone)?;
        let autoshift = self.active_autoshift(&resource).is_some();
        let active = self.active(&resource).next().map(|shift| shift.id.clone());
        if active.is_some() || autoshift {
            let reason = if autoshift {
                "ZonalAutoshiftActive"
            } else {
                "SimultaneousZonalShiftsConflict"
            };
            return Err(validate::conflict(
                reason,
                "another shift is active on the resource",
                active.as_deref(),
            ));
        }
        let shift = self.begin(&resource, &zone, kind, now, PRACTICE_RUN, "");
        if kind == Kind::PracticeRun {
            self.tell(now, "Practice Run Started", &resource, &zone);
        }
        Ok(shift)
    }

    /// Updates the comment or the expiry of an active shift; the expiry counts from now.
    ///
    /// # Errors
    /// `ResourceNotFoundException` for an unknown id, `ConflictException` for a shift that is not
    /// active, `ValidationException` for what ARC does not take.
    pub fn update(
        &mut self,
        id: &str,
        expires_in: Option<&str>,
        comment: Option<&str>,
        now: Timestamp,
    ) -> Result<Shift, ServiceError> {
        let lasts = expires_in.map(validate::expires_in).transpose()?;
        comment.map(validate::comment).transpose()?;
        let index = self.active_index(id)?;
        let shift = &mut self.shifts[index];
        if shift.kind == Kind::FisExperiment {
            return Err(validate::invalid(
                "FISExperimentUpdateNotAllowed",
                "an experiment's shift cannot be updated",
            ));
        }
        if let Some(lasts) = lasts {
            shift.expires = now.checked_add(lasts).unwrap_or(shift.expires);
        }
        if let Some(comment) = comment {
            comment.clone_into(&mut shift.comment);
        }
        let shift = shift.clone();
        self.note(now, What::Updated, &shift);
        self.tell(
            now,
            "Manual Shift Updated",
            &shift.resource,
            &shift.away_from,
        );
        Ok(shift)
    }

    /// Ends an active shift.
    ///
    /// # Errors
    /// `ResourceNotFoundException` for an unknown id, `ConflictException` for a shift that is not
    /// active.
    pub fn cancel(&mut self, id: &str, now: Timestamp) -> Result<Shift, ServiceError> {
        let index = self.active_index(id)?;
        let shift = &mut self.shifts[index];
        shift.status = Status::Canceled;
        let shift = shift.clone();
        self.note(now, What::Canceled, &shift);
        let told = match shift.kind {
            Kind::Customer => "Manual Shift Canceled",
            Kind::PracticeRun => "Practice Run Interrupted",
            Kind::FisExperiment => "FIS Experiment Autoshift Canceled",
        };
        self.tell(now, told, &shift.resource, &shift.away_from);
        Ok(shift)
    }

    /// A managed resource with what is in force on it.
    ///
    /// # Errors
    /// `ResourceNotFoundException` for a resource that ARC does not manage.
    pub fn resource(&self, identifier: &str) -> Result<ResourceView<'_>, ServiceError> {
        validate::identifier(identifier)?;
        let managed = self
            .resources
            .values()
            .find(|managed| managed.arn.as_str() == identifier);
        let managed = managed.ok_or_else(|| {
            validate::not_found(format!("{identifier} is not a managed resource"))
        })?;
        Ok(self.view(managed))
    }

    /// Every managed resource, by ARN.
    pub fn all_resources(&self) -> impl Iterator<Item = ResourceView<'_>> {
        self.resources.values().map(|managed| self.view(managed))
    }

    fn view<'a>(&'a self, managed: &'a ManagedResource) -> ResourceView<'a> {
        ResourceView {
            managed,
            applied: self.applied(managed),
            shifts: self.active(&managed.arn).collect(),
            autoshift: self.active_autoshift(&managed.arn),
        }
    }

    /// Begins an autoshift of AWS away from a zone.
    pub fn start_autoshift(&mut self, zone: &ZoneId, now: Timestamp) {
        self.autoshifts.push(Autoshift {
            away_from: zone.clone(),
            started: now,
            ended: None,
        });
        self.autoshift_changed(zone, What::AutoshiftStarted, "Autoshift In Progress", now);
    }

    /// Ends the autoshift away from a zone.
    pub fn end_autoshift(&mut self, zone: &ZoneId, now: Timestamp) {
        let active = self
            .autoshifts
            .iter_mut()
            .find(|shift| shift.away_from == *zone && shift.ended.is_none());
        if let Some(active) = active {
            active.ended = Some(now);
            self.autoshift_changed(zone, What::AutoshiftCompleted, "Autoshift Completed", now);
        }
    }

    fn autoshift_changed(&mut self, zone: &ZoneId, what: What, told: &str, now: Timestamp) {
        self.changes.push(Change {
            at: now,
            what,
            id: String::new(),
            resource: None,
            zone: zone.clone(),
            comment: String::new(),
        });
        let concerned: Vec<String> = self
            .resources
            .values()
            .filter(|managed| managed.autoshift && managed.zones.contains(zone))
            .map(|managed| managed.name.clone())
            .collect();
        self.send(now, told, &concerned, zone);
    }

    fn target(&self, resource: &str, zone: &str) -> Result<(ResourceArn, ZoneId), ServiceError> {
        let managed = self.resource(resource)?.managed;
        let zone: ZoneId = zone.parse().map_err(|error: domain::zone::ZoneError| {
            validate::invalid("InvalidAz", format!("awayFrom: {error}"))
        })?;
        if !managed.zones.contains(&zone) {
            return Err(validate::invalid(
                "UnsupportedAz",
                format!("awayFrom: {resource} has no part in {zone}"),
            ));
        }
        Ok((managed.arn.clone(), zone))
    }

    fn begin(
        &mut self,
        resource: &ResourceArn,
        zone: &ZoneId,
        kind: Kind,
        now: Timestamp,
        lasts: SignedDuration,
        comment: &str,
    ) -> Shift {
        let shift = Shift {
            id: format!("00000000-0000-4000-a000-{:012x}", self.shifts.len() + 1),
            resource: resource.clone(),
            away_from: zone.clone(),
            kind,
            status: Status::Active,
            started: now,
            expires: now.checked_add(lasts).unwrap_or(Timestamp::MAX),
            comment: comment.to_owned(),
        };
        self.shifts.push(shift.clone());
        self.note(now, What::Started, &shift);
        shift
    }

    /// Ends the practice runs and experiments that a customer's shift takes precedence over.
    fn displace(&mut self, resource: &ResourceArn, now: Timestamp) {
        let displaced: Vec<String> = self
            .active(resource)
            .map(|shift| shift.id.clone())
            .collect();
        for id in displaced {
            // It is active, or it would not be in the list.
            let _ = self.cancel(&id, now);
        }
    }

    fn active<'a>(&'a self, resource: &'a ResourceArn) -> impl Iterator<Item = &'a Shift> {
        self.shifts
            .iter()
            .filter(move |shift| shift.resource == *resource && shift.status == Status::Active)
    }

    fn active_autoshift(&self, resource: &ResourceArn) -> Option<&Autoshift> {
        let managed = self
            .resources
            .get(resource)
            .filter(|managed| managed.autoshift)?;
        self.autoshifts
            .iter()
            .find(|shift| shift.ended.is_none() && managed.zones.contains(&shift.away_from))
    }

    /// The zone that the shift with precedence keeps traffic from.
    fn applied<'a>(&'a self, managed: &'a ManagedResource) -> Option<&'a ZoneId> {
        let strongest = self.active(&managed.arn).min_by_key(|shift| shift.kind);
        match (strongest, self.active_autoshift(&managed.arn)) {
            (Some(shift), _) if shift.kind == Kind::Customer => Some(&shift.away_from),
            (_, Some(autoshift)) => Some(&autoshift.away_from),
            (Some(shift), None) => Some(&shift.away_from),
            (None, None) => None,
        }
    }

    fn active_index(&self, id: &str) -> Result<usize, ServiceError> {
        validate::shift_id(id)?;
        let index = self.shifts.iter().position(|shift| shift.id == id);
        let index =
            index.ok_or_else(|| validate::not_found(format!("there is no zonal shift {id}")))?;
        if self.shifts[index].status == Status::Active {
            Ok(index)
        } else {
            let message = format!("zonal shift {id} is {}", self.shifts[index].status.name());
            Err(validate::conflict(
                "ZonalShiftStatusNotActive",
                message,
                Some(id),
            ))
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

/// What `StartZonalShift` is asked.
#[derive(Debug, Clone, Copy)]
pub struct StartInput<'a> {
    /// The resource's ARN.
    pub resource: &'a str,
    /// The AZ ID of the zone that traffic is to leave.
    pub away_from: &'a str,
    /// How long, such as `6h`.
    pub expires_in: &'a str,
    /// The comment; it may be empty.
    pub comment: &'a str,
}

/// A managed resource with what is in force on it.
#[derive(Debug, Clone)]
pub struct ResourceView<'a> {
    /// The resource.
    pub managed: &'a ManagedResource,
    /// The zone that traffic is kept from.
    pub applied: Option<&'a ZoneId>,
    /// Active shifts, practice runs and experiments.
    pub shifts: Vec<&'a Shift>,
    /// The active autoshift.
    pub autoshift: Option<&'a Autoshift>,
}

impl ResourceView<'_> {
    /// Whether a shift is the one that ARC applies.
    #[must_use]
    pub fn is_applied(&self, shift: &Shift) -> bool {
        match self.autoshift {
            Some(_) => shift.kind == Kind::Customer,
            None => true,
        }
    }
}

#[cfg(test)]
mod tests;
