//! Whom faults hurt, and whom not.

use super::*;

const ERRORS: Effect = Effect::Errors { share: 0.2 };

#[test]
fn a_fault_of_a_zone_hurts_its_customers_and_nobody_else() {
    for effect in [
        ERRORS,
        Effect::Slow {
            share: 0.2,
            to_ms: 900,
        },
        Effect::PacketLoss { share: 0.2 },
    ] {
        let mut calm = Stage::of(spec(&["front"]));
        let mut stage = Stage::of(spec(&["front"]));
        stage.suffer(Target::Zone(zone(2)), effect);
        let (calm_told, told) = (calm.minute(), stage.minute());
        for number in [1, 3] {
            assert_eq!(stage.seen(number, 60), calm.seen(number, 60), "{effect:?}");
            let (id, name) = ZONES[number - 1];
            assert_eq!(told.about(name), calm_told.about(name), "{effect:?}");
            assert_eq!(told.about(id), calm_told.about(id), "{effect:?}");
        }
        let seen = stage.seen(2, 60);
        assert_eq!(
            seen.requests,
            calm.seen(2, 60).requests,
            "no customer comes because of a fault"
        );
        assert!(about(seen.bad_rate(), 0.2, 10.0), "{effect:?}: {seen:?}");
    }
}

#[test]
fn errors_are_failures_and_slowness_is_none() {
    let mut stage = Stage::of(flawless());
    stage.suffer(Target::Zone(zone(1)), ERRORS);
    stage.suffer(
        Target::Zone(zone(2)),
        Effect::Slow {
            share: 0.2,
            to_ms: 900,
        },
    );
    stage.run(60);
    assert!(stage.seen(1, 60).failed > 0 && stage.seen(1, 60).slow == 0);
    assert!(stage.seen(2, 60).slow > 0 && stage.seen(2, 60).failed == 0);
}

#[test]
fn a_fault_does_not_change_what_happens_besides_it() {
    let mut calm = Stage::of(spec(&["front"]));
    let mut stage = Stage::of(spec(&["front"]));
    stage.suffer(
        Target::Zone(zone(1)),
        Effect::Slow {
            share: 0.5,
            to_ms: 900,
        },
    );
    calm.run(60);
    stage.run(60);
    assert!(calm.seen(1, 60).failed > 0);
    assert_eq!(stage.seen(1, 60).failed, calm.seen(1, 60).failed);
}

#[test]
fn slowness_that_no_customer_minds_is_only_latency() {
    let mut stage = Stage::of(flawless());
    stage.suffer(
        Target::Zone(zone(1)),
        Effect::Slow {
            share: 1.0,
            to_ms: 350,
        },
    );
    let told = stage.minute();
    let seen = stage.seen(1, 60);
    assert_eq!((seen.slow, seen.failed), (0, 0));
    let latencies = told.zonal("TargetResponseTime", "front", 1).unwrap();
    assert_eq!(latencies.values, [(0.35, seen.requests as f64)]);
}

#[test]
fn the_load_balancer_notices_half_of_the_packet_loss() {
    let mut stage = Stage::of(flawless());
    stage.suffer(Target::Zone(zone(1)), Effect::PacketLoss { share: 0.3 });
    let told = stage.minute();
    let seen = stage.seen(1, 60);
    assert!(about(seen.failed as f64, 0.3 * seen.requests as f64, 5.0));
    let unconnected = sum(told.zonal("TargetConnectionErrorCount", "front", 1));
    assert!(about(unconnected, seen.failed as f64 / 2.0, 8.0));
    assert!(same(
        sum(told.zonal("HTTPCode_ELB_5XX_Count", "front", 1)),
        unconnected
    ));
    assert!(same(
        sum(told.zonal("RequestCount", "front", 1)),
        (seen.requests - seen.failed) as f64 + unconnected,
    ));
    assert_eq!(told.zonal("HTTPCode_Target_5XX_Count", "front", 1), None);
}

#[test]
fn a_fault_of_the_region_hurts_every_zone() {
    let mut stage = Stage::of(flawless());
    stage.suffer(Target::Region, ERRORS);
    stage.run(60);
    for number in 1..=3 {
        assert!(about(stage.seen(number, 60).bad_rate(), 0.2, 10.0));
    }
}

#[test]
fn health_checks_stay_green_in_a_gray_failure() {
    for target in [
        Target::Zone(zone(1)),
        Target::Instance(zone(1), 0),
        Target::Region,
    ] {
        for effect in [
            Effect::Errors { share: 1.0 },
            Effect::Slow {
                share: 1.0,
                to_ms: 30_000,
            },
            Effect::PacketLoss { share: 1.0 },
        ] {
            let mut stage = Stage::of(spec(&["front"]));
            stage.suffer(target.clone(), effect);
            let told = stage.minute();
            assert!(stage.seen(1, 60).bad_rate() > 0.4);
            for number in 1..=3 {
                assert!(same(told.hosts("HealthyHostCount", "front", number), 2.0));
                assert!(same(told.hosts("UnHealthyHostCount", "front", number), 0.0));
            }
        }
    }
}

#[test]
fn a_fault_of_one_instance_hurts_its_part_of_the_zone() {
    let mut stage = Stage::of(flawless());
    stage.suffer(Target::Instance(zone(1), 1), Effect::Errors { share: 1.0 });
    stage.run(60);
    let seen = stage.seen(1, 60);
    assert!(about(seen.failed as f64, seen.requests as f64 / 2.0, 2.0));
    let minute = stage.world.minutes.get(START).unwrap();
    let bad = &minute.instances["i-app/front/50dc6c495c0c9188-11"];
    assert_eq!((bad.faults, bad.requests), (seen.failed, seen.failed));
}

#[test]
fn an_instance_that_replaces_a_bad_one_is_a_good_one() {
    let mut stage = Stage::of(flawless());
    stage.suffer(Target::Instance(zone(1), 0), Effect::Errors { share: 1.0 });
    stage.run(60);
    assert!(stage.seen(1, 60).failed > 0);
    // The bad one moves to another place of the list: it is the same instance all the same.
    stage.infrastructure.instances.reverse();
    stage.run(60);
    assert!(stage.seen(1, 60).failed > 0);
    for instance in &mut stage.infrastructure.instances {
        if instance.id.ends_with("-10") {
            instance.id = "i-new".to_owned();
        }
    }
    stage.run(60);
    assert_eq!(stage.seen(1, 60).failed, 0);
}

#[test]
fn a_fault_begins_and_ends_on_time() {
    let mut stage = Stage::of(flawless());
    let fault = Fault {
        target: Target::Region,
        effect: Effect::Errors { share: 1.0 },
        from: at(START + 10),
        until: Some(at(START + 20)),
    };
    stage.world.inject(fault).unwrap();
    stage.run(60);
    let rate = |from, to| {
        stage
            .world
            .customers()
            .bad_rate(at(START + from), at(START + to))
    };
    assert!(same(rate(0, 10), 0.0));
    assert!(same(rate(10, 20), 1.0));
    assert!(same(rate(20, 60), 0.0));
}

#[test]
fn faults_that_are_cleared_are_over_and_do_not_come() {
    let mut stage = Stage::of(flawless());
    stage.suffer(Target::Zone(zone(1)), ERRORS);
    let later = Fault {
        target: Target::Zone(zone(2)),
        effect: ERRORS,
        from: at(START + 90),
        until: None,
    };
    stage.world.inject(later).unwrap();
    stage.run(60);
    assert!(stage.seen(1, 60).failed > 0);
    stage.world.clear_faults(stage.now());
    stage.run(60);
    assert!((1..=3).all(|number| stage.seen(number, 60).failed == 0));
}

#[test]
fn two_faults_hurt_a_request_once() {
    let mut stage = Stage::of(flawless());
    stage.suffer(Target::Zone(zone(1)), Effect::Errors { share: 0.5 });
    stage.suffer(Target::Region, Effect::Errors { share: 0.5 });
    stage.suffer(
        Target::Region,
        Effect::Slow {
            share: 1.0,
            to_ms: 900,
        },
    );
    stage.run(60);
    let seen = stage.seen(1, 60);
    assert!(
        about(seen.failed as f64, 0.75 * seen.requests as f64, 3.0),
        "{seen:?}"
    );
    assert_eq!(seen.failed + seen.slow, seen.requests);
}

#[test]
fn a_fault_that_cannot_happen_is_refused_with_the_remedy() {
    let mut stage = Stage::of(spec(&["front"]));
    let good = Fault {
        target: Target::Region,
        effect: ERRORS,
        from: at(60),
        until: None,
    };
    let mut refusal = |fault: Fault| {
        stage
            .world
            .inject(fault)
            .map_or_else(|error| error.to_string(), |()| "accepted".to_owned())
    };
    let elsewhere = Target::Instance("euc1-az1".parse().unwrap(), 0);
    assert_eq!(
        refusal(Fault {
            target: elsewhere,
            ..good.clone()
        }),
        "euc1-az1 is not a zone of this world, expected one of use1-az1, use1-az2, use1-az3"
    );
    assert_eq!(
        refusal(Fault {
            effect: Effect::PacketLoss { share: 20.0 },
            ..good.clone()
        }),
        "the share of a fault is 20, expected 0 to 1"
    );
    assert_eq!(
        refusal(Fault {
            until: Some(at(60)),
            ..good.clone()
        }),
        "a fault from 1970-01-01T00:01:00Z ends at 1970-01-01T00:01:00Z, expected a later end"
    );
    assert_eq!(refusal(good), "accepted");
}

#[test]
fn faults_can_be_written_down() {
    let fault: Fault = serde_json::from_str(
        r#"{"target": {"instance": ["use1-az1", 0]}, "effect": {"slow": {"share": 0.5, "toMs": 900}},
            "from": "2026-05-01T10:00:00Z"}"#,
    )
    .unwrap();
    assert_eq!(fault.target, Target::Instance(zone(1), 0));
    assert_eq!(
        fault.effect,
        Effect::Slow {
            share: 0.5,
            to_ms: 900
        }
    );
    assert_eq!(fault.until, None);
}
