//! The payload of the classifier, as anybody may send it.

use classifier::input;
use domain::IncidentId;
use domain::decide::decide;
use domain::observation::Observation;
use domain::signal::{Signal, Trigger};
use serde_json::Value;

use super::{assert_helpful, bare_defaults, now, own_account};

const ROOTS: [&str; 4] = ["payload", "workload", "event", "command"];

pub(crate) fn run(bytes: &[u8]) {
    // Lambda hands on nothing that is not JSON.
    let Ok(payload) = serde_json::from_slice::<Value>(bytes) else {
        return;
    };
    for bare in bare_defaults() {
        let read = input::read(&payload, &bare, None);
        let explained = classifier::explain(&payload, &bare);
        assert_eq!(
            read.is_ok(),
            explained.is_ok(),
            "what is explained is what is read"
        );
        let ours = input::read(&payload, &bare, Some(&own_account()));
        match (&read, &ours) {
            (Ok(signal), Ok(ours)) => assert_eq!(signal, ours),
            (Ok(_), Err(problems)) => assert_helpful(problems, &ROOTS),
            (Err(problems), Err(_)) => assert_helpful(problems, &ROOTS),
            (Err(problems), Ok(_)) => panic!("refused unless it is ours: {problems}"),
        }
        if let Ok(signal) = read {
            check(&signal);
        }
    }
}

fn check(signal: &Signal) {
    let workload = &signal.workload;
    if let Trigger::ZonalAlarm { zone, change } = &signal.trigger {
        assert!(workload.has_zone(zone), "{zone} is no zone of the workload");
        // Everything that Evac leaves behind names the incident, and is found again by its name.
        let incident = IncidentId::new(&workload.name, zone, change.at);
        assert_eq!(incident.to_string().parse(), Ok(incident));
    }
    let blind = decide(signal, &Observation::default(), now());
    assert!(!blind.verdict.to_string().is_empty());
}
