//! `evac preflight`: nothing is wrong with a sound workload, and each misconfiguration is found by its
//! check. The executable asks over HTTP, as it asks AWS; what is misconfigured is so in the Region.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may panic"
)]

mod running;

use std::collections::BTreeSet;
use std::process::Output;

use aws_sdk_autoscaling::types::Tag;
use aws_sdk_cloudwatch::types::StateValue;
use aws_sdk_eventbridge::config::{
    BehaviorVersion, Credentials, Region, SharedCredentialsProvider,
};
use pipeline_tests::{Pipeline, scenario_named};
use region::fault::{ApiFault, Calls, FaultKind};
use region::lambda::EventInvokeConfig;
use region::operation::Service;
use region::stage::{ASG_PRUNING, CLASSIFIER, GROUP, Stage, ZONAL_SHIFT};
use region::transport::http::{Listening, listen};
use running::on_call;
use serde_json::{Value, json};

const ZONE: &str = "use1-az1";
const ALARM: &str = "use1-az1-wildrydes-isolated-impact-aggregate-alarm";
const WEB: &str =
    "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/web/0123456789abcdef";

/// A Region that listens, with Evac in it.
struct Account {
    pipeline: Pipeline,
    door: Listening,
}

impl Account {
    async fn sound() -> Self {
        Self::with(|_| {}).await
    }

    /// One whose definition, or whose Region, is changed before Evac watches it.
    async fn with(change: impl FnOnce(&mut Stage)) -> Self {
        let pipeline = Pipeline::changed(&scenario_named("healthy"), change);
        let door = listen(pipeline.region(), 0).await.unwrap();
        Self { pipeline, door }
    }

    async fn evac(&self, arguments: &[&str]) -> Output {
        let mut command = on_call(&self.door.endpoint());
        command.args(arguments);
        tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap()
    }

    /// The checks that are not simply good, each with its state, what was found and the remedy; and whether
    /// the exit status says ready.
    async fn preflight(&self) -> (bool, Vec<Value>) {
        let arguments = ["preflight", "--workload", "wildrydes", "--format", "json"];
        let output = self.evac(&arguments).await;
        let told: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
        assert_eq!(told["schema"], "evac.preflight/1");
        let ready = output.status.success();
        assert_eq!(told["ready"], json!(ready));
        let findings = told["findings"].as_array().unwrap().clone();
        let not_good = findings.into_iter().filter(|one| one["state"] != "good");
        (ready, not_good.collect())
    }

    /// That exactly these checks are not good, that the one that is looked for says this, and has a remedy.
    #[track_caller]
    fn assert_found(seen: &(bool, Vec<Value>), checks: &[&str], says: &str) {
        let (ready, findings) = seen;
        let found: BTreeSet<&str> = findings
            .iter()
            .map(|one| one["check"].as_str().unwrap())
            .collect();
        assert_eq!(found, checks.iter().copied().collect(), "{findings:#?}");
        assert!(!ready, "{findings:#?}");
        let is_it = |one: &&Value| {
            one["check"] == checks[0] && one["what"].as_str().unwrap().contains(says)
        };
        let it = findings.iter().find(is_it);
        let it = it.unwrap_or_else(|| panic!("{says}: {findings:#?}"));
        assert_eq!(it["state"], "failed", "{it:#}");
        assert!(
            it["remedy"]
                .as_str()
                .is_some_and(|remedy| !remedy.is_empty()),
            "{it:#}"
        );
    }

    async fn finds(&self, checks: &[&str], says: &str) {
        Self::assert_found(&self.preflight().await, checks, says);
    }

    fn config(&self) -> aws_config::SdkConfig {
        aws_config::SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
                "somebody", "embedded", None, None, "test",
            )))
            .endpoint_url(self.door.endpoint())
            .build()
    }

    fn events(&self) -> aws_sdk_eventbridge::Client {
        aws_sdk_eventbridge::Client::new(&self.config())
    }

    fn alarms(&self) -> aws_sdk_cloudwatch::Client {
        aws_sdk_cloudwatch::Client::new(&self.config())
    }

    fn groups(&self) -> aws_sdk_autoscaling::Client {
        aws_sdk_autoscaling::Client::new(&self.config())
    }

    fn topics(&self) -> aws_sdk_sns::Client {
        aws_sdk_sns::Client::new(&self.config())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_wrong_with_a_sound_workload() {
    let account = Account::sound().await;
    assert_eq!(account.preflight().await, (true, Vec::new()));
    let output = account
        .evac(&["preflight", "--workload", "wildrydes"])
        .await;
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(
        told.lines().all(|line| line.chars().count() <= 100),
        "{told}"
    );
    insta::assert_snapshot!(told.trim_end(), @r"
    ok      evac           the classifier runs
    ok      mode           it acts by itself
    ok      tick           its rule is enabled
    ok      alarm rule     it is enabled and takes every alarm of the definition
    ok      alarms         all are there, have data, and are calm
    ok      resources      ARC manages each, and the lead is in every zone
    ok      shifts         none is in force
    ok      cross-zone     off in every target group
    ok      groups         all are there, whole, and can be pruned
    ok      balance        each group has as much in each zone
    ok      capacity       the zones that stay can carry the traffic of any one
    ok      maximum        each group may grow by what a zone holds
    ok      addresses      the subnets of each zone have room for what another zone would send
    ok      messages       somebody is subscribed and has agreed
    ok      dead letters   the queues are empty
    ok      permissions    the functions may do what they have to

    wildrydes is ready
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn evac_that_is_stopped() {
    for function in [CLASSIFIER, ZONAL_SHIFT, ASG_PRUNING] {
        let account = Account::sound().await;
        let region = account.pipeline.region();
        (region.state().lambda).reserve_concurrency(function, Some(0));
        // What only the classifier can tell is not known then.
        let checks = ["evac", "resources", "shifts", "groups", "capacity"];
        let told = format!("STOPPED: the reserved concurrency of {function} is 0");
        account.finds(&checks, &told).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tick_that_is_disabled() {
    let account = Account::sound().await;
    let rule = account.events().disable_rule().name("wildrydes-tick");
    rule.send().await.unwrap();
    account.finds(&["tick"], "wildrydes-tick is disabled").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tick_that_is_missing() {
    let account = Account::sound().await;
    account
        .pipeline
        .region()
        .state()
        .events
        .remove_rule("wildrydes-tick");
    account.finds(&["tick"], "ResourceNotFoundException").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_for_alarms_that_is_disabled() {
    let account = Account::sound().await;
    let rule = account.events().disable_rule().name("wildrydes");
    rule.send().await.unwrap();
    account.finds(&["alarm rule"], "no alarm wakes Evac").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_for_alarms_that_is_missing() {
    let account = Account::sound().await;
    account
        .pipeline
        .region()
        .state()
        .events
        .remove_rule("wildrydes");
    account.finds(&["alarm rule"], "no alarm wakes Evac").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_does_not_take_an_alarm() {
    let account = Account::sound().await;
    let pattern = json!({"source": ["aws.cloudwatch"], "detail": {"alarmName": ["another"]}});
    let rule = account.events().put_rule().name("wildrydes");
    rule.event_pattern(pattern.to_string())
        .send()
        .await
        .unwrap();
    account.finds(&["alarm rule"], ALARM).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_that_is_missing() {
    let account = Account::sound().await;
    let deleted = account.alarms().delete_alarms().alarm_names(ALARM);
    deleted.send().await.unwrap();
    account.finds(&["alarms"], "there is no alarm").await;
}

async fn alarm_is(state: StateValue, says: &str) {
    let account = Account::sound().await;
    let alarm = account.alarms().set_alarm_state().alarm_name(ALARM);
    let alarm = alarm.state_value(state).state_reason("the test says so");
    alarm.send().await.unwrap();
    account.finds(&["alarms"], says).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_without_data() {
    alarm_is(StateValue::InsufficientData, "cannot go off").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_that_rings() {
    alarm_is(StateValue::Alarm, "is in ALARM now").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resource_that_arc_does_not_manage() {
    let other = "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/app/back/0123456789abcdef";
    let account = Account::with(|stage| {
        stage.workload["resources"]
            .as_array_mut()
            .unwrap()
            .push(json!(other));
    })
    .await;
    // Elastic Load Balancing does not have it either.
    account
        .finds(&["resources", "cross-zone"], "app/back")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zone_without_the_lead() {
    let account = Account::with(|stage| {
        stage.workload["zones"]["use1-az6"] = json!({"name": "us-east-1f"});
        stage.workload["alarms"]["zonal"]["use1-az6"] = json!("use1-az6-wildrydes");
    })
    .await;
    let seen = account.preflight().await;
    let of_resources = seen
        .1
        .iter()
        .find(|one| one["check"] == "resources")
        .unwrap();
    assert!(
        of_resources["what"].as_str().unwrap().contains("use1-az6"),
        "{seen:#?}"
    );
    assert!(!seen.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shift_that_somebody_left() {
    let account = Account::sound().await;
    let resource = account.pipeline.stage.workload["resources"][0].clone();
    let arc = aws_sdk_arczonalshift::Client::new(&account.config());
    arc.start_zonal_shift()
        .resource_identifier(resource.as_str().unwrap())
        .away_from(ZONE)
        .expires_in("1h")
        .comment("by hand")
        .send()
        .await
        .unwrap();
    account.finds(&["shifts"], "app/front").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cross_zone_load_balancing_is_remarked_upon() {
    let account = Account::sound().await;
    account
        .pipeline
        .region()
        .state()
        .load_balancing
        .say_cross_zone(WEB);
    let (ready, findings) = account.preflight().await;
    assert!(ready, "{findings:#?}");
    let [finding] = findings.as_slice() else {
        panic!("{findings:#?}")
    };
    assert_eq!(
        (&finding["check"], &finding["state"]),
        (&json!("cross-zone"), &json!("remark"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn observing_is_remarked_upon() {
    let account = Account::with(|stage| stage.workload["policy"]["mode"] = json!("observe")).await;
    let (ready, findings) = account.preflight().await;
    assert!(ready, "{findings:#?}");
    let [finding] = findings.as_slice() else {
        panic!("{findings:#?}")
    };
    assert_eq!(
        (&finding["check"], &finding["state"]),
        (&json!("mode"), &json!("remark"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_is_missing() {
    let account = Account::with(|stage| {
        stage.workload["autoScalingGroups"] = json!({"names": [GROUP, "gone"]});
    })
    .await;
    account.finds(&["groups"], "there is no group gone").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_nobody_can_read() {
    let account = Account::sound().await;
    let tag = Tag::builder()
        .resource_id(GROUP)
        .resource_type("auto-scaling-group");
    let tag = tag
        .key("evac:pruned")
        .value("???")
        .propagate_at_launch(false);
    let tags = account.groups().create_or_update_tags().tags(tag.build());
    tags.send().await.unwrap();
    account.finds(&["groups"], GROUP).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_cannot_be_pruned() {
    let account = Account::sound().await;
    let subnets: Vec<String> = {
        let state = account.pipeline.region().state();
        let subnets = state.auto_scaling.subnets().take(2);
        subnets.map(|(subnet, _, _)| subnet.to_string()).collect()
    };
    let group = account.groups().update_auto_scaling_group();
    let group = group
        .auto_scaling_group_name(GROUP)
        .vpc_zone_identifier(subnets.join(","));
    group.send().await.unwrap();
    let seen = account.preflight().await;
    assert!(
        seen.1.iter().any(|one| one["check"] == "groups"),
        "{seen:#?}"
    );
    assert!(!seen.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn zones_that_cannot_carry_what_another_one_carries() {
    let account = Account::with(|stage| {
        stage.workload["policy"]["hostRequestsPerMinute"] = json!(1);
    })
    .await;
    account.finds(&["capacity"], "without use1-az1: ").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_may_not_grow() {
    let account = Account::sound().await;
    let group = account.groups().update_auto_scaling_group();
    let group = group.auto_scaling_group_name(GROUP).max_size(9);
    group.send().await.unwrap();
    account
        .finds(&["maximum"], "may have 9 instances and wants 9")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subnet_without_free_addresses() {
    let account = Account::sound().await;
    let subnet = {
        let state = account.pipeline.region().state();
        let first = state.auto_scaling.subnets().next().unwrap();
        first.0.clone()
    };
    account
        .pipeline
        .region()
        .state()
        .around
        .leave_free(subnet, 0);
    account.finds(&["addresses"], "0 free addresses").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definition_with_the_subnets_of_another_zone() {
    let account = Account::with(|stage| {
        let zones = &mut stage.workload["zones"];
        let (first, second) = (
            zones["use1-az1"]["subnets"].take(),
            zones["use1-az2"]["subnets"].take(),
        );
        zones["use1-az1"]["subnets"] = second;
        zones["use1-az2"]["subnets"] = first;
    })
    .await;
    account.finds(&["addresses"], "and not in use1-az").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_nobody_hears() {
    let account = Account::sound().await;
    let topics = account.topics();
    let topic = account.pipeline.stage.topic.clone();
    let listed = topics.list_subscriptions_by_topic().topic_arn(&topic);
    for one in listed.send().await.unwrap().subscriptions() {
        let ended = topics
            .unsubscribe()
            .subscription_arn(one.subscription_arn().unwrap());
        ended.send().await.unwrap();
    }
    account.finds(&["messages"], "nobody hears of").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_has_not_agreed_to_hear() {
    let account = Account::sound().await;
    let topic = account.pipeline.stage.topic.clone();
    let subscribe = account
        .topics()
        .subscribe()
        .topic_arn(topic)
        .protocol("email");
    subscribe.endpoint("new@example.com").send().await.unwrap();
    account
        .finds(&["messages"], "new@example.com has not agreed")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters() {
    let account = Account::sound().await;
    let region = account.pipeline.region();
    let now = region.now();
    region
        .state()
        .lambda
        .enqueue(CLASSIFIER, json!({"nonsense": true}), now);
    account.pipeline.minutes(6).await;
    account
        .finds(&["dead letters"], "evac-failed holds about 1")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_whose_failures_get_lost() {
    let account = Account::sound().await;
    {
        let mut state = account.pipeline.region().state();
        let now = state.now();
        for function in [CLASSIFIER, ZONAL_SHIFT, ASG_PRUNING] {
            let config = EventInvokeConfig {
                maximum_retry_attempts: Some(2),
                ..EventInvokeConfig::default()
            };
            state
                .lambda
                .put_event_invoke_config(function, config, now)
                .unwrap();
        }
    }
    account
        .finds(&["dead letters"], "no function has a queue")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_may_not_shift() {
    let account = Account::sound().await;
    let fault = ApiFault {
        calls: Calls {
            service: Service::ArcZonalShift,
            operation: Some("StartZonalShift".to_owned()),
        },
        ..ApiFault::of(Service::ArcZonalShift, FaultKind::AccessDenied)
    };
    account.pipeline.region().inject(fault);
    account
        .finds(&["permissions"], "arc-zonal-shift:StartZonalShift")
        .await;
}

/// What nobody could look at is not ready, and says which permission is wanting.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_unknown() {
    let account = Account::sound().await;
    let fault = ApiFault::of(Service::Ec2, FaultKind::AccessDenied);
    account.pipeline.region().inject(fault);
    let (ready, findings) = account.preflight().await;
    let [finding] = findings.as_slice() else {
        panic!("{findings:#?}")
    };
    assert!(!ready);
    assert_eq!(
        (&finding["check"], &finding["state"]),
        (&json!("addresses"), &json!("unknown"))
    );
    assert!(
        finding["what"]
            .as_str()
            .unwrap()
            .contains("ec2:DescribeSubnets"),
        "{finding:#}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_usage_names_the_flag() {
    let account = Account::sound().await;
    for (arguments, wanted) in [
        (&["preflight"][..], "--workload"),
        (
            &["preflight", "--workload", "unicorn"],
            "--workload unicorn: no EventBridge rule",
        ),
    ] {
        let output = account.evac(arguments).await;
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(errors.contains(wanted), "{errors}");
    }
}
