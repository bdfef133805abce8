"""The machine's own logs through the node's API."""

import asyncio
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fairway.node.server import NodeServer
from fairway.node.settings import Settings


@pytest.fixture
async def base(tmp_path: Path) -> AsyncIterator[str]:
    logs = tmp_path / "logs"
    (logs / "apt").mkdir(parents=True)
    (logs / "a&b.log").write_text("hello\n" * 50_000)
    (tmp_path / "secret").write_text("not for you")
    (logs / "way-out").symlink_to(tmp_path / "secret")
    (logs / "own").symlink_to("a&b.log")
    (logs / "gone").symlink_to("nowhere")
    settings = Settings(node_name="n", node_ips=("127.0.0.1",), root_dir=tmp_path, port=0, system_logs=logs)
    server = await NodeServer({}, settings, is_open=True).start()
    host, port = server.addresses[0][:2]
    yield f"http://{host}:{port}"
    await server.close(0.2)


async def get(url: str, method: str = "GET") -> tuple[int, str, str]:
    """Status, type and body; redirects are followed."""

    def ask() -> tuple[int, str, str]:
        try:
            with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=5) as answer:
                return answer.status, answer.headers["Content-Type"], answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, "", error.read().decode()

    return await asyncio.to_thread(ask)


async def test_a_folder_is_a_page_of_links(base: str) -> None:
    status, type_, text = await get(f"{base}/logs")
    assert (status, type_) == (200, "text/html; charset=utf-8")
    for link in ('<a href="./apt/">apt/</a>', '<a href="./a%26b.log">a&amp;b.log</a>'):
        assert link in text.splitlines()
    assert (await get(f"{base}/logs/apt/"))[0] == 200


async def test_a_file_is_sent_whole(base: str) -> None:
    for name in ("a%26b.log", "own", "apt/../own"):
        status, type_, text = await get(f"{base}/logs/{name}")
        assert (status, type_, text) == (200, "text/plain; charset=utf-8", "hello\n" * 50_000)
    assert await get(f"{base}/logs/own", "HEAD") == (200, "text/plain; charset=utf-8", "")


@pytest.mark.parametrize("name", ["way-out", "gone", "none", "..%2fsecret", "../secret", "a%00b", "own/more"])
async def test_nothing_leads_out(base: str, name: str) -> None:
    status, _, text = await get(f"{base}/logs/{name}")
    assert status in (400, 404)
    assert "not for you" not in text


async def test_nothing_is_written(base: str) -> None:
    assert (await get(f"{base}/logs/own", "PUT"))[0] == 405
