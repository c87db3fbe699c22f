"""The HTML report in a real browser: read, sorted, filtered, printed, and attacked."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from lab.browser import DESKTOP, PHONE
from mailtls.report import html
from mailtls.verdict import Part, Proof, Standpoint
from report.reports import NAMES, certificate, failure, hostile, mixed, report, verdict

TAB, ENTER = 9, 13
LOOKS = {
    "light": {},
    "dark": {"dark": True},
    "phone": {"size": PHONE},
    "phone, dark": {"size": PHONE, "dark": True},
    "paper": {"media": "print"},
}


def unbroken():
    """Return a report whose every text is one word of 300 characters."""
    word = "W" * 300
    said = dict.fromkeys(("message", "expected", "observed", "remedy", "address"), word)
    return report(
        [failure(**said), verdict(rule="mode", message=word)],
        leaf=certificate(subject=word, issuer=word, dns_names=(word,), signature=word),
        shown=(Proof(part=Part.GROUP, standpoint=Standpoint.ACCEPTED, names=(word,), by=word),),
    )


@pytest.fixture
def opened(browser, written):
    """Give a function that opens a report as a page."""
    pages = []

    def open_report(made, **look):
        pages.append(browser.open(written(html.render(made)), **look))
        return pages[-1]

    yield open_report
    for page in pages:
        page.close()


def shown(page, what: str) -> list[str]:
    """Return the texts of the elements that can be seen."""
    script = (
        f"[...document.querySelectorAll({json.dumps(what)})].filter((e) => e.checkVisibility())"
    )
    return page.run(f"{script}.map((e) => e.textContent)")


def choose(page, field: str, value: str) -> None:
    page.run(
        f"(() => {{ const e = document.querySelector('{field}'); e.value = {json.dumps(value)};"
        " e.dispatchEvent(new Event('input', { bubbles: true })); })()"
    )


def column(page, number: int) -> list[str]:
    return page.run(
        f"[...document.querySelectorAll('#endpoints tbody tr')].map(r => r.cells[{number}].textContent)"
    )


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
@pytest.mark.parametrize("made", [mixed(), hostile(), report([verdict()])])
def test_axe_finds_nothing_that_keeps_people_out(opened, axe, made, look):
    page = opened(made, **look)
    page.run(f"{axe};1")
    found = json.loads(page.run("axe.run().then((r) => JSON.stringify(r))"))

    told = [(each["id"], [node["html"] for node in each["nodes"]]) for each in found["violations"]]
    assert told == []
    assert len(found["passes"]) > 30


def test_axe_would_find_it(opened, axe):
    page = opened(mixed())
    page.run(f"document.querySelector('label').remove();{axe};1")
    found = json.loads(page.run("axe.run().then((r) => JSON.stringify(r.violations))"))

    assert "label" in {each["id"] for each in found}


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
@pytest.mark.parametrize("made", [mixed(), hostile()])
def test_every_colour_can_be_read(opened, made, look):
    """Hold text to 4.5:1 (WCAG 2.1, 1.4.3) by the colours themselves: axe is unsure of some signs."""
    ratios = opened(made, **look).run(CONTRAST)

    assert len(ratios) > 50
    assert min(ratios.values()) >= 4.5, min(ratios.items(), key=lambda each: each[1])


CONTRAST = """
  (() => {
    const numbers = (color) => color.match(/[0-9.]+/g).map(Number);
    const light = (color) => {
      const parts = numbers(color).slice(0, 3).map((c) => c / 255)
        .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
      return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
    };
    const behind = (element) => {
      for (let each = element; each; each = each.parentElement) {
        const color = getComputedStyle(each).backgroundColor;
        if ((numbers(color)[3] ?? 1) > 0) return color;
      }
      return "rgb(255, 255, 255)";
    };
    const found = {};
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const element = walker.currentNode.parentElement;
      if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
      if (element.closest("script, svg, option")) continue;
      const [one, other] = [light(getComputedStyle(element).color), light(behind(element))];
      const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
      found[Object.keys(found).length + " " + walker.currentNode.data.slice(0, 40)] = ratio;
    }
    return found;
  })()
"""


@pytest.mark.parametrize("made", [mixed(), hostile()])
def test_nothing_is_asked_of_anybody_and_nothing_of_a_stranger_runs(opened, made):
    page = opened(made)
    requests = [each["request"]["url"] for each in page.events("Network.requestWillBeSent")]

    assert len(requests) == 1
    assert requests[0].startswith("file:")
    assert page.events("Page.javascriptDialogOpening") == []
    assert page.events("Runtime.exceptionThrown") == []
    assert page.events("Log.entryAdded") == []
    assert page.run("document.scripts.length") == 1
    assert page.run("document.querySelectorAll('main img, main iframe, main script').length") == 0


def test_the_policy_of_the_page_stops_what_is_not_its_own(browser, written):
    body = "<img src='http://127.0.0.1:9/x'><script>document.title = 'run'</script></main>"
    page = browser.open(written(html.render(mixed()).replace("</main>", body)))

    assert page.run("document.title").startswith("mailtls fail")
    refused = [each["entry"]["text"] for each in page.events("Log.entryAdded")]
    assert len([text for text in refused if "Content Security Policy" in text]) == 2


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("made", [mixed(), hostile(), unbroken()])
def test_the_page_is_never_wider_than_the_screen(opened, made, size):
    page = opened(made, size=size)

    assert page.run("document.documentElement.scrollWidth") <= size[0]


def test_a_narrow_screen_has_a_head_beside_each_cell(opened):
    page = opened(mixed(), size=PHONE)
    heads = page.run(
        "[...document.querySelectorAll('#endpoints td')].filter((e) => e.checkVisibility())"
        ".map((e) => getComputedStyle(e, '::before').content)"
    )

    assert set(heads) == {'"State"', '"Service"', '"Connection"', '"TLS"', '"Certificate"'}
    assert shown(page, "thead") == []


def test_a_table_is_sorted_by_a_click_and_back(opened):
    page = opened(mixed())
    press = "document.querySelectorAll('#endpoints thead button')[0].click()"
    page.run(press)
    worst_first = column(page, 0)
    page.run(press)

    assert [each.split()[1] for each in worst_first] == ["fail", "unknown", "ok"]
    assert column(page, 0) == worst_first[::-1]
    assert (
        page.run("document.querySelector('#endpoints th').getAttribute('aria-sort')")
        == "descending"
    )


def test_a_column_of_days_is_sorted_by_number(opened):
    made = mixed()
    first, *others = made.endpoints
    target = first.targets[0]
    late = replace(target.certificate, days_left=9, sha256="9", not_after="2026-06-10T00:00:00Z")
    more = replace(first, targets=(replace(target, certificate=late),))
    page = opened(replace(made, endpoints=(more, *others)))
    page.run("document.querySelectorAll('#certificates thead button')[4].click()")
    days = page.run(
        "[...document.querySelectorAll('#certificates tbody tr')].map(r => r.cells[4].innerText)"
    )

    assert [each.split()[1] for each in days] == ["9", "80"]


def test_the_filter_leaves_what_fits_and_says_how_much(opened):
    page = opened(mixed())
    total = len(shown(page, "[data-row]"))
    choose(page, "input", "587 tls-version")
    assert [each[:30] for each in shown(page, "article h4")] == [
        "\u2715 error tls-version the server"
    ]
    assert shown(page, "h3 code") == [NAMES[0]]
    left = len(shown(page, "[data-row]"))
    assert shown(page, "output") == [f"{left} of {total} entries shown"]

    choose(page, "input", "")
    choose(page, "select", "unknown")
    assert [each.split()[1] for each in shown(page, "article")] == ["could"]
    choose(page, "select", "")
    assert len(shown(page, "[data-row]")) == total
    assert shown(page, "output") == [""]


def test_everything_can_be_reached_by_keyboard(opened):
    page = opened(mixed())
    reached = []
    for _ in range(60):
        page.press("Tab", code=TAB)
        reached.append(page.run("document.activeElement.outerHTML.slice(0, 60)"))
    tags = {each[1:].split(" ")[0].split(">")[0] for each in reached}

    assert "Skip to the findings" in page.run("document.querySelector('.skip').textContent")
    assert reached[0].startswith('<a href="#findings" class="skip">')
    assert {"a", "input", "select", "button", "summary"} <= tags


def test_a_table_is_sorted_and_a_transcript_unfolded_by_keyboard(opened):
    page = opened(mixed())
    page.run("document.querySelector('#endpoints thead button').focus()")
    page.press("Enter", code=ENTER)
    assert (
        page.run("document.querySelector('#endpoints th').getAttribute('aria-sort')") == "ascending"
    )

    page.run("document.querySelector('article summary').focus()")
    page.press("Enter", code=ENTER)
    assert page.run("document.querySelector('article details').open")


def test_without_script_everything_is_there(opened):
    page = opened(mixed(), scripts=False)

    assert shown(page, "form") == []
    assert shown(page, "thead button") == []
    assert len(shown(page, "article")) == 2
    assert len(shown(page, "#endpoints tbody tr")) == 3


def test_paper_is_light_and_has_what_is_folded_away(opened):
    folded = opened(mixed(), dark=True, media="print", scripts=False)

    assert folded.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert shown(folded, "nav") == shown(folded, "form") == []
    height = folded.run("document.querySelector('.transcript').getBoundingClientRect().height")
    assert height > 10


def test_it_is_printed(opened):
    pdf = opened(mixed(), dark=True).paper()

    assert pdf.startswith(b"%PDF-")
    assert pdf.count(b"/Type /Page\n") >= 2


def test_a_bar_of_the_time_line_is_where_it_says(opened):
    page = opened(mixed())
    track, bar, today = page.run(
        "['.track', '.valid', '.today'].map((e) => document.querySelector(e).getBoundingClientRect())"
        ".map((r) => [r.left, r.right])"
    )

    width = track[1] - track[0]
    assert (bar[0] - track[0]) / width == pytest.approx(20 / 120, abs=0.01)
    assert (bar[1] - track[0]) / width == pytest.approx(110 / 120, abs=0.01)
    assert (today[0] - track[0]) / width == pytest.approx(30 / 120, abs=0.01)
