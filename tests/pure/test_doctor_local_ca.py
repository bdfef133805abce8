"""What the doctor says of the local CA."""

import pytest

from fairway.cluster.doctor.finding import judged
from fairway.cluster.doctor.local_ca import CHECKS, Facts

pytestmark = pytest.mark.pure
FOLDER, STORE = "/var/lib/fairway/demo/ingress-ca", "/usr/local/share/ca-certificates/fairway-demo.crt"
KNOWN = Facts(is_known=True, folder=FOLDER, flags=" --name demo")
ANEW = f"make another: sudo rm -f {FOLDER}/issuer.key && sudo fairway up --name demo"


@pytest.mark.parametrize(
    ("facts", "check", "level", "what", "fix"),
    [
        (
            KNOWN._replace(trouble="issuer.key is missing"),
            "signing", "failure", f"the local CA in {FOLDER} cannot sign: issuer.key is missing", ANEW,
        ),
        (KNOWN._replace(is_open=True), "signing", "warning", f"{FOLDER}/issuer.key can be read by others", ANEW),
        (
            KNOWN._replace(is_known=False, stray=STORE),
            "trusted", "warning", f"{STORE} has this machine trust a local CA that is not here any more",
            "run: sudo fairway ca untrust --name demo",
        ),
        (
            KNOWN._replace(lost=(STORE,), trusting=("/home/joe/.pki/nssdb",)),
            "trusted", "warning", f"{STORE} does not trust the local CA any more, as it was told to",
            "run: sudo fairway ca trust --name demo",
        ),
        (KNOWN._replace(trusting=(STORE,)), "trusted", "ok", f"the local CA is trusted in {STORE}", ""),
    ],
)  # fmt: skip
def test_what_is_found_is_told_with_its_cure(facts: Facts, check: str, level: str, what: str, fix: str) -> None:
    (told,) = judged("local_ca", CHECKS, facts)
    assert (told.check, told.finding.level, told.finding.what, told.finding.fix) == (check, level, what, fix)


def test_a_ca_that_nobody_trusts_is_no_news() -> None:
    assert judged("local_ca", CHECKS, KNOWN) == []
