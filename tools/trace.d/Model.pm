# SPDX-License-Identifier: BSD-2-Clause
#
# What the records of a trace mean: who ran when, who waited for whom, which message was answered by which. One pass over
# the records makes
#   lanes   tasks: {n, id, name, born, died, slices}; an id that was used again is another lane
#   slices  of a lane: {start, end, kind (running, ready, wait), name, call, inner => system calls within it}
#   calls   {token, kind, name, from, to (lanes), sent, taken, replied, ended, error, ...}
#   rows    what happened between tasks, in order: {t, type, from, to, text, about}, for the chart
#   marks   {t, lane (or undef), name, about}: interrupts, notifications, faults
# Times are nanoseconds since the first record.
package Model;
use strict;
use warnings;
use utf8;

# Events that may happen while nobody runs.
my %WITHOUT_TASK = map { $_ => 1 } qw(switch notify interrupt power panic);
# States of struct task that mean: it waits for something.
my %WAITS = (send => 1, reply => 1, recv => 'receive', wait => 'wait for an end');

sub build {
    my ($class, $ring) = @_;
    my $self = bless {
        ring => $ring, names => $ring->{names}, lanes => [], rows => [], marks => [], calls => [], cpu => [],
        now => 0, by_id => {}, by_token => {}, server_of => {}, notices => {},
    }, $class;
    $self->first_names;
    $ring->each_record(sub {
        my ($r) = @_;
        $self->{now} = $r->{t};
        my $do = $self->can("on_$r->{event}") or return;
        return if !$r->{task} && !$WITHOUT_TASK{$r->{event}};
        $do->($self, $r, $r->{task} && $r->{event} ne 'spawn' ? $self->lane($r->{task}) : undef);
        $self->{after_interrupt} = $r->{event} eq 'interrupt'
            || $self->{after_interrupt} && $r->{event} =~ /^(?:notify|receive|ready|end)$/;
        $self->{last} = $r;
    });
    $self->finish;
    return $self;
}

# Whom the ids belong to when the trace begins: it says so where they end; else the kernel's table has them still.
sub first_names {
    my ($self) = @_;
    my %first;
    $self->{ring}->each_record(sub {
        my ($r) = @_;
        return if !$r->{task} || exists $first{$r->{task}} || $r->{event} !~ /^(?:spawn|exit)$/;
        $first{$r->{task}} = $r->{event} eq 'exit' ? name_in($r) : undef;
    });
    $self->{first_name} = \%first;
}

sub name_in {
    my ($r) = @_;
    return Ring::plain(pack 'Q<4', @{$r->{word}}[1 .. 4]);
}

sub lane_new {
    my ($self, $id, $name, $born) = @_;
    $name = "task $id" unless defined $name && length $name;
    my $same = grep { $_->{given} eq $name } @{$self->{lanes}};
    my $lane = {n => scalar @{$self->{lanes}}, id => $id, given => $name, name => $same ? $name . ' ' . ($same + 1) : $name,
        born => $born, slices => []};
    push @{$self->{lanes}}, $lane;
    return $self->{by_id}{$id} = $lane;
}

sub lane {
    my ($self, $id) = @_;
    return $self->{by_id}{$id} // $self->lane_new($id,
        exists $self->{first_name}{$id} ? $self->{first_name}{$id} : $self->{ring}{task_name}[$id]);
}

# ---- Slices

sub slice_end {
    my ($self, $lane) = @_;
    my $slice = $lane->{slice} or return;
    $self->inner_end($lane);
    $slice->{end} = $self->{now};
    push @{$lane->{slices}}, $slice;
    $lane->{slice} = undef;
}

sub slice_start {
    my ($self, $lane, $kind, %more) = @_;
    $self->slice_end($lane);
    $lane->{slice} = {start => $self->{now}, kind => $kind, name => $kind, inner => [], %more};
}

# A system call within a slice. One that goes on after others ran has a part in each slice.
sub inner_start {
    my ($self, $lane) = @_;
    $lane->{inner} = $self->{now} if $lane->{slice} && $lane->{slice}{kind} eq 'running';
}

sub inner_end {
    my ($self, $lane, $result) = @_;
    return unless defined $lane->{inner};
    push @{$lane->{slice}{inner}},
        {start => $lane->{inner}, end => $self->{now}, name => $self->call_name($lane->{number}), result => $result};
    $lane->{inner} = undef;
}

sub call_name {
    my ($self, $number) = @_;
    return defined $number ? $self->{names}{call}{$number} // "system call $number" : 'call';
}

sub on_switch {
    my ($self, $r, $to) = @_;
    my $state = $self->{names}{state}{$r->{detail}} // '';
    if ($r->{from}) {
        my $from = $self->lane($r->{from});
        # Nothing was said of it before: it has been running since the trace began.
        $from->{slice} = {start => 0, kind => 'running', name => 'running', inner => []}
            if !$from->{slice} && !@{$from->{slices}} && !defined $from->{born};
        if (!$WAITS{$state}) {
            $self->slice_start($from, 'ready') unless $from->{died};
            $self->slice_end($from) if $from->{died};
        } elsif ($WAITS{$state} eq '1') {
            $self->slice_start($from, 'wait', call => $from->{call});
        } else {
            $self->slice_start($from, 'wait', name => $WAITS{$state});
        }
    }
    my $cpu = $self->{cpu};
    $cpu->[-1]{end} = $r->{t} if @$cpu && !defined $cpu->[-1]{end};
    return unless $to;
    push @$cpu, {start => $r->{t}, lane => $to};
    $self->slice_start($to, 'running', priority => $r->{priority});
    $self->inner_start($to) if defined $to->{number} && !$to->{waited};
}

sub on_ready {
    my ($self, $r, $lane) = @_;
    $self->slice_start($lane, 'ready') unless $lane->{slice} && $lane->{slice}{kind} =~ /^(?:running|ready)$/;
}

sub on_enter {
    my ($self, $r, $lane) = @_;
    @$lane{qw(number waited)} = ($r->{number}, 0);
    $self->inner_start($lane);
}

sub on_leave {
    my ($self, $r, $lane) = @_;
    $self->inner_end($lane, $self->{ring}->result($r->{x0}));
    $lane->{number} = undef;
}

sub on_resume {
    my ($self, $r, $lane) = @_;
    # It waited, perhaps for the CPU after that, and runs.
    my $slices = $lane->{slices};
    for my $i (grep { -$_ <= @$slices } -1, -2) {
        next if $slices->[$i]{kind} ne 'wait';
        $slices->[$i]{result} = $self->{ring}->result($r->{x0});
        last;
    }
    $self->inner_end($lane, $self->{ring}->result($r->{x0}));
    $lane->{number} = undef;
}

# ---- Messages

sub row {
    my ($self, $type, $from, $to, $text, %more) = @_;
    my $row = {t => $self->{now}, type => $type, from => $from, to => $to, text => $text, %more};
    push @{$self->{rows}}, $row;
    return $row;
}

sub words { return join ' ', map { $_ < 4096 ? $_ : sprintf '0x%x', $_ } @_ }

# The label of a tag: a server replies an error as one, negative in 32 bits.
sub label { return Ring::signed32($_[0] & 0xffffffff) }

# A tag and words, as text.
sub message {
    my ($tag, @words) = @_;
    my $handles = $tag >> 32;
    return 'label ' . label($tag) . ($handles ? ", handles $handles" : '') . ', words ' . words(@words);
}

sub on_call {
    my ($self, $r, $lane) = @_;
    my $kind = $self->{names}{kind}{$r->{detail}} // 'call';
    my $label = $r->{tag} & 0xffffffff;
    my $call = {kind => $kind, token => $r->{token}, from => $lane, sent => $r->{t}, port => $r->{port}, badge => $r->{badge},
        tag => $r->{tag}, words => [$r->{w0}, $r->{w1}]};
    $call->{name} = $kind eq 'pending' ? $self->call_name($lane->{number}) : $kind eq 'fault' ? 'fault'
        : "$kind $label" . ($self->{names}{label}{$label} ? " ($self->{names}{label}{$label})" : '');
    push @{$self->{calls}}, $call;
    $self->{by_token}{$r->{token}} = $lane->{call} = $call;
    $lane->{waited} = 1;
    # If it waits in the queue, that becomes a row of its own.
    $call->{row} = $self->row(call => $lane, undef, $call->{name}, call => $call);
}

sub on_receive {
    my ($self, $r, $lane) = @_;
    my $type = $self->{names}{type}{$r->{detail}} // '';
    $self->{server_of}{$r->{port}} = $lane;
    if ($type eq 'message' || $type eq 'fault') {
        my $call = $self->{by_token}{$r->{token}} or return;
        @$call{qw(to taken)} = ($lane, $r->{t});
        if ($self->{rows}[-1] && $self->{rows}[-1] == $call->{row}) {
            $call->{row}{to} = $lane;
        } else {
            $call->{row}{queued} = 1;
            $self->row(taken => $call->{from}, $lane, $call->{name}, call => $call);
        }
        return;
    }
    if ($type eq 'notify') {
        my $open = $self->{notices}{$r->{port}} // [];
        for (grep { $_->{bits} & $r->{tag} } @$open) {
            @$_{qw(to taken)} = ($lane, $r->{t});
            $_->{row}{to} //= $lane;
        }
        $self->{notices}{$r->{port}} = [grep { !$_->{to} } @$open];
        return;
    }
    my %text = (hangup => "hangup of $r->{badge}", cancelled => 'a caller gave up', exit => 'a task has ended');
    $self->row(note => $lane, $lane, $text{$type} // $type, about => "badge $r->{badge}");
}

sub on_reply {
    my ($self, $r, $lane) = @_;
    my $call = $self->{by_token}{$r->{token}} or return;
    @$call{qw(to replied reply_tag reply_words)} = ($lane, $r->{t}, $r->{tag}, [@$r{qw(w0 w1 w2)}]);
}

sub on_complete {
    my ($self, $r, $lane) = @_;
    my $call = $self->{by_token}{$r->{token}} or return;
    @$call{qw(completed result x1)} = (Ring::signed($r->{result}), $self->{ring}->result($r->{x0}), $r->{x1});
}

sub on_end {
    my ($self, $r, $lane) = @_;
    my $call = delete $self->{by_token}{$r->{token}} or return;
    $lane->{call} = undef if ($lane->{call} // 0) == $call;
    $call->{ended} = $r->{t};
    return if $call->{kind} eq 'send' && !Ring::signed($r->{error});
    $call->{error} = $self->{ring}->result($r->{error}) if $r->{error};
    if ($call->{error}) {
        $self->row(failed => $lane, $lane, $call->{error}, call => $call);
    } elsif ($call->{kind} eq 'pending') {
        my $more = ($call->{completed} // 0) > 0;    # UKERN_FORWARD: another stage follows
        $self->row(reply => $call->{to} // $lane, $lane, $more ? "$call->{name}: next stage" : "$call->{name} = "
            . ($call->{result} // '?'), call => $call);
    } else {
        $self->row(reply => $call->{to} // $lane, $lane,
            $call->{kind} eq 'fault' ? 'answer' : 'reply ' . $self->{ring}->result(label($call->{reply_tag} // 0)), call => $call);
    }
}

sub on_notify {
    my ($self, $r, $lane) = @_;
    my $open = $self->{notices}{$r->{port}} //= [];
    my $by = $self->{after_interrupt} ? undef : $lane;
    my $to = $self->{server_of}{$r->{port}} // ($r->{server} ? $self->lane($r->{server}) : undef);
    my $text = $by ? sprintf('notify 0x%x', $r->{bits}) : $self->{interrupt} // 'timer';
    my $notice = {bits => $r->{bits}, from => $by, sent => $r->{t}};
    $notice->{row} = $self->row(notify => $by, $to, $text, about => sprintf 'bits 0x%x', $r->{bits});
    push @$open, $notice;
    push @{$self->{notes}}, $notice;
}

sub on_interrupt {
    my ($self, $r) = @_;
    $self->{interrupt} = $r->{line} == 0x10000 ? 'timer' : "interrupt $r->{line}";
    push @{$self->{marks}}, {t => $r->{t}, name => $self->{interrupt}};
}

# ---- Lives

sub on_spawn {
    my ($self, $r) = @_;
    my $lane = $self->lane_new($r->{task}, name_in($r), $r->{t});
    $self->slice_start($lane, 'ready');
    $self->row(spawn => $r->{by} ? $self->lane($r->{by}) : undef, $lane, "start $lane->{name}");
}

sub on_exit {
    my ($self, $r, $lane) = @_;
    my $reason = $self->{names}{reason}{$r->{detail}} // '';
    my $code = Ring::signed($r->{code});
    $lane->{died} = $r->{t};
    $self->row(exit => $lane, $lane, $reason eq 'normal' ? "ends, code $code" : $reason eq 'killed' ? "killed, code $code"
        : 'ends by its fault', bad => $reason eq 'fault');
}

sub on_gone {
    my ($self, $r, $lane) = @_;
    $self->slice_end($lane);
    my $cpu = $self->{cpu};
    $cpu->[-1]{end} = $r->{t} if @$cpu && !defined $cpu->[-1]{end} && $cpu->[-1]{lane} == $lane;
    $lane->{gone} = $r->{t};
    delete $self->{by_id}{$r->{task}};
}

sub on_fault {
    my ($self, $r, $lane) = @_;
    my $cause = $self->{names}{cause}{$r->{detail}} // '';
    $self->{fault} = sprintf '%s faulted: %s, address 0x%x, pc 0x%x', $lane->{name}, $cause, $r->{address}, $r->{pc};
    $self->row(fault => $lane, $lane, sprintf('fault: %s 0x%x', $cause, $r->{address}), bad => 1,
        about => sprintf 'pc 0x%x, sp 0x%x, link 0x%x, syndrome 0x%x', @$r{qw(pc sp lr syndrome)});
    push @{$self->{marks}}, {t => $r->{t}, lane => $lane, name => "fault: $cause"};
}

sub on_power {
    my ($self, $r, $lane) = @_;
    $self->{power} = $r->{action} ? 'reset' : 'power off';
    $self->row(power => $lane, $lane, "$self->{power}, code " . Ring::signed($r->{code}));
}

sub on_panic {
    my ($self, $r, $lane) = @_;
    $self->{panic} = 1;
    $self->row(panic => $lane, $lane, 'the kernel panics', bad => 1);
}

sub finish {
    my ($self) = @_;
    $self->{now}++;
    for my $lane (@{$self->{lanes}}) {
        $lane->{slice}{open} = 1 if $lane->{slice};
        $self->slice_end($lane);
        $lane->{running} = [grep { $_->{kind} eq 'running' } @{$lane->{slices}}];
    }
    $self->{cpu}[-1]{end} //= $self->{now} if @{$self->{cpu}};
    # A message that nobody has received goes to whoever received there before or later.
    for (@{$self->{calls}}) {
        $_->{to} //= $self->{server_of}{$_->{port}};
        $_->{row}{to} //= $_->{to};
        $_->{row}{queued} = 1 unless $_->{taken};
    }
    $_->{to} //= $_->{from} for @{$self->{rows}};
    $self->{end} = $self->{now};
    # Who still waits for a reply.
    $self->{waiting} = [grep { !$_->{ended} && $_->{from} && !$_->{from}{died} && ($_->{from}{call} // 0) == $_ } @{$self->{calls}}];
}

# Time as people read it.
sub span {
    my ($ns) = @_;
    return "$ns ns" if $ns < 1000;
    return sprintf '%.1f µs', $ns / 1e3 if $ns < 1e6;
    return sprintf '%.1f ms', $ns / 1e6 if $ns < 1e9;
    return sprintf '%.3f s', $ns / 1e9;
}

1;
