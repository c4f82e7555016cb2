# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
#
# For test scripts: `. "$UKERN/tests/tap.sh"`, then checks by `ok`, and `finish` at the end. Each script has a folder of
# its own in $work, which is the current folder. It stays for a look if a check failed.
tap_count=0
tap_failed=0
work=$BUILD/tests/scripts/$$/$(basename "$0" .t)
mkdir -p "$work"
cd "$work" || exit 1

# ok DESCRIPTION COMMAND...: the command must succeed.
ok() {
    tap_what=$1
    shift
    tap_count=$((tap_count + 1))
    if "$@"; then
        echo "ok $tap_count - $tap_what"
    else
        tap_failed=$((tap_failed + 1))
        echo "not ok $tap_count - $tap_what"
        echo "# $*" | tr '\n' ' '
        echo
    fi
}

# not COMMAND...: it must fail.
not() {
    ! "$@"
}

# says FILE TEXT: the file has the text.
says() {
    grep -qF -- "$2" "$1" || {
        sed 's/^/# /' "$1"
        return 1
    }
}

# lacks FILE TEXT: the file has not.
lacks() {
    ! grep -qF -- "$2" "$1"
}

# gone PID: the process has ended, or does so within a second.
gone() {
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        case $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) in '' | Z*) return 0 ;; esac
        sleep 0.1
    done
    return 1
}

# build_shared FOLDER PROJECT [ARGUMENT...]: make the project, in that folder of $BUILD/tests, which several tests have in common: one of
# them makes it, and others that run meanwhile wait for that.
build_shared() {
    shared=$BUILD/tests/$1 project=$2
    shift 2
    perl -MFcntl=:flock -e 'open my $lock, ">", shift or die "$!\n"; flock $lock, LOCK_EX or die "$!\n"; exit !!system @ARGV' \
        "$shared.lock" make -s -C "$project" UKERN_BUILD="$UKERN_BUILD" BUILD="$shared" "$@" >make.log 2>&1 ||
        { sed 's/^/# /' make.log; return 1; }
}

finish() {
    echo "1..$tap_count"
    [ $tap_failed = 0 ] && cd "$BUILD" && rm -rf "$BUILD/tests/scripts/$$"
}
