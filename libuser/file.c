/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files of the archive, for reading. The descriptor is a handle of the archive's memory; what is
 * read is copied from where the archive is mapped.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <ukern/archive.h>
#include <ukern/ipc.h>
#include <ukern/stream.h>
#include <ukern/task.h>
#include "fd.h"

static int find(const char *name, struct archive_file *file)
{
    const void *archive;
    size_t size;
    int status = archive_open(&archive, &size);

    return status < 0 ? status : archive_find(archive, size, name, file);
}

int open(const char *name, int flags, ...)
{
    struct archive_file found;
    struct open_file *file;
    struct descriptor *d;
    int status, fd;

    if ((flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC))) {
        errno = EROFS;
        return -1;
    }
    status = find(name, &found);
    if (status < 0)
        return (int)fd_result(status);
    file = malloc(sizeof(*file));
    if (!file)
        return (int)fd_result(UKERN_ENOMEM);
    *file = (struct open_file){found.data, found.size, 0, 1};

    fd = handle_dup(task_handle("archive"), 0, UKERN_ANY_SLOT);
    if (fd < 0) {
        free(file);
        return (int)fd_result(fd);
    }
    fd_opened(fd);
    d = fd_make(fd);
    if (!d) {
        free(file);
        close(fd);
        return (int)fd_result(UKERN_ENOMEM);
    }
    d->file = file;
    return fd;
}

ssize_t file_read(struct open_file *file, void *to, size_t n)
{
    size_t left = file->position < file->size ? file->size - file->position : 0;

    if (n > left)
        n = left;
    memcpy(to, file->data + file->position, n);
    file->position += n;
    return (ssize_t)n;
}

off_t lseek(int fd, off_t offset, int whence)
{
    const struct descriptor *d = fd_get(fd);
    off_t base = 0, position;

    if (!fd_valid(fd) || !d || !d->file) {
        errno = fd_valid(fd) && handle_info(fd, NULL, NULL) >= 0 ? ESPIPE : EBADF;
        return -1;
    }
    if (whence == SEEK_CUR)
        base = (off_t)d->file->position;
    else if (whence == SEEK_END)
        base = (off_t)d->file->size;
    else if (whence != SEEK_SET)
        return (off_t)fd_result(UKERN_EINVAL);
    if (__builtin_add_overflow(base, offset, &position) || position < 0)
        return (off_t)fd_result(UKERN_EINVAL);
    d->file->position = (size_t)position;
    return position;
}

int isatty(int fd)
{
    struct ukern_msg msg = {.tag = UKERN_TAG(STREAM_CONTROL, 0), .w = {STREAM_IS_TERMINAL}};
    const struct descriptor *d = fd_get(fd);
    int status = fd_valid(fd) ? handle_info(fd, NULL, NULL) : UKERN_EHANDLE;

    if (status == UKERN_TYPE_PORT && !(d && d->file)) {
        status = ipc_call(fd, &msg);
        if (status >= 0 && UKERN_TAG_LABEL(msg.tag) == 1)
            return 1;
    }
    errno = status < 0 ? EBADF : ENOTTY;
    return 0;
}

int fstat(int fd, struct stat *out)
{
    const struct descriptor *d = fd_get(fd);

    if (!fd_valid(fd) || handle_info(fd, NULL, NULL) < 0)
        return (int)fd_result(UKERN_EHANDLE);
    memset(out, 0, sizeof(*out));
    out->st_nlink = 1;
    if (d && d->file) {
        out->st_mode = S_IFREG | 0444;
        out->st_size = (off_t)d->file->size;
    } else {
        out->st_mode = (isatty(fd) ? S_IFCHR : S_IFIFO) | 0666;
    }
    return 0;
}

int stat(const char *name, struct stat *out)
{
    struct archive_file file;
    int status = find(name, &file);

    if (status < 0)
        return (int)fd_result(status);
    memset(out, 0, sizeof(*out));
    out->st_nlink = 1;
    out->st_mode = S_IFREG | 0444;
    out->st_size = (off_t)file.size;
    return 0;
}

/* The archive is read-only. */
int unlink(const char *name)
{
    (void)name;
    errno = EROFS;
    return -1;
}
