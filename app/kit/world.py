"""What the battery is told of a vendor: how it is served, and what can happen there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

#: Stands in settings for the address at which the vendor's application is served.
URL = "{url}"


@dataclass(frozen=True)
class VendorCall:
    """A webhook call as the vendor makes it.

    `keyed`: it comes to the address with the connection key. `signs_body`: it proves its body, not only its sender.
    """

    headers: Mapping[str, str]
    body: bytes
    keyed: bool = False
    signs_body: bool = True


@dataclass
class World:
    """A vendor without people as a WSGI application, a connection to it, and what people do there.

    ``{url}`` in a setting becomes the address at which `application` is served. The functions take and return the ids
    of records as the mapping's key makes them. `people` are hired by the battery: so many that they take several pages.
    """

    application: WSGIApplication
    settings: Mapping[str, str]
    secrets: Mapping[str, str]
    #: Add somebody new, with everything that an import needs; return the record's id.
    hire: Callable[[], str]
    #: Change something that the mapping takes over.
    change: Callable[[str], object]
    #: Delete the record.
    remove: Callable[[str], object]
    #: Make the person one that the mapping sets inactive; None where the vendor does not tell leavers.
    leave: Callable[[str], object] | None = None
    #: The call that the vendor makes about a record; needed when the adapter takes webhooks.
    deliver: Callable[[str], VendorCall] | None = None
    #: The headers of a call with any body, where calls are signed: what makes no sense is sent signed too.
    sign: Callable[[bytes], Mapping[str, str]] | None = None
    #: The mapping, where the adapter has no default.
    mapping: str | None = None
    people: int = 30
    #: Credentials that the vendor refuses; every required secret with another value unless given.
    wrong_secrets: Mapping[str, str] | None = None
    #: Secret fields that are read without being switched on, because the directory keeps them sealed.
    always_read: Collection[str] = ()
    #: Values of the people's secret fields, to be searched for where they must not be.
    sensitive: Collection[str] = field(default=())

    def settings_at(self, url: str) -> dict[str, str]:
        """Return the settings with the address in its places."""
        return {name: value.replace(URL, url) for name, value in self.settings.items()}
