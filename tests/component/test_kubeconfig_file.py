"""A kubeconfig on disk: changed whole, alone, for its owner; and used to speak to a server."""

import os
import threading
from pathlib import Path

import orjson
import pytest
from authority import Authority
from loops import on_both_loops

from fairway.client.kubeconfig import Access, KubeconfigError, change_file, connect, load, select
from fairway.kinds.kind import Kind
from fairway.objects.errors import StatusError
from fairway.transport.interface import Request, Response
from fairway.transport.server import serve
from fairway.transport.tls import server_context

SERVICE = Kind(group="", version="v1", name="Service", plural="services")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="changing owners needs root")


def mode(path: Path) -> str:
    return oct(path.stat().st_mode & 0o777)


def test_a_missing_file_and_its_folder_are_made(tmp_path: Path) -> None:
    path = tmp_path / ".kube" / "config"
    change_file(path, lambda text: f"<{text}>")
    assert (path.read_text(), mode(path), mode(path.parent)) == ("<>", "0o600", "0o750")
    assert [file.name for file in path.parent.iterdir()] == ["config"]


def test_a_file_is_replaced_and_can_be_read_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text("old")
    path.chmod(0o644)
    change_file(path, lambda text: f"{text} and new")
    assert (path.read_text(), mode(path)) == ("old and new", "0o600")


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    path, target = tmp_path / "config", tmp_path / "elsewhere"
    target.write_text("old")
    path.symlink_to(target)
    change_file(path, lambda text: "new")
    assert (path.is_symlink(), target.read_text()) == (True, "new")


def test_a_change_that_fails_leaves_everything_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text("old")

    def fail(text: str) -> str:
        raise KubeconfigError("clusters is no list")

    with pytest.raises(KubeconfigError, match=f"kubeconfig {path}: clusters is no list"):
        change_file(path, fail)
    assert (path.read_text(), [file.name for file in tmp_path.iterdir()]) == ("old", ["config"])


def test_what_is_no_file_is_neither_read_nor_replaced(tmp_path: Path) -> None:
    null, endless, pipe, folder = (tmp_path / name for name in ("null", "endless", "pipe", "folder"))
    null.symlink_to("/dev/null")
    endless.symlink_to("/dev/zero")
    os.mkfifo(pipe)
    folder.mkdir()
    for path in (null, endless, pipe, folder):
        with pytest.raises(KubeconfigError, match="is no regular file"):
            change_file(path, lambda text: pytest.fail("was read"))
    assert (pipe.is_fifo(), folder.is_dir(), sorted(tmp_path.iterdir())) == (
        True,
        True,
        sorted((null, endless, pipe, folder)),
    )
    assert Path("/dev/null").is_char_device()


def test_writers_wait_for_one_another(tmp_path: Path) -> None:
    path = tmp_path / "config"

    def append(letter: str) -> None:
        change_file(path, lambda text: text + letter)

    threads = [threading.Thread(target=append, args=(letter,)) for letter in "abcdefgh"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(path.read_text()) == list("abcdefgh")


def test_a_lock_of_another_program_is_respected_and_named(tmp_path: Path) -> None:
    path, lock = tmp_path / "config", tmp_path / "config.lock"
    lock.touch()
    with pytest.raises(KubeconfigError, match=f"if none runs, remove {lock}"):
        change_file(path, lambda text: "new", lock_timeout_s=0.1)
    assert (path.exists(), lock.exists()) == (False, True)
    freeing = threading.Timer(0.1, lock.unlink)
    freeing.start()
    change_file(path, lambda text: "new")
    freeing.join()
    assert path.read_text() == "new"


@needs_root
def test_what_root_writes_for_a_user_belongs_to_the_user(tmp_path: Path) -> None:
    path = tmp_path / ".kube" / "config"
    for text in ("first", "second"):
        change_file(path, lambda _, text=text: text, owner=(12345, 23456))  # type: ignore[misc]
    owners = [(place.stat().st_uid, place.stat().st_gid) for place in (path, path.parent)]
    assert (path.read_text(), owners) == ("second", [(12345, 23456), (12345, 23456)])


@needs_root
def test_root_does_not_hand_a_file_of_another_to_a_user(tmp_path: Path) -> None:
    secret, path = tmp_path / "secret", tmp_path / "config"
    secret.write_text("of root")
    path.symlink_to(secret)
    with pytest.raises(KubeconfigError, match="belongs to user 0 and not to user 12345: change its owner first"):
        change_file(path, lambda text: text + "!", owner=(12345, 23456))
    assert (secret.read_text(), secret.stat().st_uid) == ("of root", 0)


@needs_root
def test_without_an_owner_the_file_keeps_its_own(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text("old")
    os.chown(path, 12345, 23456)
    change_file(path, lambda text: "new")
    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 23456)


def test_several_files_are_one_config_in_which_the_first_wins(tmp_path: Path) -> None:
    first, second, missing = tmp_path / "first", tmp_path / "dir" / "second", tmp_path / "missing"
    second.parent.mkdir()
    first.write_text("clusters: [{name: c, cluster: {server: https://first}}]\n")
    second.write_text(
        "current-context: x\n"
        "clusters: [{name: c, cluster: {server: https://second}}]\n"
        "contexts: [{name: x, context: {cluster: c, user: u}}]\n"
        "users: [{name: u, user: {client-certificate: u.crt, client-key: /abs/u.key, tokenFile: t}}]\n"
    )
    found = select(load([missing, first, second]), read=str)
    folder = second.parent
    assert found == Access(
        "https://first", cert=f"{folder}/u.crt", key="/abs/u.key", token_file=f"{folder}/t",
        cert_file=f"{folder}/u.crt", key_file="/abs/u.key",
    )  # fmt: skip


@pytest.mark.parametrize(("text", "why"), [("a: [", "cannot be read"), ("- a", "its top level is no mapping")])
def test_a_broken_file_is_named(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "config").write_text(text)
    with pytest.raises(KubeconfigError, match=why):
        load([tmp_path / "config"])


def whoami(request: Request) -> Response:
    seen = {"user": request.peer.common_name, "token": request.headers.get("authorization", "")}
    return Response(200, orjson.dumps(seen))


@on_both_loops
async def test_a_kubeconfig_makes_a_client(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    admin = authority.issue("kubernetes-admin")
    server = await serve(whoami, ssl_context=server_context(*authority.issue("server"), authority.ca))
    address = f"https://127.0.0.1:{server.addresses[0][1]}"
    (tmp_path / "token").write_text("from-a-file\n")
    ca, cert, key = (file.read_text() for file in (authority.ca, admin.cert, admin.key))
    accesses = [
        Access(address, ca=ca, cert=cert, key=key),
        Access(address, is_insecure=True, token="given"),
        Access(address, ca=ca, server_name="localhost", token_file=str(tmp_path / "token")),
    ]
    seen = []
    for access in accesses:
        client = connect(access)
        seen.append(await client.get(SERVICE, "ns", "web"))
        await client.close()
    await server.close(1)
    assert seen == [
        {"user": "kubernetes-admin", "token": ""},
        {"user": "", "token": "Bearer given"},
        {"user": "", "token": "Bearer from-a-file"},
    ]


@on_both_loops
async def test_a_client_certificate_that_was_renewed_in_its_files_is_shown_once_the_old_one_is_refused(
    tmp_path: Path,
) -> None:
    authority = Authority(tmp_path)
    first, second = authority.issue("first"), authority.issue("second")
    wanted = ["first"]

    def answer(request: Request) -> Response:
        return whoami(request) if request.peer.common_name == wanted[0] else Response(401, b"{}")

    server = await serve(answer, ssl_context=server_context(*authority.issue("server"), authority.ca))
    config = {
        "current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {
            "server": f"https://127.0.0.1:{server.addresses[0][1]}", "certificate-authority": str(authority.ca),
        }}],
        "users": [{"name": "u", "user": {"client-certificate": str(first.cert), "client-key": str(first.key)}}],
    }  # fmt: skip
    client = connect(select(config))
    assert (await client.get(SERVICE, "ns", "web"))["user"] == "first"
    wanted[0] = "second"
    with pytest.raises(StatusError) as raised:
        await client.get(SERVICE, "ns", "web")
    assert raised.value.code == 401
    for old, new in zip(first, second, strict=True):
        old.write_bytes(new.read_bytes())
    assert (await client.get(SERVICE, "ns", "web"))["user"] == "second"
    await client.close()
    await server.close(1)


@pytest.mark.parametrize(
    ("access", "why"),
    [
        (Access("https://h", ca="nonsense"), "certificates for https://h cannot be used"),
        (Access("https://h", cert="nonsense", key="nonsense"), "certificates for https://h cannot be used"),
        (Access(""), "has no server"),
    ],
)
def test_certificates_that_are_none_are_refused(access: Access, why: str) -> None:
    with pytest.raises(KubeconfigError, match=why):
        connect(access)
