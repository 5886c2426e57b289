"""The rules of a target as questions in plain words, and the settings that an answer stands for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.errors import WrongUse
from app.provisioning.kinds import adapter_for
from app.provisioning.policies import LIMITS, RESERVED_USER_NAMES
from app.provisioning.targets import Target


@dataclass(frozen=True, slots=True)
class Rule:
    """A setting as a question; without ``choices`` the answer is typed. ``usual`` holds until something else is set."""

    name: str
    question: str
    usual: str
    choices: Mapping[str, str] | None = None
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Rules that belong together; a ``rare`` group is folded away."""

    title: str
    rules: Sequence[Rule]
    rare: bool = False


_OFF_ON = {"off": "No", "number": "Yes: ana, ana2, ana3 …"}
_LIMITED = {
    "suspend": "suspensions",
    "create": "new accounts",
    "email": "changes of work e-mail",
    "blank": "emptied fields",
}
GROUPS: tuple[Group, ...] = (
    Group(
        "Who is who",
        (
            Rule(
                "adopt",
                "Somebody has an account there already, with the same work e-mail",
                "on",
                {"on": "Take it over and keep it up to date", "hold": "Ask for approval first"},
                "The user name of an account that was there before is never touched.",
            ),
            Rule(
                "user_name",
                "User name of a new account",
                "local-part",
                {
                    "local-part": "What stands before the @ of the work e-mail",
                    "email": "The whole work e-mail address",
                    "directory": "The user name in Rollcall",
                },
                "It is given once, with the account, and never changed later.",
            ),
            Rule(
                "user_name_suffix", "If that user name is taken, may it get a number?", "off", _OFF_ON,
                "If not, the person is held until somebody decides.",
            ),
            Rule(
                "display_name",
                "Display name",
                "preferred-last",
                {
                    "preferred-last": "Preferred (or first) name and last name",
                    "first-last": "First name and last name",
                    "last-first": "Last name, first name",
                },
            ),
        ),
    ),
    Group(
        "When somebody starts",
        (
            Rule(
                "start_gate", "Days before the first day of work from which the account is made", "", None,
                "Empty: as soon as there is a work e-mail address, however far the first day is away.",
            ),
        ),
    ),
    Group(
        "When somebody leaves",
        (
            Rule(
                "inactive",
                "Somebody becomes inactive here",
                "suspend",
                {"suspend": "Suspend the account at once", "keep": "Leave the account as it is"},
                "Deleting somebody here deletes nothing there: the account is listed under People, Orphans.",
            ),
            Rule(
                "vanished",
                "An account was deleted there by somebody else",
                "hold",
                {"hold": "Hold the person and tell us", "recreate": "Make the account again"},
            ),
            Rule(
                "clear",
                "A field is emptied here",
                "on",
                {"on": "Empty it there too", "off": "Leave what is there"},
                "Only what Rollcall itself has sent is ever emptied.",
            ),
        ),
    ),
    Group(
        "Accounts that nobody touches",
        (
            Rule(
                "protected", "Protected accounts", "", None,
                "E-mail addresses, user names or ids, with commas between. Administrators there are protected anyway.",
            ),
            Rule(
                "reserved", "User names that are never given", ", ".join(sorted(RESERVED_USER_NAMES)), None,
                "With commas between.",
            ),
        ),
    ),
    Group(
        "Department groups",
        (
            Rule(
                "groups", "A group for every department", "off",
                {"off": "No", "departments": "Yes, kept up to date"},
            ),
            Rule("group_prefix", "What stands before the department in a group's name", ""),
            Rule(
                "group_members", "Members whom Rollcall did not put in", "keep",
                {"keep": "Leave them in", "exact": "Take them out with a full resync"},
            ),
        ),
    ),
    Group(
        "Does this system also write to Rollcall?",
        (
            Rule(
                "paired_source", "It is this source too", "", {},
                "What it has written itself is not sent back to it.",
            ),
            Rule("paired_client", "It is this client of our SCIM address too", "", {}),
        ),
        rare=True,
    ),
    Group(
        "Limits on what one import may change",
        (
            Rule(
                "breaker", "Stop an import that would change very many people", "on",
                {"on": "Yes: stop that kind of change and ask", "off": "No: send everything"},
            ),
            *(
                rule
                for name, plural in _LIMITED.items()
                for rule in (
                    Rule(f"{name}_floor", f"So many {plural} always pass", str(LIMITS[name].floor), None,
                         "A number, or “off” for no limit."),
                    Rule(f"{name}_percent", f"Percent of the people up to which {plural} pass too",
                         f"{LIMITS[name].percent:g}"),
                )
            ),
        ),
        rare=True,
    ),
    Group(
        "Speed",
        (
            Rule("rate", "Requests a second at most", "25", None, "0 for no limit."),
            Rule("concurrency", "Requests at the same time", "4"),
        ),
        rare=True,
    ),
)  # fmt: skip
#: What is still a question for a target that only updates people whom its source knows.
_OF_WRITE_BACK = frozenset({"clear", "rate", "concurrency"})


def groups_for(target: Target, sources: Sequence[str], clients: Sequence[str]) -> list[Group]:
    """Return the rules that are a question for this target, with the choices that it takes."""
    found = []
    for group in GROUPS:
        rules = [rule for rule in (_fitted(target, rule, sources, clients) for rule in group.rules) if rule]
        if rules:
            found.append(Group(group.title, rules, group.rare))
    return found


def _fitted(target: Target, rule: Rule, sources: Sequence[str], clients: Sequence[str]) -> Rule | None:
    if target.source_id is not None and rule.name not in _OF_WRITE_BACK:
        return None
    if rule.name.startswith("group") and not getattr(target.adapter, "takes_groups", False):
        return None
    if rule.choices is None:
        return rule
    partners = {"paired_source": sources, "paired_client": clients}.get(rule.name)
    if partners is not None:
        if not partners and not target.settings.get(rule.name):
            return None
        named = dict.fromkeys((*partners, *filter(None, [target.settings.get(rule.name)])))
        choices = {"": "No", **{name: name for name in named}}
    else:
        choices = {value: words for value, words in rule.choices.items() if _takes(target, rule.name, value)}
    fitted = Rule(rule.name, rule.question, rule.usual, choices, rule.hint)
    return fitted if len(choices) > 1 else None


def _takes(target: Target, name: str, value: str) -> bool:
    try:
        adapter_for(target.kind, {**target.settings, name: value})
    except WrongUse:
        return False
    return True


def answers(target: Target, groups: Sequence[Group]) -> dict[str, str]:
    """Return setting → the answer that holds now: the admin's, the kind's, or the usual one."""
    held = {**target.adapter.profile_defaults, **target.settings}
    return {
        rule.name: _text(held[rule.name]) if rule.name in held else rule.usual
        for group in groups
        for rule in group.rules
    }


def _text(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    if value == "off":
        return "off"
    return f"{value:g}" if isinstance(value, float) else str(value)


def in_words(target: Target, groups: Sequence[Group]) -> list[tuple[Group, list[tuple[str, str]]]]:
    """Return the rules as they hold, group by group: (question, answer in words)."""
    held = answers(target, groups)
    return [
        (group, [(rule.question, _shown(rule, held[rule.name])) for rule in group.rules]) for group in groups
    ]


def _shown(rule: Rule, answer: str) -> str:
    if rule.choices:
        return rule.choices.get(answer, answer)
    return answer if answer not in ("", "off") else "–"
