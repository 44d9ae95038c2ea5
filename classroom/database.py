"""Connections: SQLite in one file or in memory, or PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, insert, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.pool import StaticPool
from sqlalchemy.sql import Select

from classroom.place import MEMORY, SERVERS
from classroom.schema import METADATA

PATIENCE = 10  # seconds that SQLite waits for another process that writes
LOCK = 7_370_001  # any number: replicas that start at once make the tables one after the other


class Database:
    """Transactions in one place. `at_once` are worth having side by side: SQLite lets one write at a time."""

    def __init__(self, place: str) -> None:
        self.on_server = place.startswith(SERVERS)
        self.at_once = 8 if self.on_server else 1
        self._turns = BoundedSemaphore(self.at_once)
        self._engine = _server(place) if self.on_server else _file(place)
        with self.writing() as db:
            if self.on_server:
                db.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
            METADATA.create_all(db)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self._turns, self._engine.begin() as db:
            yield db

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Committed when the block ends, rolled back when it raises."""
        with self._turns, self._engine.connect() as db:
            with db.execution_options(begin="BEGIN IMMEDIATE").begin():
                yield db

    def locked(self, query: Select, alone: bool) -> Select:
        """Hold the rows until the transaction ends: `alone`, or beside others that hold them so too. SQLite holds all."""
        return query.with_for_update(read=not alone) if self.on_server else query

    def put(self, db: Connection, table: Any, row: dict[str, Any]) -> None:
        """Insert the row, or set its other columns where its key is there."""
        make = postgresql.insert if self.on_server else sqlite.insert
        keys = [column.name for column in table.primary_key]
        values = {name: value for name, value in row.items() if name not in keys}
        db.execute(make(table).values(row).on_conflict_do_update(index_elements=keys, set_=values))

    def put_all(self, db: Connection, table: Any, rows: list[dict[str, Any]], value: str) -> None:
        """The same for many rows, in one statement; `value` names the one column that is no key."""
        new = (postgresql.insert if self.on_server else sqlite.insert)(table).values(rows)
        keys = [column.name for column in table.primary_key]
        db.execute(new.on_conflict_do_update(index_elements=keys, set_={value: new.excluded[value]}))

    def add(self, db: Connection, table: Any, row: dict[str, Any]) -> None:
        db.execute(insert(table).values(row))

    def close(self) -> None:
        self._engine.dispose()


def _server(place: str) -> Engine:
    """A connection that the server has closed meanwhile is noticed before it is used."""
    url = make_url(place).set(drivername="postgresql+psycopg")
    return create_engine(
        url, hide_parameters=True, pool_size=8, max_overflow=0, pool_pre_ping=True, connect_args={"connect_timeout": 5}
    )


def _file(place: str) -> Engine:
    if place == MEMORY:
        engine = create_engine(
            "sqlite://", hide_parameters=True, poolclass=StaticPool, connect_args={"check_same_thread": False}
        )
    else:
        engine = create_engine(f"sqlite:///{place}", hide_parameters=True, connect_args={"timeout": PATIENCE})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _: object) -> None:
    connection.isolation_level = None  # sqlite3 begins no transactions of its own
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")  # NORMAL keeps what is committed when the process is killed


def _begin(db: Connection) -> None:
    db.exec_driver_sql(db.get_execution_options().get("begin", "BEGIN"))
