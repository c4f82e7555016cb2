# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
#
# For tests of templates: a user has the SDK installed, and makes a project of the template $1 in the folder $2 below an
# empty one. Its own tests have to pass.
. "$UKERN/tests/sdk/outside.sh"
ok "ukern new $1" run ukern new "$1" "$2"
cd "$2" || exit 1
ok "says what comes next" says "$out" "cd $2"
ok "it finds the SDK as any project does" says Makefile "include \$(or \$(shell pkg-config --variable=sdkmk ukern),"
ok "where there is none it says so" sh -c "PKG_CONFIG_PATH= make run 2>&1 | grep -q 'Makefile:.*pkg-config finds no ukern: export PKG_CONFIG_PATH'"
ok "its README has its name" says README.md "# $2: "
ok "it builds, without a warning" run make
ok "and says nothing but its steps" [ "$(grep -cv '^  [A-Z]' "$out")" = 0 ]
ok "its tests pass" run make test
