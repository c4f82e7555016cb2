/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands that the shell does itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ukern/archive.h>
#include <ukern/console.h>
#include <ukern/error.h>
#include <ukern/ipc.h>
#include <ukern/irq.h>

#include "shell.h"

/* How long the console may take for its last words before the power goes. Nanoseconds. */
#define DRAIN_TIME 2000000000u

static int fail(const char *command, int error)
{
    fprintf(stderr, "%s: %s\n", command, ukern_strerror(error));
    return 1;
}

/* The handle over the whole system, or an error that has been explained. */
static ukern_handle open_system(const char *command)
{
    ukern_handle system = task_handle("system");

    if (system < 0)
        fprintf(stderr,
                "%s: this shell has no right to do that: shell.rights gives it to the shell of the "
                "image, not to those that it starts\n",
                command);
    return system;
}

static bool number(const char *text, long *value)
{
    char *end;

    *value = strtol(text, &end, 0);
    return *text != '\0' && *end == '\0';
}

/* The tables by which backtraces name functions: there is one for each program. */
static bool is_symbols(const char *name)
{
    size_t n = strlen(name);

    return n > 4 && strcmp(name + n - 4, ".sym") == 0;
}

static int do_ls(int argc, char **argv)
{
    bool all = argc == 2 && strcmp(argv[1], "-a") == 0;
    struct archive_file file;
    const void *archive;
    size_t size, cursor = 0;
    int error = archive_open(&archive, &size);

    if (argc > 1 && !all) {
        fprintf(stderr, "usage: ls [-a]\n");
        return 2;
    }
    if (error != UKERN_OK)
        return fail(argv[0], error);
    while ((error = archive_next(archive, size, &cursor, &file)) == 1)
        if (all || !is_symbols(file.name))
            printf("%9zu  %s\n", file.size, file.name);
    return error < 0 ? fail(argv[0], error) : 0;
}

static const char *state_name(uint32_t state)
{
    static const char *const names[] = {"loading", "ready", "send",  "reply", "recv",
                                        "wait",    "fault", "dying", "dead"};

    return state < sizeof names / sizeof names[0] ? names[state] : "?";
}

static int do_ps(int argc, char **argv)
{
    ukern_handle system = open_system(argv[0]);
    struct ukern_task_info info;
    int error;

    (void)argc;
    if (system < 0)
        return 1;
    printf("   ID  STATE    PRIO   CPU ms  MEMORY K   QUOTA K       IPC  NAME\n");
    for (uint64_t id = 0; (error = task_info(system, id, &info)) == UKERN_OK; id = info.id + 1)
        printf("%5llu  %-7s  %4u %8llu %9llu %9llu %9llu  %s\n", (unsigned long long)info.id,
               state_name(info.state), (unsigned)info.priority,
               (unsigned long long)info.cpu_ns / 1000000,
               (unsigned long long)info.memory_used / 1024,
               (unsigned long long)info.memory_limit / 1024, (unsigned long long)info.ipc_count,
               info.name);
    return error == UKERN_ENOENT ? 0 : fail(argv[0], error);
}

static int do_kill(int argc, char **argv)
{
    ukern_handle task, system;
    long id, code = 9;
    int error;

    if (argc < 2 || argc > 3 || !number(argv[1], &id) || (argc == 3 && !number(argv[2], &code))) {
        fprintf(stderr, "usage: kill ID [CODE]; ps shows the ids\n");
        return 2;
    }
    system = open_system(argv[0]);
    if (system < 0)
        return 1;
    task = task_open(system, (uint64_t)id, UKERN_R_KILL);
    if (task == UKERN_ENOENT) {
        fprintf(stderr, "kill: there is no task %ld; ps shows the ids\n", id);
        return 1;
    }
    if (task < 0)
        return fail(argv[0], task);
    error = task_kill(task, (int)code);
    handle_close(task);
    return error == UKERN_OK ? 0 : fail(argv[0], error);
}

static int do_mem(int argc, char **argv)
{
    ukern_handle system = open_system(argv[0]);
    struct ukern_system_info info;
    int error;

    (void)argc;
    if (system < 0)
        return 1;
    error = system_info(system, &info);
    if (error != UKERN_OK)
        return fail(argv[0], error);
    printf("memory   %llu KiB, of which %llu KiB are free\n",
           (unsigned long long)info.memory_total / 1024,
           (unsigned long long)info.memory_free / 1024);
    printf("kernel   %llu KiB of code, %llu KiB of data, %llu objects\n",
           (unsigned long long)info.kernel_text / 1024, (unsigned long long)info.kernel_data / 1024,
           (unsigned long long)info.objects);
    printf("tasks    %llu\n", (unsigned long long)info.tasks);
    printf("time     %llu ms, idle %llu ms, %llu switches, %llu interrupts\n",
           (unsigned long long)info.uptime_ns / 1000000, (unsigned long long)info.idle_ns / 1000000,
           (unsigned long long)info.switches, (unsigned long long)info.interrupts);
    return 0;
}

_Noreturn void shell_exit(int code)
{
    struct ukern_msg msg = {UKERN_TAG(STREAM_CONTROL, 0), {CONSOLE_DRAIN}};
    ukern_handle system = task_handle("system");

    fflush(stdout);
    if (system >= 0) {
        ipc_call_until(STDERR_FILENO, &msg, clock_now() + DRAIN_TIME);
        system_power(system, UKERN_POWER_OFF, code);
    }
    exit(code);
}

static int do_exit(int argc, char **argv)
{
    long code = last_code;

    if (argc > 2 || (argc == 2 && !number(argv[1], &code))) {
        fprintf(stderr, "usage: exit [CODE]\n");
        return 2;
    }
    shell_exit((int)code);
}

static int do_help(int argc, char **argv);

static const struct builtin {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *usage, *what;
} builtins[] = {
    {"ls", do_ls, "ls [-a]", "files and programs of the image; -a: and symbols, for backtraces"},
    {"ps", do_ps, "ps", "tasks: state, priority, CPU time, memory, messages"},
    {"kill", do_kill, "kill ID [CODE]", "end a task"},
    {"mem", do_mem, "mem", "memory, kernel and time"},
    {"help", do_help, "help", "this text"},
    {"exit", do_exit, "exit [CODE]", "power off with CODE, else the last one's"},
};

/* Programs of the examples. Help is for those of them that are in this image. */
static const struct program {
    const char *name, *usage, *what;
} programs[] = {
    {"cat", "cat [FILE...]", "copy files or the input"},
    {"upper", "upper", "capital letters"},
    {"wc", "wc [FILE...]", "count lines, words, bytes"},
    {"crc32", "crc32 [FILE...]", "checksum and bytes"},
    {"head", "head [-n N] [FILE]", "the first lines"},
    {"echo", "echo [WORD...]", "say it"},
    {"yes", "yes [WORD]", "say it for ever"},
    {"sleep", "sleep SECONDS", "wait"},
    {"spin", "spin", "use the CPU for ever"},
    {"crash", "crash KIND", "fault; crash alone lists the kinds"},
    {"true", "true", "end with 0"},
    {"false", "false", "end with 1"},
    {"demo", "demo", "a pipe to oneself"},
    {"ping", "ping [-c COUNT] HOST", "does it answer?"},
    {"host", "host NAME...", "addresses of names"},
    {"wget", "wget URL", "what lies there, by HTTP"},
    {"nc", "nc HOST PORT",
     "input to a TCP peer, its answer to the output; nc -l PORT waits for one"},
    {"iperf", "iperf -c HOST", "how fast is the way to it? iperf alone tells more"},
    {"netinfo", "netinfo", "figures of the network device"},
    {"netdump", "netdump [-c COUNT]", "frames as they come"},
    {"arping", "arping ADDRESS", "who has that address?"},
};

/* Without an archive nobody can tell: then all are. */
static bool in_image(const char *name)
{
    struct archive_file file;
    const void *archive;
    size_t size;

    return archive_open(&archive, &size) != UKERN_OK ||
           archive_find(archive, size, name, &file) == UKERN_OK;
}

static int do_help(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    printf("PROGRAM | PROGRAM ...  each stage is a task; & at the end: in the background\n\n");
    for (unsigned i = 0; i < sizeof builtins / sizeof builtins[0]; i++)
        printf("  %-20s %s\n", builtins[i].usage, builtins[i].what);
    for (unsigned i = 0; i < sizeof programs / sizeof programs[0]; i++)
        if (in_image(programs[i].name))
            printf("  %-20s %s\n", programs[i].usage, programs[i].what);
    printf("\nArrows, Home, End, Delete, Ctrl-K, -U and -W edit the line, Up and Down find earlier "
           "ones, Ctrl-L clears.\nCtrl-C ends the pipeline. Ctrl-D on an empty line powers off.\n");
    return 0;
}

static const struct builtin *find(const char *name)
{
    for (unsigned i = 0; i < sizeof builtins / sizeof builtins[0]; i++)
        if (strcmp(builtins[i].name, name) == 0)
            return &builtins[i];
    return NULL;
}

bool builtin_is(const char *name)
{
    return find(name) != NULL;
}

int builtin_run(int argc, char **argv)
{
    return find(argv[0])->run(argc, argv);
}
