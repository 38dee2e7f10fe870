#!/bin/sh
# SPDX-License-Identifier: MIT
# The include rule: a folder of lib/ includes only itself and what stands left of it,
#   core < kernels < tensor < {cells, loss, optim, text, audio, metrics} < {layers, data} < model
#        < {decode, serial, report} < train
# never a sibling within the same braces. Quoted includes name their folder, or a file beside them. Public
# headers include <rnn/...> and the C standard's headers only; examples see <rnn/rnn.h> and nothing of lib/.
set -u
cd "$(dirname "$0")/../.."
passed=0 failed=0

standard='assert|ctype|errno|float|inttypes|limits|math|stdarg|stdbool|stddef|stdint|stdio|stdlib|string|time'
includes='s/^ *# *include *\(.*\)/\1/p'

rank() {
    case $1 in
    core) echo 1 ;;
    kernels) echo 2 ;;
    tensor) echo 3 ;;
    cells | loss | optim | text | audio | metrics) echo 4 ;;
    layers | data) echo 5 ;;
    model) echo 6 ;;
    decode | serial | report) echo 7 ;;
    train) echo 8 ;;
    *) echo 0 ;;
    esac
}

bad() {
    echo "$1"
    faults=$((faults + 1))
}

# quoted FILE FOLDER INCLUDED
quoted() {
    target=${3%%/*}
    if [ "$target" = "$3" ]; then
        [ -f "$(dirname "$1")/$3" ] || bad "$1 includes \"$3\", which is not beside it"
    elif [ ! -f "lib/$3" ] && [ ! -f "$(dirname "$1")/$3" ]; then
        bad "$1 includes \"$3\", which does not exist"
    elif [ "$target" != "$2" ]; then
        seen=$(rank "$target")
        { [ "$seen" -gt 0 ] && [ "$seen" -lt "$(rank "$2")" ]; } ||
            bad "$1 includes \"$3\": $2 may not see $target"
    fi
}

end_file() { if [ $faults -eq 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi; }

for file in $(find lib -type f \( -name '*.[ch]' -o -name '*.def' \) | LC_ALL=C sort); do
    faults=0
    folder=${file#lib/}
    folder=${folder%%/*}
    [ "$(rank "$folder")" -ne 0 ] || bad "$file: the folder $folder has no place in the include rule"
    for included in $(sed -n "$includes" "$file" | sed -n 's/^"\([^"]*\)".*/\1/p'); do
        quoted "$file" "$folder" "$included"
    done
    end_file
done

for file in include/rnn/*.h; do
    faults=0
    sed -n "$includes" "$file" | grep -vE "^<rnn/[a-z_]+\.h>|^<($standard)\.h>" > /dev/null &&
        bad "$file includes more than <rnn/...> and standard headers"
    end_file
done

for file in examples/*.[ch]; do
    [ -f "$file" ] || continue
    faults=0
    sed -n "$includes" "$file" | grep -E '^".*/|^<rnn/' | grep -v '^<rnn/rnn\.h>' > /dev/null &&
        bad "$file includes something of the library other than <rnn/rnn.h>"
    end_file
done

echo "$passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]
