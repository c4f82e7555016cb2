# SPDX-License-Identifier: BSD-2-Clause
#
# The ring of a trace (libukern/core/trace.h), found in a copy of a machine's memory or in a file that save() wrote, and
# what its numbers mean: names come from the lists and headers that the kernel was built from. Whatever the memory says is
# checked before it is believed.
package Ring;
use strict;
use warnings;
use Encode ();

my $MAGIC   = 'ukern trace ring';
my $VERSION = 1;
my $HEADER  = 64;                   # bytes before the tables of names
my $RECORD  = 64;
my $NAME    = 32;                   # UKERN_NAME_MAX
my $PAGE    = 4096;
my $FIRST   = 256;                  # UKERN_SYS_EXT_FIRST

sub text_of {
    my ($file) = @_;
    open my $in, '<', $file or die "trace: cannot read $file: $!\n";
    local $/;
    return scalar <$in>;
}

# The values of an enum: number => name, in lower case and without PREFIX.
sub enum {
    my ($text, $enum, $prefix) = @_;
    my ($body) = $text =~ /^enum $enum \{(.*?)^\};/ms or die "trace: there is no enum $enum in the SDK\n";
    my ($next, %name) = (0);
    $body =~ s{/\*.*?\*/}{}gs;
    for (split /,/, $body) {
        next unless /^\s*\Q$prefix\E(\w+)(?:\s*=\s*(\d+))?\s*$/;
        $next = $2 if defined $2;
        $name{$next++} = lc $1;
    }
    return \%name;
}

# What numbers mean: events, system calls, errors, and the enums of the kernel.
sub names {
    my ($sdk) = @_;
    my ($abi, $core) = ("$sdk/libukern/include/ukern/abi", "$sdk/libukern/core");
    my (%event, %call, %error, %label);
    for (split /\n/, text_of("$core/trace.def")) {
        $event{$1} = {name => $2, detail => $3, words => [split ' ', $4]}
            if /^TRACE_EVENT\(\s*(\d+),\s*(\w+),\s*"(.*?)",\s*"(.*?)"/;
    }
    for (split /\n/, text_of("$abi/syscalls.def")) {
        $call{$1} = $2 if /^UKERN_SYSCALL\(\s*(\d+),\s*(\w+),/;
    }
    for (split /\n/, text_of("$abi/errors.def")) {
        $error{-$2} = "UKERN_$1" if /^UKERN_ERROR\(\s*(\w+),\s*(\d+),/;
    }
    for (split /\n/, text_of("$sdk/libuser/include/ukern/stream.h")) {    # the protocol that every program speaks
        $label{$2} = lc($1) =~ tr/_/ /r if /^#define STREAM_(\w+)\s+(5\d\d)\b/;
    }
    my ($types, $task) = (text_of("$abi/types.h"), text_of("$core/task.h"));
    return {
        event  => \%event,
        call   => \%call,
        error  => \%error,
        label  => \%label,
        state  => enum($task,  'task_state',        'TASK_'),
        kind   => enum($task,  'call_kind',         'CALL_'),
        type   => enum($types, 'ukern_event_type',  'UKERN_EV_'),
        cause  => enum($types, 'ukern_fault_cause', 'UKERN_FAULT_'),
        reason => enum($types, 'ukern_exit_reason', 'UKERN_EXIT_'),
    };
}

# Somebody chose this name: whatever is no plain character is shown as one.
sub plain {
    my ($bytes) = @_;
    my $text = Encode::decode('UTF-8', $bytes =~ s/\0.*//sr, Encode::FB_DEFAULT);
    $text =~ s/[\p{C}\x{2028}\x{2029}]/\x{fffd}/g;
    return $text;
}

sub name_table {
    my ($bytes) = @_;
    return map { plain($_) } unpack "(a$NAME)*", $bytes;
}

sub slice {
    my ($in, $at, $size) = @_;
    my $bytes = '';
    seek $in, $at, 0;
    while (length $bytes < $size) {
        read($in, $bytes, $size - length $bytes, length $bytes) or last;
    }
    return $bytes;
}

# Where the ring is in a file, or undef.
sub find {
    my ($in) = @_;
    my $size = -s $in;
    for (my $at = 0; $at + $HEADER <= $size; $at += $PAGE) {
        sysseek $in, $at, 0;
        sysread $in, my $magic, length $MAGIC;
        return $at if $magic eq $MAGIC;
    }
    return undef;
}

# $sdk: the folder of the SDK. Dies with a sentence if the file has no trace.
sub load {
    my ($file, $sdk) = @_;
    open my $in, '<:raw', $file or die "trace: cannot read $file: $!\n";
    my $at = find($in);
    die "trace: there is no trace in $file: the kernel was not built for it (UKERN_TRACE=1), or never started\n"
        unless defined $at;
    my $header = slice($in, $at, $HEADER);
    my (undef, $version, $start, $record, $capacity, $where, $ns, $written, $tasks, $calls) =
        unpack 'a16 V4 Q<3 V2', $header;
    die "trace: $file has a trace of version $version, and this SDK reads version $VERSION\n" if $version != $VERSION;
    my $size = -s $in;
    die "trace: the trace in $file is damaged\n"
        if $record != $RECORD || !$capacity || $tasks > $start || $calls > $start
        || $start != $HEADER + $NAME * ($tasks + $calls) || $at + $start + $capacity * $RECORD > $size || !$ns || $written >> 53;
    my @call = name_table(slice($in, $at + $HEADER + $NAME * $tasks, $NAME * $calls));
    my $names = names($sdk);
    for (0 .. $#call) {
        $names->{call}{$FIRST + $_} = $call[$_] if length $call[$_];
    }
    my $self = bless {
        names     => $names,
        task_name => [name_table(slice($in, $at + $HEADER, $NAME * $tasks))],
        written   => $written,
        ns        => $ns / 2**32,
    };
    # Of a full ring the oldest record may be half overwritten.
    my $kept = $written < $capacity ? $written : $capacity - 1;
    $self->{lost} = $written - $kept;
    my $first = ($written - $kept) % $capacity;
    my $tail = $first + $kept > $capacity ? $capacity - $first : $kept;
    $self->{bytes} = slice($in, $at + $start + $first * $RECORD, $tail * $RECORD)
        . slice($in, $at + $start, ($kept - $tail) * $RECORD);
    $self->{count} = $kept;
    # For save(): the same in a file of its own, unrolled.
    $self->{header} = pack('a16 V4 Q<3 V2', $MAGIC, $version, $start, $record, $kept + 1, $where, $ns, $kept, $tasks, $calls)
        . slice($in, $at + $HEADER, $start - $HEADER);
    return $self;
}

# Write what load() reads.
sub save {
    my ($self, $file) = @_;
    open my $out, '>:raw', $file or die "trace: cannot write $file: $!\n";
    print $out $self->{header}, $self->{bytes}, "\0" x $RECORD;
    close $out or die "trace: cannot write $file: $!\n";
}

# Call $do for each record, oldest first: {t (ns since the first), task, event (name), detail, word => [6], and each word by
# its name}. Times increase strictly, by a nanosecond where the clock did not.
sub each_record {
    my ($self, $do) = @_;
    my ($start, $last) = (undef, -1);
    for my $i (0 .. $self->{count} - 1) {
        my ($time, $task, $detail, $event, $cpu, @word) = unpack 'Q< V v C C Q<6', substr $self->{bytes}, $i * $RECORD, $RECORD;
        my $e = $self->{names}{event}{$event} or next;
        $start = $time unless defined $start;
        my $t = $time > $start ? int(($time - $start) * $self->{ns}) : 0;
        $t = $last + 1 if $t <= $last || $t > 2**53;    # the same tick, or nonsense
        $last = $t;
        my %r = (t => $t, task => $task, event => $e->{name}, detail => $detail, cpu => $cpu, word => \@word);
        @r{@{$e->{words}}} = @word;
        $do->(\%r);
    }
}

# A result as people read it: an error's name, or a signed number.
sub result {
    my ($self, $value) = @_;
    my $signed = unpack 'q<', pack 'Q<', $value;
    return $self->{names}{error}{$signed} // ($signed > -4096 && $signed < 1 << 48 ? $signed : sprintf '0x%x', $value);
}

sub signed   { return unpack 'q<', pack 'Q<', $_[0] }
sub signed32 { return unpack 'l<', pack 'L<', $_[0] }

1;
