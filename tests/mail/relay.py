"""A mail relay that does what a test wants of it."""

import socket
import ssl
import threading


class Relay:
    """One thread a connection.  `answers` maps a command to a list of
    replies used up one by one, e.g. {"RCPT": ["450 later"]}; `silent` never
    says anything; `garbage` says that."""

    def __init__(self, certificate=None, implicit=False, auth=None):
        self.certificate, self.implicit, self.auth = certificate, implicit, auth
        self.letters, self.answers, self.logins = [], {}, []
        self.silent, self.garbage, self.tls_seen = False, None, 0
        self.lock = threading.Lock()
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        self.open = []
        threading.Thread(target=self.accept, daemon=True).start()

    def away(self):
        """Nobody listens any more: closed while accept() waits for it, the
        socket would take one more."""
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()

    def stop(self):
        self.away()
        for c in self.open:
            try:
                c.close()
            except OSError:
                pass

    def accept(self):
        while True:
            try:
                c, _ = self.sock.accept()
            except OSError:
                return
            self.open.append(c)
            threading.Thread(target=self.serve, args=(c,),
                             daemon=True).start()

    def wrap(self, c):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.certificate)
        c = context.wrap_socket(c, server_side=True)
        self.tls_seen += 1
        return c

    def serve(self, c):
        try:
            self.talk(c)
        except (OSError, ssl.SSLError, ValueError, IndexError):
            pass
        finally:
            c.close()

    def reply(self, c, command, usual):
        with self.lock:
            planned = self.answers.get(command)
            text = planned.pop(0) if planned else usual
        c.sendall(text.encode() + b"\r\n")
        return text

    def talk(self, c):
        if self.silent:
            c.recv(1)
            return
        if self.garbage is not None:
            c.sendall(self.garbage)
            c.recv(1)
            return
        if self.implicit:
            c = self.wrap(c)
        f = c.makefile("rb")
        letter = {}
        self.reply(c, "HELLO", "220 relay ready")
        while True:
            line = f.readline()         # f changes with STARTTLS
            if not line:
                return
            verb = line.split()[0].upper().decode() if line.split() else ""
            if verb == "EHLO":
                more = ["250-relay", "250-8BITMIME"]
                if self.certificate and not self.implicit and \
                        not isinstance(c, ssl.SSLSocket):
                    more.append("250-STARTTLS")
                if self.auth:
                    more.append("250-AUTH PLAIN")
                c.sendall(("\r\n".join(more + ["250 SIZE 100000"])
                           + "\r\n").encode())
            elif verb == "STARTTLS":
                c.sendall(b"220 go\r\n")
                c = self.wrap(c)
                f = c.makefile("rb")
            elif verb == "AUTH":
                words = line.split()
                if len(words) < 3:
                    c.sendall(b"334 \r\n")
                    words = f.readline().split()
                self.logins.append(words[-1].decode())
                self.reply(c, verb, "235 ok")
            elif verb == "MAIL":
                letter = {"from": line.decode().strip()}
                self.reply(c, verb, "250 ok")
            elif verb == "RCPT":
                letter["to"] = line.decode().strip()
                self.reply(c, verb, "250 ok")
            elif verb == "DATA":
                c.sendall(b"354 go on\r\n")
                body = []
                for text in iter(f.readline, b".\r\n"):
                    if not text:
                        return
                    body.append(text[1:] if text.startswith(b"..")
                                else text)
                letter["body"] = b"".join(body)
                if self.reply(c, "BODY", "250 taken").startswith("250"):
                    with self.lock:
                        self.letters.append(dict(
                            letter, tls=isinstance(c, ssl.SSLSocket)))
            elif verb == "QUIT":
                c.sendall(b"221 bye\r\n")
                return
            else:
                c.sendall(b"502 what\r\n")
