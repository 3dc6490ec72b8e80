"""Bounds that keep a definition from a stranger harmless, and where each number comes from."""

from typing import Final

DOCUMENT_BYTES: Final = 4 * 1024 * 1024
"""A document to read. Azure Resource Manager accepts request bodies up to 4 MB."""
DOCUMENT_DEPTH: Final = 200
"""Nested arrays and objects in a document; the deepest published built-in (a deployment) has about 40."""
CONDITION_DEPTH: Final = 64
"""`allOf`, `anyOf`, `not` and `count` inside one another: Azure's limit."""
CONDITIONS: Final = 4096
"""Conditions in one `if`: Azure's limit."""
EXPRESSION_LENGTH: Final = 81_920
"""Characters of one template expression: Azure's limit."""
EXPRESSION_DEPTH: Final = 64
"""Calls inside calls in one template expression: Azure's limit."""
VALUE_COUNTS: Final = 10
"""Counts of values in one rule: Azure's limit."""
FIELD_COUNTS: Final = 5
"""Counts of one array in one rule: Azure's limit."""
FUNCTIONS: Final = 2048
"""Template functions in one rule: Azure's limit."""
PARAMETERS: Final = 400
"""Parameters of one initiative: Azure's limit (a definition may have 20)."""
INITIATIVE_POLICIES: Final = 1000
"""Policies in one initiative: Azure's limit."""
STEPS: Final = 200_000
"""Conditions, calls and members that the evaluation of one resource may visit; as many again in each related
resource."""
CHANGE_SECONDS: Final = 0.5
"""Wall time of one evaluation while somebody waits for it."""
JUDGING_SECONDS: Final = 30.0
"""Wall time of one evaluation while nobody does, after what it looks for was read: a policy over a hundred
thousand related resources takes a second of it."""
TEXT_LENGTH: Final = 131_072
"""Characters of a string that a function may build: Azure's limit."""
ITEMS: Final = 32_768
"""Members of an array that a function may build: Azure's limit."""
RANGE_ITEMS: Final = 10_000
"""`range()`: documented."""
EXPLAINED_MEMBERS: Final = 20
"""Members of an array, and related resources, that a reason shows one by one."""
COMPARISONS: Final = 100_000_000
"""Characters that one search may compare: a tenth of a second."""
