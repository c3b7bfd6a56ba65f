//! A judgement as the document's numbers.

use domain::judge::Judgement;
use report::incident::ZoneNumbers;

/// What the counts said of each zone.
pub(crate) fn numbers(judgement: &Judgement) -> Vec<ZoneNumbers> {
    let zones = judgement.zones.iter();
    zones
        .map(|(zone, found)| ZoneNumbers {
            zone: zone.to_string(),
            finding: found.finding.code().to_owned(),
            minutes: found.minutes,
            requests: found.own.requests,
            bad: found.own.bad,
            requests_elsewhere: found.elsewhere.requests,
            bad_elsewhere: found.elsewhere.bad,
            probability: found.probability,
            deviations: found.deviations,
        })
        .collect()
}
