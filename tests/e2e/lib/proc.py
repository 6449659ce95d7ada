"""Processes and waiting: every test ends only what it started itself."""

import os
import random
import signal
import socket
import subprocess
import time


def is_free(port, host="127.0.0.1"):
    """Can both a UDP and a TCP server have this port right now?"""
    t = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        t.bind((host, port))
        u.bind((host, port))
        return True
    except OSError:
        return False
    finally:
        t.close()
        u.close()


_given = set()


def free_port(n=1):
    """The first of @n free ports in a row, each given once by this process.

    Below the range that clients' sockets get, so that nothing else slips in
    between the choice and the use.
    """
    for _ in range(1000):
        port = random.randrange(10000, 32000)
        ports = range(port, port + n)
        if not _given.intersection(ports) and all(map(is_free, ports)):
            _given.update(ports)
            return port
    raise RuntimeError("no free ports")


def wait_for(what, probe, timeout=20.0, pause=0.05):
    """Poll probe() until it returns something true; that is returned."""
    end = time.monotonic() + timeout
    last = None
    while True:
        try:
            last = probe()
            if last:
                return last
        except (OSError, EOFError, ValueError) as e:
            last = e
        if time.monotonic() > end:
            raise AssertionError(f"timed out waiting for {what}: {last!r}")
        time.sleep(pause)


class Proc:
    """One program of ours or a peer's; log in a file for failures."""

    def __init__(self, argv, log, env=None, cwd=None, user=None):
        self.argv, self.log = argv, log
        self.out = open(log, "ab")
        kw = {}
        if user:
            kw = {"user": user, "group": user, "extra_groups": []}
        self.p = subprocess.Popen(argv, stdin=subprocess.DEVNULL,
                                  stdout=self.out, stderr=self.out, env=env,
                                  cwd=cwd, start_new_session=True, **kw)

    @property
    def pid(self):
        return self.p.pid

    def alive(self):
        return self.p.poll() is None

    def stop(self, sig=signal.SIGTERM, timeout=10):
        if self.p.poll() is None:
            self.p.send_signal(sig)
            try:
                self.p.wait(timeout)
            except subprocess.TimeoutExpired:
                self.p.kill()
                self.p.wait(5)
        self.out.close()

    def tail(self, n=2000):
        with open(self.log, "rb") as f:
            f.seek(0, os.SEEK_END)
            f.seek(max(0, f.tell() - n))
            return f.read().decode("utf-8", "replace")
