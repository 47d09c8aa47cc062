"""With a keyboard alone: everything is reached with Tab, used with Enter and Space, and always seen to be there."""

from browser_journeys.people import Person, Site
from journeys.prebirth_journeys import Pregnancy
from playwright.sync_api import expect

FOCUSED = """() => {
  const one = document.activeElement
  if (!one || one === document.body) return { name: '', seen: true }
  const label = one.labels && one.labels.length ? one.labels[0] : null
  const words = (label || one).innerText || one.getAttribute('aria-label') || one.value || ''
  const legend = one.closest('fieldset')?.querySelector('legend')?.innerText
  const shows = (style) => style.boxShadow !== 'none' || (style.outlineStyle !== 'none' && style.outlineWidth !== '0px')
  const place = one.getBoundingClientRect()
  const drawn = getComputedStyle(one).opacity === '0' && label
    ? shows(getComputedStyle(label, '::before')) : shows(getComputedStyle(one))
  return { name: (legend && label ? legend.trim() + ': ' : '') + words.trim(), seen: drawn && place.width > 1 }
}"""
FAR = 150  # presses of Tab after which something counts as out of reach


def tabs_to(person: Person, name: str) -> Person:
    """Presses Tab until this has the focus; wherever the focus stands on the way, it is seen."""
    passed = []
    for _ in range(FAR):
        person.page.keyboard.press("Tab")
        focused = person.page.evaluate(FOCUSED)
        assert focused["seen"], f"nobody sees that {focused['name']!r} at {person.page.url} has the focus"
        passed.append(focused["name"])
        if focused["name"] == name:
            return person
    raise AssertionError(f"Tab does not lead to {name!r} at {person.page.url}, but to {passed}")


def enters(person: Person) -> Person:
    with person.page.expect_navigation():
        person.page.keyboard.press("Enter")
    return person


def types(person: Person, **words: str) -> Person:
    for name, typed in words.items():
        tabs_to(person, name.replace("_", " "))
        person.page.keyboard.type(typed)
    return person


def skips(person: Person) -> Person:
    """The first thing that Tab leads to; it leads past the header."""
    person.page.keyboard.press("Tab")
    expect(person.page.get_by_role("link", name="Skip to main content")).to_be_focused()
    person.page.keyboard.press("Enter")
    expect(person.main).to_be_focused()
    return person


def test_a_visit_is_recorded_with_tab_enter_and_space_alone(site: Site) -> None:
    case = Pregnancy(site.desk).refer().is_assessed().case
    worker = site.person("baby.CW")
    worker.page.goto("/")
    keyboard = worker.page.keyboard

    tabs_to(skips(worker), "User name")
    keyboard.type("baby.CW")
    tabs_to(worker, "Password")
    keyboard.type("three blue kettles")
    enters(worker).is_on("My work")
    enters(tabs_to(skips(worker), case)).is_on(f"{case}: Assessment")
    enters(tabs_to(skips(worker), "Record a visit")).is_on("Record a visit")

    enters(tabs_to(worker, "Continue")).is_told_of_a_problem("Enter the date: visited on")
    keyboard.press("Tab")
    keyboard.press("Enter")
    day = worker.group("Visited on").get_by_label("Day", exact=True)
    expect(day).to_be_focused()
    today = worker.today()
    keyboard.type(str(today.day))
    tabs_to(worker, "Visited on: Month")
    keyboard.type(str(today.month))
    tabs_to(worker, "Visited on: Year")
    keyboard.type(str(today.year))
    tabs_to(worker, "Who was seen: Mother")
    keyboard.press("Space")
    tabs_to(worker, "What was seen and said")
    keyboard.type("She showed me the cot.")
    enters(tabs_to(worker, "Continue")).is_on("Check before you record").sees("She showed me the cot.")
    enters(tabs_to(worker, "Record it")).is_told("Recorded: Record a visit.")
