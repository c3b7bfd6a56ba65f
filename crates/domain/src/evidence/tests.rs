//! Situations: what CloudWatch has of a zone, and what is counted of it.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::query::{Role, plan};
use super::*;
use crate::failure::Class;
use crate::judge::Minute;
use crate::observation::Evidence;
use crate::workload::{Zone, ZoneMap};

fn zones(count: usize) -> ZoneMap {
    let zone = |index: usize| {
        let letter = ["a", "b", "c", "d", "e", "f"][index];
        let zone = Zone {
            name: format!("us-east-1{letter}").parse().unwrap(),
            subnets: BTreeSet::new(),
        };
        (format!("use1-az{}", index + 1).parse().unwrap(), zone)
    };
    ZoneMap::new((0..count).map(zone).collect())
}

fn source(settings: Value) -> EvidenceSource {
    let Value::Object(settings) = settings else {
        panic!("an object")
    };
    read("evidence", settings, &zones(3)).unwrap()
}

fn alb() -> EvidenceSource {
    source(json!({
        "source": "alb",
        "loadBalancer": "app/front/50dc6c495c0c9188",
        "slowAfterMs": 350,
        "targetGroups": ["targetgroup/web/6d0ecf831eec9f09"],
    }))
}

fn nlb() -> EvidenceSource {
    source(json!({"source": "nlb", "loadBalancer": "net/front/50dc6c495c0c9188"}))
}

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_040).unwrap() + SignedDuration::from_mins(minute)
}

/// What CloudWatch has of the first of three zones, in minutes 0 to 9, asked half a minute after the
/// last has ended: the last two are young.
struct Seen {
    source: EvidenceSource,
    answers: Answers,
}

impl Seen {
    fn of(source: EvidenceSource) -> Self {
        let answers = queries(&source, &zones(3)).into_iter().map(|query| {
            let series = Series {
                complete: true,
                ..Series::default()
            };
            (query.id, series)
        });
        Self {
            answers: answers.collect(),
            source,
        }
    }

    /// A zone that has been well all the time.
    fn well() -> Self {
        let mut seen = Self::of(alb());
        for zone in 1..=3 {
            for minute in 0..10 {
                seen = seen
                    .with(zone, Role::Requests, minute, 1_000.0)
                    .with(zone, Role::Answers(0), minute, 1_000.0)
                    .with(zone, Role::SlowPercent(0), minute, 0.0)
                    .with(zone, Role::Hosts, minute, 4.0);
            }
        }
        seen
    }

    fn series(&mut self, zone: usize, role: Role) -> Vec<&mut Series> {
        let zone = format!("use1-az{zone}").parse().unwrap();
        let ids: Vec<String> = plan(&self.source, &zones(3))
            .into_iter()
            .filter(|planned| planned.zone == zone && planned.role == role && !planned.split)
            .map(|planned| planned.query.id)
            .collect();
        assert!(!ids.is_empty(), "{role:?} is not asked for");
        self.answers
            .iter_mut()
            .filter(|(id, _)| ids.contains(id))
            .map(|(_, series)| series)
            .collect()
    }

    /// With this value of the first of the zone's series of a role.
    fn with(mut self, zone: usize, role: Role, minute: i64, value: f64) -> Self {
        self.series(zone, role)[0].points.insert(at(minute), value);
        self
    }

    fn without(mut self, zone: usize, role: Role, minute: i64) -> Self {
        self.series(zone, role)[0].points.remove(&at(minute));
        self
    }

    /// Without anything of a zone in a minute.
    fn silent(mut self, zone: usize, minute: i64) -> Self {
        for role in [
            Role::Requests,
            Role::Answers(0),
            Role::SlowPercent(0),
            Role::Hosts,
        ] {
            self = self.without(zone, role, minute);
        }
        self
    }

    fn partial(mut self, zone: usize, role: Role) -> Self {
        self.series(zone, role)[0].complete = false;
        self
    }

    fn minute(&self, minute: usize) -> Option<Minute> {
        let span = Span {
            from: at(0),
            minutes: 10,
            seen_at: at(10) + SignedDuration::from_secs(30),
        };
        let counts = counts(&self.source, &zones(3), span, &self.answers);
        counts[&"use1-az1".parse().unwrap()][minute].clone()
    }

    /// Requests, faults and slow requests of a minute.
    #[track_caller]
    fn counted(&self, minute: usize) -> (u64, u64, u64) {
        let minute = self.minute(minute).expect("a known minute");
        (minute.requests, minute.faults, minute.slow)
    }

    fn recent(&self, window: usize, now: Timestamp) -> Evidence {
        recent(&self.source, &zones(3), window, now, &self.answers)
    }
}

/// A minute that has settled, and the newest.
const SETTLED_MINUTE: i64 = 5;
const NEWEST: i64 = 9;

#[test]
fn a_load_balancer_is_asked_by_az_name_and_its_answer_stands_under_the_az_id() {
    let asked: Vec<String> = queries(&alb(), &zones(1))
        .into_iter()
        .map(|query| {
            let dimensions: Vec<String> = query
                .dimensions
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            format!(
                "{} {} {} {} {}",
                query.id,
                query.namespace,
                query.metric,
                query.statistic,
                dimensions.join(" ")
            )
        })
        .collect();
    insta::assert_snapshot!(asked.join("\n"), @r"
    z0q0 AWS/ApplicationELB RequestCount Sum AvailabilityZone=us-east-1a LoadBalancer=app/front/50dc6c495c0c9188
    z0q1 AWS/ApplicationELB HTTPCode_Target_5XX_Count Sum AvailabilityZone=us-east-1a LoadBalancer=app/front/50dc6c495c0c9188
    z0q2 AWS/ApplicationELB HTTPCode_ELB_5XX_Count Sum AvailabilityZone=us-east-1a LoadBalancer=app/front/50dc6c495c0c9188
    z0q3 AWS/ApplicationELB TargetConnectionErrorCount Sum AvailabilityZone=us-east-1a LoadBalancer=app/front/50dc6c495c0c9188
    z0q4 AWS/ApplicationELB TargetResponseTime SampleCount AvailabilityZone=us-east-1a LoadBalancer=app/front/50dc6c495c0c9188
    z0q5 AWS/ApplicationELB TargetResponseTime PR(0.35:) AvailabilityZone=us-east-1a LoadBalancer=app/front/50dc6c495c0c9188
    z0q6 AWS/ApplicationELB HealthyHostCount Minimum AvailabilityZone=us-east-1a LoadBalancer=app/front/50dc6c495c0c9188 TargetGroup=targetgroup/web/6d0ecf831eec9f09
    ");
    assert_eq!(
        Seen::well().counted(5),
        (1_000, 0, 0),
        "and use1-az1 has what us-east-1a has"
    );
}

#[test]
fn every_query_has_an_id_of_its_own_that_cloudwatch_accepts() {
    let queries = queries(&alb(), &zones(6));
    let ids: BTreeSet<&str> = queries.iter().map(|query| query.id.as_str()).collect();
    assert_eq!(ids.len(), queries.len());
    assert!(ids.iter().all(|id| {
        id.starts_with(|first: char| first.is_ascii_lowercase())
            && id.bytes().all(|b| b.is_ascii_alphanumeric())
    }));
}

#[test]
fn faults_that_are_absent_beside_requests_are_none() {
    assert_eq!(Seen::well().counted(5), (1_000, 0, 0));
    assert_eq!(Seen::well().counted(9), (1_000, 0, 0));
}

#[test]
fn a_connection_error_is_not_counted_beside_the_answer_that_it_led_to() {
    for (own, connections, faults) in [(40.0, 40.0, 40), (40.0, 60.0, 60), (60.0, 40.0, 60)] {
        let seen = Seen::well()
            .with(1, Role::Faults, SETTLED_MINUTE, 5.0)
            .with(1, Role::OwnFaults, SETTLED_MINUTE, own)
            .with(1, Role::Connections, SETTLED_MINUTE, connections);
        assert_eq!(seen.counted(5).1, 5 + faults, "{own} and {connections}");
    }
}

#[test]
fn slow_answers_are_whole_requests_and_a_failed_one_is_not_counted_again() {
    for (answers, percent, faults, slow) in [
        (1_000.0, 0.3, 0.0, 3),
        (997.0, 100.0, 0.0, 997),
        (1_000.0, 0.04, 0.0, 0),
        (1_000.0, 0.06, 0.0, 1),
        (20_000.0, 0.005, 0.0, 1),
        // Who fails slowly is failed.
        (1_000.0, 10.0, 100.0, 0),
        (1_000.0, 10.0, 30.0, 70),
        (1_000.0, 10.0, 500.0, 0),
    ] {
        let seen = Seen::well()
            .with(1, Role::Answers(0), SETTLED_MINUTE, answers)
            .with(1, Role::SlowPercent(0), SETTLED_MINUTE, percent)
            .with(1, Role::Faults, SETTLED_MINUTE, faults);
        assert_eq!(seen.counted(5).2, slow, "{percent} % of {answers}");
    }
}

#[test]
fn a_minute_with_hosts_and_without_requests_is_a_counted_zero_once_it_has_settled() {
    let idle = |minute| {
        Seen::well()
            .without(1, Role::Requests, minute)
            .without(1, Role::Answers(0), minute)
            .without(1, Role::SlowPercent(0), minute)
    };
    assert_eq!(idle(SETTLED_MINUTE).counted(5), (0, 0, 0));
    assert_eq!(
        idle(SETTLED_MINUTE).minute(5).unwrap().healthy_hosts,
        Some(4)
    );
    assert_eq!(idle(NEWEST).minute(9), None, "it may be late");
    assert_eq!(idle(8).minute(8), None, "and so may the one before");
    assert_eq!(idle(7).counted(7), (0, 0, 0));
}

#[test]
fn a_minute_without_anything_of_a_zone_is_unknown_however_old() {
    for minute in [0, SETTLED_MINUTE, NEWEST] {
        let seen = Seen::well().silent(1, minute);
        assert_eq!(seen.minute(usize::try_from(minute).unwrap()), None);
    }
    assert_eq!(Seen::of(alb()).minute(5), None);
}

#[test]
fn the_newest_minute_is_unknown_while_faults_that_a_zone_always_has_are_missing() {
    let mut failing = Seen::well();
    for minute in 0..9 {
        failing = failing.with(1, Role::Faults, minute, 30.0);
    }
    assert_eq!(failing.minute(9), None);
    let failing = failing.with(1, Role::Faults, NEWEST, 30.0);
    assert_eq!(failing.counted(9), (1_000, 30, 0));
    let sometimes = failing
        .without(1, Role::Faults, 3)
        .without(1, Role::Faults, NEWEST);
    assert_eq!(
        sometimes.counted(9),
        (1_000, 0, 0),
        "it has been without before"
    );
}

#[test]
fn the_newest_minute_is_unknown_while_its_response_times_are_missing() {
    let seen =
        Seen::well()
            .without(1, Role::Answers(0), NEWEST)
            .without(1, Role::SlowPercent(0), NEWEST);
    assert_eq!(seen.minute(9), None);
    let dead =
        seen.with(1, Role::OwnFaults, NEWEST, 1_000.0)
            .with(1, Role::Connections, NEWEST, 1_000.0);
    assert_eq!(
        dead.counted(9),
        (1_000, 1_000, 0),
        "where no target answers there are none"
    );
}

/// A zone that has served for only one minute before the newest, too few to know what is usual.
fn new() -> Seen {
    let mut seen = Seen::of(alb());
    for minute in 0..10 {
        seen = seen.with(1, Role::Hosts, minute, 4.0);
    }
    seen.with(1, Role::Requests, 8, 1_000.0)
}

#[test]
fn a_young_minute_with_requests_lacks_response_times_whether_they_are_usual_or_not() {
    let serving = new().with(1, Role::Requests, NEWEST, 1_000.0);
    assert_eq!(serving.minute(9), None);
    let whole = serving.with(1, Role::Answers(0), NEWEST, 1_000.0).with(
        1,
        Role::SlowPercent(0),
        NEWEST,
        0.0,
    );
    assert_eq!(whole.counted(9), (1_000, 0, 0));
    let counted_zero = new().with(1, Role::Requests, NEWEST, 0.0);
    assert_eq!(counted_zero.counted(9), (0, 0, 0));
}

#[test]
fn a_young_minute_without_a_count_of_requests_is_unknown_also_in_a_zone_that_never_had_any() {
    assert_eq!(new().minute(9), None);
    assert_eq!(new().counted(5), (0, 0, 0));
}

#[test]
fn what_a_zone_usually_sends_is_what_it_sends_while_it_serves() {
    let mut seen = Seen::well();
    for minute in 0..9 {
        seen = seen.with(1, Role::Faults, minute, 30.0);
    }
    // It has been idle for a minute, without requests and so without faults.
    for role in [Role::Answers(0), Role::SlowPercent(0), Role::Faults] {
        seen = seen.without(1, role, 3);
    }
    seen = seen.with(1, Role::Requests, 3, 0.0);
    assert_eq!(seen.minute(9), None, "its faults are under way");
}

#[test]
fn a_target_group_without_targets_has_no_hosts_and_a_late_one_is_not_without() {
    let two = || {
        let mut seen = Seen::of(source(json!({
            "source": "alb",
            "loadBalancer": "app/front/50dc6c495c0c9188",
            "targetGroups": ["targetgroup/api/1", "targetgroup/web/2"],
        })));
        for minute in [SETTLED_MINUTE, NEWEST] {
            seen = seen
                .with(1, Role::Requests, minute, 100.0)
                .with(1, Role::Hosts, minute, 3.0);
        }
        seen
    };
    let hosts = |seen: &Seen, minute| seen.minute(minute).unwrap().healthy_hosts;
    assert_eq!(hosts(&two(), 5), Some(3));
    assert_eq!(hosts(&two(), 9), None);
    let mut both = two();
    both.series(1, Role::Hosts)[1].points.insert(at(5), 2.0);
    assert_eq!(hosts(&both, 5), Some(5));
}

#[test]
fn what_cloudwatch_answers_in_part_is_unknown_where_it_has_no_value() {
    let seen = Seen::well()
        .with(1, Role::Faults, 4, 7.0)
        .partial(1, Role::Faults);
    assert_eq!(seen.minute(5), None);
    assert_eq!(seen.counted(4), (1_000, 7, 0));
    let hosts = Seen::well()
        .without(1, Role::Hosts, SETTLED_MINUTE)
        .partial(1, Role::Hosts);
    assert_eq!(
        hosts.counted(5),
        (1_000, 0, 0),
        "hosts do not tell who failed"
    );
    let mut unanswered = Seen::well();
    unanswered.answers.pop_first();
    assert_eq!(unanswered.minute(5), None);
}

#[test]
fn what_is_no_count_is_unknown() {
    for garbage in [f64::NAN, f64::INFINITY, -1.0, 1e300] {
        let seen = Seen::well().with(1, Role::Faults, SETTLED_MINUTE, garbage);
        assert_eq!(seen.minute(5), None, "{garbage}");
    }
}

#[test]
fn a_flow_that_was_turned_away_is_a_request_and_a_fault() {
    let mut seen = Seen::of(nlb())
        .with(1, Role::Requests, 5, 900.0)
        .with(1, Role::Faults, 5, 20.0)
        .with(1, Role::TurnedAway, 5, 100.0);
    seen.series(1, Role::Faults)[1].points.insert(at(5), 3.0);
    seen.series(1, Role::TurnedAway)[1]
        .points
        .insert(at(5), 10.0);
    assert_eq!(seen.counted(5), (1_010, 133, 0));
}

#[test]
fn evidence_ends_with_the_newest_minute_that_any_zone_is_known_in() {
    let half_past = SignedDuration::from_secs(30);
    let mut seen = Seen::well();
    let until = |seen: &Seen, now| match seen.recent(5, now) {
        Evidence::Counted { until, counts } => {
            assert!(counts.values().all(|minutes| minutes.len() == 5));
            Some(until)
        }
        Evidence::NotConfigured | Evidence::Unavailable(_) => None,
    };
    assert_eq!(until(&seen, at(10)), Some(at(10)));
    assert_eq!(until(&seen, at(11) + half_past), Some(at(10)));
    assert_eq!(until(&seen, at(12) + half_past), Some(at(10)));
    assert_eq!(until(&seen, at(13)), None, "three minutes are too late");
    // One zone is ahead of the others.
    seen = seen.silent(2, NEWEST).silent(3, NEWEST);
    let Evidence::Counted { until, counts } = seen.recent(5, at(10) + half_past) else {
        panic!("counts")
    };
    assert_eq!(until, at(10));
    let newest = |zone: &str| counts[&zone.parse().unwrap()][4].is_some();
    assert_eq!(
        (newest("use1-az1"), newest("use1-az2"), newest("use1-az3")),
        (true, false, false)
    );
    // What is behind is left out at the end, and the minute before is the newest then.
    let late = Seen::well().recent(5, at(11));
    let Evidence::Counted { until, counts } = late else {
        panic!("counts")
    };
    assert_eq!(until, at(10));
    let known = |minutes: &Vec<Option<Minute>>| minutes.iter().all(Option::is_some);
    assert!(counts.values().all(known), "{counts:?}");
}

#[test]
fn late_evidence_is_not_the_same_as_none_at_all() {
    let Evidence::Unavailable(late) = Seen::well().recent(5, at(14)) else {
        panic!("too late")
    };
    assert_eq!(late.class, Class::OutOfTime);
    insta::assert_snapshot!(late.message, @"evidence of alb app/front/50dc6c495c0c9188 is late: no zone has counts in the last 3 min");
    let Evidence::Unavailable(never) = Seen::of(alb()).recent(5, at(10)) else {
        panic!("nothing")
    };
    insta::assert_snapshot!(never.message, @"evidence of alb app/front/50dc6c495c0c9188: no zone has counts in the last 7 min; correct workload.evidence if there is traffic");
}

#[test]
fn a_short_window_still_looks_far_enough_back_to_know_what_is_usual() {
    let span = Span::recent(1, at(10));
    assert_eq!((span.minutes, span.end()), (7, at(10)));
    assert_eq!(Span::recent(30, at(10)).minutes, 32);
}

#[test]
fn a_past_range_has_settled() {
    let seen =
        Seen::well()
            .without(1, Role::Answers(0), NEWEST)
            .without(1, Role::SlowPercent(0), NEWEST);
    let span = Span {
        from: at(9),
        minutes: 1,
        seen_at: at(600),
    };
    let counts = counts(&seen.source, &zones(3), span, &seen.answers);
    assert!(counts[&"use1-az1".parse().unwrap()][0].is_some());
}

/// What cdk-multi-az-observability's canary publishes: by AZ ID, each outcome as a metric of its own,
/// the latency of successes in milliseconds.
fn canary() -> Value {
    json!({
        "source": "custom",
        "namespace": "front-end/metrics",
        "requests": ["Success", "Error", "Fault", "Failure"],
        "faults": ["Fault", "Failure"],
        "latency": {"metrics": "SuccessLatency", "unit": "ms"},
        "slowAfterMs": 350,
        "zone": {"dimension": "AZ-ID", "as": "id"},
        "dimensions": {"Operation": "ride", "Region": "us-east-1"},
    })
}

#[test]
fn custom_metrics_are_summed_by_the_zone_as_their_dimension_holds_it() {
    let canary = source(canary());
    let mut seen = Seen::of(canary.clone())
        .with(1, Role::Requests, 5, 55.0)
        .with(1, Role::Faults, 5, 3.0)
        .with(1, Role::Answers(0), 5, 55.0)
        .with(1, Role::SlowPercent(0), 5, 20.0);
    for (series, value) in [(1, 0.0), (2, 3.0), (3, 2.0)] {
        seen.series(1, Role::Requests)[series]
            .points
            .insert(at(5), value);
    }
    seen.series(1, Role::Faults)[1].points.insert(at(5), 2.0);
    assert_eq!(seen.counted(5), (60, 5, 11));
    let query = &queries(&canary, &zones(2))[8];
    assert_eq!(
        query.dimensions,
        BTreeMap::from([
            ("AZ-ID".to_owned(), "use1-az2".to_owned()),
            ("Operation".to_owned(), "ride".to_owned()),
            ("Region".to_owned(), "us-east-1".to_owned()),
        ])
    );
    let last = queries(&canary, &zones(1)).pop().unwrap();
    assert_eq!(last.statistic, "PR(350:)", "in the unit of the metric");
}

/// A minute of a zone with metrics by instance: the zone's requests, and the requests and faults of
/// each instance.
fn by_instance(requests: f64, instances: &[(&str, f64, f64)]) -> Seen {
    let mut settings = canary();
    settings["requests"] = json!("Requests");
    settings["faults"] = json!("Faults");
    settings["instance"] = json!({"dimension": "InstanceId"});
    let mut seen = Seen::of(source(settings)).with(1, Role::Requests, 5, requests);
    let plan = plan(&seen.source, &zones(3));
    for (id, requests, faults) in instances {
        for (role, value) in [(Role::Requests, *requests), (Role::Faults, *faults)] {
            let planned = plan
                .iter()
                .find(|planned| planned.split && planned.role == role)
                .unwrap();
            let series = seen.answers.get_mut(&planned.query.id).unwrap();
            let points = BTreeMap::from([(at(5), value)]);
            series.instances.insert((*id).to_owned(), points);
        }
    }
    seen
}

#[test]
fn instances_are_searched_for_and_counted_each() {
    let seen = by_instance(100.0, &[("i-1", 60.0, 30.0), ("i-2", 40.0, 0.0)]);
    let counted: Vec<(String, u64, u64)> = seen
        .minute(5)
        .unwrap()
        .instances
        .into_iter()
        .map(|instance| (instance.id, instance.requests, instance.faults))
        .collect();
    assert_eq!(
        counted,
        [("i-1".to_owned(), 60, 30), ("i-2".to_owned(), 40, 0)]
    );
    let searches: Vec<String> = queries(&seen.source, &zones(1))
        .iter()
        .filter_map(MetricQuery::search)
        .collect();
    insta::assert_snapshot!(searches.join("\n"), @r#"
    SEARCH('{"front-end/metrics","AZ-ID","Operation","Region","InstanceId"} MetricName="Requests" "AZ-ID"="use1-az1" "Operation"="ride" "Region"="us-east-1"', 'Sum', 60)
    SEARCH('{"front-end/metrics","AZ-ID","Operation","Region","InstanceId"} MetricName="Faults" "AZ-ID"="use1-az1" "Operation"="ride" "Region"="us-east-1"', 'Sum', 60)
    SEARCH('{"front-end/metrics","AZ-ID","Operation","Region","InstanceId"} MetricName="SuccessLatency" "AZ-ID"="use1-az1" "Operation"="ride" "Region"="us-east-1"', 'SampleCount', 60)
    SEARCH('{"front-end/metrics","AZ-ID","Operation","Region","InstanceId"} MetricName="SuccessLatency" "AZ-ID"="use1-az1" "Operation"="ride" "Region"="us-east-1"', 'PR(350:)', 60)
    "#);
}

#[test]
fn an_instance_counts_that_was_given_requests_or_failed_without_and_no_other() {
    let seen = by_instance(
        100.0,
        &[("i-1", 99.0, 0.0), ("i-2", 0.0, 1.0), ("i-3", 0.0, 0.0)],
    );
    let counted = seen.minute(5).unwrap().instances;
    let ids: Vec<&str> = counted.iter().map(|counted| counted.id.as_str()).collect();
    assert_eq!(ids, ["i-1", "i-2"]);
}

#[test]
fn a_minute_with_requests_of_which_no_instance_is_known_is_unknown() {
    assert_eq!(by_instance(100.0, &[]).minute(5), None);
    assert!(by_instance(0.0, &[]).minute(5).is_some());
    let mut cut_off = by_instance(100.0, &[("i-1", 60.0, 30.0)]);
    for series in cut_off.answers.values_mut() {
        series.complete = series.instances.is_empty();
    }
    assert_eq!(cut_off.minute(5), None, "there may be more instances");
}

#[test]
fn where_there_are_more_instances_than_a_search_finds_none_is_counted() {
    let ids: Vec<String> = (0..MOST_INSTANCES).map(|n| format!("i-{n}")).collect();
    let all: Vec<(&str, f64, f64)> = ids.iter().map(|id| (id.as_str(), 1.0, 0.0)).collect();
    let few = by_instance(500.0, &all[1..]);
    assert_eq!(few.minute(5).unwrap().instances.len(), MOST_INSTANCES - 1);
    assert!(
        by_instance(500.0, &all)
            .minute(5)
            .unwrap()
            .instances
            .is_empty()
    );
}

#[test]
fn every_wrong_field_is_named_with_its_remedy() {
    let balancer = |field: &str, value: Value| {
        let mut settings = json!({"source": "alb", "loadBalancer": "app/front/50dc6c495c0c9188", "slowAfterMs": 350});
        settings[field] = value;
        settings
    };
    let custom = |pointer: &str, value: Value| {
        let mut settings = canary();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let parent = settings.pointer_mut(parent).unwrap();
        if value.is_null() {
            parent.as_object_mut().unwrap().remove(key);
        } else {
            parent[key] = value;
        }
        settings
    };
    let many: Vec<String> = (0..200).map(|n| format!("Requests{n}")).collect();
    let cases = [
        json!({}),
        json!({"source": 1}),
        json!({"source": "logs"}),
        json!({"source": "alb"}),
        balancer("loadBalancer", json!("front")),
        balancer("loadBalancer", json!("net/front/50dc6c495c0c9188")),
        balancer(
            "loadBalancer",
            json!(
                "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/front/50dc6c495c0c9188"
            ),
        ),
        balancer("slowAfterMs", json!(0)),
        balancer("slowAfterMs", json!("350ms")),
        balancer("targetGroups", json!(["web"])),
        balancer("crossZone", json!("on")),
        balancer("crossZone", json!("maybe")),
        balancer("slowAfter", json!(350)),
        json!({"source": "nlb", "loadBalancer": "app/front/1"}),
        json!({"source": "nlb", "loadBalancer": "net/front/1", "slowAfterMs": 350}),
        custom("/namespace", json!("")),
        custom("/requests", json!([])),
        custom("/requests", json!(1)),
        custom("/faults", json!(["Fault", "Fault"])),
        custom("/faults", Value::Null),
        custom("/slow", json!("Slow")),
        custom("/slowAfterMs", Value::Null),
        custom("/latency", Value::Null),
        custom("/latency/unit", json!("us")),
        custom("/zone", Value::Null),
        custom("/zone/as", json!("az")),
        custom("/zone/dimension", json!("")),
        custom("/dimensions/AZ-ID", json!("use1-az1")),
        custom("/dimensions/Operation", json!("")),
        custom("/requests", json!(many)),
        custom("/instance", json!("InstanceId")),
        custom("/instance", json!({"dimension": "AZ-ID"})),
        custom("/instance", json!({"dimension": "I".repeat(250)})),
        {
            let mut settings = canary();
            settings["instance"] = json!({"dimension": "I".repeat(250)});
            settings["dimensions"]["Operation"] = json!("r".repeat(250));
            settings["namespace"] = json!("n".repeat(250));
            settings["dimensions"]["D".repeat(120)] = json!("d".repeat(200));
            settings
        },
        json!({
            "source": "custom",
            "namespace": "the \"shop\"",
            "requests": "Requests",
            "faults": "Faults",
            "zone": {"dimension": "AZ", "as": "name"},
            "instance": {"dimension": "InstanceId"},
        }),
    ];
    let told: Vec<String> = cases
        .into_iter()
        .map(|settings| {
            let Value::Object(settings) = settings else {
                panic!("an object")
            };
            match read("evidence", settings, &zones(3)) {
                Ok(source) => format!("accepted: {source}"),
                Err(problems) => problems
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join("\n"),
            }
        })
        .collect();
    insta::assert_snapshot!(told.join("\n\n"));
}

#[test]
fn cross_zone_load_balancing_that_is_said_to_be_off_is_accepted() {
    let said = source(
        json!({"source": "nlb", "loadBalancer": "net/front/50dc6c495c0c9188", "crossZone": "off"}),
    );
    assert_eq!(said, nlb());
}

fn refused(settings: Value) -> Vec<String> {
    let Value::Object(settings) = settings else {
        panic!("an object")
    };
    let Err(problems) = read("evidence", settings, &zones(3)) else {
        return Vec::new();
    };
    problems
        .iter()
        .map(|problem| problem.field.clone())
        .collect()
}

#[test]
fn a_load_balancer_is_named_by_three_parts_of_letters_digits_and_dashes() {
    for (name, good) in [
        ("app/front-end/50dc6c495c0c9188", true),
        ("app/front_end/50dc6c495c0c9188", false),
        ("app//50dc6c495c0c9188", false),
        ("app/front/", false),
        ("app/front/50dc6c495c0c9188/extra", false),
    ] {
        let refused = refused(json!({"source": "alb", "loadBalancer": name, "slowAfterMs": 350}));
        assert_eq!(refused.is_empty(), good, "{name}: {refused:?}");
    }
}

#[test]
fn a_namespace_and_a_search_may_be_as_long_as_cloudwatch_takes_and_no_longer() {
    let mut settings = canary();
    for (length, good) in [(1, true), (255, true), (256, false), (257, false)] {
        settings["namespace"] = json!("n".repeat(length));
        assert_eq!(refused(settings.clone()).is_empty(), good, "{length}");
    }
    // Every character more in a name makes the search as much longer.
    settings = canary();
    settings["instance"] = json!({"dimension": "InstanceId"});
    settings["namespace"] = json!("n");
    let with = |length: usize| {
        let mut settings = settings.clone();
        settings["dimensions"]["Operation"] = json!("o".repeat(length));
        settings["dimensions"]["Region"] = json!("r".repeat(255));
        settings["instance"]["dimension"] = json!("i".repeat(255));
        settings["zone"]["dimension"] = json!("z".repeat(100));
        settings
    };
    let longest = |settings: Value| {
        let queries = queries(&source(settings), &zones(3));
        let searches = queries.iter().filter_map(MetricQuery::search);
        searches.map(|search| search.len()).max()
    };
    let room = 1024 - longest(with(1)).unwrap();
    assert!(room < 254, "{room}");
    assert_eq!(longest(with(1 + room)), Some(1024));
    assert_eq!(refused(with(2 + room)), ["evidence.instance"]);
}
