# Sourced by every script here: go to the root of the clone, show help, name and time each step.

cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# Prints the comment at the head of the calling script, which is its help.
show_help() {
    sed -n -e '1d' -e '/^#/!q' -e 's/^# \{0,1\}//p' "$0"
}

# Ends the script with the exit status for wrong usage and one sentence.
refuse_usage() {
    printf '%s (%s --help shows the usage)\n' "$1" "$0" >&2
    exit 64
}

say() {
    printf '==> %s\n' "$*" >&2
}

# step WORDS -- COMMAND...: says what is being done, does it, and says how long it took. A command
# that fails ends the script with the command's own exit status.
step() {
    local words=() started=$SECONDS status
    while [[ "$1" != "--" ]]; do
        words+=("$1")
        shift
    done
    shift
    say "${words[*]}"
    # Not `"$@" || status=$?`, which would switch errexit off inside the command.
    set +e
    (
        set -e
        "$@"
    )
    status=$?
    set -e
    if ((status != 0)); then
        say "${words[*]}: failed after $((SECONDS - started)) s (exit status $status)"
        exit "$status"
    fi
    say "${words[*]}: $((SECONDS - started)) s"
}
