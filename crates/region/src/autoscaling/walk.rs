//! A walk through the API with the client that Evac uses.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use aws_sdk_autoscaling::Client;
use aws_sdk_autoscaling::config::retry::RetryConfig;
use aws_sdk_autoscaling::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_autoscaling::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_autoscaling::operation::describe_auto_scaling_groups::builders::DescribeAutoScalingGroupsFluentBuilder;
use aws_sdk_autoscaling::types::{
    AutoScalingGroup, Filter, InstanceRefreshStatus, LifecycleState, ScalingActivityStatusCode, Tag,
};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use domain::{AccountId, SubnetId, ZoneId};
use jiff::{SignedDuration, Timestamp};
use winterbaume_core::MockRequest;

use super::*;

const START: Timestamp = Timestamp::constant(1_900_000_000, 0);

/// A client of an engine in this process.
#[derive(Debug, Clone)]
struct World {
    state: Arc<Mutex<(AutoScaling, Timestamp)>>,
}

impl HttpClient for World {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for World {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = Bytes::copy_from_slice(request.body().bytes().unwrap());
        let (status, body) = self.answer(body);
        let response = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
        HttpConnectorFuture::ready(Ok(response))
    }
}

fn subnet(number: usize) -> SubnetId {
    format!("subnet-{number:017x}").parse().unwrap()
}

fn zone(number: usize) -> ZoneId {
    format!("use1-az{number}").parse().unwrap()
}

impl World {
    /// A Region whose zones az1, az2 and az3 have the names c, b and a.
    fn new() -> Self {
        let mut engine = AutoScaling::new(AccountId::embedded(), "us-east-1", Chance::new(7));
        for (number, letter) in [(1, 'c'), (2, 'b'), (3, 'a')] {
            let name = format!("us-east-1{letter}").parse().unwrap();
            engine.put_subnet(subnet(number), zone(number), name);
        }
        Self {
            state: Arc::new(Mutex::new((engine, START))),
        }
    }

    /// The same with the group `web`, which has six instances.
    fn with_web() -> Self {
        let world = Self::new();
        world.put(GroupSpec {
            desired: 6,
            max: 12,
            ..spec("web")
        });
        world
    }

    fn put(&self, spec: GroupSpec) {
        self.engine(|engine, now| engine.put_group(spec, now))
            .unwrap();
    }

    fn engine<T>(&self, act: impl FnOnce(&mut AutoScaling, Timestamp) -> T) -> T {
        let (engine, now) = &mut *self.state.lock().unwrap();
        act(engine, *now)
    }

    fn run(&self, seconds: usize) {
        let (engine, now) = &mut *self.state.lock().unwrap();
        for _ in 0..seconds {
            *now += SignedDuration::from_secs(1);
            engine.step(*now);
        }
    }

    /// What the protocol answers to a body.
    fn answer(&self, body: impl Into<Bytes>) -> (u16, Bytes) {
        let request = MockRequest {
            method: "POST".into(),
            uri: "/".into(),
            headers: http::HeaderMap::new(),
            body: body.into(),
        };
        let operation = wire::identify(&request).unwrap();
        let response = self.engine(|engine, now| wire::perform(engine, operation, &request, now));
        (response.status, response.body)
    }

    fn client(&self) -> Client {
        let config = aws_sdk_autoscaling::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .retry_config(RetryConfig::disabled())
            .http_client(self.clone())
            .build();
        Client::from_conf(config)
    }

    async fn web(&self) -> AutoScalingGroup {
        let answer = self.client().describe_auto_scaling_groups();
        let answer = answer.auto_scaling_group_names("web").send().await.unwrap();
        answer.auto_scaling_groups()[0].clone()
    }
}

fn spec(name: &str) -> GroupSpec {
    GroupSpec {
        name: name.into(),
        subnets: vec![subnet(1), subnet(2), subnet(3)],
        ..GroupSpec::default()
    }
}

/// Status, code and text of an error.
fn refusal<T, E: ProvideErrorMetadata>(answer: Result<T, SdkError<E>>) -> (u16, String, String) {
    let Err(error) = answer else {
        panic!("not refused")
    };
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let status = error.raw_response().unwrap().status().as_u16();
    (status, text(error.code()), text(error.message()))
}

fn tag(group: &str, key: &str) -> aws_sdk_autoscaling::types::builders::TagBuilder {
    Tag::builder()
        .resource_id(group)
        .resource_type("auto-scaling-group")
        .key(key)
}

fn filter(name: &str, values: &[&str]) -> Filter {
    let values = values.iter().map(ToString::to_string).collect();
    Filter::builder()
        .name(name)
        .set_values(Some(values))
        .build()
}

/// The names on every page, page by page.
async fn pages(call: DescribeAutoScalingGroupsFluentBuilder) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut stream = call.into_paginator().send();
    while let Some(page) = stream.next().await {
        let page = page.unwrap();
        let groups = page.auto_scaling_groups().iter();
        pages.push(
            groups
                .map(|g| g.auto_scaling_group_name().unwrap().to_owned())
                .collect(),
        );
    }
    pages
}

#[tokio::test]
async fn a_group_is_described_as_it_is() {
    let world = World::new();
    world.put(GroupSpec {
        min: 1,
        desired: 3,
        max: 9,
        tags: [("team".to_owned(), "shop".to_owned())].into(),
        target_groups: vec![
            "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/web/1".into(),
        ],
        load_balancer: Some(
            "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/app/front/1"
                .parse()
                .unwrap(),
        ),
        zonal_shift: true,
        operator: Some("emr.amazonaws.com".into()),
        ..spec("web")
    });
    let group = world.web().await;
    let arn = group.auto_scaling_group_arn().unwrap();
    assert!(
        arn.starts_with("arn:aws:autoscaling:us-east-1:000000000000:autoScalingGroup:"),
        "{arn}"
    );
    assert!(arn.ends_with(":autoScalingGroupName/web"), "{arn}");
    let sizes = (group.min_size(), group.desired_capacity(), group.max_size());
    assert_eq!(sizes, (Some(1), Some(3), Some(9)));
    assert_eq!(
        group.availability_zones(),
        ["us-east-1c", "us-east-1b", "us-east-1a"]
    );
    assert_eq!(
        group.availability_zone_ids(),
        ["use1-az1", "use1-az2", "use1-az3"]
    );
    let subnets = [1, 2, 3].map(|number| subnet(number).to_string()).join(",");
    assert_eq!(group.vpc_zone_identifier(), Some(subnets.as_str()));
    assert_eq!(group.target_group_arns().len(), 1);
    assert_eq!(group.load_balancer_names(), [] as [&str; 0]);
    assert_eq!(group.health_check_type(), Some("ELB"));
    assert_eq!(group.created_time().unwrap().secs(), START.as_second());
    assert_eq!(group.status(), None);
    assert_eq!(group.context(), None);
    assert_eq!(
        group.operator().unwrap().principal(),
        Some("emr.amazonaws.com")
    );
    let policy = group.availability_zone_impairment_policy().unwrap();
    assert_eq!(policy.zonal_shift_enabled(), Some(true));
    let tag = &group.tags()[0];
    assert_eq!(
        (tag.resource_id(), tag.key(), tag.value()),
        (Some("web"), Some("team"), Some("shop"))
    );
    let zones: Vec<_> = group
        .instances()
        .iter()
        .map(|i| {
            (
                i.availability_zone().unwrap(),
                i.availability_zone_id().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("us-east-1c", "use1-az1"),
        ("us-east-1b", "use1-az2"),
        ("us-east-1a", "use1-az3"),
    ];
    assert_eq!(zones, expected);
    let instance = &group.instances()[0];
    assert_eq!(instance.lifecycle_state(), Some(&LifecycleState::InService));
    assert_eq!(instance.health_status(), Some("Healthy"));
    assert_eq!(instance.weighted_capacity(), None);
    assert!(instance.instance_id().unwrap().starts_with("i-0"));
}

#[tokio::test]
async fn a_group_without_subnets_a_shift_or_an_operator_says_so() {
    let world = World::new();
    world.put(GroupSpec {
        subnets: vec![],
        zones: vec!["us-east-1a".parse().unwrap()],
        ..spec("web")
    });
    let group = world.web().await;
    assert_eq!(group.vpc_zone_identifier(), Some(""));
    assert_eq!(group.availability_zones(), ["us-east-1a"]);
    assert_eq!(group.availability_zone_ids(), ["use1-az3"]);
    assert_eq!(group.operator(), None);
    assert_eq!(group.instances(), []);
    assert_eq!(group.tags(), []);
    let policy = group.availability_zone_impairment_policy().unwrap();
    assert_eq!(policy.zonal_shift_enabled(), Some(false));
    world
        .engine(|engine, _| engine.begin_delete("web"))
        .unwrap();
    assert_eq!(world.web().await.status(), Some("Delete in progress"));
}

#[tokio::test]
async fn instances_are_left_out_where_they_are_not_asked_for() {
    let world = World::with_web();
    for (include, instances) in [(None, 6), (Some(true), 6), (Some(false), 0)] {
        let call = world
            .client()
            .describe_auto_scaling_groups()
            .set_include_instances(include);
        let answer = call.send().await.unwrap();
        assert_eq!(answer.auto_scaling_groups()[0].instances().len(), instances);
    }
}

#[tokio::test]
async fn groups_come_in_pages_of_fifty_or_of_what_was_asked_for() {
    let world = World::new();
    let names: Vec<String> = (0..120).map(|n| format!("group {n:03} & é")).collect();
    for name in &names {
        world.put(spec(name));
    }
    let describe = || world.client().describe_auto_scaling_groups();
    for (call, lengths) in [
        (describe(), vec![50, 50, 20]),
        (describe().max_records(100), vec![100, 20]),
        (describe().max_records(60), vec![60, 60]),
    ] {
        let pages = pages(call).await;
        assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), lengths);
        assert_eq!(pages.concat(), names);
    }
    for (records, rule) in [
        (101, "less than or equal to 100"),
        (0, "greater than or equal to 1"),
    ] {
        let (status, code, text) = refusal(describe().max_records(records).send().await);
        assert_eq!((status, code.as_str()), (400, "ValidationError"));
        assert!(text.ends_with(rule), "{text}");
    }
}

#[tokio::test]
async fn a_group_that_is_put_between_two_pages_is_not_missed_and_none_is_told_twice() {
    let world = World::new();
    for name in ["b", "d", "f"] {
        world.put(spec(name));
    }
    let describe = || world.client().describe_auto_scaling_groups().max_records(2);
    let first = describe().send().await.unwrap();
    world.put(spec("a"));
    world.put(spec("e"));
    let second = describe()
        .set_next_token(first.next_token)
        .send()
        .await
        .unwrap();
    let names: Vec<_> = second
        .auto_scaling_groups()
        .iter()
        .filter_map(|g| g.auto_scaling_group_name())
        .collect();
    assert_eq!(names, ["e", "f"]);
    assert_eq!(second.next_token(), None);
}

#[tokio::test]
async fn a_token_that_no_answer_had_is_refused() {
    let world = World::with_web();
    world.put(spec("zoo"));
    let client = world.client();
    let good = client
        .describe_auto_scaling_groups()
        .max_records(1)
        .send()
        .await
        .unwrap();
    let good = good.next_token.unwrap();
    for token in ["", "x", "zz", "+f", &good[1..], &good[..7], "é"] {
        let answer = client
            .describe_auto_scaling_groups()
            .next_token(token)
            .send()
            .await;
        let (status, code, text) = refusal(answer);
        assert_eq!(
            (status, code.as_str()),
            (400, "InvalidNextToken"),
            "{token}"
        );
        assert!(text.contains(&format!("'{token}'")), "{text}");
    }
    // A token belongs to its operation.
    let (_, code, _) = refusal(client.describe_tags().next_token(&good).send().await);
    assert_eq!(code, "InvalidNextToken");
    let activities = client.describe_scaling_activities().next_token(&good);
    assert_eq!(refusal(activities.send().await).1, "InvalidNextToken");
}

#[tokio::test]
async fn names_choose_groups_and_unknown_ones_are_left_out() {
    let world = World::with_web();
    world.put(spec("api"));
    let by_names = |names: &[String]| {
        let names = Some(names.to_vec());
        world
            .client()
            .describe_auto_scaling_groups()
            .set_auto_scaling_group_names(names)
    };
    assert_eq!(
        pages(by_names(&["web".into(), "Web".into(), "gone".into()])).await,
        [["web"]]
    );
    let many: Vec<String> = (0..51).map(|n| format!("group {n}")).collect();
    assert_eq!(
        by_names(&many[..50])
            .send()
            .await
            .unwrap()
            .auto_scaling_groups(),
        []
    );
    let (status, code, text) = refusal(by_names(&many).send().await);
    assert_eq!((status, code.as_str()), (400, "ValidationError"));
    assert!(text.contains("less than or equal to 50"), "{text}");
    // Larger pages allow more names.
    assert!(by_names(&many).max_records(51).send().await.is_ok());
}

#[tokio::test]
async fn filters_match_with_case_all_of_them_and_one_value_of_each() {
    let world = World::new();
    for (name, tags) in [
        ("a", vec![("team", "shop"), ("evac", "yes")]),
        ("b", vec![("team", "Shop")]),
        ("c", vec![("Team", "shop")]),
        ("d", vec![("other", "team"), ("evac", "no")]),
    ] {
        let tags = tags
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value.to_owned()));
        world.put(GroupSpec {
            tags: tags.collect(),
            ..spec(name)
        });
    }
    let found = async |filters: Vec<Filter>| {
        let call = world.client().describe_auto_scaling_groups();
        pages(call.set_filters(Some(filters)))
            .await
            .concat()
            .concat()
    };
    for (filters, groups) in [
        (vec![], "abcd"),
        (vec![filter("tag-key", &["team"])], "ab"),
        (vec![filter("tag-key", &["team", "other"])], "abd"),
        (vec![filter("tag-value", &["shop"])], "ac"),
        (vec![filter("tag:team", &["shop"])], "a"),
        (vec![filter("tag:team", &["shop", "Shop"])], "ab"),
        (
            vec![filter("tag-key", &["team"]), filter("tag-value", &["Shop"])],
            "b",
        ),
        (
            vec![filter("tag:team", &["shop"]), filter("tag:evac", &["no"])],
            "",
        ),
        (vec![filter("tag:evac", &[])], ""),
        (vec![filter("tag:gone", &["shop"])], ""),
    ] {
        assert_eq!(found(filters.clone()).await, groups, "{filters:?}");
    }
    let call = world.client().describe_auto_scaling_groups();
    let call = call
        .filters(filter("team", &["shop"]))
        .auto_scaling_group_names("a");
    let (status, code, text) = refusal(call.send().await);
    assert_eq!((status, code.as_str()), (400, "ValidationError"));
    assert!(text.contains("Filter type team is not correct"), "{text}");
}

#[tokio::test]
async fn groups_that_a_service_manages_can_be_left_out() {
    let world = World::with_web();
    world.put(GroupSpec {
        operator: Some("emr.amazonaws.com".into()),
        ..spec("managed")
    });
    for (include, names) in [(None, 2), (Some(true), 2), (Some(false), 1)] {
        let call = world.client().describe_auto_scaling_groups();
        let call = call.set_include_managed_resources(include);
        assert_eq!(pages(call).await.concat().len(), names);
    }
}

/// Texts that an encoding on the way could break.
const AWKWARD: [&str; 8] = [
    "a&b<c>d\"e'f",
    "é ü 漢字 🚦",
    "one,two, three",
    "1+1=2 100% #/?:;",
    "&amp; &lt; <Context>",
    "]]> <!-- -->",
    " space around ",
    "",
];

#[tokio::test]
async fn tags_come_back_as_they_were_written() {
    let world = World::with_web();
    let client = world.client();
    let mut call = client.create_or_update_tags();
    for (index, value) in AWKWARD.iter().enumerate() {
        let key = format!("{value}{index}");
        call = call.tags(
            tag("web", &key)
                .value(*value)
                .propagate_at_launch(index == 0)
                .build(),
        );
    }
    call.send().await.unwrap();
    let expected: BTreeSet<(String, String, bool)> = AWKWARD
        .iter()
        .enumerate()
        .map(|(index, value)| (format!("{value}{index}"), (*value).to_owned(), index == 0))
        .collect();
    let read = |tags: &[aws_sdk_autoscaling::types::TagDescription]| {
        let tags = tags.iter().map(|tag| {
            assert_eq!(tag.resource_type(), Some("auto-scaling-group"));
            assert_eq!(tag.resource_id(), Some("web"));
            let (key, value) = (tag.key().unwrap(), tag.value().unwrap());
            (
                key.to_owned(),
                value.to_owned(),
                tag.propagate_at_launch().unwrap(),
            )
        });
        tags.collect::<BTreeSet<_>>()
    };
    assert_eq!(read(world.web().await.tags()), expected);
    assert_eq!(
        read(client.describe_tags().send().await.unwrap().tags()),
        expected
    );
    // They are found by what they are.
    for (index, value) in AWKWARD.iter().enumerate() {
        let by_tag = filter(&format!("tag:{value}{index}"), &[value]);
        let call = client.describe_auto_scaling_groups().filters(by_tag);
        assert_eq!(pages(call).await.concat(), ["web"], "{value}");
    }
}

#[tokio::test]
async fn a_tag_is_overwritten_without_a_word_and_deleted_by_its_key() {
    let world = World::with_web();
    let client = world.client();
    for value in ["one", "two"] {
        let tag = tag("web", "key")
            .value(value)
            .propagate_at_launch(value == "one")
            .build();
        client
            .create_or_update_tags()
            .tags(tag)
            .send()
            .await
            .unwrap();
    }
    let tags = world.web().await.tags().to_vec();
    let [only] = &tags[..] else { panic!("one tag") };
    assert_eq!(
        (only.value(), only.propagate_at_launch()),
        (Some("two"), Some(false))
    );
    client
        .delete_tags()
        .tags(tag("web", "Key").build())
        .send()
        .await
        .unwrap();
    assert_eq!(world.web().await.tags().len(), 1);
    client
        .delete_tags()
        .tags(tag("web", "key").build())
        .send()
        .await
        .unwrap();
    assert_eq!(world.web().await.tags(), []);
}

#[tokio::test]
async fn tags_outside_the_limits_are_refused_with_all_others_of_the_call() {
    let world = World::with_web();
    let client = world.client();
    let write = async |tags: Vec<Tag>| {
        let answer = client
            .create_or_update_tags()
            .set_tags(Some(tags))
            .send()
            .await;
        refusal(answer)
    };
    let good = || tag("web", "good").value("value").build();
    let long = "é".repeat(129);
    for (bad, part) in [
        (tag("web", "").build(), "'tags.2.member.key'"),
        (tag("web", &long).build(), "less than or equal to 128"),
        (
            tag("web", "key").value("é".repeat(257)).build(),
            "less than or equal to 256",
        ),
        (tag("web", "aws:key").build(), "reserved"),
        (
            tag("gone", "key").build(),
            "AutoScaling Group gone not found",
        ),
        (
            Tag::builder().resource_id("web").key("key").build(),
            "Incomplete tags information",
        ),
        (
            tag("web", "key").resource_type("instance").build(),
            "ResourceType:instance",
        ),
    ] {
        let (status, code, text) = write(vec![good(), bad]).await;
        assert_eq!((status, code.as_str()), (400, "ValidationError"), "{text}");
        assert!(text.contains(part), "{text}");
    }
    let numbered = |from: usize, to: usize| {
        let tags = (from..to).map(|n| tag("web", &format!("key {n}")).build());
        tags.collect::<Vec<_>>()
    };
    let (_, code, text) = write(numbered(0, 26)).await;
    assert_eq!(code, "ValidationError");
    assert!(text.contains("less than or equal to 25"), "{text}");
    let answer = client
        .delete_tags()
        .set_tags(Some(numbered(0, 26)))
        .send()
        .await;
    assert_eq!(refusal(answer).1, "ValidationError");
    let answer = client
        .delete_tags()
        .tags(tag("web", "aws:key").build())
        .send()
        .await;
    assert!(refusal(answer).2.contains("reserved"));
    assert_eq!(world.web().await.tags(), []);

    // Fifty tags, of the longest kind, are taken; one more is not, but another value is.
    let longest = tag("web", &long[..256]).value("é".repeat(256)).build();
    client
        .create_or_update_tags()
        .tags(longest)
        .send()
        .await
        .unwrap();
    for (from, to) in [(0, 25), (25, 49)] {
        let tags = numbered(from, to);
        client
            .create_or_update_tags()
            .set_tags(Some(tags))
            .send()
            .await
            .unwrap();
    }
    let (status, code, _) = write(vec![tag("web", "key 0").value("new").build(), good()]).await;
    assert_eq!((status, code.as_str()), (400, "LimitExceeded"));
    assert_eq!(world.web().await.tags().len(), 50);
    assert!(
        world
            .web()
            .await
            .tags()
            .iter()
            .all(|tag| tag.value() != Some("new"))
    );
    let tag = tag("web", "key 0").value("new").build();
    client
        .create_or_update_tags()
        .tags(tag)
        .send()
        .await
        .unwrap();
}

#[tokio::test]
async fn what_aws_tagged_does_not_count_for_the_limit() {
    let world = World::new();
    let own = (0..50).map(|n| (format!("aws:{n}"), String::new()));
    world.put(GroupSpec {
        tags: own.collect(),
        ..spec("web")
    });
    let tag = tag("web", "key").build();
    world
        .client()
        .create_or_update_tags()
        .tags(tag)
        .send()
        .await
        .unwrap();
    assert_eq!(world.web().await.tags().len(), 51);
}

#[tokio::test]
async fn tags_are_listed_by_group_and_key_and_filtered_by_each_part() {
    let world = World::new();
    for name in ["web", "api"] {
        let tags = (0..30).map(|n| (format!("key {n:02}"), format!("{name} {n:02}")));
        world.put(GroupSpec {
            tags: tags.collect(),
            ..spec(name)
        });
    }
    let client = world.client();
    let propagated = tag("web", "key 07")
        .value("passed on")
        .propagate_at_launch(true)
        .build();
    client
        .create_or_update_tags()
        .tags(propagated)
        .send()
        .await
        .unwrap();
    let mut lengths = Vec::new();
    let mut tags = Vec::new();
    let mut stream = client.describe_tags().into_paginator().send();
    while let Some(page) = stream.next().await {
        let page = page.unwrap();
        lengths.push(page.tags().len());
        tags.extend(
            page.tags()
                .iter()
                .map(|tag| format!("{} {}", tag.resource_id().unwrap(), tag.key().unwrap())),
        );
    }
    assert_eq!(lengths, [50, 10]);
    let expected = ["api", "web"]
        .iter()
        .flat_map(|name| (0..30).map(move |n| format!("{name} key {n:02}")));
    assert_eq!(tags, expected.collect::<Vec<_>>());
    for (filters, count) in [
        (vec![filter("auto-scaling-group", &["web"])], 30),
        (vec![filter("key", &["key 01", "key 02"])], 4),
        (vec![filter("value", &["passed on"])], 1),
        (vec![filter("propagate-at-launch", &["true"])], 1),
        (
            vec![
                filter("key", &["key 01"]),
                filter("auto-scaling-group", &["api"]),
            ],
            1,
        ),
    ] {
        let answer = client
            .describe_tags()
            .set_filters(Some(filters.clone()))
            .max_records(100);
        assert_eq!(
            answer.send().await.unwrap().tags().len(),
            count,
            "{filters:?}"
        );
    }
    let answer = client
        .describe_tags()
        .filters(filter("tag:key", &["x"]))
        .send()
        .await;
    assert!(
        refusal(answer)
            .2
            .contains("Filter type tag:key is not correct")
    );
}

#[tokio::test]
async fn a_group_is_pruned_and_restored() {
    let world = World::with_web();
    let client = world.client();
    let update = |numbers: &[usize]| {
        let subnets: Vec<String> = numbers.iter().map(|n| subnet(*n).to_string()).collect();
        let call = client
            .update_auto_scaling_group()
            .auto_scaling_group_name("web");
        call.vpc_zone_identifier(subnets.join(","))
    };
    let spread = async || {
        let group = world.web().await;
        let instances = group.instances().iter();
        let mut zones: Vec<String> = instances
            .map(|i| {
                format!(
                    "{} {}",
                    i.availability_zone_id().unwrap(),
                    i.lifecycle_state().unwrap()
                )
            })
            .collect();
        zones.sort();
        zones.dedup();
        (group.availability_zone_ids().to_vec(), zones)
    };
    update(&[2, 3]).send().await.unwrap();
    let (zones, _) = spread().await;
    assert_eq!(zones, ["use1-az2", "use1-az3"]);
    world.run(10);
    let coming = [
        "use1-az1 InService",
        "use1-az2 InService",
        "use1-az2 Pending",
        "use1-az3 InService",
        "use1-az3 Pending",
    ];
    assert_eq!(spread().await.1, coming);
    world.run(75);
    assert_eq!(
        spread().await.1,
        [
            "use1-az1 Terminating",
            "use1-az2 InService",
            "use1-az3 InService"
        ]
    );
    world.run(30);
    assert_eq!(
        spread().await.1,
        ["use1-az2 InService", "use1-az3 InService"]
    );
    update(&[1, 2, 3]).send().await.unwrap();
    world.run(150);
    let even = [
        "use1-az1 InService",
        "use1-az2 InService",
        "use1-az3 InService",
    ];
    assert_eq!(spread().await.1, even);
    assert_eq!(world.web().await.instances().len(), 6);
    world.engine(|engine, _| assert_eq!(engine.changes().len(), 2));
}

#[tokio::test]
async fn an_update_is_refused_with_code_and_text() {
    let world = World::with_web();
    let update = |name: &str| {
        world
            .client()
            .update_auto_scaling_group()
            .auto_scaling_group_name(name)
    };
    let validation = |text: &str| (400, "ValidationError".to_owned(), text.to_owned());
    assert_eq!(
        refusal(update("wbe").vpc_zone_identifier(subnet(1)).send().await),
        validation("AutoScalingGroup name not found - null")
    );
    assert_eq!(
        refusal(
            update("web")
                .vpc_zone_identifier("subnet-0000,<&>")
                .send()
                .await
        ),
        validation("The subnet ID 'subnet-0000' does not exist")
    );
    let mismatch = update("web")
        .vpc_zone_identifier(subnet(1))
        .availability_zones("us-east-1a");
    assert_eq!(
        refusal(mismatch.send().await),
        validation(
            "The availability zones of the specified subnets and the AutoScalingGroup do not match"
        )
    );
    assert_eq!(
        refusal(update("web").desired_capacity(13).send().await),
        validation("Desired capacity:13 must be between the specified min size:0 and max size:12")
    );
    let by_id = update("web")
        .vpc_zone_identifier(subnet(1))
        .availability_zone_ids("use1-az3");
    assert!(refusal(by_id.send().await).2.ends_with("do not match"));
    assert!(
        refusal(update("").send().await)
            .2
            .contains("'autoScalingGroupName'")
    );
    let unsimulated = update("web")
        .health_check_type("EC2")
        .max_size(20)
        .send()
        .await;
    assert_eq!(
        refusal(unsimulated),
        validation(
            "the embedded Region does not simulate HealthCheckType of UpdateAutoScalingGroup"
        )
    );
    assert_eq!(world.web().await.max_size(), Some(12));
    update("web")
        .min_size(1)
        .max_size(20)
        .desired_capacity(2)
        .send()
        .await
        .unwrap();
    let group = world.web().await;
    let sizes = (group.min_size(), group.desired_capacity(), group.max_size());
    assert_eq!(sizes, (Some(1), Some(2), Some(20)));
}

#[tokio::test]
async fn refusals_of_the_service_are_those_that_the_client_knows() {
    let world = World::with_web();
    let update = async || {
        let call = world
            .client()
            .update_auto_scaling_group()
            .auto_scaling_group_name("web");
        let answer = call.max_size(12).send().await;
        answer.map_err(SdkError::into_service_error)
    };
    world
        .engine(|engine, _| engine.set_contention("web", true))
        .unwrap();
    assert!(update().await.unwrap_err().is_resource_contention_fault());
    world
        .engine(|engine, _| engine.set_contention("web", false))
        .unwrap();
    update().await.unwrap();
    world
        .engine(|engine, _| engine.begin_delete("web"))
        .unwrap();
    assert!(
        update()
            .await
            .unwrap_err()
            .is_scaling_activity_in_progress_fault()
    );
    world.put(GroupSpec {
        operator: Some("emr.amazonaws.com".into()),
        ..spec("web")
    });
    assert_eq!(update().await.unwrap_err().code(), Some("AccessDenied"));
}

#[tokio::test]
async fn activities_come_in_pages_in_progress_first_and_the_newest_first() {
    let world = World::with_web();
    let client = world.client();
    let update = |subnets: String| {
        let call = client
            .update_auto_scaling_group()
            .auto_scaling_group_name("web");
        call.vpc_zone_identifier(subnets).send()
    };
    update(format!("{},{}", subnet(2), subnet(3)))
        .await
        .unwrap();
    world.run(200);
    update(format!("{},{},{}", subnet(1), subnet(2), subnet(3)))
        .await
        .unwrap();
    world.run(85);
    let describe = || {
        client
            .describe_scaling_activities()
            .auto_scaling_group_name("web")
    };
    let all = describe().send().await.unwrap().activities().to_vec();
    // Two moved there, and two back of which the old ones are still going.
    let told: Vec<_> = all
        .iter()
        .map(|a| (a.status_code().unwrap().as_str(), a.progress().unwrap()))
        .collect();
    assert_eq!(told[..2], [("InProgress", 50); 2]);
    assert_eq!(told[2..], [("Successful", 100); 6]);
    let starts: Vec<i64> = all.iter().map(|a| a.start_time().unwrap().secs()).collect();
    assert!(starts[..2].is_sorted_by(|a, b| a >= b));
    assert!(starts[2..].is_sorted_by(|a, b| a >= b));
    assert!(
        all[..2]
            .iter()
            .all(|activity| activity.end_time().is_none())
    );
    let oldest = all.last().unwrap();
    assert_eq!(oldest.start_time().unwrap().secs(), START.as_second() + 1);
    assert!(
        oldest
            .description()
            .unwrap()
            .starts_with("Launching a new EC2 instance: i-0")
    );
    assert_eq!(
        oldest.status_code(),
        Some(&ScalingActivityStatusCode::Successful)
    );
    assert!(oldest.details().unwrap().contains("\"us-east-1b\""));

    let mut ids = Vec::new();
    let mut stream = describe().max_records(3).into_paginator().send();
    while let Some(page) = stream.next().await {
        ids.push(
            page.unwrap()
                .activities()
                .iter()
                .map(|a| a.activity_id().unwrap().to_owned())
                .collect::<Vec<_>>(),
        );
    }
    assert_eq!(ids.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 2]);
    let all: Vec<&str> = all.iter().map(|a| a.activity_id().unwrap()).collect();
    assert_eq!(ids.concat(), all);
    let one = client
        .describe_scaling_activities()
        .activity_ids(all[4])
        .send()
        .await
        .unwrap();
    assert_eq!(
        one.activities()
            .iter()
            .filter_map(|a| a.activity_id())
            .collect::<Vec<_>>(),
        [all[4]]
    );
    let (_, code, text) = refusal(
        client
            .describe_scaling_activities()
            .auto_scaling_group_name("x")
            .send()
            .await,
    );
    assert_eq!(
        (code.as_str(), text.as_str()),
        ("ValidationError", "AutoScalingGroup name not found - null")
    );
    world.put(spec("idle"));
    let idle = client
        .describe_scaling_activities()
        .auto_scaling_group_name("idle")
        .send()
        .await
        .unwrap();
    assert_eq!(idle.activities(), []);
}

#[tokio::test]
async fn a_failed_launch_says_where_and_why() {
    let world = World::with_web();
    world.engine(|engine, _| engine.set_no_capacity(zone(2), true));
    let call = world
        .client()
        .update_auto_scaling_group()
        .auto_scaling_group_name("web");
    call.desired_capacity(9).send().await.unwrap();
    world.run(1);
    let answer = world
        .client()
        .describe_scaling_activities()
        .send()
        .await
        .unwrap();
    let failed = answer
        .activities()
        .iter()
        .filter(|a| a.status_code() == Some(&ScalingActivityStatusCode::Failed));
    let failed: Vec<_> = failed.collect();
    assert_eq!(failed.len(), 1);
    assert!(failed[0].status_message().unwrap().contains("us-east-1b"));
    assert!(failed[0].end_time().is_some());
}

#[tokio::test]
async fn the_instance_refresh_in_progress_is_told() {
    let world = World::with_web();
    for (status, expected) in [
        (RefreshStatus::Pending, InstanceRefreshStatus::Pending),
        (RefreshStatus::InProgress, InstanceRefreshStatus::InProgress),
        (RefreshStatus::Cancelling, InstanceRefreshStatus::Cancelling),
        (
            RefreshStatus::RollbackInProgress,
            InstanceRefreshStatus::RollbackInProgress,
        ),
        (RefreshStatus::Baking, InstanceRefreshStatus::Baking),
    ] {
        world.put(GroupSpec {
            refresh: Some(status),
            ..spec("busy")
        });
        let describe = || {
            world
                .client()
                .describe_instance_refreshes()
                .auto_scaling_group_name("busy")
        };
        let answer = describe().send().await.unwrap();
        let [refresh] = answer.instance_refreshes() else {
            panic!("one refresh")
        };
        assert_eq!(refresh.status(), Some(&expected));
        assert_eq!(refresh.auto_scaling_group_name(), Some("busy"));
        let id = refresh.instance_refresh_id().unwrap();
        let by_id = describe().instance_refresh_ids(id).send().await.unwrap();
        assert_eq!(by_id.instance_refreshes().len(), 1);
        let other = describe()
            .instance_refresh_ids("other")
            .send()
            .await
            .unwrap();
        assert_eq!(other.instance_refreshes(), []);
    }
    let describe = |name: &str| {
        world
            .client()
            .describe_instance_refreshes()
            .auto_scaling_group_name(name)
            .send()
    };
    assert_eq!(describe("web").await.unwrap().instance_refreshes(), []);
    assert_eq!(refusal(describe("gone").await).1, "ValidationError");
}

#[tokio::test]
async fn processes_are_suspended_and_resumed_one_by_one_or_all() {
    let world = World::with_web();
    let client = world.client();
    let suspended = async || {
        let group = world.web().await;
        let processes = group.suspended_processes().iter();
        processes
            .map(|p| p.process_name().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let suspend = client.suspend_processes().auto_scaling_group_name("web");
    suspend
        .clone()
        .scaling_processes("AZRebalance")
        .scaling_processes("Launch")
        .send()
        .await
        .unwrap();
    assert_eq!(suspended().await, ["AZRebalance", "Launch"]);
    suspend.clone().send().await.unwrap();
    assert_eq!(suspended().await.len(), 9);
    let resume = client.resume_processes().auto_scaling_group_name("web");
    resume
        .clone()
        .scaling_processes("Launch")
        .send()
        .await
        .unwrap();
    assert_eq!(suspended().await.len(), 8);
    resume.send().await.unwrap();
    assert_eq!(suspended().await.len(), 0);
    let (_, code, text) = refusal(suspend.scaling_processes("Lunch").send().await);
    assert_eq!(
        (code.as_str(), text.contains("Lunch")),
        ("ValidationError", true)
    );
}

#[test]
fn an_operation_that_is_not_simulated_is_not_identified() {
    let identify = |body: &'static str| {
        let request = MockRequest {
            method: "POST".into(),
            uri: "/".into(),
            headers: http::HeaderMap::new(),
            body: body.into(),
        };
        wire::identify(&request).map(|operation| (operation.name, operation.mutates))
    };
    assert_eq!(
        identify("Action=DeleteAutoScalingGroup&Version=2011-01-01"),
        None
    );
    assert_eq!(identify(""), None);
    assert_eq!(
        identify("Action=DescribeTags"),
        Some(("DescribeTags", false))
    );
    assert_eq!(identify("Action=DeleteTags"), Some(("DeleteTags", true)));
}

#[test]
fn a_parameter_that_is_no_number_or_no_truth_value_is_refused() {
    let world = World::with_web();
    for body in [
        "Action=DescribeAutoScalingGroups&MaxRecords=many",
        "Action=DescribeAutoScalingGroups&IncludeInstances=perhaps",
        "Action=DescribeAutoScalingGroups&IncludeManagedResources=perhaps",
        "Action=UpdateAutoScalingGroup&AutoScalingGroupName=web&MaxSize=1.5",
    ] {
        let (status, answer) = world.answer(body);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert_eq!(status, 400, "{answer}");
        assert!(answer.contains("<Code>ValidationError</Code>"), "{answer}");
    }
}

/// boto3 gives what is in the answer and nothing else: an empty list has to be there.
#[test]
fn empty_lists_are_in_the_answer() {
    let world = World::new();
    let answer = |action: &str| {
        let (status, body) = world.answer(format!("Action={action}"));
        assert_eq!(status, 200);
        String::from_utf8_lossy(&body).into_owned()
    };
    assert!(answer("DescribeAutoScalingGroups").contains("<AutoScalingGroups/>"));
    assert!(answer("DescribeTags").contains("<Tags/>"));
    assert!(answer("DescribeScalingActivities").contains("<Activities/>"));
    world.put(spec("web"));
    let answer = answer("DescribeAutoScalingGroups&AutoScalingGroupNames=&Filters=");
    for list in [
        "LoadBalancerNames",
        "Instances",
        "SuspendedProcesses",
        "Tags",
        "TargetGroupARNs",
    ] {
        assert!(answer.contains(&format!("<{list}/>")), "{answer}");
    }
}
