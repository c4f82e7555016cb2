#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
#
# control.pl SOCKET COMMAND...: give QEMU these commands, at its monitor or at its qtest socket; each must succeed.
use strict;
use warnings;
use IO::Socket::UNIX;

$SIG{ALRM} = sub { die "control: QEMU does not answer\n" };
alarm 60;
my $path = shift @ARGV;
my $socket;
until ($socket = IO::Socket::UNIX->new(Peer => $path)) {
    select undef, undef, undef, 0.1;    # QEMU is starting
}

sub answer {
    my $text = '';
    sysread($socket, $text, 4096, length $text) or die "control: QEMU is gone\n" until $text =~ /\(qemu\) $|^(OK|ERR|FAIL).*\n/m;
    return $text;
}

answer() if $path =~ /monitor$/;
for my $command (@ARGV) {
    syswrite $socket, "$command\n";
    my $text = answer();
    die "control: $command: $text\n" if $text =~ /^(Error|ERR|FAIL|unknown)/m;
}
