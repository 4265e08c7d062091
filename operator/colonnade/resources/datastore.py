"""`Datastore`: where a live database is, how to reach it, and what Colonnade may do there."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from colonnade.resources.common import (
    Column,
    Duration,
    Frozen,
    KeyName,
    KubeName,
    Line,
    Message,
    Names,
    Resource,
    Rule,
    Short,
    Status,
    columns,
)
from colonnade.resources.policy import DatastorePolicy

_PARTS = ("host", "port", "database", "username", "password")


class SecretKeys(Frozen):
    """What the keys of a connection Secret are called, where they have other names than operators and charts usually give."""

    rules = (
        Rule(
            "keys.uri is the whole address: name either it, or the keys of its parts (host, port, database, username, password)",
            cel="!has(self.uri) || !(" + " || ".join(f"has(self.{part})" for part in _PARTS) + ")",
            check=lambda self: self.uri is None or all(getattr(self, part) is None for part in _PARTS),
            at=".uri",
        ),
    )

    uri: KeyName | None = None
    """Key of the whole address (postgresql:// or mongodb://). By default uri, or what CloudNativePG, Crunchy, Zalando and
    servicebinding.io call it."""
    host: KeyName | None = None
    """Key of the host name. By default host."""
    port: KeyName | None = None
    """Key of the port. By default port."""
    database: KeyName | None = None
    """Key of the database's name. By default database or dbname."""
    username: KeyName | None = None
    """Key of the user's name. By default username or user."""
    password: KeyName | None = None
    """Key of the password. By default password."""


class ConnectionSecret(Frozen):
    """The Secret with the address and the credentials; a rotated one is used within seconds."""

    name: KubeName
    """Name of the Secret in the same namespace."""
    keys: SecretKeys | None = None
    """What its keys are called. By default the names that are usual are looked for."""


class CaRef(Frozen):
    """Where the certificate authority is kept."""

    name: KubeName
    """Name of the Secret in the same namespace."""
    key: KeyName = "ca.crt"
    """Key of the certificates, in PEM."""


class CertificateRef(Frozen):
    """Where the client certificate is kept."""

    name: KubeName
    """Name of a Secret of type kubernetes.io/tls (keys tls.crt and tls.key) in the same namespace."""


class Tls(Frozen):
    """How the connection is encrypted and the server recognised."""

    rules = (
        Rule(
            "tls.mode Disable uses no certificates: take caSecretRef and certificateSecretRef out, or set mode to VerifyFull",
            cel="!has(self.mode) || self.mode != 'Disable' || !(has(self.caSecretRef) || has(self.certificateSecretRef))",
            check=lambda self: self.mode != "Disable" or not (self.ca_secret_ref or self.certificate_secret_ref),
            at=".mode",
        ),
    )

    mode: Literal["Disable", "Require", "VerifyCA", "VerifyFull"] | None = None
    """Disable: no encryption. Require: encrypted, the server taken at its word. VerifyCA: its certificate is checked.
    VerifyFull: its host name too. By default what the address says, else VerifyFull; without tls at all what the address says,
    else the driver's way: encrypted if the server offers it, and not verified."""
    ca_secret_ref: CaRef | None = None
    """The authority that the server's certificate must come from. By default those of the system."""
    certificate_secret_ref: CertificateRef | None = None
    """The certificate to show to the server. By default none."""


class Connection(Frozen):
    """How to reach the database."""

    secret_ref: ConnectionSecret
    """The Secret with the address and the credentials."""
    tls: Tls | None = None
    """Encryption of the connection. By default verified in full."""


class Shadow(Frozen):
    """Another server for scratch databases."""

    secret_ref: ConnectionSecret
    """The Secret with its address; the user needs CREATEDB, the major version must be the target's."""


class DatastoreSpec(Frozen):
    """What is declared about one live database."""

    rules = (
        Rule(
            "engine cannot be changed: make another Datastore",
            cel="self.engine == oldSelf.engine",
            at=".engine",
        ),
        Rule(
            "shadow is for Postgres only: MongoDB needs no scratch database, take it out",
            cel="self.engine == 'Postgres' || !has(self.shadow)",
            check=lambda self: self.engine == "Postgres" or self.shadow is None,
            at=".shadow",
        ),
    )

    engine: Literal["Postgres", "MongoDB"]
    """The sort of database: Postgres (14 to 18) or MongoDB (6 to 8). It cannot be changed later."""
    connection: Connection
    """How to reach the database."""
    shadow: Shadow | None = None
    """Where Postgres schemas are tried out first. By default in scratch databases beside the target (needs CREATEDB)."""
    policy: DatastorePolicy = Field(default_factory=DatastorePolicy)
    """What Colonnade may do here on its own, and what waits for approval."""
    resync: Duration = "5m"
    """How often the database is looked at for drift, with a unit."""


class Server(Frozen):
    """What was found behind the address."""

    version: Short | None = None
    """The server's version."""
    tls: bool | None = None
    """Whether the connection is encrypted."""
    read_only: bool | None = None
    """Whether it takes no writes: a replica, or a user who may not write. Then only drift and status are reported."""
    facts: Annotated[dict[str, Line], Field(max_length=64)] = Field(default_factory=dict)
    """More of what the probe found, by name."""


class DatastoreStatus(Status):
    """How the database stands."""

    server: Server | None = None
    """What was found behind the address."""
    capabilities: Annotated[tuple[Short, ...], Field(max_length=64)] = ()
    """What Colonnade can do there with the privileges it has."""
    problems: Annotated[tuple[Message, ...], Field(max_length=64)] = ()
    """What is missing, each with the command that mends it."""
    managed_objects: int | None = None
    """How many objects the resources of this Datastore declare."""
    unmanaged_objects: int | None = None
    """How many objects no resource declares; they are left alone."""
    unmanaged: Annotated[tuple[Line, ...], Field(max_length=100)] = ()
    """Their names, the first 100."""
    fingerprint: Short | None = None
    """Hash of everything in the database when it was last read."""
    pending_plan: Short | None = None
    """Name of the MigrationPlan that waits, if any."""


class Datastore(Resource):
    """A live Postgres or MongoDB database that Colonnade may manage: where it is, how to reach it, what may be done there."""

    names: ClassVar[Names] = Names(
        plural="datastores",
        short="dst",  # not ds: kubectl would warn everyone who asks for DaemonSets that it could mean this, too
        columns=columns(
            Column("Engine", ".spec.engine"),
            Column("Version", ".status.server.version"),
            Column("Plan", ".status.pendingPlan", wide=True),
            Column("Drift", '.status.conditions[?(@.type=="Drifted")].status', wide=True),
        ),
        selectable=(".spec.engine",),
    )

    kind: Literal["Datastore"] = "Datastore"
    spec: DatastoreSpec
    """Where the database is, how to reach it, what may be done there."""
    status: DatastoreStatus = Field(default_factory=DatastoreStatus)
    """How the database stands; written by the operator."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """The names of the Secrets that it refers to."""
        tls = self.spec.connection.tls or Tls()
        parts: tuple[Any, ...] = (
            self.spec.connection.secret_ref,
            tls.ca_secret_ref,
            tls.certificate_secret_ref,
            self.spec.shadow and self.spec.shadow.secret_ref,
        )
        return tuple(dict.fromkeys(part.name for part in parts if part))
