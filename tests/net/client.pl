#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
#
# client.pl PORT COMMAND...: programs of the host that talk to the guest through 127.0.0.1:PORT. Each ends with status 0 if
# all went as it should, else it says what did not.
#   tcp BYTES         what is sent to an echo server comes back; our end of the connection ends first
#   clog COUNT        what is sent to an echo server comes back, though so often nothing of it is read until no more can be sent
#   udp COUNT         datagrams come back, those that are lost are sent again; all lengths up to 1400 bytes
#   short COUNT PATH  so many connections in a row to a web server, each for one request
#   parallel COUNT PATH  so many at once; none is used before all are open
#   abort COUNT PATH  connections that break off: before, in and after a request, and while the answer comes
#   drip              connections to a web server that want nothing, half of something, or all and read nothing: the guest
#                     ends each
#   hoard COUNT [PATH]  so many connections at once that stay: of some a request for PATH is sent, or half of one; all are
#                     held until our input ends
#   send BYTES        so many, to one who only counts
#   sink BYTES        be the one who counts: at PORT, so many must come
#   hold              a byte there and back again and again, until the guest breaks it off
#   nonsense COUNT    tests to an iperf server that cannot be; datagrams: too short, with numbers that none has, ends of tests that are not; then a test
#                     of three datagrams of which one is missing and one comes late, whose report must be right
#   stream BYTES      print what /stream/BYTES must be
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use Socket qw(SOL_SOCKET SO_LINGER);
use Time::HiRes qw(time);

my ($port, $what, $count, $path) = @ARGV;
my $patience = 120;    # seconds without any progress
$SIG{ALRM} = sub { die "client: no progress for $patience seconds\n" };
$SIG{PIPE} = 'IGNORE';

sub progress { alarm $patience }

# QEMU lets only one connection wait at its end; the SYN of another is lost, and comes again after a second.
my $gap = 0;

sub dial {
    my (%more) = @_;
    progress();
    select undef, undef, undef, $gap if $gap;
    my $before = time;
    my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port", %more) // die "client: connect: $!\n";
    $gap *= 2 if time - $before > 0.5 && $gap < 0.1;
    return $socket;
}

sub request {
    my ($socket, $how) = @_;
    my $text = "GET $path HTTP/1.1\r\nHost: guest\r\nConnection: $how\r\n\r\n";
    syswrite($socket, $text) == length $text or die "client: write: $!\n";
}

# All that comes until the peer ends it.
sub rest {
    my ($socket) = @_;
    my $all = '';
    while (1) {
        my $n = sysread $socket, $all, 65536, length $all;
        defined $n or die "client: read: $!\n";
        progress();
        return $all if $n == 0;
    }
}

sub tcp {
    my ($sent, $back) = (join('', map { pack 'N', $_ * 2654435761 & 0xffffffff } 1 .. ($count + 3) / 4), '');
    $sent = substr $sent, 0, $count;
    my $socket = dial();
    if (!(fork // die "client: fork: $!\n")) {
        for (my $at = 0; $at < $count;) {
            $at += syswrite($socket, $sent, $count - $at, $at) // die "client: write: $!\n";
            progress();
        }
        shutdown $socket, 1;
        exit 0;
    }
    $back = rest($socket);
    wait;
    die "client: sent ", length $sent, " bytes, got ", length $back, "\n" unless length $sent == length $back;
    die "client: what came back is not what was sent\n" unless $sent eq $back;
}

# Both directions are full whenever the server wants to send: it has to keep what it has read.
sub clog {
    my $socket = dial();
    my $select = IO::Select->new($socket);
    my $stream = join('', map { chr($_) x 251 . pack 'N', $_ } 0 .. 255) x 2;
    my $period = length($stream) / 2;
    my ($sent, $back) = (0, 0);
    my $take = sub {
        my ($until) = @_;
        while ($back < $until) {
            $select->can_read;
            my $n = sysread $socket, my $got, 32768;
            die "client: it ended after $back bytes of $sent\n" unless $n;
            die "client: what came back is not what was sent, near $back\n" if $got ne substr $stream, $back % $period, $n;
            $back += $n;
            progress();
        }
    };
    $socket->blocking(0);
    for (1 .. $count) {
        while ($select->can_write(0.2)) {
            $sent += syswrite($socket, $stream, 32768, $sent % $period) // last;
            progress();
        }
        $take->($back + 131072);
    }
    shutdown $socket, 1;
    $take->($sent);
}

sub udp {
    my $socket = dial(Proto => 'udp');
    my $select = IO::Select->new($socket);
    my $lost = 0;
    DATAGRAM: for my $i (1 .. $count) {
        my $text = "$i:" . 'x' x ($i * 7 % 1395);
        progress();
        for (1 .. 10) {
            $socket->send($text);
            while ($select->can_read(1)) {
                $socket->recv(my $got, 2000);
                next DATAGRAM if $got eq $text;    # an earlier one may come late
            }
            $lost++;
        }
        die "client: datagram $i never came back\n";
    }
    die "client: $lost of $count datagrams were lost\n" if $lost > 5 + $count / 100;
}

sub short {
    my $first;
    for my $i (1 .. $count) {
        my $socket = dial();
        request($socket, 'close');
        my $answer = rest($socket);
        $first //= $answer;
        die "client: answer $i: ", substr($answer, 0, 200), "\n" unless $answer =~ m{^HTTP/1.1 200 } && $answer eq $first;
    }
}

sub parallel {
    $gap = 0.005;
    my @sockets = map { dial() } 1 .. $count;
    request($_, 'close') for @sockets;
    my @answers = map { rest($_) } @sockets;
    for (@answers) {
        die "client: an answer: ", substr($_, 0, 200), "\n" unless m{^HTTP/1.1 200 } && $_ eq $answers[0];
    }
}

# SO_LINGER with time 0: close() sends RST.
sub break_off { setsockopt $_[0], SOL_SOCKET, SO_LINGER, pack('ii', 1, 0); close $_[0] }

sub aborted {
    $gap = 0.005;
    for my $i (1 .. $count) {
        my $socket = dial();
        if ($i % 4 == 1) {
            syswrite $socket, substr "GET $path HTTP/1.1\r\n", 0, $i % 13;
        } elsif ($i % 4) {
            request($socket, 'keep-alive');
            sysread $socket, my $some, 1 + $i * 317 % 60000 if $i % 4 > 1;
        }
        $i % 8 < 4 ? break_off($socket) : close $socket;
    }
}

sub hold {
    my $socket = dial();
    while (1) {
        progress();
        syswrite($socket, "x") // return;
        sysread($socket, my $back, 1) or return;
        select undef, undef, undef, 0.1;
    }
}

# May be broken off as well as ended.
sub ended {
    my ($socket, $tick) = @_;
    my $select = IO::Select->new($socket);
    while (1) {
        $tick->() if $tick;
        next unless $select->can_read(1);
        return unless sysread $socket, my $some, 65536;
        progress();
    }
}

sub drip {
    my ($mute, $slow, $kept, $deaf) = map { dial() } 1 .. 4;
    my $whole = "GET /index.html HTTP/1.1\r\nHost: guest\r\n\r\n";
    syswrite $slow, "GET /index.html HTTP/1.1\r\nHost: guest\r\nX: ";
    syswrite $kept, $whole;
    syswrite $deaf, "GET /stream/1000000000 HTTP/1.1\r\nHost: guest\r\n\r\n";
    ended($mute);
    progress();
    ended($slow, sub { syswrite $slow, "x" });
    progress();
    ended($kept);
    my ($got, $n) = 0;
    $got += $n while $n = sysread $deaf, my $some, 65536;
    die "client: a peer that took nothing for long got all\n" if $got >= 1000000000;
}

sub hoard {
    $gap = 0.005;
    my @held;
    for my $i (1 .. $count) {
        push @held, my $socket = dial();
        next if $i % 4 == 0;
        my $text = defined $path ? "GET $path HTTP/1.1\r\nHost: guest\r\n\r\n" : "x";
        $text = "GET / HTTP/1.1\r\nHost: guest\r\n" if $i % 4 == 1 && defined $path;
        syswrite $socket, $text;
        $i % 4 == 2 && sysread $socket, my $some, 65536;
    }
    $| = 1;
    print "held\n";
    alarm 0;
    sysread STDIN, my $end, 1;
}

sub nonsense {
    # Tests in both directions, to ports where nobody listens or that there are not, of any length.
    for my $back (0, 1, 65536, 0xffffffff) {
        for my $amount (0, 1, 0x7fffffff, 0x80000000, 0xffffffff) {
            my $socket = dial();
            syswrite $socket, substr pack('N6', 0x80000000 | $amount & 1, 1, $back, 0, 0, $amount), 0, $amount % 5 ? 24 : 23;
        }
    }
    my $socket = dial(Proto => 'udp');
    my $select = IO::Select->new($socket);
    srand 1;
    for my $i (1 .. $count) {
        my $text = join '', map { chr rand 256 } 1 .. rand 80;
        $text = pack('N', (0, 1, 0x7fffffff, 0x80000000, 0xffffffff)[rand 5]) . $text if $i % 2;
        send $socket, $text, 0;
        next unless $select->can_read(0);
        recv $socket, my $back, 70000, 0;
        die "client: an answer of ", length $back, " bytes to ", length $text, "\n" if length $back > 84;
    }
    for (1 .. 10) { # its queue may still be full of nonsense
        my $report = short_test() // next;
        my ($flags, $high, $low, undef, undef, $lost, $disordered, $datagrams) = unpack 'x16 N8', $report;
        return if $flags & 0x80000000 && $high == 0 && $low == 4 * 1016 && $lost == 1 && $disordered == 1 && $datagrams == 5;
        die "client: a wrong report: ", unpack('H*', $report), "\n";
    }
    die "client: no report came\n";
}

# A test from a port of its own: the report, if it comes.
sub short_test {
    my $socket = dial(Proto => 'udp');
    my $select = IO::Select->new($socket);
    select undef, undef, undef, 0.5;
    send $socket, pack('NNNN x1000', $_, 1000, $_ * 1000, 0), 0 for 1, 3, 5, 4;
    for my $end (6 .. 8) {
        send $socket, pack('NNNN x1000', -$end & 0xffffffff, 1000, 6000, 0xffffffff), 0;
        next unless $select->can_read(1);
        recv $socket, my $report, 70000, 0;
        return $report;
    }
    return undef;
}

sub stream {
    binmode STDOUT;
    for (my $at = 0; $at < $count; $at += 65536) {
        my $piece = pack 'Q<*', map { $at / 8 + $_ } 0 .. 8191;
        print substr $piece, 0, $count - $at;
    }
}

sub send_all {
    my $socket = dial();
    for (my $left = $count; $left > 0;) {
        progress();
        $left -= syswrite($socket, "\0" x 65536, $left < 65536 ? $left : 65536) // die "client: write: $!\n";
    }
    shutdown $socket, 1;
    rest($socket);
}

sub sink {
    my $listener = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => $port, Listen => 1) or die "client: listen: $!\n";
    $| = 1;
    print "listens\n";
    progress();
    my $peer = $listener->accept;
    print "taken\n";
    my $got = length rest($peer);
    die "client: $got bytes came\n" if $got != $count;
}

my %commands = (send => \&send_all, sink => \&sink, tcp => \&tcp, clog => \&clog, udp => \&udp, short => \&short, parallel => \&parallel, abort => \&aborted,
    stream => \&stream, drip => \&drip, hoard => \&hoard, nonsense => \&nonsense, hold => \&hold);
($commands{$what // ''} // die "client: what is that?\n")->();
exit 0;
