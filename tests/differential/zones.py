"""Zones for the differential test, by text; {apex: master file}."""

import os
import random
import subprocess

HEAD = """$ORIGIN {apex}
$TTL 3600
@ IN SOA ns1 hostmaster 1 7200 900 1209600 300
@ IN NS ns1
@ IN NS ns2
"""

# RFC 4592 2.2.1
WILD = HEAD + """ns1 IN A 192.0.2.1
ns2 IN A 192.0.2.2
* IN TXT "this is a wildcard"
* IN MX 10 host1
sub.* IN TXT "this is not a wildcard"
host1 IN A 192.0.2.3
_ssh._tcp.host1 IN SRV 0 0 22 host1
_ssh._tcp.host2 IN SRV 0 0 22 host1
subdel IN NS ns.subdel
subdel IN NS ns2
ns.subdel IN A 192.0.2.77
a.*.below IN A 192.0.2.9
ent.deep.path IN A 192.0.2.10
*.cw IN CNAME host1
*.cwx IN CNAME nothing.cwy
*.cwl IN CNAME loop.cwl
*.cwo IN CNAME www.elsewhere.test.
x.cw IN TXT "closer"
"""

MIXED = HEAD + """ns1 IN A 192.0.2.1
ns1 IN AAAA 2001:db8::1
ns2 IN A 192.0.2.2
@ IN MX 10 mail
@ IN TXT "apex"
mail IN A 192.0.2.25
www IN CNAME web
web IN A 192.0.2.80
chain1 IN CNAME chain2
chain2 IN CNAME chain3
chain3 IN CNAME web
todel IN CNAME www.del
toent IN CNAME b.ent
toout IN CNAME www.elsewhere.test.
tonx IN CNAME nx.web
towild IN CNAME any.wild
todname IN CNAME host.dn
loop1 IN CNAME loop2
loop2 IN CNAME loop1
self IN CNAME self
a.b.ent IN A 192.0.2.50
z.y.x.ent IN TXT "deep"
*.wild IN A 192.0.2.99
*.wild IN TXT "wild"
exact.wild IN A 192.0.2.98
a.entw.wild IN A 192.0.2.97
dn IN DNAME target
dn IN TXT "at the owner"
host.target IN A 192.0.2.60
*.wt.target IN A 192.0.2.61
c.target IN CNAME x.dn2
dn2 IN DNAME target
dnself IN DNAME a.dnself
dnout IN DNAME elsewhere.test.
dnlong IN DNAME aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc
del IN NS ns.del
del IN NS ns1
ns.del IN A 192.0.2.70
ns.del IN AAAA 2001:db8::70
secure IN NS ns.secure
secure IN DS 12345 13 2 1111111111111111111111111111111111111111111111111111111111111111
ns.secure IN A 192.0.2.71
sib IN NS ns.del
sib IN NS ns.elsewhere.test.
deep.path.del2 IN NS ns.deep.path.del2
ns.deep.path.del2 IN A 192.0.2.72
outdel IN NS ns.elsewhere.test.
_sip._tcp IN SRV 10 60 5060 web
svc IN HTTPS 1 . alpn="h2"
svc IN A 192.0.2.81
odd IN TYPE65400 \\# 4 01020304
caa IN CAA 0 issue "ca.example.net"
ptr IN PTR web
a-first IN A 192.0.2.4
zz-last IN A 192.0.2.5
\\000nul IN A 192.0.2.51
do\\.t IN A 192.0.2.52
\\255high IN A 192.0.2.53
UPPER IN A 192.0.2.54
"""

PARENT = HEAD + """ns1 IN A 192.0.2.1
ns2 IN A 192.0.2.2
child IN NS ns.child
child IN DS 4711 13 2 2222222222222222222222222222222222222222222222222222222222222222
ns.child IN A 192.0.2.30
www.child IN A 192.0.2.31
plain IN NS ns.plain
ns.plain IN A 192.0.2.32
"""

CHILD = HEAD + """ns IN A 192.0.2.30
ns1 IN A 192.0.2.1
ns2 IN A 192.0.2.2
www IN A 192.0.2.33
"""


def big(apex):
    """Sets that make answers long: TC, and many pages."""
    text = HEAD.format(apex=apex) + "ns1 IN A 192.0.2.1\nns2 IN A 192.0.2.2\n"
    for i in range(60):
        text += f'many IN TXT "record number {i} of a set that needs TCP"\n'
        text += f"manymx IN MX {i} mail{i}\n"
        text += f"mail{i} IN A 192.0.2.{i}\n"
    for i in range(12):
        text += f"wide IN NS ns{i}.wide\n"
        text += f"ns{i}.wide IN A 192.0.2.{i}\n"
        text += f"ns{i}.wide IN AAAA 2001:db8::{i}\n"
    for i in range(300):
        text += f"h{i:03} IN A 192.0.2.{i % 256}\nh{i:03} IN TXT \"{i}\"\n"
    return text


def rand_zone(apex, seed):
    """Small label alphabet, so that names meet."""
    r = random.Random(seed)
    labels = ["a", "b", "c", "*", "ns", "x-y", "B0"]
    text = HEAD.format(apex=apex) + "ns1 IN A 192.0.2.1\nns2 IN A 192.0.2.2\n"
    used = {}

    def name():
        return ".".join(r.choice(labels) for _ in range(r.randint(1, 4)))

    for i in range(r.randint(10, 40)):
        n = name()
        if n.lower() in used:
            continue
        # Wildcards with NS and DNAME are undefined (RFC 4592 4.2, 4.4).
        kinds = ["A", "A", "TXT", "CNAME", "NS", "DNAME", "MX"]
        if n.startswith("*"):
            kinds = ["A", "TXT", "CNAME", "MX"]
        kind = r.choice(kinds)
        # NSD takes no zone with names below a DNAME; the units have those.
        low = n.lower()
        if any(k == "DNAME" and low.endswith("." + u)
               for u, k in used.items()) or kind == "DNAME" and any(
               u.endswith("." + low) for u in used):
            continue
        used[low] = kind
        t = name().replace("*", "a")
        if kind == "A":
            text += f"{n} IN A 192.0.2.{i}\n{n} IN TXT \"{i}\"\n"
        elif kind == "TXT":
            text += f"{n} IN TXT \"{i}\"\n"
        elif kind == "CNAME":
            text += f"{n} IN CNAME {t}\n"
        elif kind == "NS":
            text += f"{n} IN NS ns.{n}\n{n} IN NS {t}\n"
            if r.random() < .8:
                text += f"ns.{n} IN A 192.0.2.{i}\n"
            if r.random() < .5:
                text += f"{n} IN DS {i} 13 2 {'33' * 32}\n"
        elif kind == "DNAME":
            text += f"{n} IN DNAME {t}\n"
        else:
            text += f"{n} IN MX 5 {t}\n"
    return text


def sign(apex, text, workdir, nsec3=None):
    """Sign with BIND's tools. nsec3: None, or (salt, iterations, opt-out)."""
    d = os.path.join(workdir, "sign-" + apex.replace("/", "_"))
    os.makedirs(d, exist_ok=True)
    src, out = os.path.join(d, "zone"), os.path.join(d, "signed")
    with open(src, "w") as f:
        f.write(text)
    subprocess.run(["dnssec-keygen", "-q", "-a", "ECDSAP256SHA256", "-f",
                    "KSK", "-K", d, apex], check=True,
                   stdout=subprocess.DEVNULL)
    cmd = ["dnssec-signzone", "-q", "-z", "-S", "-P", "-K", d, "-d", d,
           "-o", apex, "-O", "full", "-f", out, "-i", "0"]
    if nsec3:
        salt, iterations, optout = nsec3
        cmd += ["-3", salt, "-H", str(iterations)] + (["-A"] if optout else [])
    p = subprocess.run(cmd + [src], cwd=d, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT)
    if p.returncode:
        raise RuntimeError(p.stdout.decode())
    with open(out) as f:
        return f.read()


def all_zones(workdir, seed, n_random):
    z = {}
    for base, text in (("wild", WILD), ("mixed", MIXED)):
        z[f"{base}-plain.test."] = text.format(apex=f"{base}-plain.test.")
        apex = f"{base}-nsec.test."
        z[apex] = sign(apex, text.format(apex=apex), workdir)
        apex = f"{base}-nsec3.test."
        z[apex] = sign(apex, text.format(apex=apex), workdir,
                       ("aabb", 3, False))
        apex = f"{base}-optout.test."
        z[apex] = sign(apex, text.format(apex=apex), workdir, ("-", 0, True))
    z["parent.test."] = sign("parent.test.", PARENT.format(
        apex="parent.test."), workdir)
    z["child.parent.test."] = sign("child.parent.test.", CHILD.format(
        apex="child.parent.test."), workdir, ("cc", 1, False))
    z["big.test."] = big("big.test.")
    z["big-signed.test."] = sign("big-signed.test.",
                                 big("big-signed.test."), workdir)
    for i in range(n_random):
        apex = f"r{i}.test."
        text = rand_zone(apex, seed + i)
        if i % 3:
            text = sign(apex, text, workdir,
                        ("0102", i % 4, i % 2 == 0) if i % 3 == 2 else None)
        z[apex] = text
    return z
