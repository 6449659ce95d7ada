"""An API server that means no good: what it answers depends on the path's name."""
import json
import socketserver
import threading
import time


def http(status, body, kind="application/json", extra=""):
    if isinstance(body, str):
        body = body.encode("utf-8", "surrogateescape")
    return ("HTTP/1.1 %s\r\nContent-Type: %s\r\n%sContent-Length: %d\r\n"
            "Connection: close\r\n\r\n" % (status, kind, extra, len(body))).encode() + body


ESC = "\x1b[2J\x1b]0;owned\x07\x9b31m‮"


def answers(server, path, n):
    """Pieces of the answer; a number is a pause in seconds."""
    zone = path.split("/v1/zones/", 1)[-1].split("?")[0].split("/")[0]
    if zone == "invalid":
        return [http("200 OK", '{"a":')]
    if zone == "html":
        return [http("200 OK", "<html>hello</html>", "text/html")]
    if zone == "empty":
        return [b""]
    if zone == "garbage":
        return [bytes(range(256)) * 40]
    if zone == "deep":
        return [http("200 OK", "[" * 500000)]
    if zone == "nul":
        return [http("200 OK", '{"a":"\\u0000"}')]
    if zone == "number":
        return [http("200 OK", "[1]")]
    if zone == "redirect":
        return [http("302 Found", "", extra="Location: http://192.0.2.1/steal\r\n")]
    if zone == "escapes":
        return [http("200 OK", json.dumps({"name": ESC, ESC: {"x": [ESC, {"y": ESC}]},
                                           "text": "a\n" + ESC + "\nb"}))]
    if zone == "problem":
        return [http("422 Unprocessable", json.dumps(
            {"title": ESC, "detail": ESC, "type": "urn:understudy:problem:" + ESC,
             "errors": [{"pointer": ESC, "message": ESC, "code": ESC}], "advice": [ESC],
             "request_id": ESC}), "application/problem+json")]
    if zone == "oddproblem":
        return [http("500 Oops", '{"title":[],"errors":{"a":1},"advice":7}',
                     "application/problem+json")]
    if zone == "headers":
        return [b"HTTP/1.1 200 OK\r\n" + b"X-A: " + b"a" * 60000 + b"\r\nX-B: " +
                b"b" * 60000 + b"\r\nContent-Length: 2\r\n\r\n{}"]
    if zone == "huge":
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" \
            b"Content-Length: 99999999999\r\n\r\n{\"a\":\""
        return [head] + [b"a" * (1 << 20)] * 80
    if zone == "slow":
        return [b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"] + [b" ", 0.3] * 200
    if zone == "silent":
        return [60]
    if zone == "cut":
        return [b"HTTP/1.1 200 OK\r\nContent-Type: text/dns\r\nTransfer-Encoding: chunked\r\n\r\n"
                b"10\r\na.example. 60 IN\r\n10\r\n A 192"]
    if zone == "busy":
        if n < 2:
            return [http("503 Busy", "{}", extra="Retry-After: 1\r\n")]
        return [http("200 OK", '{"name":"busy"}')]
    if zone == "always":
        return [http("429 Many", '{"title":"too many"}', "application/problem+json",
                     "Retry-After: 0\r\n")]
    if zone == "later":
        return [http("503 Busy", '{"title":"later"}', "application/problem+json",
                     "Retry-After: 86400\r\n")]
    if zone == "lost":
        return [b""] if n < 1 else [http("200 OK", '{"name":"lost"}')]
    if path.startswith("/v1/keys"):             # the same cursor for ever
        return [http("200 OK", '{"items":[{"name":"k"}],"next_cursor":"again"}')]
    if path.startswith("/v1/primaries"):        # always another cursor, never an item
        return [http("200 OK", '{"items":[],"next_cursor":"%d"}' % n)]
    if path.startswith("/v1/tokens"):
        return [http("200 OK", '{"items":{"no":"list"},"next_cursor":5}')]
    if path.startswith("/v1/nameservers"):
        return [http("200 OK", json.dumps({"nameservers": [
            {"name": "ns1.example\n$INCLUDE /etc/passwd", "addresses": ["192.0.2.1"]},
            {"name": "ns2.example", "addresses": ["192.0.2.2", "no address", 5]},
            {"name": 7, "addresses": "none"}]}))]
    return [http("200 OK", "{}")]


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        try:
            line = self.rfile.readline(65536).decode("latin-1").split()
            headers = {}
            while True:
                h = self.rfile.readline(65536).decode("latin-1").strip()
                if not h:
                    break
                k, _, v = h.partition(":")
                headers[k.lower()] = v.strip()
            self.rfile.read(int(headers.get("content-length", 0)))
            server = self.server
            with server.lock:
                n = server.asked.get(line[1].split("?")[0], 0)
                server.asked[line[1].split("?")[0]] = n + 1
                server.seen.append((line[0], line[1], headers))
            for piece in answers(server, line[1], n):
                if isinstance(piece, (int, float)):
                    if server.ending.wait(piece):
                        return
                else:
                    self.wfile.write(piece)
                    self.wfile.flush()
        except (OSError, IndexError, ValueError):
            pass


class Hostile(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 50

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock, self.asked, self.seen = threading.Lock(), {}, []
        self.ending = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return "http://127.0.0.1:%d" % self.server_address[1]

    def stop(self):
        self.ending.set()
        self.shutdown()
        self.server_close()
        time.sleep(0)
