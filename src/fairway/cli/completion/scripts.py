"""Scripts: what a shell is told once, so that it asks ``fairway __complete`` from then on."""

BASH = r"""# bash completion for fairway
__fairway_words() {
    # COMP_WORDS is parted at : and = as well; put together again what has no space between.
    local line="${COMP_LINE:0:COMP_POINT}" position=0 index word before
    args=()
    for ((index = 0; index <= COMP_CWORD; index++)); do
        word="${COMP_WORDS[index]}"
        while [[ "${line:position:1}" == [[:space:]] ]]; do
            ((position++))
            before=" "
        done
        [[ $index == "$COMP_CWORD" ]] && word="${line:position}"
        if [[ -n "$before" || ${#args[@]} -eq 0 ]]; then
            args+=("$word")
        else
            args[${#args[@]} - 1]+="$word"
        fi
        before=""
        ((position += ${#word}))
    done
}

__start_fairway() {
    local -a args
    local line directive=0 current part
    __fairway_words
    current="${args[${#args[@]} - 1]}"
    COMPREPLY=()
    while IFS= read -r line; do
        if [[ "$line" =~ ^:([0-9]+)$ ]]; then
            directive="${BASH_REMATCH[1]}"
        elif [[ "${COMP_TYPE:-9}" == 63 && "$line" == *$'\t'* ]]; then
            COMPREPLY+=("$(printf '%s  (%s)' "${line%%$'\t'*}" "${line#*$'\t'}")")
        else
            COMPREPLY+=("${line%%$'\t'*}")
        fi
    done < <("${args[0]}" __complete "${args[@]:1}" 2>/dev/null)
    if [[ ${#COMPREPLY[@]} -eq 1 ]]; then
        COMPREPLY[0]="${COMPREPLY[0]%%  (*}"
    fi
    for part in : =; do
        if [[ "$current" == *"$part"* && "$COMP_WORDBREAKS" == *"$part"* ]]; then
            part="${current%"${current##*"$part"}"}"
            COMPREPLY=("${COMPREPLY[@]#"$part"}")
            current="${current#"$part"}"
        fi
    done
    if ((directive & 2)); then
        compopt -o nospace 2>/dev/null
    fi
    if ((!(directive & 4) && ${#COMPREPLY[@]} == 0)); then
        compopt -o default 2>/dev/null
    fi
}

complete -F __start_fairway fairway
"""

ZSH = r"""#compdef fairway
_fairway() {
    local line directive=0
    local -a found
    while IFS= read -r line; do
        if [[ "$line" =~ '^:[0-9]+$' ]]; then
            directive="${line#:}"
        else
            line="${line//:/\\:}"
            found+=("${line/$'\t'/:}")
        fi
    done < <("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)
    if (( ${#found} )); then
        if (( directive & 2 )); then
            _describe -V 'fairway' found -S ''
        else
            _describe -V 'fairway' found
        fi
    elif (( ! (directive & 4) )); then
        _files
    fi
}

if [[ "${funcstack[1]}" == "_fairway" ]]; then
    _fairway "$@"
elif (( $+functions[compdef] )); then
    compdef _fairway fairway
fi
"""

FISH = r"""# fish completion for fairway
function __fairway_complete
    set -l args (commandline -opc)
    set -l current (commandline -ct)
    set -l directive 0
    set -l found
    for line in ($args[1] __complete $args[2..-1] "$current" 2>/dev/null)
        if string match -qr '^:[0-9]+$' -- $line
            set directive (string sub -s 2 -- $line)
        else
            set -a found $line
        end
    end
    if test (count $found) -gt 0
        printf '%s\n' $found
    else if test (math "bitand($directive, 4)") -eq 0
        __fish_complete_path "$current"
    end
end

complete -c fairway -e
complete -c fairway -f -k -a '(__fairway_complete)'
"""

SHELLS = {"bash": BASH, "zsh": ZSH, "fish": FISH}
