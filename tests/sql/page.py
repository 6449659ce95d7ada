"""page_records: a page that the C builder made, as dnspython reads it."""
import os
import random
import subprocess

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

import sqllib

MKPAGE = f"build/{os.environ.get('VARIANT', 'release')}/tests/tools/mkpage"

ZONE = r"""
@ 3600 SOA ns1 hostmaster.mail 2026112201 7200 900 1209600 300
@ 3600 NS ns1
@ 3600 NS ns2.example.net.
@ 300 MX 10 mail
@ 300 TXT "v=spf1 -all" "a \"quoted\" \\ b;c" "\000\255"
@ 60 CAA 0 issue "ca.example.net"
ns1 300 A 192.0.2.1
ns1 300 AAAA 2001:db8::1
mail 300 A 192.0.2.255
mail 300 AAAA ::ffff:192.0.2.3
*.wild 300 CNAME target.example.org.
a\.b\032c\000\001d.sub 300 PTR Mixed.Case.example.
_sip._tcp 300 SRV 0 5 5060 mail
old 300 DNAME new
type 300 TYPE65280 \# 3 00ff10
empty 300 TYPE65281 \# 0
sec 300 DS 12345 13 2 aabbccddeeff00112233445566778899aabbccddeeff00112233445566778899
"""


def key_of(name, origin):
    labels = name.relativize(origin).labels
    key = b"\0"
    for label in reversed(labels):
        label = label.lower().replace(b"\1", b"\1\2").replace(b"\0", b"\1\1")
        key += label + b"\0"
    return key


def build(origin, text):
    """(page in hexadecimal, expected rows)"""
    records = []
    owner = None
    for line in text.strip().splitlines():
        owner, ttl, rdtype, rdata = line.split(" ", 3)
        name = dns.name.from_text(owner, origin) if owner != "@" else origin
        r = dns.rdata.from_text("IN", rdtype, rdata, origin=origin,
                                relativize=False)
        records.append((key_of(name, origin), name, int(ttl), r))
    records.sort(key=lambda x: (x[0], x[3].rdtype, x[3].to_digestable()))
    out = subprocess.run([MKPAGE], text=True, stdout=subprocess.PIPE,
                         check=True, input="".join(
        f"{k.hex()} {int(r.rdtype)} {ttl} {r.to_wire().hex() or '-'}\n"
        for k, _, ttl, r in records))
    return out.stdout.strip(), records


def tests():
    pg = sqllib.shared()
    if not os.path.exists(MKPAGE):
        subprocess.run(["make", "-s", MKPAGE,
                        "VARIANT=" + os.environ.get("VARIANT", "release")],
                       check=True)

    def read(apex, page):
        return sqllib.psql(pg, "SELECT encode(convert_to(owner, 'UTF8'), "
                           "'hex'), ttl, class, type, encode(convert_to("
                           "rdata, 'UTF8'), 'hex'), type_number, "
                           "encode(rdata_wire, 'hex') FROM page_records("
                           f"'\\x{apex.to_wire().hex()}', '\\x{page}')")

    def compare(origin, text):
        page, records = build(origin, text)
        rows = read(origin, page)
        assert len(rows) == len(records), (len(rows), len(records))
        for row, (_, name, ttl, r) in zip(rows, records):
            owner, row_ttl, klass, rdtype, rdata, number, wire = row
            owner = bytes.fromhex(owner).decode()
            rdata = bytes.fromhex(rdata).decode()
            have = dns.name.from_text(owner, None)
            assert have == name and owner.endswith("."), (owner, name)
            assert int(row_ttl) == ttl and klass == "IN"
            assert int(number) == r.rdtype and wire == r.to_wire().hex()
            assert rdtype == dns.rdatatype.to_text(r.rdtype), rdtype
            again = dns.rdata.from_text("IN", rdtype, rdata)
            assert again.to_wire() == r.to_wire(), (rdata, str(r))
        return rows

    def common_types():
        rows = compare(dns.name.from_text("example.com."), ZONE)
        text = {bytes.fromhex(r[0]).decode() + " " + r[3] + " "
                + bytes.fromhex(r[4]).decode() for r in rows}
        for line in (
                "example.com. SOA ns1.example.com. "
                "hostmaster.mail.example.com. 2026112201 7200 900 1209600 "
                "300", "example.com. MX 10 mail.example.com.",
                "ns1.example.com. AAAA 2001:db8::1",
                "*.wild.example.com. CNAME target.example.org.",
                "a\\.b\\032c\\000\\001d.sub.example.com. PTR "
                "Mixed.Case.example.", "type.example.com. TYPE65280 "
                "\\# 3 00ff10", "empty.example.com. TYPE65281 \\# 0"):
            assert line in text, line

    def the_root():
        compare(dns.name.root, "@ 60 NS a.root.\ncom. 60 NS a.gtld.\n")

    def any_label():
        rng = random.Random(1)
        labels = {bytes(rng.choice([0, 1, 2, 32, 46, 92, 34, 97, 200, 255])
                        for _ in range(rng.randint(1, 60)))
                  for _ in range(200)}
        text = "".join("".join(f"\\{c:03d}" for c in label)
                       + " 5 A 192.0.2.1\n" for label in labels)
        compare(dns.name.from_text("x."), text)

    def garbage():
        for page in ("00", "55504702" + "00" * 40):
            e = sqllib.refused(pg, "SELECT count(*) FROM page_records('\\x00'"
                               f", '\\x{page}')")
            assert "not a page" in str(e), e

    def zone_by_name():
        page, records = build(dns.name.from_text("example.com."), ZONE)
        other = sqllib.fixture()
        rows = sqllib.undone(other, f"""
UPDATE zone_page SET body = '\\x{page}';
SELECT set_config('understudy.tenant', '{sqllib.A}', true) \\g /dev/null
SET ROLE understudy_apid_app;
SELECT owner, type, rdata FROM zone_records('Example.COM.')""")
        assert len(rows) == len(records), rows
        assert rows[0][:2] == ["example.com.", "NS"] or \
            rows[0][1] in ("NS", "SOA"), rows[0]

    yield "common types, escapes, RFC 3597", common_types
    yield "the root zone", the_root
    yield "labels of any bytes", any_label
    yield "garbage is refused", garbage
    yield "zone_records by name, within a tenant", zone_by_name
