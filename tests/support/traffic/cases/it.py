"""Cases of HTTP, FTP, Telnet, SSH and TDS."""

from collections.abc import Mapping

from tests.support.traffic import tds
from tests.support.traffic.case import HMI, PLC, ROGUE, Case, Play
from tests.support.traffic.cases.exchanges import tcp, times
from tests.support.traffic.cases.modbus import poll


def http(
    path: str = "/status",
    *,
    method: str = "GET",
    host: str = "plc",
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"ok",
    client: str = HMI,
) -> Play:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    request = "\r\n".join([*lines, "", ""]).encode("latin-1")
    answer = f"HTTP/1.1 {status} X\r\nServer: plc\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    return tcp(80, (request, answer), client=client)


def ftp(*replies: str, client: str = HMI) -> Play:
    """Sign-ins with these replies to the password."""
    pairs = [(b"", b"220 ready\r\n")]
    for reply in replies:
        pairs += [(b"USER op\r\n", b"331 password\r\n"), (b"PASS x\r\n", f"{reply} x\r\n".encode())]
    return tcp(21, *pairs, client=client, pause=0.2)


def telnet(count: int, answer: bytes) -> Play:
    pairs = [(b"", b"\xff\xfd\x18\r\nlogin: ")]
    for _ in range(count):
        pairs += [(b"root\r\n", b"Password: "), (b"secret\r\n", answer + b"login: ")]
    return tcp(23, *pairs, pause=0.2)


def database(*pairs: tuple[bytes, bytes]) -> Play:
    return tcp(1433, *pairs)


def shell(client: str) -> Play:
    return tcp(22, (b"SSH-2.0-OpenSSH_9.0\r\n", b"SSH-2.0-dropbear\r\n"), client=client)


status = http()
signed_in = (tds.login("op"), tds.acknowledged())

CASES = (
    Case(
        "suspicious-executable-file-detected-on-endpoint", http("/setup.exe"), http("/setup.txt"), source=HMI
    ),
    Case("malware-test-file-detected-eicar-av-success", http("/eicar.com"), http("/eicar.html"), source=HMI),
    Case("suspicious-traffic-detected", http("/a/../../etc/passwd"), http("/a/passwd"), source=HMI),
    Case("illegal-http-communication", http(client=ROGUE), status, status, source=ROGUE),
    Case("unauthorized-http-activity", http("/config/write"), http("/status?x=1"), status, source=HMI),
    Case(
        "unauthorized-http-soap-action",
        http(method="POST", headers={"SOAPAction": '"SetValue"'}),
        http(method="POST", headers={"SOAPAction": '"GetValue"'}),
        http(method="POST", headers={"SOAPAction": '"GetValue"'}),
        source=HMI,
    ),
    Case(
        "unauthorized-http-user-agent",
        http(headers={"User-Agent": "curl/8"}),
        http(headers={"User-Agent": "panel/1"}),
        http(headers={"User-Agent": "panel/1"}),
        source=HMI,
    ),
    Case("http-client-error", http(status=404), http(status=500), source=PLC),
    Case(
        "abnormal-http-header-length",
        http(headers={"Cookie": "x" * 9000}),
        http(headers={"Cookie": "x" * 900}),
        source=HMI,
    ),
    Case(
        "abnormal-number-of-parameters-in-http-header",
        http(headers={f"X-{number}": "1" for number in range(80)}),
        http(headers={f"X-{number}": "1" for number in range(20)}),
        source=HMI,
    ),
    Case(
        "illegal-http-header-content",
        http(headers={"User-Agent": "a\x90\x90\x01b"}),
        http(headers={"User-Agent": "a=b; c=d"}),
        source=HMI,
    ),
    Case(
        "backup-activity-with-antivirus-signatures", http("/av/daily.cvd"), http("/av/daily.txt"), source=HMI
    ),
    Case("ftp-login-failed", ftp("530"), ftp("230"), source=HMI, destination=PLC),
    Case("excessive-login-attempts", ftp(*["230"] * 20), ftp(*["230"] * 19), source=HMI, name="ftp"),
    Case(
        "password-guessing-attempt-detected", ftp(*["530"] * 100), ftp(*["530"] * 99), source=HMI, name="ftp"
    ),
    Case(
        "excessive-login-attempts",
        telnet(20, b"\r\nLogin incorrect\r\n"),
        telnet(19, b"\r\nLogin incorrect\r\n"),
        source=HMI,
        name="telnet",
    ),
    Case("unauthorized-ssh-access", shell(ROGUE), shell(HMI), shell(HMI), source=ROGUE),
    Case(
        "database-login-failed",
        times(2, database((tds.login("op"), tds.error()))),
        database((tds.login("op"), tds.error())),
        source=HMI,
    ),
    Case(
        "unauthorized-database-login",
        database((tds.login("sa"), tds.acknowledged())),
        database(signed_in),
        database(signed_in),
        source=HMI,
    ),
    Case(
        "unauthorized-database-operation",
        database(signed_in, (tds.batch("DROP TABLE x"), tds.done())),
        database(signed_in, (tds.batch("select y from x"), tds.done())),
        database(signed_in, (tds.batch("SELECT y FROM x"), tds.done())),
        source=HMI,
    ),
    Case(
        "unexpected-traffic-for-standard-port",
        tcp(502, (b"SSH-2.0-OpenSSH_9.0\r\n", b"SSH-2.0-dropbear\r\n")),
        poll,
        destination=PLC,
    ),
)
