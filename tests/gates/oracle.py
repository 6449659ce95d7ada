"""The ZONEMD and DNSSEC checks over zone files, beside ldns and BIND."""

import os
import random
import re
import subprocess
import time

from lib import runner
from lib.zones import odd_zone

test = runner.test

APEX = "odd.test"


def gate(c, apex, text, *options):
    """{'zonemd': (verdict, text), 'dnssec': ...}"""
    path = os.path.join(c.dir, "gate.zone")
    with open(path, "w") as f:
        f.write(text)
    r = subprocess.run([os.path.join(c.tools, "gatecheck"), apex, path,
                        *options], stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE)
    assert r.returncode == 0, r.stderr.decode()
    out = {}
    for line in r.stdout.decode().splitlines():
        word, rest = line.split(" ", 1)
        out[word] = tuple((rest + " ").split(" ", 1))
    return out


def run(*argv, cwd=None):
    return subprocess.run(argv, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, cwd=cwd)


# ---- ZONEMD ---------------------------------------------------------------

SOA = "example. 86400 IN SOA ns1 admin 2018031900 1800 900 604800 86400\n"
A1 = "$ORIGIN example.\n" + SOA + """
@ 86400 IN NS ns1
@ 86400 IN NS ns2
@ 86400 IN ZONEMD 2018031900 1 1 c68090d90a7aed716bc459f9340e3d7c1370d4d2\
4b7e2fc3a1ddc0b9a87153b9a9713b3c9ae5cc27777f98b8e730044c
ns1 3600 IN A 203.0.113.63
ns2 3600 IN AAAA 2001:db8::63
"""
A2 = "$ORIGIN example.\n" + SOA + """
@ 86400 IN NS ns1
@ 86400 IN NS ns2
@ 86400 IN ZONEMD 2018031900 1 1 a3b69bad980a3504e1cffcb0fd6397f93848071c\
93151f552ae2f6b1711d4bd2d8b39808226d7b9db71e34b72077f8fe
ns1 3600 IN A 203.0.113.63
NS2 3600 IN AAAA 2001:db8::63
occluded.sub 7200 IN TXT "I'm occluded but must be digested"
sub 7200 IN NS ns1
duplicate 300 IN TXT "I must be digested just once"
duplicate 300 IN TXT "I must be digested just once"
foo.test. 555 IN TXT "out-of-zone data must be excluded"
UPPERCASE 3600 IN TXT "canonicalize uppercase owner names"
* 777 IN PTR dont-forget-about-wildcards
mail 3600 IN MX 20 MAIL1
mail 3600 IN MX 10 Mail2.Example.
sortme 3600 IN AAAA 2001:db8::5:61
sortme 3600 IN AAAA 2001:db8::3:62
sortme 3600 IN AAAA 2001:db8::4:63
sortme 3600 IN AAAA 2001:db8::1:65
sortme 3600 IN AAAA 2001:db8::2:64
non-apex 900 IN ZONEMD 2018031900 1 1 616c6c6f776564206275742069676e6f7265\
642e20616c6c6f776564206275742069676e6f7265642e20616c6c6f7765
"""
A3 = "$ORIGIN example.\n" + SOA + """
@ 86400 IN NS ns1
@ 86400 IN NS ns2
@ 86400 IN ZONEMD 2018031900 1 1 62e6cf51b02e54b9b5f967d547ce43136792901f\
9f88e637493daaf401c92c279dd10f0edb1c56f8080211f8480ee306
@ 86400 IN ZONEMD 2018031900 1 2 08cfa1115c7b948c4163a901270395ea226a930c\
d2cbcf2fa9a5e6eb85f37c8a4e114d884e66f176eab121cb02db7d652e0cc4827e7a3204\
f166b47e5613fd27
@ 86400 IN ZONEMD 2018031900 1 240 e2d523f654b9422a96c5a8f44607bbee
@ 86400 IN ZONEMD 2018031900 241 1 e1846540e33a9e4189792d18d5d131f605fc283e
ns1 3600 IN A 203.0.113.63
ns2 86400 IN TXT "This example has multiple digests"
NS2.EXAMPLE. 3600 IN AAAA 2001:db8::63
"""


@test
def zonemd_examples_of_rfc_8976_appendix_a_T173(c):
    for text in (A1, A2, A3):
        assert gate(c, "example", text)["zonemd"][0] == "ok", text
        bad = text.replace("203.0.113.63", "203.0.113.64")
        assert gate(c, "example", bad)["zonemd"][0] == "held"


@test
def zonemd_rules_T173(c):
    def verdict(text, *options):
        return gate(c, "example", text, *options)["zonemd"]

    md = re.search(r"@ 86400 IN ZONEMD.*\n", A1).group(0)
    # serial of another version
    v = verdict(A1.replace("ZONEMD 2018031900", "ZONEMD 2018031899"))
    assert v[0] == "held" and "is for serial 2018031899" in v[1], v
    # twice the same scheme and hash: neither counts, though one fits
    v = verdict(A1 + md.replace("c680", "c681"))
    assert v[0] == "held" and "several ZONEMD records" in v[1], v
    # a second one that we do not know, or does not fit, does no harm
    assert verdict(A1 + md.replace(" 1 1 ", " 1 240 "))[0] == "ok"
    assert verdict(A1 + md.replace(" 1 1 c", " 1 2 00000000000000000000000000"
                                   "000000c"))[0] == "ok"
    # only unknown ones: as good as none
    for other in (" 1 240 ", " 241 1 "):
        text = A1.replace(" 1 1 ", other)
        assert verdict(text)[0] == "absent"
        v = verdict(text, "zonemd=require")
        assert v[0] == "held" and "that we know" in v[1], v
    # a digest of the wrong length
    assert "wrong length" in verdict(A1.replace("30044c", ""))[1]
    # none at all
    text = A1.replace(md, "")
    assert verdict(text)[0] == "absent"
    v = verdict(text, "zonemd=require")
    assert v[0] == "held" and "one is required" in v[1], v


def random_zone(rng, serial):
    """Names, types, cases and depths that a digest must get in order."""
    lines = [f"$ORIGIN {APEX}.\n$TTL 300",
             f"@ IN SOA Ns1 Hostmaster {serial} 3600 600 86400 300",
             "@ IN NS ns1"]
    labels = ["a", "B", "*", "zz", "a-b", "\\000", "\\255", "x1", "_tcp"]
    seen = {}
    for _ in range(rng.randrange(5, 120)):
        owner = ".".join(rng.choice(labels)
                         for _ in range(rng.randrange(1, 4)))
        if "*" in owner[1:]:
            owner = owner.replace("*", "s")
        rr = rng.choice([
            f"A 192.0.2.{rng.randrange(256)}", "TXT \"t%d\"" %
            rng.randrange(9), f"MX {rng.randrange(9)} Mail.{APEX}.",
            "SRV 1 2 3 Host.Other.Test.", "TYPE65280 \\# 2 0102",
            "NAPTR 1 1 \"u\" \"\" \"!x!y!\" Repl.Test.", "PTR Some.Name.",
            "NS Ns.Deep.Sub", f"AAAA 2001:db8::{rng.randrange(99)}"])
        if owner.lower() in seen or "NS" == rr[:2]:
            pass
        seen[owner.lower()] = 1
        lines.append(f"{owner} IN {rr}")
    return "\n".join(lines) + "\n"


@test
def zonemd_of_random_zones_as_ldns_computes_it_T173(c):
    rng = random.Random(8976)
    for i in range(25):
        plain = os.path.join(c.dir, "random.zone")
        out = os.path.join(c.dir, "random.md")
        with open(plain, "w") as f:
            f.write(random_zone(rng, i + 1))
        r = run("ldns-signzone", "-Z", "-z", "simple:sha384", "-z",
                "simple:sha512", "-o", APEX, "-f", out, plain)
        assert r.returncode == 0, r.stdout.decode()
        text = open(out).read()
        v = gate(c, APEX, text, "zonemd=require")["zonemd"]
        assert v[0] == "ok", (i, v, text)
        # Each of the two alone decides.
        for other in (" 1 1 ", " 1 2 "):
            lines = [x for x in text.splitlines()
                     if not ("ZONEMD" in x and other in x)]
            assert gate(c, APEX, "\n".join(lines) + "\n",
                        "zonemd=require")["zonemd"][0] == "ok", (i, other)


@test
def zonemd_of_signed_zones_as_ldns_computes_it_T173(c):
    """NSEC3 owners lie among the others; RRSIG(ZONEMD) is left out."""
    key = keys(c, "ECDSAP256SHA256", "ldns")
    for options in ([], ["-n", "-s", "abcd"], ["-n", "-p"]):
        plain = os.path.join(c.dir, "plain.zone")
        out = os.path.join(c.dir, "ldns.signed")
        with open(plain, "w") as f:
            f.write(odd_zone(APEX, 3))
        r = run("ldns-signzone", "-z", "simple:sha384", *options, "-o", APEX,
                "-f", out, plain, *key)
        assert r.returncode == 0, r.stdout.decode()
        g = gate(c, APEX, open(out).read(), "zonemd=require",
                 "dnssec=require")
        assert g["zonemd"][0] == "ok", (options, g)
        assert g["dnssec"][0] == "ok", (options, g)


# ---- DNSSEC ---------------------------------------------------------------


def keys(c, algorithm, kind="bind"):
    """Base names of a KSK and a ZSK."""
    d = os.path.join(c.dir, "oracle-" + algorithm)
    if not os.path.isdir(d):
        os.makedirs(d)
        bits = ["-b", "2048"] if "RSA" in algorithm else []
        for flags in ([], ["-f", "KSK"]):
            r = run("dnssec-keygen", "-q", "-a", algorithm, *bits, "-K", d,
                    *flags, APEX)
            assert r.returncode == 0, r.stdout.decode()
    return [os.path.join(d, f[:-4]) for f in sorted(os.listdir(d))
            if f.endswith(".key")]


DELEGATIONS = """
secure IN NS ns.secure
secure IN DS 12345 13 2 0123456789abcdef0123456789abcdef0123456789abcdef01\
23456789abcdef
ns.secure IN A 192.0.2.77
insecure.far.away IN NS ns.insecure.far.away
ns.insecure.far.away IN A 192.0.2.78
deep.under.away IN TXT "x"
"""


def signed(c, algorithm="ECDSAP256SHA256", options=(), extra=DELEGATIONS):
    name = os.path.join(c.dir, f"signed-{algorithm}-{''.join(options)}")
    if not os.path.exists(name):
        key = keys(c, algorithm)
        plain = os.path.join(c.dir, "tosign")
        with open(plain, "w") as f:
            f.write(odd_zone(APEX, 9, extra))
            for k in key:
                f.write(open(k + ".key").read())
        r = run("dnssec-signzone", "-q", "-x", "-o", APEX, "-O", "full",
                *options, "-f", name, plain, *key,
                cwd=os.path.dirname(key[0]))
        assert r.returncode == 0, r.stdout.decode()
    return open(name).read()


CHAINS = [(), ("-3", "-"), ("-3", "aabb", "-H", "3"),
          ("-3", "aabb", "-A")]
ALGORITHMS = ["RSASHA256", "RSASHA512", "ECDSAP256SHA256",
              "ECDSAP384SHA384", "ED25519", "ED448"]


@test
def zones_signed_in_every_way_pass_the_dnssec_gate_T175(c):
    for algorithm in ALGORITHMS:
        v = gate(c, APEX, signed(c, algorithm), "dnssec=require")["dnssec"]
        assert v[0] == "ok", (algorithm, v)
    for chain in CHAINS:
        v = gate(c, APEX, signed(c, options=chain), "dnssec=require")
        assert v["dnssec"][0] == "ok", (chain, v)
    # Keys of an algorithm that we do not know are not held against a zone.
    text = signed(c, "RSASHA1")
    assert gate(c, APEX, text, "dnssec=require")["dnssec"][0] == "ok"
    text = text.replace("192.0.2.80", "192.0.2.81")
    assert gate(c, APEX, text)["dnssec"][0] == "ok"


def without(text, owner, covered):
    """Without the RRSIG of that owner over that type."""
    out = [x for x in text.splitlines(True) if not (
        x.split()[:1] == [owner] and x.split()[3:5] == ["RRSIG", covered])]
    assert len(out) == len(text.splitlines()) - 1, (owner, covered)
    return "".join(out)


def oracle_says(c, text):
    path = os.path.join(c.dir, "oracle.zone")
    with open(path, "w") as f:
        f.write(text)
    return run("dnssec-verify", "-q", "-x", "-o", APEX, path).returncode == 0


@test
def broken_signatures_are_held_T175(c):
    text = signed(c)
    cases = [
        (text.replace("192.0.2.80", "192.0.2.81"), "does not verify"),
        (without(text, f"web.{APEX}.", "A"), "web.odd.test A is not "
         "signed"),
        (without(text, f"secure.{APEX}.", "DS"),
         "secure.odd.test DS is not signed"),
        (without(text, f"{APEX}.", "SOA"), "SOA is not signed"),
        (without(text, f"mail.{APEX}.", "NSEC"), "NSEC is not"),
        (text + f"new.{APEX}. 300 IN A 192.0.2.1\n", "new.odd.test A is not "
         "signed"),
        (text.replace("192.0.2.98", "192.0.2.97"), "exact.wild"),
    ]
    for bad, want in cases:
        v = gate(c, APEX, bad)["dnssec"]
        assert v[0] == "held" and want in v[1], (want, v)
        assert not oracle_says(c, bad), want
    # Glue and names below a delegation need none.
    good = text + f"more.ns.sub.{APEX}. 300 IN A 192.0.2.1\n"
    assert gate(c, APEX, good)["dnssec"][0] == "ok"
    assert oracle_says(c, good)


@test
def signatures_out_of_time_are_held_T175(c):
    text = signed(c)
    late = int(time.time()) + 40 * 86400
    v = gate(c, APEX, text, f"now={late}")["dnssec"]
    assert v[0] == "held" and "has ended" in v[1], v
    early = int(time.time()) - 10 * 86400
    v = gate(c, APEX, text, f"now={early}")["dnssec"]
    assert v[0] == "held" and "in the future" in v[1], v


@test
def nsec_chains_with_gaps_are_held_T175(c):
    text = signed(c)
    n = 0
    for line in text.splitlines(True):
        if line.split()[3:4] != ["NSEC"]:
            continue
        owner = line.split()[0]
        bad = "".join(x for x in text.splitlines(True) if not (
            x.split()[:1] == [owner] and "NSEC" in x.split()[3:5]))
        v = gate(c, APEX, bad)["dnssec"]
        assert v[0] == "held", (owner, v)
        n += 1
    assert n > 20
    # A whole name gone, its records and proofs: the one before points at it.
    bad = "".join(x for x in text.splitlines(True)
                  if not x.startswith(f"web.{APEX}."))
    v = gate(c, APEX, bad)["dnssec"]
    assert v[0] == "held" and "before it leads" in v[1], v
    assert not oracle_says(c, bad)


@test
def nsec3_chains_with_gaps_are_held_T175(c):
    for chain in CHAINS[1:]:
        text = signed(c, options=chain)
        owners = [x.split()[0] for x in text.splitlines()
                  if x.split()[3:4] == ["NSEC3"]]
        assert len(owners) > 20
        for owner in owners:
            bad = "".join(x for x in text.splitlines(True)
                          if x.split()[:1] != [owner])
            v = gate(c, APEX, bad)["dnssec"]
            assert v[0] == "held" and "gap in its NSEC3 chain" in v[1], v
        assert not oracle_says(c, bad)
        # A name goes, its NSEC3 record stays; a name comes without one.
        bad = "".join(x for x in text.splitlines(True)
                      if not x.startswith(f"web.{APEX}."))
        v = gate(c, APEX, bad)["dnssec"]
        assert v[0] == "held" and "does not exist" in v[1], v


@test
def nsec3_needs_empty_non_terminals_and_honours_opt_out_T175(c):
    """A ring that is closed, signed, and lacks what it must have."""
    key = keys(c, "ECDSAP256SHA256")
    for chain in CHAINS[1:]:
        text = signed(c, options=chain)
        # Sign the zone without a.deep.ent and put the name in, signed, by
        # taking its records from the whole one: no record proves deep.ent.
        plain = os.path.join(c.dir, "noent")
        with open(plain, "w") as f:
            f.write(odd_zone(APEX, 9, DELEGATIONS).replace(
                "a.deep.ent IN A 192.0.2.50\n", ""))
            for k in key:
                f.write(open(k + ".key").read())
        r = run("dnssec-signzone", "-q", "-x", "-o", APEX, "-O", "full",
                *chain, "-f", plain + ".signed", plain, *key,
                cwd=os.path.dirname(key[0]))
        assert r.returncode == 0, r.stdout.decode()
        part = open(plain + ".signed").read() + "".join(
            x for x in text.splitlines(True)
            if x.startswith(f"a.deep.ent.{APEX}."))
        v = gate(c, APEX, part)["dnssec"]
        assert v[0] == "held" and "no NSEC3 record" in v[1], v
    # An insecure delegation may be left out where the span opts out, and
    # only there.
    more = f"new.far.away.{APEX}. 300 IN NS ns.elsewhere.test.\n"
    assert gate(c, APEX, signed(c, options=CHAINS[3]) + more)[
        "dnssec"][0] == "ok"
    assert oracle_says(c, signed(c, options=CHAINS[3]) + more)
    v = gate(c, APEX, signed(c, options=CHAINS[2]) + more)["dnssec"]
    assert v[0] == "held" and "has no NSEC3 record" in v[1], v


@test
def keys_must_fit_the_trust_anchors_T175(c):
    text = signed(c)
    ksk = [k for k in keys(c, "ECDSAP256SHA256")
           if " 257 " in open(k + ".key").read()][0]
    for digest in ("-2", "-a SHA-384"):
        r = run("dnssec-dsfromkey", *digest.split(), ksk + ".key")
        ds = r.stdout.decode().split(" DS ")[1].strip()
        v = gate(c, APEX, text, "anchor=" + ds)["dnssec"]
        assert v[0] == "ok", (ds, v)
        wrong = ds[:-1] + ("0" if ds[-1] != "0" else "1")
        v = gate(c, APEX, text, "anchor=" + wrong)["dnssec"]
        assert v[0] == "held" and "trust anchors" in v[1], v
        # One of several is enough; unknown digest types do not count.
        assert gate(c, APEX, text, "anchor=" + wrong,
                    "anchor=" + ds)["dnssec"][0] == "ok"
        tag = ds.split()[0]
        assert gate(c, APEX, text, f"anchor={tag} 13 200 " + "ab" * 32)[
            "dnssec"][0] == "ok"
    unsigned = odd_zone(APEX, 1)
    assert gate(c, APEX, unsigned)["dnssec"][0] == "absent"
    assert gate(c, APEX, unsigned, "anchor=" + ds)["dnssec"][0] == "held"
    v = gate(c, APEX, unsigned, "dnssec=require")["dnssec"]
    assert v[0] == "held" and "is not signed" in v[1], v
    # The key set must be signed by its own keys.
    bad = "".join(x for x in text.splitlines(True) if x.split()[3:5] != ["RRSIG", "DNSKEY"])
    assert gate(c, APEX, bad)["dnssec"][0] == "held"


@test
def random_damage_is_judged_as_bind_judges_it_T175(c):
    """Lines taken out and changed; held is what dnssec-verify refuses."""
    rng = random.Random(4035)
    held = same = 0
    for i in range(60):
        text = signed(c, options=rng.choice(CHAINS))
        lines = text.splitlines(True)
        k = rng.randrange(len(lines))
        if lines[k].startswith(";") or "\tSOA " in lines[k]:
            continue
        kind = rng.randrange(3)
        if kind == 0:
            del lines[k]
        elif kind == 1:
            lines[k] = lines[k].replace("192.0.2.", "198.51.100.")
        else:
            lines.append(f"x{i}.{rng.choice(['a.', '', 'sub.'])}{APEX}. 300 "
                         "IN TXT \"x\"\n")
        bad = "".join(lines)
        want = oracle_says(c, bad)
        v = gate(c, APEX, bad)["dnssec"]
        held += v[0] == "held"
        same += (v[0] == "ok") == want
        assert (v[0] == "ok") == want, (i, kind, lines[k], v, want)
    assert held > 10 and same > 40, (held, same)
