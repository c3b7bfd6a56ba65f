//! Histories, and what came of them.

use domain::definition;
use domain::judge::{InstanceMinute, Minute, Minutes};
use serde_json::{Value, json};

use super::*;

/// A history of zones with a thousand requests a minute, each with its faults a minute. A dash is a
/// minute that is not known; what is not there is one fault.
fn history(length: usize, zones: &[&str]) -> History {
    let minute = |word: Option<&str>| {
        let faults = match word {
            Some("-") => return None,
            Some(word) => word.parse().unwrap(),
            None => 1,
        };
        Some(Minute {
            requests: 1_000,
            faults,
            ..Minute::default()
        })
    };
    let counted = |faults: &&str| -> Minutes {
        let mut words = faults.split(' ').filter(|word| !word.is_empty());
        (0..length).map(|_| minute(words.next())).collect()
    };
    let id = |number: usize| -> ZoneId { format!("use1-az{number}").parse().unwrap() };
    History {
        counts: (1..).map(id).zip(zones.iter().map(counted)).collect(),
        first: "2026-03-07T03:00:00Z".parse().unwrap(),
        lead: 0,
    }
}

fn policy(fields: &Value) -> Policy {
    let definition = json!({ "name": "a", "policy": fields, "zones": {
        "use1-az1": { "name": "us-east-1a", "subnets": ["subnet-0a000000"] },
        "use1-az2": { "name": "us-east-1b", "subnets": ["subnet-0b000000"] },
    }});
    definition::read("workload", &definition).unwrap().policy
}

fn walked(length: usize, zones: &[&str]) -> Walk {
    walk(
        &history(length, zones),
        &policy(&json!({ "stableFor": "5m" })),
    )
}

/// The time as minutes of the history, and the zone's number.
fn brief(walk: &Walk) -> Vec<String> {
    let minute = |time: Timestamp| time.as_second() / 60 % 60;
    let evacuated = walk.evacuations.iter().map(|it| {
        let (since, at, last) = (minute(it.since), minute(it.at), minute(it.last));
        format!(
            "{} since {since} at {at} to {last}: {} min",
            it.zone, it.minutes
        )
    });
    let near = walk.near_misses.iter().map(|it| {
        let zone = it.zone.as_ref().map_or("several", ZoneId::as_str);
        let (from, to, reason) = (minute(it.from), minute(it.to), it.reason);
        format!("near {zone} {from} to {to}: {} min, {reason}", it.minutes)
    });
    evacuated.chain(near).collect()
}

#[test]
fn a_quiet_history_has_nothing_to_tell() {
    let walk = walked(60, &["", "", ""]);
    assert_eq!(brief(&walk), [""; 0]);
    assert_eq!(walk.minutes, 60);
    assert_eq!(walk.reasons, [("well", 60)].into());
    assert!(walk.known.values().all(|known| *known == 60));
}

#[test]
fn a_fault_is_one_evacuation_that_began_with_its_first_minute() {
    let walk = walked(40, &["1 1 1 1 1 1 1 1 1 1 90 95 99 90 91 97 90", "", ""]);
    assert_eq!(brief(&walk), ["use1-az1 since 11 at 12 to 17: 6 min"]);
    let evacuation = &walk.evacuations[0];
    assert!(evacuation.worst > 0.09 && evacuation.worst < 0.1);
    assert!(evacuation.sentence.starts_with("evacuate use1-az1: "));
}

#[test]
fn a_fault_that_comes_back_while_it_is_watched_is_the_same_evacuation_and_later_another() {
    let faulty = "1 1 1 1 1 1 90 90 90 1 1 1 90 90 90";
    let walk = walked(40, &["", faulty, ""]);
    assert_eq!(walk.evacuations.len(), 1, "{:?}", brief(&walk));
    let later = format!("{faulty} 1 1 1 1 1 1 1 1 1 1 90 90 90");
    let walk = walked(40, &["", &later, ""]);
    assert_eq!(walk.evacuations.len(), 2, "{:?}", brief(&walk));
}

#[test]
fn the_policy_says_for_how_long_a_zone_is_watched() {
    let faulty = "1 1 1 1 1 1 90 90 90 1 1 1 1 1 1 1 1 1 90 90 90";
    let history = history(40, &[faulty, "", ""]);
    let evacuations = |stable: &str| {
        let policy = policy(&json!({ "stableFor": stable }));
        walk(&history, &policy).evacuations.len()
    };
    assert_eq!((evacuations("5m"), evacuations("15m")), (2, 1));
}

#[test]
fn one_bad_minute_is_a_near_miss() {
    let walk = walked(30, &["1 1 1 1 1 1 1 1 1 1 300", "", ""]);
    assert_eq!(walk.evacuations, []);
    assert_eq!(walk.near_misses.len(), 1, "{:?}", brief(&walk));
    let near = &walk.near_misses[0];
    assert_eq!(near.reason, "notSustained");
    assert_eq!(near.from.to_string(), "2026-03-07T03:11:00Z");
    assert_eq!(near.zone.as_ref().map(ZoneId::as_str), Some("use1-az1"));
    assert!(near.sentence.starts_with("hold use1-az1: "), "{near:?}");
}

#[test]
fn bad_minutes_far_apart_are_two_near_misses() {
    let apart = "1 1 1 1 1 1 300 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 300";
    let walk = walked(40, &[apart, "", ""]);
    assert_eq!(walk.near_misses.len(), 2, "{:?}", brief(&walk));
}

#[test]
fn what_hurts_everybody_is_a_near_miss_of_several() {
    let bad = "1 1 1 1 1 1 100 100 100 100 100 100";
    let regional = walked(30, &[bad, bad, bad]);
    assert_eq!(regional.evacuations, []);
    assert_eq!(regional.near_misses.len(), 1, "{:?}", brief(&regional));
    assert_eq!(regional.near_misses[0].zone, None);
    assert_eq!(regional.near_misses[0].reason, "regional");
    let two = walked(30, &[bad, bad, ""]);
    assert_eq!(two.near_misses[0].reason, "severalZones");
}

#[test]
fn a_second_zone_is_not_left_while_the_first_is() {
    let first = "1 1 1 1 1 1 400 400 400 400";
    let second = "1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 400 400 400";
    let history = history(40, &[first, second, "", ""]);
    let walk = walk(&history, &policy(&json!({ "stableFor": "15m" })));
    assert_eq!(walk.evacuations.len(), 1, "{:?}", brief(&walk));
    let near = &walk.near_misses[0];
    assert_eq!(near.zone.as_ref().map(ZoneId::as_str), Some("use1-az2"));
    assert_eq!(near.reason, "otherZoneShifted");
}

#[test]
fn a_second_zone_that_fails_beside_the_first_is_told() {
    let first = "1 1 1 1 1 1 400 400 400 400 400 400 400 400 400 400 400 400";
    let second = "1 1 1 1 1 1 1 1 1 1 1 1 400 400 400 400 400 400";
    let walk = walked(30, &[first, second, "", ""]);
    assert_eq!(walk.evacuations.len(), 1, "{:?}", brief(&walk));
    let reasons: Vec<&str> = walk.near_misses.iter().map(|near| near.reason).collect();
    assert_eq!(reasons, ["severalZones", "otherZoneShifted"]);
}

#[test]
fn a_policy_that_may_not_leave_a_zone_only_comes_near() {
    let history = history(30, &["1 1 1 1 1 1 100 100 100 100", "", ""]);
    let walk = walk(&history, &policy(&json!({ "minZones": 3 })));
    assert_eq!(walk.evacuations, []);
    assert_eq!(walk.near_misses[0].reason, "tooFewZones");
}

#[test]
fn a_policy_that_tolerates_more_acts_less() {
    let history = history(30, &["1 1 1 1 1 1 100 100 100 100", "", ""]);
    let lenient = json!({ "criteria": { "tolerated": 0.2 } });
    assert_eq!(brief(&walk(&history, &policy(&lenient))), [""; 0]);
    assert_eq!(walk(&history, &policy(&json!({}))).evacuations.len(), 1);
}

#[test]
fn minutes_that_are_not_known_are_not_counted_as_known() {
    let walk = walked(10, &["1 - - 1 1 - - - - -", "", ""]);
    let zone = "use1-az1".parse().unwrap();
    assert_eq!(walk.known[&zone], 3);
    assert!(walk.reasons["missingData"] >= 3, "{:?}", walk.reasons);
}

#[test]
fn an_instance_that_fails_alone_is_a_near_miss_where_instances_are_counted() {
    let mut history = history(20, &["1 1 1 1 1 1 100 100 100 100", "", ""]);
    assert!(!walk(&history, &policy(&json!({}))).by_instance);
    for minute in history.counts.values_mut().flatten().flatten() {
        let instance = |id: &str, faults| InstanceMinute {
            id: id.to_owned(),
            requests: 500,
            faults,
            slow: 0,
        };
        minute.instances = vec![instance("i-0a", minute.faults), instance("i-0b", 0)];
    }
    let walk = walk(&history, &policy(&json!({})));
    assert!(walk.by_instance);
    assert_eq!(walk.evacuations, []);
    assert_eq!(walk.near_misses[0].reason, "singleInstance");
}

#[test]
fn the_lead_is_looked_back_at_and_not_judged() {
    let bad = "1 1 1 1 1 90 90 90 90";
    let mut history = history(12, &[bad, "", ""]);
    history.lead = 7;
    let walk = walk(&history, &policy(&json!({})));
    assert_eq!(walk.minutes, 5);
    assert_eq!(brief(&walk)[0], "use1-az1 since 8 at 8 to 9: 2 min");
}

/// A fault cannot be acted on before it began, whatever comes after: nothing of the future is seen.
#[test]
fn the_future_is_not_seen() {
    let bad = "1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 90 90 90 90 90 90";
    let whole = walked(26, &[bad, "", ""]);
    for length in 1..=26 {
        let part = walked(length, &[bad, "", ""]);
        let seen = whole.evacuations.iter().any(|it| {
            it.at <= "2026-03-07T03:00:00Z".parse::<Timestamp>().unwrap() + minutes(length)
        });
        assert_eq!(!part.evacuations.is_empty(), seen, "{length}");
    }
}

#[test]
fn fifteen_days_are_walked() {
    let mut days = history(15 * 1_440, &["", "", "", "", "", ""]);
    for minutes in days.counts.values_mut().take(1) {
        for minute in minutes[20_000..20_006].iter_mut().flatten() {
            minute.faults = 200;
        }
    }
    let walk = walk(&days, &policy(&json!({})));
    assert_eq!((walk.minutes, walk.evacuations.len()), (21_600, 1));
}
