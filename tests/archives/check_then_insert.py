"""The control's web server: it looks whether a request is active, and makes one if there is none."""

from sqlalchemy import select

from app import create_app
from app.archives import ledger
from app.archives.ledger import Request, asking
from app.extensions import db
from app.models import Archive, State


def look_then_insert(user_id: str, request: Request = asking.PLAIN, /, **origin: str) -> tuple[str, bool]:
    active = select(Archive.id).where(Archive.user_id == user_id, Archive.state == State.QUEUED)
    found = db.session.scalars(active).first()
    return (found, False) if found else (asking._insert(user_id, request, origin), True)


ledger.insert = look_then_insert
flask_app = create_app()
