"""How a phone gets in: the address with its one-time code, in words and as a QR code for a terminal."""

import io

HERE = "It can be reached from this machine only; `claw run --listen ADDRESS` puts it on your network."


def card(address: str, *, here: bool) -> str:
    """For people: what to scan or to open; `here`: the address is this machine's own."""
    page, code = address.split("/#code=")
    words = f"Open {address}\nor {page} and type the code {code}. It is good for 10 minutes and for one phone."
    return f"{drawn(address)}\n{words}\n{HERE}" if here else f"{drawn(address)}\n{words}"


def drawn(text: str) -> str:
    """A QR code for a terminal."""
    import segno

    out = io.StringIO()
    segno.make(text, error="m", micro=False).terminal(out=out, compact=True, border=2)
    return out.getvalue()


def svg(text: str) -> str:
    """A QR code for the page."""
    import segno

    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind="svg", xmldecl=False, scale=4, border=4, light="white")
    return out.getvalue().decode()
