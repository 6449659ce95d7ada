"""Zone texts that the end-to-end tests publish on real primaries."""

import os
import subprocess


def odd_zone(apex, serial, extra=""):
    """A zone with most shapes that a secondary meets, unsigned."""
    return f"""$ORIGIN {apex}.
$TTL 3600
@ IN SOA ns1 hostmaster {serial} 3600 600 86400 300
@ IN NS ns1
@ IN NS ns2
@ IN MX 10 mail
@ IN MX 20 mail.elsewhere.test.
@ IN TXT "v=spf1 -all" "second string"
@ IN CAA 0 issue "ca.example.net"
ns1 IN A 192.0.2.1
ns1 IN AAAA 2001:db8::1
ns2 IN A 192.0.2.2
mail IN A 192.0.2.25
www IN CNAME web
web IN A 192.0.2.80
web IN AAAA 2001:db8::80
chain IN CNAME chain2
chain2 IN CNAME www
loop1 IN CNAME loop2
loop2 IN CNAME loop1
dangling IN CNAME not-there
outside IN CNAME www.elsewhere.test.
*.wild IN A 192.0.2.99
*.wild IN TXT "from a wildcard"
exact.wild IN A 192.0.2.98
*.cwild IN CNAME web
a.deep.ent IN A 192.0.2.50
moved IN DNAME target
host.target IN A 192.0.2.60
sub IN NS ns.sub
sub IN NS ns1
ns.sub IN A 192.0.2.70
other IN NS ns.other-hoster.test.
_sip._tcp IN SRV 10 60 5060 web
svc IN HTTPS 1 . alpn="h2,h3" ipv4hint=192.0.2.80
odd IN TYPE65400 \\# 4 01020304
many IN TXT "0"
""" + "".join(f'many IN TXT "record number {i} of a set that needs TCP"\n'
              for i in range(60)) + "\\000weird\\.label IN A 192.0.2.51\n" + extra


def simple_zone(apex, serial, n=3, extra=""):
    """A small ordinary zone with @n hosts."""
    return (f"$ORIGIN {apex}.\n$TTL 300\n"
            f"@ IN SOA ns1 hostmaster {serial} 3600 600 86400 300\n"
            f"@ IN NS ns1\nns1 IN A 192.0.2.1\n"
            + "".join(f"host{i} IN A 192.0.2.{i % 250 + 1}\n"
                      for i in range(n)) + extra)


def sign(apex, text, workdir, nsec3=False):
    """Sign with BIND's tools; returns the signed zone's text.

    Keys are made once per (workdir, apex), so a re-signed zone keeps them.
    """
    keydir = os.path.join(workdir, "keys-" + apex)
    os.makedirs(keydir, exist_ok=True)
    if not any(f.endswith(".key") for f in os.listdir(keydir)):
        for flags in ([], ["-f", "KSK"]):
            subprocess.run(["dnssec-keygen", "-q", "-a", "ECDSAP256SHA256",
                            "-K", keydir] + flags + [apex], check=True,
                           stdout=subprocess.DEVNULL)
    src = os.path.join(workdir, apex + ".unsigned")
    out = os.path.join(workdir, apex + ".signed")
    with open(src, "w") as f:
        f.write(text)
    cmd = ["dnssec-signzone", "-q", "-S", "-K", keydir, "-d", keydir,
           "-o", apex, "-O", "full", "-f", out]
    if nsec3:
        cmd += ["-3", "aabbccdd", "-H", "5"]
    subprocess.run(cmd + [src], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, cwd=keydir)
    with open(out) as f:
        return f.read()
