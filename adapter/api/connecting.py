"""From how a DMP is reached to a client of it, on the wire that it speaks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from adapter.dmp.session import DmpSession
from adapter.dmp.tls import Trust
from adapter.model.destination import Reach

if TYPE_CHECKING:
    from adapter.dmp.pdsm import PdsmClient
    from adapter.dmp.xds.client import XdsClient
    from adapter.dmp.xds.keys import Keys


def session(reach: Reach, keys: Keys, token: Callable[[], str] | None) -> DmpSession:
    """What requests to this DMP travel through; no connection is made, no key is opened yet."""
    actor = reach.actor
    plain = reach.wire == "pdsm" and reach.crl is None and keys.client_in_clear
    return DmpSession(
        connect_timeout_s=reach.connect_timeout_s,
        read_timeout_s=reach.read_timeout_s,
        total_timeout_s=reach.total_timeout_s,
        ca_bundle=reach.ca_bundle,
        certificate=(reach.client.cert, reach.client.key) if plain and reach.client.cert and reach.client.key else None,
        trust=None if plain else Trust(keys.client if reach.client.told else None, reach.crl),
        token=token,
        headers=(lambda: {"X-DMP-Actor": actor}) if actor else None,
        proxies={"http": reach.proxy, "https": reach.proxy} if reach.proxy else None,
    )


def pdsm(reach: Reach, keys: Keys, token: Callable[[], str] | None) -> PdsmClient:
    """Client over FHIR."""
    from adapter.dmp.pdsm import PdsmClient

    through = session(reach, keys, token)
    return PdsmClient(reach.base_url, through, caller_rpps=reach.caller_rpps, post_search=reach.post_search)


def xds(reach: Reach, keys: Keys, token: Callable[[], str] | None) -> XdsClient:
    """Client over SOAP, whose signing key is opened now.

    Raises:
        KeyUnusable: the signing key cannot serve.
        MissingExtra: the extra ``xds`` is not installed.
    """
    from adapter.dmp.xds.client import Services, XdsClient
    from adapter.dmp.xds.credentials import SignedCredentials
    from adapter.dmp.xds.metadata import names
    from adapter.dmp.xds.vihf import caller
    from adapter.model.destination import SERVICES

    access = reach.xds
    base = reach.base_url.rstrip("/")
    services = Services(**{name: access.services.get(name, f"{base}/{name}") for name in SERVICES})
    return XdsClient(
        services,
        session(reach, keys, token),
        SignedCredentials(caller(access), keys.signer(), access.dsg_digest),
        source_id=access.source_id,
        software=access.software_name,
        repository=access.repository_unique_id or names.DMP_REPOSITORY,
        processing=access.processing,
        revocation=access.revocation,
    )
