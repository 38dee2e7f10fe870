#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds everything with line counters, runs `make check`, and prints the share of lines that ran: of lib/, of
# lib/serial and of the readers of files in lib/data. Called by `make coverage`, which sets BUILD and MAKE.
# `sh tests/coverage.sh report` only counts again what the last run left.
set -u
cd "$(dirname "$0")/.." || exit 1
: "${BUILD:=build}" "${MAKE:=make}" "${CC:=cc}" "${CXX:=c++}"
GCOV=${GCOV:-gcov}
if ! command -v "$GCOV" > /dev/null 2>&1 || ! $CC --version 2> /dev/null | grep -qi 'free software'; then
    echo "skipped: coverage needs gcc and gcov"
    exit 0
fi
folder=$BUILD/coverage
case $folder in /*) ;; *) folder=$PWD/$folder ;; esac

# Little optimising, so that lines stay lines; yet the trainings among the tests have to end.
status=0
if [ "${1:-}" != report ]; then
    find "$folder" -name '*.gcda' -exec rm -f {} + 2> /dev/null
    $MAKE BUILD="$folder" CC="$CC --coverage" CXX="$CXX --coverage" CFLAGS='-O1 -g' KERNEL_CFLAGS=-O1 check ||
        status=$?
    rm -f a-*.gcno # of sources that a test only checks, without an output to be named after
fi

# One line `file:line ran` for every line with code of lib/, from all builds of a file (static, shared); the
# double-precision build of the tests counts too: it is the same source.
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
find "$folder" -path '*/lib/*' -name '*.gcda' > "$work/counters"
if [ ! -s "$work/counters" ]; then
    echo "coverage: no counters in $folder"
    exit 1
fi
while read -r counters; do
    "$GCOV" -t "$counters" 2> /dev/null
done < "$work/counters" | awk -F: '
    $2 ~ /^ *0$/ && $3 == "Source" { file = $4; next }
    file ~ /^lib\// {
        count = $1; gsub(/[ \t]/, "", count)
        if (count == "-") next
        line = $2 + 0
        print file ":" line, (count ~ /^[#=]/ ? 0 : 1)
    }' | sort -u | awk '
    { if (!($1 in ran) || $2 > ran[$1]) ran[$1] = $2 }
    END { for (at in ran) print at, ran[at] }' > "$work/lines"
# Files that no test has touched at all leave no counters: their lines count as not run.
find "$folder" -path '*/static/lib/*' -name '*.gcno' | while read -r notes; do
    [ -f "${notes%.gcno}.gcda" ] || echo "${notes##*/static/}"
done > "$work/untouched"

# share NAME PATTERN: of the files whose path matches it
share() {
    awk -v name="$1" -v pattern="$2" '$1 ~ pattern { all++; ran += $2 }
        END { printf "%-24s %6d of %6d lines  %5.1f %%\n", name, ran, all, all ? 100 * ran / all : 0 }' "$work/lines"
}
echo
echo "files below 90 %:"
awk '
    { sub(/:[0-9]+$/, "", $1); all[$1]++; ran[$1] += $2 }
    END {
        for (f in all)
            if (ran[f] < 0.9 * all[f])
                printf "  %-36s %5d of %5d lines  %5.1f %%\n", f, ran[f], all[f], 100 * ran[f] / all[f]
    }' "$work/lines" | sort
sed 's/^/  never entered: /; s/\.gcno$/.c/' "$work/untouched"
share 'lib/' '^lib/'
share 'lib/serial' '^lib/serial/'
share 'readers in lib/data' '^lib/data/(csv|fields|survey|load_text|folder|npy)'
exit $status
