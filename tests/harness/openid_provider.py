"""A small OpenID provider over real HTTP: discovery, keys, authorize, token.

It signs in whoever is set, and lies on order. It holds clients to the protocol: one redirect address from the way out
to the code, PKCE, the client's secret, and codes that work once.
"""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import unquote, urlencode

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from flask import Flask, jsonify, redirect, request
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from werkzeug.wrappers import Response

CLIENT_ID, CLIENT_SECRET = "rollcall", "the client's secret"


@cache
def _key(whose: str) -> RSAKey:
    """Return a key; making one takes a third of a second, so all providers have the same."""
    return RSAKey.generate_key(2048, {"kid": "k1"})


@dataclass
class OpenIdProvider:
    """One provider with one person at its keyboard, and what its next ID token says otherwise than it should."""

    issuer: str = ""
    sub: str = "person-1"
    email: str = "hr@acme.example"
    is_verified: bool | None = True
    #: Claims of the next tokens that are not as they should be; None leaves a claim out.
    lies: dict[str, Any] = field(default_factory=dict)
    #: What discovery says otherwise than it should.
    describes: dict[str, Any] = field(default_factory=dict)
    #: ``signed``, ``foreign key``, ``secret`` (HS256 with the client's secret) or ``none``.
    signature: str = "signed"
    #: Seconds ago at which the person typed their password, when nobody asks for it anew.
    signed_in_ago: int = 3600
    heeds_prompt: bool = True
    refuses: str = ""
    key: RSAKey = field(default_factory=lambda: _key("its own"))
    asked: list[dict[str, str]] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def served(self, serve: Callable[[Any], str]) -> OpenIdProvider:
        """Return this provider, served at an address that is its issuer."""
        self.issuer = serve(self.application())
        return self

    def application(self) -> Flask:
        """Return the web application."""
        app = Flask("openid-provider")
        app.add_url_rule("/.well-known/openid-configuration", view_func=self._describe)
        app.add_url_rule("/keys", view_func=lambda: jsonify(keys=[self.key.as_dict(private=False)]))
        app.add_url_rule("/authorize", view_func=self._authorize)
        app.add_url_rule("/token", view_func=self._token, methods=["POST"])
        return app

    def _describe(self) -> Response:
        said = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }
        return jsonify({**said, **self.describes})

    def _authorize(self) -> Response | tuple[str, int]:
        asked = dict(request.args)
        self.asked.append(asked)
        if asked.get("client_id") != CLIENT_ID or asked.get("code_challenge_method") != "S256":
            return "unknown client, or no PKCE", 400
        if self.refuses:
            told = {"error": self.refuses, "state": asked["state"]}
        else:
            code = secrets.token_urlsafe(16)
            self.codes[code] = asked
            told = {"code": code, "state": asked["state"], "iss": self.issuer}
        return redirect(f"{asked['redirect_uri']}?{urlencode(told)}")

    def _token(self) -> tuple[Response, int]:
        scheme, _, basic = request.headers.get("Authorization", "").partition(" ")
        shown = base64.b64decode(basic).decode() if scheme == "Basic" else ""
        if tuple(map(unquote, shown.partition(":")[::2])) != (CLIENT_ID, CLIENT_SECRET):
            return jsonify(error="invalid_client"), 401
        form = request.form
        asked = self.codes.pop(form.get("code", ""), None)  # a code works once
        if (
            asked is None
            or form.get("redirect_uri") != asked["redirect_uri"]
            or create_s256_code_challenge(form.get("code_verifier", "")) != asked["code_challenge"]
        ):
            return jsonify(error="invalid_grant"), 400
        return jsonify(access_token="at", token_type="Bearer", id_token=self._id_token(asked)), 200

    def _id_token(self, asked: dict[str, str]) -> str:
        now = int(time.time())
        is_new = asked.get("prompt") == "login" and self.heeds_prompt
        claims = {
            "iss": self.issuer,
            "sub": self.sub,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            "auth_time": now if is_new else now - self.signed_in_ago,
            "email": self.email,
            "email_verified": self.is_verified,
        } | self.lies
        said = {name: value for name, value in claims.items() if value is not None}
        return self._signed(said)

    def _signed(self, claims: dict[str, Any]) -> str:
        if self.signature == "none":
            parts = ({"alg": "none"}, claims)
            text = ".".join(
                jwt.encode({"alg": "HS256"}, part, OctKey.generate_key(256)).split(".")[1] for part in parts
            )
            return f"{text}."
        if self.signature == "secret":
            return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(CLIENT_SECRET))
        return jwt.encode(
            {"alg": "RS256", "kid": "k1"},
            claims,
            self.key if self.signature == "signed" else _key("a stranger's"),
        )
