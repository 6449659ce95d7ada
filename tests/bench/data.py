"""Data sets of the benchmarks: zone files and query files, made once.

Everything is a function of the parameters (no clock, fixed seed), kept in
build/bench/data/.
"""

import os
import random
import struct
import subprocess
import sys

SMALL_RECORDS = 12


def wire_name(name):
    return b"".join(bytes([len(x)]) + x.encode() for x in
                    name.rstrip(".").split(".")) + b"\0"


def query(name, qtype, do=False):
    ident = random.getrandbits(16)
    q = struct.pack("!HHHHHH", ident, 0, 1, 0, 0, 1) + wire_name(name) \
        + struct.pack("!HH", qtype, 1)
    return q + b"\0" + struct.pack("!HHIH", 41, 1232, 0x8000 if do else 0, 0)


def write_queries(path, items, do=False):
    with open(path + ".new", "wb") as f:
        for name, qtype in items:
            q = query(name, qtype, do)
            f.write(struct.pack("!H", len(q)) + q)
    os.replace(path + ".new", path)


def small_name(i):
    return f"z{i:06d}.bench"


def small_zone(i, serial=1):
    z = small_name(i)
    a = f"10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}"
    return f"""$ORIGIN {z}.
$TTL 3600
@ SOA ns1 hostmaster {serial} 86400 7200 3600000 300
@ NS ns1
@ NS ns2
@ A {a}
@ MX 10 mail
@ TXT "v=spf1 mx -all"
ns1 A 192.0.2.1
ns2 A 192.0.2.2
www A {a}
www AAAA 2001:db8::{i & 0xffff:x}
mail A {a}
ftp CNAME www
"""


SMALL_NAMES = [("", 1), ("", 15), ("", 16), ("", 2), ("www.", 1),
               ("www.", 28), ("mail.", 1), ("ftp.", 5), ("ns1.", 1)]


def small(dirname, n):
    """@n small zones; returns (list of names, path pattern)."""
    zdir = os.path.join(dirname, f"small-{n}")
    done = os.path.join(zdir, "done")
    if not os.path.exists(done):
        os.makedirs(zdir, exist_ok=True)
        for i in range(n):
            sub = os.path.join(zdir, f"{i // 1000:03d}")
            if i % 1000 == 0:
                os.makedirs(sub, exist_ok=True)
            with open(os.path.join(sub, small_name(i)), "w") as f:
                f.write(small_zone(i))
        random.seed(1)
        exist = [(p + small_name(random.randrange(n)), t)
                 for p, t in random.choices(SMALL_NAMES, k=400000)]
        write_queries(os.path.join(zdir, "existing.q"), exist)
        mixed = [q if random.random() < .5 else
                 (f"x{random.getrandbits(32):x}."
                  + small_name(random.randrange(n)), 1) for q in exist]
        write_queries(os.path.join(zdir, "half-nxdomain.q"), mixed)
        open(done, "w").close()
    return zdir


def delegations(dirname, n):
    """A zone of @n delegations, 2.5 records each, half of them with glue."""
    zone = "big.bench"
    base = os.path.join(dirname, f"delegations-{n}")
    if not os.path.exists(base + ".q"):
        with open(base + ".zone.new", "w") as f:
            f.write(f"$ORIGIN {zone}.\n$TTL 3600\n"
                    "@ SOA ns1 hostmaster 1 86400 7200 3600000 300\n"
                    "@ NS ns1\nns1 A 192.0.2.1\n")
            for i in range(n):
                d = f"d{i:07d}"
                if i % 2:
                    f.write(f"{d} NS ns1.{d}\n{d} NS ns2.hoster{i % 977}.net.\n"
                            f"ns1.{d} A 10.{i >> 16 & 255}.{i >> 8 & 255}."
                            f"{i & 255}\n")
                else:
                    f.write(f"{d} NS ns1.hoster{i % 977}.net.\n"
                            f"{d} NS ns2.hoster{i % 977}.net.\n")
        os.replace(base + ".zone.new", base + ".zone")
        random.seed(2)
        items = []
        for _ in range(400000):
            if random.random() < .9:
                items.append((f"www.d{random.randrange(n):07d}.{zone}", 1))
            else:
                items.append((f"x{random.getrandbits(32):x}.{zone}", 1))
        write_queries(base + ".q", items)
    return zone, base + ".zone", base + ".q"


def changed(text):
    """The delegation zone's text with serial 2 and one record changed."""
    out = text.replace("hostmaster 1 86400", "hostmaster 2 86400", 1)
    out = out.replace("ns1.d0000777 A ", "ns1.d0000777 A 192.0.2.7\n;", 1)
    if out.count("\n;") != 1:
        raise AssertionError("the data set has another form")
    return out


def nsec3(dirname, n):
    """A zone of @n names, NSEC3-signed with dnssec-signzone."""
    zone = "signed.bench"
    base = os.path.join(dirname, f"nsec3-{n}")
    if not os.path.exists(base + ".q"):
        keys = base + "-keys"
        os.makedirs(keys, exist_ok=True)
        if not os.listdir(keys):
            for flags in ([], ["-f", "KSK"]):
                subprocess.run(["dnssec-keygen", "-q", "-a",
                                "ECDSAP256SHA256", "-K", keys] + flags
                               + [zone], check=True,
                               stdout=subprocess.DEVNULL)
        with open(base + ".plain", "w") as f:
            f.write(f"$ORIGIN {zone}.\n$TTL 3600\n"
                    "@ SOA ns1 hostmaster 1 86400 7200 3600000 300\n"
                    "@ NS ns1\nns1 A 192.0.2.1\n")
            for i in range(n - 2):
                f.write(f"h{i:06d} A 10.{i >> 16 & 255}.{i >> 8 & 255}."
                        f"{i & 255}\n")
        print(f"signing {n} names ...", file=sys.stderr)
        subprocess.run(["dnssec-signzone", "-q", "-S", "-K", keys, "-d", keys,
                        "-o", zone, "-O", "full", "-3", "-", "-H", "0",
                        "-e", "+31536000", "-n", "2",
                        "-f", base + ".zone", base + ".plain"], check=True,
                       stdout=subprocess.DEVNULL, cwd=keys)
        random.seed(3)
        items = [(f"h{random.randrange(n - 2):06d}.{zone}", 1)
                 if random.random() < .8 else
                 (f"x{random.getrandbits(32):x}.{zone}", 1)
                 for _ in range(400000)]
        write_queries(base + ".q", items, do=True)
    return zone, base + ".zone", base + ".q"
