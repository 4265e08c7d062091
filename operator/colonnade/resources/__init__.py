"""What teams declare: one frozen model per custom resource, and the CRDs that are generated from them.

Here bad wishes are refused early, with the field they stand in. Nothing here knows a driver, Kopf or the Kubernetes client.
"""

from colonnade.resources.common import GROUP, VERSION, Duration, Resource, duration, seconds
from colonnade.resources.datastore import Datastore, DatastoreSpec, DatastoreStatus
from colonnade.resources.documents import Document, documents, load_all
from colonnade.resources.migration_plan import MigrationPlan, MigrationPlanSpec, MigrationPlanStatus, MigrationSteps
from colonnade.resources.mongo_schema import MongoSchema, MongoSchemaSpec
from colonnade.resources.parse import RESOURCES, AnyResource, InvalidResource, Problem, build, load, unknown_fields
from colonnade.resources.policy import DatastorePolicy
from colonnade.resources.postgres_schema import PostgresSchema, PostgresSchemaSpec
from colonnade.resources.schema_status import SchemaStatus

__all__ = [
    "GROUP",
    "RESOURCES",
    "VERSION",
    "AnyResource",
    "Datastore",
    "DatastorePolicy",
    "DatastoreSpec",
    "DatastoreStatus",
    "Document",
    "Duration",
    "InvalidResource",
    "MigrationPlan",
    "MigrationPlanSpec",
    "MigrationPlanStatus",
    "MigrationSteps",
    "MongoSchema",
    "MongoSchemaSpec",
    "PostgresSchema",
    "PostgresSchemaSpec",
    "Problem",
    "Resource",
    "SchemaStatus",
    "build",
    "documents",
    "duration",
    "load",
    "load_all",
    "seconds",
    "unknown_fields",
]
