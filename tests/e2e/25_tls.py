"""A primary over TLS, from the API to an answer: what it proves, what we show
it, and what its owner reads when it is not what it was."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "xot"))

from certs import CLIENT, Cert  # noqa: E402
from servers import Server, context  # noqa: E402
from lib.primaries import soa_serial  # noqa: E402
from lib.proc import wait_for  # noqa: E402
from lib.runner import main, test  # noqa: E402
from lib.understudy import Understudy  # noqa: E402

NAME = "ns1.primary.test"


class Context:
    def __init__(self):
        self.u = Understudy()
        self.api = self.u.api
        self.ca = Cert("Root", ca=True)
        self.cert = Cert(NAME, self.ca, names=[NAME])
        self.us = Cert("us", self.ca, use=CLIENT)
        self.server = Server("tls.test", context(self.cert,
                                                 client_ca=self.ca))

    def logs(self):
        return self.u.logs()

    def close(self):
        self.server.stop()
        self.u.stop()


def last(c, zone):
    return c.api.get(f"/v1/zones/{zone}/attempts")["items"][0]


@test
def mutual_tls_from_the_api_to_an_answer_T155_T221(c):
    c.primary = c.api.post("/v1/primaries", {
        "name": "secure", "address": "127.0.0.1", "port": c.server.port,
        "transport": "tls", "tls": {
            "name": NAME, "verify": "both", "pins": [c.cert.pin],
            "ca": c.ca.pem, "client_certificate": c.us.pem,
            "client_key": c.us.key_pem}})["id"]
    c.api.post("/v1/zones", {"name": "tls.test", "primaries": [c.primary]})
    assert c.api.get("/v1/zones/tls.test/wait?serial=1&timeout=30")[
        "reached"]
    wait_for("an answer", lambda: soa_serial("tls.test", c.u.dns_port) == 1)
    a = last(c, "tls.test")
    assert a["primary"]["transport"] == "tls", a
    assert a["details"]["tls"]["version"] == "TLSv1.3", a
    assert a["details"]["tls"]["pin"] == c.cert.pin, a
    assert c.server.clients[0] is not None and c.server.datagrams == 0


@test
def owner_reads_what_is_wrong_and_mends_it_T153(c):
    other = Cert("other", ca=True)
    c.api.patch(f"/v1/primaries/{c.primary}", {
        "tls": {"pins": [other.pin]}})
    c.api.post("/v1/zones/tls.test/refresh", {})
    wait_for("the failure", lambda: last(c, "tls.test")["reason"] ==
             "tls-pin", 30)
    error = c.api.get("/v1/zones/tls.test")["last_error"]["message"]
    assert c.cert.pin in error and other.pin in error, error
    c.api.patch(f"/v1/primaries/{c.primary}", {
        "tls": {"pins": [other.pin, c.cert.pin]}})
    c.server.serial = 2
    c.api.post("/v1/zones/tls.test/refresh", {})
    assert c.api.get("/v1/zones/tls.test/wait?serial=2&timeout=30")[
        "reached"]


if __name__ == "__main__":
    main(Context, lambda c: c and c.close())
