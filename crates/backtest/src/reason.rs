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
