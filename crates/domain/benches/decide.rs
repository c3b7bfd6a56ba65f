//! What `domain` needs for one alarm on one core: to parse the event with its workload, to decide, and to
//! plan for a group of twenty subnets.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use domain::definition;
use domain::event::{AlarmState, Envelope, read_envelope};
use domain::observation::{AlarmReading, Observation, Reading};
use domain::prune::{GroupState, PruneAction, PruneRequest};
use domain::signal::{Signal, read_change};
use jiff::Timestamp;
use serde_json::{Value, json};

const ZONES: u8 = 3;

fn zone(number: u8) -> String {
    format!("use1-az{number}")
}

fn alarm(number: u8) -> String {
    format!("use1-az{number}-impact")
}

fn subnets(number: u8) -> Vec<String> {
    (0..7)
        .map(|index| format!("subnet-{number:04}{index:04}"))
        .collect()
}

fn workload() -> Value {
    let map = |value: &dyn Fn(u8) -> Value| -> Value {
        let of = |number| (zone(number), value(number));
        (1..=ZONES)
            .map(of)
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let name = |number: u8| format!("us-east-1{}", char::from(b'a' + number - 1));
    json!({
        "name": "wildrydes",
        "zones": map(&|number| json!({"name": name(number), "subnets": subnets(number)})),
        "resources": ["arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/front/50dc6c495c0c9188"],
        "autoScalingGroups": {"tag": {"key": "evac:workload", "value": "wildrydes"}},
        "alarms": {"zonal": map(&|number| json!(alarm(number))), "regional": ["regional-impact"]},
        "policy": {"mode": "evacuate", "expiresIn": "6h", "withoutEvidence": "act"},
    })
}

fn envelope() -> Envelope {
    Envelope {
        source: "aws.cloudwatch".to_owned(),
        detail_type: "CloudWatch Alarm State Change".to_owned(),
        time: None,
        resources: Vec::new(),
        detail: json!({
            "alarmName": alarm(1),
            "state": {"value": "ALARM", "timestamp": "2026-11-24T09:20:00.000+0000"},
            "previousState": {"value": "OK"},
            "configuration": {"alarmRule": "TRUE"},
        }),
    }
}

fn parse(workload: &Value, envelope: &Envelope) -> Option<Signal> {
    let workload = definition::read("workload", workload).ok()?;
    let change = read_envelope("event", envelope).ok()?;
    read_change("event", change, workload).ok()
}

fn observation() -> Observation {
    let of = |name: String, state| {
        let reading = AlarmReading {
            state,
            transitioned_at: "2026-11-24T09:20:00Z".parse().ok(),
            suppressed_by: None,
            muted_by: None,
        };
        (name, reading)
    };
    let zonal = (1..=ZONES).map(|number| match number {
        1 => of(alarm(number), AlarmState::Alarm),
        _ => of(alarm(number), AlarmState::Ok),
    });
    let regional = of("regional-impact".to_owned(), AlarmState::Ok);
    Observation {
        alarms: Reading::Taken(zonal.chain([regional]).collect()),
        ..Observation::default()
    }
}

fn deciding(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decide");
    let (definition, envelope) = (workload(), envelope());
    group.bench_function("parse the event and its workload", |bencher| {
        bencher.iter(|| parse(black_box(&definition), black_box(&envelope)));
    });
    let Some(signal) = parse(&definition, &envelope) else {
        return;
    };
    let observation = observation();
    let now = Timestamp::from_second(1_795_512_060).unwrap_or_default();
    group.bench_function("classify", |bencher| {
        bencher.iter(|| domain::decide::decide(black_box(&signal), black_box(&observation), now));
    });
    let incident = "wildrydes/use1-az1/20261124T092000Z".parse();
    let (Ok(incident), Some(groups)) = (incident, signal.workload.groups.clone()) else {
        return;
    };
    let request = PruneRequest {
        schema: domain::prune::REQUEST_SCHEMA.to_owned(),
        workload: signal.workload.name.clone(),
        zones: signal.workload.zones.clone(),
        groups,
        min_zones: 2,
        drill: false,
        dry_run: false,
        action: PruneAction::Prune { incident },
    };
    let state = GroupState {
        name: "web".to_owned(),
        subnets: (1..=ZONES).flat_map(subnets).collect(),
        tags: [("evac:workload".to_owned(), "wildrydes".to_owned())].into(),
        desired: 9,
        ..GroupState::default()
    };
    group.bench_function("plan the prune of a group", |bencher| {
        bencher.iter(|| domain::prune::plan(black_box(&request), black_box(&state)));
    });
    group.finish();
}

criterion_group!(benches, deciding);
criterion_main!(benches);
