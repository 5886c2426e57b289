"""The database: one engine, explicit transactions, the same statements on SQLite and PostgreSQL.

Every function of the product that touches the database takes the ``connection`` of a transaction begun here.
On SQLite a writing transaction is ``BEGIN IMMEDIATE``: with plain ``BEGIN`` most concurrent read-modify-writes fail
or are lost (docs/decisions).
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from pydantic_core import to_json
from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    Transaction,
    bindparam,
    event,
    func,
    or_,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

from app.config import Settings
from app.errors import WriteOptionIgnored

WRITE_OPTION = "rollcall_write"
BUSY_TIMEOUT_MS = 30_000
#: A connection to PostgreSQL that was not used for so long is tested before it is used again.
REST_SECONDS = 1.0
#: Keys of what is remembered with a pooled connection.
_BEGIN, _RESTS_SINCE = "rollcall.begin", "rollcall.rests_since"


class Model(DeclarativeBase):
    """Base of every table class; constraint names follow one convention, as batch migrations need."""

    __table__: ClassVar[Table]
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


db = SQLAlchemy(metadata=Model.metadata)

#: Text that is compared and sorted byte by byte on both databases (the order of Python's ``str``).
Key = Text().with_variant(Text(collation="C"), "postgresql")
#: An instant of ``app.clock``.
InstantText = String(27).with_variant(String(27, collation="C"), "postgresql")
#: A UUID in text form.
IdText = String(36).with_variant(String(36, collation="C"), "postgresql")
#: JSON that is only read back, never searched: text on both databases, written and read as text.
JsonText = Text
#: JSON that filters look into.
SearchJson = Text().with_variant(JSONB(), "postgresql")
Blob = LargeBinary
#: For small rows under a composite key: SQLite then keeps the table in its key, one tree to write instead of two.
CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False}


class Json(TypeDecorator[Any]):
    """A small JSON value in a text column, as a Python object on this side."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> str | None:
        """Return the value as text; ``None`` stays NULL."""
        return (
            None
            if value is None
            else json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        )

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        """Return the Python object of the stored text."""
        return None if value is None else json.loads(value)


class _ListOf(TypeDecorator[Any]):
    """A list as one parameter: an array on PostgreSQL, JSON text on SQLite."""

    impl = Text
    cache_ok = True

    def __init__(self, item: type[TypeEngine[Any]]) -> None:
        super().__init__()
        self.item = item

    def load_dialect_impl(self, dialect: Any) -> TypeEngine[Any]:
        """Return the type that the driver gets."""
        is_array = dialect.name == "postgresql"
        kind: TypeEngine[Any] = postgresql.ARRAY(self.item) if is_array else Text()
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        """Return the list as the driver takes it."""
        return list(value) if dialect.name == "postgresql" else json.dumps(list(value))


class _OneOf(FunctionElement[bool]):
    name = "one_of"
    inherit_cache = True
    type = Boolean()
    #: Else SQLAlchemy writes "… = 1" on SQLite, which no index helps with.
    _is_implicitly_boolean = True


@compiles(_OneOf)
def _one_of_array(element: _OneOf, compiler: Any, **options: Any) -> str:
    column, listed = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} = ANY ({listed})"


@compiles(_OneOf, "sqlite")
def _one_of_json(element: _OneOf, compiler: Any, **options: Any) -> str:
    column, listed = element.clauses
    found = func.json_each(listed).table_valued("value")
    return str(compiler.process(column.in_(select(found.c.value)), **options))


def one_of(column: ColumnElement[Any], listed: str | Collection[Any]) -> ColumnElement[bool]:
    """The condition that a column holds one of some texts, or numbers.

    ``listed`` are the values, or the name of the parameter that is their list. The statement stays the same however
    long the list, and there is no longest one: with ``IN`` and a parameter for each value, PostgreSQL takes 65,535, and
    SQLAlchemy and the driver write and read the statement anew for every call, which took a tenth of a push.
    """
    kind = _ListOf(BigInteger if isinstance(column.type, Integer) else Text)
    if isinstance(listed, str):
        return _OneOf(column, bindparam(listed, type_=kind))
    return _OneOf(column, bindparam(None, list(listed), type_=kind))


def init_database(app: Flask, settings: Settings) -> None:
    """Join the database to the application: engine options, pragmas and transaction modes."""
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    # An error that names its parameters would carry people's data into the log.
    # Filters of clients come in endless forms: each compiled one is kept, up to so many.
    options: dict[str, Any] = {
        "hide_parameters": True,
        "query_cache_size": 200,
        "pool_size": 20,
        "max_overflow": 20,
    }
    if settings.is_sqlite:
        options["connect_args"] = {"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000}
    else:
        options["isolation_level"] = "AUTOCOMMIT"
        options["json_serializer"] = lambda value: to_json(value).decode()
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options
    db.init_app(app)
    with app.app_context():
        engine = db.engine
    # A listener for "begin" would do the same, and cost every checkout 19 µs: all events of a connection wake up then.
    engine.dialect.do_begin = _begin  # type: ignore[assignment]
    if settings.is_sqlite:
        _prepare_sqlite(engine, settings.sqlite_synchronous)
    else:
        _test_rested_connections(engine)


def _begin(connection: Any) -> None:
    """Begin a transaction on a pooled connection, whose driver begins none by itself; the dialect calls it."""
    statement = connection.info.pop(_BEGIN, "BEGIN")
    if statement:
        cursor = connection.cursor()
        cursor.execute(statement)
        cursor.close()


def _begun(connection: Connection, statement: str) -> Transaction:
    """Return the connection's transaction, begun with ``statement``; with none when that is empty."""
    connection.connection.info[_BEGIN] = statement
    return connection.begin()


def _prepare_sqlite(engine: Engine, synchronous: str) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout = {BUSY_TIMEOUT_MS}",
            "journal_mode = WAL",
            f"synchronous = {synchronous.upper()}",
            "foreign_keys = ON",
            "cache_size = -16384",
            "temp_store = MEMORY",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()


def _test_rested_connections(engine: Engine) -> None:
    """Have connections tested that lay in the pool for a while: the server, or a firewall, may have closed them.

    ``pool_pre_ping`` would test each at every use, which costs a request a round trip.
    """

    @event.listens_for(engine, "checkin")
    def on_checkin(_connection: object, record: Any) -> None:
        record.info[_RESTS_SINCE] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def on_checkout(connection: Any, record: Any, _proxy: object) -> None:
        rests_since = record.info.get(_RESTS_SINCE)
        if rests_since is None or time.monotonic() - rests_since < REST_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error


def begin_writing(connection: Connection) -> Transaction:
    """Return a writing transaction on a connection that is in none yet."""
    return _begun(
        connection.execution_options(**{WRITE_OPTION: True}),
        "BEGIN IMMEDIATE" if is_sqlite(connection) else "BEGIN",
    )


@contextmanager
def writing() -> Iterator[Connection]:
    """Give a connection in a writing transaction; commits at the end, rolls back on any exception."""
    with db.engine.connect() as connection, begin_writing(connection):
        yield connection


@contextmanager
def reading() -> Iterator[Connection]:
    """Give a connection for reading: on SQLite what it reads belongs to one moment.

    On PostgreSQL each statement of a READ COMMITTED transaction sees a moment of its own, with or without a BEGIN: so
    there is none, which saves two round trips.
    """
    with db.engine.connect() as connection, _begun(connection, "BEGIN" if is_sqlite(connection) else ""):
        yield connection


@contextmanager
def reading_once() -> Iterator[Connection]:
    """Give a connection for a single SELECT, without a transaction around it (0.6 × the time on PostgreSQL)."""
    with db.engine.connect() as connection:
        _begun(connection, "")
        yield connection


_GROWN = text(
    "SELECT relname FROM pg_stat_user_tables WHERE schemaname = current_schema() "
    "AND n_mod_since_analyze > 500 AND n_mod_since_analyze > n_live_tup / 2"
)


def refresh_statistics() -> list[str]:
    """Have PostgreSQL look anew at tables that have changed by half since it last did; return their names.

    Its own upkeep does so within a minute or two. Until then a table that has just been filled is planned for as if it
    were empty, by whichever index comes first: that cost the first push of 10,000 people five times its time.
    SQLite needs none of it.
    """
    with reading_once() as connection:
        if is_sqlite(connection):
            return []
        grown = list(connection.scalars(_GROWN))
        for name in grown:
            connection.execute(text(f"ANALYZE {connection.dialect.identifier_preparer.quote(name)}"))
    return grown


def plan_for_values(connection: Connection) -> None:
    """Have PostgreSQL plan the statements of this transaction for the very lists that they are given.

    One that was asked a few times with short lists is else planned once and for all as if every list were short; what
    decides about a whole organisation at once then compares everybody with everybody. SQLite needs none of it.
    """
    if not is_sqlite(connection):
        connection.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))


def require_writing(connection: Connection) -> None:
    """Raise ``WriteOptionIgnored`` when the connection is not in a transaction begun by :func:`writing`."""
    if not connection.get_execution_options().get(WRITE_OPTION, False):
        raise WriteOptionIgnored(
            "A write was attempted in a reading transaction; begin it with database.writing()."
        )


def is_sqlite(connection: Connection) -> bool:
    """True on SQLite, False on PostgreSQL."""
    return connection.dialect.name == "sqlite"


def has_text(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """The condition that a text stands in a column, in whatever case.

    SQLite knows the case of ASCII letters only, and so does PostgreSQL in a column that is sorted byte by byte: other
    letters are looked for as they were typed, in small letters, in capitals, and as names begin.
    """
    spellings = {text} if text.isascii() else {text, text.lower(), text.upper(), text.title()}
    return or_(*(column.icontains(each, autoescape=True) for each in sorted(spellings)))


def upsert(connection: Connection, table: Table) -> Any:
    """Return the dialect's INSERT for ``table``, which knows ``on_conflict_do_update`` and ``…_do_nothing``."""
    return sqlite.insert(table) if is_sqlite(connection) else postgresql.insert(table)
