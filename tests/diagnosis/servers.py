"""Primaries with a configuration of their own, and what is told to write.

Each begins bare: the zone is there, and nobody may transfer it.  apply() does
what a customer does with the text of the setup guide.
"""

import os
import socket
import stat
import subprocess
import threading

from lib import primaries
from lib.primaries import KEY_SECRET

PLACEHOLDER = "PUT-THE-SECRET-HERE"


def filled(text):
    return text.replace(PLACEHOLDER, KEY_SECRET)


class Bare:
    address = "127.0.0.1"
    told = None                 # the text that replaces the bare zone

    def apply(self, text):
        self.told = filled(text)
        self.stop()
        self.start()

    def zone_name(self):
        return next(iter(self.zones))

    def wait_up(self):
        primaries.wait_for(
            f"{self.kind} to serve", lambda: all(primaries.soa_serial(
                z, self.port, self.address, 0.5) is not None
                for z in self.zones), 30)


class Bind(Bare, primaries.Bind):
    def configure(self):
        self.configure_files()
        self.ctl = primaries.free_port()
        with open(os.path.join(self.dir, "rndc.key"), "w") as f:
            f.write('key "rndc" { algorithm hmac-sha256; '
                    f'secret "{KEY_SECRET}"; }};\n'
                    "options { default-key rndc; default-server 127.0.0.1; "
                    f"default-port {self.ctl}; }};\n")
        with open(os.path.join(self.dir, "named.conf"), "w") as f:
            f.write(f"""key "rndc" {{ algorithm hmac-sha256; secret "{KEY_SECRET}"; }};
controls {{ inet 127.0.0.1 port {self.ctl} allow {{ 127.0.0.1; }} keys {{ rndc; }}; }};
options {{ directory "{self.dir}"; listen-on port {self.port} {{ {self.address}; }};
 listen-on-v6 {{ none; }}; recursion no; allow-transfer {{ none; }}; notify no;
 pid-file "{self.dir}/named.pid"; session-keyfile "{self.dir}/session.key";
 dnssec-validation no; notify-delay 0; }};
""" + (self.told or "".join(
                f'zone "{z}" {{ type primary; file "{z}.zone"; }};\n'
                for z in self.zones)))

    def accepts(self, text):
        path = os.path.join(self.dir, "check.conf")
        with open(path, "w") as f:
            f.write(filled(text))
        self.run("named-checkconf", path)


class Nsd(Bare, primaries.Nsd):
    def configure(self):
        with open(os.path.join(self.dir, "nsd.conf"), "w") as f:
            f.write(f"""server:
  ip-address: {self.address}@{self.port}
  username: ""
  chroot: ""
  zonesdir: "{self.dir}"
  database: ""
  pidfile: "{self.dir}/nsd.pid"
  xfrdfile: "{self.dir}/xfrd.state"
  xfrdir: "{self.dir}"
  zonelistfile: "{self.dir}/zone.list"
  cookie-secret-file: ""
  server-count: 1
  verbosity: 2
  xfrd-reload-timeout: 0
  tcp-count: 100
remote-control:
  control-enable: yes
  control-interface: "{self.dir}/ctl"
""" + (self.told or "".join(
                f'zone:\n  name: "{z}"\n  zonefile: "{z}.zone"\n'
                for z in self.zones)))

    def accepts(self, text):
        path = os.path.join(self.dir, "check.conf")
        with open(path, "w") as f:
            f.write(filled(text))
        self.run("nsd-checkconf", path)


class Knot(Bare, primaries.Knot):
    def configure(self):
        with open(os.path.join(self.dir, "knot.conf"), "w") as f:
            f.write(f"""server:
    listen: {self.address}@{self.port}
    rundir: {self.dir}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: {self.dir}
    journal-db-max-size: 64M
    kasp-db-max-size: 16M
    timer-db-max-size: 16M
    catalog-db-max-size: 16M
log:
  - target: stderr
    any: info
template:
  - id: default
    storage: {self.dir}
    file: "%s.zone"
    zonefile-sync: -1
    semantic-checks: off
""" + (self.told or "zone:\n" + "".join(
                f"  - domain: {z}\n" for z in self.zones)))

    def accepts(self, text):
        path = os.path.join(self.dir, "check.conf")
        with open(path, "w") as f:
            f.write(filled(text))
        self.run("knotc", "-c", path, "conf-check")


class PowerDns(Bare, primaries.PowerDns):
    def configure(self):
        super().configure()
        path = os.path.join(self.dir, "pdns.conf")
        with open(path) as f:
            text = f.read().replace("allow-axfr-ips=127.0.0.0/8",
                                    "allow-axfr-ips=").replace(
            "send-signed-notify=no", "send-signed-notify=yes")
        # The line that the setup guide names.
        with open(path, "w") as f:
            f.write(text.replace("master=yes\n",
                                 "primary=yes\n" if self.told else ""))
        tool = os.path.join(self.dir, "bin", "pdnsutil")
        if not os.path.exists(tool):
            os.makedirs(os.path.dirname(tool))
            with open(tool, "w") as f:
                f.write(f'#!/bin/sh\nexec /usr/bin/pdnsutil --config-dir='
                        f'"{self.dir}" "$@"\n')
            os.chmod(tool, stat.S_IRWXU)

    def shell(self, text):
        env = dict(os.environ)
        env["PATH"] = os.path.join(self.dir, "bin") + ":" + env["PATH"]
        r = subprocess.run(["sh", "-ec", filled(text)], env=env,
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, timeout=30)
        assert r.returncode == 0, r.stdout.decode()

    def apply(self, text):
        self.told = text
        self.stop()
        self.configure()
        self.shell(text)
        self.start()

    def accepts(self, text):
        if "#   " in text:
            return
        copy = os.path.join(self.dir, "pdns.sqlite3")
        with open(copy, "rb") as f:
            before = f.read()
        self.shell(text)
        with open(copy, "wb") as f:
            f.write(before)


class UdpOnly:
    """The UDP half of a server, at another address; its TCP half is shut."""

    def __init__(self, server, address):
        self.server, self.address = server, address
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((address, 0))
        self.port = self.sock.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                data, who = self.sock.recvfrom(4096)
            except OSError:
                return
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                s.settimeout(2)
                s.sendto(data, (self.server.address, self.server.port))
                try:
                    self.sock.sendto(s.recv(65535), who)
                except OSError:
                    pass

    def stop(self):
        self.sock.close()


class Tcp:
    """A TCP listener that is wrong, at an address and port."""

    def __init__(self, address, port, how):
        self.held = []
        self.sock = socket.socket()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind((address, port))
        self.sock.listen(0 if how == "drop" else 16)
        if how == "drop":
            # The queue is full: further SYNs vanish, as in a firewall.
            for _ in range(4):
                s = socket.socket()
                s.setblocking(False)
                s.connect_ex((address, port))
                self.held.append(s)
        elif how == "close":
            threading.Thread(target=self.close_all, daemon=True).start()

    def close_all(self):
        while True:
            try:
                self.sock.accept()[0].close()
            except OSError:
                return

    def stop(self):
        for s in self.held:
            s.close()
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()


ALL = (Bind, Nsd, Knot, PowerDns)
WORD = {"bind": "bind", "nsd": "nsd", "knot": "knot", "pdns": "powerdns"}
