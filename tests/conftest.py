"""Fixtures: a shared gateway for tests that only read, and a factory for tests that need their own."""

import os

import pytest

from driver import market
from driver.api import Kite, Native
from driver.cli import ROOT
from driver.deadline import limit, until
from driver.gateway import Gateway
from driver.peer import Peer

READ = "market:read"
# `./test` names another folder when its cache is elsewhere.
os.environ.setdefault("MERIDIAN_TEST_CACHE", str(ROOT / ".test"))
os.environ.setdefault("MERIDIAN_JS_PEERS", os.environ["MERIDIAN_TEST_CACHE"] + "/js")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item):
    with limit(f"setting up {item.nodeid}"):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    with limit(item.nodeid):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item):
    with limit(f"clearing up after {item.nodeid}"):
        return (yield)


@pytest.fixture(scope="session")
def gateway(tmp_path_factory):
    """A simulated market that the whole session shares. Nothing may stop or restart it."""
    server = Gateway(tmp_path_factory.mktemp("shared") / "data", "--seed", "7").start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def reader(gateway):
    """A key of the shared gateway that may read the market and the account."""
    return gateway.key(READ, "orders:read", name="reader")


@pytest.fixture(scope="session")
def native(gateway, reader):
    return Native(gateway.native, reader.access_token)


@pytest.fixture(scope="session")
def kite(gateway, reader):
    return Kite(gateway.kite, reader)


@pytest.fixture
def start(tmp_path):
    """Starts gateways of the test's own; each must end with exit code 0."""
    started = []

    def start_one(*flags, data=None):
        server = Gateway(data or tmp_path / f"data{len(started)}", *(flags or ("--seed", "7")))
        started.append(server)
        return server.start()

    yield start_one
    for server in started:
        server.stop()


@pytest.fixture(params=["python", "javascript"])
def peer(request):
    """One of the official clients, in a process of its own."""
    program = Peer(request.param)
    yield program
    program.stop()


@pytest.fixture(scope="session")
def recording(tmp_path_factory):
    """About twenty seconds of the simulated market, recorded by `up --record`."""
    folder = tmp_path_factory.mktemp("recording")
    file = folder / "market.ticks"
    server = Gateway(folder / "data", "--seed", "7", "--record", str(file)).start()
    until("twenty ticks of NSE:INFY", lambda: market.number(server) >= 20, seconds=90)
    server.stop()
    assert file.stat().st_size > 0
    return file
