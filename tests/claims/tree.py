"""A private DNS tree on loopback: root, TLDs and what is below, real servers.

Every server has an address of its own in 127.0.0.0/8 and all of them one port,
so that referrals lead on as in the world: address records carry no port.

    tree = Tree(workdir)
    tree.serve("root", Nsd, "127.77.0.1", {".": text})
    tree.delegate(parent_zone, name, [("ns1.x", "127.77.9.1"), ...])
"""

import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "e2e"))

from lib import primaries  # noqa: E402
from lib.primaries import soa_serial  # noqa: E402
from lib.proc import free_port, wait_for  # noqa: E402


class At:
    """A server of tests/e2e/lib/primaries at an address of our choice.

    Not BIND: it listens on addresses that an interface has, one by one.
    """

    address = None

    def path(self, name):
        return os.path.join(self.dir, (name.strip(".") or "root") + ".zone")

    def configure(self):
        super().configure()
        for conf in ("nsd.conf", "knot.conf"):
            path = os.path.join(self.dir, conf)
            if not os.path.exists(path):
                continue
            with open(path) as f:
                text = f.read().replace(f"127.0.0.1@{self.port}",
                                        f"{self.address}@{self.port}")
            # One host asks for a thousand customers within seconds.
            text = text.replace("  server-count: 1\n",
                                "  server-count: 1\n  rrl-ratelimit: 0\n")
            with open(path, "w") as f:
                f.write(text)

    def wait_up(self):
        for name in self.zones:
            wait_for(f"{self.address} to serve {name}", lambda: soa_serial(
                name, self.port, self.address, 0.5) is not None, 30)

    def publish(self, name, text):
        """Changed, and to be seen by who asks from now on."""
        self.serial[name] = self.serial.get(name, 1) + 1
        self.write(name, text.replace("SERIAL", str(self.serial[name])))
        self.reload(name)
        wait_for(f"{self.address} to have a new {name}", lambda: soa_serial(
            name, self.port, self.address, 0.5) == self.serial[name], 30)

    def freeze(self):
        """It does not answer; nobody refuses its packets either."""
        for pid in self.pids():
            os.kill(pid, signal.SIGSTOP)

    def thaw(self):
        for pid in self.pids():
            os.kill(pid, signal.SIGCONT)

    def pids(self):
        """The process and its children: NSD answers in those."""
        todo, out = [self.proc.pid], []
        while todo and self.proc.alive():
            pid = todo.pop()
            out.append(pid)
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/children") as f:
                    todo += [int(p) for p in f.read().split()]
        return out


class Nsd(At, primaries.Nsd):
    pass


class Knot(At, primaries.Knot):
    pass


class Zone:
    """A zone that delegates; on one server or more."""

    def __init__(self, name, servers):
        """servers: [(host name, address)] of its own NS set."""
        self.name = name
        self.servers = servers
        self.cuts = {}          # name -> [(host, address or None)]
        self.extra = ""
        self.on = []

    def text(self):
        dot = self.name if self.name == "." else self.name + "."
        out = [f"$ORIGIN {dot}", "$TTL 60",
               f"{dot} SOA ns.invalid. h.invalid. SERIAL 3600 600 86400 60"]
        hosts = {}
        for host, address in self.servers:
            out.append(f"{dot} NS {host}.")
            hosts[host] = address
        for cut, servers in sorted(self.cuts.items()):
            for host, address in servers:
                out.append(f"{cut}. NS {host}.")
                if address:
                    hosts[host] = address
        for host, address in sorted(hosts.items()):
            if self.name == "." or host.endswith("." + self.name):
                out.append(f"{host}. A {address}")
        return "\n".join(out) + "\n" + self.extra


class Tree:
    def __init__(self, workdir):
        self.dir = workdir
        self.port = free_port()
        self.servers = []
        self.zones = {}

    def zone(self, name, servers):
        self.zones[name] = Zone(name, servers)
        return self.zones[name]

    def serve(self, kind, address, names):
        zones = {n: self.zones[n].text().replace("SERIAL", "1")
                 for n in names}
        server = kind.__new__(kind)
        server.address = address
        server.serial = {}
        server.__init__(self.dir, zones, port=self.port)
        self.servers.append(server)     # stopped even if it does not start
        server.start()
        for n in names:
            self.zones[n].on.append(server)
        return server

    def publish(self, name):
        zone = self.zones[name]
        for server in zone.on:
            server.publish(name, zone.text())

    def delegate(self, parent, name, servers):
        """servers: [(host, address)]; none: no delegation."""
        if servers:
            self.zones[parent].cuts[name] = list(servers)
        else:
            self.zones[parent].cuts.pop(name, None)
        self.publish(parent)

    def stop(self):
        for server in self.servers:
            if server.proc:
                server.thaw()
            server.stop()
