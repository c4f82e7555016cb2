# SPDX-License-Identifier: BSD-2-Clause
#
# A model as a trace event file in JSON, which ui.perfetto.dev and chrome://tracing open: a track for each task, with slices
# for running, being ready and waiting, and system calls within them; a track for the CPU; arrows from calls to who received
# them and from replies to who waited; instants for interrupts, notifications and the like.
package Perfetto;
use strict;
use warnings;
use utf8;

# The numbers of the two groups of tracks, and of the CPU's. No two tracks have one number: Perfetto finds names by it alone.
my ($TASKS, $CPUS, $CPU0) = (1, 2, 2);

sub track { return $_[0]{n} + 11 }

sub text {
    my ($text) = @_;
    $text =~ s/(["\\])/\\$1/g;
    $text =~ s/([\x00-\x1f])/sprintf '\\u%04x', ord $1/ge;
    return "\"$text\"";
}

# A value that is text, or a list in order, [key => value...].
sub json {
    my ($v) = @_;
    return text($v) unless ref $v;
    my @v = @$v;
    my @out;
    while (my ($key, $value) = splice @v, 0, 2) {
        push @out, text($key) . ':' . json($value) if defined $value;
    }
    return '{' . join(',', @out) . '}';
}

# Nanoseconds as microseconds. Perfetto multiplies a moment with 1,000 and cuts off what is behind the point, so that 1.001 could
# be 1,000 ns, before the end of what came first. A fifth of a nanosecond more is enough to keep it where it is.
sub us { return sprintf '%.3f', $_[0] / 1000 }
sub moment { return us($_[0]) . '2' }

# The first of the lane's running slices that ends behind t, or undef.
sub runs_at {
    my ($lane, $t) = @_;
    my $runs = $lane->{running};
    my ($low, $high) = (0, scalar @$runs);
    while ($low < $high) {
        my $middle = int(($low + $high) / 2);
        if ($runs->[$middle]{end} > $t) { $high = $middle } else { $low = $middle + 1 }
    }
    return $runs->[$low];
}

sub new {
    my ($class, $model, $title, $out) = @_;
    return bless {model => $model, title => $title, out => $out, events => [], flow => 0}, $class;
}

# An event: its phase, group and track, time, name, and what else there is, as JSON.
sub event {
    my ($self, $phase, $group, $track, $t, $name, $more) = @_;
    push @{$self->{events}}, [$t, "{\"ph\":\"$phase\",\"pid\":$group,\"tid\":$track,\"ts\":" . moment($t) . ',"name":' . text($name)
        . ($more // '') . '}'];
}

sub meta {
    my ($self, $what, $group, $track, $key, $value) = @_;
    $self->event('M', $group, $track, 0, $what, ",\"args\":{\"$key\":$value}");
}

sub call_about {
    my ($call) = @_;
    return [
        what   => $call->{name},
        server => $call->{to} && $call->{to}{name},
        port   => sprintf('0x%x', $call->{port}),
        badge  => $call->{badge},
        token  => sprintf('0x%x', $call->{token}),
        message => Model::message($call->{tag}, @{$call->{words}}),
        queued  => $call->{taken} && Model::span($call->{taken} - $call->{sent}),
        reply   => defined $call->{reply_tag} && $call->{ended} ? Model::message($call->{reply_tag}, @{$call->{reply_words}}) : undef,
        result => $call->{result},
        error  => $call->{error},
        answered => $call->{ended} ? 'yes' : 'no',
    ];
}

sub wait_name {
    my ($slice) = @_;
    my $call = $slice->{call} or return $slice->{name} eq 'wait' ? 'waits' : $slice->{name};
    return $call->{name} . ($call->{to} ? " → $call->{to}{name}" : '');
}

sub slices {
    my ($self, $lane) = @_;
    for my $s (@{$lane->{slices}}) {
        my $about = $s->{call} ? call_about($s->{call}) : [priority => $s->{priority}, result => $s->{result}];
        push @$about, ended => 'no' if $s->{open};
        $self->event('X', $TASKS, track($lane), $s->{start}, $s->{kind} eq 'wait' ? wait_name($s) : $s->{name},
            ',"dur":' . us($s->{end} - $s->{start}) . ",\"cat\":\"$s->{kind}\",\"args\":" . json($about));
        $self->event('X', $TASKS, track($lane), $_->{start}, $_->{name},
            ',"dur":' . us($_->{end} - $_->{start}) . ',"cat":"system call","args":' . json([result => $_->{result}]))
            for @{$s->{inner}};
    }
}

# An arrow between moments at which the two tasks run; there is none if one of them does not any more.
sub arrow {
    my ($self, $what, $from, $sent, $to, $taken) = @_;
    my ($a, $b) = (runs_at($from, $sent), runs_at($to, $taken));
    return if !$a || !$b || $a->{start} > $sent;
    my $id = ++$self->{flow};
    $self->event('s', $TASKS, track($from), $sent, $what, ",\"cat\":\"$what\",\"id\":$id");
    $self->event('f', $TASKS, track($to), $b->{start} > $taken ? $b->{start} : $taken, $what,
        ",\"cat\":\"$what\",\"id\":$id,\"bp\":\"e\"");
}

sub write {
    my ($self) = @_;
    my ($model, $out) = @$self{qw(model out)};
    print $out '{"displayTimeUnit":"ns","otherData":', json([image => $self->{title}, ends => $model->{how}]),
        ",\"traceEvents\":[\n";
    my $first = track($model->{lanes}[0] || {n => 0});
    $self->meta('process_name', $TASKS, $first, 'name', text("$self->{title}: tasks"));
    $self->meta('process_name', $CPUS, $CPU0, 'name', text("$self->{title}: CPU"));
    $self->meta('process_sort_index', $CPUS, $CPU0, 'sort_index', 0);
    $self->meta('process_sort_index', $TASKS, $first, 'sort_index', 1);
    $self->meta('thread_name', $CPUS, $CPU0, 'name', text('CPU 0'));
    for my $lane (@{$model->{lanes}}) {
        $self->meta('thread_name', $TASKS, track($lane), 'name', text($lane->{name}));
        $self->meta('thread_sort_index', $TASKS, track($lane), 'sort_index', $lane->{n});
    }
    $self->event('X', $CPUS, $CPU0, $_->{start}, $_->{lane}{name}, ',"dur":' . us($_->{end} - $_->{start}) . ',"cat":"cpu"')
        for @{$model->{cpu}};
    $self->slices($_) for @{$model->{lanes}};
    for (@{$model->{calls}}) {
        $self->arrow('call', $_->{from}, $_->{sent}, $_->{to}, $_->{taken}) if $_->{taken};
        $self->arrow('reply', $_->{to}, $_->{replied}, $_->{from}, $_->{ended})
            if $_->{ended} && $_->{replied} && !$_->{error};
    }
    for (@{$model->{notes}}) {
        $self->arrow('notify', $_->{from}, $_->{sent}, $_->{to}, $_->{taken}) if $_->{from} && $_->{to};
    }
    for (@{$model->{marks}}) {
        $self->event('i', $_->{lane} ? $TASKS : $CPUS, $_->{lane} ? track($_->{lane}) : $CPU0, $_->{t}, $_->{name}, ',"cat":"event","s":"t"');
    }
    for (@{$model->{rows}}) {
        my $lane = $_->{type} eq 'spawn' ? $_->{to} : $_->{type} =~ /^(?:notify|note|exit|power|panic)$/ ? $_->{to} : undef;
        $self->event('i', $TASKS, track($lane), $_->{t}, $_->{text}, ',"cat":"event","s":"t"') if $lane;
    }
    # In order of time. At one moment it stays as above: a slice before those within it, and before arrows that begin or end there.
    print $out join(",\n", map { $_->[1] } sort { $a->[0] <=> $b->[0] } @{$self->{events}}), "\n]}\n";
}

1;
