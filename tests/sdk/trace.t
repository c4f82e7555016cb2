#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# `make trace`: what it records and shows of a system that ends by itself, of one that hangs, and of one that crashes.
# shellcheck disable=SC2016 # make and perl expand what stands in single quotes
env -u MAKEFLAGS -u MAKELEVEL make -s -f "$UKERN/tools/libs.mk" UKERN_BUILD="$UKERN_BUILD" UKERN_TRACE=1 libs ||
    echo "not ok 9996 - the library that records can be built"
. "$UKERN/tests/sdk/outside.sh"

# json FILE EXPRESSION: it is a trace in JSON, and the expression about its events (@e; slices of a name: named(), waiting: waits()) holds.
json() {
    perl -CA -MJSON::PP -e 'my ($file, $test) = @ARGV; local $/; open my $in, "<:raw", $file or die; our @e = @{decode_json(<$in>)->{traceEvents}};
        sub named { my $n = shift; grep { $_->{ph} eq "X" && $_->{name} =~ $n } @e }
        sub waits { grep { $_->{ph} eq "X" && $_->{args}{what} } @e }
        exit !eval "$test" || ($@ ? die $@ : 0)' "$1" "$2"
}
# page FILE: what is escaped stays so, nothing is fetched, and every tag is closed.
page() {
    perl -0777 -ne 'my $script = s{<script>.*?</script>}{}s; s{<style>.*?</style>}{}gs;
        exit 1 unless $script; exit 1 if /(?:src|href)\s*=|url\(|\@import/i;
        my %void = map { $_ => 1 } qw(meta input !DOCTYPE); my @open;
        while (/<(\/?)([!\w]+)((?:[^<>"]|"[^"<]*")*?)(\/?)>|(<)/g) {
            exit 2 if defined $5; next if $4 || $void{$2};
            if ($1) { exit 3 unless @open && pop(@open) eq $2 } else { push @open, $2 }
        } exit @open ? 4 : 0' "$1"
}

ok "a project of the template" run ukern new syscall ask
cd ask || exit 1
ok "make trace" run make trace TIMEOUT=120
ok "says how the system ended" says "$out" "the system ended: power off"
ok "makes no image but its own" not [ -e build/ask.img ]
ok "the JSON tells of plain calls and of pending ones" json build/ask.trace.json \
    'named(qr/^call 511 \(write inline\) → console$/) && named(qr/^ask → oracle$/) == 4'
# It is what Perfetto and others expect, with each slice and arrow where it belongs.
events=$tree/tests/sdk/trace-events
ok "the JSON keeps to the trace event format" "$events" build/ask.trace.json
ok "every call has its reply" json build/ask.trace.json 'waits() && !grep { $_->{args}{answered} ne "yes" } waits()'
ok "every arrow has a beginning and an end, the end later" json build/ask.trace.json 'my (%s, %f);
    for (@e) { $s{$_->{id}} = $_ if $_->{ph} eq "s"; $f{$_->{id}} = $_ if $_->{ph} eq "f" }
    %s && keys %s == keys %f && !grep { !$f{$_} || $f{$_}{ts} < $s{$_}{ts} || $f{$_}{name} ne $s{$_}{name} } keys %s'
ok "there is an arrow for each call, and for each reply" json build/ask.trace.json 'my %n;
    $n{$_->{name}}++ for grep { $_->{ph} eq "s" } @e; $n{call} == $n{reply} && $n{call} == waits()'
ok "slices of a task do not overlap" json build/ask.trace.json 'my (%end, $bad);
    for (grep { $_->{ph} eq "X" && $_->{cat} ne "system call" } @e) {
        my $end = \$end{"$_->{pid} $_->{tid}"}; $bad++ if defined $$end && $_->{ts} < $$end - 0.0005; $$end = $_->{ts} + $_->{dur} }
    %end && !$bad'
ok "one task at a time has the CPU" json build/ask.trace.json 'my @c = sort { $a->{ts} <=> $b->{ts} } grep { ($_->{cat} // "") eq "cpu" } @e;
    @c > 10 && !grep { $c[$_]{ts} < $c[$_ - 1]{ts} + $c[$_ - 1]{dur} - 0.0005 } 1 .. $#c'
ok "system calls and interrupts are there" json build/ask.trace.json \
    '(grep { ($_->{cat} // "") eq "system call" && $_->{name} eq "shm_map" } @e) && grep { $_->{ph} eq "i" && $_->{name} eq "timer" } @e'
ok "the chart is a page by itself" page build/ask.trace.html
ok "it names the tasks" sh -c 'for t in init console oracle asker; do grep -q "class=\"name\"[^>]*>$t<" build/ask.trace.html || exit 1; done'
ok "and tells of the calls" sh -c 'grep -q "asker → oracle: ask" build/ask.trace.html && grep -q "result 39" build/ask.trace.html'
ok "a task's button is of the rows that it takes part in" perl -0777 -ne 'my ($g) = /value="(\d+)">oracle</ or exit 1;
    my @rows = /<div class="(r [^"]*)".*?<title>(.*?)\n/g; my $n = 0;
    while (my ($class, $title) = splice @rows, 0, 2) { $n++; exit 2 if ($class =~ /\bl$g\b/) != ($title =~ /oracle/) } exit !$n' build/ask.trace.html
ok "the picture is XML" perl -0777 -ne 'exit !(/^<svg xmlns/ && m{</svg>\n$}) || /&(?!amp;|lt;|gt;|quot;|#39;)/' build/ask.trace.svg

# ---- From the records alone: other choices, hostile names, damage.
tools=$prefix/lib/ukern-$version/tools
ok "the same from the records" run "$tools/trace" -r build/ask.trace.ring again
ok "is the same" sh -c "sed 's/again/ask/' again.json | cmp - build/ask.trace.json"
ok "only some tasks" run "$tools/trace" -r build/ask.trace.ring -o oracle some
ok "without the others' messages" sh -c 'grep -q "asker → oracle" some.html && ! grep -q "asker → console" some.html'
wrong() {
    sed "$1" build/ask.trace.json >wrong.json && ! "$events" wrong.json >seen && [ -s seen ]
}
for damage in 's/"tid":11/"tid":2/' 's/"ph":"f"/"ph":"s"/' 's/,"dur":[0-9.]*//' '30{h;d;};60{G;}' 's/"bp":"e"/"bp":1/' 's/"ts":[0-9.]*/"ts":"x"/' \
    's/"id":[0-9]*/"id":1/' '0,/"cat":"running"/s/"dur":[0-9.]*/"dur":99999999/'; do
    ok "what is wrong with it would be seen: $damage" wrong "$damage"
done
ok "only some rows" run "$tools/trace" -r build/ask.trace.ring -n 10 few
ok "says what is left out" grep -q 'messages are left out here' few.html
ok "ten are shown" [ "$(grep -c 'class="r ' few.html)" = 10 ]
perl -0777 -pe 's/oracle/<b>&"\x27/g; s/asker\0/]}\\\n\xff\0/g' build/ask.trace.ring >hostile.ring
ok "hostile names" run "$tools/trace" -r hostile.ring hostile
ok "are escaped in JSON" json hostile.json 'grep { $_->{ph} eq "M" && ($_->{args}{name} // "") eq "<b>&\"\x27" } @e'
ok "and in the page" page hostile.html
ok "and the format is kept" "$events" hostile.json
ok "they are shown" grep -q '&lt;b&gt;&amp;&quot;&#39;' hostile.html
perl -0777 -pe 'substr($_, 28, 4) = pack "V", 0x7fffffff' build/ask.trace.ring >damaged.ring
ok "damage is an error" not run "$tools/trace" -r damaged.ring damaged
ok "that is told" says "$out" 'the trace in damaged.ring is damaged'
perl -e 'srand 7; local $/; open F, "<:raw", "build/ask.trace.ring"; $_ = <F>; my $start = unpack "V", substr $_, 20, 4;
    for my $i (1 .. 20) { my $t = $_; substr($t, $start + int rand(length($t) - $start), 1) = chr rand 256 for 1 .. 2000; open O, ">:raw", "noise.$i"; print O $t }'
ok "records that make no sense do no harm" sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    "$0" -r noise.$i noise >noise.out 2>&1 && [ "$(grep -c . noise.out)" -lt 400 ] && ! grep -q "at .* line" noise.out || { sed "s/^/# $i: /" noise.out; exit 1; }; done' "$tools/trace"
ok "which are still JSON" json noise.json '@e > 0'
ok "and a page" page noise.html
ok "memory without a trace is an error" not run "$tools/trace" -r Makefile none
ok "that says what to do" says "$out" 'UKERN_TRACE=1'
ok "a wrong number of rows is an error" not run make trace TRACE_ROWS=many
ok "that says so" says "$out" "TRACE_ROWS is 'many'"
cd ..

# ---- A system that hangs: a server that forgets its caller.
mkdir hang && cd hang || exit 1
cat >silent.c <<'END'
#include <ukern/ipc.h>
#include <ukern/task.h>

int main(void)
{
    struct ukern_event e;

    while (ipc_recv(task_handle("silent"), &e, UKERN_FOREVER) == UKERN_OK)
        ;
    return 0;
}
END
cat >caller.c <<'END'
#include <ukern/ipc.h>
#include <ukern/task.h>

int main(void)
{
    struct ukern_msg m = {UKERN_TAG(76, 0), {0}};

    ipc_call(task_handle("refuser"), &m);
    m = (struct ukern_msg){UKERN_TAG(77, 0), {1, 2, 3}};
    return ipc_call(task_handle("silent"), &m);
}
END
cat >refuser.c <<'END'
#include <ukern/error.h>
#include <ukern/server.h>
#include <ukern/task.h>

static int refuse(struct server *s, struct request *r)
{
    (void)s;
    (void)r;
    return UKERN_ENOENT;
}

static const struct server_handler handlers[] = {{76, refuse}, {0, NULL}};

int main(void)
{
    struct server s = {.port = task_handle("refuser"), .handlers = handlers};

    return server_run(&s);
}
END
makefile 'TASKS := silent refuser caller' 'silent.provides := silent' 'refuser.provides := refuser' 'caller.uses := silent refuser'
ok "a system that hangs" run make trace TIMEOUT=10
ok "is ended after its time" says "$out" "stopped from outside, after its time"
ok "the one who waits is named, and for whom" grep -q 'caller still waits for silent: call 77, sent at ' "$out"
ok "the call has no reply" json build/hang.trace.json 'grep { $_->{args}{answered} eq "no" && $_->{name} eq "call 77 → silent" } waits()'
ok "the format is kept here, too" "$events" build/hang.trace.json
ok "an error that a server replied is named" grep -q 'refuser → caller: reply UKERN_ENOENT' build/hang.trace.html
ok "nor has it one in the chart" grep -q 'never answered' build/hang.trace.html
ok "the copy of the memory is gone" [ -z "$(find . -name '*.memory')" ]
cd ..

# ---- One that crashes: a fault of a task, then a panic in an extension of the kernel.
mkdir crash && cd crash || exit 1
cat >panic_call.c <<'END'
#include <ukern/ukern.h>

static int begin(struct ukern_pending *p)
{
    ukern_panic("that was %d", (int)ukern_arg(p, 0));
}

static int complete(struct ukern_pending *p, const struct ukern_msg *reply)
{
    (void)p;
    (void)reply;
    return UKERN_DONE;
}

static const struct ukern_completion panic_call = {"crash", begin, complete, UKERN_NOTHING_TO_CANCEL};

void ukern_main(void)
{
    ukern_register(300, &panic_call);
}
END
cat >broken.c <<'END'
int main(void)
{
    return *(volatile int *)8;
}
END
cat >culprit.c <<'END'
#include <ukern/syscall.h>
#include <ukern/ipc.h>
#include <ukern/task.h>

int main(void)
{
    struct ukern_sysregs r = {.x = {5}};

    ukern_trap_all(300, &r);
    return 0;
}
END
makefile 'TASKS := broken culprit' 'KERNEL := panic_call.c' 'broken.priority := 20' 'culprit.priority := 10'
ok "a system that panics" run make trace TIMEOUT=120
ok "says so" says "$out" "the kernel panicked"
ok "and names the task that faulted" says "$out" "broken faulted: read, address 0x8"
ok "the last that the chart shows is the panic" sh -c 'grep "class=\"r " build/crash.trace.html | tail -1 | grep -q "the kernel panics"'
ok "the fault is in the JSON" json build/crash.trace.json 'grep { $_->{ph} eq "i" && $_->{name} eq "fault: read" } @e'
ok "the format is kept" "$events" build/crash.trace.json
ok "the supervisor was asked" json build/crash.trace.json 'named(qr/^fault → init$/)'
ok "make install makes what this needs" sh -c "make -n -C '$tree' BUILD='$tree_build' install PREFIX='$outside/other' | grep -q UKERN_TRACE=1"
ok "and brings it" [ -e "$prefix/lib/ukern-$version/lib/libukern-trace.a" -a -e "$prefix/lib/ukern-$version/lib/libukern-parts-trace.a" ]
finish
