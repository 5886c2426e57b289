"""Mappings: a field made by an expression over a person's attributes, in place of the field table's own rule."""

from __future__ import annotations

from functools import lru_cache

from app.provisioning import attributes
from app.provisioning.attributes import ATTRIBUTES, QUIET
from app.provisioning.expressions import BadExpression, Expression, MappingFailed, parse
from app.provisioning.fields import FIELDS, Mapped
from app.provisioning.readers import Document, Reader, Value

#: Fields that no expression makes: the key, the status, and the manager, who is an account.
UNMAPPABLE = frozenset({"active", "workEmail", "manager"})
MAPPABLE: tuple[str, ...] = tuple(name for name in FIELDS if name not in UNMAPPABLE)
#: Ready-made user names: word of the setting `user_name` → expression; None is the table's rule (rule 4).
USER_NAMES: dict[str, str | None] = {"local-part": None, "email": "workEmail", "directory": "userName"}
#: Ready-made display names: word of the setting `display_name` → expression; None is the table's rule (rule 5).
DISPLAY_NAMES: dict[str, str | None] = {
    "preferred-last": None,
    "first-last": 'givenName ~ " " ~ familyName',
    "last-first": 'familyName ~ (", " if familyName and givenName else "") ~ (preferredName or givenName)',
}
#: The rules 4 and 5 in the language of mappings: what a mapping of one's own may start from.
DEFAULTS = {"userName": "localPart", "displayName": '(preferredName or givenName) ~ " " ~ familyName'}


def checked(text: str) -> str:
    """The expression as it was written. Raises `BadExpression`, a ValueError with a sentence for a person."""
    parse(text, ATTRIBUTES)
    return text


@lru_cache(maxsize=1024)
def mapped(text: str) -> Mapped:
    """The mapping that an expression stands for.

    One that this version does not understand fails for everybody it concerns: it is stored, and may not stop the
    directory.
    """
    try:
        expression = parse(text, ATTRIBUTES)
    except BadExpression as error:
        return Mapped(text, _failing(str(error)), ())
    loud = expression.names - QUIET
    return Mapped(
        text,
        _reader(expression),
        tuple(path for name in sorted(expression.names) for path in ATTRIBUTES[name].paths),
        None if loud == expression.names else tuple(ATTRIBUTES[name].read for name in sorted(loud)),
    )


def _reader(expression: Expression) -> Reader:
    def read(document: Document) -> Value | None:
        return expression.value(attributes.values(document, expression.names))

    return read


def _failing(why: str) -> Reader:
    def read(document: Document) -> Value | None:
        raise MappingFailed(why)

    return read
