"""docs/nginx and docs/caddy: the real programs with these files, before a real web server."""

import os
import re
import shutil
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPSConnection
from pathlib import Path
from socket import create_connection, create_server

import pytest
from flask import Flask, request, url_for
from werkzeug.middleware.proxy_fix import ProxyFix

from tests.certificates import make_certificate
from tests.programs import ROOT, Program, wait_until
from tests.site import serve

NAME = "satchel.example.org"
FORGED = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "evil.example"}


@pytest.fixture
def behind() -> Iterator[str]:
    """An application that tells how it was asked, behind one trusted proxy; its port."""
    app = Flask(__name__)
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)  # type: ignore[method-assign]  # as create_app

    @app.route("/<path:path>", methods=["GET", "POST"])
    def tell(path: str) -> dict[str, object]:
        link = url_for("tell", path=path, _external=True)
        return {"address": request.remote_addr, "link": link, "bytes": len(request.get_data())}

    with serve(app) as url:
        yield url.rpartition(":")[2]


@pytest.mark.parametrize("path", ["settings", "archives/a1/download/1", "forgotten/new-password", "sign-up/finish"])
def test_nginx_says_who_asks_and_believes_nobody(behind: str, tmp_path: Path, path: str) -> None:
    with run_nginx(tmp_path, behind, read_nginx()) as port:
        told = ask(port, tmp_path, f"/{path}")
    assert told == (200, f'{{"address":"127.0.0.1","bytes":0,"link":"https://{NAME}/{path}"}}\n')


def test_nginx_that_adds_and_does_not_set_is_fooled(behind: str, tmp_path: Path) -> None:
    """The control."""
    careless = re.sub("proxy_set_header X-.*\n", "", read_nginx())
    with run_nginx(tmp_path, behind, careless) as port:
        assert "evil.example" in ask(port, tmp_path, "/settings")[1]


def test_nginx_takes_more_than_the_site_and_not_any_size(behind: str, tmp_path: Path) -> None:
    with run_nginx(tmp_path, behind, read_nginx()) as port:
        assert ask(port, tmp_path, "/new", bytes(70 * 1024**2))[0] == 200
        assert ask(port, tmp_path, "/new", bytes(128 * 1024**2 + 1))[0] == 413
    log = (tmp_path / "access.log").read_text()
    assert "/new" in log


def test_nginx_writes_no_token_down(behind: str, tmp_path: Path) -> None:
    with run_nginx(tmp_path, behind, read_nginx()) as port:
        ask(port, tmp_path, "/forgotten/new-password?token=CANARY")
        ask(port, tmp_path, "/sign-up/finish?token=CANARY")
        ask(port, tmp_path, "/forgotten?seen=yes")
    log = (tmp_path / "access.log").read_text()
    assert "seen=yes" in log
    assert "CANARY" not in log


def test_caddy_says_who_asks_and_believes_nobody(behind: str, tmp_path: Path) -> None:
    with run_caddy(tmp_path, behind) as port:
        told = ask(port, tmp_path, "/settings")
    assert told == (200, f'{{"address":"127.0.0.1","bytes":0,"link":"https://{NAME}/settings"}}\n')


def read_nginx() -> str:
    return (ROOT / "docs" / "nginx" / "satchel.conf").read_text()


@contextmanager
def run_nginx(folder: Path, behind: str, site: str) -> Iterator[int]:
    """The file as it stands, but for ports and paths; a folder stands for Debian's own nginx.conf."""
    certificate, key = make_certificate(folder, NAME)
    port, plain = free_port(), free_port()
    site = re.sub(r"    listen \[::\].*\n", "", site)
    site = site.replace("listen 443", f"listen 127.0.0.1:{port}").replace("listen 80", f"listen 127.0.0.1:{plain}")
    site = re.sub("ssl_certificate .*;", f"ssl_certificate {certificate};", site)
    site = re.sub("ssl_certificate_key .*;", f"ssl_certificate_key {key};", site)
    site = site.replace("127.0.0.1:8000", f"127.0.0.1:{behind}")
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    conf = folder / "nginx.conf"
    user = "user root;" if os.getuid() == 0 else ""  # nobody else may enter the folders of these tests
    conf.write_text(
        f"{user} daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{}}"
        f"http {{ {temporary} access_log {folder}/access.log;\n{site}\n}}"
    )
    server = Program([find("nginx"), "-c", str(conf), "-p", str(folder)], folder / "log")
    with running(server, port):
        yield port


@contextmanager
def run_caddy(folder: Path, behind: str) -> Iterator[int]:
    certificate, key = make_certificate(folder, NAME)
    port = free_port()
    text = (ROOT / "docs" / "caddy" / "Caddyfile").read_text().replace("127.0.0.1:8000", f"127.0.0.1:{behind}")
    text = text.replace(f"{NAME} {{", f"https://{NAME}:{port} {{\n\ttls {certificate} {key}")
    file = folder / "Caddyfile"
    file.write_text("{\n\tadmin off\n\tauto_https disable_redirects\n}\n" + text)
    command = [find("caddy"), "run", "--adapter", "caddyfile", "--config", str(file)]
    server = Program(command, folder / "log", HOME=str(folder))
    with running(server, port):
        yield port


@contextmanager
def running(server: Program, port: int) -> Iterator[None]:
    def answers() -> bool:
        assert not server.has_ended(), server.log()
        try:
            create_connection(("127.0.0.1", port)).close()
        except OSError:
            return False
        return True

    try:
        wait_until(answers, what="the proxy")
        yield
    finally:
        server.stop()


def ask(port: int, folder: Path, path: str, body: bytes | None = None) -> tuple[int, str]:
    """As a browser that forges what proxies say."""
    context = ssl.create_default_context(cafile=folder / "certificate.pem")
    connection = HTTPSConnection("127.0.0.1", port, timeout=60)
    connection.sock = context.wrap_socket(create_connection(("127.0.0.1", port)), server_hostname=NAME)
    try:
        connection.request("POST" if body else "GET", path, body, {"Host": f"{NAME}:{port}", **FORGED})
        answer = connection.getresponse()
        return answer.status, answer.read().decode().replace(f"{NAME}:{port}", NAME)
    finally:
        connection.close()


def find(name: str) -> str:
    """No fault of ours if it is not there, also where CI is set: installing it would start a service."""
    return shutil.which(name, path="/usr/sbin:/usr/bin:/usr/local/bin") or pytest.skip(f"{name} is not installed")


def free_port() -> int:
    with create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
