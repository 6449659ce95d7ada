"""The records browser's search, and zone files that others read back equal.

named-checkzone and ldns-read-zone read what /export says; dnspython compares
the result, record by record in wire form, with what was stored.
"""
import os
import random
import re
import shutil
import subprocess
import tempfile

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.zone

import apitest as t
from apitest import check, problem

IN = dns.rdataclass.IN
# One and more of every type that all three know; others go as RFC 3597.
SAMPLES = [
    "A 192.0.2.1", "AAAA 2001:db8::1", "AAAA ::", "NS ns.x.", "MX 0 .", "MX 10 mail.x.", "CNAME target.x.",
    "PTR host.x.", "DNAME other.x.", "TXT \"\"", "TXT \"a b\" \"c\\\"d\\\\e\" \"\\000\\255;()\"",
    "SPF \"v=spf1 -all\"", "HINFO \"i 386\" \"LINUX\"", "RP mail.x. txt.x.", "AFSDB 1 afs.x.", "X25 \"311061700956\"",
    "ISDN \"150862028003217\" \"004\"", "RT 10 relay.x.", "PX 10 map822.x. mapx400.x.", "KX 10 kx.x.",
    "LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000.00m 10.00m", "SRV 0 5 5060 sip.x.",
    "NAPTR 100 50 \"s\" \"z3950+I2L+I2C\" \"!^(.*)$!sip:\\\\1@x!\" _z3950._tcp.x.", "CERT 1 12179 3 AQPSKmynfzW4kyBv015MUG2DeIQ3",
    "APL 1:192.168.32.0/21 !1:192.168.38.0/28 2:ff00:0:0:0:0:0:0:0/8",
    "DS 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118", "SSHFP 2 1 123456789abcdef67890123456789abcdef67890",
    "IPSECKEY 10 1 2 192.0.2.38 AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==",
    "DNSKEY 257 3 8 AwEAAaz/tAm8yTn4Mfeh5eyI96WSVexTBAvkMgJzkKTOiW1vkIbzxeF3",
    "CDS 0 0 0 00", "CDNSKEY 0 3 0 AA==", "DHCID AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=",
    "NSEC next.x. A MX RRSIG NSEC TYPE1234", "NSEC3PARAM 1 0 12 AABBCCDD", "TLSA 3 1 1 " + "ab" * 32,
    "SMIMEA 3 1 1 " + "cd" * 32, "OPENPGPKEY AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==",
    "CSYNC 66 3 A NS AAAA", "ZONEMD 2018031900 1 1 " + "ab" * 48, "SVCB 1 svc.x. alpn=h2,h3 port=8443",
    "HTTPS 1 . ipv4hint=192.0.2.1 ech=AAA=", "HTTPS 0 alias.x.", "URI 10 1 \"https://x.example/a?b=c&d\"",
    "CAA 0 issue \"ca.example; policy=ev\"", "EUI48 00-00-5e-00-53-2a", "EUI64 00-00-5e-ef-10-00-00-2a",
    "NID 10 0014:4fff:ff20:ee64", "L32 10 10.1.2.0", "L64 10 2001:0DB8:1140:1000", "LP 10 l64-subnet1.x.",
    "RRSIG NSEC 8 2 3600 20300101000000 20200101000000 12345 x. AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==",
    "TYPE65280 \\# 0", "TYPE65280 \\# 3 abcdef", "TYPE999 \\# 1 00",
]


def rdata(text):
    type_, rest = text.split(" ", 1)
    rt = dns.rdatatype.from_text(type_)
    return rt, dns.rdata.from_text(IN, rt, rest).to_wire()


def owner_key(name, apex):
    """ownerkey.h, in Python."""
    out = b"\0"
    for label in reversed(name.labels[:len(name.labels) - len(apex.labels)]):
        out += label.lower().replace(b"\1", b"\1\2").replace(b"\0", b"\1\1") + b"\0"
    return out


def publish(w, apex, records, generation=1, serial=7, per_page=40):
    """records: {(dns.name.Name, type, ttl, rdata)}, the SOA left out."""
    text = apex.to_text().rstrip(".") or "."
    w.call("DELETE", "/v1/zones/" + ("=2E" if text == "." else text))
    z = w.zone(text)
    all_ = sorted(set(records) | {(apex, 6, 3600, t.soa(serial)), (apex, 2, 3600, t.wire("ns1.example.net"))},
                  key=lambda r: (owner_key(r[0], apex), r[1], r[3]))
    ttl = {}
    # One TTL for a set; and what differed by it alone is the same record.
    all_ = list(dict.fromkeys((n, ty, ttl.setdefault((n, ty), tt), rd) for n, ty, tt, rd in all_))
    pages, sql = [[]], "BEGIN;"
    for r in all_:
        if (len(pages[-1]) >= per_page or sum(len(x[3]) for x in pages[-1]) > 8000) and pages[-1][-1][0] != r[0]:
            pages.append([])
        pages[-1].append(r)
    for i, page in enumerate(pages):
        lines = "".join("%s %d %d %s\n" % (owner_key(n, apex).hex(), ty, tt, rd.hex() or "-") for n, ty, tt, rd in page)
        body = subprocess.run([t.MKPAGE], input=lines, capture_output=True, text=True)
        if body.returncode:
            raise RuntimeError("mkpage: " + lines[:500])
        low = "00" if i == 0 else owner_key(page[0][0], apex).hex()
        high = "'\\x%s'" % owner_key(pages[i + 1][0][0], apex).hex() if i + 1 < len(pages) else "NULL"
        sql += "INSERT INTO zone_page (zone_id, tenant_id, low_key, high_key, from_generation, record_count, digest," \
            " body) VALUES ('%s','%s','\\x%s',%s,%d,%d,decode(repeat('00',32),'hex'),'\\x%s');" % (
                z["id"], w.tenants[0], low, high, generation, len(page), body.stdout.strip())
    soa = t.soa(serial).hex()
    sql += "INSERT INTO zone_version (zone_id, tenant_id, generation, serial, soa, root_level, root_digest," \
        " record_count, page_count, pages_written, mode) VALUES ('%s','%s',%d,%d,'\\x%s',0," \
        "decode(repeat('00',32),'hex'),%d,%d,%d,'axfr');" % (
            z["id"], w.tenants[0], generation, serial, soa, len(all_), len(pages), len(pages))
    sql += "UPDATE zone_state SET generation=%d, serial=%d, soa='\\x%s', root_level=0, root_digest=decode(repeat(" \
        "'00',32),'hex'), record_count=%d, page_count=%d, loaded_at=now(), checked_at=now(), expires_at=now()+" \
        "interval '14 days', state='live' WHERE zone_id='%s';COMMIT;" % (
            generation, serial, soa, len(all_), len(pages), z["id"])
    w.db.sql(sql)
    return z, set(all_)


def read_zone(text, apex):
    """A zone file as the set of its records."""
    out = set()
    # named writes 14:4fff, dnspython wants 0014:4fff.
    text = re.sub(r"(?m)(\s(?:NID|L64)\s+\d+ )(\S+)$", lambda m: m.group(1) + ":".join(
        g.zfill(4) for g in m.group(2).split(":")), text)
    zone = dns.zone.from_text(text, origin=apex, relativize=False, check_origin=False)
    for name, rds in zone.iterate_rdatasets():
        for rd in rds:
            out.add((name, rds.rdtype, rds.ttl, rd.to_wire(origin=None)))
    return out


def quoted(text):
    """ldns writes a quote in a name as it is; dnspython wants it escaped."""
    out = []
    for line in text.splitlines():
        f = line.split("\t", 4)
        for i in (0, 4) if f[3:4] == ["MX"] else (0,):
            f[i] = re.sub(r'(\\.)|"', lambda m: m.group(1) or '\\"', f[i])
        out.append("\t".join(f) + "\n")
    return "".join(out)


def canonical(records):
    """Names in rdata in one case: readers may fold it."""
    out = set()
    for name, type_, ttl, wire in records:
        rd = dns.rdata.from_wire(IN, type_, wire, 0, len(wire))
        out.add((name.canonicalize(), type_, ttl, rd.to_digestable()))
    return out


def same(what, w, apex, records):
    z, stored = publish(w, apex, records)
    r = w.call("GET", "/v1/zones/%s/export" % z["id"], timeout=60)
    if not check("%s is exported" % what, r.status == 200, r):
        return
    stored = canonical(stored)
    folder = tempfile.mkdtemp(prefix="us-zonefile.")
    path = os.path.join(folder, "zone")
    with open(path, "w") as f:
        f.write(r.text)
    got = canonical(read_zone(r.text, apex))
    check("%s: dnspython reads it equal" % what, got == stored, list(got ^ stored)[:4])
    ignore = [x for o in "kmnrM" for x in ("-" + o, "ignore")]
    c = subprocess.run(["named-checkzone", "-q", "-i", "none", *ignore, "-S", "ignore", "-W", "ignore", "-D",
                        "-o", path + ".named", apex.to_text(), path], capture_output=True, text=True)
    if check("%s: named-checkzone takes it" % what, c.returncode == 0, subprocess.run(
            ["named-checkzone", "-i", "none", *ignore, apex.to_text(), path], capture_output=True, text=True).stdout + r.text[:4000]):
        with open(path + ".named") as f:
            got = canonical(read_zone(f.read(), apex))
        check("%s: and reads it equal" % what, got == stored, list(got ^ stored)[:4])
    c = subprocess.run(["ldns-read-zone", path], capture_output=True, text=True)
    # ldns has room for 255 characters of an owner's text, escapes included.
    if all(len(x.split("\t")[0]) <= 255 for x in r.text.splitlines()) and check("%s: ldns-read-zone takes it" % what, c.returncode == 0, c.stderr + "\n".join(
            "\n".join(r.text.splitlines()[max(0, int(x) - 2):int(x) + 1]) for x in re.findall(r"line (\d+)", c.stderr))):
        got = canonical(read_zone(quoted(c.stdout), apex))
        check("%s: and reads it equal" % what, got == stored, list(got ^ stored)[:4])
    shutil.rmtree(folder)


def random_label(rng):
    kind = rng.random()
    n = rng.choice((1, 2, 3, 8, 63)) if kind < 0.9 else 63
    if kind < 0.5:
        return bytes(rng.choice(b"abcdefghijklmnopqrstuvwxyz0123456789-_") for _ in range(min(n, 12)))
    if kind < 0.6:
        return rng.choice((b"*", b"@", b"\\", b"\"", b";", b"a.b", b"$ORIGIN", b"$", b"(x)", b" ", b"\t", b"TYPE1", b"60"))
    return bytes(rng.randrange(256) for _ in range(n)).lower()


def random_name(rng, apex):
    labels, room = [], 255 - len(apex.to_wire())
    for _ in range(rng.choice((1, 1, 1, 2, 3, 10))):
        label = random_label(rng)
        if len(label) + 1 > room:
            break
        room -= len(label) + 1
        labels.append(label)
    return dns.name.Name(tuple(labels) + apex.labels)


def random_zone(rng, apex):
    out = set()
    for _ in range(rng.choice((1, 5, 60, 200))):
        name = random_name(rng, apex)
        if name == apex:
            continue
        for _ in range(rng.choice((1, 1, 2, 5))):
            kind = rng.random()
            if kind < 0.4:
                type_, rd = 16, b"".join(bytes([n]) + bytes(rng.randrange(256) for _ in range(n))
                                         for n in [rng.choice((0, 1, 20, 255)) for _ in range(rng.choice((1, 2, 9)))])
            elif kind < 0.7:
                n = rng.choice((0, 1, 4, 300, 3000))
                type_, rd = rng.choice((65280, 65534, 4242, 999)), bytes(rng.randrange(256) for _ in range(n))
            elif kind < 0.85:
                type_, rd = 15, bytes((0, rng.randrange(256))) + random_name(rng, dns.name.root).to_wire()
            else:
                type_, rd = rdata(rng.choice([s for s in SAMPLES if s.split()[0] not in ("NS", "CNAME", "DNAME")]))
            out.add((name, type_, rng.choice((0, 60, 2147483647)), rd))
    return out


def part_zonefile(w):
    apex = dns.name.from_text("every.test.")
    records = set()
    for i, sample in enumerate(SAMPLES):
        type_, rd = rdata(sample)
        records.add((dns.name.from_text("t%02d.every.test." % i), type_, 300, rd))
    same("a zone of %d types" % len({r[1] for r in records}), w, apex, records)
    long_txt = b"".join(b"\xff" + bytes([32 + i % 95]) * 255 for i in range(200))
    same("long TXT and long unknown rdata", w, dns.name.from_text("long.test."), {
        (dns.name.from_text("long.long.test."), 16, 60, long_txt),
        (dns.name.from_text("unknown.long.test."), 65280, 60, bytes(range(256)) * 120)})
    wide = dns.name.Name((b"w" * 63, b"w" * 63, b"w" * 63, b"w" * 59, b"d", b""))
    same("names of 127 labels and of 255 octets", w, dns.name.from_text("d."), {
        (dns.name.Name((b"a",) * 126 + (b"d", b"")), 1, 60, b"\1\2\3\4"), (wide, 1, 60, b"\1\2\3\4"),
        (wide, 15, 60, b"\0\1" + wide.to_wire())})
    same("the root", w, dns.name.root, {
        (dns.name.from_text("test."), 2, 172800, t.wire("ns.nic.test")), (dns.name.from_text("ns.nic.test."), 1, 60, b"\1\2\3\4"),
        (dns.name.from_text("ns1.example.net."), 1, 60, b"\1\2\3\4"),
        (dns.name.root, 48, 60, rdata(SAMPLES[28])[1])})
    seed = int(os.environ.get("SEED", random.randrange(1 << 32)))
    print("# zonefile: SEED=%d" % seed)
    for n in range(int(os.environ.get("ZONES", "6"))):
        rng = random.Random(seed + n)
        apex = dns.name.from_text("r%d.test." % n)
        same("random zone %d (SEED=%d)" % (n, seed), w, apex, random_zone(rng, apex))
    search(w)


def search(w):
    """name, under, type, q: pages that hold all of it, once."""
    apex = dns.name.from_text("search.test.")
    records = {(dns.name.from_text("h%03d.%s.search.test." % (i, sub)), type_, 60, rd)
               for i in range(150) for sub in ("a", "b.a", "ab") for type_, rd in (
                   (1, bytes((192, 0, 2, i))), (16, b"\x05Text%d" % (i % 10)), (28, bytes(15) + bytes((i,))))}
    z, stored = publish(w, apex, records)
    base = "/v1/zones/search.test/records"

    def ask(query):
        out, cursor, n = [], "", 0
        while cursor is not None and n < 300:
            r = w.call("GET", base + "?" + query + ("&cursor=" + cursor if cursor else ""))
            if r.status != 200:
                return r
            out += [(i["name"], i["type"]) for i in r.json["items"]]
            cursor, n = r.json["next_cursor"], n + 1
        return out

    def want(test):
        return sorted((n.to_text(True), dns.rdatatype.to_text(ty)) for n, ty, _, _ in stored if test(n, ty))
    a = dns.name.from_text("a.search.test.")
    for query, test in (
            ("limit=500", lambda n, ty: True), ("under=a.search.test&limit=77", lambda n, ty: n.is_subdomain(a)),
            ("under=A.SEARCH.test.&type=A,AAAA&limit=100", lambda n, ty: n.is_subdomain(a) and ty in (1, 28)),
            ("under=search.test&limit=400", lambda n, ty: True), ("under=none.search.test", lambda n, ty: False),
            ("type=txt,TYPE1&limit=90", lambda n, ty: ty in (1, 16)),
            ("q=H007&limit=5", lambda n, ty: b"h007" == n.labels[0]),
            ("q=text3&limit=500", lambda n, ty: ty == 16 and n.labels[0][-1:] == b"3"),
            ("q=192.0.2.14&type=A&limit=2", lambda n, ty: ty == 1 and n.labels[0] in
             [b"h014"] + [b"h%03d" % i for i in range(140, 150)]),
            ("name=h003.a.search.test&type=A,TXT", lambda n, ty: n == dns.name.from_text("h003.a.search.test.") and
             ty in (1, 16))):
        got = ask(query)
        check("records?" + query, isinstance(got, list) and sorted(got) == want(test) and len(set(got)) == len(got),
              got if not isinstance(got, list) else (len(got), len(want(test))))
    for query in ("under=other.test", "under=", "type=A,", "type=" + ",".join(["A"] * 17), "q=", "q=" + "x" * 256):
        r = w.call("GET", base + "?" + query)
        check("records?%s is refused" % query[:30], problem(r, 400, "invalid-parameter"), r)
    r = w.call("GET", "/v1/zones/search.test/export")
    tag = r.get("etag")
    again = w.call("GET", "/v1/zones/search.test/export", headers={"If-None-Match": tag})
    check("a zone file that one has is not sent again", tag and again.status == 304 and again.body == b"", again.headers)
