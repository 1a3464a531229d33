"""How a destination of the settings reaches the simulator by XDS, as TOML to copy."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from adapter.dmp.simulator.soap.authority import PROFESSIONAL, STRUCTURE

_TABLE: Final = """\
[destinations.{name}]
wire = "xds"
base_url = "{url}"
ca_bundle = "{folder}/autorite.pem"
client_cert = "{folder}/client.pem"
client_key = "{folder}/client.key"

[destinations.{name}.xds]
mode = "{mode}"
structure = "{structure}"
sector = "SA08"
user_id = "{professional}"
user_name = "Claire ÉVENO"
roles = ["10^1.2.250.1.71.1.2.7^Médecin", "SM54^1.2.250.1.71.4.2.5^Médecine Générale (SM)"]
source_id = "1.2.250.1.999.9"
software_name = "dmp-adapter"
software_version = "essai"

[destinations.{name}.xds.signing]
cert = "{folder}/{signing}.pem"
key = "{folder}/{signing}.key"
"""


def settings(url: str, folder: Path) -> str:
    """Two destinations: the usual one by the certificates of the structure (feeding), one by a card (everything).

    Args:
        url: of the services (``https://…/services``).
        folder: of the keys.
    """
    where = folder.resolve().as_posix().replace("\\", "\\\\").replace('"', '\\"')
    common = {"url": url, "folder": where, "structure": STRUCTURE, "professional": PROFESSIONAL}
    return "\n".join(
        (
            "# Personnes et structure fictives ; clés d'essai, bonnes pour ce simulateur seulement.",
            'default_destination = "sim-xds"\n',
            _TABLE.format(name="sim-xds", mode="indirect", signing="signature-structure", **common),
            _TABLE.format(name="sim-xds-carte", mode="direct", signing="signature-carte", **common),
        )
    )
