//! What holds for any answer of CloudWatch.

use jiff::SignedDuration;
use proptest::prelude::*;

use super::query::{Role, plan};
use super::*;
use crate::workload::{Zone, ZoneMap};

fn zones() -> ZoneMap {
    let zone = |(id, name): (&str, &str)| {
        let zone = Zone {
            name: name.parse().unwrap(),
            subnets: BTreeSet::new(),
        };
        (id.parse().unwrap(), zone)
    };
    ZoneMap::new(
        [("use1-az1", "us-east-1a"), ("use1-az2", "us-east-1b")]
            .map(zone)
            .into(),
    )
}

fn any_source() -> impl Strategy<Value = EvidenceSource> {
    let balancer = LoadBalancer {
        dimension: "app/front/1".to_owned(),
        slow_after_ms: Some(350),
        target_groups: BTreeSet::from(["targetgroup/web/1".to_owned()]),
    };
    let custom = Custom {
        namespace: "Ours".to_owned(),
        requests: vec!["Success".to_owned(), "Fault".to_owned()],
        faults: vec!["Fault".to_owned()],
        slow: Slow::Counted(vec!["Slow".to_owned()]),
        zone: ZoneDimension {
            dimension: "AZ".to_owned(),
            holds: ZoneNaming::Name,
        },
        dimensions: BTreeMap::new(),
        instance: None,
    };
    prop_oneof![
        Just(EvidenceSource::Alb(balancer.clone())),
        Just(EvidenceSource::Nlb(balancer)),
        Just(EvidenceSource::Custom(custom.clone())),
        Just(EvidenceSource::Custom(Custom {
            instance: Some("InstanceId".to_owned()),
            ..custom
        })),
    ]
}

fn any_value() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => (0..2_000_u32).prop_map(f64::from),
        2 => 0.0..100.0_f64,
        1 => prop_oneof![
            Just(f64::NAN),
            Just(f64::INFINITY),
            Just(f64::NEG_INFINITY),
            Just(-1.0),
            Just(1e300),
            Just(9e15),
        ],
    ]
}

const MINUTES: usize = 9;

fn any_series() -> impl Strategy<Value = Option<Series>> {
    let points = prop::collection::vec(prop::option::weighted(0.7, any_value()), MINUTES);
    let series = (points, prop::bool::weighted(0.9)).prop_map(|(points, complete)| {
        let points = points
            .into_iter()
            .zip(0..)
            .filter_map(|(value, minute)| Some((start(minute), value?)))
            .collect();
        Series {
            points,
            complete,
            ..Series::default()
        }
    });
    prop::option::weighted(0.95, series)
}

fn start(minute: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_040).unwrap() + SignedDuration::from_mins(minute)
}

fn is_count(value: f64) -> bool {
    (0.0..1e16).contains(&value)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_answer_is_counted_and_nothing_is_counted_where_nothing_is_known(
        source in any_source(),
        series in prop::collection::vec(any_series(), 16),
        seconds in 0..1_000_i64,
    ) {
        let zones = zones();
        let answers: Answers = queries(&source, &zones)
            .into_iter()
            .zip(series)
            .filter_map(|(query, series)| Some((query.id, series?)))
            .collect();
        let span = Span {
            from: start(0),
            minutes: MINUTES,
            seen_at: start(0) + SignedDuration::from_secs(seconds),
        };
        let counts = counts(&source, &zones, span, &answers);
        prop_assert_eq!(counts.len(), zones.len());
        for (zone, minutes) in &counts {
            prop_assert_eq!(minutes.len(), MINUTES);
            for (minute, at) in minutes.iter().zip(span.starts()) {
                let Some(minute) = minute else { continue };
                let mut known = 0;
                let mut faults = 0.0_f64;
                for planned in plan(&source, &zones) {
                    if planned.zone != *zone || planned.split {
                        continue;
                    }
                    let series = answers.get(&planned.query.id);
                    let value = series.and_then(|series| series.points.get(&at)).copied();
                    if let Some(value) = value.filter(|value| is_count(*value)) {
                        known += 1;
                        if planned.role == Role::Faults {
                            faults = faults.max(value);
                        }
                    } else if planned.role != Role::Hosts {
                        let complete = series.is_some_and(|series| series.complete);
                        prop_assert!(complete && value.is_none(), "{:?} is not known", planned.role);
                    }
                }
                prop_assert!(known > 0, "a minute out of nothing");
                prop_assert!(minute.faults as f64 >= faults - 0.5, "faults were lost");
            }
        }
        // And whatever is made of it for a verdict does not panic.
        let _ = recent(&source, &zones, 5, span.seen_at, &answers);
    }
}
