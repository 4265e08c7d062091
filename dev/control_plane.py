"""A real Kubernetes control plane on loopback: etcd, kube-apiserver and kube-controller-manager; RBAC is on.

There is no node, so no Pod ever runs; everything else does: CRDs, admission, ServiceAccount tokens, garbage collection.
"""

import base64
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from dev.certificates import Authority
from dev.process import Server, free_ports, stop_all

HOSTS = ("127.0.0.1", "10.96.0.1", "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc")
ADMIN, CONTROLLERS = "admin", "kube-controller-manager"


@dataclass(frozen=True)
class ControlPlane:
    """Data, keys, logs and pids in `folder`. A folder of programs without a controller manager (envtest) does too."""

    folder: Path
    programs: Path

    @property
    def kubeconfig(self) -> Path:
        return self.folder / f"{ADMIN}.kubeconfig"

    @property
    def has_controllers(self) -> bool:
        """Whether anyone deletes orphans and namespaces and makes ServiceAccounts called default."""
        return (self.programs / CONTROLLERS).exists()

    def start(self) -> None:
        """Make it if it is not there, start what does not run, and wait until it serves."""
        self._prepare()
        if self._server("etcd").pid is None:
            self._server("etcd").start([self.programs / "etcd", *self._etcd()])
        self.start_api_server()
        if self.has_controllers and self._server(CONTROLLERS).pid is None:
            # not before the API server has its RBAC rules: it would be refused, and give up
            self._server(CONTROLLERS).start([self.programs / CONTROLLERS, *self._controllers()])
            self._server(CONTROLLERS).wait(lambda: self._serves("/api/v1/namespaces/default/serviceaccounts/default"))

    def start_api_server(self) -> None:
        server = self._server("kube-apiserver")
        if server.pid is None:
            server.start([self.programs / server.name, *self._api_server()])
        server.wait(lambda: self._serves("/readyz"))

    def stop_api_server(self) -> None:
        self._server("kube-apiserver").stop()

    def stop(self) -> None:
        stop_all(self.folder)

    def _server(self, name: str) -> Server:
        """The API server would wait a minute for open watches; a second is enough, for all it knows is in etcd."""
        return Server(name, self.folder, grace=1)

    def _prepare(self) -> None:
        keys = Authority(self.folder / "keys")
        keys.create()
        keys.issue("kube-apiserver", "kube-apiserver", hosts=HOSTS)
        keys.issue(ADMIN, ADMIN, group="system:masters")
        keys.issue(CONTROLLERS, f"system:{CONTROLLERS}")
        keys.key_pair("service-accounts")
        if not (self.folder / "ports").exists():
            (self.folder / "ports").write_text(" ".join(str(port) for port in free_ports(3)))
        for user in (ADMIN, CONTROLLERS):
            self._write_kubeconfig(user)

    def _ports(self) -> list[str]:
        """API server, etcd for clients, etcd for peers: kept over restarts."""
        return (self.folder / "ports").read_text().split()

    def _address(self) -> str:
        return f"https://127.0.0.1:{self._ports()[0]}"

    def _key(self, name: str) -> Path:
        return self.folder / "keys" / name

    def _etcd(self) -> list[str]:
        client, peer = (f"http://127.0.0.1:{port}" for port in self._ports()[1:])
        return [
            f"--data-dir={self.folder / 'etcd'}", "--unsafe-no-fsync", "--log-level=warn",
            f"--listen-client-urls={client}", f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}", f"--initial-cluster=default={peer}",
        ]  # fmt: skip

    def _api_server(self) -> list[str]:
        api, etcd, _ = self._ports()
        return [
            f"--secure-port={api}", "--bind-address=127.0.0.1", f"--etcd-servers=http://127.0.0.1:{etcd}",
            # loopback cannot be advertised; nobody uses this address, for no endpoints are reconciled
            "--advertise-address=192.0.2.1", "--endpoint-reconciler-type=none",
            "--authorization-mode=Node,RBAC", "--service-cluster-ip-range=10.96.0.0/16",
            f"--client-ca-file={self._key('ca.crt')}",
            f"--tls-cert-file={self._key('kube-apiserver.crt')}",
            f"--tls-private-key-file={self._key('kube-apiserver.key')}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-signing-key-file={self._key('service-accounts.key')}",
            f"--service-account-key-file={self._key('service-accounts.pub')}",
        ]  # fmt: skip

    def _controllers(self) -> list[str]:
        return [
            f"--kubeconfig={self.folder / f'{CONTROLLERS}.kubeconfig'}", "--leader-elect=false", "--secure-port=0",
            "--use-service-account-credentials", f"--root-ca-file={self._key('ca.crt')}",
            f"--service-account-private-key-file={self._key('service-accounts.key')}",
        ]  # fmt: skip

    def _serves(self, path: str) -> bool:
        context = ssl.create_default_context(cafile=self._key("ca.crt"))
        context.load_cert_chain(self._key(f"{ADMIN}.crt"), self._key(f"{ADMIN}.key"))
        try:
            with urllib.request.urlopen(self._address() + path, context=context, timeout=5) as answer:
                return bool(answer.status == 200)
        except urllib.error.URLError as error:
            if isinstance(error.reason, ssl.SSLCertVerificationError):
                raise error.reason from None  # waiting will not mend it
            return False
        except OSError:
            return False

    def _write_kubeconfig(self, user: str) -> None:
        path = self.folder / f"{user}.kubeconfig"
        path.touch(mode=0o600)
        path.write_text(KUBECONFIG.format(
            server=self._address(), user=user, ca=_base64(self._key("ca.crt")),
            certificate=_base64(self._key(f"{user}.crt")), key=_base64(self._key(f"{user}.key")),
        ))  # fmt: skip


KUBECONFIG = """\
apiVersion: v1
kind: Config
current-context: colonnade
contexts: [{{name: colonnade, context: {{cluster: colonnade, user: {user}}}}}]
clusters: [{{name: colonnade, cluster: {{server: "{server}", certificate-authority-data: {ca}}}}}]
users: [{{name: {user}, user: {{client-certificate-data: {certificate}, client-key-data: {key}}}}}]
"""


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
