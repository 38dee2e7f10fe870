#!/bin/sh
# SPDX-License-Identifier: MIT
# Prints the functions that the public headers mark RNN_API, sorted: what lib/exports.txt must hold.
#   sh tests/abi/list_exports.sh > lib/exports.txt
set -eu
cd "$(dirname "$0")/../.."

# Each declaration is cut out from its mark to its first parenthesis; the name is the last word of that.
cat include/rnn/*.h | tr '\n' ' ' | sed 's/RNN_API /\
&/g' |
    sed -n 's/^RNN_API [^(;]*[ *]\(rnn_[a-z0-9_]*\) *(.*/\1/p' | LC_ALL=C sort
