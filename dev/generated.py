"""Files that are made from others and committed: `python -m dev.generated` writes them, `… --check` says which are stale."""

import sys
from pathlib import Path

from colonnade.resources import crd
from dev import cli_reference, reference, shop
from dev.paths import ROOT

CRDS = ROOT / "crds"
CHART_CRDS = ROOT / "charts" / "colonnade" / "templates" / "crds"
_LABELS = """\
metadata:
  labels:
    {{- include "colonnade.labels" . | nindent 4 }}
  {{- if .Values.crds.keep }}
  annotations:
    helm.sh/resource-policy: keep
  {{- end }}
"""


def files() -> dict[Path, str]:
    crds = crd.render()
    return {
        **{CRDS / name: text for name, text in crds.items()},
        **{CHART_CRDS / name: _template(text) for name, text in crds.items()},
        **shop.generated(),
        **cli_reference.generated(),
        **reference.generated(),
    }


def _template(text: str) -> str:
    """A CRD as the chart installs it: if asked to, and kept when the chart goes."""
    literal = text.replace("{{", '{{ "{{" }}').replace("metadata:\n", _LABELS, 1)
    return f"{{{{- if .Values.crds.enabled }}}}\n{literal}{{{{- end }}}}\n"


def stale() -> list[Path]:
    """Those that differ, those that are absent, and those that nothing makes any more."""
    wanted = files()
    differ = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    left_over = {found for folder in (CRDS, CHART_CRDS) for found in folder.iterdir()} - wanted.keys()
    return sorted([*differ, *left_over])


def write() -> None:
    for path, text in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for path in stale():
        path.unlink()


if __name__ == "__main__":
    if "--check" not in sys.argv:
        write()
    elif found := stale():
        sys.exit("\n".join([*(f"stale: {path.relative_to(ROOT)}" for path in found), "run `make crds` and commit"]))
