//! What happened, in three sentences.

use crate::incident::{Incident, MomentKind};

/// What went wrong, what Evac did, and what it meant to customers.
#[must_use]
pub fn summary(incident: &Incident) -> Vec<String> {
    vec![went_wrong(incident), did(incident), meant(incident)]
}

fn went_wrong(incident: &Incident) -> String {
    let first = (incident.moments.iter()).find(|moment| moment.kind == MomentKind::Fault);
    let workload = &incident.workload;
    match first {
        Some(fault) => format!(
            "At {} {workload} began to hurt its customers: {}.",
            fault.at.strftime("%H:%M:%S UTC"),
            fault.what
        ),
        None if incident.detected_after_s.is_some() => {
            let alarm = incident
                .moments
                .iter()
                .find(|moment| moment.kind == MomentKind::Alarm);
            let at = alarm.map_or(incident.begin, |alarm| alarm.at);
            format!(
                "At {} an alarm of {workload} went off.",
                at.strftime("%H:%M:%S UTC")
            )
        }
        None => format!("Nothing went wrong with {workload}."),
    }
}

fn did(incident: &Incident) -> String {
    let zone = incident.zone.as_deref().unwrap_or("the zone");
    let detected = incident.detected_after_s.map(seconds);
    match (incident.outcome.as_str(), detected) {
        ("evacuate" | "shift", Some(detected)) => {
            let shift = match incident.shift_requested_after_ms {
                Some(after) => format!(
                    "Evac moved traffic away from {zone} {} after that",
                    seconds(after / 1000.0)
                ),
                None => format!("Evac moved traffic away from {zone}"),
            };
            let well = match incident.customers_well_after_s {
                Some(after) => format!(", and customers were well {} later", seconds(after)),
                None => ", and customers were not well within the time shown".to_owned(),
            };
            let undone = if incident
                .moments
                .iter()
                .any(|moment| moment.kind == MomentKind::End)
            {
                "; in the end traffic returned"
            } else {
                ""
            };
            format!("The alarm took {detected}, {shift}{well}{undone}.")
        }
        ("evacuate" | "shift", None) => format!("Evac moved traffic away from {zone}."),
        ("observe", _) => format!(
            "Evac would have evacuated {zone}, told so, and changed nothing, as its mode asks."
        ),
        ("hold", _) => {
            let hold = incident
                .verdicts
                .iter()
                .rev()
                .find(|verdict| verdict.verdict == "hold");
            match hold {
                Some(hold) => format!("Evac changed nothing on purpose: {}.", hold.reason),
                None => "Evac changed nothing on purpose.".to_owned(),
            }
        }
        _ => "Evac could not act, and said so.".to_owned(),
    }
}

fn meant(incident: &Incident) -> String {
    let since = since(incident);
    let with = incident.customer_errors.with_evac;
    let was = format!(
        "From the {since} on {} requests failed or were slow",
        grouped(with)
    );
    match incident.customer_errors.without_evac {
        Some(without) if without > with => {
            format!(
                "{was}; without Evac it would have been {}.",
                grouped(without)
            )
        }
        Some(without) => format!("{was}, and {} without Evac.", grouped(without)),
        None => format!("{was}."),
    }
}

/// From when on bad requests are counted.
pub(crate) fn since(incident: &Incident) -> &'static str {
    let faulty = incident
        .moments
        .iter()
        .any(|moment| moment.kind == MomentKind::Fault);
    if incident.detected_after_s.is_some() {
        "alarm"
    } else if faulty {
        "fault"
    } else {
        "beginning"
    }
}

/// A number with its thousands apart: 41,234.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A time in seconds, as exactly as it matters.
pub(crate) fn seconds(seconds: f64) -> String {
    if seconds < 0.001 {
        "0 s".to_owned()
    } else if seconds < 1.0 {
        format!("{:.0} ms", seconds * 1000.0)
    } else if seconds < 10.0 {
        format!("{seconds:.1} s")
    } else if seconds < 600.0 {
        format!("{seconds:.0} s")
    } else {
        format!("{:.0} min", seconds / 60.0)
    }
}
