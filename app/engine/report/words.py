"""What the report's JavaScript says, in the person's language: `words.js` comes with its texts translated."""

from gettext import NullTranslations
from io import BytesIO

from babel.messages.extract import extract

from app.engine.writers.to_viewer import to_script

WORDS = "words.js"
_PLACE = b"const TEXTS = {};"


def translate_words(script: bytes, translations: NullTranslations) -> bytes:
    """Each text stands in it as `_("…")`, in English, and is looked up in TEXTS, which is empty for English."""
    found = {text: translations.gettext(text) for text in find_texts(script)}
    texts = {text: said for text, said in found.items() if said != text}
    return script.replace(_PLACE, b"const TEXTS = " + to_script(texts) + b";") if texts else script


def find_texts(script: bytes) -> list[str]:
    messages = extract("javascript", BytesIO(script), keywords={"_": None})
    return [text for _line, text, _comments, _context in messages if isinstance(text, str)]
