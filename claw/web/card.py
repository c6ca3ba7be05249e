"""How a phone gets in: the address with its one-time code, in words and as a QR code for a terminal."""

import io

HERE = "It can be reached from this machine only; `claw run --listen ADDRESS` puts it on your network."


def card(address: str, *, here: bool) -> str:
    """For people: what to scan or to open; `here`: the address is this machine's own."""
    import segno

    drawn = io.StringIO()
    segno.make(address, error="m", micro=False).terminal(out=drawn, compact=True, border=2)
    page, code = address.split("/#code=")
    words = f"Open {address}\nor {page} and type the code {code}. It is good for 10 minutes and for one phone."
    return f"{drawn.getvalue()}\n{words}\n{HERE}" if here else f"{drawn.getvalue()}\n{words}"
