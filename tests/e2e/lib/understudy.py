"""One Understudy installation under test, started by deploy/quickstart."""

import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

from .proc import free_port, wait_for

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.dirname(os.path.abspath(__file__)))))
QUICKSTART = os.path.join(ROOT, "deploy", "quickstart")


class ApiError(Exception):
    def __init__(self, status, body):
        super().__init__(f"{status}: {body}")
        self.status, self.body = status, body


class Api:
    """The REST API with one token."""

    def __init__(self, base, token):
        self.base, self.token = base, token

    def call(self, method, path, body=None, raw=False, timeout=60):
        data = None
        headers = {"Authorization": "Bearer " + self.token}
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = ("application/merge-patch+json"
                                       if method == "PATCH"
                                       else "application/json")
        req = urllib.request.Request(self.base + path, data=data,
                                     headers=headers, method=method)
        try:
            with urllib.request.urlopen(req, timeout=timeout) as r:
                text = r.read()
        except urllib.error.HTTPError as e:
            text = e.read().decode("utf-8", "replace")
            try:
                text = json.loads(text)
            except ValueError:
                pass
            raise ApiError(e.code, text) from None
        if raw:
            return text.decode()
        return json.loads(text) if text else None

    def get(self, path, **kw):
        return self.call("GET", path, **kw)

    def post(self, path, body=None, **kw):
        return self.call("POST", path, body, **kw)

    def patch(self, path, body):
        return self.call("PATCH", path, body)

    def delete(self, path):
        return self.call("DELETE", path)

    # -- what the tests do again and again ---------------------------------

    def add_zone(self, name, *ports, key=None):
        prim = []
        for p in ports:
            e = {"address": "127.0.0.1", "port": p}
            if key:
                e["key"] = key
            prim.append(e)
        return self.post("/v1/zones", {"name": name, "primaries": prim})

    def zone(self, name):
        return self.get("/v1/zones/" + name)

    def wait_serial(self, name, serial, timeout=30):
        r = self.get(f"/v1/zones/{name}/wait?serial={serial}"
                     f"&timeout={int(timeout)}&edges=live",
                     timeout=timeout + 10)
        if not r["reached"]:
            raise AssertionError(
                f"{name} did not reach serial {serial} in {timeout} s: {r}, "
                f"zone {self.zone(name)}, attempts "
                f"{self.attempts(name)[:3]}")
        return r

    def attempts(self, name):
        return self.get(f"/v1/zones/{name}/attempts")["items"]


class Understudy:
    """A quick-start installation in a temporary state directory."""

    def __init__(self, *options, workers=1, keep=False):
        self.state = tempfile.mkdtemp(prefix="understudy-e2e-", dir="/tmp")
        os.chmod(self.state, 0o755)
        self.keep = keep
        self.dns_port = free_port()
        self.notify_port = free_port()
        base = free_port(3)
        cmd = [QUICKSTART, "--state", os.path.join(self.state, "s"),
               "--dns", f"127.0.0.1:{self.dns_port}",
               "--api", f"127.0.0.1:{free_port()}",
               "--notify", f"127.0.0.1:{self.notify_port}",
               "--metrics-base", str(base), "--workers", str(workers),
               "--no-demo", "--background"] + list(options)
        self.cmd = cmd
        self.run(cmd)
        with open(os.path.join(self.state, "s", "quickstart.json")) as f:
            self.info = json.load(f)
        self.api = Api(self.info["api"], self.info["tenant_token"])
        self.operator = Api(self.info["api"], self.info["operator_token"])

    def run(self, cmd):
        r = subprocess.run(cmd, stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           timeout=300)
        if r.returncode:
            raise AssertionError(f"{' '.join(cmd)}: exit {r.returncode}\n"
                                 + r.stdout.decode("utf-8", "replace"))
        return r.stdout.decode("utf-8", "replace")

    def dns(self):
        return "127.0.0.1", self.dns_port

    def logs(self, n=4000):
        out = []
        d = os.path.join(self.state, "s")
        for dirpath, _, files in os.walk(d):
            for f in files:
                if f.endswith(".log"):
                    with open(os.path.join(dirpath, f), "rb") as h:
                        h.seek(0, os.SEEK_END)
                        h.seek(max(0, h.tell() - n))
                        out.append(f"== {f}\n"
                                   + h.read().decode("utf-8", "replace"))
        return "\n".join(out)

    def sql(self, statement):
        """Rows (lists of text) of one statement, as the cluster's owner."""
        r = subprocess.run(["psql", "-X", "-A", "-t", "-F", "\t",
                            self.info["database"], "-c", statement],
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, timeout=60)
        if r.returncode:
            raise AssertionError(r.stderr.decode())
        return [line.split("\t") for line in r.stdout.decode().splitlines()]

    def pids(self):
        with open(os.path.join(self.state, "s", "quickstart.json")) as f:
            return json.load(f)["pids"]

    def children(self, pid):
        """All descendants of one of our processes."""
        found, todo = [], [pid]
        while todo:
            p = todo.pop()
            for t in os.listdir("/proc"):
                if not t.isdigit():
                    continue
                try:
                    with open(f"/proc/{t}/stat") as f:
                        ppid = int(f.read().rsplit(")", 1)[1].split()[1])
                except (OSError, IndexError):
                    continue
                if ppid == p:
                    found.append(int(t))
                    todo.append(int(t))
        return found

    @staticmethod
    def cmdline(pid):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                return f.read().replace(b"\0", b" ").decode().strip()
        except OSError:
            return ""

    def role_pids(self, program, role=None):
        """Pids of @program (apid, xferd, dnsd), its main process or a role."""
        main = self.pids()[program]
        if role is None:
            return [main]
        return [p for p in self.children(main)
                if f"--role={role}" in self.cmdline(p)]

    def stop(self):
        try:
            self.run([QUICKSTART, "stop", "--state",
                      os.path.join(self.state, "s")])
        finally:
            if not self.keep:
                shutil.rmtree(self.state, ignore_errors=True)
