"""Local CA: whether it can sign for Ingresses, and whether what this machine trusts is what the cluster has."""

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from fairway.cluster.doctor.finding import Finding, Scene, failure, warning, well
from fairway.cluster.local_ca import authority, system_store, trust


class Facts(NamedTuple):
    """``trouble`` says why the CA cannot sign; ``stray`` is a file of the system's store that trusts one not here.

    ``lost`` are places that trusted the CA and do not any more, ``trusting`` those that do.
    """

    is_known: bool
    folder: str = ""
    trouble: str = ""
    is_open: bool = False
    stray: str = ""
    lost: tuple[str, ...] = ()
    trusting: tuple[str, ...] = ()
    flags: str = ""


def look(scene: Scene) -> Facts:
    """Read the CA's folder where we may, and the places where it is, or was, trusted."""
    folder = trust.folder(scene.config)
    recorded = {place.path for place in trust.recorded(scene.config)}
    looked = trust.look(scene.config)
    return Facts(
        scene.is_known,
        str(folder),
        _trouble(folder) if scene.is_root and scene.is_known else "",
        _is_open(folder / "issuer.key"),
        _stray(scene, folder),
        tuple(each.place.path for each in looked if each.place.path in recorded and not each.is_trusted),
        tuple(each.place.path for each in looked if each.is_trusted),
        scene.flags,
    )


def _trouble(folder: Path) -> str:
    try:
        found = authority.read(folder)
    except FileNotFoundError as error:
        return f"{Path(error.filename).name} is missing"
    except (OSError, ValueError) as error:
        return str(error)
    return "" if found.key.public_key() == found.issuer.public_key() else "its key does not belong to its certificate"


def _is_open(key: Path) -> bool:
    return key.exists() and bool(stat.S_IMODE(key.stat().st_mode) & 0o077)


def _stray(scene: Scene, folder: Path) -> str:
    """The file under this cluster's label, where the cluster has no CA."""
    store = system_store.here()
    path = store.path(trust.label(scene.config)) if store else None
    return str(path) if path and path.exists() and not (folder / "root.crt").exists() else ""


def signing(facts: Facts) -> Iterator[Finding]:
    """Whether hosts of Ingresses get certificates that can be trusted."""
    if facts.trouble:
        yield failure(
            f"the local CA in {facts.folder} cannot sign: {facts.trouble}",
            "hosts of Ingresses without a Secret are served with certificates that nobody trusts",
            f"make another: sudo rm -f {facts.folder}/issuer.key && sudo fairway up{facts.flags}",
        )
    if facts.is_open:
        yield warning(
            f"{facts.folder}/issuer.key can be read by others",
            "who has it can pass for any host that the CA may sign for, on machines that trust it",
            f"make another: sudo rm -f {facts.folder}/issuer.key && sudo fairway up{facts.flags}",
        )


def trusted(facts: Facts) -> Iterator[Finding]:
    """Whether what the machine trusts is what the cluster has."""
    if facts.stray:
        yield warning(
            f"{facts.stray} has this machine trust a local CA that is not here any more",
            "nobody needs it, and its key may be anywhere",
            f"run: sudo fairway ca untrust{facts.flags}",
        )
    for path in facts.lost:
        yield warning(
            f"{path} does not trust the local CA any more, as it was told to",
            "its users meet warnings, or another CA is trusted in place of this one",
            f"run: sudo fairway ca trust{facts.flags}",
        )
    if facts.trusting and not facts.lost:
        yield well(f"the local CA is trusted in {', '.join(facts.trusting)}")


CHECKS = (signing, trusted)
