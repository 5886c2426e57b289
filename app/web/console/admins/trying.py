"""Trying a sign-in provider without signing in: checks by name, each with what was found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from app.access import oidc
from app.access.encryption import UnsealError
from app.access.oidc import Provider
from app.database import reading
from app.web.console.admins import openid
from app.web.console.admins.openid import SignInFailed


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: its name, whether it is well, and what was found."""

    name: str
    is_well: bool
    found: str


def checks(provider: Provider) -> tuple[Check, ...]:
    """Return what was found, in the order in which a sign-in needs it; it ends at the first thing that is wrong."""
    return tuple(_upto_the_first_wrong(provider))


def _upto_the_first_wrong(provider: Provider) -> Iterator[Check]:
    for name, look in _LOOKS:
        try:
            yield Check(name, True, look(provider))
        except SignInFailed as error:
            yield Check(name, False, str(error))
            return


def _discovery(provider: Provider) -> str:
    about = openid.described(provider, anew=True)
    return f"{provider.host} answers, and calls itself {about['issuer']}."


def _signatures(provider: Provider) -> str:
    return (
        "It signs with "
        + ", ".join(openid.described(provider)["id_token_signing_alg_values_supported"])
        + "."
    )


def _keys(provider: Provider) -> str:
    number = openid.number_of_keys(provider)
    if not number:
        raise SignInFailed("It publishes no keys, so nothing that it signs can be checked.")
    return f"It publishes {number} key{'s' if number > 1 else ''}."


def _pkce(provider: Provider) -> str:
    methods = openid.described(provider).get("code_challenge_methods_supported")
    if methods is None:
        return "It does not say whether it checks PKCE (S256); Rollcall sends it in any case."
    if "S256" not in methods:
        raise SignInFailed("It says that it does not take PKCE with S256, which Rollcall always sends.")
    return "It checks PKCE (S256)."


def _secret(provider: Provider) -> str:
    try:
        with reading() as connection:
            oidc.secret_of(connection, provider)
    except UnsealError:
        raise SignInFailed("The secret cannot be opened with Rollcall's keys; type it again.") from None
    return "The client secret is kept. Whether it is right, the first sign-in shows."


_LOOKS: tuple[tuple[str, Callable[[Provider], str]], ...] = (
    ("Reach the provider", _discovery),
    ("Trusted signatures", _signatures),
    ("Keys", _keys),
    ("Protection of the code", _pkce),
    ("Client secret", _secret),
)
