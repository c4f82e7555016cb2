#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
#
# peer.pl MINE ITS COMMAND...: the other end of the guest's wire: frames over the unix sockets MINE and ITS. See echo.c.
#   echo N SEED    N frames, all of which must come back as they were
#   flood N SEED   N random frames: truncated, oversized, malformed, other types, then 500 that must come back as in echo
#   command C      send a command
#   info           print the guest's figures
use strict;
use warnings;
use IO::Select;
use IO::Socket::UNIX;
use Socket;

my ($mine, $its, $what, @arguments) = @ARGV;
unlink $mine;
my $socket = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $mine) or die "peer: $mine: $!\n";
setsockopt $socket, SOL_SOCKET, SO_RCVBUF, pack('i', 1 << 20);
my $address = sockaddr_un($its);
my $select = IO::Select->new($socket);
my $guest = "\x52\x54\x00\x12\x34\x56";
my $host = "\x02\x00\x00\x00\x00\x01";

sub put {
    my ($frame) = @_;
    until (defined send $socket, $frame, 0, $address) {
        die "peer: send: $!\n" unless $!{ENOBUFS} || $!{EAGAIN};
        select undef, undef, undef, 0.001;
    }
}

# The next frame of this type for us, or nothing within so many seconds.
sub take {
    my ($type, $seconds) = @_;
    while ($select->can_read($seconds)) {
        recv $socket, my $frame, 70000, 0;
        return $frame if length $frame > 14 && substr($frame, 12, 2) eq pack('n', $type);
    }
    return;
}

sub bytes { join '', map { chr int rand 256 } 1 .. $_[0] }

sub echo {
    my ($count, $window) = @_;
    my @sent;
    my $pool = bytes(3000);
    my ($made, $back) = (0, 0);
    while ($back < $count) {
        while ($made < $count && @sent < $window) {
            my $data = pack('N', $made++) . substr $pool, int rand 1500, 42 + int rand 1455;
            push @sent, $data;
            put($guest . $host . pack('n', 0x88b5) . $data);
        }
        my $frame = take(0x88b5, 10) // die "peer: frame $back of $count did not come back\n";
        my $data = shift @sent;
        die "peer: frame $back came back changed\n" unless substr($frame, 14, length $data) eq $data;
        $back++;
    }
}

sub flood {
    my ($count) = @_;
    my $pool = bytes(70000);
    for my $i (1 .. $count) {
        my $kind = int rand 8;
        my $length = $kind < 2 ? 1 + int rand 60 : $kind < 7 ? 60 + int rand 1455 : 1515 + int rand 8000;
        my $frame = substr $pool, int rand 50000, $length;
        substr($frame, 0, 14) = ($kind & 1 ? "\xff" x 6 : $guest) . $host . pack('n', rand 0x8800)
            if $kind > 3 && $length >= 14;
        substr($frame, 12, 2) = "\0\0" if $length >= 14 && substr($frame, 12, 1) eq "\x88";
        put($frame);
        recv $socket, my $nothing, 70000, MSG_DONTWAIT;
    }
    # The guest may still be busy with the flood, and lose frames, as it counts. When it has seen the last of it, it loses none.
    my ($before, $after) = (0, 1);
    for (1 .. 60) {
        my $figures = eval { figures() } or next;
        ($before, $after) = ($after, $figures->{rx_frames});
        last if $after == $before + 1;    # the question itself
    }
    die "peer: the flood never ends\n" if $after != $before + 1;
    echo(500, 16);
}

sub command {
    put($guest . $host . pack('n', 0x88b6) . $_[0] . "\0" x 45);
}

sub figures {
    1 while defined recv $socket, my $old, 70000, MSG_DONTWAIT;
    command('I');
    my $frame = take(0x88b6, 10) // die "peer: no answer\n";
    my @names = qw(link can rx_frames rx_bytes tx_frames tx_bytes rx_dropped rx_bad tx_refused interrupts kicks wakes
        resets link_changes cut_off my_dropped clients bulk_clients);
    my @values = unpack 'x14 x8 V2 Q<14 V2', $frame;
    my %figures;
    @figures{@names} = @values;
    return \%figures;
}

sub info {
    my $figures = figures();
    print "$_ $figures->{$_}\n" for sort keys %$figures;
}

my ($count, $seed) = @arguments;
srand($what eq 'echo' || $what eq 'flood' ? $seed : 1);
if    ($what eq 'echo')    { echo($count, 16) }
elsif ($what eq 'flood')   { flood($count) }
elsif ($what eq 'command') { command($count) }
elsif ($what eq 'info')    { info() }
else                       { die "peer: what is $what?\n" }
