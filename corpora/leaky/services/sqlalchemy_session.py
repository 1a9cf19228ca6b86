# SPDX-License-Identifier: MIT
"""One SQLAlchemy session for the whole service: what it has loaded stays in use by a list."""

import sqlalchemy
from sqlalchemy import orm

Base = orm.declarative_base()


class Item(Base):
    __tablename__ = "item"
    id = sqlalchemy.Column(sqlalchemy.Integer, primary_key=True)
    text = sqlalchemy.Column(sqlalchemy.String)


engine = sqlalchemy.create_engine("sqlite://", poolclass=sqlalchemy.pool.StaticPool)
Base.metadata.create_all(engine)
session = orm.sessionmaker(engine)()
loaded = []


def work(n):
    session.add(Item(id=n, text="text of item %d" % n))
    session.commit()
    loaded.append(session.get(Item, n))

VERDICT = "managed-leak"
OWNER = "sqlalchemy_session"
FINDING = "growing-owners", ""
NEEDS = "sqlalchemy"
