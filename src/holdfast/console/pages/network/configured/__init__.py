"""Pages of what people configure of network monitoring: what to watch, what to leave out, questions."""

from holdfast.console.pages.network.configured import exclusions, queries, rules, windows

ROUTES = [*exclusions.ROUTES, *windows.ROUTES, *rules.ROUTES, *queries.ROUTES]
