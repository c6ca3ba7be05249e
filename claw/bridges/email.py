"""Notices by e-mail (RFC 5321, RFC 5322). Anybody can forge a sender, so nothing that comes by e-mail is read."""

import hashlib
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import formatdate
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from claw.bridges.oneway import SEND_SECONDS, OneWay, Unsent
from claw.clock import Clock
from claw.config import EmailConfig
from claw.messages.outbox import Refused

SUBJECT = 78  # characters of the text that stand in the subject
MISSING = "it needs a package: pip install claw-house[email]"
NO_PASSWORD = "write the password of {user} into {file} (chmod 600)"


class Email(OneWay):
    """A mail server that takes what we send. The Message-ID is the key's own, so that a mailbox can drop what comes again."""

    name, limit = "email", 20_000

    def __init__(self, password: Callable[[], str], file: Path, clock: Clock, config: EmailConfig) -> None:
        """`password`: read anew each time; `file`: where it is, for people."""
        super().__init__(clock)
        self._password, self.file, self.config = password, file, config

    def lacks(self) -> str:
        """The package or the password."""
        if find_spec("aiosmtplib") is None:
            return MISSING
        named = NO_PASSWORD.format(user=self.config.user or self.config.sender, file=self.file)
        return "" if self.config.tls == "none" or self._password() else named

    async def deliver(self, to: str, text: str, key: str) -> None:
        """Hand it to the server. Of its answers 4xx means later and 5xx never (RFC 5321, 4.2.1)."""
        import aiosmtplib as smtp

        config, login = self.config, dict[str, Any]()
        if config.tls != "none":
            login = {"username": config.user or config.sender, "password": self._password()}
        server = smtp.SMTP(hostname=config.host, port=config.port, timeout=SEND_SECONDS, use_tls=config.tls == "tls",
                           start_tls=config.tls == "starttls", **login)  # fmt: skip
        try:
            await server.connect()
        except (smtp.SMTPException, OSError) as error:  # also no TLS, or a password that it does not take
            server.close()
            raise Unsent(_words(error), mend=not isinstance(error, OSError)) from None
        try:
            await server.send_message(self._letter(to, text, key))
        except (smtp.SMTPResponseException, smtp.SMTPRecipientsRefused) as no:
            code = no.code if isinstance(no, smtp.SMTPResponseException) else no.recipients[0].code
            raise Refused(_words(no)) if code >= 500 else Unsent(_words(no)) from None
        except smtp.SMTPException as error:  # cut off, or no answer in time: nobody knows
            raise OSError(_words(error)) from None
        finally:
            server.close()

    def _letter(self, to: str, text: str, key: str) -> EmailMessage:
        letter = EmailMessage()
        line = " ".join(text.split())
        letter["Subject"] = line if len(line) <= SUBJECT else line[: SUBJECT - 2] + " …"
        letter["From"], letter["To"], letter["Date"] = self.config.sender, to, formatdate(self.clock.time())
        id = hashlib.sha256(f"{key} {to}".encode()).hexdigest()[:32]
        letter["Message-ID"] = f"<{id}@{self.config.sender.rpartition('@')[2]}>"
        letter["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
        letter.set_content(text)
        return letter


def _words(error: Exception) -> str:
    return " ".join(f"{type(error).__name__} {error}".split())[:200]
