"""EC2 Auto Scaling, as boto3 and the AWS CLI see it."""

import time

import pytest

from harness import code, refusal, supported

SERVICE = "autoscaling"
UNKNOWN = ("InvalidAction", 400)
OPERATIONS = {
    "CancelInstanceRefresh",
    "CreateOrUpdateTags",
    "DeleteTags",
    "DescribeAutoScalingGroups",
    "DescribeInstanceRefreshes",
    "DescribeScalingActivities",
    "DescribeTags",
    "ResumeProcesses",
    "StartInstanceRefresh",
    "SuspendProcesses",
    "UpdateAutoScalingGroup",
}
GROUP = "wildrydes-web"
SUBNETS = [f"subnet-0{number}000000000000001" for number in (1, 2, 3)]
INVALID = ("ValidationError", 400)


@pytest.fixture
def groups(client):
    return client(SERVICE)


@pytest.fixture
def unchecked(client):
    """A client that sends what its own validation would keep back."""
    return client(SERVICE, validate=False)


def the_group(groups, **parameters):
    answer = groups.describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP], **parameters)
    [group] = answer["AutoScalingGroups"]
    return group


def tag(key, value="", group=GROUP):
    return {
        "ResourceId": group,
        "ResourceType": "auto-scaling-group",
        "Key": key,
        "Value": value,
        "PropagateAtLaunch": False,
    }


def test_a_group_is_described_as_its_model_says(groups):
    group = the_group(groups)
    assert (group["MinSize"], group["MaxSize"], group["DesiredCapacity"]) == (6, 15, 9)
    assert sorted(group["VPCZoneIdentifier"].split(",")) == SUBNETS
    assert sorted(group["AvailabilityZones"]) == ["us-east-1a", "us-east-1b", "us-east-1c"]
    assert sorted(group["AvailabilityZoneIds"]) == ["use1-az1", "use1-az2", "use1-az3"]
    assert group["AvailabilityZoneImpairmentPolicy"]["ZonalShiftEnabled"] is False
    assert len(group["Instances"]) == 9
    for instance in group["Instances"]:
        assert instance["LifecycleState"] == "InService"
        assert instance["AvailabilityZone"] in group["AvailabilityZones"]
        assert instance["AvailabilityZoneId"] in group["AvailabilityZoneIds"]
    assert the_group(groups, IncludeInstances=False)["Instances"] == []


@pytest.mark.parametrize(
    "filters, found",
    [
        ([{"Name": "tag:evac:workload", "Values": ["wildrydes"]}], True),
        ([{"Name": "tag:evac:workload", "Values": ["other", "wildrydes"]}], True),
        ([{"Name": "tag:evac:workload", "Values": ["other"]}], False),
        ([{"Name": "tag-key", "Values": ["Name"]}], True),
        ([{"Name": "tag-value", "Values": ["WILDRYDES"]}], False),
        (
            [
                {"Name": "tag-key", "Values": ["Name"]},
                {"Name": "tag-value", "Values": ["nobody"]},
            ],
            False,
        ),
    ],
)
def test_filters_have_to_match_all_of_them_with_any_of_their_values(groups, filters, found):
    answer = groups.describe_auto_scaling_groups(Filters=filters)
    assert [group["AutoScalingGroupName"] for group in answer["AutoScalingGroups"]] == (
        [GROUP] if found else []
    )


def test_what_a_description_does_not_take_is_refused(unchecked):
    describe = unchecked.describe_auto_scaling_groups
    for parameters, expected in [
        ({"MaxRecords": 0}, INVALID),
        ({"MaxRecords": 101}, INVALID),
        ({"AutoScalingGroupNames": [f"g{n}" for n in range(101)]}, INVALID),
        ({"Filters": [{"Name": "nonsense", "Values": ["x"]}]}, INVALID),
        ({"NextToken": "nonsense"}, ("InvalidNextToken", 400)),
    ]:
        assert code(refusal(describe, **parameters)) == expected, parameters
    nobody = unchecked.describe_auto_scaling_groups(AutoScalingGroupNames=["nobody"])
    assert nobody["AutoScalingGroups"] == []


def test_subnets_are_taken_out_and_put_back_and_the_zones_follow(groups):
    left = SUBNETS[1:]
    groups.update_auto_scaling_group(
        AutoScalingGroupName=GROUP, VPCZoneIdentifier=",".join(left)
    )
    group = the_group(groups)
    assert sorted(group["VPCZoneIdentifier"].split(",")) == left
    assert sorted(group["AvailabilityZoneIds"]) == ["use1-az2", "use1-az3"]
    # The update itself moves nothing: launching comes before terminating.
    assert len(group["Instances"]) >= 9
    groups.update_auto_scaling_group(
        AutoScalingGroupName=GROUP, VPCZoneIdentifier=",".join(SUBNETS), MaxSize=18
    )
    group = the_group(groups)
    assert (len(group["AvailabilityZones"]), group["MaxSize"]) == (3, 18)


@pytest.mark.parametrize(
    "changed",
    [
        {"AutoScalingGroupName": "nobody"},
        {"VPCZoneIdentifier": "subnet-0f00000000000000f"},
        {"VPCZoneIdentifier": ""},
        {"VPCZoneIdentifier": SUBNETS[0], "AvailabilityZones": ["us-east-1a"]},
        {"AvailabilityZones": ["us-east-1z"]},
        {"AvailabilityZones": ["us-east-1a"], "AvailabilityZoneIds": ["use1-az1"]},
        {"MinSize": 16},
        {"MaxSize": 5},
        {"MinSize": -1},
        {"DesiredCapacity": 16},
        {"HealthCheckType": "EC2"},
    ],
)
def test_an_update_that_makes_no_group_is_refused_and_changes_nothing(unchecked, changed):
    before = the_group(unchecked)
    given = {"AutoScalingGroupName": GROUP, **changed}
    assert code(refusal(unchecked.update_auto_scaling_group, **given)) == INVALID
    assert the_group(unchecked) == before


def test_a_missing_name_is_refused(unchecked):
    assert code(refusal(unchecked.update_auto_scaling_group)) == INVALID
    assert code(refusal(unchecked.suspend_processes)) == INVALID


def test_tags_are_written_read_page_by_page_and_deleted(groups):
    text = "näh & <so> 日本"
    groups.create_or_update_tags(Tags=[tag("evac:one", text), tag("evac:two")])
    pages = groups.get_paginator("describe_tags").paginate(
        Filters=[{"Name": "auto-scaling-group", "Values": [GROUP]}],
        PaginationConfig={"PageSize": 3},
    )
    pages = [[(one["Key"], one["Value"]) for one in page["Tags"]] for page in pages]
    assert [len(page) for page in pages] == [3, 1]
    assert ("evac:one", text) in pages[0] + pages[1]
    groups.create_or_update_tags(Tags=[tag("evac:one", "other")])
    by_key = [{"Name": "key", "Values": ["evac:one"]}]
    assert [one["Value"] for one in groups.describe_tags(Filters=by_key)["Tags"]] == ["other"]
    groups.delete_tags(Tags=[tag("evac:one"), tag("evac:two"), tag("never-there")])
    assert groups.describe_tags(Filters=by_key)["Tags"] == []


def test_tags_have_their_limits(groups, unchecked):
    write = unchecked.create_or_update_tags
    for tags in [
        [],
        [tag("")],
        [tag("k" * 129)],
        [tag("k", "v" * 257)],
        [tag("aws:mine")],
        [tag("k", group="nobody")],
        [{"Key": "k", "Value": "v"}],
        [tag(f"k{number}") for number in range(26)],
    ]:
        assert code(refusal(write, Tags=tags)) == INVALID, tags
    groups.create_or_update_tags(Tags=[tag("k" * 128, "v" * 256)])
    for batch in (range(25), range(25, 47)):
        groups.create_or_update_tags(Tags=[tag(f"n{number}") for number in batch])
    with pytest.raises(groups.exceptions.LimitExceededFault):
        groups.create_or_update_tags(Tags=[tag("one-too-many")])
    unknown = [{"Name": "nonsense", "Values": ["x"]}]
    assert code(refusal(unchecked.describe_tags, Filters=unknown)) == INVALID


def test_processes_are_suspended_and_resumed(groups, unchecked):
    groups.suspend_processes(AutoScalingGroupName=GROUP, ScalingProcesses=["AZRebalance"])
    [suspended] = the_group(groups)["SuspendedProcesses"]
    assert suspended["ProcessName"] == "AZRebalance"
    assert "suspended" in suspended["SuspensionReason"]
    groups.suspend_processes(AutoScalingGroupName=GROUP)
    assert len(the_group(groups)["SuspendedProcesses"]) > 1
    groups.resume_processes(AutoScalingGroupName=GROUP, ScalingProcesses=["Launch"])
    names = [one["ProcessName"] for one in the_group(groups)["SuspendedProcesses"]]
    assert "Launch" not in names and "Terminate" in names
    groups.resume_processes(AutoScalingGroupName=GROUP)
    assert the_group(groups)["SuspendedProcesses"] == []
    for process in (["Nonsense"], ["azrebalance"]):
        given = {"AutoScalingGroupName": GROUP, "ScalingProcesses": process}
        assert code(refusal(unchecked.suspend_processes, **given)) == INVALID


def test_instances_move_and_the_activities_say_why(start, walked):
    # Two minutes of the Region's clock in two seconds.
    groups = start("--speed", "60").client(SERVICE, walked)
    groups.update_auto_scaling_group(
        AutoScalingGroupName=GROUP, VPCZoneIdentifier=",".join(SUBNETS[1:])
    )
    for _ in range(200):
        group = the_group(groups)
        if {one["AvailabilityZoneId"] for one in group["Instances"]} == {"use1-az2", "use1-az3"}:
            break
        time.sleep(0.1)
    else:
        raise AssertionError(f"instances stay in use1-az1: {group['Instances']}")
    activities = groups.describe_scaling_activities(AutoScalingGroupName=GROUP)["Activities"]
    said = [activity["Description"] for activity in activities]
    assert any(text.startswith("Launching a new EC2 instance") for text in said)
    assert any(text.startswith("Terminating EC2 instance") for text in said)
    assert {activity["StatusCode"] for activity in activities} <= {
        "Successful",
        "InProgress",
        "PreInService",
        "WaitingForELBConnectionDraining",
    }
    [newest] = groups.describe_scaling_activities(MaxRecords=1)["Activities"]
    by_id = groups.describe_scaling_activities(ActivityIds=[newest["ActivityId"]])
    assert [one["ActivityId"] for one in by_id["Activities"]] == [newest["ActivityId"]]


def test_activities_of_nobody_are_refused(unchecked):
    given = {"AutoScalingGroupName": "nobody"}
    assert code(refusal(unchecked.describe_scaling_activities, **given)) == INVALID
    assert code(refusal(unchecked.describe_instance_refreshes, **given)) == INVALID


def test_an_instance_refresh_from_its_start_to_its_end(groups):
    named = {"AutoScalingGroupName": GROUP}

    def refreshes(**parameters):
        answer = groups.describe_instance_refreshes(**named, **parameters)
        return [(one["InstanceRefreshId"], one["Status"]) for one in answer["InstanceRefreshes"]]

    assert refreshes() == []
    with pytest.raises(groups.exceptions.ActiveInstanceRefreshNotFoundFault):
        groups.cancel_instance_refresh(**named)
    first = groups.start_instance_refresh(**named, Strategy="Rolling")["InstanceRefreshId"]
    assert refreshes() == [(first, "InProgress")]
    with pytest.raises(groups.exceptions.InstanceRefreshInProgressFault):
        groups.start_instance_refresh(**named)
    assert groups.cancel_instance_refresh(**named)["InstanceRefreshId"] == first
    second = groups.start_instance_refresh(**named)["InstanceRefreshId"]
    assert refreshes() == [(second, "InProgress"), (first, "Cancelled")]
    assert refreshes(InstanceRefreshIds=[first]) == [(first, "Cancelled")]
    pages = []
    token = {}
    while len(pages) < 5:
        answer = groups.describe_instance_refreshes(**named, **token, MaxRecords=1)
        pages += [one["InstanceRefreshId"] for one in answer["InstanceRefreshes"]]
        if "NextToken" not in answer:
            break
        token = {"NextToken": answer["NextToken"]}
    assert pages == [second, first]


def test_an_instance_refresh_that_is_not_simulated_is_refused(unchecked):
    for changed in (
        {"AutoScalingGroupName": "nobody"},
        {"Strategy": "Nonsense"},
        {"Preferences": {"MinHealthyPercentage": 90}},
    ):
        given = {"AutoScalingGroupName": GROUP, **changed}
        assert code(refusal(unchecked.start_instance_refresh, **given)) == INVALID, changed


def test_a_group_that_allows_it_is_shifted_by_arc(client, groups, unchecked):
    arc = client("arc-zonal-shift")
    policy = {"ZonalShiftEnabled": True, "ImpairedZoneHealthCheckBehavior": "ReplaceUnhealthy"}
    groups.update_auto_scaling_group(
        AutoScalingGroupName=GROUP, AvailabilityZoneImpairmentPolicy=policy
    )
    group = the_group(groups)
    assert group["AvailabilityZoneImpairmentPolicy"] == policy
    arn = group["AutoScalingGroupARN"]
    given = {"awayFrom": "use1-az1", "expiresIn": "1h", "comment": "a walk"}
    arc.start_zonal_shift(resourceIdentifier=arn, **given)
    assert arc.get_managed_resource(resourceIdentifier=arn)["appliedWeights"]["use1-az1"] == 0.0
    groups.update_auto_scaling_group(
        AutoScalingGroupName=GROUP,
        AvailabilityZoneImpairmentPolicy={"ZonalShiftEnabled": False},
    )
    error = refusal(arc.get_managed_resource, resourceIdentifier=arn)
    assert code(error) == ("ResourceNotFoundException", 404)
    bad = {"ImpairedZoneHealthCheckBehavior": "Nonsense"}
    given = {"AutoScalingGroupName": GROUP, "AvailabilityZoneImpairmentPolicy": bad}
    assert code(refusal(unchecked.update_auto_scaling_group, **given)) == INVALID


def test_the_cli_walks_it_too(cli):
    named = ["--auto-scaling-group-name", GROUP]
    described = cli(SERVICE, "describe-auto-scaling-groups")
    assert [one["AutoScalingGroupName"] for one in described["AutoScalingGroups"]] == [GROUP]
    cli(SERVICE, "update-auto-scaling-group", *named, "--vpc-zone-identifier", SUBNETS[0])
    refused = cli(SERVICE, "update-auto-scaling-group", *named, "--max-size", "1", fails=True)
    assert "(ValidationError)" in refused
    one = f"ResourceId={GROUP},ResourceType=auto-scaling-group,Key=a,Value=b"
    cli(SERVICE, "create-or-update-tags", "--tags", one + ",PropagateAtLaunch=true")
    found = cli(SERVICE, "describe-tags", "--filters", "Name=key,Values=a")["Tags"]
    assert [(tag["Value"], tag["PropagateAtLaunch"]) for tag in found] == [("b", True)]
    cli(SERVICE, "delete-tags", "--tags", one)
    cli(SERVICE, "suspend-processes", *named, "--scaling-processes", "Launch")
    cli(SERVICE, "resume-processes", *named)
    assert "Activities" in cli(SERVICE, "describe-scaling-activities", *named)
    begun = cli(SERVICE, "start-instance-refresh", *named)
    refused = cli(SERVICE, "start-instance-refresh", *named, fails=True)
    assert "(InstanceRefreshInProgress)" in refused
    [refresh] = cli(SERVICE, "describe-instance-refreshes", *named)["InstanceRefreshes"]
    assert refresh["InstanceRefreshId"] == begun["InstanceRefreshId"]
    assert cli(SERVICE, "cancel-instance-refresh", *named) == begun


def test_every_other_operation_of_the_model_is_refused_as_unknown(client):
    assert supported(client(SERVICE, validate=False), UNKNOWN) == OPERATIONS


def test_no_operation_was_left_out(walked, whole_walk):
    assert walked.operations[SERVICE] == OPERATIONS
