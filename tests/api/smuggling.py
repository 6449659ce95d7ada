"""Requests that two readers could cut differently: RFC 9112 11.2.

Each case is a request in which, or behind which, another one is hidden: one
that would make a zone.  Whatever a proxy in front may have taken it for, apid
must refuse it or take all of it for one request, and must not run what is
hidden.
"""
import json
import re

from apitest import check

ZONE = "smuggled.example"
CHUNK0 = "0\r\n\r\n"


def parts(w):
    """The pieces of a good request, and the hidden one."""
    auth = "Authorization: Bearer %s\r\n" % w.T
    json_type = "Content-Type: application/json\r\n"
    body = json.dumps({"name": ZONE, "primaries": [{"address": "192.0.2.1"}]})
    hidden = ("POST /v1/zones HTTP/1.1\r\nHost: x\r\n" + auth + json_type +
              "Content-Length: %d\r\n\r\n%s" % (len(body), body))
    return auth, json_type, hidden


def by_headers(auth, json_type, hidden):
    """Framing headers, right behind the good ones; the hidden request is
    behind the message as this reader or that would end it."""
    lines = []
    tes = ("chunked", "Chunked", "CHUNKED", "xchunked", "chunkedx", "identity",
           "gzip, chunked", "chunked, gzip", "chunked, chunked", "chunked,",
           ",chunked", " chunked", "chunked ", "\tchunked", "chunked\t",
           "chunked;x=1", "\x0bchunked", "\x0cchunked", "chunked\x0b",
           "\"chunked\"", "'chunked'", "trailers", "compress", "deflate",
           "ch\x00unked", "\xa0chunked", "chunk\xadd", "")
    fine = ("chunked", "Chunked", "CHUNKED", " chunked", "chunked ",
            "\tchunked", "chunked\t")
    for te in tes:
        lines.append(("TE %r and CL" % te, "Transfer-Encoding: %s\r\n"
                      "Content-Length: %d\r\n" % (te, len(CHUNK0)), CHUNK0))
        lines.append(("CL and TE %r" % te, "Content-Length: %d\r\n"
                      "Transfer-Encoding: %s\r\n" % (len(CHUNK0), te), CHUNK0))
        if te not in fine:
            lines.append(("TE %r alone" % te,
                          "Transfer-Encoding: %s\r\n" % te, CHUNK0))
    for a, b in ((0, 5), (5, 0), (5, 5), (0, 0), (5, 500), (500, 5)):
        for second in ("Content-Length", "content-length", "CONTENT-LENGTH"):
            lines.append(("CL %d and %s %d" % (a, second, b),
                          "Content-Length: %d\r\n%s: %d\r\n" % (a, second, b),
                          CHUNK0))
    for v in ("5, 5", "5,0", "+5", "-1", "-0", "0x5", "5 5", "5.0", "", " ",
              "5\x0b", "5;", "18446744073709551621", "99999999999999999999",
              "4294967301", "1e1", "five", "\xb2", "5_0", "5\x00", "NaN"):
        lines.append(("CL %r" % v, "Content-Length: %s\r\n" % v, CHUNK0))
    for name in ("Content-Length ", "Content-Length\t", " Content-Length",
                 "\tContent-Length", "Content-Length\x00", "Content-Length\x0b",
                 "Content-Length:", "\xa0Content-Length",
                 "X: y\nContent-Length", "X: y\rContent-Length"):
        lines.append(("the name %r" % name, "%s: 5\r\nTransfer-Encoding: "
                      "chunked\r\n" % name, CHUNK0))
    for name in ("Transfer-Encoding ", "Transfer-Encoding\t",
                 " Transfer-Encoding", "\tTransfer-Encoding",
                 "Transfer-Encoding\x00", "Transfer-Encoding\x0b",
                 "X: y\nTransfer-Encoding", "X: y\rTransfer-Encoding",
                 "Transfer-Encoding\x08"):
        lines.append(("the name %r" % name, "%s: chunked\r\nContent-Length: "
                      "5\r\n" % name, CHUNK0))
    lines += [
        ("two Hosts", "Host: y\r\nContent-Length: 5\r\n", CHUNK0),
        ("two Hosts, the same", "Host: x\r\nContent-Length: 5\r\n", CHUNK0),
        ("two Authorizations", auth + "Content-Length: 5\r\n", CHUNK0),
        ("two Content-Types", json_type + "Content-Length: 5\r\n", CHUNK0),
        ("two TEs", "Transfer-Encoding: chunked\r\n" * 2, CHUNK0),
        ("two TEs, one odd", "Transfer-Encoding: x\r\nTransfer-Encoding: "
         "chunked\r\n", CHUNK0),
        ("two TEs, identity last", "Transfer-Encoding: chunked\r\n"
         "Transfer-Encoding: identity\r\n", CHUNK0),
        ("folded TE", "Transfer-Encoding:\r\n chunked\r\nContent-Length: 5"
         "\r\n", CHUNK0),
        ("folded CL", "Content-Length: 5\r\n 00\r\n", CHUNK0),
        ("TE folded by a tab", "Transfer-Encoding: \r\n\tchunked\r\n"
         "Content-Length: 5\r\n", CHUNK0),
        ("a folded header of any name", "X-A: b\r\n c\r\nContent-Length: "
         "5\r\n", CHUNK0),
        ("a header without a colon", "Content-Length 5\r\n", CHUNK0),
        ("a header without a name", ": 5\r\nContent-Length: 5\r\n", CHUNK0),
    ]
    for what, headers, rest in lines:
        yield what, ("POST /v1/zones HTTP/1.1\r\nHost: x\r\n" + auth +
                     json_type + headers + "\r\n" + rest + hidden)


def by_line_ends(auth, json_type, hidden):
    """One line of the head ends in another way."""
    head = ["POST /v1/keys HTTP/1.1", "Host: x", auth.strip(),
            json_type.strip(), "Content-Length: %d" % len(hidden), ""]
    for at in range(len(head)):
        for end in ("\n", "\r", "\r\r\n", "\n\r", "\r\n\x00", "\x00\r\n",
                    "\x0b", "\x85", "\xe2\x80\xa8"):
            raw = "".join(line + (end if i == at else "\r\n")
                          for i, line in enumerate(head))
            yield "line %d ends %r" % (at, end), raw + hidden


def by_chunks(auth, json_type, hidden):
    """The hidden request is in a chunk, or in what may be one."""
    n = len(hidden)
    head = ("POST /v1/keys HTTP/1.1\r\nHost: x\r\n" + auth + json_type +
            "Transfer-Encoding: chunked\r\n\r\n")
    for size in ("%x", "%X", "0%x", "00000000%x", "%x;a=b", "%x ;a", "%x; a=\"b\"",
                 "%x\t", "%x ", " %x", "+%x", "-%x", "0x%x", "%xg", "%x\x00",
                 "%x;\nX: y", "%x\r", "ffffffff%08x", "10000000000000000%x",
                 "%x;" + "a" * 5000, "%x\x0b", "\x0c%x"):
        yield "chunk size %r" % size[:20], (
            head + size % n + "\r\n" + hidden + "\r\n" + CHUNK0)
    for end in ("\n", "\r", "\r\r\n", "\n\n", "\x00\r\n", ";\n"):
        yield "a chunk size ends %r" % end, (
            head + "%x" % n + end + hidden + "\r\n" + CHUNK0)
    for size in ("-1", "ffffffffffffffff", "ffffffffffffffffff", "zz", "", ";",
                 "8000000000000000", "7fffffffffffffff", "G"):
        yield "chunk size %r" % size, head + size + "\r\n\r\n" + hidden
    for data_end in ("", "\n", "\r", "xx", "\r\r\n", "\x00\x00"):
        yield "a chunk's data end %r" % data_end, (
            head + "2\r\n{}" + data_end + "%x\r\n" % n + hidden + "\r\n" +
            CHUNK0)
    for size in ("00", "0000000000", "0;a=b", "0 ", " 0", "-0", "+0", "0x0"):
        for end in ("\r\n", "\n"):
            # More follows: not the last chunk for a reader that is strict.
            yield "the last chunk %r%r" % (size, end), (
                head + size + end + "X: " + hidden.split("\r\n")[0] +
                "\n\r\n")
    for trailer in ("Content-Length: %d" % n, "Transfer-Encoding: chunked",
                    "Authorization: Bearer x", "Host: y", " folded",
                    "no colon", "X: y\nZ: z"):
        yield "the trailer %r" % trailer, (
            head + "2\r\n{}\r\n0\r\n" + trailer + "\r\n\r\n")


def by_start_lines(auth, json_type, hidden):
    n = len(hidden)
    rest = "Host: x\r\n" + auth + "Content-Length: %d\r\n\r\n" % n + hidden
    for line in ("GET /v1/zones HTTP/1.1", "HEAD /v1/zones HTTP/1.1",
                 "DELETE /v1/zones/none.example HTTP/1.1",
                 "OPTIONS * HTTP/1.1", "TRACE /healthz HTTP/1.1",
                 "CONNECT x:80 HTTP/1.1", "GET http://x/healthz HTTP/1.1",
                 "GET  /healthz HTTP/1.1", "GET\t/healthz\tHTTP/1.1",
                 "GET /healthz  HTTP/1.1", "GET /healthz HTTP/1.1 ",
                 "GET /healthz HTTP/1.1 HTTP/1.1", "GET /healthz",
                 "GET /healthz HTTP/0.9", "GET /healthz HTTP/1.2",
                 "GET /healthz HTTP/2.0", "GET /healthz http/1.1",
                 "GET /healthz HTTP/1.1\x00", "PRI * HTTP/2.0",
                 " GET /healthz HTTP/1.1", "GET /healthz\x00 HTTP/1.1",
                 "GET /healthz#f HTTP/1.1", "\x16\x03\x01\x02\x00\x01\x00",
                 "POST /v1/keys HTTP/1.0", "GET /healthz HTTP/1.10",
                 "GET /healthz HTTP/11", "(*) /healthz HTTP/1.1"):
        yield "the line %r" % line, line + "\r\n" + rest
    for more in ("Connection: Content-Length\r\n", "Connection: upgrade\r\n"
                 "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
                 "Connection: upgrade\r\nUpgrade: websocket\r\n",
                 "Expect: 100-continue\r\n", "Expect: 200-ok\r\n",
                 "Connection: keep-alive, close\r\n", "Keep-Alive: x\r\n",
                 "TE: chunked\r\n", "Content-Encoding: gzip\r\n",
                 "X-HTTP-Method-Override: DELETE\r\n"):
        yield "with %r" % more, ("GET /v1/zones HTTP/1.1\r\n" + more + rest)


def refused_whole(w):
    pieces = parts(w)
    n = 0
    for make in (by_headers, by_line_ends, by_chunks, by_start_lines):
        for what, raw in make(*pieces):
            n += 1
            out = w.a.bytes(raw.encode("latin-1"), timeout=30, shut=True)
            # The library answers some of them itself, more than once.
            replies = re.findall(rb"HTTP/1\.[01] (\d\d\d)", out)
            zones = w.db.sql("SELECT count(*) FROM zone WHERE name = "
                             "'%s'" % ZONE)
            if zones != "0":
                w.db.sql("UPDATE zone SET deleted_at = now(), name = 'gone' "
                         "|| id, apex = '\\x0367' || substr(apex, 3) WHERE "
                         "name = '%s'" % ZONE)
            whole = make in (by_chunks, by_start_lines)
            good = zones == "0" and b"<open>" not in out and \
                b"201" not in replies and \
                (whole or set(r[:1] for r in replies) <= {b"4", b"5"})
            check("%s: refused or taken whole, nothing hidden runs" % what,
                  good, (zones, out[:400]))
    check("there are more than 200 of them", n > 200, n)
    check("no smuggled zone exists",
          w.call("GET", "/v1/zones/" + ZONE).status == 404)
    out = w.a.bytes(b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n")
    check("no Host: 400", b" 400 " in out[:20], out[:100])
