//! The services by their protocols, in the Region that drills play in.

use std::sync::Arc;

use winterbaume_core::{MockRequest, MockResponse};

use crate::region::Region;
use crate::scenario::healthy;
use crate::stage::Stage;

/// Asks as a client does, through the Region's door.
fn ask(region: &Arc<Region>, service: &str, target: Option<&str>, body: &str) -> MockResponse {
    let mut headers = http::HeaderMap::new();
    let scope = format!(
        "AWS4-HMAC-SHA256 Credential=AKID/20260115/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
    );
    headers.insert("authorization", scope.parse().unwrap());
    if let Some(target) = target {
        headers.insert("x-amz-target", target.parse().unwrap());
    }
    let request = MockRequest {
        method: "POST".to_owned(),
        uri: "/".to_owned(),
        headers,
        body: body.to_owned().into(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(region.handle(request)).unwrap()
}

fn told(answer: &MockResponse) -> (u16, String) {
    let body = String::from_utf8(answer.body.to_vec()).unwrap();
    (answer.status, body)
}

fn region() -> Arc<Region> {
    Stage::set(&healthy().unwrap(), 1).unwrap().region
}

const SUBNETS: &str = "Action=DescribeSubnets&Version=2016-11-15";

#[test]
fn a_subnet_has_what_its_instances_leave_of_its_addresses_unless_it_was_told_otherwise() {
    let region = region();
    let (status, all) = told(&ask(&region, "ec2", None, SUBNETS));
    assert_eq!(status, 200, "{all}");
    assert_eq!(
        all.matches("<availableIpAddressCount>248<").count(),
        3,
        "{all}"
    );
    let subnet = region
        .state()
        .auto_scaling
        .subnets()
        .next()
        .unwrap()
        .0
        .clone();
    region.state().around.leave_free(subnet.clone(), 2);
    let one = format!("{SUBNETS}&SubnetId.1={subnet}");
    let (_, one) = told(&ask(&region, "ec2", None, &one));
    assert_eq!(one.matches("<item>").count(), 1, "{one}");
    assert!(one.contains("<availableIpAddressCount>2<"), "{one}");
}

#[test]
fn what_is_not_there_is_refused_in_the_services_own_words() {
    let region = region();
    for (service, target, body, wanted) in [
        (
            "ec2",
            None,
            "Action=DescribeSubnets&Version=2016-11-15&SubnetId.1=subnet-1",
            "InvalidSubnetID.NotFound",
        ),
        (
            "ec2",
            None,
            "Action=DescribeSubnets&Version=2016-11-15&Filter.1.Name=x",
            "UnknownParameter",
        ),
        (
            "ec2",
            None,
            "Action=DescribeVpcs&Version=2016-11-15",
            "InvalidAction",
        ),
        (
            "iam",
            None,
            "Action=SimulatePrincipalPolicy&Version=2010-05-08&PolicySourceArn=me",
            "InvalidInput",
        ),
        (
            "iam",
            None,
            "Action=SimulatePrincipalPolicy&Version=2010-05-08&PolicySourceArn=arn:aws:iam::000000000000:role/x",
            "NoSuchEntity",
        ),
        (
            "iam",
            None,
            "Action=ListRoles&Version=2010-05-08",
            "InvalidAction",
        ),
        (
            "sqs",
            Some("AmazonSQS.GetQueueUrl"),
            r#"{"QueueName": "x"}"#,
            "com.amazonaws.sqs#QueueDoesNotExist",
        ),
        (
            "sqs",
            Some("AmazonSQS.GetQueueUrl"),
            "?",
            "SerializationException",
        ),
        (
            "sqs",
            Some("AmazonSQS.SendMessage"),
            "{}",
            "UnknownOperationException",
        ),
    ] {
        let (status, refused) = told(&ask(&region, service, target, body));
        assert!(status >= 400, "{refused}");
        assert!(refused.contains(wanted), "{wanted}: {refused}");
    }
}
