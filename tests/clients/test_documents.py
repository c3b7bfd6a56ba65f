"""Every command line of README.md and docs/ is run as it is printed, with a shell, evac and the AWS CLI.

A block that is fenced as `sh` holds commands, one that is fenced as `console` holds them behind `$ `, with what they
print. Commands in a sentence count too, where they have an option with a value. A document is one session of a shell,
from its top to its bottom, in an empty directory: the steps of a recipe find what the steps before them left.

The account is a Region with Evac in it; what the Region does not have is ministack's. What a document cannot know, such as
the number of the reader's account, is put in its place (PLACES); what has to be there before a step, such as a zone that
is evacuated, comes about before it (BEFORE). What is run by another part of the suite, or cannot be run without AWS, is
listed with its reason (ELSEWHERE), and a reason that no document needs any more is a failure.
"""

import os
import pty
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import EVAC

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "infra" / "README.md", *(ROOT / "docs").glob("*.md")])
BALANCER = "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/app/front/50dc6c495c0c9188"
# What hangs is given up after so many seconds; a busy machine is no failure.
GIVEN_UP_AFTER = 600

# A command in a sentence: one with an option and its value. Words in capitals and … stand for something.
IN_A_SENTENCE = re.compile(r"`((?:aws|evac) [^`]*--[a-z-]+ [^`]+)`")
STANDS_FOR = re.compile(r"…|\b[A-Z]{3,}\b(?![=/_.-])|<(?!ARN>|name>|id>)")
# A block without a language that begins like this would be overlooked.
LOOKS_LIKE_A_COMMAND = re.compile(r"^(\$ |#? ?(?:aws|evac|make|npm|npx|jq|cd|eval|export|scripts/\S+|cargo) )", re.M)
# What goes on until it is stopped.
GOES_ON = re.compile(r"^(evac region (?!.*>)|evac drill --serve|while sleep)")

# What stands for something of the reader's, and what it is here.
PLACES = [
    ("111122223333", "000000000000"),
    ("/aws/lambda/evac-", "/aws/lambda/"),
    ("evac-classifier", "classifier"),
    ("evac-zonal-shift", "zonal-shift"),
    ("evac-asg-pruning", "asg-pruning"),
    ("evac-wildrydes", "wildrydes"),
    ("000000000000:evac-messages", "000000000000:evac"),
    ("modify-target-group-attributes --target-group-arn <ARN>", "modify-target-group-attributes --target-group-arn $others_group"),
    ("modify-load-balancer-attributes --load-balancer-arn <ARN>", "modify-load-balancer-attributes --load-balancer-arn $others_balancer"),
    ("--target-group-arn <ARN>", "--target-group-arn $(aws elbv2 describe-target-groups --query 'TargetGroups[0].TargetGroupArn' --output text)"),
    ("--workload first-try", "--workload wildrydes"),
    ("<ARN>", BALANCER),
    ("--zonal-shift-id <id>", "--zonal-shift-id $shift"),
    ("--alarm-names <name>", "--alarm-names wildrydes-regional-impact-alarm"),
    ("00000000-0000-4000-a000-000000000001", "$shift"),
    # The Region's clock is its own, so no time goes by this machine's.
    ("--from 3h --to now", "--from 2026-01-15T03:00:00Z --to 2026-01-15T03:20:00Z"),
    ("--from 3h", "--from 2026-01-15T03:00:00Z --to 2026-01-15T03:20:00Z"),
    ("--from 14d", "--from 2026-01-15T03:00:00Z --to 2026-01-15T03:10:00Z"),
    ("2026-03-07T03:00:00Z --to 2026-03-07T05:00:00Z", "2026-01-15T03:00:00Z --to 2026-01-15T03:10:00Z"),
    ("2026-03-07T13:00:00Z --to 2026-03-07T15:00:00Z", "2026-01-15T03:00:00Z --to 2026-01-15T03:10:00Z"),
]


class Document:
    """A document, and the commands in it in their order."""

    def __init__(self, path):
        self.path = path
        self.name = str(path.relative_to(ROOT))
        self.commands = []
        self.overlooked = []
        fence = None
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if line.startswith("```"):
                if fence is None:
                    fence, began, block = line.removeprefix("```"), number, []
                else:
                    self.take(fence, began, block)
                    fence = None
            elif fence is not None:
                block.append(line)
            else:
                found = IN_A_SENTENCE.findall(line)
                self.commands += [(number, command) for command in found if not STANDS_FOR.search(command)]

    def take(self, fence, began, block):
        if fence == "sh":
            self.commands += whole_commands(block, began + 1)
        elif fence == "console":
            goes_on = False
            for number, line in enumerate(block, began + 1):
                if goes_on or line.startswith("$ "):
                    typed = [*(typed if goes_on else []), line.removeprefix("$ ")]
                    goes_on = line.endswith("\\")
                    if not goes_on:
                        self.commands.append((number, "\n".join(typed)))
        elif not fence and LOOKS_LIKE_A_COMMAND.search("\n".join(block)):
            self.overlooked.append(began)


def whole_commands(lines, number):
    """The commands of a block with their lines: one goes on in the next line where a shell would wait for it."""
    commands, typed = [], []
    for line in lines:
        typed.append(line)
        text = "\n".join(typed)
        complete = subprocess.run(["bash", "-n", "-c", text], capture_output=True, check=False).returncode == 0
        if complete and not line.endswith("\\"):
            commands.append((number, text))
            number, typed = number + len(typed), []
    assert not typed, f"line {number}: the block ends in the middle of a command"
    return commands


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def test_every_block_says_what_it_is():
    overlooked = {d.name: d.overlooked for d in map(Document, DOCUMENTS) if d.overlooked}
    assert overlooked == {}, "a block of commands has to be fenced as sh or console"


# What comes about before a command, by its document and its beginning, in the shell of the document.
EVACUATED = "evac evacuate --workload wildrydes --zone use1-az1 --reason 'what comes before' --yes"
WELL = """until evac status --format json | jq --exit-status '.workloads[0].shifts == []'; do
    evac fail-back --workload wildrydes --reason 'what comes before' --yes || sleep 1
done"""
BY_HAND = f"""aws arc-zonal-shift start-zonal-shift --away-from use1-az1 --expires-in 1h --comment 'by hand' \\
    --resource-identifier {BALANCER}"""
TICK = "aws events list-targets-by-rule --rule wildrydes-tick --query 'Targets[0].Input' --output text"
THE_ACCOUNT = 'export AWS_ENDPOINT_URL="$ACCOUNT"'
STOPPED = "aws lambda put-function-concurrency --function-name classifier --reserved-concurrent-executions 0"
RUNS = """for function in classifier zonal-shift asg-pruning; do
    aws lambda delete-function-concurrency --function-name "$function"
done"""
THE_SHIFT = "shift=$(aws arc-zonal-shift list-zonal-shifts --status ACTIVE --query 'items[0].zonalShiftId' --output text)"
CANCELLED = 'aws arc-zonal-shift cancel-zonal-shift --zonal-shift-id "$shift"'
QUEUES = """for queue in evac-failed evac-undelivered; do
    aws sqs create-queue --queue-name "$queue" --output text
done"""
LETTER = f"""{QUEUES}
letter=$({TICK} | jq --compact-output '{{timestamp: "2026-01-15T03:04:31Z", requestContext: {{condition: "RetriesExhausted"}},
    requestPayload: ., responsePayload: {{errorType: "throttled", errorMessage: "Rate exceeded"}}}}')
aws sqs send-message --queue-url "$(aws sqs get-queue-url --queue-name evac-failed --query QueueUrl --output text)" \\
    --message-body "$letter" """
FAILED = "url=$(aws sqs get-queue-url --queue-name evac-failed --query QueueUrl --output text)"
TOPIC = "aws sns create-topic --name evac-operations"
# One of the lines in docs/ is wrong, to show what becomes of it.
OBSERVATIONS = "grep -v misspelt docs/classify/observations.jsonl > observations.jsonl"
READY = """until grep --quiet "^# Ready" region.env; do sleep 0.1; done"""
RECORDED = """until evac backtest --workload docs/classify/workload.json --from 2026-01-15T03:13:00Z --to 2026-01-15T03:15:00Z; do
    sleep 1
done"""
WITH_CANARY = """aws events put-rule --name wildrydes-canary --schedule-expression 'rate(1 minute)'"""
TO_MODIFY = """others_group=$(aws elbv2 create-target-group --name "web-$RANDOM" --protocol HTTP --port 80 --vpc-id vpc-1 \\
    --query 'TargetGroups[0].TargetGroupArn' --output text)
others_balancer=$(aws elbv2 create-load-balancer --name "front-$RANDOM" --subnets subnet-1 subnet-2 \\
    --query 'LoadBalancers[0].LoadBalancerArn' --output text)"""
BEFORE = {
    ("README.md", "evac init"): f"{THE_ACCOUNT}\nrm mine.json",
    ("README.md", "evac explain --input"): f"{THE_ACCOUNT}\n{TICK} > event.json",
    ("docs/ADOPTING.md", "evac backtest"): f"{TICK} | jq .workload > workload.json",
    ("docs/ADOPTING.md", "evac classify"): OBSERVATIONS,
    ("docs/CLASSIFY.md", "evac backtest --workload workload.json"): "cp docs/classify/workload.json .",
    ("README.md", "evac backtest"): RECORDED,
    ("docs/CLASSIFY.md", ". ./region.env"): READY,
    ("docs/CLASSIFY.md", "evac backtest --workload docs"): RECORDED,
    ("README.md", "evac report"): f"{THE_ACCOUNT}\n{EVACUATED}",
    ("docs/REPORT.md", "evac report"): EVACUATED,
    ("README.md", "evac preflight"): WELL,
    # A minute later on the Region's clock: an evacuation of the same moment was ended.
    ("README.md", "evac drill --live"): f"{WELL}\nsleep 1",
    ("docs/CLASSIFY.md", "jq"): OBSERVATIONS,
    ("docs/GAME_DAY.md", "evac explain --workload"): THE_ACCOUNT,
    ("docs/GAME_DAY.md", "aws arc-zonal-shift cancel-zonal-shift"): f"{WELL}\n{BY_HAND}\n{THE_SHIFT}",
    ("docs/RUNBOOK.md", "aws arc-zonal-shift start-zonal-shift"): WELL,
    ("docs/RUNBOOK.md", "group="): f"{THE_SHIFT}\n{CANCELLED}\n{EVACUATED}\n{STOPPED}",
    ("docs/RUNBOOK.md", "aws arc-zonal-shift cancel-zonal-shift"): THE_SHIFT,
    ("docs/RUNBOOK.md", "aws events enable-rule --name wildrydes-tick"): RUNS,
    ("docs/RUNBOOK.md", "aws sqs"): QUEUES,
    ("docs/RUNBOOK.md", "aws events enable-rule --name wildrydes-canary"): WITH_CANARY,
    ("docs/RUNBOOK.md", "aws elbv2 modify"): TO_MODIFY,
    ("docs/TROUBLESHOOTING.md", "aws elbv2 modify"): TO_MODIFY,
    ("docs/TROUBLESHOOTING.md", "url="): LETTER,
    ("docs/TROUBLESHOOTING.md", 'aws sqs receive-message --queue-url "$url" --visibility-timeout'): FAILED,
    ("docs/TROUBLESHOOTING.md", "aws sns get-topic-attributes"): TOPIC,
}

# What is not run here, by its beginning, and why.
ELSEWHERE = {
    "make drill": "the suite plays every scenario with the executables (tests/executables.rs), as make drill does one",
    "make test": "it runs this",
    "make package": "make smoke packs and deploys the same functions, unoptimised: the release profile takes minutes",
    "make emulators": "make test runs it",
    "scripts/with-emulators": "make test runs it",
    "npm --prefix infra ci": "make infra runs it",
    "cd infra && npx cdk deploy": "make smoke deploys the same constructs, and make infra synthesizes both examples",
    "aws fis": "no emulator here has the experiments of FIS",
    "template=$(aws fis": "no emulator here has the experiments of FIS",
    "host=": "it needs the stack of the first try",
    "while sleep": "it sends requests to the first try until it is stopped",
    "balancer=": "it needs the stack of the first try",
    "aws cloudformation": "it needs a deployed stack, and no emulator here looks for drift",
}

SHELL = """
set -eu
export AWS_ENDPOINT_URL="$ACCOUNT" AWS_PAGER= AWS_EC2_METADATA_DISABLED=true AWS_MAX_ATTEMPTS=1
going=0
# goes_on COMMAND: begins it, waits until it says that it listens, and leaves it running.
goes_on() {
    going=$((going + 1))
    bash -c "exec $1" > "going.$going" 2>&1 < /dev/null &
    until grep -qE "^# Ready|http://127" "going.$going"; do
        kill -0 "$!" || { cat "going.$going"; return 1; }
        sleep 0.1
    done
    # A Region prints its settings for the shell of whoever uses it.
    if grep -q "^export" "going.$going"; then . "./going.$going"; fi
}
trap 'kill $(jobs -p) 2> /dev/null || true' EXIT
"""

# Programs by name: what belongs to the account asks the Region with Evac in it, whatever else the document started.
EVAC_PROGRAM = """#!/bin/bash
case " $* " in
" status "* | " evacuate "* | " fail-back "* | " reconcile "* | " report "* | " preflight "* | *" --live "* | " explain --workload "*)
    export AWS_ENDPOINT_URL="$ACCOUNT" ;;
*" --list "* | *" --print "* | *" --serve "* | *" --help "*) ;;
# What is played is the same, only sooner.
" drill "*) set -- "$@" --play-canary
    case " $* " in *" --speed "*) ;; *) set -- "$@" --speed 600 ;; esac ;;
esac
exec {evac} "$@"
"""
# Version 2 of the AWS CLI, which PyPI does not have, takes a payload as it is only if it is told so; version 1 always does.
AWS_PROGRAM = r"""#!/bin/bash
words=()
for word in "$@"; do
    case $word in --cli-binary-format | raw-in-base64-out) ;; *) words+=("$word") ;; esac
done
set -- "${words[@]}"
case "$1 $2" in
sqs\ * | "elbv2 modify-"* | "elbv2 create-"* | "ec2 describe-availability-zones" | "sns get-topic-attributes" | "sns create-topic")
    set -- "$@" --endpoint-url "$OTHERS" ;;
esac
exec {python} -m awscli "$@"
"""


def placed(text):
    """A command with what stands for something put in its place."""
    for stands, what in PLACES:
        text = text.replace(stands, what)
    return text


def script(document):
    """The document as a script, with its lines as marks in what it prints."""
    steps = [SHELL]
    elsewhere = set()
    for line, text in document.commands:
        text = placed(text)
        reason = next((start for start in ELSEWHERE if text.startswith(start)), None)
        if reason:
            elsewhere.add(reason)
            continue
        steps.append(f"printf '\\n@@ %s after %s s\\n' {line} $SECONDS")
        steps += [before for (name, start), before in BEFORE.items() if name == document.name and text.startswith(start)]
        steps.append(f"goes_on '{text}'" if GOES_ON.match(text) else text)
    return "\n".join(steps), elsewhere


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_is_run_as_it_is_printed(path, start, tmp_path):
    document = Document(path)
    text, _ = script(document)
    if "@@" not in text:
        return
    account = start("--evac", "--speed", "60")
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, program in (("evac", EVAC_PROGRAM), ("aws", AWS_PROGRAM)):
        file = programs / name
        file.write_text(program.replace("{evac}", str(EVAC)).replace("{python}", sys.executable))
        file.chmod(0o755)
    session = tmp_path / "session"
    session.mkdir()
    (session / "docs").symlink_to(ROOT / "docs")
    (session / "target").mkdir()
    (session / "target" / "debug").symlink_to(EVAC.absolute().parent)
    environment = {
        **account.settings,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "ACCOUNT": account.settings["AWS_ENDPOINT_URL"],
        "OTHERS": os.environ["EVAC_TEST_MINISTACK"],
    }
    # Whoever is asked whether Evac may act sits at a terminal, and agrees.
    person, terminal = pty.openpty()
    os.write(person, b"y\n" * 100)
    with open(tmp_path / "said", "wb") as said:
        done = subprocess.run(
            ["bash", "-c", text.replace("--port 4599", f"--port {free_port()}")],
            cwd=session,
            env=environment,
            stdin=terminal,
            stdout=said,
            stderr=said,
            timeout=GIVEN_UP_AFTER,
            check=False,
        )
    os.close(terminal)
    os.close(person)
    said = (tmp_path / "said").read_text(errors="replace")
    line = re.findall(r"^@@ (\d+) after", said, re.M)[-1:]
    assert done.returncode == 0, f"{document.name}, line {line}:\n{said[said.rfind('@@'):][-3000:]}"


def test_what_is_run_elsewhere_and_what_comes_before_is_still_there():
    documents = [Document(path) for path in DOCUMENTS]
    used = set().union(*(script(document)[1] for document in documents))
    assert used == set(ELSEWHERE)
    begins = {(d.name, placed(text)) for d in documents for _, text in d.commands}
    unused = [key for key in BEFORE if not any(d == key[0] and text.startswith(key[1]) for d, text in begins)]
    assert unused == []
