//! The events that ARC sends to EventBridge: best effort, and with few details.

use domain::{ResourceArn, ZoneId};
use jiff::Timestamp;
use serde_json::json;

use super::ZonalShifts;

impl ZonalShifts {
    /// Sends an event about one resource.
    pub(super) fn tell(
        &mut self,
        now: Timestamp,
        detail_type: &str,
        resource: &ResourceArn,
        zone: &ZoneId,
    ) {
        let name = self
            .resources
            .get(resource)
            .map(|managed| managed.name.clone());
        let names: Vec<String> = name.into_iter().collect();
        self.send(now, detail_type, &names, zone);
    }

    /// Sends an event. The documented samples name resources, not ARNs.
    pub(super) fn send(
        &mut self,
        now: Timestamp,
        detail_type: &str,
        resources: &[String],
        zone: &ZoneId,
    ) {
        let event = json!({
            "version": "0",
            "id": format!("00000000-0000-4000-b000-{:012x}", self.changes.len()),
            "detail-type": detail_type,
            "source": "aws.arc-zonal-shift",
            "account": self.account.as_str(),
            "time": now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "region": self.region,
            "resources": resources,
            "detail": {
                "version": "0.0.1",
                "data": "",
                "metadata": {"awayFrom": zone.as_str(), "notes": ""},
            },
        });
        self.events.push(event);
    }
}
