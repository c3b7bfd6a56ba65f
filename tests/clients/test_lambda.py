"""Lambda, as boto3 and the AWS CLI see it."""

import io
import json

import pytest

from harness import code, refusal, supported

SERVICE = "lambda"
UNKNOWN = ("UnknownOperationException", 404)
OPERATIONS = {
    "DeleteFunctionConcurrency",
    "DeleteFunctionEventInvokeConfig",
    "GetFunction",
    "GetFunctionConcurrency",
    "GetFunctionConfiguration",
    "GetFunctionEventInvokeConfig",
    "Invoke",
    "ListFunctionEventInvokeConfigs",
    "ListFunctions",
    "PutFunctionConcurrency",
    "PutFunctionEventInvokeConfig",
    "UpdateFunctionEventInvokeConfig",
}
ACCOUNT = "000000000000"
ARN = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:echo"
INVALID = ("ValidationException", 400)
MISSING = ("ResourceNotFoundException", 404)
SENSELESS = ("InvalidParameterValueException", 400)
MEBIBYTE = 1024 * 1024


@pytest.fixture
def functions(client):
    return client(SERVICE)


@pytest.fixture
def unchecked(client):
    """A client that sends what its own validation would keep back."""
    return client(SERVICE, validate=False)


def invoke(functions, payload, name="echo", **given):
    answer = functions.invoke(FunctionName=name, Payload=payload, **given)
    return answer, answer["Payload"].read()


def test_a_function_answers_what_it_is_asked(functions):
    for payload in [{"a": [1, 2.5, None, "ä 日本"]}, [], "text", 7, None]:
        sent = json.dumps(payload).encode()
        answer, got = invoke(functions, sent)
        assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
        assert "FunctionError" not in answer
        assert json.loads(got) == payload
    answer = functions.invoke(FunctionName="echo")
    assert json.loads(answer["Payload"].read()) == {}


def test_a_failing_function_is_no_failing_call(functions):
    answer, got = invoke(functions, b"{}", "fail", LogType="Tail")
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert json.loads(got) == {
        "errorType": "Failure",
        "errorMessage": "this function always fails",
    }


def test_nobody_waits_for_an_event_and_a_dry_run_does_nothing(functions):
    for way, status in [("Event", 202), ("DryRun", 204)]:
        answer, got = invoke(functions, b'{"a": 1}', "fail", InvocationType=way)
        assert (answer["StatusCode"], got) == (status, b"")
        assert "FunctionError" not in answer
        assert "ExecutedVersion" not in answer


@pytest.mark.parametrize(
    "name", ["echo", "echo:$LATEST", f"{ACCOUNT}:function:echo", ARN, f"{ARN}:$LATEST"]
)
def test_a_function_has_several_names(functions, name):
    assert invoke(functions, b"1", name)[1] == b"1"
    found = functions.get_function_configuration(FunctionName=name)
    assert (found["FunctionName"], found["State"]) == ("echo", "Active")
    assert found["FunctionArn"] == (f"{ARN}:$LATEST" if "$" in name else ARN)
    found = functions.get_function(FunctionName=name)
    assert found["Configuration"]["FunctionName"] == "echo"
    assert found["Code"]["Error"]["ErrorCode"] == "NotSupported"


@pytest.mark.parametrize(
    "given, expected",
    [
        ({"FunctionName": "nobody"}, MISSING),
        ({"FunctionName": "echo:1"}, MISSING),
        ({"FunctionName": "echo", "Qualifier": "live"}, MISSING),
        ({"FunctionName": ARN.replace("us-east-1", "eu-west-1")}, MISSING),
        ({"FunctionName": "echo:$LATEST", "Qualifier": "1"}, SENSELESS),
        ({"FunctionName": ARN.replace(ACCOUNT, "1" * 12)}, ("AccessDeniedException", 403)),
        ({"FunctionName": "x" * 65}, INVALID),
        ({"FunctionName": "a b"}, INVALID),
        ({"FunctionName": "echo", "Qualifier": "a b"}, INVALID),
    ],
)
def test_a_function_that_is_not_there_is_refused_by_every_operation(unchecked, given, expected):
    for call in [
        unchecked.get_function,
        unchecked.get_function_configuration,
        unchecked.get_function_event_invoke_config,
        unchecked.delete_function_event_invoke_config,
        unchecked.invoke,
    ]:
        assert code(refusal(call, **given)) == expected, call
    if "Qualifier" not in given:
        listed = unchecked.list_function_event_invoke_configs
        assert code(refusal(listed, **given)) == expected
    for change in [
        unchecked.put_function_event_invoke_config,
        unchecked.update_function_event_invoke_config,
    ]:
        assert code(refusal(change, MaximumRetryAttempts=1, **given)) == expected, change


def test_what_is_missing_is_told_by_its_exception(functions):
    with pytest.raises(functions.exceptions.ResourceNotFoundException) as caught:
        functions.invoke(FunctionName="nobody")
    error = caught.value.response
    assert error["Type"] == "User"
    assert error["Error"]["Message"].startswith("Function not found: arn:aws:lambda:")
    with pytest.raises(functions.exceptions.InvalidRequestContentException):
        functions.invoke(FunctionName="echo", Payload=b"{")
    with pytest.raises(functions.exceptions.InvalidParameterValueException):
        functions.invoke(FunctionName="echo:$LATEST", Qualifier="1")


def test_payloads_have_their_limits(functions):
    def text(size):
        return b'"' + b"x" * (size - 2) + b'"'

    _, got = invoke(functions, text(6 * MEBIBYTE))
    assert len(got) == 6 * MEBIBYTE
    answer, _ = invoke(functions, io.BytesIO(text(MEBIBYTE)), InvocationType="Event")
    assert answer["StatusCode"] == 202
    for size, way in [
        (6 * MEBIBYTE + 1, "RequestResponse"),
        (MEBIBYTE + 1, "Event"),
        (8 * MEBIBYTE, "RequestResponse"),
    ]:
        with pytest.raises(functions.exceptions.RequestTooLargeException) as caught:
            invoke(functions, text(size), InvocationType=way)
        assert code(caught.value)[1] == 413


def test_what_an_invocation_does_not_take_is_refused(unchecked):
    for given in [{"InvocationType": "nonsense"}, {"LogType": "nonsense"}]:
        assert code(refusal(unchecked.invoke, FunctionName="echo", **given)) == INVALID


def test_functions_are_listed_page_by_page(functions, unchecked):
    listed = functions.list_functions()["Functions"]
    assert [one["FunctionName"] for one in listed] == ["echo", "fail"]
    pages = functions.get_paginator("list_functions")
    pages = pages.paginate(FunctionVersion="ALL", PaginationConfig={"PageSize": 1})
    pages = [[one["FunctionArn"] for one in page["Functions"]] for page in pages]
    assert pages == [[f"{ARN}:$LATEST"], [f"{ARN[:-4]}fail:$LATEST"]]
    for given, expected in [
        ({"MaxItems": 0}, INVALID),
        ({"MaxItems": 10001}, INVALID),
        ({"FunctionVersion": "1"}, INVALID),
        ({"Marker": "nonsense"}, SENSELESS),
    ]:
        assert code(refusal(unchecked.list_functions, **given)) == expected, given
    functions.get_waiter("function_exists").wait(FunctionName="echo")
    functions.get_waiter("function_active_v2").wait(FunctionName="echo")


def test_a_configuration_is_put_changed_listed_and_deleted(functions):
    name = {"FunctionName": "echo"}
    failures = {"OnFailure": {"Destination": f"arn:aws:sqs:us-east-1:{ACCOUNT}:failures"}}
    put = functions.put_function_event_invoke_config(
        **name, MaximumRetryAttempts=0, DestinationConfig=failures
    )
    assert put["FunctionArn"] == f"{ARN}:$LATEST"
    assert put["DestinationConfig"]["OnFailure"] == failures["OnFailure"]
    assert put["MaximumRetryAttempts"] == 0 and "MaximumEventAgeInSeconds" not in put

    changed = functions.update_function_event_invoke_config(**name, MaximumEventAgeInSeconds=60)
    assert (changed["MaximumEventAgeInSeconds"], changed["MaximumRetryAttempts"]) == (60, 0)
    assert changed["DestinationConfig"]["OnFailure"] == failures["OnFailure"]
    assert changed["LastModified"] >= put["LastModified"]

    read = functions.get_function_event_invoke_config(**name, Qualifier="$LATEST")
    [listed] = functions.list_function_event_invoke_configs(**name)["FunctionEventInvokeConfigs"]
    del changed["ResponseMetadata"], read["ResponseMetadata"]
    assert read == listed == changed

    put = functions.put_function_event_invoke_config(**name, MaximumEventAgeInSeconds=21600)
    assert "MaximumRetryAttempts" not in put
    assert "Destination" not in put["DestinationConfig"]["OnFailure"]
    functions.delete_function_event_invoke_config(**name)
    assert functions.list_function_event_invoke_configs(**name)["FunctionEventInvokeConfigs"] == []
    for call in [
        functions.get_function_event_invoke_config,
        functions.delete_function_event_invoke_config,
    ]:
        with pytest.raises(functions.exceptions.ResourceNotFoundException):
            call(**name)
    with pytest.raises(functions.exceptions.ResourceNotFoundException):
        functions.update_function_event_invoke_config(**name, MaximumRetryAttempts=1)


def test_a_configuration_that_makes_no_sense_is_refused_and_changes_nothing(unchecked):
    def failures(arn):
        return {"DestinationConfig": {"OnFailure": {"Destination": arn}}}

    name = {"FunctionName": "echo"}
    unchecked.put_function_event_invoke_config(**name, MaximumRetryAttempts=1)
    for given, expected in [
        ({"MaximumRetryAttempts": 3}, INVALID),
        ({"MaximumRetryAttempts": -1}, INVALID),
        ({"MaximumEventAgeInSeconds": 59}, INVALID),
        ({"MaximumEventAgeInSeconds": 21601}, INVALID),
        (failures(ARN), SENSELESS),
        (failures(f"arn:aws:sns:us-east-1:{ACCOUNT}:topic.fifo"), SENSELESS),
        (failures("arn:aws:ec2:us-east-1:000000000000:x"), SENSELESS),
        (
            {"DestinationConfig": {"OnSuccess": {"Destination": "arn:aws:s3:::bucket"}}},
            SENSELESS,
        ),
    ]:
        for change in [
            unchecked.put_function_event_invoke_config,
            unchecked.update_function_event_invoke_config,
        ]:
            assert code(refusal(change, **name, **given)) == expected, given
    assert code(refusal(unchecked.put_function_event_invoke_config, **name)) == SENSELESS
    left = unchecked.get_function_event_invoke_config(**name)
    assert (left["MaximumRetryAttempts"], left.get("MaximumEventAgeInSeconds")) == (1, None)
    listed = unchecked.list_function_event_invoke_configs
    for given, expected in [
        ({"MaxItems": 0}, INVALID),
        ({"MaxItems": 51}, INVALID),
        ({"Marker": "nonsense"}, SENSELESS),
    ]:
        assert code(refusal(listed, **name, **given)) == expected, given


def test_a_reservation_of_nothing_stops_a_function(functions, unchecked):
    name = {"FunctionName": "echo"}
    assert "ReservedConcurrentExecutions" not in functions.get_function_concurrency(**name)
    put = functions.put_function_concurrency(**name, ReservedConcurrentExecutions=0)
    assert put["ReservedConcurrentExecutions"] == 0
    assert functions.get_function_concurrency(**name)["ReservedConcurrentExecutions"] == 0
    throttled = refusal(unchecked.invoke, **name)
    assert code(throttled) == ("TooManyRequestsException", 429)
    assert throttled.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    for wrong in [-1, None]:
        given = {} if wrong is None else {"ReservedConcurrentExecutions": wrong}
        assert code(refusal(unchecked.put_function_concurrency, **name, **given)) == INVALID, wrong
    functions.delete_function_concurrency(**name)
    assert functions.invoke(**name)["StatusCode"] == 200
    missing = {"FunctionName": "nobody"}
    assert code(refusal(functions.get_function_concurrency, **missing)) == MISSING


def test_the_cli_walks_it_too(cli, tmp_path):
    listed = cli(SERVICE, "list-functions", "--max-items", "1")
    assert [one["FunctionName"] for one in listed["Functions"]] == ["echo"]
    name = ["--function-name", "echo"]
    got = tmp_path / "answer"
    given = ["--payload", '{"a": "ä"}', str(got)]
    assert cli(SERVICE, "invoke", *name, *given)["StatusCode"] == 200
    assert json.loads(got.read_text()) == {"a": "ä"}
    assert cli(SERVICE, "invoke", "--function-name", "fail", *given)["FunctionError"]
    event = cli(SERVICE, "invoke", *name, "--invocation-type", "Event", *given)
    assert (event["StatusCode"], got.read_text()) == (202, "")
    assert cli(SERVICE, "get-function", *name)["Configuration"]["FunctionArn"] == ARN
    assert cli(SERVICE, "get-function-configuration", *name)["FunctionArn"] == ARN
    put = [*name, "--maximum-retry-attempts", "1"]
    cli(SERVICE, "put-function-event-invoke-config", *put)
    changed = [*name, "--maximum-event-age-in-seconds", "90"]
    cli(SERVICE, "update-function-event-invoke-config", *changed)
    read = cli(SERVICE, "get-function-event-invoke-config", *name)
    assert (read["MaximumRetryAttempts"], read["MaximumEventAgeInSeconds"]) == (1, 90)
    listed = cli(SERVICE, "list-function-event-invoke-configs", *name)
    assert listed["FunctionEventInvokeConfigs"] == [read]
    cli(SERVICE, "put-function-concurrency", *name, "--reserved-concurrent-executions", "0")
    assert cli(SERVICE, "get-function-concurrency", *name) == {"ReservedConcurrentExecutions": 0}
    cli(SERVICE, "delete-function-concurrency", *name)
    cli(SERVICE, "delete-function-event-invoke-config", *name)
    refused = cli(SERVICE, "get-function-event-invoke-config", *name, fails=True)
    assert "(ResourceNotFoundException)" in refused


def test_every_other_operation_of_the_model_is_refused_as_unknown(client):
    assert supported(client(SERVICE, validate=False), UNKNOWN) == OPERATIONS


def test_no_operation_was_left_out(walked, whole_walk):
    assert walked.operations[SERVICE] == OPERATIONS
