"""A certificate authority for a control plane that lives as long as its folder."""

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key = ec.EllipticCurvePrivateKey
VALID, SKEW = timedelta(days=3650), timedelta(days=1)
USAGE = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH])
CA_USAGE = x509.KeyUsage(
    key_cert_sign=True, crl_sign=True, digital_signature=True, content_commitment=False, key_encipherment=False,
    data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
)  # fmt: skip


@dataclass(frozen=True)
class Authority:
    """Writes NAME.key and NAME.crt into `folder`; a pair that is there already is left as it is."""

    folder: Path

    def create(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not (self.folder / "ca.crt").exists():
            key, name = self._new_key("ca"), _name("colonnade-test-ca")
            constraints = x509.BasicConstraints(ca=True, path_length=None)
            builder = _builder(name, name, key).add_extension(constraints, critical=True)
            self._sign("ca", builder.add_extension(CA_USAGE, critical=True), key)

    def issue(self, file: str, user: str, group: str | None = None, hosts: tuple[str, ...] = ()) -> None:
        """For a client named `user` in `group`, or a server reached as one of `hosts`."""
        if (self.folder / f"{file}.crt").exists():
            return
        authority = x509.load_pem_x509_certificate((self.folder / "ca.crt").read_bytes())
        builder = _builder(_name(user, group), authority.subject, self._new_key(file))
        builder = builder.add_extension(USAGE, critical=False)
        if hosts:
            names = x509.SubjectAlternativeName([_host(each) for each in hosts])
            builder = builder.add_extension(names, critical=False)
        self._sign(file, builder, self._key("ca"))

    def key_pair(self, file: str) -> None:
        """A key without a certificate: it signs ServiceAccount tokens."""
        if not (self.folder / f"{file}.pub").exists():
            public = self._new_key(file).public_key()
            pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
            (self.folder / f"{file}.pub").write_bytes(pem)

    def _new_key(self, file: str) -> Key:
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (self.folder / f"{file}.key").write_bytes(pem)
        return key

    def _key(self, file: str) -> Key:
        key = serialization.load_pem_private_key((self.folder / f"{file}.key").read_bytes(), password=None)
        assert isinstance(key, Key)
        return key

    def _sign(self, file: str, builder: x509.CertificateBuilder, key: Key) -> None:
        signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
        builder = builder.add_extension(signer, critical=False)
        pem = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        (self.folder / f"{file}.crt").write_bytes(pem)


def _builder(subject: x509.Name, issuer: x509.Name, key: Key) -> x509.CertificateBuilder:
    """The key identifiers are what Python 3.13 and newer insist on."""
    now, public = datetime.now(UTC), key.public_key()
    builder = x509.CertificateBuilder(subject_name=subject, issuer_name=issuer, public_key=public)
    builder = (
        builder.serial_number(x509.random_serial_number()).not_valid_before(now - SKEW).not_valid_after(now + VALID)
    )
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)


def _name(user: str, group: str | None = None) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, user)]
    if group is not None:
        parts.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, group))
    return x509.Name(parts)


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
