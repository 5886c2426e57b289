"""How people are matched, named, suspended and protected at a target: the tab "Settings", and the form of its rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import render_template, request
from flask_wtf import FlaskForm
from wtforms import SelectField, StringField
from wtforms.fields.choices import SelectChoice

from app.access import clients
from app.access.roles import ADMIN
from app.database import reading
from app.errors import WrongUse
from app.provisioning import policies
from app.provisioning.kinds import check_settings
from app.provisioning.targets import Target
from app.web.console.blueprint import blueprint
from app.web.console.targets import reading as found
from app.web.console.targets.asking import Answer, complaint, is_draft, known, target_of
from app.web.console.targets.kinds import choices_of, kind_named
from app.web.console.targets.rule_table import Group, Rule, answers, groups_for, in_words
from app.web.console.targets.saving import Change, saved_or_previewed


@blueprint.shows("/targets/<number:target_id>/settings")
def target_settings(target_id: int) -> str:
    """Show address, schedule and rules of a target in words."""
    target = known(target_id)
    kind = kind_named(target.kind)
    own = [(each.label, _own_answer(target, kind, each)) for each in kind.own]
    return render_template(
        "console/targets/settings.html",
        target=target,
        kind=kind,
        own=own,
        groups=in_words(target, _groups(target)),
        here="settings",
    )


def _own_answer(target: Target, kind: Any, own: Any) -> str:
    held = str(target.settings.get(own.name, ""))
    choices = choices_of(kind, own)
    if choices:
        return str(choices.get(held, held) or next(iter(choices.values())))
    return held or "–"


@blueprint.fills_in("/targets/<number:target_id>/settings/change", ADMIN)
def change_rules(target_id: int) -> Answer:
    """Change the rules; in a set-up they are saved, later their effect is shown first."""
    target = known(target_id)
    groups = _groups(target)
    form, held = _form(target, groups), answers(target, groups)
    if not form.validate_on_submit():
        return _page(target, groups, form)
    options = _changes(form, groups, held, wholly=is_draft(target))
    try:
        _check(form, options)
        if form.errors or request.form.get("deed") == "edit":
            return _page(target, groups, form)
        check_settings(target.kind, policies.with_options(target.settings, options))
        change = Change(options, "change_rules", "target_settings", "change_schedule")
        return saved_or_previewed(target, change)
    except WrongUse as error:
        return _page(target, groups, form, complaint(error))


def _groups(target: Target) -> list[Group]:
    with reading() as connection:
        target_of(connection, target.id)
        sources = [row.name for row in found.sources(connection, target.tenant_id)]
        known_clients = [client.name for client in clients.listed(connection, target.tenant_id)]
    return groups_for(target, sources, known_clients)


def _form(target: Target, groups: Sequence[Group]) -> Any:
    fields = {rule.name: _field(rule) for group in groups for rule in group.rules}
    made = type("RulesForm", (FlaskForm,), fields)
    held = answers(target, groups)
    return made(data=held | ({"start_gate": ""} if held.get("start_gate") == "off" else {}))


def _field(rule: Rule) -> Any:
    if rule.choices:
        return SelectField(rule.question, choices=[SelectChoice(*each) for each in rule.choices.items()])
    return StringField(rule.question)


def _changes(form: Any, groups: Sequence[Group], held: dict[str, str], *, wholly: bool) -> dict[str, str]:
    """Return the settings whose answer was changed; ``wholly`` names the first one all the same."""
    typed = {rule.name: (form[rule.name].data or "").strip() for group in groups for rule in group.rules}
    changed = {name: text for name, text in typed.items() if text != held[name]}
    if changed.get("start_gate") == "" and held.get("start_gate") in ("", "off"):
        del changed["start_gate"]
    if wholly and "adopt" in typed:
        changed["adopt"] = typed["adopt"]
    return changed


def _check(form: Any, options: dict[str, str]) -> None:
    """Put what is wrong with an answer at its field."""
    for name, text in options.items():
        try:
            if text:
                policies.parse_setting(name, text)
        except WrongUse as error:
            form[name].errors = [complaint(error)]


def _page(target: Target, groups: Sequence[Group], form: Any, problem: str = "") -> Answer:
    page = render_template(
        "console/targets/rules_form.html", target=target, groups=groups, form=form, problem=problem
    )
    return page, (422 if problem or form.errors else 200)
