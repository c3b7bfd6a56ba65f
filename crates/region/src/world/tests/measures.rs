//! What is told of a minute, and that the same seed is the same world.

use super::*;

#[test]
fn what_is_zero_is_absent_and_host_counts_are_not() {
    let mut stage = Stage::of(flawless());
    stage.shift_away_from(1, "front");
    let told = stage.minute();
    for name in ["RequestCount", "TargetResponseTime"] {
        assert_eq!(told.zonal(name, "front", 1), None, "{name}");
        assert!(told.zonal(name, "front", 2).is_some(), "{name}");
    }
    for name in [
        "HTTPCode_Target_5XX_Count",
        "HTTPCode_ELB_5XX_Count",
        "TargetConnectionErrorCount",
    ] {
        assert!(told.0.iter().all(|sample| sample.name != name), "{name}");
    }
    assert!(same(told.hosts("HealthyHostCount", "front", 1), 2.0));
    stage.take_out_of_service(2);
    let told = stage.minute();
    let empty = told.0.iter().find(|sample| {
        sample.name == "HealthyHostCount" && sample.dimensions.values().any(|v| v == ZONES[1].1)
    });
    assert_eq!(empty.unwrap().values, [(0.0, 1.0)]);
}

#[test]
fn load_balancers_speak_az_names_and_canaries_az_ids() {
    let mut stage = Stage::of(spec(&["front"]));
    stage.suffer(Target::Region, Effect::PacketLoss { share: 0.1 });
    let told = stage.minute();
    let names: Vec<&str> = ZONES.iter().map(|(_, name)| *name).collect();
    let ids: Vec<&str> = ZONES.iter().map(|(id, _)| *id).collect();
    let (mut of_balancers, mut of_canaries) = (0, 0);
    for sample in &told.0 {
        let values = || sample.dimensions.values().map(String::as_str);
        if sample.namespace == LOAD_BALANCER_NAMESPACE {
            assert!(values().all(|value| !ids.contains(&value)), "{sample:?}");
            if let Some(zone) = sample.dimensions.get("AvailabilityZone") {
                assert!(names.contains(&zone.as_str()), "{sample:?}");
                of_balancers += 1;
            }
        } else {
            assert_eq!(sample.namespace, CANARY_NAMESPACE);
            assert!(values().all(|value| !names.contains(&value)), "{sample:?}");
            of_canaries += usize::from(sample.dimensions.contains_key("ZoneId"));
        }
    }
    assert_eq!((of_balancers, of_canaries), (3 * 7, 3 * 4));
}

#[test]
fn samples_are_of_the_start_of_their_minute_and_counts_are_ones() {
    let mut stage = Stage::of(spec(&["front"]));
    let told = stage.minute();
    assert!(told.0.iter().all(|sample| sample.at == at(START)));
    let requests = told.whole("RequestCount", "front").unwrap();
    assert_eq!(requests.values, [(1.0, stage.requests(60) as f64)]);
}

#[test]
fn asking_twice_and_asking_within_the_minute_changes_nothing() {
    let mut stage = Stage::of(spec(&["front"]));
    stage.run(30);
    assert!(!stage.world.minute(at(START)).is_empty());
    stage.run(30);
    let told = stage.world.minute(at(START));
    assert_eq!(told, Stage::of(spec(&["front"])).minute().0);
    stage.run(120);
    assert_eq!(stage.world.minute(at(START)), told);
    assert_eq!(stage.world.minute(at(START + 59)), told);
}

#[test]
fn a_minute_that_nobody_lived_has_no_data() {
    let mut stage = Stage::of(spec(&["front"]));
    stage.run(60);
    assert_eq!(stage.world.minute(at(START - 60)), []);
    assert_eq!(stage.world.minute(at(START + 60)), []);
    assert_eq!(stage.world.contributors(at(START + 60)), []);
    stage.run(10 * 60);
    assert_eq!(stage.world.minute(at(START)), []);
}

#[test]
fn latencies_lie_around_the_median_and_the_slow_ones_beyond_the_limit() {
    let mut stage = Stage::of(spec(&["front"]));
    let told = stage.minute();
    let latencies = told.whole("TargetResponseTime", "front");
    let total = above(latencies, 0.0);
    assert!(about(above(latencies, 0.060), total * 0.45, 10.0));
    assert!(
        about(above(latencies, 0.095), total * 0.155, 15.0),
        "one deviation above"
    );
    assert!(about(above(latencies, 0.35), total * 0.005, 25.0));
}

#[test]
fn the_canary_still_sees_an_evacuated_zone() {
    let mut stage = Stage::of(flawless());
    stage.suffer(Target::Zone(zone(1)), Effect::Errors { share: 0.5 });
    let told = stage.minute();
    assert!(told.regional("Faults") > 3.0);
    stage.shift_away_from(1, "front");
    stage.run(60 * 60);
    let told = stage.minute();
    assert_eq!(stage.seen(1, 60).requests, 0);
    assert!(same(told.canary("Requests", 1), 60.0));
    assert!(told.canary("Faults", 1) > 15.0);
    assert!(same(told.canary("Faults", 2), 0.0));
    assert!(same(told.regional("Requests"), 60.0));
    assert!(
        same(told.regional("Faults"), 0.0),
        "the DNS leads elsewhere"
    );
    stage.world.clear_faults(stage.now());
    assert!(
        same(stage.minute().canary("Faults", 1), 0.0),
        "and sees that it is well again"
    );
}

#[test]
fn the_regional_canary_asks_the_dns_each_time() {
    let mut stage = Stage::of(flawless());
    stage.suffer(Target::Zone(zone(1)), Effect::Errors { share: 1.0 });
    stage.run(60);
    stage.shift_away_from(1, "front");
    let told = stage.minute();
    assert!(stage.seen(1, 60).failed > 0, "customers are still there");
    assert!(same(told.regional("Faults"), 0.0));
}

#[test]
fn a_canary_shares_what_happens_to_the_customers() {
    let probes = |effect| {
        let mut stage = Stage::of(flawless());
        stage.suffer(Target::Zone(zone(1)), effect);
        let told = stage.minute();
        (
            told.canary("Faults", 1),
            told.canary("Slow", 1),
            told.canary("Latency", 1),
        )
    };
    assert_eq!(probes(Effect::PacketLoss { share: 1.0 }), (60.0, 0.0, 0.0));
    let (faults, slow, latency) = probes(Effect::Errors { share: 1.0 });
    assert!(same(faults, 60.0) && same(slow, 0.0) && latency > 0.0);
    assert_eq!(
        probes(Effect::Slow {
            share: 1.0,
            to_ms: 900
        }),
        (0.0, 60.0, 54.0)
    );
    assert_eq!(
        probes(Effect::Slow {
            share: 1.0,
            to_ms: 100
        }),
        (0.0, 0.0, 6.0)
    );
}

#[test]
fn a_canary_takes_turns_between_instances_and_load_balancers() {
    let mut spec = spec(&["front", "back"]);
    spec.baseline = flawless().baseline;
    let mut stage = Stage::of(spec);
    stage.suffer(
        Target::Instance(zone(1), 0),
        Effect::PacketLoss { share: 1.0 },
    );
    assert!(
        same(stage.minute().canary("Faults", 1), 15.0),
        "one of two, of one of two"
    );
}

#[test]
fn a_canary_meets_overload_and_missing_targets() {
    let mut spec = flawless();
    spec.capacity_per_instance = 40.0;
    let mut stage = Stage::of(spec);
    let told = stage.minute();
    assert!(
        (14.0..=34.0).contains(&told.canary("Faults", 1)),
        "two fifths are turned away"
    );
    assert!(told.canary("Slow", 1) > 3.0);
    stage.take_out_of_service(1);
    assert!(same(stage.minute().canary("Faults", 1), 60.0));
}

#[test]
fn a_canary_publishes_zeros() {
    let told = Stage::of(flawless()).minute();
    let faults = told.find("Faults", &[("Workload", "shop"), ("ZoneId", "use1-az1")]);
    assert_eq!(faults.unwrap().values, [(0.0, 1.0)]);
    let slow = told.find("Slow", &[("Workload", "shop"), ("Endpoint", "regional")]);
    assert_eq!(slow.unwrap().values, [(0.0, 1.0)]);
}

fn rules(contributions: &[Contribution]) -> Vec<(&str, &str)> {
    contributions
        .iter()
        .map(|one| (one.rule.as_str(), one.contributor.as_str()))
        .collect()
}

#[test]
fn a_fault_of_one_instance_has_one_contributor() {
    let mut stage = Stage::of(spec(&["front"]));
    stage.suffer(Target::Instance(zone(2), 0), Effect::Errors { share: 0.1 });
    stage.run(60);
    let bad: Vec<Contribution> = stage
        .contributors()
        .into_iter()
        .filter(|one| !one.contributor.is_empty())
        .collect();
    assert_eq!(
        rules(&bad),
        [(
            "use1-az2-shop-instances-with-faults",
            "i-app/front/50dc6c495c0c9188-20"
        )]
    );
    assert!(about(bad[0].n, 600.0, 15.0), "{}", bad[0].n);
}

#[test]
fn a_fault_of_a_zone_has_every_instance_of_it_as_contributor() {
    for (effect, rule) in [
        (
            Effect::Errors { share: 0.1 },
            "use1-az1-shop-instances-with-faults",
        ),
        (
            Effect::PacketLoss { share: 0.1 },
            "use1-az1-shop-instances-with-faults",
        ),
        (
            Effect::Slow {
                share: 0.1,
                to_ms: 900,
            },
            "use1-az1-shop-instances-with-slow-requests",
        ),
    ] {
        let mut stage = Stage::of(spec(&["front"]));
        stage.suffer(Target::Zone(zone(1)), effect);
        stage.run(60);
        let contributions = stage.contributors();
        let bad: Vec<_> = rules(&contributions)
            .into_iter()
            .filter(|(_, instance)| !instance.is_empty())
            .collect();
        let expected = [
            "i-app/front/50dc6c495c0c9188-10",
            "i-app/front/50dc6c495c0c9188-11",
        ];
        assert_eq!(bad, expected.map(|instance| (rule, instance)), "{effect:?}");
    }
}

#[test]
fn noise_contributes_nothing_and_says_so() {
    let mut stage = Stage::of(spec(&["front"]));
    stage.run(60);
    let contributions = stage.contributors();
    assert!(
        contributions
            .iter()
            .all(|one| one.contributor.is_empty() && same(one.n, 0.0))
    );
    let expected: Vec<String> = ZONES
        .iter()
        .flat_map(|(id, _)| {
            ["faults", "slow-requests"].map(|what| format!("{id}-shop-instances-with-{what}"))
        })
        .collect();
    let rules: Vec<&str> = rules(&contributions)
        .into_iter()
        .map(|(rule, _)| rule)
        .collect();
    assert_eq!(rules, expected);
}

#[test]
fn few_bad_requests_are_noise_however_little_traffic_there_is() {
    let mut spec = flawless();
    spec.traffic.requests_per_second = 0.2;
    let mut stage = Stage::seeded(spec, 1);
    stage.suffer(Target::Instance(zone(1), 0), Effect::Errors { share: 1.0 });
    stage.run(60);
    let minute = stage.world.minutes.get(START).unwrap();
    let faults = minute
        .instances
        .values()
        .map(|instance| instance.faults)
        .max();
    assert!(
        (1..3).contains(&faults.unwrap()),
        "the situation is another one: {faults:?}"
    );
    assert!(
        stage
            .contributors()
            .iter()
            .all(|one| one.contributor.is_empty())
    );
}

#[test]
fn a_silent_zone_has_no_data_for_its_rules() {
    let mut stage = Stage::of(spec(&["front"]));
    stage.shift_away_from(1, "front");
    stage.run(60);
    let contributions = stage.contributors();
    assert_eq!(contributions.len(), 4);
    assert!(
        contributions
            .iter()
            .all(|one| !one.rule.starts_with("use1-az1"))
    );
}

#[test]
fn the_same_seed_is_the_same_weather_whatever_is_shifted_elsewhere() {
    let mut untouched = Stage::of(spec(&["front", "back"]));
    let mut shifted = Stage::of(spec(&["front", "back"]));
    for stage in [&mut untouched, &mut shifted] {
        stage.suffer(Target::Zone(zone(1)), Effect::Errors { share: 0.1 });
        stage.run(60);
    }
    shifted.shift_away_from(1, "front");
    for _ in 0..5 {
        let (told, told_shifted) = (untouched.minute(), shifted.minute());
        let back = dimension("back");
        assert_eq!(
            told_shifted.about(&back),
            told.about(&back),
            "another load balancer"
        );
        for (id, _) in ZONES {
            assert_eq!(told_shifted.about(id), told.about(id), "the zone's canary");
        }
        assert_eq!(
            shifted.requests(60),
            untouched.requests(60),
            "the same customers come"
        );
        assert_ne!(shifted.seen(1, 60), untouched.seen(1, 60));
    }
}

#[test]
fn another_seed_is_another_world() {
    let one = Stage::seeded(spec(&["front"]), 1).minute();
    assert_eq!(one, Stage::seeded(spec(&["front"]), 1).minute());
    assert_ne!(one, Stage::seeded(spec(&["front"]), 2).minute());
}

#[test]
fn a_second_is_lived_once() {
    let mut stage = Stage::of(spec(&["front"]));
    stage.run(60);
    let (told, requests) = (stage.world.minute(at(START)), stage.requests(60));
    stage.world.step(at(START + 59), &stage.infrastructure);
    stage.world.step(at(START), &stage.infrastructure);
    assert_eq!(
        (stage.world.minute(at(START)), stage.requests(60)),
        (told, requests)
    );
}

#[test]
fn a_specification_that_describes_no_world_is_refused_with_every_reason() {
    let mut wrong = spec(&["front", "front"]);
    wrong.zones.push(wrong.zones[0].clone());
    wrong
        .traffic
        .shares
        .insert("euc1-az1".parse().unwrap(), -1.0);
    wrong.traffic.drift = f64::NAN;
    wrong.baseline.median_ms = 400.0;
    wrong.clients.holding_seconds = 0.0;
    let error = World::new(wrong, Chance::new(1)).unwrap_err().to_string();
    assert_eq!(
        error.split("; ").collect::<Vec<_>>(),
        [
            "zones has an AZ ID or an AZ name twice, expected each once",
            "loadBalancers has an ARN or a dimension twice, expected each once",
            "traffic.shares has euc1-az1, expected only zones of the world",
            "the share of euc1-az1 is -1, expected 0 or more",
            "traffic.drift is NaN, expected a share from 0 to 1",
            "clients.holdingSeconds is 0, expected more than 0",
            "baseline.medianMs is 400, expected 1 or more and less than slowAfterMs",
        ]
    );
}

#[test]
fn a_specification_can_be_written_down_and_has_an_ordinary_baseline() {
    let text = r#"{
        "workload": "shop",
        "zones": [["use1-az1", "us-east-1c"]],
        "loadBalancers": [{
            "arn": "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/app/front/50dc6c495c0c9188",
            "dimension": "app/front/50dc6c495c0c9188",
            "targetGroup": "targetgroup/web/0123456789abcdef"
        }],
        "traffic": {"requestsPerSecond": 120},
        "capacityPerInstance": 60
    }"#;
    let spec: WorldSpec = serde_json::from_str(text).unwrap();
    assert_eq!(spec.slow_after_ms, 350);
    assert_eq!(spec.baseline, BaselineSpec::default());
    assert_eq!(spec.clients, ClientSpec::default());
    assert!(same(spec.traffic.drift, 0.1));
    assert!(World::new(spec, Chance::new(1)).is_ok());
    let swapped = text.replace(
        r#"["use1-az1", "us-east-1c"]"#,
        r#"["us-east-1c", "use1-az1"]"#,
    );
    let error = serde_json::from_str::<WorldSpec>(&swapped)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("is an AZ name, expected an AZ ID"),
        "{error}"
    );
}
