# SPDX-License-Identifier: BSD-2-Clause
#
# Which of some names was meant by one that is none of them.
package Nearest;
use strict;
use warnings;
use Exporter 'import';
our @EXPORT = qw(nearest did_you_mean one_of);

# Edit distance, where swapping two neighbours counts as one edit.
sub distance {
    my ($from, $to) = map { [split //] } @_;
    my @d = ([0 .. @$to]);
    for my $i (1 .. @$from) {
        $d[$i][0] = $i;
        for my $j (1 .. @$to) {
            my $same = $from->[$i - 1] eq $to->[$j - 1];
            my ($least) = sort { $a <=> $b } $d[$i - 1][$j] + 1, $d[$i][$j - 1] + 1,
                $d[$i - 1][$j - 1] + !$same;
            $least = $d[$i - 2][$j - 2] + 1
                if $i > 1 && $j > 1 && $from->[$i - 1] eq $to->[$j - 2]
                && $from->[$i - 2] eq $to->[$j - 1] && $d[$i - 2][$j - 2] + 1 < $least;
            $d[$i][$j] = $least;
        }
    }
    return $d[@$from][@$to];
}

# How many slips of the keyboard still make one name out of the other.
sub slips {
    my ($shorter) = sort { $a <=> $b } map { length } @_;
    return $shorter < 4 ? 1 : $shorter < 8 ? 2 : 3;
}

# nearest(NAME, NAMES...): the nearest of the names, and its distance.
sub nearest {
    my ($name, @names) = @_;
    my ($best, $least);
    for (@names) {
        my $d = distance(lc $name, lc $_);
        ($best, $least) = ($_, $d) if !defined $least || $d < $least;
    }
    return ($best, $least);
}

# did_you_mean(NAME, NAMES...): the end of a sentence, or nothing if none is near.
sub did_you_mean {
    my ($name, @names) = @_;
    my ($best, $least) = nearest($name, @names);
    return defined $best && $least <= slips($name, $best) ? "; did you mean $best?" : '';
}

# one_of(NAMES...): what may be said instead of a word that nothing is near to.
sub one_of {
    my (@names) = @_;
    return '' if !@names || @names > 8;
    return '; there ' . (@names > 1 ? 'are ' . join(', ', @names[0 .. $#names - 1]) . ' and ' : 'is ') . $names[-1];
}

1;
