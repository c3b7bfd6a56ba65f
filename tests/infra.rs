//! What `infra/` synthesizes, played: its alarms are put into the embedded Region, its rule and its
//! transformer wake the real classifier, and its definitions are those that the functions take.
//!
//! `infra/synthesized/` holds the templates; a test of `infra/` notices when they are not current.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may panic"
)]

mod running;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::process::{Command, Stdio};

use domain::AccountId;
use jiff::SignedDuration;
use pipeline_tests::{Pipeline, scenario_named};
use region::cloudwatch::{
    Actions, AlarmType, CompositeAlarmConfig, DescribeAlarms, DescribeHistory, MetricAlarmConfig,
    MetricId, MetricStat, Query, Source, StateValue, Threshold, Watch,
};
use region::eventbridge::{Input, Pattern, Rule, Target, Transformer, Trigger};
use region::scenario::Scenario;
use region::stage::{CLASSIFIER, RULES, Stage};
use running::executable;
use serde_json::{Value, json};

fn read(path: &str) -> Value {
    let path = format!("{}/../infra/{path}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The synthesized template of the workload that the embedded Region has.
struct Template(Value);

impl Template {
    fn wildrydes() -> Self {
        Self(read("synthesized/wildrydes.template.json"))
    }

    fn properties(&self, kind: &str) -> Vec<&Value> {
        let resources = self.0["Resources"].as_object().unwrap().values();
        let of_kind = resources.filter(|resource| resource["Type"] == kind);
        of_kind.map(|resource| &resource["Properties"]).collect()
    }

    fn rule(&self, name: &str) -> &Value {
        let rules = self.properties("AWS::Events::Rule");
        rules.into_iter().find(|rule| rule["Name"] == name).unwrap()
    }

    /// What the tick sends.
    fn tick(&self) -> Value {
        let input = self.rule("evac-wildrydes-tick")["Targets"][0]["Input"].as_str();
        serde_json::from_str(input.unwrap()).unwrap()
    }

    fn pattern(&self) -> Pattern {
        Pattern::parse(&self.rule("evac-wildrydes")["EventPattern"]).unwrap()
    }

    /// The workload's own rules, as the Region's EventBridge takes them.
    fn rules(&self) -> Vec<Rule> {
        let target = &self.rule("evac-wildrydes")["Targets"][0]["InputTransformer"];
        assert!(target.get("InputPathsMap").is_none(), "{target}");
        let template = target["InputTemplate"].as_str().unwrap();
        let transformer = Transformer::new(&BTreeMap::new(), template).unwrap();
        let schedule = &self.rule("evac-wildrydes-tick")["ScheduleExpression"];
        assert_eq!(*schedule, "rate(1 minute)");
        let rule = |name: &str, trigger, input| Rule {
            name: name.to_owned(),
            trigger,
            enabled: true,
            targets: vec![Target {
                id: CLASSIFIER.to_owned(),
                function: CLASSIFIER.to_owned(),
                input,
            }],
        };
        vec![
            rule(
                "evac-wildrydes",
                Trigger::Pattern(self.pattern()),
                Input::Transformed(transformer),
            ),
            rule(
                "evac-wildrydes-tick",
                Trigger::Rate { seconds: 60 },
                Input::Constant(self.tick()),
            ),
        ]
    }

    /// Puts the alarms into a Region instead of those that it has: those that watch the workload, and
    /// not those that watch Evac.
    fn put_alarms(&self, stage: &Stage) {
        let mut state = stage.region.state();
        let now = state.now();
        for kind in [AlarmType::Composite, AlarmType::Metric] {
            let all = DescribeAlarms {
                types: Some(vec![kind]),
                max_records: Some(100),
                ..DescribeAlarms::default()
            };
            let (page, _) = state.cloudwatch.describe_alarms(&all).unwrap();
            let names: Vec<String> = page
                .items
                .iter()
                .map(|alarm| alarm.name().to_owned())
                .collect();
            // Those that refer to others go first, one by one.
            let mut names: Vec<String> = names.into_iter().rev().collect();
            names.sort_by_key(|name| !name.contains("regional"));
            for name in names {
                state.cloudwatch.delete_alarms(&[name], now).unwrap();
            }
        }
        let own = |alarm: &&Value| !text(&alarm["AlarmName"]).starts_with("evac-");
        let metric_alarms = self.properties("AWS::CloudWatch::Alarm");
        for alarm in metric_alarms.into_iter().filter(own) {
            state
                .cloudwatch
                .put_metric_alarm(metric_alarm(alarm), now)
                .unwrap();
        }
        let mut composites = self.properties("AWS::CloudWatch::CompositeAlarm");
        // The regional alarm refers to the others.
        composites.sort_by_key(|alarm| text(&alarm["AlarmName"]).contains("regional"));
        for alarm in composites {
            let config = CompositeAlarmConfig {
                name: text(&alarm["AlarmName"]),
                description: Some(text(&alarm["AlarmDescription"])),
                actions: Actions::default(),
                rule: text(&alarm["AlarmRule"]),
                suppressor: None,
            };
            state.cloudwatch.put_composite_alarm(config, now).unwrap();
        }
    }
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
        .to_owned()
}

fn number(value: &Value) -> u32 {
    value.as_u64().unwrap().try_into().unwrap()
}

/// The inputs of PutMetricAlarm that CloudFormation makes of an alarm's properties.
fn metric_alarm(alarm: &Value) -> MetricAlarmConfig {
    let queries = alarm["Metrics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|query| Query {
            id: text(&query["Id"]),
            label: None,
            return_data: query["ReturnData"] == true,
            source: match query.get("MetricStat") {
                None => Source::Expression {
                    text: text(&query["Expression"]),
                    period: query.get("Period").map(number),
                },
                Some(stat) => {
                    let metric = &stat["Metric"];
                    let dimensions = metric["Dimensions"].as_array().unwrap();
                    let named =
                        MetricId::new(text(&metric["Namespace"]), text(&metric["MetricName"]));
                    let metric = dimensions.iter().fold(named, |metric, dimension| {
                        metric.with(text(&dimension["Name"]), text(&dimension["Value"]))
                    });
                    Source::Metric(MetricStat {
                        metric,
                        period: number(&stat["Period"]),
                        stat: text(&stat["Stat"]).parse().unwrap(),
                        unit: None,
                    })
                }
            },
        });
    MetricAlarmConfig {
        name: text(&alarm["AlarmName"]),
        description: Some(text(&alarm["AlarmDescription"])),
        actions: Actions::default(),
        watch: Watch::Math(queries.collect()),
        threshold: Threshold {
            comparison: text(&alarm["ComparisonOperator"]).parse().unwrap(),
            value: alarm["Threshold"].as_f64().unwrap(),
            evaluation_periods: number(&alarm["EvaluationPeriods"]),
            datapoints_to_alarm: Some(number(&alarm["DatapointsToAlarm"])),
            missing_data: Some(text(&alarm["TreatMissingData"]).parse().unwrap()),
        },
    }
}

fn isolated(zone: &str) -> String {
    format!("{zone}-wildrydes-isolated-impact-aggregate-alarm")
}

const REGIONAL: &str = "wildrydes-regional-impact-alarm";

/// A Region in a scenario with the template's alarms, in which nobody acts.
fn watched(scenario: &Scenario) -> Stage {
    let stage = Stage::set(scenario, 1).unwrap();
    Template::wildrydes().put_alarms(&stage);
    stage
}

/// Which composite alarms have gone off so far.
fn gone_off(stage: &Stage) -> BTreeSet<String> {
    let state = stage.region.state();
    let history = DescribeHistory {
        alarm_types: Some(vec![AlarmType::Composite]),
        max_records: Some(100),
        ..DescribeHistory::default()
    };
    let page = state.cloudwatch.describe_alarm_history(&history).unwrap();
    assert_eq!(page.next_token, None, "more transitions than are looked at");
    let items = page
        .items
        .iter()
        .filter(|item| item.summary.ends_with("to ALARM"));
    items.map(|item| item.alarm_name.clone()).collect()
}

fn state_of(stage: &Stage, name: &str) -> StateValue {
    let state = stage.region.state();
    let asked = DescribeAlarms {
        names: Some(vec![name.to_owned()]),
        types: Some(vec![AlarmType::Composite, AlarmType::Metric]),
        ..DescribeAlarms::default()
    };
    let (page, _) = state.cloudwatch.describe_alarms(&asked).unwrap();
    page.items.first().expect("the alarm").state().value
}

/// Plays a scenario to its end, and tells which composite alarms went off.
async fn played(name: &str) -> (Stage, BTreeSet<String>) {
    let scenario = scenario_named(name);
    let stage = watched(&scenario);
    stage.region.advance(scenario.lasts.length()).await;
    let gone_off = gone_off(&stage);
    (stage, gone_off)
}

#[tokio::test(start_paused = true)]
async fn a_zones_alarm_goes_off_where_that_zone_alone_hurts_its_customers() {
    for (scenario, zone) in [
        ("zonal-latency", "use1-az1"),
        ("zonal-errors", "use1-az2"),
        ("bad-deployment", "use1-az3"),
        ("uneven-traffic", "use1-az1"),
        ("most-of-the-traffic", "use1-az1"),
        ("flapping", "use1-az2"),
    ] {
        let (_, gone_off) = played(scenario).await;
        assert_eq!(gone_off, BTreeSet::from([isolated(zone)]), "{scenario}");
    }
}

#[tokio::test(start_paused = true)]
async fn it_stays_quiet_where_the_zone_is_not_the_cause() {
    for scenario in ["healthy", "single-instance"] {
        let (_, gone_off) = played(scenario).await;
        assert_eq!(gone_off, BTreeSet::new(), "{scenario}");
    }
    for scenario in ["regional", "two-zones"] {
        let (_, gone_off) = played(scenario).await;
        assert_eq!(
            gone_off,
            BTreeSet::from([REGIONAL.to_owned()]),
            "{scenario}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn it_goes_off_within_four_minutes_and_recovers_with_the_zone() {
    // The zone fails from the second to the twelfth minute, and nobody acts.
    let stage = watched(&scenario_named("fail-back"));
    let alarm = isolated("use1-az2");
    stage.region.advance(SignedDuration::from_mins(2)).await;
    assert_eq!(state_of(&stage, &alarm), StateValue::Ok);
    stage.region.advance(SignedDuration::from_mins(4)).await;
    assert_eq!(state_of(&stage, &alarm), StateValue::Alarm);
    stage.region.advance(SignedDuration::from_mins(10)).await;
    assert_eq!(state_of(&stage, &alarm), StateValue::Ok);
    assert_eq!(gone_off(&stage), BTreeSet::from([alarm]));
}

/// A pipeline that the template's rules wake, with the template's definition and the template's alarms.
fn deployed(scenario: &str) -> Pipeline {
    woken_by(scenario, &["evac-wildrydes", "evac-wildrydes-tick"])
}

/// The same, with some of the rules only.
fn woken_by(scenario: &str, rules: &[&str]) -> Pipeline {
    let template = Template::wildrydes();
    let definition = template.tick()["workload"].clone();
    let pipeline = Pipeline::changed(&scenario_named(scenario), |stage| {
        template.put_alarms(stage);
        stage.workload = definition;
    });
    {
        let mut state = pipeline.region().state();
        let now = state.now();
        for rule in RULES {
            state.events.remove_rule(rule);
        }
        let woken = |rule: &Rule| rules.contains(&rule.name.as_str());
        for rule in template.rules().into_iter().filter(woken) {
            state.events.put_rule(rule, now).unwrap();
        }
    }
    pipeline
}

#[tokio::test(start_paused = true)]
async fn the_template_as_it_is_evacuates_the_zone_that_hurts_its_customers() {
    for (scenario, zone, subnet) in [
        ("zonal-latency", "use1-az1", "subnet-01000000000000001"),
        ("zonal-errors", "use1-az2", "subnet-02000000000000001"),
    ] {
        let pipeline = deployed(scenario);
        pipeline.minutes(8).await;
        assert_eq!(pipeline.shifted(), [zone], "{scenario}");
        let subnets = pipeline.subnets();
        assert_eq!(subnets.len(), 2, "{scenario}");
        assert!(
            !subnets.contains(&subnet.to_owned()),
            "{scenario}: {subnets:?}"
        );
        let subjects = pipeline.subjects();
        assert!(
            subjects.contains(&format!("[evac] wildrydes: traffic moved away from {zone}")),
            "{scenario}: {subjects:?}"
        );
        // Its alarm does not freeze in ALARM while the zone is empty.
        pipeline.minutes(20).await;
        assert_eq!(state_of(&pipeline.stage, &isolated(zone)), StateValue::Ok);
        assert_eq!(pipeline.shifted(), [zone], "{scenario}");
        let failures = pipeline.region().state().events.failures().to_vec();
        assert_eq!(failures, [], "{scenario}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_template_as_it_is_leaves_no_zone_where_none_is_the_cause() {
    for scenario in ["healthy", "single-instance", "regional", "two-zones"] {
        let pipeline = deployed(scenario);
        pipeline.play().await;
        assert_eq!(pipeline.mutating(), [""; 0], "{scenario}");
        let failures = pipeline.region().state().events.failures().to_vec();
        assert_eq!(failures, [], "{scenario}");
    }
}

/// The tick would find out by itself what an event that nobody understands was about.
#[tokio::test(start_paused = true)]
async fn an_alarms_event_is_enough_without_the_tick_and_the_tick_without_the_event() {
    for rule in ["evac-wildrydes", "evac-wildrydes-tick"] {
        let pipeline = woken_by("zonal-errors", &[rule]);
        pipeline.minutes(8).await;
        assert_eq!(pipeline.shifted(), ["use1-az2"], "{rule}");
    }
}

/// What the transformer makes of an event.
fn transformed(event: &Value) -> String {
    let template = Template::wildrydes();
    let target = &template.rule("evac-wildrydes")["Targets"][0]["InputTransformer"];
    let text = text(&target["InputTemplate"]);
    text.replace("<aws.events.event.json>", &event.to_string())
}

#[test]
fn the_executable_understands_what_the_transformer_makes_of_the_documented_events() {
    for (event, told) in [
        (alarm_event(&isolated("use1-az2"), "ALARM"), "alarm"),
        (documented("autoshift-in-progress"), "Autoshift In Progress"),
        (documented("autoshift-completed"), "Autoshift Completed"),
    ] {
        let mut explain = Command::new(executable("evac"))
            .args(["explain", "--input", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = explain.stdin.take().unwrap();
        input.write_all(transformed(&event).as_bytes()).unwrap();
        drop(input);
        let output = explain.wait_with_output().unwrap();
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success(),
            "{told}: {printed}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(
            printed.contains("wildrydes") && printed.contains(told),
            "{told}: {printed}"
        );
    }
}

/// An event as AWS documents it.
fn documented(name: &str) -> Value {
    let path = format!("../crates/classifier/tests/fixtures/{name}.json");
    let event = read(&path);
    assert!(event.get("detail").is_some(), "{name} is no event");
    event
}

/// The event of an alarm, as AWS documents it of another.
fn alarm_event(alarm: &str, state: &str) -> Value {
    let mut event = documented("composite");
    event["detail"]["alarmName"] = json!(alarm);
    event["detail"]["state"]["value"] = json!(state);
    event
}

#[test]
fn the_rule_is_for_the_documented_events_and_no_others() {
    let pattern = Template::wildrydes().pattern();
    let mine = isolated("use1-az2");
    for event in [
        alarm_event(&mine, "ALARM"),
        alarm_event(REGIONAL, "ALARM"),
        documented("autoshift-in-progress"),
        documented("autoshift-completed"),
    ] {
        assert!(pattern.matches(&event), "{event:#}");
    }
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut event = alarm_event(&mine, "ALARM");
        change(&mut event);
        event
    };
    for event in [
        alarm_event(&mine, "OK"),
        alarm_event(&mine, "INSUFFICIENT_DATA"),
        alarm_event("use1-az2-other-isolated-impact-aggregate-alarm", "ALARM"),
        // What goes off before the zone's alarm does.
        alarm_event("use1-az2-wildrydes-fault-rate", "ALARM"),
        // What Evac does itself must not wake it.
        documented("manual-shift-started"),
        documented("practice-run-interrupted"),
        // Anybody of the account can send events, but none whose source begins with aws.
        changed(&|event| event["source"] = json!("my.cloudwatch")),
        changed(&|event| event["detail-type"] = json!("CloudWatch Alarm Configuration Change")),
    ] {
        assert!(!pattern.matches(&event), "{event:#}");
    }
}

#[test]
fn the_functions_take_every_definition_that_is_synthesized() {
    for (name, account) in [
        ("wildrydes", "000000000000"),
        ("existing-load-balancer", "111122223333"),
        ("multi-az-observability", "111122223333"),
    ] {
        let template = Template(read(&format!("synthesized/{name}.template.json")));
        let account: AccountId = account.parse().unwrap();
        let targets = template.properties("AWS::Events::Rule");
        let inputs: Vec<Value> = targets
            .iter()
            .filter_map(|rule| rule["Targets"][0]["Input"].as_str())
            .filter(|input| *input != "{}")
            .map(|input| serde_json::from_str(input).unwrap())
            .collect();
        assert_eq!(inputs.len(), 1, "{name}");
        let workload = domain::definition::read("workload", &inputs[0]["workload"]).unwrap();
        domain::definition::check_account("workload", &workload, &account).unwrap();
        assert_eq!(inputs[0]["command"]["action"], "reconcile");
    }
}

/// What is refused at synth is what the functions refuse, field by field.
#[test]
fn synth_and_the_functions_refuse_the_same_definitions() {
    let base = json!({
        "name": "wildrydes",
        "zones": {
            "use1-az1": {"name": "us-east-1c", "subnets": ["subnet-0a000001"]},
            "use1-az2": {"name": "us-east-1a", "subnets": ["subnet-0b000001"]},
            "use1-az3": {"name": "us-east-1b", "subnets": ["subnet-0c000001"]},
        },
        "resources": ["arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/front/50dc6c495c0c9188"],
        "autoScalingGroups": {"tag": {"key": "evac:workload", "value": "wildrydes"}},
        "alarms": {"zonal": {"use1-az1": "one", "use1-az2": "two", "use1-az3": "three"}, "regional": ["all"]},
        "policy": {"mode": "evacuate", "expiresIn": "6h"},
    });
    let cases = read("test/definitions.json");
    assert!(cases.as_array().unwrap().len() > 20);
    for case in cases.as_array().unwrap() {
        let mut definition = base.clone();
        let change = case["change"].as_object().unwrap();
        for (field, value) in change {
            definition[field] = value.clone();
        }
        definition
            .as_object_mut()
            .unwrap()
            .retain(|_, value| !value.is_null());
        let refused = domain::definition::read("", &definition).err();
        let fields = refused.iter().flat_map(domain::problem::Problems::iter);
        let fields: BTreeSet<String> = fields
            .map(|problem| problem.field.trim_start_matches('.').to_owned())
            .filter(|field| !(change.contains_key("zones") && field == "alarms.zonal"))
            .collect();
        let expected = case["refused"]
            .as_array()
            .unwrap()
            .iter()
            .map(text)
            .collect();
        assert_eq!(fields, expected, "{}", case["name"]);
    }
}
