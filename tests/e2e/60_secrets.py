"""Secrets of every kind are planted, used, and then looked for everywhere."""

import base64
import json
import os
import re
import subprocess
import tempfile
import urllib.error
import urllib.request

from lib import primaries
from lib.primaries import Bind, soa_serial
from lib.proc import wait_for
from lib.runner import TESTS, main
from lib.understudy import ApiError, Understudy
from lib.zones import simple_zone

PASSWORD = "canary battery staple 9137"


class Context:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="understudy-e2e-")
        self.u = Understudy("--set", "log.level=debug")
        self.secrets = {}           # what it is: the secret as bytes
        self.said = []              # every answer of the API but one-time ones
        self.cookie = None
        self.bind = None

    def plant(self, what, secret):
        if isinstance(secret, str):
            secret = secret.encode()
        assert len(secret) >= 16, what
        self.secrets[what] = secret

    def logs(self):
        return self.u.logs()

    def close(self):
        if self.bind:
            self.bind.stop()
        self.u.stop()


def plant_and_use(c):
    """Tokens, a TSIG key in use, a password, a second factor, a link."""
    info = c.u.info
    c.plant("operator token", info["operator_token"])
    c.plant("tenant token", info["tenant_token"])
    secret = os.urandom(32)
    key = c.u.api.post("/v1/keys", {
        "name": primaries.KEY_NAME, "algorithm": "hmac-sha256",
        "secret": primaries.KEY_SECRET})
    c.plant("TSIG secret that was given",
            base64.b64decode(primaries.KEY_SECRET))
    made = c.u.api.post("/v1/keys", {"name": "made.example.",
                                     "algorithm": "hmac-sha512"})
    c.plant("TSIG secret that was made", base64.b64decode(made["secret"]))
    other = c.u.api.post("/v1/keys", {
        "name": "other.example.", "algorithm": "hmac-sha256",
        "secret": base64.b64encode(secret).decode()})
    c.plant("TSIG secret of no use", secret)
    token = c.u.api.post("/v1/tokens", {"name": "t", "scopes": ["zones:read"]})
    c.plant("another token", token["token"])
    c.bind = Bind(c.dir, {"secret.test": simple_zone("secret.test", 1, 20)},
                  notify=[("127.0.0.1", c.u.notify_port)], tsig=True).start()
    c.u.api.add_zone("secret.test", c.bind.port, key=key["id"])
    c.u.api.wait_serial("secret.test", 1)
    # and one that fails because of its key: its sentences name no secret
    c.u.api.post("/v1/zones", {"name": "wrong.test", "primaries": [
        {"address": "127.0.0.1", "port": c.bind.port, "key": other["id"]}]})
    wait_for("a failure", lambda: c.u.api.zone("wrong.test")["last_error"])


def somebody_signs_in(c):
    link = c.u.info["login_url"]
    c.plant("one-time link", re.search(r"token=(\S+)", link).group(1))
    r = browser(c, "POST", "/v1/sessions/link",
                {"token": re.search(r"token=(\S+)", link).group(1)})
    c.cookie = r.headers["Set-Cookie"].split(";")[0]
    c.plant("session", c.cookie.split("=", 1)[1])
    browser(c, "POST", "/v1/me/password", {"password": PASSWORD})
    c.plant("password", PASSWORD)
    made = json.loads(browser(c, "POST", "/v1/me/totp", {}).read())
    c.plant("second factor", made["secret"])


def browser(c, method, path, body=None):
    headers = {"Content-Type": "application/json",
               "Sec-Fetch-Site": "same-origin"}
    if c.cookie:
        headers["Cookie"] = c.cookie
    return urllib.request.urlopen(urllib.request.Request(
        c.u.info["api"] + path, method=method, headers=headers,
        data=json.dumps(body).encode() if body is not None else None),
        timeout=30)


def ask_everything(c):
    """Every GET of the contract, by whoever may."""
    doc = c.u.api.get("/openapi.json")
    tenant = c.u.sql("select id from tenant where name = 'demo'")[0][0]
    key = c.u.api.get("/v1/keys")["items"][0]["id"]
    values = {"zone": "secret.test", "key": key, "tenant": tenant, "id": tenant,
              "generation": "1"}
    for path, methods in doc["paths"].items():
        if "get" not in methods or path.endswith("/wait"):
            continue
        full = re.sub(r"\{(\w+)\}", lambda m: values.get(
            m.group(1), "00000000-0000-4000-8000-000000000000"), path)
        for who in (c.u.api, c.u.operator):
            try:
                c.said.append(who.call("GET", full, raw=True))
            except ApiError as e:
                c.said.append(str(e.body))
        try:
            c.said.append(browser(c, "GET", full).read().decode())
        except urllib.error.HTTPError as e:
            c.said.append(e.read().decode())
    for url in c.u.info["metrics"].values():
        c.said.append(urllib.request.urlopen(
            url if url.endswith("/metrics") else url + "/metrics",
            timeout=10).read().decode())


def forms(secret):
    """How it may be written down."""
    out = {secret, secret.hex().encode(), secret.hex().upper().encode(),
           base64.b64encode(secret).rstrip(b"="),
           base64.urlsafe_b64encode(secret).rstrip(b"=")}
    return {f for f in out if len(f) >= 16}


def hits(c, where, data):
    if isinstance(data, str):
        data = data.encode("utf-8", "replace")
    return [(where, what) for what, s in c.secrets.items()
            for f in forms(s) if f in data]


def no_answer_has_one(c):
    found = []
    for text in c.said:
        found += hits(c, text[:80], text)
    assert len(c.said) > 60 and not found, found[:5]


def no_log_or_file_has_one(c):
    found, n = [], 0
    top = os.path.join(c.u.state, "s")
    for folder, names, files in os.walk(top):
        # The cluster's own files are looked at by its dump; credentials are
        # what they are.
        names[:] = [x for x in names if x not in ("postgres", "pg", "data",
                                                  "credentials", "cred")]
        for f in files:
            path = os.path.join(folder, f)
            if f in ("quickstart.json", "state.json", "operator.conf",
                     "ctl.conf"):       # they hand tokens to their owner
                assert os.stat(path).st_mode & 0o077 == 0, path
                continue
            if not os.path.isfile(path):
                continue
            with open(path, "rb") as h:
                data = h.read()
            n += 1
            found += hits(c, path, data)
    assert n >= 3 and not found, (n, found[:5])


def no_dump_has_one(c):
    dump = subprocess.run(["pg_dump", "-d", c.u.info["database"]],
                          stdout=subprocess.PIPE, check=True,
                          timeout=120).stdout
    assert b"secret.test" in dump and len(dump) > 50000
    assert not hits(c, "pg_dump", dump), hits(c, "pg_dump", dump)[:5]


def no_process_shows_one(c):
    found, n = [], 0
    for pid in list(c.u.pids().values()):
        for p in [pid] + c.u.children(pid):
            for what in ("environ", "cmdline"):
                try:
                    with open(f"/proc/{p}/{what}", "rb") as f:
                        found += hits(c, f"{p} {what}", f.read())
                        n += 1
                except OSError:
                    pass
    assert n > 10 and not found, (n, found[:5])


def our_own_processes_cannot_be_dumped(c):
    """xferd's children and dnsd's workers leave no core file."""
    n = 0
    for program in ("xferd", "dnsd"):
        for p in c.u.children(c.u.pids()[program]):
            with open(f"/proc/{p}/limits") as f:
                for line in f:
                    if line.startswith("Max core file size"):
                        assert line.split()[4:6] == ["0", "0"], (p, line)
                        n += 1
    assert n >= 5, n


def the_search_finds_what_is_there(c):
    """A test that cannot fail proves nothing."""
    for what, s in c.secrets.items():
        for f in forms(s):
            assert hits(c, "x", b"before " + f + b" after"), what
    with open(os.path.join(c.u.state, "s", "quickstart.json"), "rb") as f:
        assert hits(c, "quickstart.json", f.read())


def the_zone_was_served_all_along(c):
    assert soa_serial("secret.test", c.u.dns_port) == 1


TESTS += [plant_and_use, somebody_signs_in, ask_everything, no_answer_has_one,
          no_log_or_file_has_one, no_dump_has_one, no_process_shows_one,
          our_own_processes_cannot_be_dumped, the_search_finds_what_is_there,
          the_zone_was_served_all_along]

if __name__ == "__main__":
    main(Context, lambda c: c.close())
