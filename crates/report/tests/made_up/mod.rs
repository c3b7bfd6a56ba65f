//! Incidents that never were.

use jiff::{SignedDuration, Timestamp};
use report::incident::{
    Counts, CustomerErrors, Customers, Entry, Incident, Invariant, Latency, MapPhase, MapZone,
    Message, Moment, MomentKind, MutatingCall, SCHEMA, Source, Spent, Step, Verdict, Whose,
    ZoneCounts, ZoneLatency, ZoneNumbers,
};

/// When all of them begin.
fn begin() -> Timestamp {
    Timestamp::from_second(1_768_446_000).unwrap_or_default()
}

fn at(second: i64) -> Timestamp {
    begin() + SignedDuration::from_secs(second)
}

/// An incident of so many minutes in so many zones; the second zone hurts in the middle third.
pub(crate) fn incident(minutes: u32, zones: usize) -> Incident {
    let step_s = if minutes > 240 { 120 } else { 60 };
    let steps = (minutes * 60 / step_s) as usize;
    let hurts = |step: usize| step >= steps / 3 && step < 2 * steps / 3;
    let names: Vec<String> = (1..=zones).map(|zone| format!("use1-az{zone}")).collect();
    let counts = |zone: usize| Counts {
        requests: (0..steps)
            .map(|step| {
                if hurts(step) && zone == 1 && step > steps / 3 + 2 {
                    40
                } else {
                    2_400 + (step * 7 % 90) as u64
                }
            })
            .map(Some)
            .collect(),
        failed: (0..steps)
            .map(|step| {
                if hurts(step) && zone == 1 {
                    20
                } else {
                    (step * 3 % 5) as u64
                }
            })
            .map(Some)
            .collect(),
        slow: (0..steps)
            .map(|step| Some((step * 5 % 17) as u64))
            .collect(),
    };
    let latency = |zone: usize, base: f64| -> Vec<Option<f64>> {
        (0..steps)
            .map(|step| {
                let wave = ((step * 13 + zone * 5) % 21) as f64;
                Some(
                    base + wave
                        + if hurts(step) && zone == 1 {
                            9.0 * base
                        } else {
                            0.0
                        },
                )
            })
            .collect()
    };
    let fault = i64::from(minutes) * 20;
    let zone = "use1-az2";
    let moment = |second: i64, kind: MomentKind, what: &str| Moment {
        at: at(second),
        kind,
        what: what.to_owned(),
    };
    let mut incident = Incident {
        schema: SCHEMA.to_owned(),
        source: Source::Account,
        title: "One zone answers with errors".to_owned(),
        story: String::new(),
        workload: "wildrydes".to_owned(),
        region: "us-east-1".to_owned(),
        begin: at(0),
        end: at(i64::from(minutes) * 60),
        summary: Vec::new(),
        scenario: None,
        seed: None,
        expected: None,
        outcome: "evacuate".to_owned(),
        zone: Some(zone.to_owned()),
        problems: Vec::new(),
        unknown: vec!["how it would have been without Evac".to_owned()],
        verdicts: vec![Verdict {
            at: at(fault + 151),
            verdict: "evacuate".to_owned(),
            zone: Some(zone.to_owned()),
            code: "impaired".to_owned(),
            reason: "35.2% of 4,966 requests failed in the last 2 min, 0.4% elsewhere".to_owned(),
            numbers: names
                .iter()
                .map(|name| ZoneNumbers {
                    zone: name.clone(),
                    finding: if name == zone { "impaired" } else { "well" }.to_owned(),
                    minutes: 2,
                    requests: 4_966.0,
                    bad: if name == zone { 1_748.0 } else { 20.0 },
                    requests_elsewhere: 9_900.0,
                    bad_elsewhere: 41.0,
                    probability: (name == zone).then_some(0.999_99),
                    deviations: (name == zone).then_some(58.25),
                })
                .collect(),
        }],
        timeline: (0..i64::from(minutes))
            .map(|minute| Entry {
                at: at(minute * 60),
                actor: "cloudwatch".to_owned(),
                what: format!("alarm use1-az2-wildrydes-fault-rate looked for the {minute}th time"),
            })
            .collect(),
        moments: vec![
            moment(
                fault,
                MomentKind::Fault,
                "35% of the requests to all of use1-az2 fail",
            ),
            moment(
                fault + 150,
                MomentKind::Alarm,
                "use1-az2-wildrydes-isolated-impact-aggregate-alarm",
            ),
            moment(
                fault + 151,
                MomentKind::Verdict,
                "evacuate use1-az2 (impaired)",
            ),
            moment(
                fault + 152,
                MomentKind::Shift,
                "traffic of app/front leaves use1-az2",
            ),
            moment(
                fault + 153,
                MomentKind::Prune,
                "wildrydes-web without use1-az2",
            ),
            moment(
                2 * fault,
                MomentKind::FaultEnds,
                "35% of the requests to all of use1-az2 fail",
            ),
            moment(
                2 * fault + 900,
                MomentKind::Restore,
                "wildrydes-web with use1-az2 again",
            ),
            moment(
                2 * fault + 1_200,
                MomentKind::End,
                "traffic of app/front returns to use1-az2",
            ),
        ],
        detected_after_s: Some(150.0),
        shift_requested_after_ms: Some(180.0),
        customers_well_after_s: Some(84.0),
        spent: vec![
            Spent {
                step: Step::Detect,
                whose: Whose::Alarm,
                seconds: 120.0,
            },
            Spent {
                step: Step::Detect,
                whose: Whose::Metrics,
                seconds: 30.0,
            },
            Spent {
                step: Step::Decide,
                whose: Whose::Evac,
                seconds: 0.12,
            },
            Spent {
                step: Step::Mitigate,
                whose: Whose::Evac,
                seconds: 0.06,
            },
            Spent {
                step: Step::Recover,
                whose: Whose::Dns,
                seconds: 60.0,
            },
            Spent {
                step: Step::Recover,
                whose: Whose::Clients,
                seconds: 24.0,
            },
        ],
        customer_errors: CustomerErrors {
            with_evac: Some(1_875),
            without_evac: Some(34_953),
        },
        customer_errors_from_fault: CustomerErrors {
            with_evac: Some(6_000),
            without_evac: Some(39_000),
        },
        slow_after_ms: Some(350),
        customers: Customers {
            from: at(0),
            step_s,
            zones: names
                .iter()
                .enumerate()
                .map(|(zone, name)| ZoneCounts {
                    zone: name.clone(),
                    counts: counts(zone),
                })
                .collect(),
            without_evac: Some(Counts {
                requests: vec![Some(14_400); steps],
                failed: (0..steps)
                    .map(|step| Some(if hurts(step) { 860 } else { 10 }))
                    .collect(),
                slow: vec![Some(40); steps],
            }),
        },
        latency: Latency {
            from: at(0),
            step_s,
            zones: names
                .iter()
                .enumerate()
                .map(|(zone, name)| ZoneLatency {
                    zone: name.clone(),
                    p50_ms: latency(zone, 60.0),
                    p99_ms: latency(zone, 180.0),
                })
                .collect(),
        },
        map: ["Before", "While it hurt", "After the shift"]
            .iter()
            .zip(0_i64..)
            .map(|(name, part)| MapPhase {
                name: (*name).to_owned(),
                from: at(part * fault),
                to: at((part + 1) * fault),
                zones: names
                    .iter()
                    .map(|name| MapZone {
                        zone: name.clone(),
                        requests: Some(if part == 2 && name == zone { 30 } else { 2_400 }),
                        bad: if part > 0 && name == zone { 12 } else { 9 },
                        shifted: part == 2 && name == zone,
                        pruned: part == 2 && name == zone,
                    })
                    .collect(),
            })
            .collect(),
        function_calls: [("classifier".to_owned(), 74)].into(),
        mutating_calls: vec![MutatingCall {
            at: at(fault + 152),
            service: "arc-zonal-shift".to_owned(),
            operation: "StartZonalShift".to_owned(),
            caller: "zonal-shift".to_owned(),
            number: Some(3),
        }],
        invariants: vec![Invariant {
            id: 1,
            holds: true,
            detail: "zones evacuated at any one time: 1 at the most".to_owned(),
        }],
        messages: vec![Message {
            at: at(fault + 154),
            subject: "[evac] wildrydes: traffic moved away from use1-az2".to_owned(),
            phase: "shifted".to_owned(),
            text: "Evac moved traffic away from use1-az2.\n\nWhy: the alarm and the counts."
                .to_owned(),
        }],
    };
    incident.summary = report::summary(&incident);
    incident
}

/// An incident as an account tells it: not all of it is known.
pub(crate) fn account() -> Incident {
    let mut incident = incident(45, 3);
    incident
        .moments
        .retain(|moment| !matches!(moment.kind, MomentKind::Fault | MomentKind::FaultEnds));
    incident.detected_after_s = None;
    incident
        .spent
        .retain(|part| part.step != Step::Detect && part.whose != Whose::Clients);
    for part in incident
        .spent
        .iter_mut()
        .filter(|part| part.whose == Whose::Dns)
    {
        part.whose = Whose::DnsAndClients;
    }
    incident.customer_errors.without_evac = None;
    incident.customer_errors_from_fault.without_evac = None;
    incident.customers.without_evac = None;
    let counts = &mut incident.customers.zones[1].counts;
    for minute in 20..25 {
        counts.requests[minute] = None;
        counts.failed[minute] = None;
        counts.slow[minute] = None;
    }
    incident.map[1].zones[1].requests = None;
    incident.function_calls.clear();
    incident.mutating_calls[0].number = None;
    incident.messages[0].text.clear();
    incident.invariants.clear();
    incident.unknown = vec![
        "When the fault began.".to_owned(),
        "How it would have been without Evac.".to_owned(),
    ];
    incident.summary = report::summary(&incident);
    incident
}

/// What a browser must never take for markup, beside what a reader must be able to read.
pub(crate) const HOSTILE: &str = "</title></style><script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">'\"&amp;{{7*7}}";

/// An incident in which every text that somebody else wrote is hostile.
pub(crate) fn hostile() -> Incident {
    let mut incident = incident(30, 3);
    let text = || HOSTILE.to_owned();
    incident.title = text();
    incident.story = text();
    incident.workload = text();
    incident.region = text();
    incident.scenario = Some(text());
    incident.outcome = text();
    incident.zone = Some(text());
    incident.problems = vec![text()];
    incident.unknown = vec![text()];
    incident.expected = Some(text());
    for verdict in &mut incident.verdicts {
        verdict.verdict = text();
        verdict.zone = Some(text());
        verdict.code = text();
        verdict.reason = text();
        for numbers in &mut verdict.numbers {
            numbers.zone = text();
            numbers.finding = text();
        }
    }
    for entry in &mut incident.timeline {
        entry.actor = text();
        entry.what = text();
    }
    for moment in &mut incident.moments {
        moment.what = text();
    }
    for (zone, latency) in (incident.customers.zones.iter_mut()).zip(&mut incident.latency.zones) {
        zone.zone = text();
        latency.zone = text();
    }
    for zone in incident.map.iter_mut().flat_map(|phase| &mut phase.zones) {
        zone.zone = text();
    }
    for phase in &mut incident.map {
        phase.name = text();
    }
    incident.function_calls = [(text(), 1)].into();
    for call in &mut incident.mutating_calls {
        call.service = text();
        call.operation = text();
        call.caller = text();
    }
    for invariant in &mut incident.invariants {
        invariant.detail = text();
    }
    for message in &mut incident.messages {
        message.subject = text();
        message.phase = text();
        message.text = text();
    }
    incident.summary = report::summary(&incident);
    incident
}
