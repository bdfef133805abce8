"""Print what a shell needs to complete commands, flags and live names.

bash: source <(fairway completion bash)       # in ~/.bashrc
zsh:  source <(fairway completion zsh)        # in ~/.zshrc, after compinit
fish: fairway completion fish | source        # in ~/.config/fish/config.fish
"""

import sys

from fairway.cli.failure import UsageFailure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.call import Call

USAGE = "bash | zsh | fish"


def run(call: "Call") -> int:
    """Print the script."""
    from fairway.cli.completion.scripts import SHELLS

    if not call.words:
        raise UsageFailure("Shell not specified.")
    if len(call.words) > 1:
        raise UsageFailure("Too many arguments. Expected only the shell type.")
    script = SHELLS.get(call.words[0])
    if script is None:
        raise UsageFailure(f'Unsupported shell type "{call.words[0]}".')
    sys.stdout.write(script)
    return 0
