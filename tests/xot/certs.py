"""Certificates of every kind, made when they are needed."""

import base64
import datetime
import hashlib
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)
SERVER, CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, \
    ExtendedKeyUsageOID.CLIENT_AUTH


class Cert:
    """A certificate and its key; `chain` is what a server shows with it."""

    def __init__(self, name, issuer=None, names=(), days=(-1, 30), ca=False,
                 use=SERVER, rsa_bits=0, key=None, permitted=None):
        self.key = key or (
            rsa.generate_private_key(65537, rsa_bits) if rsa_bits else
            ec.generate_private_key(ec.SECP256R1()))
        now = datetime.datetime.utcnow()
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        build = x509.CertificateBuilder().subject_name(subject) \
            .issuer_name(issuer.cert.subject if issuer else subject) \
            .public_key(self.key.public_key()) \
            .serial_number(x509.random_serial_number()) \
            .not_valid_before(now + days[0] * DAY) \
            .not_valid_after(now + days[1] * DAY) \
            .add_extension(x509.BasicConstraints(ca, None), True)
        if names:
            build = build.add_extension(x509.SubjectAlternativeName(
                [self.general(n) for n in names]), False)
        if use is not None and not ca:
            build = build.add_extension(x509.ExtendedKeyUsage([use]), False)
        if permitted:
            build = build.add_extension(x509.NameConstraints(
                [x509.DNSName(permitted)], None), True)
        self.cert = build.sign((issuer or self).key, hashes.SHA256())
        self.pem = self.cert.public_bytes(
            serialization.Encoding.PEM).decode()
        self.key_pem = self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption()).decode()
        self.chain = self.pem + (issuer.chain if issuer and issuer.issuer
                                 else "")
        self.issuer = issuer

    @staticmethod
    def general(name):
        try:
            return x509.IPAddress(ipaddress.ip_address(name))
        except ValueError:
            return x509.DNSName(name)

    @property
    def spki(self):
        return hashlib.sha256(self.key.public_key().public_bytes(
            serialization.Encoding.DER,
            serialization.PublicFormat.SubjectPublicKeyInfo)).digest()

    @property
    def pin(self):
        return "sha256/" + base64.b64encode(self.spki).decode()
