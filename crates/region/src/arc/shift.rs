//! Zonal shifts that a customer starts, updates and cancels.

use jiff::Timestamp;

use super::model::{Kind, Outcome, Shift, Status, What};
use super::{ZonalShifts, validate};
use crate::error::ServiceError;

/// What `StartZonalShift` is asked.
#[derive(Debug, Clone, Copy)]
pub struct StartInput<'a> {
    /// The resource's ARN, or its name.
    pub resource: &'a str,
    /// The AZ ID of the zone that traffic is to leave.
    pub away_from: &'a str,
    /// How long, such as `6h`.
    pub expires_in: &'a str,
    /// The comment; it may be empty.
    pub comment: &'a str,
}

impl ZonalShifts {
    /// Starts a customer's shift.
    ///
    /// # Errors
    /// `ValidationException` for what ARC does not take, `ResourceNotFoundException` for a resource
    /// that it does not manage, and `ConflictException` where a customer's shift is active.
    pub fn start(&mut self, input: &StartInput<'_>, now: Timestamp) -> Result<Shift, ServiceError> {
        validate::comment(input.comment)?;
        let lasts = validate::expires_in(input.expires_in)?;
        let (resource, zone) = self.target(input.resource, input.away_from)?;
        let customers = self
            .active(&resource)
            .find(|shift| shift.kind == Kind::Customer);
        if let Some(active) = customers {
            let message = format!(
                "a zonal shift away from {} is already active on {resource}",
                active.away_from
            );
            return Err(validate::conflict(
                "ZonalShiftAlreadyExists",
                message,
                Some(&active.id),
            ));
        }
        self.displace(&resource, Kind::Customer, now);
        let expires = now.checked_add(lasts).unwrap_or(Timestamp::MAX);
        let target = (resource, zone);
        Ok(self.begin(Kind::Customer, target, expires, input.comment, now))
    }

    /// Updates the comment or the expiry of an active shift; the expiry counts from now.
    ///
    /// # Errors
    /// `ResourceNotFoundException` for an unknown id, `ConflictException` for a shift that is not
    /// active, `ValidationException` for what ARC does not take, also for an autoshift and an
    /// experiment.
    pub fn update(
        &mut self,
        id: &str,
        expires_in: Option<&str>,
        comment: Option<&str>,
        now: Timestamp,
    ) -> Result<Shift, ServiceError> {
        let lasts = expires_in.map(validate::expires_in).transpose()?;
        comment.map(validate::comment).transpose()?;
        let found = self.find(id)?;
        match found.kind {
            Kind::Customer | Kind::PracticeRun => {}
            Kind::Autoshift => {
                return Err(validate::invalid(
                    "AutoshiftUpdateNotAllowed",
                    "a shift that an autoshift started cannot be updated",
                ));
            }
            Kind::FisExperiment => {
                return Err(validate::invalid(
                    "FISExperimentUpdateNotAllowed",
                    "a shift that an experiment started cannot be updated",
                ));
            }
        }
        must_be_active(found)?;
        let mut shift = found.clone();
        if let Some(lasts) = lasts {
            shift.expires = now.checked_add(lasts).unwrap_or(shift.expires);
        }
        if let Some(comment) = comment {
            comment.clone_into(&mut shift.comment);
        }
        if let Some(held) = self.get_mut(id) {
            held.clone_from(&shift);
        }
        self.note(now, What::Updated, &shift);
        if shift.kind == Kind::Customer {
            self.tell(now, "Manual Shift Updated", &shift);
        }
        Ok(shift)
    }

    /// Ends an active shift of any kind; of an autoshift only what it does to the one resource.
    ///
    /// # Errors
    /// `ResourceNotFoundException` for an unknown id, `ConflictException` for a shift that is not
    /// active.
    pub fn cancel(&mut self, id: &str, now: Timestamp) -> Result<Shift, ServiceError> {
        must_be_active(self.find(id)?)?;
        let why = "The practice run was canceled.";
        self.end(id, Status::Canceled, Outcome::Interrupted, why, now)
            .ok_or_else(|| validate::not_found(format!("there is no zonal shift {id}")))
    }
}

fn must_be_active(shift: &Shift) -> Result<(), ServiceError> {
    if shift.is_active() {
        return Ok(());
    }
    let message = format!("zonal shift {} is {}", shift.id, shift.status.name());
    Err(validate::conflict(
        "ZonalShiftStatusNotActive",
        message,
        Some(&shift.id),
    ))
}
