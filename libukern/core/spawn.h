/* SPDX-License-Identifier: BSD-2-Clause */
/** @file  Loading a program into a new task: the work of task_spawn, and of boot for the first
 * task. */
#ifndef CORE_SPAWN_H
#define CORE_SPAWN_H

#include "operation.h"
#include "elf.h"
#include "task.h"

enum spawn_phase { SPAWN_SEGMENT, SPAWN_FILL, SPAWN_COPY, SPAWN_MAP, SPAWN_STACK, SPAWN_DONE };

/* Progress of loading: one region (a segment, or the stack) at a time. */
struct loader {
    struct task *child;
    struct shm *image; /* holds no reference of its own */
    uint64_t offset;   /* of the file in image */
    struct elf_plan plan;
    enum spawn_phase phase;
    unsigned segment;      /* plan.count: the stack */
    uint64_t stack;        /* bytes, whole pages */
    struct shm *shm;       /* the region being made; holds a reference, or NULL */
    struct shm *stack_shm; /* holds a reference, or NULL */
    struct mapping *mapping;
    uint64_t copied;
};

#define STACK_TOP (USER_HIGH - UINT64_C(0x10000))

/* Start: check the file. As elf_check(). */
int loader_start(struct loader *l, struct task *child, struct shm *image, uint64_t offset,
                 uint64_t size, uint64_t stack, const char **why);
/* A bounded step: 1: more; 0: all regions are mapped; UKERN_ENOMEM or UKERN_EREVOKED: give up. */
int loader_step(struct loader *l);
/* Kernel address of the byte at user address `at` of the new stack. */
void *loader_stack(const struct loader *l, uint64_t at);
/* Drop what the loader holds. by: who frees. */
void loader_end(struct loader *l, struct task *by);

#endif
