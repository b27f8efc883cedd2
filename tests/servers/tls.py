"""Certificates made for a test, and TLS in front of a server that speaks none itself."""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import select
import socket
import ssl
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


class Authority:
    """Signs certificates, and keeps everything as PEM files in a directory.

    `ca` is the path of its own certificate. `issue(name, hosts=)` gives the paths (certificate, key); with
    `named` false the name is no common name, which some servers take for a user's.
    """

    def __init__(self, directory, name="test authority"):
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        made = self._builder(self._name, self._key).add_extension(x509.BasicConstraints(True, None), True)
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        made = made.add_extension(usage, True)
        self.ca = self._keep("ca.pem", made.sign(self._key, hashes.SHA256()))

    def issue(self, name, *, hosts=("127.0.0.1",), named=True):
        key = ec.generate_private_key(ec.SECP256R1())
        attribute = x509.NameOID.COMMON_NAME if named else x509.NameOID.ORGANIZATION_NAME
        subject = x509.Name([x509.NameAttribute(attribute, name)])
        names = x509.SubjectAlternativeName([_host(host) for host in hosts])
        made = self._builder(subject, key).add_extension(names, False)
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        made = made.add_extension(authority, False)
        certificate = self._keep(f"{name}.pem", made.sign(self._key, hashes.SHA256()))
        private = self._directory / f"{name}.key"
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        private.chmod(0o600)
        return certificate, private

    def _builder(self, subject, key):
        now = dt.datetime.now(dt.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=7))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        )

    def _keep(self, name, certificate):
        path = self._directory / name
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return path


def make_certificates(directory):
    """Writes `ca.crt`, `server.crt`, `server.key`, `client.crt` and `client.key`, for the loopback alone.

    The client's has no common name: etcd's gateway refuses one where passwords are asked for.
    """
    authority = Authority(directory)
    authority.ca.rename(directory / "ca.crt")
    for name in ("server", "client"):
        hosts = ("127.0.0.1", "localhost")
        certificate, _ = authority.issue(name, hosts=hosts, named=name == "server")
        certificate.rename(directory / f"{name}.crt")


class TlsFront:
    """Listens on `port` of the loopback, speaks TLS there and plainly to `target`, as stunnel does.

    With `client_ca`, clients have to show a certificate of that authority.
    """

    def __init__(self, target, certificate, key, *, client_ca=None):
        self.target = target
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        if client_ca:
            self._context.verify_mode = ssl.CERT_REQUIRED
            self._context.load_verify_locations(client_ca)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        """One thread for both ways: a TLS connection is not for two at once."""
        with contextlib.closing(client), contextlib.suppress(OSError):
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with (
                self._context.wrap_socket(client, server_side=True) as inside,
                socket.create_connection(("127.0.0.1", self.target)) as server,
            ):
                _relay(inside, server)


def _relay(inside, server):
    while True:
        ready = [inside] if inside.pending() else select.select([inside, server], [], [])[0]
        for end, other in ((inside, server), (server, inside)):
            if end in ready:
                data = end.recv(65536)
                if not data:
                    return
                other.sendall(data)


def _host(host):
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
