"""Keys and standing subscriptions: made and revoked while the instance runs, kept over restarts."""

import json
import time

from driver import cli
from driver.api import Native
from driver.deadline import until
from driver.stream import Stream


def test_created_and_revoked_keys_act_on_the_running_instance(start):
    gateway = start()
    began = time.monotonic()
    key = gateway.key("market:read", name="laptop")
    native = Native(gateway.native, key.access_token)
    until("the new key is accepted", lambda: native.get("/v1/instruments").status_code == 200, seconds=10)
    print(f"created key accepted after {time.monotonic() - began:.2f} s")
    with Stream(gateway, key.access_token) as stream:
        stream.subscribe("NSE:INFY")
        stream.until_ticks("NSE:INFY")
        began = time.monotonic()
        cli.run("key", "revoke", key.api_key, "--data", gateway.data)
        until("the revoked key is refused", lambda: native.get("/v1/instruments").status_code == 401, seconds=10)
        print(f"revoked key refused after {time.monotonic() - began:.2f} s")


def test_keys_survive_a_restart_and_revoked_ones_stay_revoked(start):
    gateway = start()
    kept, gone = gateway.key("market:read", name="kept"), gateway.key("market:read", name="gone")
    cli.run("key", "revoke", gone.api_key, "--data", gateway.data)
    gateway.restart()
    assert Native(gateway.native, kept.access_token).get("/v1/instruments").status_code == 200
    assert Native(gateway.native, gone.access_token).get("/v1/instruments").status_code == 401


def test_key_list_shows_no_secret(start):
    gateway = start()
    key = gateway.key("market:read", "orders:read", name="laptop")
    for text in (cli.run("key", "list", "--data", gateway.data).stdout, json.dumps(cli.run_json("key", "list", "--data", gateway.data))):
        assert key.api_key in text and "laptop" in text
        assert key.access_token not in text and key.api_secret not in text


def test_expired_key_is_refused(start):
    gateway = start()
    key = gateway.key("market:read", expires="1s")
    native = Native(gateway.native, key.access_token)
    until("the key has expired", lambda: native.get("/v1/instruments").status_code == 401, seconds=15)


def test_remote_instance_by_address_and_key_file(start, tmp_path):
    gateway = start()
    made = cli.run_json("key", "create", "--name", "remote", "--scope", "market:read", "--url", gateway.native,
                        "--key-file", gateway.data / "admin.key")
    assert Native(gateway.native, made["access_token"]).get("/v1/instruments").status_code == 200
    weak = tmp_path / "weak.key"
    weak.write_text(made["access_token"] + "\n")
    refused = cli.run("key", "create", "--name", "x", "--scope", "market:read", "--url", gateway.native, "--key-file", weak, expect=1)
    assert "keys:admin" in refused.stderr


def test_keys_over_http(start):
    gateway = start()
    admin = Native(gateway.native, gateway.admin_token)
    made = admin.request("POST", "/v1/keys", json={"name": "http", "scopes": ["market:read"]}).json()
    assert made["api_key"] in admin.get("/v1/keys").text and made["access_token"] not in admin.get("/v1/keys").text
    native = Native(gateway.native, made["access_token"])
    assert native.get("/v1/instruments").status_code == 200
    assert admin.request("DELETE", f"/v1/keys/{made['api_key']}").status_code in (200, 204)
    until("the revoked key is refused", lambda: native.get("/v1/instruments").status_code == 401, seconds=10)


def test_standing_subscriptions_survive_a_restart(start):
    gateway = start()
    mine, other = gateway.key("market:read", name="mine"), gateway.key("market:read", name="other")
    native = Native(gateway.native, mine.access_token)
    posted = native.request("POST", "/v1/subscriptions", json={"instruments": ["NSE:INFY", "NSE:NIFTY 50"], "mode": "full"})
    assert posted.status_code in (200, 201), posted.text
    gateway.restart()
    kept = native.get("/v1/subscriptions").text
    assert "NSE:INFY" in kept and "NSE:NIFTY 50" in kept
    assert "NSE:INFY" not in Native(gateway.native, other.access_token).get("/v1/subscriptions").text
    with Stream(gateway, mine.access_token) as stream:
        stream.send(op="subscribe", standing=True)
        assert stream.until_ticks("NSE:INFY")[0]["mode"] == "full" and stream.until_ticks("NSE:NIFTY 50")
    assert native.request("DELETE", "/v1/subscriptions/NSE:INFY").status_code in (200, 204)
    assert "NSE:INFY" not in native.get("/v1/subscriptions").text


def test_admin_key_is_printed_once_and_kept_for_its_owner_only(start):
    gateway = start()
    printed = [line for line in gateway.stdout if line.startswith("admin key ")]
    assert printed == [f"admin key {gateway.admin_token}"]
    assert (gateway.data / "admin.key").stat().st_mode & 0o777 == 0o600
    assert (gateway.data / "server.key").stat().st_mode & 0o777 == 0o600
    gateway.restart()
    assert not any(line.startswith("admin key") for line in gateway.stdout)


def test_no_secret_in_logs_or_database(start):
    gateway = start()
    key = gateway.key("market:read")
    Native(gateway.native, key.access_token).get("/v1/quotes", instruments="NSE:INFY")
    Native(gateway.native, "wrong-" + key.access_token).get("/v1/quotes", instruments="NSE:INFY")
    with Stream(gateway, key.access_token) as stream:
        stream.subscribe("NSE:INFY")
        stream.until_ticks("NSE:INFY")
    gateway.stop()
    files = [gateway.stderr, *(file for file in gateway.data.rglob("*") if file.is_file() and file.name != "admin.key")]
    for secret in (key.access_token, key.api_secret):
        assert not [file for file in files if secret.encode() in file.read_bytes()]
    for line in gateway.stderr.read_text().splitlines():
        assert json.loads(line), "logs are JSON lines"
