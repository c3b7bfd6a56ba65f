"""Deploys the CDK app into an emulator of AWS, and has the deployed functions evacuate a zone.

ministack runs CloudFormation, Lambda, SNS, SQS, EventBridge and S3; `evac region` is ARC, Auto Scaling and CloudWatch,
with a zone that has been failing for some minutes. Both listen on loopback, and end with this program. `make smoke`
runs it; it takes no arguments. What is waited for has no time limit but the one at which everything is given up.
"""

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from datetime import datetime, timezone

import boto3
from botocore.config import Config

ROOT = pathlib.Path(__file__).resolve().parents[2]
EMULATORS = ROOT / ".tools" / "emulators" / "bin"
EVAC = pathlib.Path(os.environ.get("EVAC", ROOT / "target" / "debug" / "evac"))
ACCOUNT = "000000000000"
ZONE, SUBNET = "use1-az2", "subnet-02000000000000001"
LOAD_BALANCER = f"arn:aws:elasticloadbalancing:us-east-1:{ACCOUNT}:loadbalancer/app/front/50dc6c495c0c9188"
ALARM = f"{ZONE}-wildrydes-isolated-impact-aggregate-alarm"
# A busy machine is no failure; what takes as long as this hangs.
GIVEN_UP_AFTER = 300


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def until(what, look):
    """Waits for something, and gives it back."""
    begin = time.monotonic()
    while time.monotonic() - begin < GIVEN_UP_AFTER:
        found = look()
        if found:
            return found
        time.sleep(0.2)
    sys.exit(f"smoke: waited {GIVEN_UP_AFTER} s for {what}")


class Background:
    """A program that runs meanwhile, in a process group of its own, because ministack starts others."""

    def __init__(self, command, environment, log):
        self.log = log
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=open(log, "wb"), stderr=subprocess.STDOUT, start_new_session=True
        )

    def said(self):
        return self.log.read_text(errors="replace")

    def end(self):
        for sign in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, sign)
            except ProcessLookupError:
                return
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                continue


class Smoke:
    def __init__(self, scratch):
        self.scratch = scratch
        self.running = []
        self.passed = 0
        emulator, region = free_port(), free_port()
        self.emulator, self.region = f"http://127.0.0.1:{emulator}", f"http://127.0.0.1:{region}"
        self.clean = {"PATH": f"{EMULATORS}:{os.environ['PATH']}", "HOME": str(scratch), "TMPDIR": str(scratch)}
        # Without BIND_HOST it would listen on every interface; the others switch off listeners that do.
        ministack = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(emulator), "IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0", "LOG_LEVEL": "WARNING"}
        self.ministack = self.start("ministack", [EMULATORS / "ministack"], {**self.clean, **ministack})
        # By the time that the app is deployed the zone's alarm is in ALARM.
        self.embedded = self.start("region", [EVAC, "region", "--port", str(region), "--scenario", "zonal-errors", "--began", "6"], self.clean)

    def start(self, name, command, environment):
        background = Background(command, environment, self.scratch / f"{name}.log")
        self.running.append(background)
        return background

    def client(self, service, endpoint):
        return boto3.client(
            service, endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id=ACCOUNT, aws_secret_access_key="smoke",
            config=Config(retries={"total_max_attempts": 3}, read_timeout=120),
        )

    def check(self, what, holds, seen=None):
        if not holds:
            sys.exit(f"smoke: FAILED: {what}\nseen: {json.dumps(seen, indent=1, default=str)}\n\nministack said:\n{self.ministack.said()[-4000:]}")
        self.passed += 1
        print(f"  {what}", flush=True)

    def cdk(self, *arguments):
        environment = {
            **self.clean,
            "AWS_ENDPOINT_URL": self.emulator, "AWS_ENDPOINT_URL_S3": self.emulator, "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": ACCOUNT, "AWS_SECRET_ACCESS_KEY": "smoke", "AWS_EC2_METADATA_DISABLED": "true",
            "CI": "true", "CDK_DISABLE_CLI_TELEMETRY": "true",
            "SMOKE_ZIPS": str(ROOT / "dist" / "smoke"), "SMOKE_REGION": self.region, "SMOKE_EMULATOR": self.emulator,
        }
        command = ["npx", "cdk", *arguments, "--no-notices", "--app", "npx tsx test/smoke/app.ts", "--output", str(self.scratch / "cdk.out")]
        done = subprocess.run(command, cwd=ROOT / "infra", env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            sys.exit(f"smoke: cdk {arguments[0]} failed\n{done.stdout[-6000:]}\n\nministack said:\n{self.ministack.said()[-4000:]}")

    def payload(self):
        """What the deployed rule's transformer makes of the documented event of the zone's alarm."""
        event = json.loads((ROOT / "crates/classifier/tests/fixtures/composite.json").read_text())
        now = datetime.now(timezone.utc)
        event.update(account=ACCOUNT, region="us-east-1", time=now.strftime("%Y-%m-%dT%H:%M:%SZ"))
        event["detail"]["alarmName"] = ALARM
        event["detail"]["state"].update(value="ALARM", timestamp=now.strftime("%Y-%m-%dT%H:%M:%S.000+0000"))
        events = self.client("events", self.emulator)
        (target,) = events.list_targets_by_rule(Rule="evac-wildrydes")["Targets"]
        return json.loads(target["InputTransformer"]["InputTemplate"].replace("<aws.events.event.json>", json.dumps(event)))

    def run(self):
        until("ministack to listen", lambda: answers(self.emulator))
        until("the Region to be ready", lambda: "# Ready:" in self.embedded.said())
        begin = time.monotonic()
        self.cdk("bootstrap", f"aws://{ACCOUNT}/us-east-1")
        self.cdk("deploy", "EvacSmoke", "--require-approval", "never")
        self.check(f"cdk deploy created the stack, in {time.monotonic() - begin:.0f} s with the bootstrap", True)

        functions, sns, sqs = (self.client(name, self.emulator) for name in ("lambda", "sns", "sqs"))
        cloudwatch, arc, scaling = (self.client(name, self.region) for name in ("cloudwatch", "arc-zonal-shift", "autoscaling"))

        def subscribed(name):
            """A queue that gets what is published to a topic of the stack."""
            queue = sqs.create_queue(QueueName=f"smoke-{name}")["QueueUrl"]
            arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
            (topic,) = [each["TopicArn"] for each in sns.list_topics()["Topics"] if each["TopicArn"].endswith(f":{name}")]
            sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
            return queue

        inbox, channel = subscribed("evac-messages"), subscribed("evac-chat")

        in_alarm = lambda: [each["AlarmName"] for each in cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm"], StateValue="ALARM")["CompositeAlarms"]]
        until(f"{ALARM} to be in ALARM", lambda: ALARM in in_alarm())
        group = lambda: scaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]
        self.check("before the event nothing is shifted and the group has three subnets", not arc.list_zonal_shifts(status="ACTIVE")["items"] and SUBNET in group()["VPCZoneIdentifier"])

        invoke = lambda payload: functions.invoke(FunctionName="evac-classifier", InvocationType="Event", Payload=json.dumps(payload))
        self.check("the deployed classifier takes the documented event", invoke(self.payload())["StatusCode"] == 202)
        shifts = until("a shift", lambda: arc.list_zonal_shifts(status="ACTIVE")["items"])
        shift = {name: shifts[0][name] for name in ("resourceIdentifier", "awayFrom", "comment")}
        self.check(
            f"traffic is shifted away from {ZONE}: {shift['comment']}",
            len(shifts) == 1 and shift["resourceIdentifier"] == LOAD_BALANCER and shift["awayFrom"] == ZONE and shift["comment"].startswith("evac: wildrydes/"), shifts,
        )
        until("the group to be pruned", lambda: SUBNET not in group()["VPCZoneIdentifier"])
        tags = {tag["Key"]: tag["Value"] for tag in group()["Tags"]}
        self.check("the group is pruned, and what was removed is on record", SUBNET in tags.get("evac:removed:1", ""), tags)
        subjects = []

        def messages():
            for message in sqs.receive_message(QueueUrl=inbox, MaxNumberOfMessages=10).get("Messages", []):
                subjects.append(json.loads(message["Body"]).get("Subject"))
            return f"[evac] wildrydes: traffic moved away from {ZONE}" in subjects

        until("the message", messages)
        self.check(f"people are told: {subjects[0]}", True)
        posted = until("the message in chat", lambda: sqs.receive_message(QueueUrl=channel, MaxNumberOfMessages=1).get("Messages"))
        custom = json.loads(json.loads(posted[0]["Body"])["Message"])
        self.check("a chat channel is told in its own format, in the thread of the incident", custom["source"] == "custom" and shift["comment"].startswith(f"evac: {custom['metadata']['threadId']} "), custom)

        self.check("the deployed classifier takes a poisoned event", invoke({"workload": {"name": "wildrydes", "zones": {"us-east-1a": {"name": "us-east-1a"}}}, "event": {}})["StatusCode"] == 202)
        failed = sqs.get_queue_url(QueueName="evac-failed")["QueueUrl"]
        received = until("the failed event", lambda: sqs.receive_message(QueueUrl=failed, MaxNumberOfMessages=1).get("Messages"))
        record = json.loads(received[0]["Body"])
        seen = json.dumps(record)
        self.check("it ends in the queue of failed events, with the error that names the field", "bad-input" in seen and "us-east-1a" in seen and "wildrydes" in seen, record)
        self.check("and it changed nothing", len(arc.list_zonal_shifts(status="ACTIVE")["items"]) == 1)


def answers(endpoint):
    try:
        urllib.request.urlopen(endpoint, timeout=5)
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def main():
    if not (EMULATORS / "ministack").exists():
        sys.exit("smoke: no emulator; run: make smoke")
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        smoke = Smoke(pathlib.Path(scratch))
        try:
            smoke.run()
        finally:
            for background in smoke.running:
                background.end()
    print(f"smoke: {time.monotonic() - begin:.0f} s\n{smoke.passed} passed, 0 failed")


if __name__ == "__main__":
    main()
