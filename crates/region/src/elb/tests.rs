//! The service by its protocol, in the Region that drills play in.

use std::sync::Arc;

use winterbaume_core::{MockRequest, MockResponse};

use crate::arc::{ManagedResource, StartInput};
use crate::region::Region;
use crate::scenario::healthy;
use crate::stage::{GROUP, Stage};

const FRONT: &str =
    "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/app/front/50dc6c495c0c9188";
const WEB: &str =
    "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/web/0123456789abcdef";

fn stage() -> Stage {
    Stage::set(&healthy().unwrap(), 1).unwrap()
}

/// Asks as a client does, through the Region's door.
fn ask(region: &Arc<Region>, parameters: &[(&str, &str)]) -> MockResponse {
    let mut headers = http::HeaderMap::new();
    let scope = "AWS4-HMAC-SHA256 Credential=AKID/20260115/us-east-1/elasticloadbalancing/aws4_request, SignedHeaders=host, Signature=0";
    headers.insert("authorization", scope.parse().unwrap());
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(parameters);
    let request = MockRequest {
        method: "POST".to_owned(),
        uri: "/".to_owned(),
        headers,
        body: body.finish().into(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(region.handle(request)).unwrap()
}

fn ok(region: &Arc<Region>, parameters: &[(&str, &str)]) -> String {
    let answer = ask(region, parameters);
    let body = String::from_utf8(answer.body.to_vec()).unwrap();
    assert_eq!(answer.status, 200, "{body}");
    body
}

/// The code of a refusal.
fn refused(region: &Arc<Region>, parameters: &[(&str, &str)]) -> String {
    let answer = ask(region, parameters);
    let body = String::from_utf8(answer.body.to_vec()).unwrap();
    assert_eq!(answer.status, 400, "{body}");
    all(&body, "Code")[0].to_owned()
}

/// The texts of all elements of a name.
fn all<'a>(body: &'a str, name: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    body.split(&open)
        .skip(1)
        .map(|rest| rest.split(&close).next().unwrap())
        .collect()
}

/// Adds a Network Load Balancer in one zone.
fn add_network(stage: &Stage, name: &str) -> String {
    let arn = format!(
        "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/net/{name}/50dc6c495c0c9199"
    );
    stage.region.state().arc.manage(ManagedResource {
        arn: arn.parse().unwrap(),
        name: name.to_owned(),
        zones: vec!["use1-az1".parse().unwrap()],
        autoshift: false,
    });
    arn
}

fn health(region: &Arc<Region>) -> String {
    let action = ("Action", "DescribeTargetHealth");
    ok(region, &[action, ("TargetGroupArn", WEB)])
}

#[test]
fn a_load_balancer_is_described_with_the_zones_of_its_subnets() {
    let stage = stage();
    let body = ok(&stage.region, &[("Action", "DescribeLoadBalancers")]);
    assert_eq!(all(&body, "LoadBalancerArn"), [FRONT]);
    assert_eq!(all(&body, "LoadBalancerName"), ["front"]);
    assert_eq!(all(&body, "Type"), ["application"]);
    assert_eq!(
        all(&body, "ZoneName"),
        ["us-east-1c", "us-east-1a", "us-east-1b"]
    );
    assert_eq!(all(&body, "SubnetId")[0], "subnet-01000000000000001");
    assert_eq!(
        all(&body, "NextMarker"),
        [""; 0],
        "an empty one would have clients go on"
    );
    assert!(body.contains("xmlns=\"http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/\""));
}

#[test]
fn load_balancers_are_found_by_name_and_by_arn() {
    let stage = stage();
    let back = add_network(&stage, "back");
    let action = ("Action", "DescribeLoadBalancers");
    let by_name = ok(&stage.region, &[action, ("Names.member.1", "back")]);
    assert_eq!(all(&by_name, "LoadBalancerArn"), [&back]);
    assert_eq!(all(&by_name, "ZoneName"), ["us-east-1c"]);
    assert_eq!(
        all(&by_name, "DNSName"),
        ["back-50dc6c495c0c9199.elb.us-east-1.amazonaws.com"]
    );
    let by_arn = ok(
        &stage.region,
        &[action, ("LoadBalancerArns.member.1", FRONT)],
    );
    assert_eq!(all(&by_arn, "LoadBalancerArn"), [FRONT]);
    let other = FRONT.replace("front", "other");
    for (parameter, value, code) in [
        ("Names.member.1", "other", "LoadBalancerNotFound"),
        ("LoadBalancerArns.member.1", &other, "LoadBalancerNotFound"),
        ("LoadBalancerArns.member.1", WEB, "ValidationError"),
        ("PageSize", "0", "ValidationError"),
        ("PageSize", "401", "ValidationError"),
        ("PageSize", "many", "ValidationError"),
        ("Marker", "2", "ValidationError"),
        ("Colour", "blue", "ValidationError"),
    ] {
        let code_of = refused(&stage.region, &[action, (parameter, value)]);
        assert_eq!(code_of, code, "{parameter} {value}");
    }
    let both = [
        action,
        ("Names.member.1", "back"),
        ("LoadBalancerArns.member.1", FRONT),
    ];
    assert_eq!(refused(&stage.region, &both), "ValidationError");
}

#[test]
fn pages_follow_each_other_by_marker() {
    let stage = stage();
    for name in ["net-a", "net-b", "net-c"] {
        add_network(&stage, name);
    }
    let mut names: Vec<String> = Vec::new();
    let mut marker = String::new();
    for page in 1.. {
        let asked = [
            ("Action", "DescribeLoadBalancers"),
            ("PageSize", "2"),
            ("Marker", &marker),
        ];
        let body = ok(&stage.region, &asked);
        names.extend(
            all(&body, "LoadBalancerName")
                .into_iter()
                .map(str::to_owned),
        );
        match all(&body, "NextMarker").first() {
            Some(next) => marker = (*next).to_owned(),
            None => {
                assert_eq!(page, 2);
                break;
            }
        }
    }
    assert_eq!(names, ["front", "net-a", "net-b", "net-c"]);
}

#[test]
fn target_groups_are_found_in_one_way_at_a_time() {
    let stage = stage();
    let action = ("Action", "DescribeTargetGroups");
    for way in [
        ("LoadBalancerArn", FRONT),
        ("TargetGroupArns.member.1", WEB),
        ("Names.member.1", "web"),
    ] {
        let body = ok(&stage.region, &[action, way]);
        assert_eq!(all(&body, "TargetGroupArn"), [WEB], "{way:?}");
        assert!(body.contains(&format!("<LoadBalancerArns><member>{FRONT}</member>")));
    }
    let back = add_network(&stage, "back");
    let none = ok(&stage.region, &[action, ("LoadBalancerArn", &back)]);
    assert_eq!(all(&none, "TargetGroupArn"), [""; 0]);
    for (parameters, code) in [
        (vec![("Names.member.1", "other")], "TargetGroupNotFound"),
        (vec![("LoadBalancerArn", "front")], "ValidationError"),
        (
            vec![("Names.member.1", "web"), ("LoadBalancerArn", FRONT)],
            "ValidationError",
        ),
    ] {
        let asked: Vec<_> = [action].into_iter().chain(parameters).collect();
        assert_eq!(refused(&stage.region, &asked), code);
    }
}

#[test]
fn targets_of_a_shifted_zone_are_healthy_and_overridden() {
    let stage = stage();
    let calm = health(&stage.region);
    assert_eq!(calm.matches("<State>healthy</State>").count(), 9);
    assert_eq!(calm.matches("<State>no_override</State>").count(), 9);
    {
        let mut state = stage.region.state();
        let now = state.now();
        let input = StartInput {
            resource: FRONT,
            away_from: "use1-az2",
            expires_in: "1h",
            comment: "",
        };
        state.arc.start(&input, now).unwrap();
    }
    let shifted = health(&stage.region);
    assert_eq!(shifted.matches("<State>healthy</State>").count(), 9);
    let state = stage.region.state();
    let away = "use1-az2".parse().unwrap();
    for target in all(&shifted, "Target") {
        let id = all(target, "Id")[0];
        let mut instances = state.auto_scaling.instances();
        let zone = instances.find(|one| one.id == id).unwrap().zone_id;
        let described = shifted.split(id).nth(1).unwrap();
        let overridden = all(described, "AdministrativeOverride")[0];
        assert_eq!(
            overridden.contains("zonal_shift_active"),
            *zone == away,
            "{id}"
        );
    }
}

#[test]
fn targets_are_asked_for_by_id() {
    let stage = stage();
    let first =
        |state: &crate::state::State| state.auto_scaling.instances().next().unwrap().id.to_owned();
    let id = first(&stage.region.state());
    let base = [("Action", "DescribeTargetHealth"), ("TargetGroupArn", WEB)];
    let asked = |more: &[(&str, &str)]| -> Vec<(String, String)> {
        let all = base.iter().chain(more);
        all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    };
    let call = |more: &[(&str, &str)]| {
        let asked = asked(more);
        let asked: Vec<(&str, &str)> = asked
            .iter()
            .map(|(a, b)| (a.as_str(), b.as_str()))
            .collect();
        ask(&stage.region, &asked)
    };
    let body = |more: &[(&str, &str)]| String::from_utf8(call(more).body.to_vec()).unwrap();
    let one = body(&[("Targets.member.1.Id", &id), ("Include.member.1", "All")]);
    assert_eq!(all(&one, "Id"), [&id]);
    assert!(one.contains("<AnomalyDetection><Result>normal</Result>"));
    let stranger = body(&[("Targets.member.1.Id", "i-0123456789abcdef0")]);
    assert!(stranger.contains("<Reason>Target.NotRegistered</Reason>"));
    let port = body(&[
        ("Targets.member.1.Id", &id),
        ("Targets.member.1.Port", "81"),
    ]);
    assert!(port.contains("<Reason>Target.NotRegistered</Reason>"));
    for (more, code) in [
        (vec![("Targets.member.1.Id", "10.0.0.1")], "InvalidTarget"),
        (vec![("Include.member.1", "Weather")], "ValidationError"),
        (
            vec![
                ("Targets.member.1.Id", id.as_str()),
                ("Targets.member.1.AvailabilityZone", "us-east-1a"),
            ],
            "ValidationError",
        ),
    ] {
        assert_eq!(call(&more).status, 400);
        assert!(body(&more).contains(&format!("<Code>{code}</Code>")));
    }
    let nothing = refused(&stage.region, &[("Action", "DescribeTargetHealth")]);
    assert_eq!(nothing, "ValidationError");
    let other = [
        ("Action", "DescribeTargetHealth"),
        ("TargetGroupArn", &WEB.replace("web", "api")),
    ];
    assert_eq!(refused(&stage.region, &other), "TargetGroupNotFound");
}

#[test]
fn an_instance_on_its_way_out_drains_and_one_on_its_way_in_is_no_target() {
    let stage = stage();
    {
        let mut state = stage.region.state();
        let now = state.now();
        let fewer = crate::autoscaling::UpdateGroup {
            group: GROUP.to_owned(),
            desired: Some(8),
            ..Default::default()
        };
        state
            .auto_scaling
            .update_auto_scaling_group(&fewer, now)
            .unwrap();
        let next = now + jiff::SignedDuration::from_secs(1);
        let _due = state.step_until(next);
    }
    let body = health(&stage.region);
    assert_eq!(body.matches("<State>draining</State>").count(), 1);
    assert_eq!(body.matches("<State>healthy</State>").count(), 8);
    assert!(body.contains("<Reason>Target.DeregistrationInProgress</Reason>"));
}

#[test]
fn zonal_shift_is_enabled_for_what_arc_manages() {
    let stage = stage();
    let action = ("Action", "DescribeLoadBalancerAttributes");
    let attribute = "<Key>zonal_shift.config.enabled</Key><Value>true</Value>";
    let front = ok(&stage.region, &[action, ("LoadBalancerArn", FRONT)]);
    assert!(front.contains(attribute));
    assert!(front.contains("<Key>client_keep_alive.seconds</Key><Value>3600</Value>"));
    let back = add_network(&stage, "back");
    let back = ok(&stage.region, &[action, ("LoadBalancerArn", &back)]);
    assert!(
        back.contains("dns_record.client_routing_policy") && !back.contains("client_keep_alive")
    );
    assert_eq!(refused(&stage.region, &[action]), "ValidationError");
    let group = [
        ("Action", "DescribeTargetGroupAttributes"),
        ("TargetGroupArn", WEB),
    ];
    let cross_zone = "<Key>load_balancing.cross_zone.enabled</Key><Value>false</Value>";
    assert!(ok(&stage.region, &group).contains(cross_zone));
}

#[test]
fn tags_are_told_of_each_resource_and_escaped() {
    let stage = stage();
    stage
        .region
        .state()
        .load_balancing
        .tag(FRONT, "evac:workload", "a & <b>");
    let action = ("Action", "DescribeTags");
    let asked = [
        action,
        ("ResourceArns.member.1", FRONT),
        ("ResourceArns.member.2", WEB),
    ];
    let body = ok(&stage.region, &asked);
    assert_eq!(all(&body, "ResourceArn"), [FRONT, WEB]);
    assert!(body.contains("<Key>evac:workload</Key><Value>a &amp; &lt;b&gt;</Value>"));
    assert_eq!(refused(&stage.region, &[action]), "ValidationError");
    let other = WEB.replace("web", "api");
    assert_eq!(
        refused(&stage.region, &[action, ("ResourceArns.member.1", &other)]),
        "TargetGroupNotFound"
    );
}

#[test]
fn requests_of_classic_load_balancers_and_writes_are_no_operations() {
    let stage = stage();
    let classic = [
        ("Action", "DescribeLoadBalancers"),
        ("Version", "2012-06-01"),
    ];
    assert_eq!(refused(&stage.region, &classic), "InvalidAction");
    let write = [("Action", "DeleteLoadBalancer"), ("Version", "2015-12-01")];
    assert_eq!(refused(&stage.region, &write), "InvalidAction");
}
