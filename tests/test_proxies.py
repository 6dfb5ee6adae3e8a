"""docs/nginx and docs/caddy: the real programs with these files, before the real web server."""

import json
import re
import socket
import ssl
import stat
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.certificates import make_certificate
from tests.programs import ROOT, wait_until
from tests.proxies import (
    CLIENT,
    NAME,
    Proxy,
    Run,
    exchange,
    options_of_the_unit,
    reach,
    reach_socket,
    read_caddy,
    read_nginx,
    run_caddy,
    run_gunicorn,
    run_nginx,
)
from tests.tools import find_tool, run_tool

PROXIES = pytest.mark.parametrize(
    ("run", "site"), [(run_nginx, read_nginx()), (run_caddy, read_caddy())], ids=["nginx", "caddy"]
)
ANY = "ALL:COMPLEMENTOFALL:@SECLEVEL=0"
"""Every suite that OpenSSL has, for clients and servers that are careless."""
WEAK = f"{ANY}:!ECDHE+AESGCM:!ECDHE+CHACHA20"
Agreed = tuple[str | None, str] | None
"""The version of TLS and the suite; None: refused."""


@pytest.fixture(scope="module")
def behind() -> Iterator[Path]:
    """The socket of an application that tells how it was asked."""
    with run_gunicorn() as (path, _):
        yield path


@pytest.mark.parametrize("path", ["settings", "archives/a1/download/1", "forgotten/new-password", "sign-up/finish"])
@PROXIES
def test_says_who_asks_and_believes_nobody(behind: Path, tmp_path: Path, run: Run, site: str, path: str) -> None:
    with run(tmp_path, behind, site) as proxy:
        told = proxy.ask(f"/{path}")
    assert told == (200, f'{{"address":"{CLIENT}","bytes":0,"link":"https://{NAME}/{path}"}}\n')


def test_nginx_that_adds_and_does_not_set_is_fooled(behind: Path, tmp_path: Path) -> None:
    """The control."""
    careless = re.sub("proxy_set_header X-.*\n", "", read_nginx())
    with run_nginx(tmp_path, behind, careless) as proxy:
        assert "evil.example" in proxy.ask("/settings")[1]


def test_nginx_takes_more_than_the_site_and_not_any_size(behind: Path, tmp_path: Path) -> None:
    with run_nginx(tmp_path, behind, read_nginx()) as proxy:
        assert proxy.ask("/new", bytes(70 * 1024**2))[0] == 200
        assert proxy.ask("/new", bytes(128 * 1024**2 + 1))[0] == 413
    log = (tmp_path / "access.log").read_text()
    assert "/new" in log


def test_nginx_writes_no_token_down(behind: Path, tmp_path: Path) -> None:
    with run_nginx(tmp_path, behind, read_nginx()) as proxy:
        proxy.ask("/forgotten/new-password?token=CANARY")
        proxy.ask("/sign-up/finish?token=CANARY")
        proxy.ask("/forgotten?seen=yes")
    log = (tmp_path / "access.log").read_text()
    assert "seen=yes" in log
    assert "CANARY" not in log


class TestSocket:
    """Between the proxy and the web server: no network, and nobody else."""

    def test_the_web_server_has_no_port(self) -> None:
        binds = re.findall(r"--bind (\S+)", " ".join(options_of_the_unit()))
        assert binds == ["unix:/run/satchel/web.sock"]
        for site in (read_nginx(), read_caddy()):
            to = re.findall(r"^\s*(?:proxy_pass|reverse_proxy) (\S+?);?(?: \{)?$", site, re.MULTILINE)
            assert set(to) <= {"http://unix:/run/satchel/web.sock", "unix//run/satchel/web.sock"}
            assert to

    def test_only_the_group_enters(self, behind: Path) -> None:
        unit = (ROOT / "docs" / "systemd" / "satchel-web.service").read_text()
        assert "\nRuntimeDirectory=satchel\nRuntimeDirectoryMode=0750\n" in unit
        assert stat.S_IMODE(behind.stat().st_mode) == 0o770

    def test_without_the_mask_everybody_would(self) -> None:
        """The control: but for the folder."""
        options = [word for word in options_of_the_unit() if word not in {"--umask", "007"}]
        with run_gunicorn(options=options) as (path, _):
            assert path.stat().st_mode & stat.S_IWOTH

    def test_who_is_in_the_group_is_believed(self, behind: Path) -> None:
        """The control: why nobody else may be."""
        assert '"address":"203.0.113.9"' in exchange(reach_socket(behind), "GET", "/settings")[2]

    @PROXIES
    def test_the_site_knows_who_asks(
        self, tmp_path: Path, sqlite_settings: dict[str, Any], run: Run, site: str
    ) -> None:
        assert self.note(tmp_path, run, site, {**sqlite_settings, "TRUSTED_PROXIES": 1}) == CLIENT

    def test_a_site_that_trusts_no_proxy_does_not(self, tmp_path: Path, sqlite_settings: dict[str, Any]) -> None:
        """The control: a socket has no address."""
        assert self.note(tmp_path, run_nginx, read_nginx(), sqlite_settings) == ""

    def note(self, folder: Path, run: Run, site: str, settings: dict[str, Any]) -> str:
        """The address in the log's line on a refused request."""
        with run_gunicorn("make_celery", **settings) as (path, server), run(folder, path, site) as proxy:
            assert exchange(reach_socket(path), "GET", "/healthz")[0] == 200
            assert proxy.ask("/sign-in", b"not a form")[0] in {400, 415}
            server.wait_for("asked for by nobody from")
            found = re.search(r"asked for by nobody from *(\S*)$", server.log(), re.MULTILINE)
            assert found
            return found[1]


class TestTls:
    @PROXIES
    def test_no_version_before_1_2(self, behind: Path, tmp_path: Path, run: Run, site: str) -> None:
        with run(tmp_path, behind, site) as proxy:
            assert agree(proxy, ssl.TLSVersion.TLSv1) is None
            assert agree(proxy, ssl.TLSVersion.TLSv1_1) is None
            for newest, name in ((ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")):
                agreed = agree(proxy, newest)
                assert agreed
                assert agreed[0] == name

    def test_a_careless_nginx_takes_both(self, behind: Path, tmp_path: Path) -> None:
        """The control: as Debian's nginx.conf has it, and with an OpenSSL that allows it."""
        careless = re.sub("ssl_protocols.*\n", "", re.sub("ssl_ciphers.*", f"ssl_ciphers {ANY};", read_nginx()))
        with run_nginx(tmp_path, behind, careless) as proxy:
            for newest, name in ((ssl.TLSVersion.TLSv1, "TLSv1"), (ssl.TLSVersion.TLSv1_1, "TLSv1.1")):
                agreed = agree(proxy, newest)
                assert agreed
                assert agreed[0] == name

    def test_caddy_knows_none_before_1_2(self, tmp_path: Path) -> None:
        """So its control is that it does not start."""
        careless = read_caddy().replace(f"\n{NAME} {{\n", f"\n{NAME} {{\n\ttls {{\n\t\tprotocols tls1.0\n\t}}\n")
        assert "tls1.0" in adapt(tmp_path, careless, succeeds=False)

    @PROXIES
    def test_no_weak_suite(self, behind: Path, tmp_path: Path, run: Run, site: str) -> None:
        with run(tmp_path, behind, site) as proxy:
            assert agree(proxy, ssl.TLSVersion.TLSv1_2, WEAK) is None
            agreed = agree(proxy, ssl.TLSVersion.TLSv1_2)
            assert agreed
            assert re.fullmatch(r"ECDHE-RSA-(AES\d+-GCM-SHA\d+|CHACHA20-POLY1305)", agreed[1])

    @pytest.mark.parametrize(
        ("run", "careless", "suite"),
        [
            (run_nginx, re.sub("ssl_ciphers.*\n", "", read_nginx()), "AES128-GCM-SHA256"),
            (
                run_caddy,
                read_caddy().replace(
                    f"\n{NAME} {{\n", f"\n{NAME} {{\n\ttls {{\n\t\tciphers TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA\n\t}}\n"
                ),
                "ECDHE-RSA-AES128-SHA",
            ),
        ],
        ids=["nginx", "caddy"],
    )
    def test_careless_ones_agree_to_weak_suites(
        self, behind: Path, tmp_path: Path, run: Run, careless: str, suite: str
    ) -> None:
        """The control: one of nginx' own list, without forward secrecy; and CBC for Caddy."""
        with run(tmp_path, behind, careless) as proxy:
            assert agree(proxy, ssl.TLSVersion.TLSv1_2, f"{suite}:@SECLEVEL=0") == ("TLSv1.2", suite)
            assert agree(proxy, ssl.TLSVersion.TLSv1_2, WEAK)

    def test_nginx_prefers_the_strongest(self, behind: Path, tmp_path: Path) -> None:
        weaker_first = "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384"
        with run_nginx(tmp_path, behind, read_nginx()) as proxy:
            agreed = agree(proxy, ssl.TLSVersion.TLSv1_2, weaker_first)
        assert agreed == ("TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384")
        careless = re.sub("ssl_prefer.*\n", "", read_nginx())
        with run_nginx(tmp_path, behind, careless) as proxy:
            agreed = agree(proxy, ssl.TLSVersion.TLSv1_2, weaker_first)
        assert agreed == ("TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256")

    @pytest.mark.parametrize(("method", "path"), [("GET", "/settings?a=1"), ("POST", "/sign-in"), ("GET", "/healthz")])
    @PROXIES
    def test_http_leads_to_https_and_nowhere_else(
        self, behind: Path, tmp_path: Path, run: Run, site: str, method: str, path: str
    ) -> None:
        with run(tmp_path, behind, site) as proxy:
            status, to, text = exchange(reach(proxy.http), method, path, b"a form" if method == "POST" else None)
            assert (status in {301, 308}, to) == (True, f"https://{NAME}{path}")
            assert "address" not in text
            assert exchange(reach(proxy.https), method, path)[0] == 400
            assert "address" not in exchange(reach(proxy.http), method, path, host="evil.example")[2]

    def test_a_careless_nginx_answers_by_http(self, behind: Path, tmp_path: Path) -> None:
        """The control."""
        careless = read_nginx().replace("    return 301", f"    location / {{ proxy_pass http://unix:{behind}; }} #")
        with run_nginx(tmp_path, behind, careless) as proxy:
            assert "address" in exchange(reach(proxy.http), "GET", "/settings")[2]

    def test_caddys_certificate_is_of_an_authority_that_browsers_know(self, tmp_path: Path) -> None:
        """It asks nobody but those that it knows by itself; the control asks nobody."""
        assert '"issuers"' not in adapt(tmp_path, read_caddy())
        careless = read_caddy().replace(f"\n{NAME} {{\n", f"\n{NAME} {{\n\ttls internal\n")
        assert '"module":"internal"' in adapt(tmp_path, careless)

    def test_nginx_certificate_is_the_one_that_the_guide_asks_for(self) -> None:
        guide = (ROOT / "docs" / "production.md").read_text()
        assert re.search(rf"^certbot certonly .*-d {re.escape(NAME)}$", guide, re.MULTILINE)
        assert f"ssl_certificate /etc/letsencrypt/live/{NAME}/fullchain.pem;" in read_nginx()


class TestAnotherMachine:
    """nginx' lines of the guide, before gunicorn with TLS."""

    def test_the_web_server_is_known_by_its_certificate(self, tmp_path: Path) -> None:
        assert self.ask(tmp_path, "web.example.org", self.lines()) == 200

    def test_another_is_not_asked(self, tmp_path: Path) -> None:
        """Nor would it be without a certificate; the control, without the check, asks it."""
        assert self.ask(tmp_path, "other.example.org", self.lines()) == 502
        assert self.ask(tmp_path, "other.example.org", self.lines().replace("proxy_ssl_verify on;", "")) == 200

    def lines(self) -> str:
        found = re.search(r"```nginx\n(proxy_pass.*?)```", (ROOT / "docs" / "production.md").read_text(), re.DOTALL)
        assert found
        return found[1]

    def ask(self, tmp_path: Path, name: str, lines: str) -> int:
        """The status of a page, where the web server's certificate is for this name."""
        folder = Path(tempfile.mkdtemp(dir=tmp_path))
        certificate, key = make_certificate(Path(tempfile.mkdtemp(dir=tmp_path)), name)
        options = [
            "--bind",
            "127.0.0.1:0",
            "--certfile",
            str(certificate),
            "--keyfile",
            str(key),
            "--no-control-socket",
        ]
        with run_gunicorn(options=options) as (path, server):
            found = re.search(r"Listening at: https://(127\.0\.0\.1:\d+)", server.log())
            assert found
            lines = re.sub("(?<=proxy_ssl_trusted_certificate ).*;", f"{certificate};", lines).replace(":8443", "")
            site = read_nginx().replace("proxy_pass http://unix:/run/satchel/web.sock;", lines)
            with run_nginx(folder, path, f"upstream web.example.org {{ server {found[1]}; }}\n{site}") as proxy:
                return proxy.ask("/settings")[0]


WAYS: dict[Run, tuple[str, ...]] = {
    run_nginx: ("the handshake", "http", "https"),
    run_caddy: ("the handshake", "http", "https", "HTTP/2"),
}
SLOW = pytest.mark.parametrize(("run", "way"), [(run, way) for run, ways in WAYS.items() for way in ways])
SITES: dict[Run, str] = {run_nginx: read_nginx(), run_caddy: read_caddy()}
LIMITLESS: dict[Run, str] = {
    run_nginx: re.sub("client_header_timeout.*\n", "", read_nginx()),
    run_caddy: re.sub(r"\tservers \{.*?\n\t\}\n", "", read_caddy(), flags=re.DOTALL),
}


class TestSlowHeaders:
    """A second stands for the ten of the files."""

    @SLOW
    def test_a_client_is_not_waited_for(self, behind: Path, tmp_path: Path, run: Run, way: str) -> None:
        assert SITES[run].count(" 10s") == 1
        with run(tmp_path, behind, hasten(SITES[run])) as proxy:
            began = time.monotonic()
            with closing(begin(proxy, way)) as client:
                wait_until(lambda: is_given_up(client), seconds=30, what="the end of the connection")
            assert time.monotonic() - began > 0.5

    @SLOW
    def test_without_the_limit_it_is(self, behind: Path, tmp_path: Path, run: Run, way: str) -> None:
        """The control."""
        assert self.is_held(tmp_path, behind, run, LIMITLESS[run], way)

    def test_nginx_speaks_no_http_2(self, behind: Path, tmp_path: Path) -> None:
        with run_nginx(tmp_path, behind, read_nginx()) as proxy, proxy.connect("h2", "http/1.1") as client:
            assert client.selected_alpn_protocol() == "http/1.1"

    def test_nginx_with_http_2_waits(self, behind: Path, tmp_path: Path) -> None:
        """Why it speaks none."""
        careless = hasten(read_nginx()).replace("443 ssl;", "443 ssl http2;")
        assert self.is_held(tmp_path, behind, run_nginx, careless, "HTTP/2")

    def test_caddys_own_redirect_has_no_limit(self, behind: Path, tmp_path: Path) -> None:
        """Why the file has one of its own."""
        careless = re.sub(r"^http://.*?^}\n", "", read_caddy(), flags=re.DOTALL | re.MULTILINE)
        assert self.is_held(tmp_path, behind, run_caddy, hasten(careless), "http")

    def is_held(self, folder: Path, behind: Path, run: Run, site: str, way: str) -> bool:
        with run(folder, behind, site) as proxy, closing(begin(proxy, way)) as client:
            end = time.monotonic() + 5
            while time.monotonic() < end:
                if is_given_up(client):
                    return False
            return True


def hasten(site: str) -> str:
    return site.replace(" 10s", " 1s").replace("idle 1m", "idle 1s")


def agree(proxy: Proxy, newest: ssl.TLSVersion, suites: str = ANY) -> Agreed:
    """As a client that would take anything up to this version."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # old versions are what we ask for
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, newest
    context.set_ciphers(suites)
    with reach(proxy.https) as plain:
        try:
            with context.wrap_socket(plain, server_hostname=NAME) as secured:
                cipher = secured.cipher()
                assert cipher
                return secured.version(), cipher[0]
        except (ssl.SSLError, ConnectionResetError):
            return None


def adapt(folder: Path, site: str, *, succeeds: bool = True) -> str:
    """What Caddy makes of its file, without blanks; or what it says against it."""
    site = site.replace("request_buffers 1MB", "")  # 2.6.2 has another name for it
    (folder / "Caddyfile").write_text(site)
    done = run_tool(find_tool("caddy"), "adapt", "--adapter", "caddyfile", "--config", folder / "Caddyfile")
    assert (done.returncode == 0) == succeeds, done.stderr
    return json.dumps(json.loads(done.stdout), separators=(",", ":")) if succeeds else done.stderr


def begin(proxy: Proxy, way: str) -> socket.socket:
    """A client that has begun, and not ended, to say what it wants."""
    client: socket.socket
    if way == "the handshake":
        client = reach(proxy.https)
        client.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")  # 512 bytes are to come
    elif way == "HTTP/2":
        client = proxy.connect("h2")
        settings, headers = b"\0\0\0\4\0\0\0\0\0", b"\0\2\0\1\5\0\0\0\1"
        client.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings + headers + b"\x00\x01x\x7f\xf0\x01")
    else:
        client = reach(proxy.http) if way == "http" else proxy.connect()
        client.sendall(f"GET / HTTP/1.1\r\nHost: {NAME}\r\nX: ".encode())
    client.settimeout(0.1)
    return client


def is_given_up(client: socket.socket) -> bool:
    """After another byte."""
    try:
        client.sendall(b"x")
        return client.recv(4096) == b""
    except TimeoutError:
        return False
    except OSError:
        return True
