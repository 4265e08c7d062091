"""Results as JSON. The form is stable: fields are added to it, and none is renamed or taken away within one `format`."""

from __future__ import annotations

import json
from typing import Any

from colonnade.core.gate import Held
from colonnade.core.plan import Plan

FORMAT = 1


def plan_data(plan: Plan, held: Held | None) -> dict[str, Any]:
    """A plan: whether there is nothing to do, the steps, and why it may not run as it is (if so)."""
    found = plan.as_dict()
    for step in found["steps"]:
        del step["otherwise"]  # settled by the rehearsal, and then empty
        del step["confirms"]  # what is not there, and is told once it is
        del step["remainder"]  # run as one statement, the step leaves none
        for hazard in step["hazards"]:
            del hazard["asks"]  # asked by now, and then empty
    why = {"reason": held.reason, "message": held.message} if held else None
    return {"format": FORMAT, "converged": not plan.steps, "held": why, **found}


def dumped(data: object) -> str:
    """As text, ready to be printed."""
    return json.dumps(data, indent=2, ensure_ascii=False, default=str)
