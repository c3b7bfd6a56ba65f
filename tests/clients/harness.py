"""A Region as a child process, its clients, and what a modelled answer has to look like."""

import collections
import json
import os
import signal
import subprocess
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

# No client waits for ever for a Region that does not answer.
PATIENCE_SECONDS = 60


# Refusals that AWS's services have in common, and that their models therefore leave out.
COMMON_ERRORS = {
    "AccessDeniedException",
    "InvalidAction",
    "SerializationException",
    "UnknownOperationException",
    "ValidationError",
    "ValidationException",
}


class Walked:
    """Which operations were answered, by service."""

    def __init__(self):
        self.operations = collections.defaultdict(set)

    def note(self, http_response, parsed, model, **_):
        if http_response.status_code < 300:
            check(model.output_shape, parsed, model.name)
            self.operations[model.service_model.service_name].add(model.name)
        else:
            check_refusal(model, parsed["Error"]["Code"], http_response.status_code)


class Region:
    """`evac region`, running."""

    def __init__(self, process, settings, introduction):
        self.process = process
        self.settings = settings
        self.introduction = introduction

    @classmethod
    def start(cls, evac, arguments):
        process = subprocess.Popen(
            [evac, "region", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        settings, introduction = {}, []
        for line in process.stdout:
            introduction.append(line.rstrip())
            if line.startswith("export "):
                name, value = line.removeprefix("export ").strip().split("=", 1)
                settings[name] = value
            if line.startswith("# Ready:"):
                return cls(process, settings, introduction)
        raise AssertionError(f"evac region did not get ready: {process.stderr.read()}")

    def stop(self):
        """Stops the Region; it has to end well, without a word of complaint."""
        self.process.send_signal(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=PATIENCE_SECONDS)
        assert (self.process.returncode, errors) == (0, "")

    def client(self, service, walked=None, validate=True, retries=0):
        """A client that has this Region's settings and nobody else's."""
        client = boto3.client(
            service,
            endpoint_url=self.settings["AWS_ENDPOINT_URL"],
            region_name=self.settings["AWS_REGION"],
            aws_access_key_id=self.settings["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.settings["AWS_SECRET_ACCESS_KEY"],
            config=Config(
                retries={"total_max_attempts": retries + 1},
                parameter_validation=validate,
                # Some operations have a host of their own, and loopback has one.
                inject_host_prefix=False,
                read_timeout=PATIENCE_SECONDS,
            ),
        )
        if walked is not None:
            client.meta.events.register("after-call", walked.note)
        return client

    def cli(self, *words, fails=False):
        """Runs the AWS CLI with nothing but this Region's settings."""
        environment = {
            **self.settings,
            "PATH": os.environ["PATH"],
            "HOME": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_PAGER": "",
        }
        done = subprocess.run(
            [sys.executable, "-m", "awscli", "--output", "json", *words],
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )
        if fails:
            assert done.returncode != 0, done.stdout
            return done.stderr.strip()
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None


def refusal(call, **parameters):
    """The error of a call that has to be refused."""
    try:
        answer = call(**parameters)
    except ClientError as error:
        return error
    raise AssertionError(f"it was not refused: {answer}")


def eventually(look):
    """What a look gives as soon as it gives something."""
    for _ in range(PATIENCE_SECONDS * 10):
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError("it did not come about")


def code(error):
    """The code and the HTTP status of a refusal."""
    return error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]


def check(shape, value, where):
    """Whether an answer has what its model requires, of the values that its model knows."""
    if shape is None or value is None:
        return
    if shape.type_name == "structure":
        for name in shape.required_members:
            assert name in value, f"{where}: {name} is required by the model"
        for name, member in shape.members.items():
            if name in value:
                check(member, value[name], f"{where}.{name}")
    elif shape.type_name == "list":
        for index, item in enumerate(value):
            check(shape.member, item, f"{where}[{index}]")
    elif shape.type_name == "map":
        for key, item in value.items():
            check(shape.value, item, f"{where}[{key}]")
    elif shape.type_name == "string" and getattr(shape, "enum", None):
        assert value in shape.enum, f"{where}: {value} is none of {shape.enum}"


def check_refusal(model, code, status):
    """Whether a refusal is one of the operation's own, or one that all services have."""
    modelled = {}
    for shape in model.error_shapes:
        error = shape.metadata.get("error", {})
        modelled[error.get("code", shape.name)] = error.get("httpStatusCode", status)
    assert code in modelled or code in COMMON_ERRORS, f"{model.name}: {code} is not in its model"
    assert modelled.get(code, status) == status, f"{model.name}: {code} has status {status}"


def sample(shape, depth=0):
    """A value of a shape with no more than what its model requires."""
    if shape is None or depth > 5:
        return {}
    kind = shape.type_name
    if kind == "structure":
        return {name: sample(shape.members[name], depth + 1) for name in shape.required_members}
    if kind == "list":
        return [sample(shape.member, depth + 1)]
    if kind == "map":
        return {}
    if kind == "string":
        return shape.enum[0] if getattr(shape, "enum", None) else "nonsense"
    return {"boolean": False, "timestamp": 0, "blob": b"{}", "float": 1.0, "double": 1.0}.get(kind, 1)


def supported(client, unknown):
    """The operations of a service that the Region does not refuse as unknown.

    Every operation of the API model is called with the least that the model requires, so every one
    has to get an answer that the client can read.
    """
    found = set()
    for name in client.meta.service_model.operation_names:
        method = client.meta.method_to_api_mapping
        python_name = next(key for key, value in method.items() if value == name)
        parameters = sample(client.meta.service_model.operation_model(name).input_shape)
        try:
            getattr(client, python_name)(**parameters)
        except ClientError as error:
            if code(error) == unknown:
                continue
        found.add(name)
    return found
