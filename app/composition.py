"""The only place where the parts are joined: database, keys, listeners, blueprints."""

from __future__ import annotations

from flask import Flask
from werkzeug.exceptions import HTTPException

from app import directory
from app.access.encryption import KeyRing
from app.access.inbound import InboundLog
from app.access.rates import RateLimiter
from app.access.tokens import Authenticator
from app.config import Settings, load_settings
from app.database import init_database
from app.directory.schemas import TenantSchemas
from app.errors import SettingsError
from app.jobs.lifeline import die_with_parent
from app.log import init_logging
from scim.cursors import CursorSeal


def compose(settings: Settings) -> Flask:
    """Return the Flask application of an installation with these settings."""
    init_logging(settings.log_level)
    app = Flask("app", instance_path=str(settings.instance_path.resolve()))
    app.config["SECRET_KEY"] = settings.secret_key
    app.extensions["rollcall.settings"] = settings
    app.extensions["rollcall.key_ring"] = _key_ring(settings)
    app.extensions["rollcall.authenticator"] = Authenticator()
    app.extensions["rollcall.schemas"] = TenantSchemas()
    app.extensions["rollcall.rates"] = RateLimiter(settings.instance_path / "rates")
    app.extensions["rollcall.inbound"] = InboundLog(app)
    app.extensions["rollcall.cursor_seal"] = CursorSeal(app.extensions["rollcall.key_ring"].cursor_key())
    init_database(app, settings)
    _join_listeners(app)
    _join_blueprints(app)
    return app


def web_application() -> Flask:
    """Return the application for one of granian's workers, which must not outlive a killed granian."""
    die_with_parent()
    return compose(load_settings())


def _key_ring(settings: Settings) -> KeyRing:
    try:
        return KeyRing.parse(settings.key_ring)
    except ValueError as error:
        raise SettingsError([f"ROLLCALL_KEY_RING: {error}"]) from error


def _join_listeners(app: Flask) -> None:
    from app.exporting import write_back
    from app.provisioning import breaker, marking
    from app.sources import linking, pushing, runs

    directory.listen(app, marking.on_directory_change)
    directory.listen(app, pushing.on_directory_change)
    breaker.join(app, runs.run_has_ended)
    linking.listen(app, write_back.on_record)
    linking.listen_to_sources(app, write_back.on_source)
    linking.listen_to_proofs(app, write_back.on_proof)


def _join_blueprints(app: Flask) -> None:
    from app.web import health, metrics, oauth, webhooks
    from app.web.api import init_api, refusals
    from app.web.console import init_console
    from app.web.scim import application as scim

    app.register_error_handler(HTTPException, refusals.refused)
    app.register_blueprint(health.blueprint)
    app.register_blueprint(metrics.blueprint)
    app.register_blueprint(webhooks.blueprint)
    oauth.join(app)
    init_console(app)
    init_api(app)
    scim.mount(app)
