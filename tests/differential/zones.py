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
        used[n.lower()] = kind
        t = name().replace("*", "a")
        if kind == "A":
            text += f"{n} IN A 192.0.2.{i}\n{n} IN TXT \"{i}\"\n"
        elif kind == "TXT":
            text += f"{n} IN TXT \"{i}\"\n"
        elif kind == "CNAME":
            text += f"{n} IN CNAME {t}\n"
        elif kind == "NS":
            text += f"{n} IN NS ns.{n}\n{n} IN NS {t}\n"
            glue = "ns." + n.lower()
            if r.random() < .8 and used.setdefault(glue, "A") == "A":
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


# RFC 4035 and RFC 5155, appendix A: the data before it was signed.
RFC_DATA = """$ORIGIN {apex}
$TTL 3600
@ IN SOA ns1 bugs.x.w 1081539377 3600 300 3600000 3600
@ NS ns1
@ NS ns2
@ MX 1 xx
a NS ns1.a
a NS ns2.a
a DS 58470 5 1 3079F1593EBAD6DC121E202A8B766A6A4837206C
ns1.a A 192.0.2.5
ns2.a A 192.0.2.6
ai A 192.0.2.9
ai HINFO "KLH-10" "ITS"
ai AAAA 2001:db8::f00:baa9
b NS ns1.b
b NS ns2.b
ns1.b A 192.0.2.7
ns2.b A 192.0.2.8
c NS ns1.c
c NS ns2.c
ns1.c A 192.0.2.7
ns2.c A 192.0.2.8
ns1 A 192.0.2.1
ns2 A 192.0.2.2
*.w MX 1 ai
x.w MX 1 xx
x.y.w MX 1 xx
xx A 192.0.2.10
xx HINFO "KLH-10" "TOPS-20"
xx AAAA 2001:db8::f00:baaa
2t7b4g4vsa5smi47k61mv5bv1a22bojr A 192.0.2.127
"""

# Aliases in every knot they can be tied into.
LOOPS = HEAD + """ns1 IN A 192.0.2.1
ns2 IN A 192.0.2.2
self IN CNAME self
two1 IN CNAME two2
two2 IN CNAME two1
three1 IN CNAME three2
three2 IN CNAME three3
three3 IN CNAME three1
tail IN CNAME two1
*.w IN CNAME x.w
*.v IN CNAME y.u
*.u IN CNAME y.v
wtail IN CNAME q.w
dn IN DNAME tree
host.tree IN A 192.0.2.3
*.st.tree IN TXT "star"
cn.tree IN CNAME host.dn
back.tree IN CNAME back.dn
dn2.tree IN DNAME dn
ping IN DNAME pong
pong IN DNAME ping
dself IN DNAME dself
dsub IN DNAME a.dsub
dup IN DNAME up.up.up.dup2
dup2 IN DNAME dup3
up.up.up.dup3 IN TXT "far"
todn IN CNAME host.dn
tost IN CNAME q.st.dn
tonx IN CNAME nx.dn
toent IN CNAME st.dn
todel IN CNAME www.del
dndel IN DNAME del
del IN NS ns.del
ns.del IN A 192.0.2.9
towild IN CNAME a.b.c.wild
*.wild IN A 192.0.2.4
tostar IN CNAME *.wild
tostarent IN CNAME *.we
a.*.we IN A 192.0.2.5
c00 IN CNAME c01
c01 IN CNAME c02
c02 IN CNAME c03
c03 IN CNAME c04
c04 IN CNAME c05
c05 IN CNAME c06
c06 IN CNAME c07
c07 IN TXT "end"
case IN CNAME CaSe2
cAsE2 IN CNAME HOST.DN
"""

# Cuts below cuts, glue of every kind and none.
CUTS = HEAD + """ns1 IN A 192.0.2.1
ns2 IN AAAA 2001:db8::2
top IN NS ns.top
ns.top IN A 192.0.2.10
mid.top IN NS ns.mid.top
ns.mid.top IN A 192.0.2.11
low.mid.top IN NS ns.low.mid.top
ns.low.mid.top IN A 192.0.2.12
txt.top IN TXT "occluded"
*.top IN TXT "occluded"
dn.top IN DNAME top
sib1 IN NS ns.sib2
sib2 IN NS ns.sib1
ns.sib1 IN A 192.0.2.13
ns.sib2 IN AAAA 2001:db8::13
sib3 IN NS ns.sib1
sib3 IN NS ns.sib2
sib3 IN NS ns.sib3
ns.sib3 IN A 192.0.2.14
missing IN NS ns.missing
missing2 IN NS ns.missing2
missing2 IN NS nothing
part IN NS a.part
part IN NS b.part
a.part IN A 192.0.2.15
out IN NS ns.elsewhere.test.
mixed IN NS ns1
mixed IN NS ns.mixed
mixed IN NS ns.elsewhere.test.
ns.mixed IN A 192.0.2.16
ns.mixed IN AAAA 2001:db8::16
alias IN CNAME ns1
toalias IN NS alias
deep.e.e.e IN NS ns.deep.e.e.e
ns.deep.e.e.e IN A 192.0.2.17
*.wild IN TXT "w"
cut.wild IN NS ns.cut.wild
ns.cut.wild IN A 192.0.2.18
sec1 IN NS ns.sec1
sec1 IN DS 1 13 2 1111111111111111111111111111111111111111111111111111111111111111
sec1 IN DS 2 13 2 2222222222222222222222222222222222222222222222222222222222222222
ns.sec1 IN A 192.0.2.19
a IN NS ns.a
ns.a IN A 192.0.2.20
b.a IN TXT "occluded"
zz IN NS ns.zz
ns.zz IN A 192.0.2.21
zzz.zz IN A 192.0.2.22
mx IN MX 1 ns.top
mx IN MX 2 ns1
srv IN SRV 1 2 3 ns.sib1
"""

# Empty non-terminals, some levels of them, beside and above one another.
ENTS = HEAD + """ns1 IN A 192.0.2.1
ns2 IN A 192.0.2.2
a.b.c.d.e.f.g IN A 192.0.2.3
z.c.d.e.f.g IN A 192.0.2.4
x.y.z IN TXT "z"
0.y.z IN TXT "0"
*.s.t.u IN TXT "s"
a.s.t.u IN NS ns1
q.*.v IN A 192.0.2.5
p.q.r IN NS ns1
p2.q.r IN NS ns1
k.l.m IN CNAME x.y.z
i.i.i.i.i.i.i.i.i.i.i.i.i.i.i.i.i.i.i.i IN TXT "deep"
_a._b._c IN SRV 1 2 3 ns1
a-b IN TXT "-"
a.a-b IN TXT "-"
a\\000.h IN TXT "nul"
\\001.h IN TXT "one"
"""

TYPES = HEAD + """ns1 IN A 192.0.2.1
ns2 IN A 192.0.2.2
all IN A 192.0.2.3
all IN AAAA 2001:db8::3
all IN MX 10 ns1
all IN TXT "one" "two" "\\000\\255\\""
all IN HINFO "cpu" "os"
all IN LOC 51 30 12.748 N 0 7 39.612 W 0.00m 0.00m 0.00m 0.00m
all IN CAA 0 issue "ca.example.net"
all IN SSHFP 1 1 0102030405060708090a0b0c0d0e0f1011121314
all IN TLSA 3 1 1 1111111111111111111111111111111111111111111111111111111111111111
all IN NAPTR 100 50 "s" "http" "" ns1
all IN RP mbox ns1
all IN AFSDB 1 ns1
all IN KX 1 ns1
all IN URI 10 1 "ftp://ftp1.example.com/public"
all IN OPENPGPKEY AAAA
all IN CERT PGP 0 0 AAAA
all IN DHCID AAAA
all IN APL 1:192.0.2.0/24 !1:192.0.2.64/28
all IN TYPE65400 \\# 4 01020304
all IN TYPE65401 \\# 0
all IN TYPE65534 \\# 3 c00c00
svcb IN SVCB 1 . alpn="h2,h3" port=8443
svcb IN SVCB 2 ns1 ipv4hint=192.0.2.1
svcb IN A 192.0.2.4
https IN HTTPS 0 svcb
https2 IN HTTPS 1 . alpn="h2" ipv6hint=2001:db8::1
https2 IN AAAA 2001:db8::4
https3 IN HTTPS 1 https2 key65333="x"
srv IN SRV 0 0 0 .
_x._tcp IN SRV 1 1 1 NS1
ptr IN PTR NS2
cds IN TXT "x"
\\000 IN A 192.0.2.51
a\\.b IN A 192.0.2.52
\\255\\254 IN A 192.0.2.53
\\195\\132 IN A 192.0.2.54
sp\\032ace IN A 192.0.2.55
UPPER.Case IN A 192.0.2.56
upper.lower IN A 192.0.2.57
\\@at IN A 192.0.2.58
a\\\\b IN A 192.0.2.59
\\(paren IN A 192.0.2.60
_under IN A 192.0.2.61
xn--bcher-kva IN A 192.0.2.62
1234 IN A 192.0.2.63
""" + f"""{'l' * 63} IN A 192.0.2.70
{'m' * 63}.{'n' * 63}.{'o' * 63} IN A 192.0.2.71
"""


def tlds(apex):
    """Like the root: delegations, glue below them, in and out of bailiwick."""
    text = f"""$ORIGIN {apex}
$TTL 86400
@ IN SOA a.root.servers nstld.verisign 1 1800 900 604800 86400
@ 518400 IN NS a.root.servers
@ 518400 IN NS b.root.servers
a.root.servers 518400 IN A 192.0.2.1
a.root.servers 518400 IN AAAA 2001:db8::1
b.root.servers 518400 IN A 192.0.2.2
servers IN NS a.root.servers
arpa IN NS a.root.servers
"""
    for i in range(120):
        t = "".join(chr(97 + (i * k + k) % 26) for k in (1, 5, 11))
        text += f"{t}{i} 172800 IN NS a.nic.{t}{i}\n"
        text += f"{t}{i} 172800 IN NS b.nic.{t}{i}\n"
        text += f"a.nic.{t}{i} 172800 IN A 192.0.2.{i}\n"
        text += f"b.nic.{t}{i} 172800 IN AAAA 2001:db8::{i}\n"
        if i % 3:
            text += f"{t}{i} IN DS {i} 13 2 {i:02x}{'44' * 31}\n"
        if i % 7 == 0:
            text += f"{t}{i} 172800 IN NS ns.{t}{max(i - 1, 0)}.elsewhere.test.\n"
    return text


def ip6(apex):
    """ip6.arpa: 32 labels deep, a wildcard half way, a delegation."""
    text = HEAD.format(apex=apex) + "ns1 IN A 192.0.2.1\nns2 IN A 192.0.2.2\n"
    zero = ".".join("0" * 16)
    for i in range(1, 12):
        text += f"{i:x}.{zero}.0.0.0.0.0.0.0 IN PTR host{i}.elsewhere.test.\n"
    text += f"*.1.0.0.0.0.0.0 IN PTR wild.elsewhere.test.\n"
    text += f"a.b.c.d.1.0.0.0.0.0.0 IN PTR closer.elsewhere.test.\n"
    text += f"2.0.0.0.0.0.0 IN NS ns.elsewhere.test.\n"
    text += f"3.0.0.0.0.0.0 IN DNAME 1.0.0.0.0.0.0\n"
    return text


def sets(apex):
    """Sets larger than any datagram, and referrals that hardly fit one."""
    text = HEAD.format(apex=apex) + "ns1 IN A 192.0.2.1\nns2 IN A 192.0.2.2\n"
    for i in range(1500):
        text += f"thousand IN A 10.0.{i >> 8}.{i & 255}\n"
    for i in range(100):
        text += f'txt IN TXT "{i:03}{"x" * 180}"\n'
        text += f"hundred IN MX {i} h{i}\n"
    for i in range(13):
        text += f"thirteen IN NS {chr(97 + i)}.some-long-label.thirteen\n"
        text += f"{chr(97 + i)}.some-long-label.thirteen IN A 192.0.2.{i}\n"
        text += f"{chr(97 + i)}.some-long-label.thirteen IN AAAA 2001:db8::{i}\n"
    for i in range(40):
        text += f"forty IN NS n{i}\nn{i} IN A 192.0.2.{i}\n"
    text += "cnbig IN CNAME thousand\n*.wbig IN TXT \"" + "w" * 200 + "\"\n"
    return text


def two_chains(apex, workdir):
    """A complete NSEC3 chain, and one that is being built beside it."""
    text = MIXED.format(apex=apex)
    one = sign(apex, text, workdir, ("aa", 1, False))
    other = sign(apex, text, os.path.join(workdir, "second"), ("bbbb", 2, False))
    more = []
    for line in other.splitlines():
        f = line.split()
        # -O full: one record a line, absolute owners
        if len(f) > 4 and (f[3] == "NSEC3" or f[3:5] == ["RRSIG", "NSEC3"]):
            more.append(line)
    return one + "\n".join(more[::2] if len(more) % 2 else more[:-2]) + "\n"


def all_zones(workdir, seed, n_random):
    z = {}

    def signed(base, text, nsec3=None):
        apex = base + ".test."
        z[apex] = sign(apex, text.format(apex=apex), workdir, nsec3)

    def plain(base, text):
        apex = base + ".test."
        z[apex] = text.format(apex=apex)

    for base, text in (("wild", WILD), ("mixed", MIXED)):
        plain(base + "-plain", text)
        signed(base + "-nsec", text)
        signed(base + "-nsec3", text, ("aabb", 3, False))
        signed(base + "-optout", text, ("-", 0, True))
    z["example."] = sign("example.", RFC_DATA.format(apex="example."), workdir,
                         ("aabbccdd", 12, True))
    signed("rfc4035", RFC_DATA)
    plain("loops", LOOPS)
    signed("loops-nsec", LOOPS)
    signed("loops-nsec3", LOOPS, ("01", 1, False))
    plain("cuts", CUTS)
    signed("cuts-nsec", CUTS)
    signed("cuts-nsec3", CUTS, ("02", 0, False))
    signed("cuts-optout", CUTS, ("-", 0, True))
    signed("ents-nsec", ENTS)
    signed("ents-nsec3", ENTS, ("03", 5, False))
    signed("ents-optout", ENTS, ("03", 5, True))
    plain("types", TYPES)
    signed("types-nsec", TYPES)
    for base, make, nsec3 in (("tlds", tlds, None),
                              ("tlds-optout", tlds, ("-", 0, True)),
                              ("sets", sets, None)):
        apex = base + ".test."
        z[apex] = sign(apex, make(apex), workdir, nsec3)
    z["big.test."] = big("big.test.")
    z["big-signed.test."] = sign("big-signed.test.",
                                 big("big-signed.test."), workdir)
    apex = "8.b.d.0.1.0.0.2.ip6.arpa."
    z[apex] = sign(apex, ip6(apex), workdir)
    z["chains.test."] = two_chains("chains.test.", workdir)
    z["parent.test."] = sign("parent.test.", PARENT.format(
        apex="parent.test."), workdir)
    z["child.parent.test."] = sign("child.parent.test.", CHILD.format(
        apex="child.parent.test."), workdir, ("cc", 1, False))
    for i in range(n_random):
        apex = f"r{i}.test."
        text = rand_zone(apex, seed + i)
        if i % 3:
            text = sign(apex, text, workdir,
                        ("0102", i % 4, i % 2 == 0) if i % 3 == 2 else None)
        z[apex] = text
    return z
