"""docs/nginx, docs/caddy and the web server of docs/systemd as real programs, with other paths and ports."""

import os
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric import rsa

from tests.certificates import make_certificate
from tests.programs import PYTHON, ROOT, Program, wait_until
from tests.tools import find_tool

NAME = "satchel.example.org"
SOCKET = "/run/satchel/web.sock"
CLIENT = "127.0.0.9"
"""The address that clients come from; proxies and servers have others."""
FORGED = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "evil.example"}
DEBIANS = "ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;"
"""What Debian's own nginx.conf says of TLS before it includes the sites."""


class Proxy(NamedTuple):
    https: int
    http: int
    folder: Path

    def connect(self, *protocols: str) -> ssl.SSLSocket:
        """As a browser that knows its certificate."""
        context = ssl.create_default_context(cafile=self.folder / "certificate.pem")
        context.set_alpn_protocols(list(protocols))
        return context.wrap_socket(reach(self.https), server_hostname=NAME)

    def ask(self, path: str, body: bytes | None = None) -> tuple[int, str]:
        """As a browser that forges what proxies say."""
        status, _, text = exchange(self.connect(), "POST" if body else "GET", path, body)
        return status, text


Run = Callable[[Path, Path, str], AbstractContextManager[Proxy]]
"""A program with a folder of its own, before the web server at this path, configured by this text."""


def reach(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=60, source_address=(CLIENT, 0))


def exchange(
    server: socket.socket, method: str, path: str, body: bytes | None = None, *, host: str = NAME, **headers: str
) -> tuple[int, str, str]:
    """The status, where it leads, and the text."""
    connection = HTTPConnection(host)
    connection.sock = server
    try:
        connection.request(method, path, body, FORGED | headers)
        answer = connection.getresponse()
        return answer.status, answer.getheader("Location", ""), answer.read().decode()
    finally:
        connection.close()


def reach_socket(path: Path) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(60)
    client.connect(str(path))
    return client


def read_nginx() -> str:
    return (ROOT / "docs" / "nginx" / "satchel.conf").read_text()


def read_caddy() -> str:
    return (ROOT / "docs" / "caddy" / "Caddyfile").read_text()


def options_of_the_unit() -> list[str]:
    """Those of gunicorn."""
    unit = (ROOT / "docs" / "systemd" / "satchel-web.service").read_text()
    found = re.search(r"^ExecStart=\S+/gunicorn make_celery:flask_app (.*)$", unit, re.MULTILINE)
    assert found
    return found[1].split()


@contextmanager
def run_gunicorn(
    app: str = "tests.behind", options: list[str] | None = None, **settings: Any
) -> Iterator[tuple[Path, Program]]:
    """The web server of the unit, and its socket; not in pytest's folder, since the path of a socket must be short."""
    folder = Path(tempfile.mkdtemp(prefix="web-"))
    path = folder / "web.sock"
    words = [word.replace(SOCKET, str(path)) for word in options or options_of_the_unit()]
    server = Program([*PYTHON, "gunicorn", f"{app}:flask_app", *words], folder / "log", settings=settings)
    try:
        server.wait_for("Booting worker")
        yield path, server
    finally:
        server.stop()
        shutil.rmtree(folder)


@contextmanager
def run_nginx(folder: Path, behind: Path, site: str) -> Iterator[Proxy]:
    """A file of the test's stands for Debian's own nginx.conf."""
    proxy = make_proxy(folder)
    site = re.sub(r"    listen \[::\].*\n", "", site)
    site = re.sub(r"listen 443\b", f"listen 127.0.0.1:{proxy.https}", site)
    site = re.sub(r"listen 80\b", f"listen 127.0.0.1:{proxy.http}", site)
    site = re.sub("ssl_certificate .*;", f"ssl_certificate {folder}/certificate.pem;", site)
    site = re.sub("ssl_certificate_key .*;", f"ssl_certificate_key {folder}/key.pem;", site)
    site = site.replace(SOCKET, str(behind))
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    conf = folder / "nginx.conf"
    user = "user root;" if os.getuid() == 0 else ""  # nobody else may enter the folders of these tests
    conf.write_text(
        f"{user} daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{}}"
        f"http {{ {temporary} access_log {folder}/access.log; {DEBIANS}\n{site}\n}}"
    )
    with running([find_tool("nginx"), "-c", str(conf), "-p", str(folder)], proxy):
        yield proxy


@contextmanager
def run_caddy(folder: Path, behind: Path, site: str) -> Iterator[Proxy]:
    proxy = make_proxy(folder)
    caddy = find_tool("caddy")
    certified = f"{NAME} {{\n\ttls {folder}/certificate.pem {folder}/key.pem"
    site = re.sub(
        rf"^{NAME} {{\n(\ttls)?", lambda match: certified + ("" if match[1] else "\n"), site, flags=re.MULTILINE
    )
    ports = f"\tadmin off\n\thttp_port {proxy.http}\n\thttps_port {proxy.https}\n"
    site = re.sub(r"^{\n", f"{{\n{ports}", site, count=1, flags=re.MULTILINE).replace(SOCKET, str(behind))
    if "2.6.2" in subprocess.check_output([caddy, "version"], text=True):
        site = site.replace("request_buffers 1MB", "buffer_requests\n\t\tmax_buffer_size 1MB")
    file = folder / "Caddyfile"
    file.write_text(site)
    with running([caddy, "run", "--adapter", "caddyfile", "--config", str(file)], proxy):
        yield proxy


def make_proxy(folder: Path) -> Proxy:
    """With a certificate of RSA, which most weak suites of TLS need."""
    make_certificate(folder, NAME, key=rsa.generate_private_key(65537, 2048))
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return Proxy(one.getsockname()[1], other.getsockname()[1], folder)


@contextmanager
def running(command: list[str], proxy: Proxy) -> Iterator[None]:
    server = Program(command, proxy.folder / "log", HOME=str(proxy.folder))

    def answers() -> bool:
        assert not server.has_ended(), server.log()
        try:
            for port in (proxy.https, proxy.http):
                reach(port).close()
        except OSError:
            return False
        return True

    try:
        wait_until(answers, what="the proxy")
        yield
    finally:
        server.stop()
