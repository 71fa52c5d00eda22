"""What the official clients demand of a server (protocol reference, section 1.2), each as a test on the wire."""

import gzip
import urllib.request

import pytest
import requests

from driver.api import Kite

INFY = 408065


@pytest.mark.parametrize("path", ["/instruments", "/instruments/NSE"])
def test_csv_content_type_is_exact(kite, path):
    answer = kite.get(path)
    assert answer.headers["Content-Type"] == "text/csv"
    header, *rows = answer.text.replace("\r\n", "\n").split("\n")
    assert header == ("instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,lot_size,"
                      "instrument_type,segment,exchange")
    assert all(rows), "a final line break becomes an empty row in the JavaScript client"


def test_instruments_are_compressed_only_when_asked(kite):
    def fetch(encoding):
        asked = urllib.request.Request(kite.base + "/instruments", headers={**kite.headers, "Accept-Encoding": encoding})
        with urllib.request.urlopen(asked, timeout=20) as answer:
            return answer.headers.get("Content-Encoding"), answer.read()

    _, plain = fetch("identity")
    encoding, packed = fetch("gzip")
    assert encoding == "gzip" and gzip.decompress(packed) == plain and len(packed) < len(plain) / 2


def test_json_content_type(kite):
    assert "application/json" in kite.get("/user/profile").headers["Content-Type"]


@pytest.mark.parametrize(
    "method, path, status, kind",
    [
        ("GET", "/no/such/route", 404, None),
        ("DELETE", "/user/profile", 405, None),
        ("POST", "/quote/ltp", 405, None),
        ("GET", f"/instruments/historical/{INFY}/minute", 400, "InputException"),
        ("GET", f"/instruments/historical/{INFY}/2minute?from=2026-01-01&to=2026-01-02", 400, "InputException"),
        ("GET", "/instruments/historical/abc/minute?from=2026-01-01&to=2026-01-02", 400, "InputException"),
        ("GET", f"/instruments/historical/{INFY}/minute?from=2026-01-02&to=2026-01-01", 400, "InputException"),
        ("GET", f"/instruments/historical/{INFY}/minute?from=2000-01-01&to=2026-01-01", 400, "InputException"),
        ("GET", "/quote", 400, "InputException"),
        ("POST", "/session/token", 400, "InputException"),
    ],
)
def test_errors_are_json(kite, method, path, status, kind):
    answer = kite.request(method, path)  # the envelope is checked there
    assert answer.status_code == status, answer.text
    assert kind in (None, answer.json()["error_type"])


@pytest.mark.parametrize("header", [None, "token a:b", "token nonsense", "Bearer x", "token ", "token a:b:c", "\xff"])
def test_bad_credentials_are_403_token_exceptions(gateway, header):
    headers = {"Authorization": header} if header else {}
    for path in ("/user/profile", "/user/margins", "/instruments", "/quote?i=NSE:INFY", "/quote/ltp?i=NSE:INFY",
                 "/orders", "/portfolio/holdings", f"/instruments/historical/{INFY}/day"):
        answer = Kite(gateway.kite).get(path, headers=headers)
        assert (answer.status_code, answer.json()["error_type"]) == (403, "TokenException"), (path, answer.text)


def test_repeated_path_variables_and_unknown_parameters_are_ignored(kite):
    query = {"from": "2026-01-01 00:00:00", "to": "2026-01-02 00:00:00", "interval": "day", "instrument_token": INFY,
             "continuous": "0", "oi": "0", "unheard_of": "1"}
    candles = kite.data(f"/instruments/historical/{INFY}/day", params=query)["candles"]
    assert all(len(candle) == 6 for candle in candles)
    assert kite.data("/user/margins/equity", params={"segment": "equity", "x": "y"})["enabled"] is True
    assert kite.data("/quote/ltp", params={"i": "NSE:INFY", "x": ["1", "2"]}).keys() == {"NSE:INFY"}


@pytest.mark.parametrize("path", ["/user/profile", "/quote/ltp?i=NSE:INFY", "/instruments/NSE"])
def test_form_content_type_on_get_is_tolerated(kite, path):
    assert kite.get(path, headers={"Content-Type": "application/x-www-form-urlencoded"}).status_code == 200


def test_repeated_keys_ask_for_many(kite):
    asked = ["NSE:INFY", "NSE:RELIANCE", "NSE:NIFTY 50", "NSE:NIFTY BANK"]
    assert kite.data("/quote/ohlc", params={"i": asked}).keys() == set(asked)


def test_candle_times_have_no_colon_in_the_offset(kite):
    query = {"from": "2026-01-01 00:00:00", "to": "2026-03-01 00:00:00"}
    for candle in kite.data(f"/instruments/historical/{INFY}/day", params=query)["candles"]:
        assert candle[0].endswith("T00:00:00+0530"), candle


def test_a_bare_date_is_accepted(kite):
    query = {"from": "2026-01-01", "to": "2026-03-01"}
    assert kite.data(f"/instruments/historical/{INFY}/day", params=query)["candles"]


def test_version_header_is_not_demanded(kite):
    answer = requests.get(kite.base + "/user/profile", headers={"Authorization": kite.headers["Authorization"]}, timeout=20)
    assert answer.status_code == 200


def test_no_status_success_with_an_error_status(kite):
    for path in ("/gtt/triggers", "/mf/orders", "/alerts", "/orders/1", "/trades", "/margins/orders", "/mf/instruments"):
        answer = kite.get(path)
        if answer.headers["Content-Type"].startswith("application/json"):
            assert (answer.json()["status"] == "success") == (answer.status_code == 200), (path, answer.text)


def test_broker_limits_only_when_asked(start, kite):
    assert all(kite.get("/quote/ltp?i=NSE:INFY").status_code == 200 for _ in range(50))
    strict = start("--seed", "7", "--emulate-broker-limits")
    limited = Kite(strict.kite, strict.key("market:read"))
    refused = next(a for a in (limited.get("/quote/ltp?i=NSE:INFY") for _ in range(50)) if a.status_code != 200)
    assert (refused.status_code, refused.json()["error_type"]) == (429, "NetworkException")
