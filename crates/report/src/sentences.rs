//! What happened, in three sentences.

use crate::incident::{Incident, Moment, MomentKind, Source};

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
        None => match (alarm(incident), incident.source) {
            (Some(alarm), _) => format!(
                "At {} an alarm of {workload} went off: {}.",
                alarm.at.strftime("%H:%M:%S UTC"),
                alarm.what
            ),
            (None, Source::Drill) => format!("Nothing went wrong with {workload}."),
            (None, Source::Account) => format!("No alarm of {workload} is known to have gone off."),
        },
    }
}

/// The first alarm that went off.
fn alarm(incident: &Incident) -> Option<&Moment> {
    let mut moments = incident.moments.iter();
    moments.find(|moment| moment.kind == MomentKind::Alarm)
}

fn did(incident: &Incident) -> String {
    let zone = incident.zone.as_deref().unwrap_or("the zone");
    let alarmed = alarm(incident).is_some() || incident.detected_after_s.is_some();
    match (incident.outcome.as_str(), alarmed) {
        ("evacuate" | "shift", true) => {
            let took = match incident.detected_after_s {
                Some(after) => format!("The alarm took {}, ", seconds(after)),
                None => String::new(),
            };
            let shift = match incident.shift_requested_after_ms {
                Some(after) => format!(
                    "Evac moved traffic away from {zone} {} after that",
                    seconds(after / 1000.0)
                ),
                None => format!("Evac moved traffic away from {zone}"),
            };
            let well = match (incident.customers_well_after_s, incident.source) {
                (Some(after), _) => {
                    format!(", and customers were well {} later", seconds(after))
                }
                (None, Source::Account) if incident.customer_errors.with_evac.is_none() => {
                    ", and nobody counted how customers were".to_owned()
                }
                (None, _) => ", and customers were not well within the time shown".to_owned(),
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
            format!("{took}{shift}{well}{undone}.")
        }
        ("evacuate" | "shift", false) => format!("Evac moved traffic away from {zone}."),
        ("none", _) => "Evac had no reason to do anything.".to_owned(),
        ("unknown", _) => "What Evac made of it is not known.".to_owned(),
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
    let Some(with) = incident.customer_errors.with_evac else {
        return "How many requests failed or were slow is not known.".to_owned();
    };
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
    if incident.detected_after_s.is_some() || alarm(incident).is_some() {
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
