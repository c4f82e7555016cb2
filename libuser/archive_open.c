/* SPDX-License-Identifier: BSD-2-Clause */
/* The archive that the task was granted. Apart from the reader, which needs no kernel. */
#include <ukern/archive.h>
#include <ukern/memory.h>
#include <ukern/task.h>

int archive_open(const void **archive, size_t *size)
{
    static void *mapped;
    static size_t mapped_size;
    struct shm_facts facts;
    ukern_handle h;
    int status;

    if (!mapped) {
        h = task_handle("archive");
        if (h < 0)
            return UKERN_ENOENT;
        status = shm_info(h, &facts);
        if (status < 0)
            return status;
        status = shm_map(h, 0, facts.size, UKERN_PROT_READ, NULL, &mapped);
        if (status < 0)
            return status;
        mapped_size = facts.size;
    }
    *archive = mapped;
    *size = mapped_size;
    return UKERN_OK;
}
