"""What an adapter says of itself: options, settings, fields, the default mapping."""

from __future__ import annotations

from functools import partial

from app.kit.battery.contract import DESCRIPTION, refusal_of, require
from app.kit.stage import Stage
from app.sources import drafts
from app.sources.errors import WrongSource
from app.sources.fields import user_fields
from app.sources.rules import Rule
from app.sources.schedules import parse_schedule

_NONSENSE = "no such value"
_SENSITIVITIES = ("normal", "personal", "secret")


class Describing:
    """Tests of the description."""

    def test_the_adapter_says_what_it_is(self, rollcall_stage: Stage) -> None:
        """Kind, label, options with names and labels, a schedule that can be read."""
        adapter, kind = rollcall_stage.adapter, rollcall_stage.kind
        require(
            adapter.kind == kind and adapter.label,
            f"The adapter found as {kind!r} says kind={adapter.kind!r}, label={adapter.label!r}.",
            "`kind` is the name of the entry point, `label` is for people",
            DESCRIPTION,
        )
        options = (*adapter.options, *adapter.secrets)
        names = [option.name for option in (*options, *drafts.COMMON_OPTIONS)]
        require(
            len(names) == len(set(names)) and all(option.label for option in options),
            f"Names of options and secrets: {', '.join(names)}.",
            "each has a label and a name of its own, which is no common setting's",
            DESCRIPTION,
        )
        parse_schedule(adapter.default_schedule)

    def test_settings_that_were_settled_stay_as_they_are(self, rollcall_stage: Stage) -> None:
        """``settle`` fills in defaults and is at rest then."""
        settle = rollcall_stage.adapter.settle
        settled = settle(rollcall_stage.settings)
        require(
            all(isinstance(name, str) and isinstance(value, str) for name, value in settled.items()),
            f"settle() returned {settled!r}.",
            "settings are kept as text: settle() returns names and texts",
            DESCRIPTION,
        )
        require(
            settle(settled) == settled,
            "settle() made other settings of its own answer.",
            "settling settled settings changes nothing: it happens whenever one of them is changed",
            DESCRIPTION,
        )

    def test_a_setting_that_cannot_be_used_is_refused_by_its_name(self, rollcall_stage: Stage) -> None:
        """Choices, numbers and addresses are checked before they are kept."""
        stage = rollcall_stage
        for name in _checked(stage):
            said = refusal_of(partial(stage.adapter.settle, {**stage.settings, name: _NONSENSE}))
            require(
                said is not None and name in said,
                f"settle() with {name}={_NONSENSE!r} said: {said or 'nothing'}.",
                "it raises WrongSource that names the setting and the way out",
                DESCRIPTION,
            )

    def test_what_is_required_is_asked_for(self, rollcall_stage: Stage) -> None:
        """A missing required setting is refused when the source is added."""
        stage = rollcall_stage
        for option in stage.adapter.options:
            given = {name: value for name, value in stage.settings.items() if name != option.name}
            said = refusal_of(partial(drafts.drafted, stage.kind, "x", given, {}), WrongSource)
            require(
                not option.required or (said is not None and option.name in said),
                f"Without the required setting {option.name} was said: {said or 'nothing'}.",
                "an option without which nothing works is required=True",
                DESCRIPTION,
            )

    def test_fields_are_known_before_anybody_has_consented(self, rollcall_stage: Stage) -> None:
        """``record_fields`` answers without secrets and without a call."""
        fields = rollcall_stage.fields()
        names = [field.name for field in fields]
        require(
            names and len(names) == len(set(names)),
            f"record_fields() without secrets gives: {', '.join(names) or 'nothing'}.",
            "each field once, also before anybody has consented",
            DESCRIPTION,
        )
        for field in fields:
            require(
                field.label and field.sensitivity in _SENSITIVITIES,
                f"The field {field.name} has label={field.label!r}, sensitivity={field.sensitivity!r}.",
                f"a field has a label for people, and a sensitivity of {', '.join(_SENSITIVITIES)}",
                DESCRIPTION,
            )
        require(
            not rollcall_stage.server.calls(),
            "record_fields() has called the vendor.",
            "without secrets it answers from what is known anyway",
            DESCRIPTION,
        )

    def test_the_default_mapping_fits_the_fields(self, rollcall_stage: Stage) -> None:
        """Every column of the default mapping is a field, and it says who is who."""
        stage = rollcall_stage
        require(
            stage.adapter.default_mapping() or stage.world.mapping,
            "There is neither a default mapping nor World.mapping.",
            "default_mapping() returns TOML, or None when users must give one; the battery needs one",
            DESCRIPTION,
        )
        said = refusal_of(lambda: stage.mapping)
        require(
            said is None,
            f"The mapping cannot be used: {said}",
            "every column of the mapping is one of record_fields(); form in docs/mapping.md",
            DESCRIPTION,
        )

    def test_secret_fields_are_mapped_to_sealed_places_only(self, rollcall_stage: Stage) -> None:
        """What is secret at the vendor must not become readable here."""
        mapping = rollcall_stage.mapping
        secret = {field.name for field in rollcall_stage.fields() if field.sensitivity == "secret"}
        known = user_fields().fields
        for name, rule in mapping.fields.items():
            require(
                known[name].secret or not secret & set(_columns(rule)),
                f"The mapping makes {name} of a secret field.",
                "a secret field goes to a sealed one (hr.salary…, hr.nationalId…) or nowhere",
                DESCRIPTION,
            )


def _columns(rule: Rule) -> list[str]:
    return [*rule.source.columns, *(name for each in rule.source.rules for name in _columns(each))]


def _checked(stage: Stage) -> list[str]:
    """Names of the options whose values cannot be just any text: choices, numbers, addresses."""
    used = stage.adapter.settle(stage.settings)
    found = []
    for option in stage.adapter.options:
        value = used.get(option.name, "")
        is_number = value.replace(".", "", 1).isdigit()
        if option.choices or is_number or value.startswith(("http://", "https://")):
            found.append(option.name)
    return found
