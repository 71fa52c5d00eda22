"""GTT on the wire: shapes as the broker's, refusals that name the field (protocol reference, section 8.1)."""

import json
import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from driver.api import Kite, Native
from driver.deadline import until
from driver.gateway import Gateway

LEG = {"exchange": "NSE", "tradingsymbol": "INFY", "transaction_type": "SELL", "quantity": 1, "order_type": "LIMIT",
       "product": "MIS"}


@pytest.fixture(scope="module")
def exchange(tmp_path_factory):
    """A gateway of this module's own: its tests trade."""
    server = Gateway(tmp_path_factory.mktemp("gtt-wire") / "data", "--seed", "7", "--speed", "4").start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def desk(exchange):
    return Kite(exchange.kite, exchange.key("market:read", "orders:read", "orders:write", name="desk"))


def last(desk):
    return desk.data("/quote/ltp?i=NSE:INFY")["NSE:INFY"]["last_price"]


def form(kind, price, triggers, **changes):
    condition = {"exchange": "NSE", "tradingsymbol": "INFY", "trigger_values": triggers, "last_price": price}
    legs = [{**LEG, "price": round(price)} for _ in triggers]
    fields = {"type": kind, "condition": json.dumps(condition), "orders": json.dumps(legs)}
    return {name: value for name, value in {**fields, **changes}.items() if value is not None}


def place(desk, kind, price, triggers, **changes):
    return desk.request("POST", "/gtt/triggers", data=form(kind, price, triggers, **changes))


def refused(answer, code=400):
    assert answer.status_code == code and answer.json()["error_type"] == "InputException", answer.text
    return answer.json()["message"]


def test_it_has_the_broker_s_fields(desk):
    folder = os.environ.get("MERIDIAN_FIXTURES")
    if not folder:
        pytest.skip("no fixtures")
    rows = json.loads((Path(folder) / "kite" / "gtt_get_orders.json").read_text())["data"]
    active, triggered = (next(row for row in rows if row["status"] == status) for status in ("active", "triggered"))
    price = last(desk)
    place(desk, "single", price, [round(price * 0.7)])
    # Said to come from below, where the market is not any more: the upper leg fires at once.
    seen, low, high = (round(price * share) for share in (0.7, 0.5, 0.9))
    fired = place(desk, "two-leg", seen, [low, high]).json()["data"]["trigger_id"]
    done = until("it fires", lambda: (one := desk.data(f"/gtt/triggers/{fired}"))["status"] == "triggered" and one)
    waits = next(row for row in desk.data("/gtt/triggers") if row["status"] == "active")

    def fields(row):
        leg = next((leg for leg in row["orders"] if leg["result"]), row["orders"][0])
        result = leg["result"] or {}
        return [set(part) for part in (row, row["condition"], leg, result, result.get("order_result", {}))]

    assert fields(waits) == fields(active)
    assert fields(done) == fields(triggered)


def test_refusals_name_the_field(desk):
    price = last(desk)
    low, high = round(price * 0.7), round(price * 1.3)
    for kind, triggers, changes, field in [
        ("single", [low], {"type": None}, "`type`"),
        ("three-leg", [low], {}, "`type`"),
        ("single", [low], {"condition": "{"}, "`condition`"),
        ("single", [low], {"orders": "no"}, "`orders`"),
        ("single", [low, high], {}, "`condition.trigger_values`"),
        ("two-leg", [low], {}, "`condition.trigger_values`"),
        ("two-leg", [high, low], {}, "`condition.trigger_values`"),
        ("two-leg", [low, low + 1], {}, "`condition.trigger_values`"),
        ("two-leg", [high, high + 1], {}, "`condition.trigger_values`"),
        ("two-leg", [low, high], {"orders": json.dumps([LEG])}, "`orders`"),
        ("single", [low], {"orders": json.dumps([{**LEG, "price": low, "tradingsymbol": "TCS"}])}, "`orders.tradingsymbol`"),
        ("single", [low], {"orders": json.dumps([{**LEG, "price": low, "quantity": -1}])}, "`orders.quantity`"),
    ]:
        assert field in refused(place(desk, kind, price, triggers, **changes)), (kind, triggers, changes)
    for path in ("/gtt/triggers/999999", "/gtt/triggers/x", "/gtt/triggers/-1"):
        assert "trigger_id" in refused(desk.get(path), 404)
        assert "trigger_id" in refused(desk.request("DELETE", path), 404)


def test_an_index_and_part_of_a_lot_are_refused(desk):
    condition = {"exchange": "NSE", "tradingsymbol": "NIFTY 50", "trigger_values": [1], "last_price": 2}
    leg = {**LEG, "tradingsymbol": "NIFTY 50", "price": 1}
    message = refused(place(desk, "single", 2, [1], condition=json.dumps(condition), orders=json.dumps([leg])))
    assert "condition.tradingsymbol" in message
    lines = desk.get("/instruments/NFO").text.splitlines()
    header = lines[0].split(",")
    rows = (dict(zip(header, line.split(","))) for line in lines[1:])
    future = next(row for row in rows if row["instrument_type"] == "FUT" and int(row["lot_size"]) > 1)
    name = {"exchange": "NFO", "tradingsymbol": future["tradingsymbol"]}
    condition = {**name, "trigger_values": [100], "last_price": 200}
    leg = {**LEG, **name, "product": "NRML", "price": 100, "quantity": int(future["lot_size"]) + 1}
    message = refused(place(desk, "single", 2, [1], condition=json.dumps(condition), orders=json.dumps([leg])))
    assert "orders.quantity" in message and "lot" in message


def test_a_key_sees_and_changes_what_its_scopes_allow(exchange, desk):
    price = last(desk)
    made = place(desk, "single", price, [round(price * 0.7)]).json()["data"]["trigger_id"]
    sees = Kite(exchange.kite, exchange.key("orders:read", name="sees"))
    assert sees.data(f"/gtt/triggers/{made}")["status"] == "active"
    assert sees.request("DELETE", f"/gtt/triggers/{made}").status_code == 403
    market = Kite(exchange.kite, exchange.key("market:read", name="market"))
    assert market.get("/gtt/triggers").status_code == 403


def test_one_more_than_the_most_is_refused(start):
    server = start("--seed", "7")
    desk = Kite(server.kite, server.key("market:read", "orders:read", "orders:write", name="many"))
    price = last(desk)

    def one(_):
        return place(desk, "single", price, [round(price * 0.7)])

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(one, range(260)))
    made = {answer.json()["data"]["trigger_id"] for answer in answers if answer.status_code == 200}
    assert len(made) == 250
    assert all("250" in refused(answer) for answer in answers if answer.status_code != 200)
    assert {row["id"] for row in desk.data("/gtt/triggers")} == made


def test_halted_it_waits_and_fires_when_trading_goes_on(exchange, desk):
    operator = Native(exchange.native, exchange.admin_token)
    assert operator.request("POST", "/v1/halt", json={"why": "a test"}).status_code == 200
    price = last(desk)
    made = place(desk, "two-leg", price, [round(price - 0.1, 1), round(price + 0.1, 1)]).json()["data"]["trigger_id"]
    until("the market touches it", lambda: last(desk) != price, seconds=120)
    assert desk.data(f"/gtt/triggers/{made}")["status"] == "active"
    assert operator.request("POST", "/v1/resume", json={"why": "a test"}).status_code == 200
    until("it fires", lambda: desk.data(f"/gtt/triggers/{made}")["status"] == "triggered", seconds=120)


def test_beside_an_older_instance_it_is_refused_and_everything_else_goes_on(start):
    server = start("--seed", "7")
    desk = Kite(server.kite, server.key("market:read", "orders:read", "orders:write", name="mixed"))
    price = last(desk)
    with sqlite3.connect(server.data / "meridian.db", timeout=10) as database:
        database.execute("INSERT INTO instances (number, name, started, reads_schema) "
                         "SELECT max(number) + 1, 'older', 0, 1 FROM instances")
        database.execute("UPDATE gate SET schema = 1")
    answer = place(desk, "single", price, [round(price * 0.7)])
    assert answer.status_code == 503 and "older version" in answer.json()["message"], answer.text
    market = {**LEG, "order_type": "MARKET"}
    assert desk.request("POST", "/orders/regular", data=market).status_code == 200
    with sqlite3.connect(server.data / "meridian.db", timeout=10) as database:
        database.execute("UPDATE instances SET ended = 1 WHERE name = 'older'")
        database.execute("UPDATE gate SET schema = 2")
    assert place(desk, "single", price, [round(price * 0.7)]).status_code == 200
