"""Letters, end to end: a relay, apid, xferd's courier, and who reads them."""

import email
import email.policy
import json
import os
import re
import sys
import urllib.error
import urllib.request

from lib.proc import wait_for
from lib.runner import main, test
from lib.understudy import ApiError, Understudy

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "mail"))
from relay import Relay                                     # noqa: E402

FIRST, SECOND = "a mild evening in may", "an icy morning in june"


class Context:
    def __init__(self):
        self.relay = Relay()
        self.u = Understudy(
            "--set", f"mail.relay=127.0.0.1:{self.relay.port}",
            "--set", "mail.tls=none", "--set", "api.signup=yes",
            "--set", "api.public_url=https://dns.example.net")

    def post(self, path, body, cookie=None):
        headers = {"Content-Type": "application/json",
                   "Sec-Fetch-Site": "same-origin"}
        if cookie:
            headers["Cookie"] = cookie
        try:
            r = urllib.request.urlopen(urllib.request.Request(
                self.u.info["api"] + path, method="POST", headers=headers,
                data=json.dumps(body).encode()), timeout=30)
        except urllib.error.HTTPError as e:
            raise ApiError(e.code, e.read().decode()) from None
        self.cookie = (r.headers["Set-Cookie"] or "").split(";")[0]
        text = r.read()
        return json.loads(text) if text else None

    def letter(self, to, subject):
        """The link of the next letter to somebody."""
        def come():
            for i, x in enumerate(self.relay.letters):
                m = email.message_from_bytes(x["body"],
                                             policy=email.policy.SMTP)
                if f"<{to}>" in x["to"] and subject in m["Subject"]:
                    del self.relay.letters[i]
                    return m.get_content()
        text = wait_for(f"a letter to {to}", come, 30)
        link = re.search(r"https://dns\.example\.net/\S+", text).group(0)
        return re.search(r"token=(\S+)", link).group(1)

    def log_in(self, who, password):
        self.post("/v1/sessions", {"email": who, "password": password})
        return self.cookie

    def refused(self, who, password):
        try:
            self.log_in(who, password)
        except ApiError as e:
            return e.status in (401, 403)
        return False

    def logs(self):
        return self.u.logs()

    def close(self):
        self.relay.stop()
        self.u.stop()


@test
def somebody_signs_up_and_confirms_the_address(c):
    c.post("/v1/users", {"email": "Jo@Example.org", "password": FIRST,
                         "tenant": "jo's zones"})
    token = c.letter("jo@example.org", "Confirm")
    assert c.refused("jo@example.org", FIRST), "not before the confirmation"
    c.post("/v1/verifications", {"token": token})
    assert c.log_in("jo@example.org", FIRST)
    try:
        c.post("/v1/verifications", {"token": token})
        raise AssertionError("a link works once")
    except ApiError as e:
        assert e.status in (400, 404, 409, 410, 422), e


@test
def a_forgotten_password_is_set_anew(c):
    c.post("/v1/password-resets", {"email": "jo@example.org"})
    token = c.letter("jo@example.org", "password")
    c.post("/v1/password-resets/confirm", {"token": token,
                                           "password": SECOND})
    assert c.refused("jo@example.org", FIRST)
    assert c.log_in("jo@example.org", SECOND)


@test
def nobody_gets_a_letter_for_an_unknown_address(c):
    c.post("/v1/password-resets", {"email": "nobody@example.org"})
    c.post("/v1/password-resets", {"email": "jo@example.org"})
    c.letter("jo@example.org", "password")      # the second one has come
    assert not [x for x in c.relay.letters if "nobody" in x["to"]]


@test
def an_invitation_is_followed_and_the_zones_are_there(c):
    c.u.api.post("/v1/invitations", {"email": "kim@example.org",
                                     "role": "viewer"})
    token = c.letter("kim@example.org", "invited")
    c.post("/v1/invitations/join", {"token": token, "password": FIRST})
    cookie = c.log_in("kim@example.org", FIRST)
    r = urllib.request.urlopen(urllib.request.Request(
        c.u.info["api"] + "/v1/zones", headers={
            "Cookie": cookie, "Sec-Fetch-Site": "same-origin"}), timeout=30)
    assert json.loads(r.read())["items"] == []


@test
def a_relay_that_is_away_is_waited_for(c):
    c.relay.answers["MAIL"] = ["451 come back"]
    c.post("/v1/password-resets", {"email": "kim@example.org"})
    wait_for("a failure", lambda: c.u.sql(
        "select count(*) from mail where failures = 1 and state = 'queued'")
        == [["1"]], 30)
    c.u.sql("update mail set due_at = now() where state = 'queued'")
    c.u.sql("notify understudy_job")
    c.letter("kim@example.org", "password")


@test
def no_link_is_left_in_the_database(c):
    wait_for("all sent", lambda: c.u.sql(
        "select count(*) from mail where state <> 'sent'") == [["0"]], 30)
    assert c.u.sql("select count(*) from mail where sealed is not null") == \
        [["0"]]


if __name__ == "__main__":
    main(Context, lambda c: c.close())
