"""Every screen of the console by name, and its address in the world. A page without a row here fails a test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.web.console.chromium.world import World

Address = Callable[[World], str]


@dataclass(frozen=True, slots=True)
class Screen:
    """A screen: its endpoint (without ``console.``), a name where an endpoint has several, where it stands."""

    endpoint: str
    address: Address
    name: str = ""
    signed_in: bool = True
    status: int = 200

    @property
    def title(self) -> str:
        """The name by which tests and screenshots know it."""
        return self.name or self.endpoint


def _at(path: str) -> Address:
    return lambda world: path.format(world=world)


#: Addresses that lead on or give a file: no screen of their own.
NO_SCREENS = frozenset(
    {
        *("static", "audit_download", "people_file", "run_errors", "run_warnings"),
        *("sign_in_callback", "provider_sign_in", "prove_at_provider", "check_sign_in"),
        *("token_value", "secret_value", "channel_secret"),  # shown once, by the deed that makes the secret
        *("first_run", "choose_password", "set_up_target"),  # seen before anybody is signed in, or on the way
        "target_progress",  # a part of a page
    }
)
_SOURCE, _TARGET = "/sources/{world.source.id}", "/targets/{world.target_id}"
_PERSON, _DRAFT = "/people/{world.employee_id}", "/sources/{world.draft.id}/connect"
_CLIENT = "/tokens/clients/{world.client_id}"

SCREENS: tuple[Screen, ...] = (
    Screen("start", _at("/"), "home"),
    Screen("sign_in", _at("/sign-in"), signed_in=False),
    Screen("account", _at("/account")),
    Screen("prove", _at("/prove")),
    Screen("people", _at("/people")),
    Screen("people", _at("/people?q=nobody+is+called+so"), "people_none"),
    Screen("person", _at(_PERSON)),
    Screen("person", _at("/people/{world.payload_id}"), "person_payload"),
    Screen("person_fields", _at(f"{_PERSON}/fields")),
    Screen("person_fields", _at("/people/{world.payload_id}/fields"), "person_fields_payload"),
    Screen("person_timeline", _at(f"{_PERSON}/timeline")),
    Screen("person_details", _at(f"{_PERSON}/details")),
    Screen("pin_value", _at(f"{_PERSON}/pin?field=title")),
    Screen("search", _at("/search?q=maya")),
    Screen("sources", _at("/sources")),
    Screen("source", _at(_SOURCE)),
    Screen("source_runs", _at(f"{_SOURCE}/runs")),
    Screen("source_mapping", _at(f"{_SOURCE}/mapping")),
    Screen("look_at_source", _at(f"{_SOURCE}/mapping/look")),
    Screen("source_webhook", _at("/sources/{world.jazzhr.id}/webhook")),
    Screen("source_settings", _at(f"{_SOURCE}/settings")),
    Screen("disconnect_source", _at("/sources/{world.jazzhr.id}/disconnect")),
    Screen("remove_source", _at(f"{_SOURCE}/remove")),
    Screen("connect_source", _at("/sources/connect/icims")),
    Screen("connect_file", _at("/sources/connect/csv")),
    Screen("replace_file", _at(f"{_SOURCE}/connect/file")),
    Screen("connect_step", _at(f"{_DRAFT}/need"), "connect_need"),
    Screen("connect_step", _at(f"{_DRAFT}/consent"), "connect_consent"),
    Screen("connect_step", _at("/sources/{world.jazzhr.id}/connect/credentials"), "connect_credentials"),
    Screen("connect_step", _at("/sources/{world.jazzhr.id}/connect/choices"), "connect_choices"),
    Screen("connect_step", _at(f"{_SOURCE}/connect/mapping"), "connect_mapping"),
    Screen("runs", _at("/runs"), "history"),
    Screen("run", _at("/runs/{world.run_id}")),
    Screen("run", _at("/runs/{world.held_run_id}"), "run_held"),
    Screen("targets", _at("/targets")),
    Screen("target", _at(_TARGET)),
    Screen("target", _at("/targets/{world.paused_target_id}"), "target_paused"),
    Screen("target_people", _at(f"{_TARGET}/people")),
    Screen("target_fields", _at(f"{_TARGET}/fields")),
    Screen("change_fields", _at(f"{_TARGET}/fields/change")),
    Screen("target_settings", _at(f"{_TARGET}/settings")),
    Screen("change_rules", _at(f"{_TARGET}/settings/change")),
    Screen("target_drift", _at(f"{_TARGET}/drift")),
    Screen("compare_target", _at(f"{_TARGET}/drift/report")),
    Screen("target_plans", _at(f"{_TARGET}/plans")),
    Screen("change_address", _at(f"{_TARGET}/address")),
    Screen("check_target", _at(f"{_TARGET}/checks")),
    Screen("change_schedule", _at(f"{_TARGET}/schedule")),
    Screen("review_target", _at(f"{_TARGET}/review")),
    Screen("start_target", _at(f"{_TARGET}/start")),
    Screen("new_token", _at(f"{_TARGET}/token")),
    Screen("remove_target", _at(f"{_TARGET}/remove")),
    Screen("connect_target", _at("/targets/connect/scim")),
    Screen("new_target", _at("/targets/connect/scim/address")),
    Screen("deliveries", _at("/deliveries")),
    Screen("delivery", _at("/deliveries/{world.delivery_id}")),
    Screen("approvals", _at("/approvals")),
    Screen("plan", _at("/approvals/plans/{world.plan_id}")),
    Screen("tokens", _at("/tokens")),
    Screen("make_token", _at("/tokens/new")),
    Screen("rotate_token", _at("/tokens/1/rotate")),
    Screen("revoke_token", _at("/tokens/1/revoke")),
    Screen("clients", _at("/tokens/clients")),
    Screen("client", _at(_CLIENT)),
    Screen("client_settings", _at(f"{_CLIENT}/settings")),
    Screen("new_client", _at("/tokens/clients/new")),
    Screen("new_secret", _at(f"{_CLIENT}/secrets/new")),
    Screen("end_secret", _at(f"{_CLIENT}/secrets/1/end")),
    Screen("audit", _at("/audit")),
    Screen("audit_chain", _at("/audit/chain")),
    Screen("settings", _at("/settings")),
    Screen("settings_people", _at("/settings/people")),
    Screen("settings_person", _at("/settings/people/2")),
    Screen("invite_admin", _at("/settings/people/invite")),
    Screen("settings_sign_in", _at("/settings/sign-in")),
    Screen("change_sign_in", _at("/settings/sign-in/change")),
    Screen("settings_notices", _at("/settings/notices")),
    Screen("add_channel", _at("/settings/notices/new")),
    Screen("rotate_channel", _at("/settings/notices/1/rotate")),
    Screen("remove_channel", _at("/settings/notices/1/remove")),
    Screen("settings_precedence", _at("/settings/precedence")),
    Screen("edit_precedence", _at("/settings/precedence/edit")),
    Screen("settings_welcome", _at("/settings/welcome")),
    Screen("edit_welcome", _at("/settings/welcome/edit")),
    Screen("settings_retention", _at("/settings/retention")),
    Screen("settings_keys", _at("/settings/keys")),
    Screen("developer", _at("/developer")),
    Screen("inbound_request", _at("/developer/requests/{world.request_id}")),
    Screen("nowhere", _at("/nowhere"), status=404),
)
