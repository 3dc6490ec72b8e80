"""Walking through a page with the Tab key: what is reached, what shows it, whether the page lets go again."""

from playwright.sync_api import Locator, Page, expect

MAXIMUM_STEPS = 400
"""Interactive elements of the longest page and of the frame."""

PREPARE = """() => {
    // Nothing is put in the place of what was reached already, and what is folded is open.
    document.addEventListener("htmx:beforeRequest", (event) => event.preventDefault());
    document.addEventListener("htmx:beforeSwap", ({ detail }) => { detail.shouldSwap = false; });
    for (const fold of document.querySelectorAll("main details:not(.drop, :has([hx-get]))")) fold.open = true;
    const main = document.getElementById("content");
    const stops = [...main.querySelectorAll(
        "a[href], button, input, select, textarea, summary, [tabindex]:not([tabindex='-1'])"
    )];
    const works = (element) => element.checkVisibility({ visibilityProperty: true })
        && !element.matches(":disabled") && element.tabIndex >= 0;
    const name = (element) => element.outerHTML.slice(0, 160);
    const seen = new Set();
    const chosenInstead = ({ type, name }) =>
        type === "radio" && [...seen].some((other) => other.name === name);
    const problems = { faint: [], left: !stops.some(works) };
    const leave = () => { problems.left ||= seen.size > 0; };
    document.addEventListener("focusin", ({ target }) => {
        if (!main.contains(target) || target === main) { leave(); return; }
        seen.add(target);
        const { outlineStyle, outlineWidth } = getComputedStyle(target);
        if (outlineStyle === "none" || parseFloat(outlineWidth) < 1) problems.faint.push(name(target));
    });
    addEventListener("blur", leave);
    window.walked = () => [
        ...stops.filter((element) => works(element) && !seen.has(element) && !chosenInstead(element))
            .map((element) => `is not reached: ${name(element)}`),
        ...problems.faint.map((one) => `does not show that it has the focus: ${one}`),
        ...(problems.left ? [] : ["the focus is caught in the page"]),
    ];
    main.focus();
    const parts = 8 * main.querySelectorAll("input:is([type^=date], [type=time])").length;
    return stops.filter(works).length + parts + 3;
}"""
"""Notes what the focus reaches; gives how many steps lead through the page."""


def walked(page: Page) -> list[str]:
    """What is wrong with the page for somebody with a keyboard alone."""
    for _ in range(page.evaluate(PREPARE)):
        page.keyboard.press("Tab")
    problems: list[str] = page.evaluate("walked()")
    return problems


def reach(page: Page, target: Locator) -> None:
    """Press Tab until the target has the focus. AssertionError when it is not reached."""
    expect(target).to_be_visible()
    for _ in range(MAXIMUM_STEPS):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{target} is not reached by the Tab key")


def press(page: Page, target: Locator, key: str = "Enter") -> None:
    """Reach the target and press a key on it."""
    reach(page, target)
    page.keyboard.press(key)
