"""SQLite driver of the store: one append-only table in one file.  Knows no kinds; nothing else opens its file."""

from fairway.store.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
