#!/bin/sh
# SPDX-License-Identifier: MIT
# lib/exports.txt is the one list of exported symbols: it names what the headers declare and what the shared
# library exports, no more and no less. The static library shows the world nothing but rnn_ and rnni_ names.
set -u
export LC_ALL=C
cd "$(dirname "$0")/../.."
: "${BUILD:=build}"
list=lib/exports.txt
passed=0 failed=0 skipped=0
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# result MESSAGE: passes when standard input is empty, else shows it under the message.
result() {
    found=$(cat)
    if [ -z "$found" ]; then
        passed=$((passed + 1))
    else
        echo "$1:"
        echo "$found"
        failed=$((failed + 1))
    fi
}

sort -u $list | diff - $list > "$work/sorted"
result "$list is not sorted" < "$work/sorted"
sh tests/abi/list_exports.sh | diff $list - > "$work/declared"
result "$list differs from what the headers declare (sh tests/abi/list_exports.sh > $list)" < "$work/declared"

if command -v nm > /dev/null 2>&1; then
    nm -D --defined-only "$BUILD/librnn.so" |
        awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort -u > "$work/so"
    diff $list "$work/so" > "$work/exported"
    result "$list differs from what $BUILD/librnn.so exports" < "$work/exported"
    # Sanitizers add globals of their own.
    sanitizer='__odr_asan|_?_?[a-z]*san[._]'
    nm -g --defined-only "$BUILD/librnn.a" |
        awk -v own="^(rnn_|rnni_|$sanitizer)" 'NF == 3 && $3 !~ own { print $3 }' > "$work/a"
    result "$BUILD/librnn.a has global names without rnn_ or rnni_" < "$work/a"
else
    echo "skipped the libraries' symbols: no nm"
    skipped=2
fi

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
