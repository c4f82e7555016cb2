/* SPDX-License-Identifier: BSD-2-Clause */
/* Names and sentences of errors, and the errno that is nearest. */
#include <errno.h>
#include <ukern/error.h>

const char *ukern_strerror(int error)
{
    if (error >= 0)
        return "success";
    switch ((enum ukern_error)error) {
    case UKERN_OK:
        break;
#define UKERN_ERROR(name, number, giver, text)                                                     \
    case UKERN_##name:                                                                             \
        return text;
#include <ukern/abi/errors.def>
#undef UKERN_ERROR
    }
    return "an error that this version does not know";
}

const char *ukern_error_name(int error)
{
    if (error >= 0)
        return "UKERN_OK";
    switch ((enum ukern_error)error) {
    case UKERN_OK:
        break;
#define UKERN_ERROR(name, number, giver, text)                                                     \
    case UKERN_##name:                                                                             \
        return "UKERN_" #name;
#include <ukern/abi/errors.def>
#undef UKERN_ERROR
    }
    return "unknown error";
}

/* No default label: the compiler names an error that has been forgotten here. */
int __attribute__((weak)) ukern_errno_own(int error)
{
    (void)error;
    return EIO;
}

int ukern_errno(int error)
{
    if (error >= 0)
        return 0;
    switch ((enum ukern_error)error) {
    case UKERN_OK:
        return 0;
    case UKERN_EINVAL:
        return EINVAL;
    case UKERN_EHANDLE:
    case UKERN_ETYPE:
        return EBADF;
    case UKERN_ERIGHTS:
        return EACCES;
    case UKERN_ENOMEM:
        return ENOMEM;
    case UKERN_EFAULT:
        return EFAULT;
    case UKERN_ENOSYS:
        return ENOSYS;
    case UKERN_EPEER:
        return ECONNRESET;
    case UKERN_ETIMEDOUT:
        return ETIMEDOUT;
    case UKERN_EDEADLK:
        return EDEADLK;
    case UKERN_ESTALE:
        return ESTALE;
    case UKERN_EREVOKED:
        return ENXIO;
    case UKERN_ETABLE:
        return EMFILE;
    case UKERN_EPROTO:
        return EPROTO;
    case UKERN_EEXIST:
        return EEXIST;
    case UKERN_ENOENT:
        return ENOENT;
    case UKERN_EBUSY:
        return EBUSY;
    case UKERN_EAGAIN:
        return EAGAIN;
    case UKERN_EPIPE:
        return EPIPE;
    case UKERN_ENOEXEC:
        return ENOEXEC;
    case UKERN_ECANCELED:
        return ECANCELED;
    case UKERN_EKILLED:
        return EINTR;
    case UKERN_EOVERFLOW:
        return EOVERFLOW;
    case UKERN_EIO:
        return EIO;
    }
    return ukern_errno_own(error);
}
