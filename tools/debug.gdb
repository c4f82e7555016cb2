# SPDX-License-Identifier: BSD-2-Clause
#
# Commands of `make debug`. They read the kernel's own structures, so that the machine only has to be stopped.
# $ukern_folder has NAME.elf of each program (tools/debug).
set print address on
set $ukern_linear = 0xffffff8000000000

define-prefix ukern
document ukern
Look into ukern: tasks, ports, handles TASK, pending, bt TASK, symbols TASK. TASK is a name or an id.
end

define ukern state
  # state TASK-POINTER: what it does, in words
  set $ukern_s = (int)$arg0->state
  if $ukern_s == TASK_LOADING
    printf "loading"
  end
  if $ukern_s == TASK_READY
    printf "ready"
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
document ukern state
What a task (a pointer to struct task) does, in words.
end

define ukern find
  # $ukern_t is the task of this name or id; 0: there is none
  set $ukern_t = (struct task *)0
  set $ukern_i = 1
  while $ukern_i < slots_made && $ukern_t == 0
    set $ukern_c = slot_page[$ukern_i / (4096 / sizeof(struct slot))][$ukern_i % (4096 / sizeof(struct slot))].task
    if $ukern_c != 0
      if $_streq($ukern_c->name, "$arg0") || $_streq("$arg0", $_as_string($ukern_i))
        set $ukern_t = $ukern_c
      end
    end
    set $ukern_i = $ukern_i + 1
  end
  if $ukern_t == 0
    printf "There is no task $arg0; `ukern tasks` shows all.\n"
  end
end
document ukern find
Find a task by name or id: $ukern_t is a pointer to it.
end

define ukern tasks
  printf "  id  name             priority  state\n"
  set $ukern_i = 1
  while $ukern_i < slots_made
    set $ukern_c = slot_page[$ukern_i / (4096 / sizeof(struct slot))][$ukern_i % (4096 / sizeof(struct slot))].task
    if $ukern_c != 0
      printf "%4d  %-16s %8d  ", $ukern_i, $ukern_c->name, $ukern_c->priority
      ukern state $ukern_c
      printf "\n"
    end
    set $ukern_i = $ukern_i + 1
  end
end
document ukern tasks
All tasks: id, name, priority, and what they do.
end

define ukern ports
  printf "port                server           receivers  bits\n"
  set $ukern_i = 1
  while $ukern_i < slots_made
    set $ukern_c = slot_page[$ukern_i / (4096 / sizeof(struct slot))][$ukern_i % (4096 / sizeof(struct slot))].task
    if $ukern_c != 0
      if $ukern_c->serving != 0
        printf "%p  %-16s %9d  0x%lx\n", $ukern_c->serving, $ukern_c->name, $ukern_c->serving->receivers, $ukern_c->serving->bits
      end
    end
    set $ukern_i = $ukern_i + 1
  end
end
document ukern ports
Ports that a task serves: server, handles that may receive, notification bits.
end

define ukern handle
  # handle NUMBER SLOT-POINTER: a line, if it is open
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
document ukern handle
One handle: its number, and a pointer to its struct handle.
end

define ukern handles
  ukern find $arg0
  if $ukern_t != 0
    printf "handle  type    object               rights  badge\n"
    set $ukern_j = 0
    while $ukern_j < 32
      ukern handle $ukern_j &$ukern_t->handles.first[$ukern_j]
      set $ukern_j = $ukern_j + 1
    end
    # The others stand in pages, below a directory that is made with the first of them.
    set $ukern_k = 0
    while $ukern_t->handles.directory != 0 && $ukern_k < 4096 / sizeof(struct handle_page)
      set $ukern_p = $ukern_t->handles.directory[$ukern_k].slots
      set $ukern_j = 0
      while $ukern_p != 0 && $ukern_j < 4096 / sizeof(struct handle)
        set $ukern_n = 32 + $ukern_k * (4096 / sizeof(struct handle)) + $ukern_j
        ukern handle $ukern_n &$ukern_p[$ukern_j]
        set $ukern_j = $ukern_j + 1
      end
      set $ukern_k = $ukern_k + 1
    end
    printf "%d handles are open.\n", $ukern_t->handles.used
  end
end
document ukern handles
ukern handles TASK: its handles.
end

define ukern pending
  set $ukern_n = 0
  set $ukern_i = 1
  while $ukern_i < slots_made
    set $ukern_c = slot_page[$ukern_i / (4096 / sizeof(struct slot))][$ukern_i % (4096 / sizeof(struct slot))].task
    if $ukern_c != 0
      if ($ukern_c->state == TASK_SEND || $ukern_c->state == TASK_REPLY) && $ukern_c->call_kind == CALL_PENDING
        printf "%-16s %-16s ", $ukern_c->name, $ukern_c->pending.ops->name
        ukern state $ukern_c
        printf "\n"
        set $ukern_n = $ukern_n + 1
      end
    end
    set $ukern_i = $ukern_i + 1
  end
  printf "%d calls are pending.\n", $ukern_n
end
document ukern pending
System calls of extensions that wait for a server: caller, call, where it waits.
end

define ukern symbols
  ukern find $arg0
  if $ukern_t != 0
    # Programs lie at one address, so only one has symbols at a time.
    if $ukern_loaded
      remove-symbol-file -a $ukern_loaded
    end
    eval "add-symbol-file %s/%s.elf", $ukern_folder, $ukern_t->name
    set $ukern_loaded = 0x200000
  end
end
document ukern symbols
ukern symbols TASK: use the symbols of this task's program for user addresses; `hbreak main` then stops in it.
end
set $ukern_loaded = 0

define ukern user
  # $ukern_a: where the kernel sees the 8 bytes at this address of $ukern_t; 0: nothing is mapped there
  set $ukern_a = 0
  set $ukern_d = ($ukern_t->aspace->arch.ttbr & 0x0000fffffffff000) + $ukern_linear
  set $ukern_d = *(unsigned long *)($ukern_d + (($arg0 >> 30) & 511) * 8)
  if ($ukern_d & 3) == 3
    set $ukern_d = *(unsigned long *)(($ukern_d & 0x0000fffffffff000) + $ukern_linear + (($arg0 >> 21) & 511) * 8)
    if ($ukern_d & 3) == 3
      set $ukern_d = *(unsigned long *)(($ukern_d & 0x0000fffffffff000) + $ukern_linear + (($arg0 >> 12) & 511) * 8)
      if ($ukern_d & 3) == 3
        set $ukern_a = ($ukern_d & 0x0000fffffffff000) + $ukern_linear + ($arg0 & 4095)
      end
    end
  end
end
document ukern user
Find where the kernel sees a user address of $ukern_t: in $ukern_a.
end

define ukern bt
  ukern symbols $arg0
  if $ukern_t != 0
    set $ukern_pc = $ukern_t->context.pc
    set $ukern_fp = $ukern_t->context.x[29]
    set $ukern_n = 0
    while $ukern_n < 32 && $ukern_pc != 0
      printf "#%-2d ", $ukern_n
      info line *$ukern_pc
      set $ukern_pc = 0
      if $ukern_fp != 0 && ($ukern_fp & 15) == 0
        ukern user $ukern_fp
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
end
document ukern bt
ukern bt TASK: where a task that does not run stands, and who called. For the running one, `bt` itself.
end
