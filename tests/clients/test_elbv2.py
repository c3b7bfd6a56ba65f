"""Elastic Load Balancing (version 2), as boto3 and the AWS CLI see it."""

import pytest

from harness import code, refusal, supported

SERVICE = "elbv2"
UNKNOWN = ("InvalidAction", 400)
OPERATIONS = {
    "DescribeLoadBalancerAttributes",
    "DescribeLoadBalancers",
    "DescribeTags",
    "DescribeTargetGroupAttributes",
    "DescribeTargetGroups",
    "DescribeTargetHealth",
}
INVALID = ("ValidationError", 400)
GROUP = "wildrydes-web"
ZONES = ["us-east-1a", "us-east-1b", "us-east-1c"]


@pytest.fixture
def elb(client):
    return client(SERVICE)


@pytest.fixture
def unchecked(client):
    """A client that sends what its own validation would keep back."""
    return client(SERVICE, validate=False)


@pytest.fixture
def balancer(elb):
    [one] = elb.describe_load_balancers()["LoadBalancers"]
    return one


@pytest.fixture
def target_group(elb):
    [one] = elb.describe_target_groups()["TargetGroups"]
    return one


def attributes(answer):
    return {one["Key"]: one["Value"] for one in answer["Attributes"]}


def test_a_load_balancer_is_described_as_its_model_says(elb, balancer):
    assert balancer["LoadBalancerArn"].endswith(":loadbalancer/app/front/50dc6c495c0c9188")
    assert (balancer["LoadBalancerName"], balancer["Type"]) == ("front", "application")
    assert balancer["State"] == {"Code": "active"}
    assert balancer["CreatedTime"].isoformat() == "2026-01-15T02:50:00+00:00"
    assert sorted(one["ZoneName"] for one in balancer["AvailabilityZones"]) == ZONES
    assert {len(one["SubnetId"]) for one in balancer["AvailabilityZones"]} == {24}
    for given in [{"Names": ["front"]}, {"LoadBalancerArns": [balancer["LoadBalancerArn"]]}]:
        assert elb.describe_load_balancers(**given)["LoadBalancers"] == [balancer]
    pages = elb.get_paginator("describe_load_balancers")
    pages = list(pages.paginate(PaginationConfig={"PageSize": 1}))
    assert [page["LoadBalancers"] for page in pages] == [[balancer]]
    assert "NextMarker" not in pages[0]
    elb.get_waiter("load_balancer_available").wait(Names=["front"])
    elb.get_waiter("load_balancer_exists").wait(Names=["front"])


def test_a_target_group_is_found_by_each_of_its_names(elb, balancer, target_group):
    assert target_group["TargetType"] == "instance"
    assert target_group["LoadBalancerArns"] == [balancer["LoadBalancerArn"]]
    for given in [
        {"Names": [target_group["TargetGroupName"]]},
        {"TargetGroupArns": [target_group["TargetGroupArn"]]},
        {"LoadBalancerArn": balancer["LoadBalancerArn"]},
        {"PageSize": 400},
    ]:
        assert elb.describe_target_groups(**given)["TargetGroups"] == [target_group]


def test_attributes_and_tags_are_told(elb, balancer, target_group):
    arn, group = balancer["LoadBalancerArn"], target_group["TargetGroupArn"]
    of_balancer = attributes(elb.describe_load_balancer_attributes(LoadBalancerArn=arn))
    assert of_balancer["zonal_shift.config.enabled"] == "true"
    assert of_balancer["load_balancing.cross_zone.enabled"] == "true"
    of_group = attributes(elb.describe_target_group_attributes(TargetGroupArn=group))
    assert of_group["load_balancing.cross_zone.enabled"] == "false"
    tags = elb.describe_tags(ResourceArns=[group, arn])["TagDescriptions"]
    assert [one["ResourceArn"] for one in tags] == [group, arn]


def test_targets_are_the_instances_of_the_group_and_healthy(client, elb, target_group):
    [group] = client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    instances = sorted(one["InstanceId"] for one in group["Instances"])
    arn = target_group["TargetGroupArn"]
    found = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    assert sorted(one["Target"]["Id"] for one in found) == instances
    assert {one["TargetHealth"]["State"] for one in found} == {"healthy"}
    assert {one["AdministrativeOverride"]["State"] for one in found} == {"no_override"}
    assert not any("AnomalyDetection" in one for one in found)

    asked = [{"Id": instances[0]}, {"Id": "i-0f00000000000000f"}]
    one, other = elb.describe_target_health(
        TargetGroupArn=arn, Targets=asked, Include=["AnomalyDetection"]
    )["TargetHealthDescriptions"]
    assert one["AnomalyDetection"] == {"Result": "normal", "MitigationInEffect": "no"}
    assert other["TargetHealth"]["State"] == "unused"
    assert other["TargetHealth"]["Reason"] == "Target.NotRegistered"
    in_service = elb.get_waiter("target_in_service")
    in_service.wait(TargetGroupArn=arn, Targets=asked[:1])
    elb.get_waiter("target_deregistered").wait(TargetGroupArn=arn, Targets=asked[1:])


def test_a_zonal_shift_overrides_the_targets_of_its_zone(client, elb, balancer, target_group):
    arc = client("arc-zonal-shift")
    shift = arc.start_zonal_shift(
        resourceIdentifier=balancer["LoadBalancerArn"],
        awayFrom="use1-az1",
        expiresIn="1h",
        comment="a walk",
    )
    [group] = client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    zones = {one["InstanceId"]: one["AvailabilityZoneId"] for one in group["Instances"]}
    arn = target_group["TargetGroupArn"]

    def overridden():
        found = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        assert {one["TargetHealth"]["State"] for one in found} == {"healthy"}
        override = {one["Target"]["Id"]: one["AdministrativeOverride"] for one in found}
        return {id for id, one in override.items() if one["State"] == "zonal_shift_active"}

    shifted = {id for id, zone in zones.items() if zone == "use1-az1"}
    assert overridden() == shifted and len(shifted) == 3
    arc.cancel_zonal_shift(zonalShiftId=shift["zonalShiftId"])
    assert overridden() == set()


def test_what_is_not_there_is_told_by_its_exception(elb, balancer, target_group):
    arn, group = balancer["LoadBalancerArn"], target_group["TargetGroupArn"]
    no_balancer, no_group = arn[:-1] + "0", group[:-1] + "0"
    for call, given in [
        (elb.describe_load_balancers, {"LoadBalancerArns": [arn, no_balancer]}),
        (elb.describe_load_balancers, {"Names": ["nobody"]}),
        (elb.describe_target_groups, {"LoadBalancerArn": no_balancer}),
        (elb.describe_load_balancer_attributes, {"LoadBalancerArn": no_balancer}),
        (elb.describe_tags, {"ResourceArns": [arn, no_balancer]}),
    ]:
        with pytest.raises(elb.exceptions.LoadBalancerNotFoundException):
            call(**given)
    for call, given in [
        (elb.describe_target_groups, {"TargetGroupArns": [no_group]}),
        (elb.describe_target_groups, {"Names": ["nobody"]}),
        (elb.describe_target_group_attributes, {"TargetGroupArn": no_group}),
        (elb.describe_target_health, {"TargetGroupArn": no_group}),
        (elb.describe_tags, {"ResourceArns": [no_group]}),
    ]:
        with pytest.raises(elb.exceptions.TargetGroupNotFoundException):
            call(**given)
    with pytest.raises(elb.exceptions.InvalidTargetException):
        elb.describe_target_health(TargetGroupArn=group, Targets=[{"Id": "10.0.0.1"}])


def test_what_makes_no_sense_is_refused(unchecked, balancer, target_group):
    arn, group = balancer["LoadBalancerArn"], target_group["TargetGroupArn"]
    instance = {"Id": "i-0f00000000000000f"}
    for call, given in [
        (unchecked.describe_load_balancers, {"PageSize": 0}),
        (unchecked.describe_load_balancers, {"PageSize": 401}),
        (unchecked.describe_load_balancers, {"Marker": "nonsense"}),
        (unchecked.describe_load_balancers, {"LoadBalancerArns": [group]}),
        (unchecked.describe_load_balancers, {"LoadBalancerArns": [arn] * 21}),
        (unchecked.describe_load_balancers, {"LoadBalancerArns": [arn], "Names": ["front"]}),
        (unchecked.describe_target_groups, {"LoadBalancerArn": arn, "Names": ["x"]}),
        (unchecked.describe_target_groups, {"TargetGroupArns": [arn]}),
        (unchecked.describe_target_groups, {"PageSize": -1}),
        (unchecked.describe_target_health, {}),
        (unchecked.describe_target_health, {"TargetGroupArn": group, "Include": ["nonsense"]}),
        (
            unchecked.describe_target_health,
            {"TargetGroupArn": group, "Targets": [{**instance, "Port": 65536}]},
        ),
        (
            unchecked.describe_target_health,
            {"TargetGroupArn": group, "Targets": [{**instance, "AvailabilityZone": "all"}]},
        ),
        (unchecked.describe_tags, {"ResourceArns": []}),
        (unchecked.describe_tags, {"ResourceArns": [arn] * 21}),
        (unchecked.describe_load_balancer_attributes, {}),
        (unchecked.describe_load_balancer_attributes, {"LoadBalancerArn": "nonsense"}),
        (unchecked.describe_target_group_attributes, {}),
    ]:
        assert code(refusal(call, **given)) == INVALID, given


def test_the_classic_version_of_the_service_is_not_there(client):
    classic = client("elb", validate=False)
    assert code(refusal(classic.describe_load_balancers)) == UNKNOWN
    assert supported(classic, UNKNOWN) == set()


def test_the_cli_walks_it_too(cli):
    [balancer] = cli(SERVICE, "describe-load-balancers", "--names", "front")["LoadBalancers"]
    arn = ["--load-balancer-arn", balancer["LoadBalancerArn"]]
    [group] = cli(SERVICE, "describe-target-groups", *arn)["TargetGroups"]
    by_group = ["--target-group-arn", group["TargetGroupArn"]]
    health = cli(SERVICE, "describe-target-health", *by_group, "--include", "All")
    assert len(health["TargetHealthDescriptions"]) == 9
    told = attributes(cli(SERVICE, "describe-load-balancer-attributes", *arn))
    assert told["zonal_shift.config.enabled"] == "true"
    assert attributes(cli(SERVICE, "describe-target-group-attributes", *by_group))
    tags = cli(SERVICE, "describe-tags", "--resource-arns", arn[1])["TagDescriptions"]
    assert [one["ResourceArn"] for one in tags] == [arn[1]]
    refused = cli(SERVICE, "describe-load-balancers", "--names", "nobody", fails=True)
    assert "(LoadBalancerNotFound)" in refused
    refused = cli(SERVICE, "describe-listeners", *arn, fails=True)
    assert "(InvalidAction)" in refused


def test_every_other_operation_of_the_model_is_refused_as_unknown(client):
    assert supported(client(SERVICE, validate=False), UNKNOWN) == OPERATIONS


def test_no_operation_was_left_out(walked, whole_walk):
    assert walked.operations[SERVICE] == OPERATIONS
