# Sourced by the other scripts: moves to the project root and puts the project's own .venv first on PATH.
# Makes or refreshes .venv when pyproject.toml, the Python or the place of the checkout changed; else costs nothing.

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 2
root=$PWD

find_python() {
    local candidate
    for candidate in python3.11 python3 python3.12 python3.13; do
        if "$candidate" -c 'import sys; raise SystemExit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    echo "ERREUR : il faut Python 3.11 ou plus récent sur le PATH." >&2
    return 1
}

python=$(find_python) || exit 2
wanted="$("$python" -VV) $root $(cksum <pyproject.toml)"
stamp=$root/.venv/.installed
if [[ ! -f $stamp || $(<"$stamp") != "$wanted" ]]; then
    echo "Préparation de .venv avec $python..." >&2
    if ! { "$python" -m venv --clear .venv &&
        .venv/bin/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'; }; then
        echo "ERREUR : l'installation dans .venv a échoué (voir ci-dessus) ; rien n'a été lancé." >&2
        exit 2
    fi
    printf '%s\n' "$wanted" >"$stamp"
fi
PATH=$root/.venv/bin:$PATH
