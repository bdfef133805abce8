"""What a credential plugin's answer means, and when it is asked again."""

import asyncio
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fairway.client.kubeconfig.plugin import Credential, Plugin, PluginCredentials, credential_of

V1 = "client.authentication.k8s.io/v1"


def answer(**status: Any) -> str:
    return json.dumps({"kind": "ExecCredential", "apiVersion": V1, "status": status})


def test_tokens_and_certificates_are_taken() -> None:
    assert credential_of(answer(token="t"), V1) == Credential("t")
    found = credential_of(
        answer(clientCertificateData="C", clientKeyData="K", expirationTimestamp="2026-01-02T03:04:05Z"), V1
    )
    assert found == Credential("", "C", "K", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("nonsense", "Expecting value"), ("[]", "no ExecCredential"), ('{"kind": "Pod"}', "no ExecCredential"),
        (answer().replace("/v1", "/v1beta1"), "v1beta1 where .*v1 was wanted"), (answer(), "neither a token nor"),
        (answer(clientCertificateData="C"), "neither a token nor"),
        (answer(token="t", expirationTimestamp="soon"), "Invalid isoformat"),
    ],
)  # fmt: skip
def test_an_answer_that_helps_nobody_is_refused(text: str, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        credential_of(text, V1)


def test_it_is_asked_again_when_its_token_is_about_to_expire_and_not_before(tmp_path: Path) -> None:
    count = tmp_path / "count"
    count.write_text("")

    def plugin(expires: datetime) -> Plugin:
        given = answer(token="t", expirationTimestamp=expires.isoformat())
        script = f"open({str(count)!r}, 'a').write('x'); print({given!r})"
        return Plugin(sys.executable, ("-c", script))

    async def shown(plugin: Plugin) -> list[str]:
        credentials = PluginCredentials(plugin, None, lambda context, pem: None)
        return [*await asyncio.gather(credentials.token(), credentials.token()), await credentials.token()]

    assert asyncio.run(shown(plugin(datetime.now(UTC) + timedelta(hours=1)))) == ["t"] * 3
    assert count.read_text() == "x"
    assert asyncio.run(shown(plugin(datetime.now(UTC) + timedelta(seconds=5)))) == ["t"] * 3
    assert len(count.read_text()) >= 3
