//! The checker over the model: the whole space without a violation, and a violation for each way to
//! build the protocol wrong.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test may panic, and tells the size of what it has explored"
)]

use std::collections::BTreeSet;

use protocol_model::properties;
use protocol_model::real::Real;
use protocol_model::transcript::transcript;
use protocol_model::{Bounds, Protocol, Variant};
use stateright::{Checker, HasDiscoveries, Model, Property};

/// One alarm and nothing else.
const QUIET: Bounds = Bounds {
    alarms: 1,
    recoveries: 0,
    acts: 0,
    crashes: 0,
    duplicates: 0,
    ageing: 0,
};

/// Explores until one of some properties is violated, or everything is explored; if none is named, until
/// any is violated. Answers with what was violated and with what was reached.
fn explore(
    variant: Variant,
    bounds: Bounds,
    threads: usize,
    until: Option<&'static str>,
) -> (Vec<String>, BTreeSet<&'static str>) {
    let real = Real::new().unwrap();
    let model = Protocol {
        real,
        variant,
        bounds,
    };
    let checker = model
        .checker()
        .threads(threads)
        .finish_when(match until {
            Some(property) => HasDiscoveries::AllOf([property].into()),
            None => HasDiscoveries::AnyFailures,
        })
        .spawn_bfs()
        .join();
    println!(
        "{variant:?}, {bounds:?}: {} states, {} reached again, {} steps deep",
        checker.unique_state_count(),
        checker.state_count() - checker.unique_state_count(),
        checker.max_depth(),
    );
    let properties: Vec<Property<Protocol>> = checker.model().properties();
    let is_failure = |name: &str| {
        let of_name = |property: &&Property<Protocol>| property.name == name;
        let found = properties.iter().find(of_name).unwrap();
        found.expectation.discovery_is_failure()
    };
    let mut violated = Vec::new();
    let mut reached = BTreeSet::new();
    for (name, path) in checker.discoveries() {
        if is_failure(name) {
            violated.push(format!("{name}\n{}", transcript(path)));
        } else {
            reached.insert(name);
        }
    }
    (violated, reached)
}

/// Explores everything, and finds nothing violated. Answers with what was reached.
#[track_caller]
fn holds(bounds: Bounds) -> BTreeSet<&'static str> {
    let (violated, reached) = explore(Variant::Evac, bounds, 2, None);
    assert!(violated.is_empty(), "{bounds:?}: {}", violated.join("\n"));
    reached
}

// The spaces that are explored as a whole. Each has two invocations in flight at a time, as many as come
// one after another, and ticks without end; and adds some events to the one alarm.

#[test]
fn two_zones_a_person_a_death_and_a_duplicate_violate_nothing() {
    let reached = holds(Bounds {
        alarms: 2,
        acts: 1,
        crashes: 1,
        duplicates: 1,
        ..QUIET
    });
    let all = protocol_model::properties::all();
    let to_reach = all
        .iter()
        .filter(|property| !property.expectation.discovery_is_failure());
    let to_reach: BTreeSet<&str> = to_reach.map(|property| property.name).collect();
    assert_eq!(reached, to_reach, "the model is about something");
}

#[test]
fn a_recovery_and_an_alarm_anew_violate_nothing() {
    holds(Bounds {
        alarms: 2,
        recoveries: 1,
        ..QUIET
    });
}

#[test]
fn a_recovery_and_a_person_violate_nothing() {
    holds(Bounds {
        recoveries: 1,
        acts: 1,
        ..QUIET
    });
}

#[test]
fn a_recovery_and_the_time_that_passes_violate_nothing() {
    holds(Bounds {
        recoveries: 1,
        ageing: 1,
        ..QUIET
    });
}

#[test]
fn a_shift_that_expires_and_a_person_violate_nothing() {
    holds(Bounds {
        acts: 1,
        ageing: 1,
        ..QUIET
    });
}

/// The checker finds that the variant violates the property whose name begins so. What else it violates
/// on the way is its own affair.
#[track_caller]
fn violates(variant: Variant, bounds: Bounds, begins: &str) {
    let properties = properties::all();
    let names = properties.iter().map(|property| property.name);
    let name = names
        .into_iter()
        .find(|name| name.starts_with(begins))
        .unwrap();
    let (violated, _) = explore(variant, bounds, 1, Some(name));
    let found = violated.iter().find(|found| found.starts_with(name));
    println!(
        "{}",
        found.unwrap_or_else(|| panic!("{variant:?}: {violated:?}"))
    );
}

#[test]
fn without_the_lead_lock_two_zones_are_evacuated() {
    let bounds = Bounds { acts: 1, ..QUIET };
    violates(
        Variant::NoLeadLock,
        bounds,
        "1: Evac shifts away from one zone",
    );
}

#[test]
fn a_prune_before_the_shift_is_found() {
    violates(
        Variant::PruneFirst,
        QUIET,
        "2: no prune while traffic is in the zone",
    );
}

#[test]
fn a_group_with_too_few_zones_is_found() {
    let bounds = Bounds { acts: 1, ..QUIET };
    violates(Variant::MinZonesIgnored, bounds, "3: Evac leaves two zones");
}

#[test]
fn tags_after_the_update_are_found() {
    violates(Variant::TagsLast, QUIET, "4: what is missing is on record");
}

#[test]
fn a_restore_of_the_original_is_found() {
    let bounds = Bounds { acts: 2, ..QUIET };
    violates(
        Variant::RestoreOriginal,
        bounds,
        "4: what people took out stays out",
    );
}

#[test]
fn a_zone_that_is_taken_for_well_because_it_is_silent_is_found() {
    let bounds = Bounds {
        recoveries: 1,
        ..QUIET
    };
    violates(
        Variant::SilenceIsHealth,
        bounds,
        "5: no return without proof",
    );
}

#[test]
fn a_foreign_shift_that_is_cancelled_is_found() {
    let bounds = Bounds { acts: 2, ..QUIET };
    violates(
        Variant::ForeignCancelled,
        bounds,
        "7: a person's shift is left alone",
    );
}

#[test]
fn an_end_that_is_not_heeded_is_found() {
    let bounds = Bounds { acts: 1, ..QUIET };
    violates(
        Variant::EndIgnored,
        bounds,
        "7: what was seen to be ended is not started",
    );
}

// What the protocol does not survive. docs/RELIABILITY.md tells why.

#[test]
fn a_late_change_for_one_zone_loses_the_record_of_another() {
    let bounds = Bounds {
        alarms: 2,
        recoveries: 1,
        ..QUIET
    };
    violates(
        Variant::LateChanges,
        bounds,
        "4: what is missing is on record",
    );
}

#[test]
fn a_death_in_the_moment_after_a_prune_and_a_restore_have_crossed_loses_the_record() {
    let bounds = Bounds {
        acts: 1,
        crashes: 1,
        ..QUIET
    };
    violates(
        Variant::TwoFaults,
        bounds,
        "4: what is missing is on record",
    );
}

/// For whoever looks for more: `BOUNDS=2,1,1,1,1,1 cargo test --package protocol-model -- --ignored
/// --nocapture`, in the order of the fields of [`Bounds`].
#[test]
#[ignore = "explores what the environment asks for, for hours if it asks for much"]
fn explore_as_asked() {
    let asked = std::env::var("BOUNDS").unwrap_or_else(|_| "1,1,1,1,1,0".to_owned());
    let numbers: Vec<u8> = asked.split(',').map(|n| n.parse().unwrap()).collect();
    let [alarms, recoveries, acts, crashes, duplicates, ageing] = numbers[..] else {
        panic!("BOUNDS={asked}: expected six numbers joined by commas");
    };
    let bounds = Bounds {
        alarms,
        recoveries,
        acts,
        crashes,
        duplicates,
        ageing,
    };
    holds(bounds);
}
