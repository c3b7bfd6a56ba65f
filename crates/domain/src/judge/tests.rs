//! Situations, one a line where possible.

use std::collections::BTreeMap;

use super::*;
use crate::capacity::Limits;
use crate::event::AlarmState;
use crate::policy::Without;

fn zone(number: usize) -> ZoneId {
    format!("use1-az{number}").parse().unwrap()
}

fn minute(requests: u64, faults: u64) -> Option<Minute> {
    Some(Minute {
        requests,
        faults,
        ..Minute::default()
    })
}

/// A zone whose minutes have so many requests each, and so many faults, the oldest first.
fn minutes(requests: u64, faults: &[u64]) -> Minutes {
    faults
        .iter()
        .map(|&faults| minute(requests, faults))
        .collect()
}

fn counts(zones: impl IntoIterator<Item = Minutes>) -> Counts {
    (1..).map(zone).zip(zones).collect()
}

fn case(zones: impl IntoIterator<Item = Minutes>) -> Case {
    Case {
        counts: counts(zones),
        situation: Situation::default(),
        criteria: Criteria::default(),
        min_zones: 1,
        without_evidence: Without::Hold,
        capacity: Limits::default(),
    }
}

fn ruling(zones: impl IntoIterator<Item = Minutes>) -> Ruling {
    classify(&case(zones))
}

fn alarms(states: &[AlarmState]) -> Option<BTreeMap<ZoneId, AlarmState>> {
    Some((1..).map(zone).zip(states.iter().cloned()).collect())
}

const WELL: [u64; 10] = [2, 3, 1, 2, 4, 2, 3, 2, 1, 2];
const BAD: [u64; 10] = [2, 3, 1, 2, 4, 2, 3, 120, 118, 125];
const AFTER_TWO: [u64; 10] = [2, 3, 1, 2, 4, 2, 3, 2, 118, 125];
const BLIP: [u64; 10] = [2, 3, 1, 2, 4, 2, 3, 2, 1, 600];
const BLIP_BEFORE: [u64; 10] = [2, 3, 1, 2, 4, 2, 3, 2, 600, 2];

fn with_instances(zone: &mut Minutes, faulty: &[usize], of: usize) {
    for minute in zone.iter_mut().flatten() {
        let share = minute.requests / of as u64;
        let per_faulty = minute.faults / faulty.len() as u64;
        minute.instances = (0..of)
            .map(|index| InstanceMinute {
                id: format!("i-{index}"),
                requests: share,
                faults: if faulty.contains(&index) {
                    per_faulty
                } else {
                    0
                },
                slow: 0,
            })
            .collect();
    }
}

#[test]
fn one_bad_zone_of_two_three_four_or_six_is_left_after_two_minutes() {
    for zones in [2, 3, 4, 6] {
        let mut all = vec![minutes(1_000, &AFTER_TWO)];
        all.resize(zones, minutes(1_000, &WELL));
        let ruling = ruling(all);
        assert_eq!(ruling.verdict, Ok(zone(1)), "{zones} zones: {ruling}");
    }
}

#[test]
fn the_sentence_has_the_numbers() {
    let mut bad = minutes(1_000, &BAD);
    with_instances(&mut bad, &[0, 1, 2, 3], 4);
    let well = minutes(1_000, &WELL);
    let ruling = ruling([bad, well.clone(), well]);
    assert_eq!(
        ruling.to_string(),
        "evacuate use1-az1: 12.2% of 2,000 requests failed in the last 2 min, 0.1% elsewhere, on 4 of 4 instances"
    );
    assert_eq!(ruling.code(), "impaired");
}

#[test]
fn the_sentence_names_the_zones_however_many_they_are() {
    let sentence = |zones: [Minutes; 3], states: &[AlarmState]| {
        let mut case = case(zones);
        case.situation.zonal_alarms = alarms(states);
        case.without_evidence = Without::Act;
        let quiet = classify(&case).to_string();
        case.without_evidence = Without::Hold;
        (quiet, classify(&case).to_string())
    };
    use AlarmState::{Alarm, Ok as Fine};
    let well = || minutes(1_000, &WELL);
    insta::assert_snapshot!(
        sentence([well(), well(), well()], &[Alarm, Alarm, Alarm]).1,
        @"hold: the alarms of use1-az1, use1-az2 and use1-az3 are in ALARM, so one zone is not the cause"
    );
    insta::assert_snapshot!(
        sentence([well(), well(), vec![None; 10]], &[Fine, Fine, Fine]).1,
        @"hold: no counts from use1-az3, and silence is not health"
    );
    insta::assert_snapshot!(
        sentence([minutes(20, &[10; 10]), well(), well()], &[Alarm, Fine, Fine]).0,
        @"evacuate use1-az1: its alarm alone is in ALARM, the counts cannot tell, and the policy says to act: 50.0% of 60 requests failed in the last 3 min, 0.2% elsewhere"
    );
}

#[test]
fn a_judgement_gives_the_numbers_of_any_zone() {
    let counts = counts([
        minutes(1_000, &BAD),
        minutes(1_000, &WELL),
        minutes(1_000, &WELL),
    ]);
    let judgement = judge(&counts, None, &Criteria::default());
    assert_eq!(judgement.code(), "impaired");
    insta::assert_snapshot!(judgement.numbers(&zone(1)), @"12.2% of 2,000 requests failed in the last 2 min, 0.1% elsewhere");
    insta::assert_snapshot!(judgement.numbers(&zone(2)), @"0.2% of 3,000 requests failed in the last 3 min, 6.1% elsewhere");
    insta::assert_snapshot!(judgement.numbers(&zone(4)), @"no counts");
}

#[test]
fn slow_requests_count_like_faults_and_are_called_slow() {
    let mut bad = minutes(1_000, &AFTER_TWO);
    for minute in bad.iter_mut().flatten() {
        (minute.slow, minute.faults) = (minute.faults, 0);
    }
    let well = minutes(1_000, &WELL);
    let ruling = ruling([bad, well.clone(), well]);
    assert!(ruling.to_string().contains("were slow"), "{ruling}");
    assert_eq!(ruling.verdict, Ok(zone(1)));
}

#[test]
fn well_zones_stay() {
    let well = minutes(1_000, &WELL);
    let ruling = ruling([well.clone(), well.clone(), well]);
    assert_eq!(ruling.code(), "well");
}

#[test]
fn a_minute_moves_nothing_new_or_old() {
    for blip in [BLIP, BLIP_BEFORE] {
        let well = minutes(1_000, &WELL);
        let ruling = ruling([minutes(1_000, &blip), well.clone(), well]);
        assert_eq!(ruling.code(), "notSustained", "{ruling}");
    }
}

#[test]
fn a_total_outage_is_left_after_one_minute() {
    let mut faults = WELL;
    faults[9] = 1_000;
    let well = minutes(1_000, &WELL);
    let ruling = ruling([minutes(1_000, &faults), well.clone(), well]);
    assert_eq!(ruling.verdict, Ok(zone(1)), "{ruling}");
    assert_eq!(ruling.zones[&zone(1)].minutes, 1);
}

#[test]
fn what_is_over_is_over() {
    let mut faults = BAD;
    (faults[8], faults[9]) = (2, 3);
    let well = minutes(1_000, &WELL);
    let ruling = ruling([minutes(1_000, &faults), well.clone(), well]);
    assert!(ruling.verdict.is_err(), "{ruling}");
}

#[test]
fn one_bad_instance_is_not_its_zone_and_two_are() {
    let well = minutes(1_000, &WELL);
    for (faulty, code) in [(vec![1], "singleInstance"), (vec![1, 2], "impaired")] {
        let mut bad = minutes(1_000, &BAD);
        with_instances(&mut bad, &faulty, 4);
        let ruling = ruling([bad, well.clone(), well.clone()]);
        assert_eq!(ruling.code(), code, "{ruling}");
    }
}

#[test]
fn two_bad_zones_are_ambiguous_and_all_of_them_regional() {
    let (bad, well) = (minutes(1_000, &BAD), minutes(1_000, &WELL));
    let worse = minutes(1_000, &[2, 3, 1, 2, 4, 2, 3, 250, 260, 240]);
    assert_eq!(
        ruling([bad.clone(), worse.clone(), well]).code(),
        "severalZones"
    );
    assert_eq!(ruling([bad.clone(), worse, bad]).code(), "regional");
}

#[test]
fn a_zone_at_55_percent_beside_one_at_98_is_isolated_and_60_beside_75_is_not() {
    let at = |availability: u64| minutes(1_000, &[1_000 - 10 * availability; 10]);
    assert_eq!(ruling([at(55), at(98), at(100)]).verdict, Ok(zone(1)));
    assert_eq!(ruling([at(60), at(75), at(100)]).code(), "severalZones");
    assert_eq!(ruling([at(70), at(92), at(95)]).code(), "regional");
}

#[test]
fn big_traffic_does_not_make_a_small_difference_matter() {
    let (bad, well) = (
        minutes(1_000_000, &[9_000; 10]),
        minutes(1_000_000, &[100; 10]),
    );
    assert_eq!(ruling([bad, well.clone(), well]).code(), "well");
}

#[test]
fn three_times_as_bad_is_asked_for() {
    let (bad, base) = (minutes(10_000, &[500; 10]), minutes(10_000, &[200; 10]));
    assert_eq!(ruling([bad, base.clone(), base]).code(), "regional");
}

#[test]
fn unequal_traffic_is_judged_by_rates() {
    let big = minutes(10_000, &[20; 10]);
    let small = minutes(1_000, &[2; 10]);
    assert_eq!(ruling([big.clone(), small.clone(), small]).code(), "well");
    assert_eq!(
        ruling([big.clone(), minutes(1_000, &AFTER_TWO), big]).verdict,
        Ok(zone(2))
    );
}

#[test]
fn twenty_requests_a_minute_tell_nothing() {
    let ruling = ruling([
        minutes(20, &[10; 10]),
        minutes(20, &[0; 10]),
        minutes(20, &[0; 10]),
    ]);
    assert_eq!(ruling.code(), "tooFewRequests");
    assert!(
        ruling.to_string().contains("too few requests to tell"),
        "{ruling}"
    );
}

#[test]
fn twenty_requests_a_minute_and_an_alarm_act_if_the_policy_says_so() {
    let mut case = case([
        minutes(20, &[10; 10]),
        minutes(20, &[0; 10]),
        minutes(20, &[0; 10]),
    ]);
    case.situation.zonal_alarms = alarms(&[AlarmState::Alarm, AlarmState::Ok, AlarmState::Ok]);
    assert_eq!(classify(&case).code(), "tooFewRequests");
    case.without_evidence = Without::Act;
    let ruling = classify(&case);
    assert_eq!((ruling.code(), ruling.verdict), ("alarmAlone", Ok(zone(1))));
}

#[test]
fn well_zones_do_not_contradict_the_alarm_of_a_zone_that_cannot_be_judged() {
    use AlarmState::{Alarm, Ok as Fine};
    let well = minutes(1_000, &WELL);
    for unknown in [minutes(20, &[0; 10]), vec![None; 10]] {
        let mut case = case([unknown, well.clone(), well.clone()]);
        case.situation.zonal_alarms = alarms(&[Alarm, Fine, Fine]);
        assert!(classify(&case).verdict.is_err());
        case.without_evidence = Without::Act;
        let ruling = classify(&case);
        assert_eq!((ruling.code(), ruling.verdict), ("alarmAlone", Ok(zone(1))));
    }
    let mut case = case([well.clone(), well.clone(), well]);
    case.situation.zonal_alarms = alarms(&[Alarm, Fine, Fine]);
    case.without_evidence = Without::Act;
    assert_eq!(classify(&case).code(), "evidenceContradictsAlarm");
}

#[test]
fn a_quiet_zone_that_may_be_as_bad_holds_until_it_is_known_to_be_well() {
    let bad = minutes(1_000, &[2, 3, 1, 2, 4, 2, 3, 2, 58, 55]);
    let well = minutes(1_000, &WELL);
    // Nothing failed in the quiet zone, of too few requests to say so.
    let quiet = ruling([bad.clone(), well.clone(), minutes(10, &[0; 10])]);
    assert_eq!(quiet.code(), "notCertain", "{quiet}");
    let known = ruling([bad, well.clone(), well]);
    assert_eq!(known.verdict, Ok(zone(1)), "{known}");
}

#[test]
fn the_scatter_of_busy_zones_is_not_taken_for_a_fault() {
    // The same shares of 20,000 requests as of 1,000 that scatter: the counts are worth no more.
    let noisy = minutes(20_000, &[20, 260, 40, 10, 300, 60, 15, 280, 30, 90]);
    let odd = minutes(20_000, &[50, 40, 300, 20, 60, 80, 30, 40, 420, 440]);
    let held = ruling([odd.clone(), noisy.clone(), noisy]);
    assert!(held.verdict.is_err(), "{held}");
    let calm = minutes(20_000, &[100, 90, 110, 95, 105, 100, 98, 102, 101, 99]);
    let calm = ruling([odd, calm.clone(), calm]);
    assert_eq!(calm.verdict, Ok(zone(1)), "{calm}");
}

#[test]
fn silence_is_neither_health_nor_a_fault() {
    let well = minutes(1_000, &WELL);
    let ruling = ruling([vec![None; 10], well.clone(), well]);
    assert_eq!(ruling.code(), "missingData");
    assert_eq!(ruling.zones[&zone(1)].knowledge, Knowledge::NoData);
}

#[test]
fn late_counts_are_not_judged_by_what_was_before() {
    let well = minutes(1_000, &WELL);
    let mut late = minutes(1_000, &BAD);
    late[8] = None;
    late[9] = None;
    let ruling = ruling([late, well.clone(), well]);
    assert_eq!(ruling.zones[&zone(1)].knowledge, Knowledge::Late);
    assert!(ruling.verdict.is_err());
}

#[test]
fn a_missing_minute_in_between_is_no_minute_of_zeros() {
    let well = minutes(1_000, &WELL);
    let mut gap = minutes(1_000, &BAD);
    gap[8] = None;
    let ruling = ruling([gap, well.clone(), well]);
    assert_eq!(ruling.verdict, Ok(zone(1)), "{ruling}");
    assert_eq!(ruling.zones[&zone(1)].own.requests, 2_000.0);
}

#[test]
fn traffic_is_not_moved_towards_a_silent_zone() {
    let (bad, well) = (minutes(1_000, &BAD), minutes(1_000, &WELL));
    let silent = vec![None; 10];
    assert_eq!(
        ruling([bad.clone(), well.clone(), silent.clone()]).code(),
        "blind"
    );
    assert_eq!(
        ruling([bad, well.clone(), well, silent]).verdict,
        Ok(zone(1))
    );
}

#[test]
fn counted_zeros_are_traffic_elsewhere() {
    let (bad, well) = (minutes(1_000, &BAD), minutes(1_000, &WELL));
    let ruling = ruling([bad, well, minutes(0, &[0; 10])]);
    assert_eq!(ruling.verdict, Ok(zone(1)), "{ruling}");
    assert_eq!(ruling.zones[&zone(3)].knowledge, Knowledge::NoTraffic);
}

#[test]
fn a_shift_away_from_another_zone_holds() {
    let (bad, well) = (minutes(1_000, &BAD), minutes(1_000, &WELL));
    let mut case = case([bad, well.clone(), well]);
    case.situation.shifted_away_from = Some(zone(2));
    assert_eq!(classify(&case).code(), "otherZoneShifted");
    case.situation.shifted_away_from = Some(zone(1));
    assert_eq!(classify(&case).verdict, Ok(zone(1)));
}

#[test]
fn what_trickles_into_a_shifted_zone_is_no_comparison() {
    let trickle = minutes(1_000, &[900; 10]);
    let well = minutes(1_000, &WELL);
    let mut case = case([trickle, well.clone(), well]);
    case.situation.shifted_away_from = Some(zone(1));
    let elsewhere = classify(&case).zones[&zone(2)].elsewhere;
    assert_eq!(elsewhere.requests, 3_000.0);
}

#[test]
fn alarms_and_counts_must_agree() {
    use AlarmState::{Alarm, InsufficientData, Ok as Fine};
    let (bad, well) = (minutes(1_000, &BAD), minutes(1_000, &WELL));
    for (states, code) in [
        ([Alarm, Fine, Fine], "impaired"),
        ([Alarm, InsufficientData, InsufficientData], "impaired"),
        ([Fine, Alarm, Fine], "evidenceContradictsAlarm"),
        ([Alarm, Alarm, Fine], "severalAlarms"),
        ([Fine, Fine, Fine], "noZonalAlarm"),
        ([InsufficientData, Fine, Fine], "noZonalAlarm"),
    ] {
        let mut case = case([bad.clone(), well.clone(), well.clone()]);
        case.situation.zonal_alarms = alarms(&states);
        assert_eq!(classify(&case).code(), code, "{states:?}");
    }
}

#[test]
fn without_an_alarm_the_counts_alone_say_what_is_the_matter() {
    use AlarmState::Ok as Fine;
    let well = minutes(1_000, &WELL);
    let mut case = case([well.clone(), well.clone(), well]);
    case.situation.zonal_alarms = alarms(&[Fine, Fine, Fine]);
    assert_eq!(classify(&case).code(), "well");
}

#[test]
fn on_the_alarm_alone_every_other_zone_counts_as_one_to_go_to() {
    use AlarmState::{Alarm, Ok as Fine};
    let quiet = minutes(20, &[0; 10]);
    for (zones, code) in [(3, "alarmAlone"), (2, "tooFewZones")] {
        let mut case = case(vec![quiet.clone(); zones]);
        case.situation.zonal_alarms = alarms(&[Alarm, Fine, Fine][..zones]);
        case.without_evidence = Without::Act;
        case.min_zones = 2;
        assert_eq!(classify(&case).code(), code);
    }
}

#[test]
fn zones_that_cannot_carry_the_traffic_hold_or_are_told_of_as_the_policy_says() {
    let (bad, well) = (
        minutes(10_000, &AFTER_TWO.map(|bad| 10 * bad)),
        minutes(1_000, &WELL),
    );
    let mut case = case([bad, well.clone(), well]);
    case.capacity.without = Without::Hold;
    assert_eq!(classify(&case).code(), "tooLittleCapacity");
    case.capacity.without = Without::Act;
    let ruling = classify(&case);
    assert_eq!(ruling.verdict, Ok(zone(1)));
    assert!(
        ruling.to_string().contains("; beware: the zones that stay"),
        "{ruling}"
    );
}

#[test]
fn a_regional_alarm_holds() {
    let (bad, well) = (minutes(1_000, &BAD), minutes(1_000, &WELL));
    let mut case = case([bad, well.clone(), well]);
    case.situation.regional_alarm = true;
    assert_eq!(classify(&case).code(), "regionalAlarm");
}

#[test]
fn enough_zones_must_be_left() {
    let (bad, well) = (minutes(1_000, &BAD), minutes(1_000, &WELL));
    let mut case = case([bad, well, minutes(0, &[0; 10])]);
    case.min_zones = 2;
    assert_eq!(classify(&case).code(), "tooFewZones");
}

#[test]
fn a_zone_alone_and_no_zone_at_all_cannot_be_judged() {
    assert_eq!(ruling([]).code(), "tooFewRequests");
    assert!(ruling([minutes(1_000, &BAD)]).verdict.is_err());
}
