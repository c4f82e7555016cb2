# SPDX-License-Identifier: BSD-2-Clause
#
# What can be wrong with the files that a project names, as far as their names say. Each function returns sentences.
package Files;
use strict;
use warnings;
use Nearest;

my $CPLUSPLUS = qr/\.(?:cc|cpp|cxx|c\+\+|C)$/;
my $ODD       = qr/[^\w.+,@%=~:\/\x80-\xff-]/;    # for make or a shell

sub odd_name {
    my ($what, $file) = @_;
    return $file =~ /($ODD)/ ? "$what: the name '$file' has a $1 in it, which make or the shell takes for something else: rename it" : ();
}

# sources(VARIABLE, FILES...): can they be compiled?
sub sources {
    my ($what, @files) = @_;
    my (@wrong, %seen);
    for my $file (@files) {
        push @wrong, "$what: $file stands there twice" if $seen{$file}++ == 1;
        my @odd = odd_name($what, $file);
        push @wrong, @odd ? @odd
            : $file =~ $CPLUSPLUS ? "$what: $file is C++; the SDK builds C and assembly: .c and .S"
            : $file =~ /\.[ao]$|\.so$/ ? "$what: $file is built already, and no source; libraries go into LDLIBS"
            : $file =~ /\.h$/ ? "$what: $file is a header: the files that include it are enough"
            : -d $file ? "$what: $file is a folder: name the files in it, as \$(wildcard $file/*.c)"
            : $file !~ /\.[csS]$/ ? "$what: the SDK cannot tell what $file is; it builds .c and .S"
            : ();
    }
    return @wrong;
}

# extras(PROGRAMS, FILES...): can they go into the archive, beside the programs?
sub extras {
    my ($programs, @entries) = @_;
    my %taken = map { ($_ => "the program $_", "$_.sym" => "symbols of $_") } @$programs, 'kernel';
    my @wrong;
    $taken{image} = 'the image description';
    for my $entry (@entries) {
        my ($name, $file) = $entry =~ /^([^=]*)=(.*)$/ ? ($1, $2) : ($entry =~ s{.*/}{}r, $entry);
        my @odd = odd_name('FILES', $entry);
        push @wrong, @odd ? @odd
            : !length $name || !length $file || $file =~ /=/ ? "FILES: '$entry' is neither FILE nor NEWNAME=FILE"
            : -d $file ? "FILES: $file is a folder: name the files in it, as \$(wildcard $file/*)"
            : -e $file && !-r $file ? "FILES: $file cannot be read: chmod +r $file"
            : $taken{$name} ? "FILES: two files are called '$name': $taken{$name} and $file; rename one with NEWNAME=$file"
            : ();
        $taken{$name} //= $file;
    }
    return @wrong;
}

# names(VARIABLE, FILES...): one file, of names; a sentence or nothing.
sub names {
    my ($what, @files) = @_;
    return @files > 1 ? "$what: '@files' is more than one file"
        : odd_name($what, $files[0]) ? odd_name($what, $files[0])
        : !-f $files[0] ? "$what: there is no file '$files[0]'; it names functions and variables, one a line"
        : ();
}

# sourceless(PROGRAM, NAMES THAT THERE ARE): why it cannot be built.
sub sourceless {
    my ($program, @present) = @_;
    my ($other) = grep { -e } map { glob "\Q$_\E.{cc,cpp,cxx,C}" } $program, "$program/main";
    return "there is neither $program.c nor $program/*.c"
        . (defined $other ? "; $other is C++, which the SDK does not build" : did_you_mean($program, @present));
}

1;
