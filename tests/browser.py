"""Chromium and axe-core, where they are installed: CONTRIBUTING.md says how the tests find them."""

import html
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[1]
_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, _NAMES)), "")
AXE = Path(os.environ.get("TALKSHARD_AXE") or _ROOT / "node_modules" / "axe-core" / "axe.min.js")

needs_chromium = pytest.mark.skipif(not CHROMIUM, reason=f"no {', '.join(_NAMES)} is installed")
needs_axe = pytest.mark.skipif(
    not AXE.is_file(), reason="axe-core is not installed: npm install --no-save axe-core, or TALKSHARD_AXE=axe.min.js"
)

_RUN_AXE = """
addEventListener("load", async () => {
  const found = await axe.run();
  const lines = found.violations.flatMap((one) =>
    one.nodes.map((node) => [one.impact, one.id, node.html.slice(0, 200), node.failureSummary]));
  document.title = "axe ran";
  document.body.innerHTML = "<pre id=found></pre>";
  document.getElementById("found").textContent = JSON.stringify(lines);
});
"""
_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')


def loaded(page: str, width_px: int = 1400, is_dark: bool = False) -> str:
    """The document as it is once the browser has loaded the page and run its script."""
    scheme = ["--blink-settings=preferredColorScheme=0"] if is_dark else []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        path = Path(folder, "page.html")
        path.write_text(page)
        options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/profile", *scheme]
        options += [f"--window-size={width_px},900", "--virtual-time-budget=60000", "--dump-dom", path.as_uri()]
        done = subprocess.run([CHROMIUM, *options], check=True, capture_output=True, text=True, timeout=300)
    return done.stdout


def with_script(page: str, script: str) -> str:
    """The page without its content policy, and with a script at its end."""
    return _POLICY.sub("", page).replace("</body>", f"<script>{script}</script></body>")


def violations(page: str, width_px: int, is_dark: bool) -> list[list[str]]:
    """What axe-core finds: impact, rule, element and what to do, of each element."""
    found = loaded(with_script(page, f"{AXE.read_text()}{_RUN_AXE}"), width_px, is_dark)
    assert "<title>axe ran</title>" in found
    [text] = re.findall(r'<pre id="found">(.*?)</pre>', found, re.DOTALL)
    return json.loads(html.unescape(text))
