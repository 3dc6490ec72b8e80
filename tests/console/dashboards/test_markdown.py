"""Markdown on tiles: a little of it, and never somebody's HTML."""

import re

from hypothesis import given
from hypothesis import strategies as st

from holdfast.console.dashboards.markdown import markdown


def test_what_there_is_of_it() -> None:
    text = "# Title\n- **a** and *b*\n- `c`\n\n[desk](https://example.org/x)"
    assert markdown(text) == (
        "<h3>Title</h3>\n<ul><li><strong>a</strong> and <em>b</em></li><li><code>c</code></li></ul>\n"
        '<p><a href="https://example.org/x" rel="noreferrer">desk</a></p>'
    )


def test_links_lead_to_https_alone() -> None:
    assert "href" not in markdown("[x](javascript:alert(1)) [y](data:text/html,z) [z](//example.org)")


@given(st.text(alphabet=st.sampled_from('<>"&*`[]()#- \nab:/https'), max_size=300))
def test_no_markup_of_the_text_passes(text: str) -> None:
    allowed = r'</?(?:h3|ul|li|p|strong|em|code|a)(?: href="https://[^"<>\s]*" rel="noreferrer")?>'
    assert "<" not in re.sub(allowed, "", markdown(text))
