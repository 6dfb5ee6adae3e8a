"""What is stored. One file a subject; a sentence below each column that needs one.

Doors and services read and write these; the engine never sees them, only their `MetaData`.
"""

from app.models.archive import CAUSES, STEPS, Archive, ArchiveDownload, ArchivePart, ArchivePiece, Cause, Pulse, State
from app.models.audit import ACTORS, DEEDS, AuditHead, AuditRow, What
from app.models.journal import Attachment, Comment, Entry, Tag, Visibility, entry_reader, entry_tag
from app.models.mail import SUBJECTS, Mail, MailKind
from app.models.reset import PasswordReset, ResetRequest, Wish
from app.models.second_factor import RecoveryCode, SecondFactor
from app.models.user import SignIn, User

__all__ = [
    "ACTORS",
    "CAUSES",
    "DEEDS",
    "STEPS",
    "SUBJECTS",
    "Archive",
    "ArchiveDownload",
    "ArchivePart",
    "ArchivePiece",
    "Attachment",
    "AuditHead",
    "AuditRow",
    "Cause",
    "Comment",
    "Entry",
    "Mail",
    "MailKind",
    "PasswordReset",
    "Pulse",
    "RecoveryCode",
    "ResetRequest",
    "SecondFactor",
    "SignIn",
    "State",
    "Tag",
    "User",
    "Visibility",
    "What",
    "Wish",
    "entry_reader",
    "entry_tag",
]
