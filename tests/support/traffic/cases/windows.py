"""Cases of SMB and DCE/RPC."""

from tests.support.traffic import smb
from tests.support.traffic.case import HMI, ROGUE, Case, Play
from tests.support.traffic.cases.exchanges import tcp

SERVER = "10.1.0.6"


def shared(*pairs: tuple[bytes, bytes], client: str = HMI, pause: float = 0.5) -> Play:
    return tcp(445, *pairs, client=client, server=SERVER, pause=pause)


def sign_ins(count: int, status: int = 0, pause: float = 0.5) -> Play:
    return shared(
        *((smb.sign_in("op", n), smb.signed_in(status, n)) for n in range(1, count + 1)), pause=pause
    )


def opened(name: str, share: str = "\\\\srv\\ADMIN$", client: str = HMI) -> Play:
    return shared(
        (smb.sign_in("op"), smb.signed_in()),
        (smb.tree_connect(share), smb.tree_connected()),
        (smb.create(name), b""),
        client=client,
    )


def called(interface: str, operation: int, answer: bytes = smb.returned()) -> Play:
    return tcp(135, (smb.bind(interface), smb.BOUND), (smb.call(operation), answer), server=SERVER)


normal = sign_ins(1)
inventory = called(smb.SRVSVC, 15)

CASES = (
    Case(
        "unauthorized-smb-login",
        shared((smb.sign_in("admin"), smb.signed_in())),
        normal,
        normal,
        source=HMI,
        destination=SERVER,
    ),
    Case("excessive-smb-login-attempts", sign_ins(10), sign_ins(9), source=HMI),
    Case(
        "password-guessing-attempt-detected",
        sign_ins(100, smb.LOGON_FAILURE, 0.1),
        sign_ins(100, 0, 0.1),
        source=HMI,
        name="smb",
    ),
    Case("unauthorized-windows-process", opened("evil.exe"), opened("notes.txt"), normal, source=HMI),
    Case(
        "unauthorized-windows-process",
        called(smb.ATSVC, 0),
        inventory,
        inventory,
        source=HMI,
        name="task",
    ),
    Case("unauthorized-windows-service", called(smb.SVCCTL, 12), inventory, inventory, source=HMI),
    Case("suspicion-of-remote-windows-service-management", called(smb.SVCCTL, 15), inventory, source=HMI),
    Case(
        "suspicion-of-remote-code-execution-with-psexec",
        opened("PSEXESVC.exe"),
        opened("report.exe"),
        source=HMI,
    ),
    Case(
        "backup-activity-with-antivirus-signatures",
        opened("av\\daily.cvd", "\\\\srv\\files"),
        opened("av\\daily.txt", "\\\\srv\\files"),
        source=HMI,
        name="smb",
    ),
    Case(
        "invalid-smb-message-doublepulsar-backdoor-implant",
        shared((smb.transaction2(0x0E), smb.transaction2_answer(65)), client=ROGUE),
        shared((smb.transaction2(5), smb.transaction2_answer(65)), client=ROGUE),
        source=ROGUE,
    ),
    Case(
        "invalid-smb-message-doublepulsar-backdoor-implant",
        shared((smb.transaction2(5), smb.transaction2_answer(81))),
        shared((smb.transaction2(5), smb.transaction2_answer(65))),
        source=SERVER,
        name="answer",
    ),
    Case(
        "suspicion-of-notpetya-malware-illegal-smb-parameters-detected",
        shared((smb.transaction2(5), smb.transaction2_answer(82))),
        shared((smb.transaction2(5), smb.transaction2_answer(65))),
        source=SERVER,
    ),
    Case(
        "suspicion-of-notpetya-malware-illegal-smb-transaction-detected",
        shared((smb.nt_transaction(66512), b""), (smb.secondary(), b"")),
        shared((smb.nt_transaction(976), b"")),
        source=HMI,
    ),
    Case("suspicion-of-conficker-malware", called(smb.SRVSVC, 31), inventory, source=HMI, name="exploit"),
    Case(
        "new-activity-detected-unauthorized-rpc-message-type",
        called(smb.SRVSVC, 16),
        inventory,
        inventory,
        source=HMI,
        name="windows",
    ),
    Case(
        "rpc-operation-failed", called(smb.SRVSVC, 15, smb.fault()), inventory, source=SERVER, name="windows"
    ),
)
