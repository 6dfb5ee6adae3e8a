"""Words of strangers on an operator's terminal."""


def tame(text: str) -> str:
    """A stranger's file must not send commands to this terminal, nor hold what it cannot print."""
    return "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in text)
