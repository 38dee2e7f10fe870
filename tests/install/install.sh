#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs below a scratch folder, compiles a program against the copy by pkg-config (shared, static, C++),
# runs it, compares the trees of upper and lower case variables, uninstalls and looks for what is left.
set -u
cd "$(dirname "$0")/../.."
number() { sed -n "s/^.define RNN_$1  *\([0-9]*\).*/\1/p" include/rnn/version.h; }
: "${CC:=cc}" "${CXX:=c++}" "${MAKE:=make}" "${TEST_FLAGS:=}" "${API_VERSION:=$(number API_VERSION)}"
: "${VERSION:=$(number VERSION_MAJOR).$(number VERSION_MINOR).$(number VERSION_PATCH)}"
passed=0 failed=0 skipped=0
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# Flags come through the environment, so that nothing is compiled again; places come from this script alone.
unset PREFIX prefix LIBDIR libdir INCLUDEDIR includedir DESTDIR exec_prefix PKGCONFIGDIR MAKELEVEL
unset PKG_CONFIG_PATH PKG_CONFIG_LIBDIR PKG_CONFIG_SYSROOT_DIR # another copy may be installed
build() { MAKEFLAGS= $MAKE --no-print-directory "$@"; }

# check WHAT COMMAND...
check() {
    what=$1
    shift
    if "$@" > "$work/log" 2>&1; then
        passed=$((passed + 1))
    else
        echo "$what failed: $*"
        cat "$work/log"
        failed=$((failed + 1))
    fi
}
skip() {
    echo "skipped $1: $2"
    skipped=$((skipped + 1))
}

shared=$work/shared # a whole copy, moved away from its prefix: DESTDIR
static=$work/static # a copy without the shared library, in its place: PREFIX
check "install" build install DESTDIR="$shared" PREFIX=/opt/rnn
check "install" build install PREFIX="$static"
check "lower case install" build install DESTDIR="$work/lower" prefix=/opt/rnn
check "lower and upper case names give the same tree" diff -r "$shared" "$work/lower"
check "places by name" build install DESTDIR="$work/places" PREFIX=/usr \
    LIBDIR=/usr/lib/x INCLUDEDIR=/usr/include/y
check "LIBDIR holds librnn.a" test -f "$work/places/usr/lib/x/librnn.a"
check "INCLUDEDIR holds rnn/rnn.h" test -f "$work/places/usr/include/y/rnn/rnn.h"
pc=$work/places/usr/lib/x/pkgconfig/rnn.pc
check "rnn.pc names INCLUDEDIR" grep -q '^includedir=${prefix}/include/y$' "$pc"

in_destdir() {
    PKG_CONFIG_SYSROOT_DIR=$shared PKG_CONFIG_LIBDIR=$shared/opt/rnn/lib/pkgconfig pkg-config "$@" rnn
}
in_prefix() { PKG_CONFIG_LIBDIR=$static/lib/pkgconfig pkg-config "$@" rnn; }

# compile OUTPUT COMPILER FLAGS LIBS: options are split on purpose
compile() { $2 tests/install/program.c $3 $TEST_FLAGS -o "$1" $4; }

if ! command -v pkg-config > /dev/null 2>&1; then
    for what in "shared program" "static program" "C++ program"; do skip "$what" "no pkg-config"; done
else
    strict="-Wall -Wextra -Werror"
    check "pkg-config knows the version" test "$(in_prefix --modversion)" = "$VERSION"
    libs=$(in_destdir --libs)
    check "shared program" compile "$work/a" "$CC -std=c11 $strict" "$(in_destdir --cflags)" "$libs"
    check "shared program runs" env LD_LIBRARY_PATH="$shared/opt/rnn/lib" "$work/a"
    if command -v readelf > /dev/null 2>&1; then
        readelf -d "$work/a" > "$work/needed"
        check "program asks for the SONAME" grep -q "NEEDED.*\[librnn\.so\.$API_VERSION\]" "$work/needed"
    else
        skip "the SONAME" "no readelf"
    fi
    rm -f "$static"/lib/librnn.so*
    private=$(in_prefix --static --libs)
    check "static program" compile "$work/b" "$CC -std=c11 $strict" "$(in_prefix --cflags)" "$private"
    check "static program runs" "$work/b"
    if echo 'int main() {}' | $CXX -x c++ -fsyntax-only - 2> /dev/null; then
        check "C++ program" compile "$work/c" "$CXX -std=c++11 $strict -x c++" "$(in_prefix --cflags)" \
            "-x none $private"
        check "C++ program runs" "$work/c"
    else
        skip "C++ program" "no C++ compiler"
    fi
fi

check "uninstall" build uninstall DESTDIR="$shared" PREFIX=/opt/rnn
check "lower case uninstall" build uninstall DESTDIR="$work/lower" prefix=/opt/rnn
check "uninstall" build uninstall PREFIX="$static"
check "uninstall of places by name" build uninstall DESTDIR="$work/places" PREFIX=/usr \
    LIBDIR=/usr/lib/x INCLUDEDIR=/usr/include/y
left=$(find "$shared" "$static" "$work/lower" "$work/places" ! -type d)
check "uninstall leaves no file" test -z "$left"
check "uninstall leaves no folder of its own" test ! -d "$shared/opt/rnn/include/rnn"

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
