"""Names that people read: what they may hold, and when two of them look the same.

An account called `аdmin` with a Cyrillic `а` is an attack, not a name. So a name holds no invisible
characters, its letters come from one script, and two accounts (or sibling organizations) may not have the
same skeleton. This follows Unicode Technical Standard 39 (4 confusable detection, 5.2 restriction levels:
"single script" with the Japanese, Chinese and Korean combinations); the table holds the look-alikes of
Latin letters.
"""

import re
import unicodedata

from holdfast.access.errors import AccessInvalidError

MAXIMUM_LENGTH = 128
MAXIMUM_EMAIL = 254
"""RFC 5321 4.5.3.1.3: a path of 256 octets less its angle brackets."""

_LOOK_ALIKES = {
    # Cyrillic
    **dict(zip("аеорсухіјѕһԁԛԝкмтвнгпԍьӏ", "aeopcyxijshdqwkmtbhrngbl", strict=True)),
    # Greek
    **dict(zip("αορντυικχγηβεζμσω", "aopvtuikxynbezuow", strict=True)),
    # Armenian
    **dict(zip("ոսօհցզ", "nuohgq", strict=True)),
    # Latin letters of other languages
    **dict(zip("ıɑɡȷɩʟɴʀʏ", "iagjilnry", strict=True)),
}
_SKELETON = str.maketrans(_LOOK_ALIKES)

_MIXABLE = frozenset({"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HANGUL", "BOPOMOFO", "LATIN"})
"""Scripts that one name may mix: the Japanese, Korean and Chinese use them together."""

_EMAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*\Z"
)


def check_name(text: object, field: str) -> str:
    """The name in composed form (NFC). AccessInvalidError for what cannot be read or could deceive."""
    if not isinstance(text, str) or not text.strip() or len(text) > MAXIMUM_LENGTH:
        raise AccessInvalidError(f"{field} must be a text of 1 to {MAXIMUM_LENGTH} characters.", field)
    name = unicodedata.normalize("NFC", text.strip())
    hidden = next((c for c in name if unicodedata.category(c)[0] in "CZ" and c != " "), None)
    if hidden is not None:
        raise AccessInvalidError(
            f"{field} holds the invisible character U+{ord(hidden):04X}; leave it out.", field
        )
    scripts = _scripts(name)
    if len(scripts) > 1 and not scripts <= _MIXABLE:
        mixed = " and ".join(sorted(script.title() for script in scripts))
        raise AccessInvalidError(
            f"{field} mixes letters of {mixed}, which can deceive; write it in one script.", field
        )
    return name


def check_email(text: object, field: str = "/email") -> str:
    """The address in lower case, as it is compared. AccessInvalidError when it is none.

    Only ASCII (RFC 5321): domains of other scripts are written as `xn--…`, so no address deceives.
    """
    if not isinstance(text, str) or len(text) > MAXIMUM_EMAIL or _EMAIL.match(text) is None:
        raise AccessInvalidError(
            f"{field} must be an e-mail address in ASCII letters, such as ada@example.org.", field
        )
    return text.lower()


def skeleton(name: str) -> str:
    """What a name looks like: equal for names that a reader cannot tell apart."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return " ".join(folded.translate(_SKELETON).split())


def _scripts(name: str) -> set[str]:
    """The scripts of the letters, by the first word of their Unicode names (`CYRILLIC SMALL LETTER A`)."""
    return {unicodedata.name(c, "UNKNOWN").split()[0] for c in name if c.isalpha()}
