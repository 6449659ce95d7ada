#!/usr/bin/python3
"""Write tests/unit/common/dns/tsig_vectors.h with dnspython as the oracle.

    /usr/bin/python3 tests/tools/make_tsig_vectors.py >tests/unit/common/dns/tsig_vectors.h

One exchange per algorithm at time NOW: a request, a single reply, and an answer
of four messages of which the second and third are not signed.
"""
import struct

import dns.message
import dns.name
import dns.rrset
import dns.tsig

NOW = 1_800_000_000
SECRET = bytes(range(1, 33))
ALGS = [("HMAC_SHA1", "hmac-sha1"), ("HMAC_SHA224", "hmac-sha224"),
        ("HMAC_SHA256", "hmac-sha256"), ("HMAC_SHA384", "hmac-sha384"),
        ("HMAC_SHA512", "hmac-sha512")]


def array(name, data):
    print(f"static const uint8_t {name}[] = {{")
    for i in range(0, len(data), 16):
        print("\t" + " ".join(f"0x{b:02x}," for b in data[i:i + 16]))
    print("};")


def append(wire, key, tsig):
    """The message with the TSIG record behind it."""
    out = bytearray(wire)
    struct.pack_into("!H", out, 10, struct.unpack_from("!H", out, 10)[0] + 1)
    rdata = tsig.to_wire()
    return bytes(out) + key.name.to_wire() + struct.pack(
        "!HHIH", 250, 255, 0, len(rdata)) + rdata


def empty_tsig(key, msg_id, error=0, other=b""):
    import dns.rdtypes.ANY.TSIG
    return dns.rdtypes.ANY.TSIG.TSIG(
        dns.rdataclass.ANY, dns.rdatatype.TSIG, key.algorithm, NOW, 300, b"",
        msg_id, error, other)


def answer(i):
    m = dns.message.make_query("example.", "AXFR", id=0x1234)
    m.flags = 0x8400
    m.answer.append(dns.rrset.from_text(
        f"n{i}.example.", 300, "IN", "A", f"192.0.2.{i}"))
    return m.to_wire()


print("/* Made by tests/tools/make_tsig_vectors.py with dnspython; do not edit. */")
print("#include <stdint.h>\n")
print(f"#define VECTOR_NOW UINT64_C({NOW})")
array("vector_secret", SECRET)
rows = []
for c, text in ALGS:
    key = dns.tsig.Key("Transfer.Key.Example.", SECRET, text)
    query = dns.message.make_query("example.", "AXFR", id=0x1234)
    query.flags = 0
    plain = query.to_wire()
    sig, _ = dns.tsig.sign(plain, key, empty_tsig(key, 0x1234), NOW, b"")
    request_mac = sig.mac
    array(f"request_{c}", plain)
    array(f"request_signed_{c}", append(plain, key.__class__("transfer.key.example.", SECRET, text), sig))
    one = answer(1)
    sig, _ = dns.tsig.sign(one, key, empty_tsig(key, 0x1234), NOW + 2, request_mac)
    array(f"reply_{c}", append(one, key, sig))
    # A reply with BADTIME: signed, our time, the server's clock as other data.
    sig, _ = dns.tsig.sign(one, key, empty_tsig(
        key, 0x1234, 18, struct.pack("!HI", 0, NOW + 4000)), NOW, request_mac)
    array(f"badtime_{c}", append(one, key, sig))
    # An answer of four messages.
    m = [answer(i) for i in range(1, 5)]
    sig, ctx = dns.tsig.sign(m[0], key, empty_tsig(key, 0x1234), NOW, request_mac, None, True)
    array(f"stream0_{c}", append(m[0], key, sig))
    for i in (1, 2):
        array(f"stream{i}_{c}", m[i])
        ctx.update(m[i])
    sig, ctx = dns.tsig.sign(m[3], key, empty_tsig(key, 0x1234), NOW + 1, None, ctx, True)
    array(f"stream3_{c}", append(m[3], key, sig))
    rows.append(c)
print("""
struct vector {
	int alg;
	const uint8_t *request, *request_signed, *reply, *badtime, *stream[4];
	size_t request_len, request_signed_len, reply_len, badtime_len;
	size_t stream_len[4];
};
""")
print("static const struct vector vectors[] = {")
for c in rows:
    s = ", ".join(f"stream{i}_{c}" for i in range(4))
    n = ", ".join(f"sizeof(stream{i}_{c})" for i in range(4))
    print(f"\t{{ TSIG_{c}, request_{c}, request_signed_{c}, reply_{c}, badtime_{c},\n"
          f"\t  {{ {s} }}, sizeof(request_{c}),\n\t  sizeof(request_signed_{c}), sizeof(reply_{c}),\n"
          f"\t  sizeof(badtime_{c}),\n\t  {{ {n} }} }},")
print("};")
