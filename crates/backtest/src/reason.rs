//! The codes of a ruling's reason, and what each means.

/// A code of [`domain::judge::Ruling::code`] and its meaning in a few words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The stable code.
    pub code: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

/// Every reason: first those to evacuate, then those to hold.
pub const REASONS: &[Reason] = &[
    reason(
        "impaired",
        "one zone hurts its customers, and it is the zone",
    ),
    reason(
        "alarmAlone",
        "its alarm alone says so, the counts cannot tell, and the policy says to act",
    ),
    reason("well", "no zone has more bad requests than tolerated"),
    reason("notIsolated", "a zone is bad, and too near to the others"),
    reason("notCertain", "a zone is bad, and chance is not ruled out"),
    reason("notSustained", "one bad minute, or over by now"),
    reason("singleInstance", "one instance may be the cause"),
    reason(
        "severalZones",
        "several zones are bad to comparable degrees",
    ),
    reason("regional", "every zone that can be judged is bad"),
    reason(
        "blind",
        "as many of the other zones send no counts as are known to be well",
    ),
    reason("missingData", "a zone sends no counts"),
    reason("tooFewRequests", "too few requests to tell"),
    reason("regionalAlarm", "a regional alarm is in ALARM"),
    reason("severalAlarms", "the alarms of several zones are in ALARM"),
    reason(
        "noZonalAlarm",
        "the counts show an impaired zone, and its alarm is not in ALARM",
    ),
    reason(
        "evidenceContradictsAlarm",
        "a zone's alarm is in ALARM, and the counts do not show it",
    ),
    reason(
        "otherZoneShifted",
        "traffic is shifted away from another zone already",
    ),
    reason(
        "tooFewZones",
        "fewer serving zones than minZones would be left",
    ),
    reason(
        "tooLittleCapacity",
        "the zones that stay cannot be expected to carry the traffic",
    ),
];

const fn reason(code: &'static str, meaning: &'static str) -> Reason {
    Reason { code, meaning }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::ZoneId;
    use domain::capacity::Shortage;
    use domain::judge::{
        Criteria, Finding, HoldCode, Knowledge, Outcome, Ruling, Tally, ZoneFinding,
    };

    use super::*;

    fn zone() -> ZoneId {
        "use1-az1".parse().unwrap()
    }

    fn ruling(verdict: Result<ZoneId, HoldCode>, finding: Finding) -> Ruling {
        let found = ZoneFinding {
            knowledge: Knowledge::Judged,
            finding,
            material: true,
            minutes: Criteria::default().window,
            own: Tally::default(),
            elsewhere: Tally::default(),
            probability: None,
            deviations: None,
            dispersion: None,
            instances: None,
            healthy_hosts: None,
        };
        Ruling {
            verdict,
            on_alarm_alone: false,
            warning: None,
            zones: [(zone(), found)].into(),
        }
    }

    /// Every way to hold. A new one does not compile until it is here, and so in the list and the docs.
    fn holds() -> Vec<HoldCode> {
        let complete = |hold: &HoldCode| match hold {
            HoldCode::RegionalAlarm
            | HoldCode::SeveralAlarms(_)
            | HoldCode::NoZonalAlarm
            | HoldCode::OtherZoneShifted(_)
            | HoldCode::TooFewZones(_)
            | HoldCode::TooLittleCapacity(_)
            | HoldCode::EvidenceContradictsAlarm(_) => {}
            HoldCode::Counts(outcome) => match outcome {
                Outcome::Impaired(_)
                | Outcome::Well
                | Outcome::Unproven(_)
                | Outcome::SeveralZones(_)
                | Outcome::Regional(_)
                | Outcome::Blind(_)
                | Outcome::Silent(_)
                | Outcome::CannotTell(_) => {}
            },
        };
        let holds = vec![
            HoldCode::RegionalAlarm,
            HoldCode::SeveralAlarms(vec![zone()]),
            HoldCode::NoZonalAlarm,
            HoldCode::OtherZoneShifted(zone()),
            HoldCode::TooFewZones(1),
            HoldCode::TooLittleCapacity(Shortage::NoHealthyHosts),
            HoldCode::EvidenceContradictsAlarm(zone()),
            HoldCode::Counts(Outcome::Well),
            HoldCode::Counts(Outcome::Unproven(zone())),
            HoldCode::Counts(Outcome::SeveralZones(vec![zone()])),
            HoldCode::Counts(Outcome::Regional(vec![zone()])),
            HoldCode::Counts(Outcome::Blind(zone())),
            HoldCode::Counts(Outcome::Silent(vec![zone()])),
            HoldCode::Counts(Outcome::CannotTell(vec![zone()])),
        ];
        holds.iter().for_each(complete);
        holds
    }

    #[test]
    fn every_reason_of_a_ruling_is_listed_and_no_other() {
        let mut codes: BTreeSet<&str> = holds()
            .into_iter()
            .map(|hold| ruling(Err(hold), Finding::NotCertain).code())
            .collect();
        for finding in [
            Finding::NotIsolated,
            Finding::NotSustained,
            Finding::NotBroad,
        ] {
            let hold = HoldCode::Counts(Outcome::Unproven(zone()));
            codes.insert(ruling(Err(hold), finding).code());
        }
        let mut acting = ruling(Ok(zone()), Finding::Impaired);
        codes.insert(acting.code());
        acting.on_alarm_alone = true;
        codes.insert(acting.code());
        let listed: BTreeSet<&str> = REASONS.iter().map(|reason| reason.code).collect();
        assert_eq!(codes, listed);
        assert_eq!(REASONS.len(), listed.len());
    }

    #[test]
    fn every_reason_is_in_the_docs() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/CLASSIFY.md");
        let page = std::fs::read_to_string(page).unwrap();
        for Reason { code, .. } in REASONS {
            assert!(page.contains(&format!("| `{code}` |")), "{code}");
        }
    }
}
