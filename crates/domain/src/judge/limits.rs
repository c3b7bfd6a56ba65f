//! On which side of a number a situation falls that lies exactly on it.

use super::*;

fn zone(number: usize) -> ZoneId {
    format!("use1-az{number}").parse().unwrap()
}

/// Minutes of so many requests each, and so many of them faults, the oldest first.
fn minutes(requests: u64, faults: &[u64]) -> Minutes {
    let minute = |faults: &u64| Minute {
        requests,
        faults: *faults,
        ..Minute::default()
    };
    faults.iter().map(minute).map(Some).collect()
}

/// What is found of the first zone.
fn first_by(criteria: &Criteria, zones: impl IntoIterator<Item = Minutes>) -> ZoneFinding {
    let counts: Counts = (1..).map(zone).zip(zones).collect();
    judge(&counts, None, criteria).zones[&zone(1)]
}

fn first(zones: impl IntoIterator<Item = Minutes>) -> ZoneFinding {
    first_by(&Criteria::default(), zones)
}

fn well() -> Minutes {
    minutes(1_000, &[0; 10])
}

#[test]
fn as_many_requests_as_asked_for_are_enough() {
    let knowledge = |requests| first([minutes(requests, &[0, 0, 0]), well(), well()]).knowledge;
    assert_eq!(knowledge(100), Knowledge::Judged);
    assert_eq!(knowledge(99), Knowledge::TooFewRequests);
    // Of the zone in the window that shows it, and of the others in the same.
    let bad = minutes(150, &[75, 75]);
    let found = first([bad.clone(), minutes(1_000, &[0, 0])]);
    assert_eq!((found.finding, found.minutes), (Finding::Impaired, 2));
    let bad_among_more = minutes(149, &[0, 0, 75, 75]);
    assert_eq!(first([bad_among_more, well()]).minutes, 3);
    assert_eq!(
        first([bad.clone(), minutes(150, &[0, 0])]).finding,
        Finding::Impaired
    );
    assert_eq!(
        first([bad, minutes(149, &[0, 0])]).finding,
        Finding::NotIsolated
    );
}

#[test]
fn what_is_tolerated_exactly_is_tolerated() {
    assert!(!first([minutes(1_000, &[10; 10]), well(), well()]).material);
    assert!(first([minutes(1_000, &[11; 10]), well(), well()]).material);
}

#[test]
fn a_single_bad_request_is_nothing_however_few_there_are() {
    let criteria = Criteria {
        min_requests: 10,
        ..Criteria::default()
    };
    let material = |faults: &[u64]| {
        let quiet = minutes(20, &[0; 10]);
        first_by(&criteria, [minutes(20, faults), quiet.clone(), quiet]).material
    };
    assert!(!material(&[0, 0, 0, 1]));
    assert!(material(&[0, 0, 1, 1]));
    // And one bad request elsewhere keeps nobody from being alone.
    let elsewhere = |faults: &[u64]| {
        let bad = minutes(40, &[0, 0, 8, 8]);
        let others = [minutes(20, faults), minutes(2_000, &[0; 4])];
        first_by(&criteria, [vec![bad], others.to_vec()].concat()).finding
    };
    assert_eq!(elsewhere(&[0, 0, 1, 1]), Finding::NotIsolated);
    assert_ne!(elsewhere(&[0, 0, 0, 1]), Finding::NotIsolated);
}

#[test]
fn three_times_as_bad_exactly_is_not_more_than_that() {
    let base = minutes(1_000, &[10; 10]);
    let found = |faults| first([minutes(1_000, &[faults; 10]), base.clone(), base.clone()]).finding;
    assert_eq!(found(30), Finding::NotIsolated);
    assert_ne!(found(31), Finding::NotIsolated);
}

#[test]
fn another_zone_that_is_bad_counts_from_its_limits_on() {
    let rest = minutes(10_000, &[0; 10]);
    let found = |criteria: &Criteria, own, other| {
        let zones = [
            minutes(1_000, &[own; 10]),
            minutes(1_000, &[other; 10]),
            rest.clone(),
        ];
        first_by(criteria, zones).finding
    };
    let usual = Criteria::default();
    // A share that is tolerated exactly is not materially bad.
    assert_ne!(found(&usual, 40, 10), Finding::NotIsolated);
    assert_eq!(found(&usual, 40, 11), Finding::NotIsolated);
    // Five times as bad exactly is enough.
    assert_ne!(found(&usual, 200, 40), Finding::NotIsolated);
    assert_eq!(found(&usual, 199, 40), Finding::NotIsolated);
    // From 1 % on the other zone is in trouble itself; below, three times as bad is enough.
    let strict = Criteria {
        tolerated: 0.005,
        ..usual
    };
    assert_eq!(found(&strict, 40, 10), Finding::NotIsolated);
    assert_ne!(found(&strict, 40, 9), Finding::NotIsolated);
}

#[test]
fn certainty_can_be_asked_for() {
    let sure = Criteria {
        confidence: 1.0,
        robust_confidence: 1.0,
        doubt: 0.0,
        ..Criteria::default()
    };
    let dead = minutes(1_000, &[0, 0, 0, 900, 900, 900]);
    let found = first_by(&sure, [dead, well(), well()]);
    assert_eq!(found.finding, Finding::Impaired);
}

#[test]
fn a_total_outage_has_its_share_and_its_requests_in_one_minute() {
    let in_one_minute = |requests: u64, faults: u64| {
        let mut zone = minutes(1_000, &[0; 9]);
        zone.extend(minutes(requests, &[faults]));
        let found = first([zone, well(), well()]);
        (found.finding, found.minutes)
    };
    assert_eq!(in_one_minute(1_000, 980), (Finding::Impaired, 1));
    assert_ne!(in_one_minute(1_000, 979).0, Finding::Impaired);
    // A sixth of 300.
    assert_eq!(in_one_minute(50, 50), (Finding::Impaired, 1));
    assert_ne!(in_one_minute(49, 49).0, Finding::Impaired);
}

#[test]
fn the_newest_minute_at_the_floor_is_over_and_a_late_one_is_not() {
    let found = |newest: &[u64]| {
        let mut zone = minutes(1_000, &[0, 500, 500, 500]);
        zone.extend(minutes(1_000, newest));
        first([zone, well(), well()]).finding
    };
    assert_eq!(found(&[10]), Finding::NotSustained);
    assert_eq!(found(&[500]), Finding::Impaired);
    let mut late = minutes(1_000, &[0, 500, 500, 500]);
    late.push(None);
    assert_eq!(first([late, well(), well()]).finding, Finding::Impaired);
}

#[test]
fn of_windows_that_show_the_same_the_shortest_is_told() {
    let base = minutes(1_000, &[20; 10]);
    let near = first([minutes(1_000, &[40; 10]), base.clone(), base]);
    assert_eq!((near.finding, near.minutes), (Finding::NotIsolated, 2));
    let strong = first([minutes(1_000, &[300; 10]), well(), well()]);
    assert_eq!((strong.finding, strong.minutes), (Finding::Impaired, 2));
}

#[test]
fn an_instance_is_affected_above_the_floor_and_counts_if_it_was_given_requests() {
    let mut bad = minutes(1_000, &[120; 10]);
    for minute in bad.iter_mut().flatten() {
        let instance = |(index, (requests, faults)): (usize, (u64, u64))| InstanceMinute {
            id: format!("i-{index}"),
            requests,
            faults,
            slow: 0,
        };
        let each = [(300, 60), (300, 57), (300, 3), (100, 0), (0, 0)];
        minute.instances = each.into_iter().enumerate().map(instance).collect();
    }
    let found = first([bad, well(), well()]);
    let told = found.instances.map(|told| (told.affected, told.of));
    assert_eq!(told, Some((2, 4)), "1 % exactly is at the floor");
}

#[test]
fn a_quiet_zone_is_no_reason_to_doubt_unless_it_is_bad_or_hardly_any_other_is_known() {
    let outcome = |zones: &[Minutes]| {
        let counts: Counts = (1..).map(zone).zip(zones.iter().cloned()).collect();
        judge(&counts, None, &Criteria::default()).outcome
    };
    let quiet = |faults: &[u64]| minutes(20, faults);
    let cannot_tell = Outcome::CannotTell(vec![zone(1)]);
    assert_eq!(outcome(&[quiet(&[0; 10]), well(), well()]), Outcome::Well);
    assert_eq!(outcome(&[quiet(&[10; 10]), well(), well()]), cannot_tell);
    assert_eq!(outcome(&[quiet(&[0; 10]), well()]), cannot_tell);
    // One in a hundred is tolerated.
    let tolerated = [minutes(40, &[1]), minutes(30, &[0, 0])].concat();
    assert_eq!(outcome(&[tolerated, well(), well()]), Outcome::Well);
}

#[test]
fn what_is_beyond_chance_and_no_more_than_tolerated_is_not_lasting() {
    // Without its worst minute the zone still differs beyond chance, but hardly from what is tolerated.
    let zone = |newest| minutes(10_000, &[10, 10, 10, 10, 10, 10, 10, 10, 300, newest]);
    let well = || minutes(10_000, &[10; 10]);
    let found = |newest| first([zone(newest), well(), well()]).finding;
    assert_eq!(found(105), Finding::NotSustained);
    assert_eq!(found(300), Finding::Impaired);
}

#[test]
fn a_weaker_fault_shows_in_more_minutes() {
    for (faults, shows_in) in [(23, 2), (16, 3), (15, 4), (14, 6)] {
        let weak = minutes(1_000, &[[0; 3].as_slice(), &[faults; 7]].concat());
        let found = first([weak, well(), well()]);
        assert_eq!(
            (found.finding, found.minutes),
            (Finding::Impaired, shows_in)
        );
    }
}

#[test]
fn a_difference_that_chance_makes_once_in_a_while_is_not_certain_however_large_it_looks() {
    // Five requests of 150 in each of two minutes: its share is above the floors with a probability of
    // 99.6 %, and chance alone gives such a difference somewhere every few months.
    let found = first([
        minutes(150, &[5, 5]),
        minutes(150, &[0, 0]),
        minutes(150, &[0, 0]),
    ]);
    assert_eq!(
        (found.finding, found.probability),
        (Finding::NotCertain, None)
    );
    // A minute of 150 requests is worth 1 + 149 / 1,000 times less where nothing shows how they scatter.
    let dispersion = found.dispersion.unwrap();
    assert!((dispersion - 1.149).abs() < 1e-9, "{dispersion}");
}
