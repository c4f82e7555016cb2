#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
#
# page.pl WHAT FILE ARGUMENT...: is that what a browser should make of the status page? Status 0, or it is said what is wrong.
#   dom FILE TASK...                 the page as its script has made it: figures, six curves, a row for each of these tasks
#   picture FILE WIDTHxHEIGHT COLOUR=PIXELS...  a PNG of that size, which has at least so many pixels of each colour (RRGGBB)
use strict;
use warnings;
use Compress::Zlib;

my ($what, $file, @arguments) = @ARGV;
open my $in, '<:raw', $file or die "page: $file: $!\n";
my $text = do { local $/; <$in> };

sub dom {
    my %figures = (cpu => qr/[\d.]+ %/, ipc => qr/[\d.,]+( [kM])?/, sw => qr/[\d.,]+( [kM])?/, mem => qr/[\d.]+ [KMG]iB/);
    for (sort keys %figures) {
        die "page: no figure in $_\n" unless $text =~ m{<b id="$_">$figures{$_}</b>};
    }
    for my $curve (0 .. 5) {
        my ($points) = $text =~ m{<svg id="g$curve"[^>]*>(?:(?!</svg>).)*<polyline[^>]* points="([^"]*)"}s or die "page: no curve $curve\n";
        die "page: curve $curve is a point\n" unless (() = $points =~ m{[\d.]+,[\d.]+}g) > 1;
    }
    my @rows = $text =~ m{<tr><td><strong>(.*?)</strong>.*?</td></tr>}gs;
    for my $task (@arguments) {
        die "page: no row for $task among @rows\n" unless grep { $_ eq $task } @rows;
    }
    my @memory = $text =~ m{</td><td>([\d.]+ (?:[KMG]i)?B) of [\d.]+ (?:[KMG]i)?B<span class="bar"><i style="width: ?[\d.]+%;?"></i></span></td></tr>}g;
    die "page: memory of ", scalar @memory, " tasks of ", scalar @rows, "\n" unless @memory == @rows;
}

# A byte of a PNG's row is the difference from one that is there already: left, above, left above.
sub predictor {
    my ($filter, $left, $above, $corner) = @_;
    return (0, $left, $above, ($left + $above) >> 1)[$filter] if $filter < 4;
    my ($l, $a, $c) = (abs($above - $corner), abs($left - $corner), abs($left + $above - 2 * $corner));
    return $l <= $a && $l <= $c ? $left : $a <= $c ? $above : $corner;
}

sub picture {
    my ($size, @wanted) = @arguments;
    die "page: no PNG\n" unless $text =~ s/^\x89PNG\r\n\x1a\n//;
    my ($head, $data) = ('', '');
    while ($text =~ s/^(....)(....)//s) {
        my ($length, $type) = (unpack('N', $1), $2);
        my $chunk = substr $text, 0, $length + 4, ''; # and its checksum
        $head = $chunk if $type eq 'IHDR';
        $data .= substr $chunk, 0, $length if $type eq 'IDAT';
    }
    my ($width, $height, $depth, $colours, $interlace) = unpack 'N2C2x2C', $head;
    die "page: ${width}x$height, not $size\n" unless "${width}x$height" eq $size;
    my $each = { 2 => 3, 6 => 4 }->{$colours};
    die "page: not 8 bits of red, green and blue\n" unless $depth == 8 && $each && !$interlace;
    $data = uncompress($data) // die "page: broken\n";
    my ($pitch, %pixels) = ($each * $width);
    die "page: ", length $data, " bytes\n" unless length $data == $height * ($pitch + 1);
    my @above = (0) x ($each + $pitch);
    for my $y (0 .. $height - 1) {
        my ($filter, @row) = unpack 'C*', substr $data, $y * ($pitch + 1), $pitch + 1;
        unshift @row, (0) x $each;
        for my $x ($filter ? $each .. $#row : ()) {
            $row[$x] = ($row[$x] + predictor($filter, $row[$x - $each], $above[$x], $above[$x - $each])) & 255;
        }
        $pixels{$_}++ for unpack "(H6" . ($each - 3 ? 'x' : '') . ")*", pack 'C*', @row[$each .. $#row];
        @above = @row;
    }
    for (@wanted) {
        my ($colour, $count) = split /=/;
        die "page: ", $pixels{$colour} // 0, " pixels of $colour, not $count\n" if ($pixels{$colour} // 0) < $count;
    }
}

my %commands = (dom => \&dom, picture => \&picture);
($commands{$what // ''} // die "page: what is that?\n")->();
