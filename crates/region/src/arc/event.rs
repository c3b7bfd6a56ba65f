//! The events that ARC sends to EventBridge: best effort, and with few details.
//!
//! An event tells a zone and the names of resources: no id, no comment, no expiry. There is none when
//! a customer's shift runs out. Source: ARC developer guide, "Using zonal autoshift with Amazon
//! EventBridge", whose samples name resources and not ARNs.

use domain::ZoneId;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::ZonalShifts;
use super::model::{Kind, Outcome, Shift, Status};

impl ZonalShifts {
    /// Tells that a shift began.
    pub(super) fn tell_start(&mut self, shift: &Shift, now: Timestamp) {
        let told = match shift.kind {
            Kind::Customer => "Manual Shift Started",
            Kind::Autoshift => "Autoshift In Progress",
            Kind::FisExperiment => "FIS Experiment Autoshift In Progress",
            Kind::PracticeRun => "Practice Run Started",
        };
        self.tell(now, told, shift);
    }

    /// Tells that a shift ended, where that is told.
    pub(super) fn tell_end(&mut self, shift: &Shift, interrupted_by: &str, now: Timestamp) {
        let told = match (shift.kind, shift.status, shift.outcome) {
            (Kind::Customer, Status::Canceled, _) => "Manual Shift Canceled",
            (Kind::Customer, ..) => return,
            (Kind::Autoshift, ..) => "Autoshift Completed",
            (Kind::FisExperiment, Status::Canceled, _) => "FIS Experiment Autoshift Canceled",
            (Kind::FisExperiment, ..) => "FIS Experiment Autoshift Completed",
            (Kind::PracticeRun, _, Some(Outcome::Failed)) => "Practice Run Failed",
            (Kind::PracticeRun, _, Some(Outcome::Interrupted)) => {
                let info = format!("Practice run interrupted. {interrupted_by}");
                let data = json!({ "additionalFailureInfo": info });
                let names = self.names(shift);
                let metadata = json!({ "awayFrom": shift.away_from.as_str() });
                return self.send(now, "Practice Run Interrupted", &names, &data, &metadata);
            }
            (Kind::PracticeRun, ..) => "Practice Run Succeeded",
        };
        self.tell(now, told, shift);
    }

    /// Sends an event about one resource.
    pub(super) fn tell(&mut self, now: Timestamp, detail_type: &str, shift: &Shift) {
        let names = self.names(shift);
        let metadata = json!({ "awayFrom": shift.away_from.as_str(), "notes": "" });
        self.send(now, detail_type, &names, &json!(""), &metadata);
    }

    /// Sends the event of an autoshift that an observer gets, which names no resource.
    pub(super) fn tell_observer(&mut self, now: Timestamp, detail_type: &str, zone: &ZoneId) {
        if self.observer {
            let notes = "For observers of autoshifts. Resources that are enrolled have events of their own.";
            let metadata = json!({ "awayFrom": zone.as_str(), "notes": notes });
            self.send(now, detail_type, &[], &json!(""), &metadata);
        }
    }

    fn names(&self, shift: &Shift) -> Vec<String> {
        let managed = self.resources.get(&shift.resource);
        let name = managed.map(|managed| managed.resource.name.clone());
        name.into_iter().collect()
    }

    fn send(
        &mut self,
        now: Timestamp,
        detail_type: &str,
        resources: &[String],
        data: &Value,
        metadata: &Value,
    ) {
        self.sent += 1;
        self.events.push(json!({
            "version": "0",
            "id": format!("00000000-0000-4000-b000-{:012x}", self.sent),
            "detail-type": detail_type,
            "source": "aws.arc-zonal-shift",
            "account": self.account.as_str(),
            "time": now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "region": self.region,
            "resources": resources,
            "detail": { "version": "0.0.1", "data": data, "metadata": metadata },
        }));
    }
}
