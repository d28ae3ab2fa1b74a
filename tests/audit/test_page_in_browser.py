"""The HTML pages in Chromium: nothing that axe-core calls serious, no sideways scrolling, and a script that works."""

import re

import pytest

from audit.report import report_page
from tests.audit.made_pages import empty_report, evaluation_page_with_examples, full_report
from tests.browser import loaded, needs_axe, needs_chromium, violations, with_script

pytestmark = needs_chromium
WIDE, PHONE = 1400, 500  # px


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Each page that this project writes, by name."""
    folder = tmp_path_factory.mktemp("pages")
    return {
        "report": full_report(folder / "full"),
        "report without clips": empty_report(folder / "empty", report_page),
        "evaluation": evaluation_page_with_examples(),
    }


@needs_axe
@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width_px", [WIDE, PHONE])
@pytest.mark.parametrize("name", ["report", "report without clips", "evaluation"])
def test_axe_finds_nothing_serious(pages, name, width_px, is_dark):
    found = violations(pages[name], width_px, is_dark)
    assert [one for one in found if one[0] in ("serious", "critical")] == []


@needs_axe
def test_axe_does_find_what_is_serious(pages):
    spoilt = pages["report"].replace('lang="en"', "").replace("--soft: #566173", "--soft: #c9ced6")
    assert {"html-has-lang", "color-contrast"} <= {rule for _, rule, *_ in violations(spoilt, WIDE, False)}


@pytest.mark.parametrize("name", ["report", "report without clips", "evaluation"])
def test_a_phone_scrolls_in_one_direction(pages, name):
    measure = "document.title = `${document.documentElement.scrollWidth} of ${innerWidth}`"
    [(needed, there)] = re.findall(r"<title>(\d+) of (\d+)</title>", loaded(with_script(pages[name], measure), PHONE))
    assert int(needed) <= int(there)


def test_the_policy_lets_the_pages_own_script_run_and_no_other(pages):
    report = pages["report"].replace("</body>", "<script>document.title = 'hostile'</script></body>")
    found = loaded(report)
    assert '<button type="button">' in found and '<div class="controls">' in found and "hostile</title>" not in found


def test_rows_are_sorted_and_filtered_in_the_browser(pages):
    steps = """
      const table = document.querySelector("#sources ~ .box table");
      const seen = () => [...table.tBodies[0].rows].filter((row) => !row.hidden);
      const names = () => seen().map((row) => row.cells[5].textContent);
      const shown = [];
      const button = table.tHead.rows[0].cells[5].querySelector("button");
      button.click(); shown.push(names());
      button.click(); shown.push(names());
      const search = document.querySelector("#sources ~ .controls input");
      search.value = "min_box_px"; search.dispatchEvent(new Event("input")); shown.push(names());
      document.title = JSON.stringify(shown);
    """
    found = loaded(with_script(pages["report"], steps))
    assert '<title>[["0","1","2"],["2","1","0"],["2"]]</title>' in found
