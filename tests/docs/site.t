#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The site builds without a warning (an undocumented name of a public header is one), its links lead somewhere, and its
# reference is complete.
. "$UKERN/tests/tap.sh"
unset MAKEFLAGS MAKEOVERRIDES MFLAGS MAKELEVEL V TESTS
command -v doxygen >/dev/null || {
    echo "1..0 # SKIP doxygen is not here"
    exit 0
}
html=$work/docs/html
abi=$UKERN/libukern/include/ukern/abi

site() {
    if make -s -C "$UKERN" docs BUILD="$work" >output 2>&1 && lacks output warning; then
        return 0
    fi
    sed 's/^/# /' output
    return 1
}
ok "the site builds without a warning" site

ok "it does not say where it was built" sh -c "! grep -rlF -e '$work' -e '$UKERN' '$html'"
ok "no markup is left in the text" sh -c "! grep -rlE 'ilinebr|&lt;/t[dr]&gt;' '$html' --include='*.html'"
ok "each link leads somewhere, and none to another place" "$UKERN/tests/docs/site-links" "$html"

# all_in PAGE NAME...: the page has each name.
all_in() {
    page=$html/$1
    shift
    [ $# -gt 0 ] || return 1
    for name in "$@"; do
        grep -qE "(>|\b)$name\b" "$page" || {
            echo "# $name is not in $page"
            return 1
        }
    done
}
known() {
    make -s -f "$UKERN/sdk.mk" "print-ukern_$1"
}
# shellcheck disable=SC2046 # words
{
    ok "every system call is in the reference" all_in syscalls.html $(sed -n 's/^UKERN_SYSCALL( *[0-9]*, \([a-z_]*\),.*/\1/p' "$abi/syscalls.def")
    ok "every error" all_in errors.html $(sed -n 's/^UKERN_ERROR(\([A-Z0-9]*\),.*/UKERN_\1/p' "$abi/errors.def")
    ok "every variable of sdk.mk" all_in image.html $(known variables)
    ok "every property" all_in image.html $(known properties | sed 's/[a-z]*/NAME.&/g')
    ok "every target of a project" all_in image.html $(sed -n 's/^ukern_targets := //p' "$UKERN/sdk.mk")
    ok "every device" all_in image.html $(sed -n 's/^DEVICE("\([a-z0-9-]*\)".*/\1/p' "$UKERN/libuser/init/kinds.def")
}
ok "every error is documented where it is declared" all_in errors_8h.html UKERN_EINVAL UKERN_EIO
# A figure, or a drawing of characters.
diagram() {
    grep -q "^!\[.*](.*\.svg)" "$1" || awk '/^```/ { fenced = !fenced; inside = fenced && /^```(text)?$/; next } inside && /[-─]+[->►>]|│/ { n++ } END { exit n < 2 }' "$1"
}
for guide in "$UKERN"/docs/guides/*.md; do
    name=$(basename "$guide" .md)
    ok "$name is in the menu" says "$html/menudata.js" "$name.html"
    ok "and on the first page" says "$html/index.html" "href=\"$name.html\""
    ok "it has a diagram" diagram "$guide"
done
ok "there is a search" [ -s "$html/search/searchdata.js" ]
ok "a phone shows it in its own width" says "$html/index.html" 'name="viewport" content="width=device-width'
ok "it is dark where the reader's system is" says "$html/site.css" "prefers-color-scheme: dark"
finish
