use super::{WIDTH, customers, entry, grouped, introduction, list, summary};
use std::collections::BTreeMap;

use domain::ZoneId;
use jiff::Timestamp;
use region::scenario::built_in;
use report::incident::{
    Counts, CustomerErrors, Customers, Entry, Incident, Invariant, Latency, Message, MutatingCall,
    SCHEMA, Source, ZoneCounts,
};

#[test]
fn thousands_stand_apart() {
    for (number, text) in [
        (0, "0"),
        (999, "999"),
        (1000, "1,000"),
        (41_234, "41,234"),
        (1_234_567, "1,234,567"),
    ] {
        assert_eq!(grouped(number), text);
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_768_446_000 + second).unwrap()
}

fn counts(bad: &[u64]) -> Counts {
    Counts {
        requests: vec![Some(1_000); bad.len()],
        failed: bad.iter().copied().map(Some).collect(),
        slow: vec![Some(0); bad.len()],
    }
}

fn outcome() -> Incident {
    Incident {
        schema: SCHEMA.to_owned(),
        source: Source::Drill,
        title: "One zone becomes slow".to_owned(),
        story: String::new(),
        workload: "wildrydes".to_owned(),
        region: "us-east-1".to_owned(),
        begin: at(0),
        end: at(1_800),
        summary: Vec::new(),
        scenario: Some("zonal-latency".to_owned()),
        seed: Some(1),
        expected: Some("evacuate".to_owned()),
        outcome: "evacuate".to_owned(),
        zone: Some("use1-az1".to_owned()),
        problems: Vec::new(),
        unknown: Vec::new(),
        verdicts: Vec::new(),
        timeline: Vec::new(),
        moments: Vec::new(),
        detected_after_s: Some(150.0),
        shift_requested_after_ms: Some(184.4),
        customers_well_after_s: Some(44.0),
        spent: Vec::new(),
        customer_errors: CustomerErrors {
            with_evac: Some(1_875),
            without_evac: Some(34_953),
        },
        customer_errors_from_fault: CustomerErrors {
            with_evac: Some(7_000),
            without_evac: Some(41_000),
        },
        slow_after_ms: Some(350),
        customers: Customers {
            from: at(0),
            step_s: 300,
            zones: vec![
                ZoneCounts {
                    zone: "use1-az1".to_owned(),
                    counts: counts(&[5, 10, 350, 1_000, 600, 0]),
                },
                ZoneCounts {
                    zone: "use1-az2".to_owned(),
                    counts: counts(&[5, 10, 5, 20, 6, 0]),
                },
            ],
            without_evac: None,
        },
        latency: Latency {
            from: at(0),
            step_s: 60,
            zones: Vec::new(),
        },
        map: Vec::new(),
        function_calls: BTreeMap::from([
            ("classifier".to_owned(), 74),
            ("zonal-shift".to_owned(), 1_041),
        ]),
        mutating_calls: [31, 33]
            .map(|number| MutatingCall {
                at: at(400),
                service: "sns".to_owned(),
                operation: "Publish".to_owned(),
                caller: "classifier".to_owned(),
                number: Some(number),
            })
            .into(),
        invariants: vec![Invariant {
            id: 1,
            holds: true,
            detail: "zones evacuated at any one time: 1 at the most".to_owned(),
        }],
        messages: vec![Message {
            at: at(400),
            subject: "[evac] wildrydes: traffic moved away from use1-az1".to_owned(),
            phase: "shifted".to_owned(),
            text: "Evac moved traffic.\n\nWhy: the alarm.".to_owned(),
        }],
    }
}

/// A text as it stands where standard output is no terminal.
fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

#[test]
fn a_good_drill_is_summed_up() {
    insta::assert_snapshot!(plain(&summary(&outcome())));
}

#[test]
fn a_drill_that_is_not_as_expected_says_so_and_why() {
    let mut bad = outcome();
    bad.outcome = "shift".to_owned();
    bad.problems = vec![
        "ended in shift, expected evacuate".to_owned(),
        "nobody was told \"pruned\" where it was expected".to_owned(),
    ];
    bad.customers_well_after_s = None;
    bad.invariants[0].holds = false;
    bad.messages.clear();
    bad.mutating_calls.clear();
    insta::assert_snapshot!(plain(&summary(&bad)));
}

#[test]
fn a_drill_without_an_alarm_and_a_shift_says_so() {
    let mut quiet = outcome();
    quiet.outcome = "hold".to_owned();
    quiet.zone = None;
    quiet.detected_after_s = None;
    quiet.shift_requested_after_ms = None;
    quiet.customers_well_after_s = None;
    insta::assert_snapshot!(plain(&summary(&quiet)));
}

fn columns(line: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(line)
}

fn fits(text: &str) {
    for line in plain(text).lines() {
        assert!(columns(line) <= WIDTH, "{} columns: {line}", columns(line));
    }
}

#[test]
fn no_line_is_wider_than_a_hundred_columns() {
    let long = "wildrydes-0123456789 ".repeat(20) + &"x".repeat(250);
    let mut incident = outcome();
    incident.problems = vec![long.clone()];
    incident.invariants[0].detail.clone_from(&long);
    incident.messages[0].subject.clone_from(&long);
    incident.messages[0].text.clone_from(&long);
    incident.customers.zones[0].counts = counts(&[7; 5_000]);
    fits(&summary(&incident));
    fits(&entry(&Entry {
        at: at(0),
        actor: "arc-zonal-shift".to_owned(),
        what: long,
    }));
    let scenarios = built_in().unwrap();
    fits(&list(&scenarios));
    for scenario in &scenarios {
        fits(&introduction(scenario, u64::MAX).join("\n"));
    }
}

#[test]
fn zones_that_do_not_fit_in_a_line_stand_in_the_next() {
    let requests = region::world::Counts {
        requests: 123_456,
        failed: 70_000,
        slow: 0,
    };
    let zone = |number: usize| (format!("use1-az{number}").parse().unwrap(), requests);
    let zones: BTreeMap<ZoneId, region::world::Counts> = (1..=6).map(zone).collect();
    let told = entry(&Entry {
        at: at(0),
        actor: super::CUSTOMERS.to_owned(),
        what: customers(&zones),
    });
    fits(&told);
    for number in 1..=6 {
        assert!(
            told.contains(&format!("use1-az{number} 123456  56.7%")),
            "{told}"
        );
    }
}

#[test]
fn a_zone_that_hurts_stands_out_of_its_sparkline() {
    let told = plain(&summary(&outcome()));
    let line = |zone: &str| {
        let begins = format!("  {zone}");
        told.lines()
            .find(|line| line.starts_with(&begins))
            .unwrap()
            .to_owned()
    };
    assert!(
        line("use1-az1").contains("▁▁▄█▆▁  at worst 100.0%"),
        "{told}"
    );
    assert!(
        line("use1-az2").contains("▁▁▁▁▁▁  at worst   2.0%"),
        "{told}"
    );
}
