"""EC2, IAM and SQS, as far as the Region has them: what a preflight asks."""

import pytest

from harness import code, refusal, supported

OPERATIONS = {
    "ec2": {"DescribeSubnets"},
    "iam": {"SimulatePrincipalPolicy"},
    "sqs": {"GetQueueAttributes", "GetQueueUrl"},
}
UNKNOWN = {
    "ec2": ("InvalidAction", 400),
    "iam": ("InvalidAction", 400),
    "sqs": ("UnknownOperationException", 404),
}
ROLE = "arn:aws:iam::000000000000:role/zonal-shift"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:evac-failed"


@pytest.fixture
def watched(start):
    """A Region with Evac in it, whose functions have roles and a queue."""
    return start("--evac")


def test_subnets_are_described_with_their_zone_and_what_is_free(watched, walked):
    ec2 = watched.client("ec2", walked)
    subnets = ec2.describe_subnets()["Subnets"]
    zones = {one["AvailabilityZoneId"]: one["AvailabilityZone"] for one in subnets}
    assert zones == {"use1-az1": "us-east-1c", "use1-az2": "us-east-1a", "use1-az3": "us-east-1b"}
    # Of 256 addresses AWS keeps five, and each zone's instances have three.
    assert {one["AvailableIpAddressCount"] for one in subnets} == {248}
    first = subnets[0]["SubnetId"]
    [alone] = ec2.describe_subnets(SubnetIds=[first])["Subnets"]
    assert alone == subnets[0]


def test_a_subnet_that_is_not_there_and_a_filter_are_refused(watched):
    # EC2's model names no errors, so nothing can be compared with it.
    ec2 = watched.client("ec2")
    missing = refusal(ec2.describe_subnets, SubnetIds=["subnet-0fffffffffffffff0"])
    assert code(missing) == ("InvalidSubnetID.NotFound", 400)
    filtered = refusal(ec2.describe_subnets, Filters=[{"Name": "vpc-id", "Values": ["vpc-1"]}])
    assert code(filtered) == ("UnknownParameter", 400)


def test_a_role_may_do_what_no_fault_refuses(start, walked):
    fault = "accessDenied:service=arc-zonal-shift,operation=StartZonalShift"
    iam = start("--evac", "--fault", fault).client("iam", walked)
    answer = iam.simulate_principal_policy(
        PolicySourceArn=ROLE,
        ActionNames=["arc-zonal-shift:StartZonalShift", "arc-zonal-shift:CancelZonalShift"],
        ResourceArns=["*"],
    )
    decisions = {one["EvalActionName"]: one["EvalDecision"] for one in answer["EvaluationResults"]}
    assert decisions == {
        "arc-zonal-shift:StartZonalShift": "implicitDeny",
        "arc-zonal-shift:CancelZonalShift": "allowed",
    }


def test_a_role_that_is_not_there_is_refused(watched, walked):
    iam = watched.client("iam", walked)
    role = "arn:aws:iam::000000000000:role/nobody"
    missing = refusal(iam.simulate_principal_policy, PolicySourceArn=role, ActionNames=["sns:Publish"])
    assert code(missing) == ("NoSuchEntity", 404)


def test_a_queue_is_found_by_its_name_and_tells_what_waits(watched, walked):
    sqs = watched.client("sqs", walked)
    url = sqs.get_queue_url(QueueName="evac-failed")["QueueUrl"]
    wanted = ["ApproximateNumberOfMessages", "QueueArn"]
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=wanted)["Attributes"]
    assert answer == {"ApproximateNumberOfMessages": "0", "QueueArn": QUEUE}
    missing = refusal(sqs.get_queue_url, QueueName="another")
    assert code(missing)[1] == 400


@pytest.mark.parametrize("service", OPERATIONS)
def test_no_other_operation_is_there(client, service):
    assert supported(client(service, validate=False), UNKNOWN[service]) == OPERATIONS[service]


def test_the_walk_has_been_over_every_operation(walked, whole_walk):
    for service, operations in OPERATIONS.items():
        assert walked.operations[service] == operations
