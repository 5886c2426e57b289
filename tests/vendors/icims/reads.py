"""How tests read a simulated iCIMS."""

from __future__ import annotations

import json

from app.vendors.icims.source import ICIMSSource

SOURCE = ICIMSSource()


def pages(context, resume=None):
    return list(SOURCE.read(context, resume))


def ids(records):
    return [record.values.get("profile_id") for record in records]


def searches(icims, kind="people"):
    found = [call for call in icims.simulator.log.calls() if call.path.endswith(f"/search/{kind}")]
    return [json.loads(call.body) for call in found]
