"""QR codes can be read whatever they say: a long text is drawn smaller, not cut off."""

from xml.etree import ElementTree

import pytest

from holdfast.console.qr import qr_code


@pytest.mark.parametrize("length", [10, 100, 1000])
def test_a_code_fits_into_the_room_that_it_is_given(length: int) -> None:
    drawn = ElementTree.fromstring(qr_code("x" * length, "One-time codes"))
    assert drawn.attrib["viewBox"].startswith("0 0 ")
    assert not {"width", "height"} & drawn.attrib.keys()
    assert "One-time codes" in [element.text for element in drawn]
