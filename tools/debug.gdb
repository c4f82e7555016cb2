# SPDX-License-Identifier: BSD-2-Clause
#
# Commands of `make debug`. They read the kernel's own structures, so that the machine only has to be stopped.
# $ukern_folder has NAME.elf of each task and program (tools/debug). Names that begin with ukern_ are for the commands
# themselves. Nothing here needs a gdb with Python.
set print address on
set $ukern_linear = 0xffffff8000000000
set $ukern_root_mask = 0x0000fffffffff000
set $ukern_loaded = 0
set $ukern_breaks = 0
set $ukern_pstate = 0

define-prefix ukern
document ukern
Look into ukern. TASK is a task's name, or its id where it exists already.

  ukern break TASK [PLACE]   stop in this task, at main, a function or FILE:LINE, also before the task exists
  ukern symbols [TASK]       names in programs are those of this task, or of the one that runs
  ukern tasks                all tasks, and what each is doing
  ukern ports                all ports, and who serves them
  ukern handles [TASK]       what a task holds, or what each does
  ukern pending              pending calls: caller, call, and who is to answer
  ukern bt [TASK]            where a task stands, and who called; or the one that runs
end

# ---- The kernel's memory, from wherever the machine stopped.

define ukern_enter
  # $ukern_up: the kernel is there to be looked at. A task cannot read the kernel's memory, and gdb reads as the one that
  # runs: until ukern_leave that is the kernel.
  set $ukern_up = (long)$pc < 0
  if ($cpsr & 0xf) == 0
    set $ukern_up = 1
    set $ukern_pstate = $cpsr | 1
    set $cpsr = 0x3c5
  end
  if $ukern_up
    set $ukern_up = slots_made != 0
  end
  if !$ukern_up
    printf "The kernel has not started yet: `ukern break TASK`, or a breakpoint in the kernel, then `continue`.\n"
  end
end
define ukern_leave
  if $ukern_pstate
    set $cpsr = $ukern_pstate & ~1
    set $ukern_pstate = 0
  end
end
# A command that was broken off did not leave.
define hook-continue
  ukern_leave
end
define hook-step
  ukern_leave
end
define hook-stepi
  ukern_leave
end
define hook-next
  ukern_leave
end
define hook-nexti
  ukern_leave
end
define hook-finish
  ukern_leave
end

define ukern_task
  # $ukern_c: the task in slot $arg0, or 0
  set $ukern_c = slot_page[$arg0 / (4096 / sizeof(struct slot))][$arg0 % (4096 / sizeof(struct slot))].task
end

define ukern_find
  # $ukern_t: the task of this name or id, or 0
  set $ukern_t = (struct task *)0
  set $ukern_id = -1
  if "$arg0"[0] >= '0' && "$arg0"[0] <= '9'
    set $ukern_id = $arg0
  end
  set $ukern_i = 1
  while $ukern_i < slots_made && $ukern_t == 0
    ukern_task $ukern_i
    if $ukern_c != 0
      set $ukern_same = $ukern_id == $ukern_i || $ukern_id < 0
      set $ukern_k = 0
      while $ukern_same && $ukern_id < 0 && $ukern_k < sizeof("$arg0")
        set $ukern_same = $ukern_c->name[$ukern_k] == "$arg0"[$ukern_k]
        set $ukern_k = $ukern_k + 1
      end
      if $ukern_same
        set $ukern_t = $ukern_c
      end
    end
    set $ukern_i = $ukern_i + 1
  end
end

define ukern_lookup
  # The same, and says so if there is none.
  ukern_find $arg0
  if $ukern_t == 0
    echo There is no task $arg0; `ukern tasks` shows all.\n
  end
end

define ukern_state
  # What the task $arg0 does, in words.
  set $ukern_s = (int)$arg0->state
  if $ukern_s == TASK_LOADING
    printf "loading"
  end
  if $ukern_s == TASK_READY
    if $arg0 == ((struct cpu *)$TPIDR_EL1)->current
      printf "runs"
    else
      printf "ready"
    end
  end
  if $ukern_s == TASK_SEND
    printf "calls, and waits to be received"
  end
  if $ukern_s == TASK_REPLY
    printf "waits for a reply of %s", $arg0->holder->name
  end
  if $ukern_s == TASK_RECV
    printf "receives"
  end
  if $ukern_s == TASK_WAIT
    printf "waits for the end of %s", $arg0->wait_task->name
  end
  if $ukern_s == TASK_DEAD
    printf "dead"
  end
end

# ---- Tasks

define ukern tasks
  ukern_enter
  if $ukern_up
    printf "  id  name             priority  state\n"
    set $ukern_i = 1
    while $ukern_i < slots_made
      ukern_task $ukern_i
      if $ukern_c != 0
        printf "%4d  %-16s %8d  ", $ukern_i, $ukern_c->name, $ukern_c->priority
        ukern_state $ukern_c
        printf "\n"
      end
      set $ukern_i = $ukern_i + 1
    end
  end
  ukern_leave
end
document ukern tasks
ukern tasks: all tasks: id, name, priority, and what each is doing.
end

define ukern pending
  ukern_enter
  if $ukern_up
    set $ukern_n = 0
    set $ukern_i = 1
    while $ukern_i < slots_made
      ukern_task $ukern_i
      if $ukern_c != 0
        if ($ukern_c->state == TASK_SEND || $ukern_c->state == TASK_REPLY) && $ukern_c->call_kind == CALL_PENDING
          printf "%-16s %-16s ", $ukern_c->name, $ukern_c->pending.ops->name
          ukern_state $ukern_c
          printf "\n"
          set $ukern_n = $ukern_n + 1
        end
      end
      set $ukern_i = $ukern_i + 1
    end
    if $ukern_n == 1
      printf "1 call is pending.\n"
    else
      printf "%d calls are pending.\n", $ukern_n
    end
  end
  ukern_leave
end
document ukern pending
ukern pending: system calls of extensions that wait for a server: caller, call, where it waits.
end

# ---- Handles, and the ports that they lead to

define ukern_handle
  # A line for handle number $arg0 in slot $arg1, if it is open.
  set $ukern_h = $arg1
  if $ukern_h->type != 0
    printf "%6d  ", $arg0
    if $ukern_h->type == UKERN_TYPE_PORT
      printf "port  "
    end
    if $ukern_h->type == UKERN_TYPE_SHM
      printf "shm   "
    end
    if $ukern_h->type == UKERN_TYPE_TASK
      printf "task  "
    end
    if $ukern_h->type == UKERN_TYPE_IRQ
      printf "irq   "
    end
    if $ukern_h->type == UKERN_TYPE_SYSTEM
      printf "system"
    end
    printf " %-18p %8x  %lu\n", $ukern_h->object, $ukern_h->rights, $ukern_h->badge
  end
end

define ukern_port
  # A line for the port of the handle in slot $arg1, if its task, $ukern_t, serves it, or is the one that will.
  set $ukern_h = $arg1
  set $ukern_m = 0
  while $ukern_m < $arg0 && $ukern_m < 32 && ($ukern_t->handles.first[$ukern_m].type != UKERN_TYPE_PORT || $ukern_t->handles.first[$ukern_m].object != $ukern_h->object)
    set $ukern_m = $ukern_m + 1
  end
  # Each once, however many handles it has there.
  if $ukern_h->type == UKERN_TYPE_PORT && ($ukern_m == $arg0 || $ukern_m == 32) && ($ukern_h->rights & UKERN_R_RECV)
    set $ukern_q = (struct port *)$ukern_h->object
    if $ukern_q->server == $ukern_t
      printf "%p  %-16s %9d  0x%-16lx serves\n", $ukern_q, $ukern_t->name, $ukern_q->receivers, $ukern_q->bits
    else
      if $ukern_q->server == 0 && $ukern_q->given == $ukern_t->first_token
        printf "%p  %-16s %9d  0x%-16lx is to serve\n", $ukern_q, $ukern_t->name, $ukern_q->receivers, $ukern_q->bits
      end
    end
  end
end

define ukern_each
  # $arg0 NUMBER SLOT-POINTER of each handle of $ukern_t.
  set $ukern_j = 0
  while $ukern_j < 32
    $arg0 $ukern_j &$ukern_t->handles.first[$ukern_j]
    set $ukern_j = $ukern_j + 1
  end
  # The others stand in pages, below a directory that is made with the first of them.
  set $ukern_k = 0
  while $ukern_t->handles.directory != 0 && $ukern_k < 4096 / sizeof(struct handle_page)
    set $ukern_p = $ukern_t->handles.directory[$ukern_k].slots
    set $ukern_j = 0
    while $ukern_p != 0 && $ukern_j < 4096 / sizeof(struct handle)
      set $ukern_n = 32 + $ukern_k * (4096 / sizeof(struct handle)) + $ukern_j
      $arg0 $ukern_n &$ukern_p[$ukern_j]
      set $ukern_j = $ukern_j + 1
    end
    set $ukern_k = $ukern_k + 1
  end
end

define ukern_handles
  # Those of $ukern_t.
  printf "handle  type    object               rights  badge\n"
  ukern_each ukern_handle
  if $ukern_t->handles.used == 1
    printf "1 handle is open.\n"
  else
    printf "%d handles are open.\n", $ukern_t->handles.used
  end
end

define ukern handles
  ukern_enter
  if $ukern_up
    if $argc == 0
      set $ukern_i = 1
      while $ukern_i < slots_made
        ukern_task $ukern_i
        if $ukern_c != 0
          set $ukern_t = $ukern_c
          printf "%s:\n", $ukern_t->name
          ukern_handles
        end
        set $ukern_i = $ukern_i + 1
      end
    else
      ukern_lookup $arg0
      if $ukern_t != 0
        ukern_handles
      end
    end
  end
  ukern_leave
end
document ukern handles
ukern handles [TASK]: its handles, or those of each task.
end

define ukern ports
  ukern_enter
  if $ukern_up
    printf "port                server           receivers  bits               state\n"
    set $ukern_i = 1
    while $ukern_i < slots_made
      ukern_task $ukern_i
      if $ukern_c != 0
        set $ukern_t = $ukern_c
        ukern_each ukern_port
      end
      set $ukern_i = $ukern_i + 1
    end
  end
  ukern_leave
end
document ukern ports
ukern ports: all ports that somebody serves or is to serve: server, handles that may receive, notification bits.
end

# ---- Programs

define ukern_ask
  # Let tools/debug-gdb say what to do.
  eval "shell \"$UKERN_DEBUG/debug-gdb\" %s $arg0 $arg1 $arg2 $arg3 >%s/answer", $ukern_folder, $ukern_folder
  eval "source %s/answer", $ukern_folder
end

define ukern_symbols
  # Programs lie at one address, so only one has symbols at a time.
  if $ukern_loaded
    remove-symbol-file -a $ukern_loaded
    set $ukern_loaded = 0
  end
  ukern_ask symbols $arg0 - -
end

define ukern symbols
  if $argc == 0
    ukern_enter
    if $ukern_up
      set $ukern_t = ((struct cpu *)$TPIDR_EL1)->current
      if $ukern_t != 0
        eval "ukern_symbols %s", $ukern_t->name
      end
    end
    ukern_leave
  else
    if "$arg0"[0] >= '0' && "$arg0"[0] <= '9'
      ukern_enter
      if $ukern_up
        ukern_lookup $arg0
        if $ukern_t != 0
          eval "ukern_symbols %s", $ukern_t->name
        end
      end
      ukern_leave
    else
      ukern_symbols $arg0
    end
  end
end
document ukern symbols
ukern symbols [TASK]: names and lines in programs are those of this task, or of the one that runs.
end

define ukern break
  set $ukern_breaks = $ukern_breaks + 1
  if $argc == 1
    eval "ukern_ask break $arg0 main %d", $ukern_breaks
  end
  if $argc == 2
    eval "ukern_ask break $arg0 $arg1 %d", $ukern_breaks
  end
  if $argc == 0 || $argc > 2
    echo ukern break TASK [PLACE]: a task's name, and a function or FILE:LINE of its program (main).\n
  end
end
document ukern break
ukern break TASK [PLACE]: stop where this task comes to PLACE: a function, or FILE:LINE; main, if it is left out.
The task need not exist yet: each time that one of this name is started, the breakpoint is for that one. Other tasks do not
stop there, although their programs lie at the same addresses.
end

define ukern_root
  # $ukern_root: the page table of the task of this name, or 0
  set $ukern_root = 0
  if ($cpsr & 0xf) == 0 || (long)$pc < 0
    ukern_enter
    if $ukern_up
      ukern_find $arg0
      if $ukern_t != 0
        set $ukern_root = $ukern_t->aspace->arch.ttbr & $ukern_root_mask
      end
    end
    ukern_leave
  end
end

# ---- Backtraces

define ukern_user
  # $ukern_a: where the kernel sees the 8 bytes at this address of $ukern_t; 0: nothing is mapped there
  set $ukern_a = 0
  set $ukern_d = ($ukern_t->aspace->arch.ttbr & $ukern_root_mask) + $ukern_linear
  set $ukern_d = *(unsigned long *)($ukern_d + (($arg0 >> 30) & 511) * 8)
  if ($ukern_d & 3) == 3
    set $ukern_d = *(unsigned long *)(($ukern_d & $ukern_root_mask) + $ukern_linear + (($arg0 >> 21) & 511) * 8)
    if ($ukern_d & 3) == 3
      set $ukern_d = *(unsigned long *)(($ukern_d & $ukern_root_mask) + $ukern_linear + (($arg0 >> 12) & 511) * 8)
      if ($ukern_d & 3) == 3
        set $ukern_a = ($ukern_d & $ukern_root_mask) + $ukern_linear + ($arg0 & 4095)
      end
    end
  end
end

define ukern_frame
  # Where $ukern_pc is. `pipe` is older than a way to have the answer in a variable.
  printf "#%-2d ", $ukern_n
  pipe info line *$ukern_pc | sed -n -e 's/^Line \([0-9]*\) of "\([^"]*\)"[^<]*<\([^+>]*\).*/\3 (\2:\1)/' -e 's/^No line number information available for address \(0x[0-9a-f]*\) <\([^+>]*\).*/\2 (\1)/' -e 's/^No line number.*address \(0x[0-9a-f]*\).*/?? (\1)/' -e 's| (\./| (|' -e p
end

define ukern_walk
  # From $ukern_pc, by the frames from $ukern_fp on.
  set $ukern_n = 0
  while $ukern_n < 64 && $ukern_pc != 0
    ukern_frame
    set $ukern_pc = 0
    if $ukern_fp != 0 && ($ukern_fp & 15) == 0
      ukern_user $ukern_fp
      if $ukern_a != 0
        # A return address may be signed: its upper bits are no part of it. One less: the call itself.
        set $ukern_fp = *(unsigned long *)$ukern_a
        set $ukern_pc = *(unsigned long *)($ukern_a + 8) & 0x7fffffffff
        if $ukern_pc != 0
          set $ukern_pc = $ukern_pc - 4
        end
      end
    end
    set $ukern_n = $ukern_n + 1
  end
end

define ukern bt
  ukern_enter
  # Of the one that runs gdb itself knows better, once it has the symbols.
  set $ukern_gdb = 0
  if $ukern_up
    set $ukern_current = ((struct cpu *)$TPIDR_EL1)->current
    set $ukern_t = $ukern_current
    if $argc != 0
      ukern_lookup $arg0
    else
      if $ukern_t == 0
        printf "No task runs; `ukern tasks` shows all.\n"
      end
    end
    if $ukern_t != 0
      eval "ukern_symbols %s", $ukern_t->name
      set $ukern_gdb = $ukern_pstate && $ukern_t == $ukern_current
      if !$ukern_gdb
        set $ukern_pc = $ukern_t->context.pc
        set $ukern_fp = $ukern_t->context.x[29]
        if $ukern_t == $ukern_current
          # Its call or interrupt is being worked on: the task's frame is what the kernel's first one leads to.
          set $ukern_pc = $ELR_EL1
          set $ukern_fp = $x29
          while (long)$ukern_fp < 0
            set $ukern_fp = *(unsigned long *)$ukern_fp
          end
        end
        ukern_walk
        if $ukern_pstate
          eval "ukern_symbols %s", $ukern_current->name
        end
      end
    end
  end
  ukern_leave
  if $ukern_gdb
    backtrace
  end
end
document ukern bt
ukern bt [TASK]: where a task stands, and who called whom; without TASK, the one that runs. For the kernel, `bt` itself.
end
