"""Why a file was not taken, in a person's words."""

from flask import current_app
from flask_babel import lazy_gettext

from app.journal.attachments import FILES_MAX, Refusal, UploadRefusedError
from app.journal.file_types import find_ending
from app.web.formats import file_size

_WORDS = {
    Refusal.TOO_LARGE: lazy_gettext("“%(name)s” is too large. A picture or file may have at most %(most)s."),
    Refusal.EMPTY: lazy_gettext("“%(name)s” is empty. Choose another file."),
    Refusal.STORE_DOWN: lazy_gettext("“%(name)s” cannot be kept at the moment. Try again in a few minutes."),
    Refusal.DISK_FULL: lazy_gettext(
        "“%(name)s” cannot be kept: the site has no room for files at the moment. "
        "Save without it, and add it another day."
    ),
    Refusal.TOO_MANY: lazy_gettext(
        "There is no place for “%(name)s”: an entry may have at most %(files)s pictures and files. "
        "Add it to another entry."
    ),
    Refusal.OVER_QUOTA: lazy_gettext(
        "There is no room for “%(name)s”: all your pictures and files together may have %(quota)s. "
        "Remove some that you no longer need, or save without this one."
    ),
    Refusal.NO_ENDING: lazy_gettext(
        "“%(name)s” has no ending, such as .jpg or .pdf, that says what it is. Give its name the right one, "
        "or choose another file."
    ),
    Refusal.NOT_ACCEPTED: lazy_gettext(
        "“%(name)s” cannot be added: files that end in %(ending)s are not accepted here. "
        "Save it as another kind, or choose another file."
    ),
    Refusal.WRONG_ENDING: lazy_gettext(
        "“%(name)s” cannot be added: its name ends in %(ending)s, but what is in it is a %(found)s file. "
        "Give its name that ending, or choose another file."
    ),
    Refusal.DISGUISED: lazy_gettext(
        "“%(name)s” cannot be added: its name ends in %(ending)s, but what is in it is a %(found)s file, and those "
        "are not accepted here. Choose another file."
    ),
    Refusal.STRANGE: lazy_gettext(
        "“%(name)s” cannot be added: its name ends in %(ending)s, but something else is in it, or it is damaged. "
        "Open it on your device to see what it is, or choose another file."
    ),
    Refusal.MALICIOUS: lazy_gettext(
        "“%(name)s” cannot be added: a virus scanner has looked at it, and warns of it (%(virus)s). "
        "Do not open it, and choose another file."
    ),
    Refusal.SCANNER_AWAY: lazy_gettext(
        "“%(name)s” cannot be added at the moment: it could not be searched for viruses. "
        "Try again in a few minutes, or save without it."
    ),
}


def explain_refusal(error: UploadRefusedError) -> str:
    most, quota = (current_app.config[name] for name in ("UPLOAD_MAX_BYTES", "UPLOAD_QUOTA_BYTES"))
    told = {"name": error.name, "most": file_size(most), "quota": file_size(quota or 0), "files": FILES_MAX}
    told |= {"ending": f".{find_ending(error.name)}", "found": f".{error.found}", "virus": error.found}
    return str(_WORDS[error.refusal]) % told
