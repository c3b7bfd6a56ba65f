//! Where the requests go, and what too many of them do.

use super::*;

#[test]
fn every_request_that_a_customer_sends_is_somewhere() {
    // Something of everything: faults, loss, slowness, too much to do, and a zone without targets.
    let mut spec = spec(&["front"]);
    spec.capacity_per_instance = 110.0;
    let mut stage = Stage::of(spec);
    stage.suffer(Target::Zone(zone(1)), Effect::Errors { share: 0.1 });
    stage.suffer(Target::Zone(zone(1)), Effect::PacketLoss { share: 0.2 });
    stage.suffer(
        Target::Zone(zone(2)),
        Effect::Slow {
            share: 0.3,
            to_ms: 900,
        },
    );
    stage.run(60);
    stage.take_out_of_service(3);
    let told = stage.minute();
    for number in 1..=3 {
        let seen = stage.seen(number, 60);
        let metric = |name| sum(told.zonal(name, "front", number));
        let (requests, balancer) = (metric("RequestCount"), metric("HTTPCode_ELB_5XX_Count"));
        let (target, unconnected) = (
            metric("HTTPCode_Target_5XX_Count"),
            metric("TargetConnectionErrorCount"),
        );
        let latencies = told.zonal("TargetResponseTime", "front", number);
        let without_target = balancer - unconnected;
        let vanished = seen.failed as f64 - target - balancer;
        assert!(seen.requests > 0);
        assert!(
            same(seen.requests as f64, requests + without_target + vanished),
            "{number}"
        );
        assert!(
            same(requests, above(latencies, 0.0) + unconnected),
            "{number}"
        );
        assert!(same(seen.slow as f64, above(latencies, 0.35)), "{number}");
        assert_eq!(without_target > 0.0, number == 3);
        assert_eq!(vanished > 0.0, number == 1);
    }
}

#[test]
fn the_whole_load_balancer_is_the_sum_of_its_zones() {
    let mut stage = Stage::of(spec(&["front"]));
    stage.suffer(Target::Region, Effect::PacketLoss { share: 0.1 });
    let told = stage.minute();
    for name in [
        "RequestCount",
        "HTTPCode_Target_5XX_Count",
        "HTTPCode_ELB_5XX_Count",
        "TargetConnectionErrorCount",
        "TargetResponseTime",
    ] {
        let zones = (1..=3)
            .map(|number| sum(told.zonal(name, "front", number)))
            .sum();
        let whole = sum(told.whole(name, "front"));
        assert!(
            whole > 0.0 && about(whole, zones, 1e-6),
            "{name}: {whole} of {zones}"
        );
    }
}

#[test]
fn traffic_is_even_over_zones_load_balancers_and_instances() {
    let mut stage = Stage::of(spec(&["front", "back"]));
    let told = stage.minute();
    assert!(about(stage.requests(60) as f64, 36_000.0, 3.0));
    for balancer in ["front", "back"] {
        for number in 1..=3 {
            let requests = sum(told.zonal("RequestCount", balancer, number));
            assert!(
                about(requests, 6000.0, 5.0),
                "{balancer} in {number}: {requests}"
            );
        }
    }
    let minute = stage.world.minutes.get(START).unwrap();
    assert_eq!(minute.instances.len(), 12);
    for instance in minute.instances.values() {
        assert!(about(instance.requests as f64, 3000.0, 5.0), "{instance:?}");
    }
}

#[test]
fn odd_requests_go_to_the_targets_in_turn() {
    for second in 0..6 {
        let turns: Vec<u64> = (0..3).map(|place| turn(7, place, 3, second)).collect();
        assert_eq!(turns.iter().sum::<u64>(), 7);
        assert_eq!(turns.iter().filter(|requests| **requests == 3).count(), 1);
    }
    assert_ne!(turn(7, 0, 3, 0), turn(7, 0, 3, 1));
}

#[test]
fn zones_share_the_traffic_as_specified() {
    let mut spec = spec(&["front"]);
    spec.traffic.shares = BTreeMap::from([(zone(1), 4.0), (zone(3), 0.0)]);
    let mut stage = Stage::of(spec);
    stage.run(60);
    assert!(about(
        stage.seen(1, 60).requests as f64,
        0.8 * 36_000.0,
        3.0
    ));
    assert!(about(
        stage.seen(2, 60).requests as f64,
        0.2 * 36_000.0,
        5.0
    ));
    assert_eq!(stage.seen(3, 60).requests, 0);
}

#[test]
fn traffic_swings_once_in_an_hour_as_far_as_specified() {
    let mut spec = spec(&["front"]);
    spec.traffic.drift = 0.3;
    let mut stage = Stage::of(spec);
    let mut minutes = Vec::new();
    for _ in 0..60 {
        stage.run(60);
        minutes.push(stage.requests(60) as f64 / 36_000.0);
    }
    let most = minutes.iter().copied().fold(0.0, f64::max);
    let least = minutes.iter().copied().fold(9.0, f64::min);
    let average = minutes.iter().sum::<f64>() / 60.0;
    assert!(about(most, 1.3, 3.0) && about(least, 0.7, 3.0) && about(average, 1.0, 1.0));
}

#[test]
fn a_zone_drains_over_the_ttl_and_then_slowly() {
    let mut stage = Stage::of(spec(&["front"]));
    stage.run(60);
    stage.shift_away_from(1, "front");
    let before = stage.seen(1, 60).requests as f64;
    stage.run(60);
    assert!(
        about(stage.seen(1, 60).requests as f64, before / 2.0, 5.0),
        "linearly over the TTL"
    );
    assert!(
        about(stage.seen(2, 60).requests as f64, before * 1.25, 5.0),
        "to the other zones"
    );
    stage.run(60);
    let tail = stage.seen(1, 60).requests as f64 / before;
    assert!(tail > 0.006 && tail < 0.02, "those who hold on: {tail}");
    stage.run(10 * 60);
    assert!((stage.seen(1, 60).requests as f64) < before * 0.001);
    assert!(about(stage.seen(2, 60).requests as f64, before * 1.5, 5.0));
    stage.infrastructure.weights.clear();
    stage.run(120);
    assert!(
        about(stage.seen(1, 60).requests as f64, before, 5.0),
        "and they come back"
    );
}

#[test]
fn a_shift_of_one_load_balancer_moves_nothing_of_another() {
    let mut stage = Stage::of(spec(&["front", "back"]));
    stage.shift_away_from(1, "front");
    let told = stage.minute();
    assert_eq!(told.zonal("RequestCount", "front", 1), None);
    assert!(about(
        sum(told.zonal("RequestCount", "back", 1)),
        6000.0,
        5.0
    ));
}

#[test]
fn a_zone_without_targets_answers_503_until_its_clients_have_left() {
    let mut stage = Stage::of(flawless());
    stage.run(60);
    stage.take_out_of_service(1);
    let told = stage.minute();
    let seen = stage.seen(1, 60);
    assert!(about(seen.requests as f64, 6000.0, 10.0));
    assert_eq!(seen.failed, seen.requests);
    assert!(same(
        sum(told.zonal("HTTPCode_ELB_5XX_Count", "front", 1)),
        seen.failed as f64
    ));
    assert_eq!(
        told.zonal("RequestCount", "front", 1),
        None,
        "no target was chosen"
    );
    stage.run(15 * 60);
    assert!(stage.seen(1, 60).requests < 30);
    assert!(about(stage.seen(2, 60).requests as f64, 18_000.0, 5.0));
}

#[test]
fn a_shift_from_the_last_zone_with_targets_moves_nothing() {
    let mut stage = Stage::of(flawless());
    stage.take_out_of_service(2);
    stage.take_out_of_service(3);
    stage.run(60);
    assert_eq!(stage.seen(2, 60).requests, 0);
    stage.shift_away_from(1, "front");
    stage.run(10 * 60);
    assert!(stage.seen(1, 60).requests >= 10_000, "fails open");
}

/// What share of a zone's customers were slow and failed, if each instance is sent 100 requests in
/// a second and can serve so many.
fn overloaded(capacity: f64) -> (f64, f64) {
    let mut spec = flawless();
    spec.capacity_per_instance = capacity;
    let mut stage = Stage::of(spec);
    stage.run(60);
    let seen = stage.seen(1, 60);
    (
        seen.slow as f64 / seen.requests as f64,
        seen.failed as f64 / seen.requests as f64,
    )
}

#[test]
fn too_many_requests_are_slow_and_far_too_many_fail() {
    assert_eq!(overloaded(200.0), (0.0, 0.0));
    let (slow, failed) = overloaded(80.0);
    assert!(about(slow, 0.2, 15.0) && failed < 0.005, "{slow} {failed}");
    let (slow, failed) = overloaded(40.0);
    assert!(
        about(slow, 0.2, 5.0) && about(failed, 0.4, 5.0),
        "{slow} {failed}"
    );
}

#[test]
fn an_evacuation_without_capacity_to_spare_moves_the_harm() {
    let mut spec = flawless();
    spec.capacity_per_instance = 125.0;
    let mut stage = Stage::of(spec);
    stage.run(60);
    assert!(stage.world.customers().bad_rate(at(START), stage.now()) < 0.005);
    stage.shift_away_from(1, "front");
    stage.run(120);
    let seen = stage.seen(2, 30);
    assert!(seen.slow as f64 > 0.1 * seen.requests as f64, "{seen:?}");
}
