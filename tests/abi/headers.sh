#!/bin/sh
# SPDX-License-Identifier: MIT
# Each public header compiles alone, as strict C11 and as C++11, and rnn.h includes them all.
set -u
cd "$(dirname "$0")/../.."
: "${CC:=cc}" "${CXX:=c++}"
passed=0 failed=0 skipped=0

# compiles LANGUAGE HEADER COMPILER...: twice the same header, so that its guard is tested too.
compiles() {
    language=$1 header=$2
    shift 2
    if printf '#include <rnn/%s>\n#include <rnn/%s>\n' "$header" "$header" |
        "$@" -x "$language" -Wall -Wextra -Wpedantic -Werror -Iinclude -fsyntax-only -; then
        passed=$((passed + 1))
    else
        echo "<rnn/$header> does not compile alone as $language"
        failed=$((failed + 1))
    fi
}

have_cxx=1
echo 'int main() {}' | $CXX -x c++ -fsyntax-only - 2> /dev/null || have_cxx=0
for path in include/rnn/*.h; do
    header=${path##*/}
    compiles c "$header" $CC -std=c11 -Wstrict-prototypes -Wmissing-prototypes
    if [ $have_cxx = 1 ]; then
        compiles c++ "$header" $CXX -std=c++11
    else
        echo "skipped <rnn/$header> as C++: no C++ compiler"
        skipped=$((skipped + 1))
    fi
    case $header in
    rnn.h) continue ;;
    esac
    if grep -q "^#include <rnn/$header>" include/rnn/rnn.h; then
        passed=$((passed + 1))
    else
        echo "rnn.h does not include <rnn/$header>"
        failed=$((failed + 1))
    fi
done

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
