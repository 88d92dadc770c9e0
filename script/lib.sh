# Shared by the scripts: source it, then `adit_enter`. Works from any directory and in a fresh clone.

set -euo pipefail

ADIT_ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

# Installs what the command needs, puts the pinned Node first, and removes what killed runs left. Arguments as for
# script/bootstrap.
adit_enter() {
  "$ADIT_ROOT/script/bootstrap" --quiet "$@"
  PATH="$ADIT_ROOT/node_modules/.bin:$PATH"
  export PATH
  # Where there was no run, there is no such directory, and Node need not start.
  if [ -d "$(adit_lab_base)" ]; then node "$ADIT_ROOT/test/netlab/sweep.ts" >&2; fi
}

# Where this user's runs stand (test/netlab/registry.ts says the same).
adit_lab_base() {
  if [ -n "${ADIT_LAB_BASE:-}" ]; then
    echo "$ADIT_LAB_BASE"
  elif [ "$(id -u)" = 0 ]; then
    echo /run/adit-lab
  elif [ -n "${XDG_RUNTIME_DIR:-}" ]; then
    echo "$XDG_RUNTIME_DIR/adit-lab"
  else
    echo "/tmp/adit-lab-$(id -u)"
  fi
}

# adit_in_lab COMMAND...: replaces this shell by COMMAND where namespaces can be made: as root at once, else as root of a
# user namespace of its own. Where neither works, COMMAND runs anyway, learns why from ADIT_LAB_REFUSED, and says so.
adit_in_lab() {
  if [ "$(id -u)" = 0 ]; then exec "$@"; fi
  # Inside the user namespace the user is 0, and the place is still this one.
  ADIT_LAB_BASE="$(adit_lab_base)"
  export ADIT_LAB_BASE
  local why
  if why="$(unshare -Urnm true 2>&1)"; then exec unshare -Urnm -- "$@"; fi
  export ADIT_LAB_REFUSED="not root, and user namespaces are refused here: ${why%%$'\n'*}"
  exec "$@"
}

# adit_list FOLDER SUFFIX: "NAME  about" for each program FOLDER/**/NAME.SUFFIX.
adit_list() {
  local file
  while IFS= read -r file; do
    printf '%-24s %s\n' "$(basename "$file" ".$2")" "$(sed -n 's,^// about: *,,p' "$file" | head -n 1)"
  done < <(find "$ADIT_ROOT/$1" -name "*.$2" | sort)
}

# adit_find FOLDER SUFFIX NAME: the program's file, or one line and exit 2.
adit_find() {
  local file
  file="$(find "$ADIT_ROOT/$1" -name "$3.$2" | head -n 1)"
  if [ -z "$file" ]; then
    echo "$(basename "$0"): there is no '$3'; without a name it lists what there is" >&2
    exit 2
  fi
  printf '%s\n' "$file"
}

# The Debian packages that a program says it needs in its `// needs:` line.
adit_needs() {
  sed -n 's,^// needs: *,,p' "$1" | head -n 1
}
