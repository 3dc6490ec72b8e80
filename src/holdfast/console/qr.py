"""QR codes, for what a telephone or a device's onboarding application reads from the screen."""

import io


def qr_code(text: str, title: str) -> str:
    """An SVG element that fills the room that it is given."""
    import segno  # slow to load, and few pages show a code

    out = io.BytesIO()
    segno.make(text).save(out, kind="svg", xmldecl=False, svgns=True, omitsize=True, title=title)
    return out.getvalue().decode()
