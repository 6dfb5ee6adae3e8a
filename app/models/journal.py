"""The journal: entries, their tags, files and readers, and what others say about them."""

import enum
from datetime import date, datetime

from sqlalchemy import Column, Enum, ForeignKey, Index, String, Table, Text, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.engine.register import file, internal, owned, reference, third_party, words
from app.extensions import Model
from app.models.columns import Moment, new_id, now
from app.models.user import User


class Visibility(enum.StrEnum):
    PRIVATE = "private"
    CHOSEN = "chosen"
    MEMBERS = "members"


entry_tag = Table(
    "entry_tag",
    Model.metadata,
    Column("entry_id", ForeignKey("entry.id", ondelete="CASCADE"), primary_key=True),
    Column("tag_id", ForeignKey("tag.id", ondelete="CASCADE"), primary_key=True, index=True),
    info=owned(
        "entry_id.author_id",
        title="Tags of entries",
        icon="tags",
        purpose="Finding entries by tag.",
        retention="As long as the entry.",
        recipients="Readers of the entry.",
        source="You, while writing.",
    ),
)

entry_reader = Table(
    "entry_reader",
    Model.metadata,
    Column("entry_id", ForeignKey("entry.id", ondelete="CASCADE"), primary_key=True, info=third_party()),
    Column(
        "user_id",
        ForeignKey("user.id", ondelete="CASCADE"),
        primary_key=True,
        index=True,
        info=third_party(shows="name"),
    ),
    info=owned(
        "entry_id.author_id",
        "user_id",
        title="Shared with",
        icon="users",
        purpose="Showing an entry to the people it was shared with.",
        retention="As long as the entry, or until it is no longer shared.",
        recipients="The author of the entry and the person it is shared with.",
        source="The author of the entry.",
    ),
)


class Tag(Model):
    """A word that entries are found by; shared by all members."""

    __table_args__ = (
        {
            "info": reference(
                title="Tags",
                icon="tag",
                purpose="Finding entries by tag.",
                retention="As long as an entry uses it.",
                recipients="Readers of entries that use it.",
                source="Whoever used it first.",
            )
        },
    )

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(80), unique=True)


class Entry(Model):
    """One page of somebody's journal."""

    __table_args__ = (
        UniqueConstraint("author_id", "import_key"),
        Index(None, "author_id", "date"),
        {
            "info": owned(
                "author_id",
                title="Entries",
                icon="notebook-pen",
                purpose="Keeping your journal.",
                retention="Until you delete the entry.",
                recipients="Nobody, the people you chose, or every member: as you set for each entry.",
                source="You.",
            )
        },
    )

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True, default=new_id)
    author_id: Mapped[str] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"))
    date: Mapped[date | None]
    """The day it tells of; old journals do not always say."""
    title: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    """Markdown."""
    visibility: Mapped[Visibility] = mapped_column(
        Enum(Visibility, native_enum=False, length=16, values_callable=lambda kind: [each.value for each in kind]),
        default=Visibility.PRIVATE,
        info=words(
            {
                Visibility.PRIVATE: "Only you",
                Visibility.CHOSEN: "People you chose",
                Visibility.MEMBERS: "Every member of this site",
            }
        ),
    )
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
    updated_at: Mapped[datetime] = mapped_column(Moment, default=now, onupdate=now)
    import_key: Mapped[str | None] = mapped_column(
        String(64), info=internal("A checksum that keeps the same line from being imported twice.")
    )
    """SHA-256 of the imported line. Empty for what was written here."""

    author: Mapped[User] = relationship()
    tags: Mapped[list[Tag]] = relationship(secondary=entry_tag, order_by=Tag.name, passive_deletes=True)
    readers: Mapped[list[User]] = relationship(secondary=entry_reader, order_by=User.name, passive_deletes=True)
    attachments: Mapped[list["Attachment"]] = relationship(
        back_populates="entry", order_by="Attachment.id", cascade="all, delete-orphan", passive_deletes=True
    )
    comments: Mapped[list["Comment"]] = relationship(
        back_populates="entry", order_by="Comment.id", cascade="all, delete-orphan", passive_deletes=True
    )


class Attachment(Model):
    """A picture or file that belongs to an entry; the bytes lie in the upload folder."""

    __table_args__ = (
        {
            "info": owned(
                "entry_id.author_id",
                title="Pictures and files",
                icon="images",
                purpose="Showing pictures and files with your entries.",
                retention="Until you delete it or its entry.",
                recipients="Readers of the entry.",
                source="You.",
            )
        },
    )

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True, default=new_id)
    entry_id: Mapped[str] = mapped_column(ForeignKey(Entry.id, ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(255))
    """The name it was uploaded under; never used as a path."""
    media_type: Mapped[str] = mapped_column(String(100))
    """As its bytes say, whatever the browser claimed."""
    size: Mapped[int]
    """Bytes."""
    sha256: Mapped[str] = mapped_column(String(64))
    stored_name: Mapped[str] = mapped_column(
        String(80),
        unique=True,
        info=file("uploads", title="name", sha256="sha256", size="size", alt="description"),
    )
    description: Mapped[str | None] = mapped_column(String(500))
    """What a picture shows, for people who cannot see it."""
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)

    entry: Mapped[Entry] = relationship(back_populates="attachments")

    @property
    def alt(self) -> str:
        """What is said in place of the picture."""
        return self.description or self.name

    @property
    def is_picture(self) -> bool:
        return self.media_type in {"image/png", "image/jpeg", "image/gif", "image/webp"}


class Comment(Model):
    """What somebody says about an entry."""

    __table_args__ = (
        {
            "info": owned(
                "author_id",
                "entry_id.author_id",
                title="Comments",
                icon="message-square-text",
                purpose="Talking about entries.",
                retention="As long as the entry.",
                recipients="Readers of the entry.",
                source="You, and the people who commented on your entries.",
            )
        },
    )

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True, default=new_id)
    entry_id: Mapped[str] = mapped_column(ForeignKey(Entry.id, ondelete="CASCADE"), index=True, info=third_party())
    author_id: Mapped[str] = mapped_column(
        ForeignKey(User.id, ondelete="CASCADE"), index=True, info=third_party(shows="name")
    )
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)

    entry: Mapped[Entry] = relationship(back_populates="comments")
    author: Mapped[User] = relationship()
