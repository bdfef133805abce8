"""Plugin: asks a credential plugin, and waits for it.

What it says on standard error the user sees; it cannot ask them anything, as it is told (``interactive: false``).
"""

import subprocess

from fairway.client.kubeconfig.plugin import TIMEOUT_S, Credential, PluginError, credential_of
from fairway.client.kubeconfig.selection import Plugin


def credential(plugin: Plugin) -> Credential:
    """What ``plugin`` gives.  Raises: ``PluginError``."""
    try:
        done = subprocess.run(
            [plugin.command, *plugin.args], env=plugin.environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, timeout=TIMEOUT_S,
        )  # fmt: skip
    except FileNotFoundError as error:
        hint = f"\n\n{plugin.install_hint.strip()}" if plugin.install_hint else ""
        raise PluginError(f"getting credentials: exec: executable {plugin.command} not found{hint}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PluginError(f"getting credentials: exec: {plugin.command}: {error}") from error
    if done.returncode:
        raise PluginError(
            f"getting credentials: exec: executable {plugin.command} failed with exit code {done.returncode}"
        )
    try:
        return credential_of(done.stdout.decode(), plugin.version)
    except ValueError as error:
        raise PluginError(f"getting credentials: exec: {plugin.command}: {error}") from error
