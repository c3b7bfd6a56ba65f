//! Autoshifts: AWS moves the traffic of every enrolled resource away from a zone.
//!
//! The Region's autoshift and a resource's part in it are two things. `ListAutoshifts` tells of the
//! first; the second is a zonal shift of its own, with an id that `CancelZonalShift` takes, which is
//! how a customer ends an autoshift on one resource.

use domain::{ResourceArn, ZoneId};
use jiff::Timestamp;

use super::model::{Autoshift, Change, Kind, Outcome, Status, What};
use super::{ZonalShifts, validate};
use crate::error::ServiceError;

impl ZonalShifts {
    /// Begins an autoshift of AWS away from a zone, unless there is one.
    pub fn start_autoshift(&mut self, zone: &ZoneId, now: Timestamp) {
        let running = |shift: &Autoshift| shift.away_from == *zone && shift.ended.is_none();
        if self.autoshifts.iter().any(running) {
            return;
        }
        self.autoshifts.push(Autoshift {
            away_from: zone.clone(),
            started: now,
            ended: None,
        });
        self.note_autoshift(zone, What::AutoshiftStarted, now);
        let comment = format!("Autoshift started away from Availability Zone {zone}.");
        for resource in self.enrolled(zone) {
            self.displace(&resource, Kind::Autoshift, now);
            let target = (resource, zone.clone());
            self.begin(Kind::Autoshift, target, Timestamp::MAX, &comment, now);
        }
        self.tell_observer(now, "Autoshift In Progress", zone);
    }

    /// Ends the autoshift away from a zone.
    pub fn end_autoshift(&mut self, zone: &ZoneId, now: Timestamp) {
        let active = self
            .autoshifts
            .iter_mut()
            .find(|shift| shift.away_from == *zone && shift.ended.is_none());
        let Some(active) = active else { return };
        active.ended = Some(now);
        self.note_autoshift(zone, What::AutoshiftCompleted, now);
        let parts: Vec<String> = self
            .parts
            .iter()
            .filter(|part| part.is_active() && part.away_from == *zone)
            .map(|part| part.id.clone())
            .collect();
        for id in parts {
            self.end(&id, Status::Expired, Outcome::Succeeded, "", now);
        }
        self.tell_observer(now, "Autoshift Completed", zone);
    }

    /// Every autoshift that ever was, oldest first.
    pub(super) fn autoshifts(&self) -> &[Autoshift] {
        &self.autoshifts
    }

    /// The resources that AWS may shift away from a zone.
    pub(super) fn enrolled(&self, zone: &ZoneId) -> Vec<ResourceArn> {
        self.resources
            .values()
            .map(|managed| &managed.resource)
            .filter(|resource| resource.autoshift && resource.zones.contains(zone))
            .map(|resource| resource.arn.clone())
            .collect()
    }

    /// Allows AWS to shift a resource, or forbids it. An autoshift that the resource has a part in
    /// goes on; it takes a `CancelZonalShift` to end it.
    ///
    /// # Errors
    /// `ValidationException`; `ResourceNotFoundException`; `ConflictException` where autoshift is to
    /// be enabled for a resource without a practice run configuration.
    pub fn set_autoshift(
        &mut self,
        identifier: &str,
        status: &str,
    ) -> Result<(ResourceArn, bool), ServiceError> {
        let enabled = validate::enabled("zonalAutoshiftStatus", status)?;
        let arn = self.resource(identifier)?.managed.arn.clone();
        if let Some(managed) = self.resources.get_mut(&arn) {
            if enabled && managed.practice.is_none() {
                return Err(validate::conflict(
                    "PracticeConfigurationDoesNotExist",
                    format!("{arn} has no practice run configuration, which autoshift requires"),
                    None,
                ));
            }
            managed.resource.autoshift = enabled;
        }
        Ok((arn, enabled))
    }

    /// Whether the account is told of autoshifts that move none of its traffic.
    #[must_use]
    pub fn observes_autoshifts(&self) -> bool {
        self.observer
    }

    /// Has the account told of every autoshift, or only of those with a resource of its own.
    pub fn observe_autoshifts(&mut self, observer: bool) {
        self.observer = observer;
    }

    fn note_autoshift(&mut self, zone: &ZoneId, what: What, now: Timestamp) {
        self.changes.push(Change {
            at: now,
            what,
            id: String::new(),
            resource: None,
            zone: zone.clone(),
            comment: String::new(),
        });
    }
}
