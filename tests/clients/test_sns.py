"""SNS, as boto3 and the AWS CLI see it."""

import json

import pytest

from harness import code, refusal, supported

SERVICE = "sns"
UNKNOWN = ("InvalidAction", 400)
OPERATIONS = {
    "ConfirmSubscription",
    "CreateTopic",
    "DeleteTopic",
    "GetSubscriptionAttributes",
    "GetTopicAttributes",
    "ListSubscriptions",
    "ListSubscriptionsByTopic",
    "ListTopics",
    "Publish",
    "SetSubscriptionAttributes",
    "SetTopicAttributes",
    "Subscribe",
    "Unsubscribe",
}
ACCOUNT = "000000000000"
OWN = f"arn:aws:sns:us-east-1:{ACCOUNT}:"
ECHO = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:echo"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:walk"
NOBODY = f"{OWN}nobody"
INVALID = ("InvalidParameter", 400)
POLICY = json.dumps({"zone": ["use1-az1", {"prefix": "use1-"}], "share": [{"numeric": [">", 5]}]})


@pytest.fixture
def sns(client):
    return client(SERVICE)


@pytest.fixture
def unchecked(client):
    """A client that sends what its own validation would keep back."""
    return client(SERVICE, validate=False)


@pytest.fixture
def topic(sns):
    return sns.create_topic(Name="walk")["TopicArn"]


def attributes(sns, topic):
    return sns.get_topic_attributes(TopicArn=topic)["Attributes"]


def test_a_topic_from_its_start_to_its_end(sns):
    arn = sns.create_topic(Name="walk", Attributes={"DisplayName": "Wälk & <Co>"})["TopicArn"]
    assert arn == f"{OWN}walk"
    assert sns.create_topic(Name="walk")["TopicArn"] == arn
    with pytest.raises(sns.exceptions.InvalidParameterException):
        sns.create_topic(Name="walk", Attributes={"DisplayName": "other"})
    held = attributes(sns, arn)
    assert (held["DisplayName"], held["Owner"], held["TopicArn"]) == ("Wälk & <Co>", ACCOUNT, arn)
    assert json.loads(held["Policy"])["Statement"][0]["Resource"] == arn
    assert "http" in json.loads(held["EffectiveDeliveryPolicy"])
    counts = {name: held[f"Subscriptions{name}"] for name in ("Confirmed", "Pending", "Deleted")}
    assert set(counts.values()) == {"0"}
    for name, value in [
        ("DisplayName", ""),
        ("SignatureVersion", "2"),
        ("TracingConfig", "Active"),
        ("MaximumMessageSize", "1048576"),
        ("LambdaSuccessFeedbackSampleRate", "100"),
    ]:
        sns.set_topic_attributes(TopicArn=arn, AttributeName=name, AttributeValue=value)
        assert attributes(sns, arn)[name] == value
    assert {"TopicArn": arn} in sns.list_topics()["Topics"]
    sns.delete_topic(TopicArn=arn)
    sns.delete_topic(TopicArn=arn)
    with pytest.raises(sns.exceptions.NotFoundException) as caught:
        attributes(sns, arn)
    assert code(caught.value) == ("NotFound", 404)


def test_topics_and_subscriptions_are_listed_page_by_page(sns, topic, unchecked):
    for number in range(105):
        sns.create_topic(Name=f"many-{number:03}")
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"{QUEUE}-{number:03}")
    topics = sns.get_paginator("list_topics").paginate()
    topics = [[one["TopicArn"] for one in page["Topics"]] for page in topics]
    assert [len(page) for page in topics] == [100, 7]
    assert len(set(topics[0] + topics[1])) == 107
    for operation, given in [
        ("list_subscriptions", {}),
        ("list_subscriptions_by_topic", {"TopicArn": topic}),
    ]:
        pages = sns.get_paginator(operation).paginate(**given)
        pages = [[one["Endpoint"] for one in page["Subscriptions"]] for page in pages]
        assert [len(page) for page in pages] == [100, 5]
        assert pages[1][-1] == f"{QUEUE}-104"
        bad = refusal(getattr(unchecked, operation), NextToken="nonsense", **given)
        assert code(bad) == INVALID
    assert code(refusal(unchecked.list_topics, NextToken="nonsense")) == INVALID


def test_a_subscription_from_its_start_to_its_end(sns, topic):
    given = {"TopicArn": topic, "Protocol": "lambda", "Endpoint": ECHO}
    arn = sns.subscribe(**given, Attributes={"FilterPolicy": POLICY})["SubscriptionArn"]
    assert arn.startswith(f"{topic}:")
    assert sns.subscribe(**given)["SubscriptionArn"] == arn
    with pytest.raises(sns.exceptions.InvalidParameterException):
        sns.subscribe(**given, Attributes={"FilterPolicy": '{"zone": ["other"]}'})

    def held():
        return sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]

    first = held()
    assert (first["Protocol"], first["Endpoint"], first["TopicArn"]) == ("lambda", ECHO, topic)
    assert (first["PendingConfirmation"], first["RawMessageDelivery"]) == ("false", "false")
    assert (first["FilterPolicy"], first["FilterPolicyScope"]) == (POLICY, "MessageAttributes")
    for name, value in [
        ("FilterPolicyScope", "MessageBody"),
        ("FilterPolicy", '{"zone": {"name": ["use1-az1"]}}'),
        ("RedrivePolicy", json.dumps({"deadLetterTargetArn": QUEUE})),
    ]:
        sns.set_subscription_attributes(
            SubscriptionArn=arn, AttributeName=name, AttributeValue=value
        )
        assert held()[name] == value
    sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName="FilterPolicy")
    assert "FilterPolicy" not in held()
    [listed] = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert (listed["SubscriptionArn"], listed["Owner"]) == (arn, ACCOUNT)
    sns.unsubscribe(SubscriptionArn=arn)
    sns.unsubscribe(SubscriptionArn=arn)
    with pytest.raises(sns.exceptions.NotFoundException):
        held()
    assert attributes(sns, topic)["SubscriptionsDeleted"] == "1"


@pytest.mark.parametrize(
    "protocol, endpoint",
    [
        ("email", "walk@example.com"),
        ("email-json", "walk@example.com"),
        ("http", "http://example.com/walk"),
        ("https", "https://example.com/walk?a=1&b=2"),
    ],
)
def test_who_is_reached_from_outside_has_to_agree_first(sns, topic, protocol, endpoint):
    given = {"TopicArn": topic, "Protocol": protocol, "Endpoint": endpoint}
    assert sns.subscribe(**given)["SubscriptionArn"] == "pending confirmation"
    arn = sns.subscribe(**given, ReturnSubscriptionArn=True)["SubscriptionArn"]
    held = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert (held["PendingConfirmation"], held["Endpoint"]) == ("true", endpoint)
    [listed] = sns.list_subscriptions()["Subscriptions"]
    assert listed["SubscriptionArn"] == "PendingConfirmation"
    assert attributes(sns, topic)["SubscriptionsPending"] == "1"
    assert code(refusal(sns.unsubscribe, SubscriptionArn=arn)) == INVALID
    wrong = {"TopicArn": topic, "Token": "nonsense"}
    with pytest.raises(sns.exceptions.InvalidParameterException):
        sns.confirm_subscription(**wrong)
    with pytest.raises(sns.exceptions.NotFoundException):
        sns.confirm_subscription(**{**wrong, "TopicArn": NOBODY})


@pytest.mark.parametrize(
    "given",
    [
        {"Protocol": "nonsense"},
        {"Protocol": "application"},
        {"Protocol": "email", "Endpoint": "nonsense"},
        {"Protocol": "https", "Endpoint": "http://example.com"},
        {"Protocol": "sms", "Endpoint": "12345"},
        {"Protocol": "sqs", "Endpoint": f"{QUEUE}.fifo"},
        {"Protocol": "lambda", "Endpoint": QUEUE},
        {"Attributes": {"Nonsense": "x"}},
        {"Attributes": {"RawMessageDelivery": "true"}},
        {"Attributes": {"RawMessageDelivery": "maybe"}},
        {"Attributes": {"FilterPolicy": "{"}},
        {"Attributes": {"FilterPolicy": '{"a": {"b": ["c"]}}'}},
        {"Attributes": {"FilterPolicy": '{"a": [{"nonsense": 1}]}'}},
        {"Attributes": {"FilterPolicy": json.dumps({f"k{n}": ["v"] for n in range(6)})}},
        {"Attributes": {"FilterPolicy": json.dumps({k: list(range(6)) for k in "abc"})}},
        {"Attributes": {"FilterPolicyScope": "nonsense"}},
        {"TopicArn": "nonsense"},
        {"Endpoint": None},
    ],
)
def test_a_subscription_that_makes_no_sense_is_refused(unchecked, topic, given):
    given = {"TopicArn": topic, "Protocol": "lambda", "Endpoint": ECHO, **given}
    given = {name: value for name, value in given.items() if value is not None}
    assert code(refusal(unchecked.subscribe, **given)) == INVALID
    assert unchecked.list_subscriptions()["Subscriptions"] == []


def test_a_topic_has_200_filter_policies_at_the_most(sns, topic):
    policy = {"FilterPolicy": '{"zone": ["use1-az1"]}'}
    given = {"TopicArn": topic, "Protocol": "sqs"}
    for number in range(200):
        sns.subscribe(**given, Endpoint=f"{QUEUE}-{number}", Attributes=policy)
    with pytest.raises(sns.exceptions.FilterPolicyLimitExceededException) as caught:
        sns.subscribe(**given, Endpoint=f"{QUEUE}-200", Attributes=policy)
    assert code(caught.value)[1] == 403
    arn = sns.subscribe(**given, Endpoint=f"{QUEUE}-200")["SubscriptionArn"]
    with pytest.raises(sns.exceptions.FilterPolicyLimitExceededException):
        sns.set_subscription_attributes(
            SubscriptionArn=arn,
            AttributeName="FilterPolicy",
            AttributeValue=policy["FilterPolicy"],
        )


def test_messages_are_taken_in_every_form(sns, topic):
    text = "Zürich & <so> 日本"
    named = {
        "zone": {"DataType": "String", "StringValue": "use1-az1"},
        "zones": {"DataType": "String.Array", "StringValue": '["use1-az1"]'},
        "share": {"DataType": "Number", "StringValue": "12.5"},
        "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }
    per_protocol = json.dumps({"default": "text", "lambda": "other", "sms": "short"})
    ids = [
        sns.publish(**given)["MessageId"]
        for given in [
            {"TopicArn": topic, "Message": text},
            {"TargetArn": topic, "Message": text, "Subject": "x" * 99},
            {"TopicArn": topic, "Message": text, "MessageAttributes": named},
            {"TopicArn": topic, "Message": per_protocol, "MessageStructure": "json"},
            {"TopicArn": topic, "Message": "x" * 262_144},
            {"PhoneNumber": "+41791234567", "Message": text},
        ]
    ]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    "given, expected",
    [
        ({"Message": ""}, INVALID),
        ({"Message": "x" * 262_145}, INVALID),
        ({"Message": "ä" * 131_073}, INVALID),
        ({"Subject": "x" * 100}, INVALID),
        ({"Subject": "a\nb"}, INVALID),
        ({"Subject": ""}, INVALID),
        ({"MessageStructure": "xml"}, INVALID),
        ({"MessageStructure": "json"}, INVALID),
        ({"MessageStructure": "json", "Message": '{"sms": "x"}'}, INVALID),
        ({"MessageDeduplicationId": "x"}, INVALID),
        ({"PhoneNumber": "+41791234567"}, INVALID),
        ({"TopicArn": None}, INVALID),
        ({"TopicArn": None, "PhoneNumber": "0791234567"}, INVALID),
        ({"TopicArn": None, "PhoneNumber": "+41791234567", "Message": "x" * 1601}, INVALID),
        ({"TopicArn": "nonsense"}, INVALID),
        ({"TopicArn": NOBODY}, ("NotFound", 404)),
    ],
)
def test_a_message_that_makes_no_sense_is_refused(unchecked, topic, given, expected):
    given = {"TopicArn": topic, "Message": "text", **given}
    given = {name: value for name, value in given.items() if value is not None}
    assert code(refusal(unchecked.publish, **given)) == expected


@pytest.mark.parametrize(
    "name, attribute",
    [
        ("a b", {"DataType": "String", "StringValue": "x"}),
        ("AWS.mine", {"DataType": "String", "StringValue": "x"}),
        ("a", {"DataType": "Text", "StringValue": "x"}),
        ("a", {"DataType": "String", "StringValue": ""}),
        ("a", {"DataType": "String"}),
        ("a", {"DataType": "Number", "StringValue": "many"}),
        ("a", {"DataType": "String.Array", "StringValue": "x"}),
        ("a", {"DataType": "Binary"}),
    ],
)
def test_an_attribute_that_makes_no_sense_is_told_by_its_exception(
    unchecked, topic, name, attribute
):
    with pytest.raises(unchecked.exceptions.InvalidParameterValueException) as caught:
        unchecked.publish(TopicArn=topic, Message="x", MessageAttributes={name: attribute})
    assert code(caught.value)[1] == 400


def test_what_is_not_there_is_told_by_its_exception(sns):
    attribute = {"AttributeName": "DisplayName", "AttributeValue": "x"}
    other = {"AttributeName": "FilterPolicy", "AttributeValue": "{}"}
    nobody = {"TopicArn": NOBODY}
    for call, given in [
        (sns.get_topic_attributes, nobody),
        (sns.set_topic_attributes, {**nobody, **attribute}),
        (sns.list_subscriptions_by_topic, nobody),
        (sns.subscribe, {**nobody, "Protocol": "lambda", "Endpoint": ECHO}),
        (sns.get_subscription_attributes, {"SubscriptionArn": f"{NOBODY}:1"}),
        (sns.set_subscription_attributes, {"SubscriptionArn": f"{NOBODY}:1", **other}),
    ]:
        with pytest.raises(sns.exceptions.NotFoundException) as caught:
            call(**given)
        assert code(caught.value)[1] == 404


def test_a_topic_that_makes_no_sense_is_refused(unchecked, topic):
    create, change = unchecked.create_topic, unchecked.set_topic_attributes
    for given in [
        {},
        {"Name": ""},
        {"Name": "a b"},
        {"Name": "x" * 257},
        {"Name": "x.fifo", "Attributes": {"FifoTopic": "true"}},
        {"Name": "x", "Attributes": {"Nonsense": "x"}},
        {"Name": "x", "Tags": [{"Key": "k", "Value": "v"}]},
    ]:
        assert code(refusal(create, **given)) == INVALID, given
    for name, value in [
        ("Nonsense", "x"),
        ("DisplayName", "x" * 101),
        ("Policy", "{"),
        ("DeliveryPolicy", "[]"),
        ("SignatureVersion", "3"),
        ("TracingConfig", "On"),
        ("MaximumMessageSize", "1023"),
        ("MaximumMessageSize", "1048577"),
    ]:
        given = {"TopicArn": topic, "AttributeName": name, "AttributeValue": value}
        assert code(refusal(change, **given)) == INVALID, given
    for call, given in [
        (unchecked.delete_topic, {"TopicArn": "nonsense"}),
        (unchecked.delete_topic, {}),
        (unchecked.unsubscribe, {"SubscriptionArn": "nonsense"}),
        (unchecked.get_subscription_attributes, {"SubscriptionArn": "nonsense"}),
    ]:
        assert code(refusal(call, **given)) == INVALID, given


def test_the_cli_walks_it_too(cli):
    topic = cli(SERVICE, "create-topic", "--name", "walk")["TopicArn"]
    by_topic = ["--topic-arn", topic]
    attribute = ["--attribute-name", "DisplayName", "--attribute-value", "by hand"]
    cli(SERVICE, "set-topic-attributes", *by_topic, *attribute)
    held = cli(SERVICE, "get-topic-attributes", *by_topic)["Attributes"]
    assert held["DisplayName"] == "by hand"
    given = [*by_topic, "--protocol", "lambda", "--notification-endpoint", ECHO]
    by_arn = ["--subscription-arn", cli(SERVICE, "subscribe", *given)["SubscriptionArn"]]
    attribute = ["--attribute-name", "FilterPolicy", "--attribute-value", POLICY]
    cli(SERVICE, "set-subscription-attributes", *by_arn, *attribute)
    held = cli(SERVICE, "get-subscription-attributes", *by_arn)["Attributes"]
    assert held["FilterPolicy"] == POLICY
    assert len(cli(SERVICE, "list-subscriptions")["Subscriptions"]) == 1
    assert len(cli(SERVICE, "list-subscriptions-by-topic", *by_topic)["Subscriptions"]) == 1
    assert len(cli(SERVICE, "list-topics")["Topics"]) == 2
    assert cli(SERVICE, "publish", *by_topic, "--message", "text")["MessageId"]
    refused = cli(SERVICE, "confirm-subscription", *by_topic, "--token", "nonsense", fails=True)
    assert "(InvalidParameter)" in refused
    cli(SERVICE, "unsubscribe", *by_arn)
    cli(SERVICE, "delete-topic", *by_topic)
    refused = cli(SERVICE, "get-topic-attributes", *by_topic, fails=True)
    assert "(NotFound)" in refused


def test_every_other_operation_of_the_model_is_refused_as_unknown(client):
    assert supported(client(SERVICE, validate=False), UNKNOWN) == OPERATIONS


def test_no_operation_was_left_out(walked, whole_walk):
    # The token of a confirmation goes to the endpoint alone, so a client only gets refusals.
    assert walked.operations[SERVICE] == OPERATIONS - {"ConfirmSubscription"}
