"""A real SMTP server for the tests: aiosmtpd on a free loopback port, with what a test asks for.

Not a mail system: each message that is accepted is printed as one line of JSON on standard output,
after one line that names the port. Ends when its standard input is closed, and after a minute at
the latest, so that it never outlives the test that started it.

    server.py [--tls starttls|tls --cert FILE --key FILE] [--user NAME --password WORD] [--refuse TEXT]
"""

import argparse
import json
import os
import signal
import ssl
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


class Inbox:
    """Accepts every message but those for a recipient that contains `refuse`."""

    def __init__(self, refuse):
        self.refuse = refuse

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if self.refuse and self.refuse in address:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        print(
            json.dumps(
                {
                    "from": envelope.mail_from,
                    "to": envelope.rcpt_tos,
                    "data": envelope.original_content.decode("utf-8"),
                    "tls": session.ssl is not None
                    or server.transport.get_extra_info("ssl_object") is not None,
                    "user": session.auth_data,
                }
            ),
            flush=True,
        )
        return "250 OK"


def authenticator(user, password):
    def check(server, session, envelope, mechanism, data):
        is_right = (
            isinstance(data, LoginPassword)
            and data.login == user.encode()
            and data.password == password.encode()
        )
        # Not handled: the server answers 535 for us.
        return AuthResult(success=is_right, handled=False, auth_data=user)

    return check


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tls", choices=["starttls", "tls"])
    parser.add_argument("--cert")
    parser.add_argument("--key")
    parser.add_argument("--user")
    parser.add_argument("--password")
    parser.add_argument("--refuse")
    asked = parser.parse_args()

    settings = {"hostname": "127.0.0.1", "port": 0, "enable_SMTPUTF8": True}
    if asked.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(asked.cert, asked.key)
        if asked.tls == "tls":
            settings["ssl_context"] = context
        else:
            settings |= {"tls_context": context, "require_starttls": True}
    if asked.user:
        settings |= {
            "authenticator": authenticator(asked.user, asked.password),
            "auth_required": True,
            "auth_require_tls": asked.tls == "starttls",
        }
    # No test takes this long; whoever waits for us then fails rather than hangs.
    signal.alarm(60)
    server = FreePort(Inbox(asked.refuse), **settings)
    server.start()
    print(server.server.sockets[0].getsockname()[1], flush=True)
    sys.stdin.read()
    # Nothing is left to be saved, and a client that stays connected must not keep us.
    os._exit(0)


class FreePort(Controller):
    """A controller that knocks at the port which the system chose, rather than at port 0."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


main()
