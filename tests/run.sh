#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs tests and sums up their counts; called by the Makefile, which builds them and sets BUILD, CC and so on.
#   sh tests/run.sh check|data|exhaustive|only PROGRAM...
# A test is a program or a script whose last line is "N passed, N failed, N skipped". Whatever ends without
# it, or with another exit code than that line asks for, counts as one failure.
set -u
cd "$(dirname "$0")/.."
mode=$1
shift
passed=0 failed=0 skipped=0
log=$BUILD/tests/log
mkdir -p "$log"

case $mode in
check | only) limit=900 ;;
*) limit=7200 ;;
esac
if command -v timeout > /dev/null 2>&1; then limited="timeout -k 10 $limit"; else limited=; fi

counts='[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped'

# show FILE: what a test printed; the end of it when it is long, and few of many things that were skipped.
show() {
    grep -vE "^$counts\$" "$1" | awk -v file="$1" '/^skipped/ && ++n > 5 { next } { print }
        END { if (n > 5) print "... and " n - 5 " more that were skipped: " file }' | tail -n 100
}

# run LABEL COMMAND...: runs it, adds its counts, shows what it printed when something failed or was skipped.
run() {
    label=$1
    shift
    out=$log/$(printf '%s' "$label" | tr -c 'A-Za-z0-9_.' '_').log
    started=$(date +%s)
    $limited "$@" > "$out" 2>&1 < /dev/null
    code=$?
    seconds=$(($(date +%s) - started))
    last=$(tail -n 1 "$out" | grep -E "^$counts\$")
    if [ -n "$last" ]; then
        set -- $(printf '%s' "$last" | tr -cd '0-9 ')
        shown=$last
    else
        set -- 0 0 0
        shown='no result'
    fi
    if [ "$code" -ne 0 ] && [ "$2" -eq 0 ] || [ -z "$last" ]; then
        set -- "$1" $(($2 + 1)) "$3"
        case $code in
        124 | 137) shown="$shown, stopped after $limit s" ;;
        *) shown="$shown, exit code $code" ;;
        esac
    fi
    passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
    if [ "$2" -gt 0 ] || [ "$3" -gt 0 ]; then show "$out"; fi
    [ "$seconds" -lt 5 ] || shown="$shown ($seconds s)"
    echo "$label: $shown"
}

# The reference cases on every instruction set that the machine has, or on the one that is asked for.
goldens() {
    for isa in ${RNN_ISA:-$("$BUILD/tests/isa")}; do
        run "test_goldens $isa" env RNN_ISA="$isa" "$BUILD/tests/test_goldens" tests/goldens/cases
    done
}

check() {
    for script in tests/tree/*.sh tests/abi/headers.sh tests/abi/exports.sh tests/install/install.sh; do
        run "${script#tests/}" sh "$script"
    done
    for program in "$@"; do
        case $program in
        "$BUILD/tests/test_goldens") goldens ;;
        *_goldens*) run "${program##*/}" "$program" tests/goldens/cases ;;
        *) run "${program##*/}" "$program" ;;
        esac
    done
    if [ -f tests/examples/run.sh ]; then run examples sh tests/examples/run.sh; fi
}

each() {
    for program in "$@"; do
        case $program in
        *.sh) run "${program#tests/}" sh "$program" ;;
        *) run "${program#"$BUILD"/tests/}" "$program" ;;
        esac
    done
}

case $mode in
check) check "$@" ;;
data)
    if [ -z "${RNN_DATA:-}" ]; then
        echo "skipped: RNN_DATA does not name the folder of the data sets"
        skipped=$#
    else
        each "$@"
    fi
    ;;
exhaustive | only) each "$@" ;;
esac

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
