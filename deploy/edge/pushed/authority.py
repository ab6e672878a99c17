"""Makes a swarm's keys: a throw-away CA and one certificate a peer, in memory; the CA's own key is never written."""

from __future__ import annotations

import datetime
from typing import Dict, Iterable, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from peer.core.certificate import common_name

CLOCK_SKEW = datetime.timedelta(days=2)  # by which hosts' clocks may be wrong
LIFETIME = datetime.timedelta(days=30)


class PeerKeys(NamedTuple):
    """What one peer's folder `keys_<id>` holds, as PEM."""

    ca: bytes
    cert: bytes
    key: bytes


def make_keys(peer_ids: Iterable[int], now: datetime.datetime) -> Dict[int, PeerKeys]:
    """Keys for the peers of one swarm, by ID. `now`: an aware time; keys of two calls don't trust one another."""
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca = _certificate("weft swarm", ca_key, "weft swarm", ca_key, now, authority=True)
    ca_pem = ca.public_bytes(serialization.Encoding.PEM)
    return {peer: _peer_keys(peer, ca_key, ca_pem, now) for peer in peer_ids}


def _peer_keys(peer: int, ca_key: ec.EllipticCurvePrivateKey, ca_pem: bytes, now: datetime.datetime) -> PeerKeys:
    key = ec.generate_private_key(ec.SECP256R1())
    cert = _certificate(common_name(peer), key, "weft swarm", ca_key, now, authority=False)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return PeerKeys(ca_pem, cert.public_bytes(serialization.Encoding.PEM), private)


def _certificate(
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    now: datetime.datetime,
    authority: bool,
) -> x509.Certificate:
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=authority, crl_sign=authority, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=0 if authority else None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    return builder.sign(issuer_key, hashes.SHA256())


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
