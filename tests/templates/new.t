#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# ukern new: what it says to mistakes, and where its projects find the SDK.
. "$UKERN/tests/sdk/outside.sh"

# says_no TEXT COMMAND...: it ends with status 2, says TEXT, and leaves nothing behind.
says_no() {
    text=$1 status=0
    shift
    "$@" >"$out" 2>&1 || status=$?
    [ $status = 2 ] && says "$out" "$text" && [ -z "$(ls)" ]
}

ok "help lists the templates" run ukern help
for template in app driver server syscall; do
    ok "$template is one" grep -q "^  $template  *[a-z]" "$out"
done
ok "no command" says_no "usage: ukern new" ukern
ok "no such command" says_no "there is no command 'frobnicate'" ukern frobnicate
ok "too few words" says_no "usage: ukern new" ukern new app
ok "no such template" says_no "there is no template 'severe', but these:" ukern new severe a
ok "a path is no template" says_no "there is no template" ukern new ../examples/pipes a
ok "a name with a space" says_no "cannot be a project's name" ukern new app 'a b'
ok "no name at all" says_no "cannot be a project's name" ukern new app ''
ok "a name that looks like an option" says_no "cannot be a project's name" ukern new app -v
ok "a place with a space" says_no "has a space in it" ukern new app "$outside/a b/c"
ok "a place that cannot be written" says_no "cannot make the folder" ukern new app /proc/a/b
ok "a name is taken" says_no "is there already" ukern new app "$prefix"

ok "in another folder" run ukern new app "$outside/somewhere/else/mine"
ok "the project is there" [ -s "$outside/somewhere/else/mine/app.c" ]
ok "it is named after its last part" [ "$(make -s -C "$outside/somewhere/else/mine" print-IMAGE)" = mine ]
chmod -R a-w "$prefix/lib/ukern-$version/templates"
ok "of an SDK that is read-only" run ukern new app "$outside/copy"
ok "the files are the user's to change" [ -w "$outside/copy/app.c" ]
chmod -R u+w "$prefix/lib/ukern-$version/templates"

# Without pkg-config's help the SDK is named by its path: that of the one whose tool was called.
ok "make new in a checkout" run make -C "$tree" new TEMPLATE=server NAME="$outside/mine"
ok "its project has the checkout's SDK" says "$outside/mine/Makefile" "include $tree/sdk.mk"
ok "make new alone lists the templates" run make -s -C "$tree" new
ok "as ukern help does" says "$out" "usage: ukern new TEMPLATE NAME"
finish
