"""The reviewer's store: screenings as they were written, decisions appended, an audit log that shows tampering.

    ingest        a workspace's screenings and documents into the store
    reviews       who holds a packet, decisions, second review, adjudication
    worksheets    finishing a review, what came out of it, the frozen worksheets
    access        accounts, sessions, one-time links, which packets a viewer may see
    audit         the keyed hash chain
    backup        the whole store into one folder, and back

The only door to SQLAlchemy and Alembic. SQLite by default, PostgreSQL by address.
"""

from pipeline.store.database import Store, Transaction, open_store

__all__ = ["Store", "Transaction", "open_store"]
