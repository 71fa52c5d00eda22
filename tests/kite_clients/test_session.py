"""Login, session and its end, with the unmodified official clients (MD-9)."""

import pytest

from driver.deadline import until
from driver.login import Application, log_in
from driver.peer import PeerError


@pytest.fixture
def application():
    app = Application()
    yield app
    app.close()


@pytest.fixture
def key(gateway, application):
    return gateway.key("market:read", "orders:read", name="login", redirect=application.address)


def request_token(gateway, application, key):
    return application.follow(log_in(gateway.kite, key.api_key, key.access_token))["request_token"]


def test_whole_session(gateway, application, key, peer):
    answer = log_in(gateway.kite, key.api_key, key.access_token, redirect_params="state=a%26b&from=test")
    called = application.follow(answer)
    assert called["action"] == "login" and called["status"] == "success"
    assert called["state"] == "a&b" and called["from"] == "test"

    peer.tell("connect", api_key=key.api_key, root=gateway.kite)
    session = peer.call("generate_session", called["request_token"], key.api_secret)
    assert session["api_key"] == key.api_key and session["user_id"] and session["login_time"]
    assert session["access_token"] not in ("", key.access_token), "a session has a token of its own"
    peer.tell("use_token", access_token=session["access_token"])
    assert peer.call("profile")["user_id"] == session["user_id"]

    assert peer.call("invalidate_access_token")
    with pytest.raises(PeerError) as refused:
        peer.call("profile")
    assert refused.value.type == "TokenException"
    peer.wait_for("session_expired")

    peer.tell("use_token", access_token=key.access_token)
    assert peer.call("profile"), "ending a session must not end the key's own token"


def test_request_token_works_once(gateway, application, key, peer):
    token = request_token(gateway, application, key)
    peer.tell("connect", api_key=key.api_key, root=gateway.kite)
    peer.call("generate_session", token, key.api_secret)
    with pytest.raises(PeerError) as refused:
        peer.call("generate_session", token, key.api_secret)
    assert refused.value.type in ("TokenException", "InputException")


def test_wrong_secret_is_refused(gateway, application, key, peer):
    token = request_token(gateway, application, key)
    peer.tell("connect", api_key=key.api_key, root=gateway.kite)
    with pytest.raises(PeerError) as refused:
        peer.call("generate_session", token, key.api_secret[:-1] + "x" * 2)
    assert refused.value.type in ("TokenException", "InputException")


def test_login_page_refuses_a_wrong_token(gateway, key, application):
    answer = log_in(gateway.kite, key.api_key, "not-the-token")
    assert 400 <= answer.status_code < 500
    assert not application.calls


def test_login_page_without_redirect_shows_the_request_token(gateway, peer):
    key = gateway.key("market:read", name="no-redirect")
    answer = log_in(gateway.kite, key.api_key, key.access_token)
    assert answer.status_code == 200, answer.text
    words = answer.text.replace("<", " ").replace(">", " ").split()
    peer.tell("connect", api_key=key.api_key, root=gateway.kite)
    candidates = [word for word in words if len(word) >= 16 and word.replace("-", "").replace("_", "").isalnum()]

    def session():
        for word in candidates:
            try:
                return peer.call("generate_session", word, key.api_secret)
            except PeerError:
                continue
        return None

    assert session(), f"no request token on the page: {answer.text}"


def test_revoked_key_ends_every_session(start, peer):
    from driver import cli

    gateway = start()
    key = gateway.key("market:read")
    peer.tell("connect", api_key=key.api_key, root=gateway.kite, access_token=key.access_token)
    peer.call("ltp", ["NSE:INFY"])
    cli.run("key", "revoke", key.api_key, "--data", gateway.data)

    def refused():
        try:
            peer.call("ltp", ["NSE:INFY"])
        except PeerError as error:
            return error.type == "TokenException"
        return False

    until("the revoked key is refused", refused, seconds=10)
    peer.wait_for("session_expired")
