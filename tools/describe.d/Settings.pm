# SPDX-License-Identifier: BSD-2-Clause
#
# What can be wrong with a variable by itself: its name, its value, where it is set. Each function returns sentences.
package Settings;
use strict;
use warnings;
use File::Basename qw(basename);
use Nearest;

# Names that mean something in other Makefiles, and what to set here. The compiler belongs to the SDK.
my $compiler = 'the tools are found by themselves, or by their prefix: set CROSS_COMPILE';
my %foreign = (
    (map { $_ => $compiler } qw(CC LD AS AR NM OBJCOPY CPP)),
    (map { $_ => 'programs are C and assembly alone, there is no library for C++' } qw(CXX CXXFLAGS)),
    CPPFLAGS => 'set CFLAGS',
    ASFLAGS  => 'set CFLAGS, which assembly gets as well',
    LDFLAGS  => 'libraries, and -L for where they are, go into LDLIBS',
);

# A name of the project's own is its own business, unless it is a hair from one that means something.
sub names {
    my ($given, $variables) = @_;
    my @wrong;
    my @long = grep { length > 3 } @$variables;
    for my $name (@$given) {
        push @wrong, "$name does nothing here: $foreign{$name} (If it is your own, give it another name.)" if $foreign{$name};
        next if $foreign{$name} || $name !~ /^[A-Z_]{4,}$/ || grep { $_ eq $name } @$variables;
        my ($best, $least) = nearest($name, @long);
        push @wrong, "there is no variable $name; did you mean $best? (If it is your own, give it another name.)"
            if $least <= (length $best > 6 ? 2 : 1);
    }
    return @wrong;
}

# What each may be, and how that is said.
my @switch = (qr/^[01]?$/, 'which is neither 1 nor empty');
my %value = (
    (map { $_ => \@switch } qw(DEBUG V UKERN_MEASURE UKERN_TRACE)),
    TIMEOUT    => [qr/^(?:[1-9]\d{0,8})?$/, 'which is not a number of seconds, as 10'],
    TRACE_ROWS => [qr/^(?:[1-9]\d{1,6})?$/, 'which is not a number of messages, from 10 on'],
    IMAGE      => [qr/^[\w.+\x80-\xff-]+$/, 'but names one file: letters, digits and _ . + - only'],
);

sub values {
    my ($settings, @given) = @_;
    return map { "$_ is '$settings->{$_}'" . ($_ eq 'IMAGE' && !grep({ $_ eq 'IMAGE' } @given) ? ' as this folder' : '') . ", $value{$_}[1]" }
        grep { defined $settings->{$_} && $settings->{$_} !~ $value{$_}[0] } sort keys %value;
}

# Text that the shell takes apart: quotes come in pairs. Variables and their values, and more of them.
sub quotes {
    my ($settings, %more) = @_;
    my %text = (%more, map { $_ => $settings->{$_} } qw(CFLAGS LDLIBS QEMU_FLAGS GDB_FLAGS));
    return map { "$_: a quote is not closed: $text{$_}" }
        grep { ($text{$_} // '') !~ /^(?:[^'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")*$/ } sort keys %text;
}

# Variables that are looked at only when a command runs.
my %never_late = map { $_ => 1 } qw(CPU RAM BOOTARGS GDB_FLAGS QEMU QEMU_FLAGS TESTS TIMEOUT TRACE_TASKS TRACE_ROWS);

# Lines of the Makefiles (in the order in which make reads them) that set something after sdk.mk was included, which
# has made its rules by then. Each is "FILE:LINE: sentence".
sub late {
    my ($makefiles, $variables, $properties) = @_;
    my %matters = map { $_ => 1 } grep { !$never_late{$_} } @$variables;
    my $property = join '|', @$properties;
    my $leads = qr/sdkmk|\bsdk\.mk/;    # to sdk.mk
    my @wrong;
    for my $file (reverse @$makefiles) {
        open my $in, '<', $file or next;
        my ($included, $defining, $continued);
        while (my $line = <$in>) {
            my $in_text = $defining || $continued || $line =~ /^\t/;
            $defining = 1 if $line =~ /^\s*(?:override\s+)?define\b/;
            $defining = 0 if $line =~ /^\s*endef\b/;
            $continued = $line =~ /\\$/;
            next if $in_text;
            $included //= $. if $line =~ /^\s*[s-]?include\b.*(?:$leads)/;
            my ($name) = $line =~ /^\s*(?:(?:override|export)\s+)*([\w.-]+)\s*(?:::?:?|[+?!])?=/ or next;
            push @wrong, "$file:$.: $name is set after sdk.mk was included, which is too late: set it above line $included"
                if $included && ($matters{$name} || $name =~ /.\.(?:$property)$/);
        }
        my $own = basename($file);
        $leads = qr/$leads|\b\Q$own\E/ if $included;
    }
    return @wrong;
}

1;
