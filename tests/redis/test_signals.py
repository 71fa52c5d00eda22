"""Signals from a Redis stream, with a real redis-server: taken once each, whatever is killed in between."""

import json

import pytest

from driver import cli, metrics
from driver.api import Native
from driver.deadline import until
from driver.gateway import Gateway
from driver.redis import Redis, program

pytestmark = pytest.mark.skipif(program() is None, reason="no redis-server: ./test setup unpacks one")
BUY = {"instrument": "NSE:INFY", "side": "buy", "quantity": 1}
SECRET = "hunter2-in-the-url"


@pytest.fixture
def redis(tmp_path):
    server = Redis(tmp_path).start()
    yield server
    server.stop()


def flags(redis, *more):
    return ("--seed", "7", "--redis", redis.url, *more)


def wait_for_decisions(client, count, stream="signals", seconds=30):
    found = until(
        f"{count} decisions", lambda: (seen := client.entries(f"{stream}:decisions")) and len(seen) >= count and seen, seconds
    )
    # Written in one transaction with the acknowledgement.
    assert client.pending(stream) == 0
    return found


def orders(gateway):
    token = gateway.key("orders:read", name="orders").access_token
    return Native(gateway.native, token).get("/v1/orders").json()["orders"]


def signal(gateway, name):
    token = gateway.key("orders:read", name="signals").access_token
    return Native(gateway.native, token).get(f"/v1/signals/{name}")


def test_json_and_plain_fields_become_orders(start, redis):
    client = redis.client()
    client.add("signals", signal=json.dumps({"id": "whole", **BUY}))
    entry = client.add("signals", type="limit", price="1.00", **BUY)
    gateway = start(*flags(redis))
    whole, flat = wait_for_decisions(client, 2)
    assert (whole["id"], flat["id"], flat["entry"]) == ("whole", f"redis-{entry}", entry)
    assert whole["verdict"] == "accepted" and len(json.loads(whole["orders"])) == 1, whole
    answer = signal(gateway, "whole").json()
    assert (str(answer["sequence"]), answer["orders"]) == (whole["sequence"], json.loads(whole["orders"]))
    asked = signal(gateway, f"redis-{entry}").json()["signal"]
    assert asked["order"]["price"] == "1.00" and asked["shares"][0]["account"] == "paper", asked
    seen = metrics.samples(gateway)
    assert seen["redis_signals_consumed_total"] == 2 and seen["redis_connected"] == 1


def test_a_signal_that_comes_twice_is_traded_once(start, redis):
    gateway = start(*flags(redis))
    client = redis.client()
    for _ in range(2):
        client.add("signals", id="again", **BUY)
    first, second = wait_for_decisions(client, 2)
    assert first["orders"] == second["orders"] and len(orders(gateway)) == 1
    client.add("signals", id="again", **{**BUY, "quantity": 2})
    rejected = until("the other content", lambda: client.entries("signals:rejected"))[0]
    assert (rejected["code"], rejected["quantity"]) == ("id_taken", "2") and len(orders(gateway)) == 1


@pytest.fixture(scope="module")
def redis_gateway(tmp_path_factory):
    """A pair for entries that lead to nothing."""
    folder = tmp_path_factory.mktemp("redis")
    redis = Redis(folder).start()
    gateway = Gateway(folder / "data", *flags(redis)).start()
    yield gateway, redis
    gateway.stop()
    redis.stop()


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({**BUY, "quantity": "1.5"}, "bad_field", "quantity"),
        ({**BUY, "instrument": "NSE:NOSUCH"}, "unknown_instrument", "instrument"),
        ({**BUY, "account": "nobody"}, "unknown_account", "account"),
        ({**BUY, "quantiti": "1"}, "unknown_field", "quantiti"),
        ({"signal": "{"}, "bad_json", "body"),
        ({"signal": "[]"}, "bad_field", "body"),
        ({"signal": "{}", "id": "a"}, "bad_field", "signal"),
        ({"signal": "x" * 100_000}, "too_large", ""),
        ({"reason": "mine", b"\xff": b"\xfe"}, "bad_field", ""),
    ],
)
def test_what_is_no_signal_is_put_aside_with_its_reason(redis_gateway, fields, code, field):
    gateway, redis = redis_gateway
    client = redis.client()
    before = len(client.entries("signals:rejected"))
    entry = client.do("XADD", "signals", "*", *(part for pair in fields.items() for part in pair))
    found = until("the refusal", lambda: client.entries("signals:rejected")[before:])[0]
    assert (found["entry"], found["code"], found["field"]) == (entry, code, field) and found["reason"] != "mine", found
    text = {name: value for name, value in fields.items() if isinstance(name, str) and name != "reason"}
    kept = {name: value for name, value in found.items() if name in text and name != "field"}
    assert kept == {name: str(value)[:4096] for name, value in text.items()}
    assert client.pending("signals") == 0 and orders(gateway) == []


def test_a_gateway_killed_before_it_acknowledged_takes_each_signal_once(start, redis):
    gateway = start(*flags(redis))
    client = redis.client()
    client.add("signals", id="before", **BUY)
    wait_for_decisions(client, 1)
    # It makes signals durable and cannot say so: Redis refuses what is written about them, as a full one does.
    names = [f"k-{number}" for number in range(5)]
    client.do("MULTI")
    for name in names:
        client.add("signals", id=name, **BUY)
    client.do("CONFIG", "SET", "maxmemory", "1")
    client.do("EXEC")
    until("the last is durable", lambda: signal(gateway, names[-1]).status_code == 200)
    assert client.pending("signals") == 5
    gateway.kill()
    client.do("CONFIG", "SET", "maxmemory", "0")
    gateway.start()
    # A consumer that died is waited for 30 s.
    found = wait_for_decisions(client, 6, seconds=120)
    assert [entry["id"] for entry in found] == ["before", *names]
    assert len(orders(gateway)) == 6


def test_redis_may_be_away_at_the_start_and_in_between(start, redis):
    redis.stop()
    gateway = start(*flags(redis))
    assert metrics.samples(gateway)["redis_connected"] == 0
    for number in range(2):
        redis.start()
        client = redis.client()
        client.add("signals", id=f"r-{number}", **BUY)
        wait_for_decisions(client, number + 1)
        assert metrics.samples(gateway)["redis_connected"] == 1
        redis.stop()
        until("the outage is seen", lambda: metrics.samples(gateway)["redis_connected"] == 0)
    log = gateway.stderr.read_text()
    # One line for each of the three outages, however often Redis was asked.
    assert log.count("no signals from Redis") == 3 and log.count("signals are read from Redis") == 2, log
    assert len(orders(gateway)) == 2


def test_the_password_is_never_shown(start, tmp_path):
    folder = tmp_path / "secured"
    folder.mkdir()
    redis = Redis(folder, password=SECRET).start()
    try:
        wrong = redis.url.replace(SECRET, SECRET + "-wrong")
        refused = start("--seed", "7", "--redis", wrong, "--log", "trace")
        until("the refusal", lambda: "no signals from Redis" in refused.stderr.read_text())
        gateway = start(*flags(redis, "--redis-stream", "desk", "--redis-group", "g", "--log", "trace"))
        client = redis.client()
        client.add("desk", id="named", **BUY)
        until("the decision", lambda: client.entries("desk:decisions"))
        for server in (refused, gateway):
            assert SECRET not in server.stderr.read_text() + "".join(server.stdout)
    finally:
        redis.stop()
    for address in (f"rediss://:{SECRET}@localhost/0", f"redis://:{SECRET}@localhost:port/0"):
        said = cli.run("up", "--data", tmp_path / "unused", "--redis", address, expect=2)
        assert SECRET not in said.stdout + said.stderr and "redis://" in said.stderr
