# SPDX-License-Identifier: BSD-2-Clause
#
# A model as a sequence chart: a column for each task, a row for each message, top to bottom in time. page() makes an HTML
# page that needs nothing else, picture() an SVG file; both are made of the same rows. Names and texts are escaped here.
package Chart;
use strict;
use warnings;
use utf8;

my ($GUTTER, $LANE, $ROW, $GAP, $HEAD) = (84, 116, 32, 22, 40);    # pixels
my $OWN_COLUMNS = 12;          # with more tasks than these, one takes the column of another that is gone
my $PAUSE       = 5_000_000;   # nanoseconds in which nothing happened, that are worth a line
my $SECTION     = 50;          # rows that a browser lays out together

sub escape {
    my ($text) = @_;
    $text =~ s/[\x00-\x08\x0b-\x1f]/\x{fffd}/g;
    $text =~ s/&/&amp;/g;
    $text =~ s/</&lt;/g;
    $text =~ s/>/&gt;/g;
    $text =~ s/"/&quot;/g;
    $text =~ s/'/&#39;/g;
    return $text;
}

sub shorten {
    my ($text, $n) = @_;
    $text =~ s/\bUKERN_(?=E)//g;
    return length $text > $n ? substr($text, 0, $n - 1) . '…' : $text;
}

# $most: rows at most; @only: names of tasks, if only rows of theirs are wanted.
sub new {
    my ($class, $model, $title, $folder, $most, @only) = @_;
    my $self = bless {model => $model, title => $title, folder => $folder}, $class;
    my @rows = @{$model->{rows}};
    if (@only) {
        my %only = map { $_ => 1 } @only;
        @rows = grep { my $r = $_; grep { $_ && ($only{$_->{name}} || $only{$_->{given}}) } @$r{qw(from to)} } @rows;
    }
    $self->{all} = @rows;
    # Of too many the beginning is shown, and the end, where things go wrong.
    if (@rows > $most) {
        my $last = int($most / 5);
        $self->{left_out} = @rows - $most;
        splice @rows, $most - $last, $self->{left_out}, {type => 'cut', t => $rows[ - $last]{t}, n => $self->{left_out}};
    }
    $self->{rows} = \@rows;
    $self->columns;
    return $self;
}

# A column for each task that has a row. Tasks of one name make a group, of which the page shows messages by choice.
sub columns {
    my ($self) = @_;
    my (%seen, %group, @lanes);
    for my $row (@{$self->{rows}}) {
        push @lanes, grep { $_ && !$seen{$_->{n}}++ } @$row{qw(from to)};
        $self->{hardware} = 1 if $row->{type} eq 'notify' && !$row->{from};
    }
    $self->{lanes} = \@lanes;
    $self->{heads} = $self->{hardware} ? ['interrupts'] : [];
    my $columns = @{$self->{heads}};
    for my $lane (@lanes) {
        my $old;
        if (@lanes > $OWN_COLUMNS && defined $lane->{born}) {
            ($old) = grep { defined $_->{died} && $_->{died} < $lane->{born} && !$_->{heir} } @lanes;
        }
        $old->{heir} = 1 if $old;
        $lane->{column} = $old ? $old->{column} : $columns++;
        $self->{heads}[$lane->{column}] //= $lane->{name};
        my $groups = keys %group;
        $lane->{group} = $group{$lane->{given}} //= $groups;
    }
    $self->{groups} = [sort { $group{$a} <=> $group{$b} } keys %group];
    $self->{width} = $LANE * ($columns || 1);
}

sub x {
    my ($self, $lane) = @_;
    return $LANE * ($lane ? $lane->{column} : 0) + $LANE / 2;
}

sub unit { return $_[0]{model}{end} < 1e10 ? 'ms' : 's' }

sub time_text {
    my ($self, $t) = @_;
    return $self->{model}{end} < 1e10 ? sprintf '%.3f', $t / 1e6 : sprintf '%.6f', $t / 1e9;
}

# When each lane takes a call and when that is over: [time, +1 or -1].
sub debts {
    my ($self) = @_;
    $_->{debts} = [] for @{$self->{lanes}};
    for my $call (grep { $_->{taken} && $_->{to} && $_->{kind} ne 'send' } @{$self->{model}{calls}}) {
        push @{$call->{to}{debts}}, [$call->{taken}, 1], $call->{ended} ? [$call->{ended}, -1] : ();
    }
    @{$_->{debts}} = sort { $a->[0] <=> $b->[0] } @{$_->{debts}} for @{$self->{lanes}};
}

# What a lane does for most of the time from a to b; a is not before that of the last question.
sub state_between {
    my ($lane, $from, $to) = @_;
    my ($slices, $debts) = @$lane{qw(slices debts)};
    my %time = (run => 0, ready => 0, wait => 0);
    $lane->{at}++ while $lane->{at} < @$slices && $slices->[$lane->{at}]{end} <= $from;
    for (my $i = $lane->{at}; $i < @$slices && $slices->[$i]{start} < $to; $i++) {
        my $s = $slices->[$i];
        my $state = $s->{kind} eq 'running' ? 'run' : $s->{kind} eq 'ready' ? 'ready' : $s->{call} ? 'wait' : next;
        $time{$state} += ($s->{end} < $to ? $s->{end} : $to) - ($s->{start} > $from ? $s->{start} : $from);
    }
    my ($most) = sort { $time{$b} <=> $time{$a} || $a cmp $b } keys %time;
    return $most if 2 * $time{$most} >= $to - $from;
    # It sleeps: with a call that it owes a reply?
    $lane->{owes} += $debts->[$lane->{debt}++][1] while $lane->{debt} < @$debts && $debts->[$lane->{debt}][0] < ($from + $to) / 2;
    return $lane->{owes} > 0 ? 'owe' : '';
}

sub alive {
    my ($lane, $t) = @_;
    return !(defined $lane->{born} && $lane->{born} > $t) && !(defined $lane->{died} && $lane->{died} <= $t);
}

# The lines and bars behind a row: above its arrow what was before it, below what is until the next one, at $next. A lane
# keeps the latter for the row that follows.
sub background {
    my ($self, $t, $next, $height) = @_;
    my %path = map { $_ => '' } qw(life ready wait run owe);
    my $half = $height == $GAP ? 0 : $height - 10;
    for my $lane (@{$self->{lanes}}) {
        next if defined $lane->{born} && $lane->{born} > $t || defined $lane->{died} && $lane->{died} < $t;
        my $x = $self->x($lane);
        my ($a, $b) = (alive($lane, $t - 1), alive($lane, $height == $GAP ? $t - 1 : $t));
        $path{life} .= $a && $b ? "M$x 0V$height" : $a ? "M$x 0V$half" : $b ? "M$x ${half}V$height" : '';
        my $before = $a ? $lane->{state} : '';
        my $after = $lane->{state} = $height == $GAP ? $before : $b ? state_between($lane, $t, $next) : '';
        if ($before eq $after) {
            $path{$before} .= "M$x 0V$height" if $before;
        } else {
            $path{$before} .= "M$x 0V$half" if $before;
            $path{$after} .= "M$x ${half}V$height" if $after;
        }
    }
    $path{life} .= "M${\($LANE / 2)} 0V$height" if $self->{hardware};
    $path{hole} = $path{owe};
    return join '', map { $path{$_} ? "<path class=\"$_\" d=\"$path{$_}\"/>" : '' } qw(life ready wait owe hole run);
}

sub chip {
    my ($x, $y, $name, $class) = @_;
    my $w = $LANE - 12;
    return sprintf '<rect class="%s" x="%s" y="%s" width="%s" height="24" rx="12"/><text class="name" x="%s" y="%s">%s</text>',
        $class, $x - $w / 2, $y, $w, $x, $y + 16, escape(shorten($name, 15));
}

sub foreground {
    my ($self, $row) = @_;
    my $type = $row->{type};
    my ($a, $b) = map { $self->x($_) } @$row{qw(from to)};
    my $y = $ROW - 10;
    my $class = $row->{bad} || $type eq 'failed' ? 'bad' : $type;
    return chip($b, 4, $row->{to}{name}, 'chip') . ($row->{from} && $a != $b ? arrow($a, $b - ($b > $a ? 1 : -1) * ($LANE / 2 - 6), $ROW / 2, 'spawn') : '')
        if $type eq 'spawn';
    if ($a == $b || !$row->{to}) {
        my $mark = $type eq 'exit' || $class eq 'bad'
            ? '<path class="mark %s" d="M%s %sl8 8m0-8l-8 8"/>' : '<circle class="mark %s" cx="%s" cy="%s" r="4"/>';
        my $off = $type eq 'exit' || $class eq 'bad' ? 4 : 0;
        return sprintf($mark, $class, $b - $off, $ROW / 2 - $off)
            . sprintf('<text class="m side %s" x="%s" y="%s">%s</text>', $class, $b + 11, $ROW / 2 + 4, escape(shorten($row->{text}, 34)));
    }
    my $side = $b > $a ? 1 : -1;
    return arrow($a + 5 * $side, $b - 5 * $side, $y, $class . ($row->{queued} ? ' queued' : ''))
        . sprintf('<text class="m %s" x="%s" y="%s">%s</text>', $class, ($a + $b) / 2, $y - 6,
        escape(shorten($row->{text} . ($row->{queued} ? ' (queued)' : $type eq 'taken' ? ' received' : ''), int(abs($a - $b) / 6.6))));
}

sub arrow {
    my ($a, $b, $y, $class) = @_;
    my $back = $b > $a ? -7 : 7;
    return "<path class=\"a $class\" d=\"M$a ${y}H$b\"/><path class=\"h $class\" d=\"M$b ${y}l$back -4v8z\"/>";
}

# What stands about a row when somebody points at it.
sub about {
    my ($self, $row) = @_;
    my $name = sub { $_[0] ? $_[0]{name} : $row->{type} eq 'spawn' ? 'the kernel' : 'an interrupt' };
    my @about = ($self->time_text($row->{t}) . ' ' . $self->unit . '  ' . $name->($row->{from}) . ($row->{from} && $row->{to} == $row->{from} ? ''
        : ' → ' . $name->($row->{to})) . ": $row->{text}");
    push @about, $row->{about} if defined $row->{about};
    if (my $c = $row->{call}) {
        push @about, 'message: ' . Model::message($c->{tag}, @{$c->{words}});
        push @about, sprintf 'port 0x%x, badge %s, token 0x%x', @$c{qw(port badge token)};
        push @about, 'waited in the queue for ' . Model::span($c->{taken} - $c->{sent}) if $c->{taken} && $row->{type} eq 'taken';
        push @about, $c->{taken} ? 'never answered' : 'never received' if !$c->{ended};
        push @about, 'reply: ' . Model::message($c->{reply_tag}, @{$c->{reply_words}}) if defined $c->{reply_tag} && $c->{ended};
        push @about, "result $c->{result}" . ($c->{x1} ? sprintf ', 0x%x', $c->{x1} : '') if defined $c->{result};
        push @about, 'took ' . Model::span($c->{ended} - $c->{sent}) if $c->{ended} && $c->{kind} ne 'send';
    }
    return join "\n", @about;
}

# Call $do with each row: (row or undef for a pause, its height, what is drawn).
sub each_row {
    my ($self, $do) = @_;
    my $rows = $self->{rows};
    @$_{qw(at debt owes state)} = (0, 0, 0, '') for @{$self->{lanes}};
    $self->debts;
    my $last;
    for my $i (0 .. $#$rows) {
        my $row = $rows->[$i];
        my $next = $i < $#$rows ? $rows->[$i + 1]{t} : $self->{model}{end};
        my $pause = defined $last ? $row->{t} - $last : 0;
        if ($row->{type} eq 'cut' || $pause >= $PAUSE) {
            my $text = $row->{type} eq 'cut' ? "$row->{n} messages are left out here" : Model::span($pause);
            $do->(undef, $GAP, sprintf '<g class="pause">%s<text class="pause" x="%s" y="15">%s</text></g>',
                $self->background($row->{t}, $row->{t}, $GAP), $self->{width} / 2, $text);
        }
        $last = $row->{t};
        $do->($row, $ROW, $self->background($row->{t}, $next, $ROW) . $self->foreground($row)) if $row->{type} ne 'cut';
    }
}

sub piece {
    my ($self, $file) = @_;
    my $text = Ring::text_of("$self->{folder}/$file");
    $text =~ s{^/\* SPDX.*?\*/\n}{};
    return $text;
}

sub picture {
    my ($self, $out) = @_;
    my ($y, $body) = ($HEAD, '');
    $self->each_row(sub {
        my ($row, $height, $drawn) = @_;
        $body .= "<g transform=\"translate($GUTTER $y)\">" . ($row ? '<title>' . escape($self->about($row)) . '</title>' : '')
            . ($row ? sprintf '<text class="t" x="-10" y="%s">%s</text>', $ROW / 2 + 4, $self->time_text($row->{t}) : '') . "$drawn</g>\n";
        $y += $height;
    });
    my ($w, $h) = ($GUTTER + $self->{width}, $y + 8);
    my $unit = $self->unit;
    print $out "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 $w $h\" width=\"$w\" height=\"$h\">\n",
        "<title>", escape($self->{title}), "</title>\n<style>\n", $self->piece('chart.css'), "</style>\n<rect class=\"ground\" width=\"$w\" height=\"$h\"/>\n<text class=\"t\" x=\"${\($GUTTER - 10)}\" y=\"24\">$unit</text>\n";
    for my $column (0 .. $#{$self->{heads}}) {
        print $out chip($GUTTER + $LANE * $column + $LANE / 2, 8, $self->{heads}[$column], 'chip'), "\n";
    }
    print $out "$body</svg>\n";
}

sub page {
    my ($self, $out) = @_;
    my $model = $self->{model};
    my ($w, $title) = ($self->{width}, escape($self->{title}));
    print $out <<"END";
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>$title: who called whom</title>
<style>
@{[$self->piece('chart.css'), $self->piece('page.css')]}</style></head>
<body>
<header><h1>$title</h1><p>@{[escape($self->summary)]}</p>
<form><input type="search" id="find" placeholder="find a message" aria-label="find a message"><span id="tasks">
END
    print $out map { "<label><input type=\"checkbox\" value=\"$_\">" . escape($self->{groups}[$_]) . "</label>\n" } 0 .. $#{$self->{groups}};
    print $out <<"END";
</span></form>
<p class="legend"><span class="run">runs</span><span class="wait">waits for a reply</span><span class="owe">owes a reply</span><span class="ready">waits for the CPU</span></p></header>
<main><div class="heads"><span class="t">@{[$self->unit]}</span><svg width="$w" height="$HEAD">
END
    print $out '<g>', chip($LANE * $_ + $LANE / 2, 8, $self->{heads}[$_], 'chip'), "</g>\n" for 0 .. $#{$self->{heads}};
    print $out "</svg></div>\n<section>\n";
    my ($n, %number) = (0);
    $self->each_row(sub {
        my ($row, $height, $drawn) = @_;
        print $out "</section><section>\n" if ++$n % $SECTION == 0;
        my ($time, $class, $more, $about) = ('', 'p', '', '');
        if ($row) {
            $time = $self->time_text($row->{t});
            my %lanes = map { $_->{group} => 1 } grep { $_ } @$row{qw(from to)};
            $class = join ' ', 'r', map { "l$_" } sort keys %lanes;
            $more .= ' data-call="' . ($number{$row->{call}{token}} //= $n) . '"' if $row->{call};
            $more .= " data-column=\"$row->{to}{column}\" data-name=\"" . escape($row->{to}{name}) . '"' if $row->{type} eq 'spawn';
            $about = '<title>' . escape($self->about($row)) . '</title>';
        }
        print $out "<div class=\"$class\"$more><span class=\"t\">$time</span><svg width=\"$w\" height=\"$height\">$about$drawn</svg></div>\n";
    });
    print $out "</section></main>\n<output id=\"about\" hidden></output>\n<script>\n", $self->piece('page.js'), "</script></body></html>\n";
}

sub summary {
    my ($self) = @_;
    my $model = $self->{model};
    my $text = "$self->{all} messages in " . Model::span($model->{end}) . '. ';
    $text .= "The first $model->{lost} events were overwritten. " if $model->{lost};
    return $text . ucfirst($model->{how}) . '.';
}

1;
