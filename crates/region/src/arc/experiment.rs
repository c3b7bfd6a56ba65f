//! Experiments of AWS Fault Injection Service that recover by an autoshift.

use domain::{ResourceArn, ZoneId};
use jiff::{SignedDuration, Timestamp};

use super::ZonalShifts;
use super::model::{Kind, Outcome, Status};

impl ZonalShifts {
    /// An experiment shifts every enrolled resource away from a zone, for so long. It fails to start
    /// on those where a customer's shift, an autoshift or another experiment is active; a practice
    /// run makes way. Answers with the resources that it started on.
    pub fn start_experiment(
        &mut self,
        zone: &ZoneId,
        lasts: SignedDuration,
        now: Timestamp,
    ) -> Vec<ResourceArn> {
        let mut enrolled = self.enrolled(zone);
        enrolled.retain(|resource| {
            self.active(resource)
                .all(|shift| shift.kind == Kind::PracticeRun)
        });
        let expires = now.checked_add(lasts).unwrap_or(Timestamp::MAX);
        let comment = format!("AWS FIS experiment started away from Availability Zone {zone}.");
        for resource in &enrolled {
            self.displace(resource, Kind::FisExperiment, now);
            let target = (resource.clone(), zone.clone());
            self.begin(Kind::FisExperiment, target, expires, &comment, now);
        }
        enrolled
    }

    /// The experiment away from a zone comes to its end before its time.
    pub fn end_experiment(&mut self, zone: &ZoneId, now: Timestamp) {
        let running: Vec<String> = self
            .shifts
            .iter()
            .filter(|shift| {
                shift.is_active() && shift.kind == Kind::FisExperiment && shift.away_from == *zone
            })
            .map(|shift| shift.id.clone())
            .collect();
        for id in running {
            self.end(&id, Status::Expired, Outcome::Succeeded, "", now);
        }
    }
}
