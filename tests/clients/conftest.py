"""What every walk shares: a Region that runs, and clients of it that note what they call."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from harness import Region, Walked  # noqa: E402

EVAC = Path(os.environ.get("EVAC", Path(__file__).parents[2] / "target" / "debug" / "evac"))


@pytest.fixture
def start():
    """Starts Regions, with further arguments of `evac region`, and stops them."""
    started = []

    def start_one(*arguments):
        region = Region.start(EVAC, arguments)
        started.append(region)
        return region

    yield start_one
    for region in started:
        region.stop()


@pytest.fixture
def region(start):
    """A Region with a healthy workload, whose clock runs as fast as the wall clock."""
    return start()


@pytest.fixture(scope="session")
def walked():
    """The operations that clients called and that were answered."""
    return Walked()


@pytest.fixture
def client(region, walked):
    """Makes boto3 clients of the Region."""
    return lambda service, **options: region.client(service, walked, **options)


@pytest.fixture
def cli(region):
    """Runs the AWS CLI against the Region: the parsed output, or the text of the refusal."""
    return region.cli


def pytest_configure(config):
    config.deselected_any = False


def pytest_deselected(items):
    if items:
        items[0].config.deselected_any = True


@pytest.fixture
def whole_walk(request):
    """Lets a test say what the whole file must have done, and skips it in a part of a walk."""
    module = request.module.__name__
    names = {name for name in vars(request.module) if name.startswith("test_")}
    ran = {item.originalname for item in request.session.items if item.module.__name__ == module}
    if request.config.deselected_any or not names <= ran:
        pytest.skip("only a part of this file runs")


def pytest_report_header():
    version = subprocess.run([EVAC, "--version"], capture_output=True, text=True, check=True)
    return f"against {version.stdout.strip()} region"
