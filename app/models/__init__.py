"""What is stored. One file a subject; a sentence below each column that needs one.

Doors and services read and write these; the engine never sees them, only their `MetaData`.
"""

from app.models.archive import DAMAGED, DISK_FULL, Archive, ArchiveDownload, ArchivePart, ArchivePiece, Pulse, State
from app.models.audit import DEEDS, AuditHead, AuditRow, What
from app.models.journal import Attachment, Comment, Entry, Tag, Visibility, entry_reader, entry_tag
from app.models.mail import SUBJECTS, Mail, MailKind
from app.models.reset import PasswordReset, ResetRequest, Wish
from app.models.second_factor import RecoveryCode, SecondFactor
from app.models.user import SignIn, User

__all__ = [
    "DAMAGED",
    "DEEDS",
    "DISK_FULL",
    "SUBJECTS",
    "Archive",
    "ArchiveDownload",
    "ArchivePart",
    "ArchivePiece",
    "Attachment",
    "AuditHead",
    "AuditRow",
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
