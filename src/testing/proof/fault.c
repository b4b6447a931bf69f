/*
 * Loaded into a process by LD_PRELOAD: counts its calls for files below one directory, and makes one of them fail, or ends the
 * process before it. Which calls are interposed is what Node imports from libc; SQLite is inside Node.
 *
 *   PROOF_UNDER   the directory
 *   PROOF_STATE   a file of 4096 bytes that is shared with whoever started the process; see `struct state`
 *   PROOF_CALLS   `changes`: only calls that change the disk are counted; else all are
 *   PROOF_AT      which call, from 1; 0 or nothing: they are only counted
 *   PROOF_KIND    a number, which chooses among the faults that such a call can have; `kill`: the process ends by SIGKILL;
 *                 `full`: from that call on the disk is full; `cut`: the file system of the directory loses its power
 *   PROOF_NO_SYNC nothing is made durable, and all is said to be
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>

#include "fault.h"

/* A fault that leaves `errno` behind ends the function that this stands in. */
#define CHECK(is_ours, call, group, faults, failed) \
  int fault = 0; \
  if (under) { \
    char path_[PATH_MAX]; \
    int kept = errno; \
    if (is_ours) fault = meets(call, group, faults, path_); \
    errno = kept; \
    if (fault > 0) { \
      errno = fault; \
      return failed; \
    } \
  }
#define CHECK_FD(call, group, faults) CHECK(fd_under(fd, path_), call, group, faults, -1)
#define CHECK_PATH(call, group, faults, failed) CHECK(path_under(AT_FDCWD, path, path_), call, group, faults, failed)
#define SHORTENED(count) (fault == SHORT && (count) > 1 ? (count) / 2 : (count))

#define WRITE_FAULTS LIST(EIO, ENOSPC, SHORT, EDQUOT)
#define READ_FAULTS LIST(EIO, SHORT)
#define NAME_FAULTS LIST(EIO, ENOSPC, EDQUOT)
#define SYNC_FAULTS LIST(EIO, ENOSPC, EDQUOT)

#define OPENS(flags) ((flags) & (O_CREAT | O_TRUNC) ? CHANGES : READS)
#define OPEN_FAULTS(flags) ((flags) & O_CREAT ? LIST(EMFILE, ENOSPC, EIO, EDQUOT) : LIST(EMFILE, EIO))

#define DEFINE_OPEN(name) \
  int name(const char *path, int flags, ...) { \
    REAL(int, name, const char *, int, ...); \
    va_list rest; \
    va_start(rest, flags); \
    int mode = va_arg(rest, int); \
    va_end(rest); \
    CHECK_PATH("open", OPENS(flags), OPEN_FAULTS(flags), -1) \
    return real(path, flags, mode); \
  }
DEFINE_OPEN(open)
DEFINE_OPEN(open64)

int openat(int directory, const char *path, int flags, ...) {
  REAL(int, openat, int, const char *, int, ...);
  va_list rest;
  va_start(rest, flags);
  int mode = va_arg(rest, int);
  va_end(rest);
  CHECK(path_under(directory, path, path_), "open", OPENS(flags), OPEN_FAULTS(flags), -1)
  return real(directory, path, flags, mode);
}

DIR *opendir(const char *path) {
  REAL(DIR *, opendir, const char *);
  CHECK_PATH("opendir", READS, LIST(EMFILE, EIO), 0)
  return real(path);
}

int scandir64(const char *path, struct dirent64 ***names, int (*filter)(const struct dirent64 *),
              int (*compare)(const struct dirent64 **, const struct dirent64 **)) {
  REAL(int, scandir64, const char *, struct dirent64 ***, int (*)(const struct dirent64 *),
       int (*)(const struct dirent64 **, const struct dirent64 **));
  CHECK_PATH("scandir", READS, LIST(EMFILE, EIO), -1)
  return real(path, names, filter, compare);
}

ssize_t read(int fd, void *to, size_t count) {
  REAL(ssize_t, read, int, void *, size_t);
  CHECK_FD("read", READS, READ_FAULTS)
  return real(fd, to, SHORTENED(count));
}

ssize_t pread64(int fd, void *to, size_t count, off64_t offset) {
  REAL(ssize_t, pread64, int, void *, size_t, off64_t);
  CHECK_FD("pread", READS, READ_FAULTS)
  return real(fd, to, SHORTENED(count), offset);
}

ssize_t write(int fd, const void *from, size_t count) {
  REAL(ssize_t, write, int, const void *, size_t);
  CHECK_FD("write", CHANGES, WRITE_FAULTS)
  return real(fd, from, SHORTENED(count));
}

ssize_t pwrite64(int fd, const void *from, size_t count, off64_t offset) {
  REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t);
  CHECK_FD("pwrite", CHANGES, WRITE_FAULTS)
  return real(fd, from, SHORTENED(count), offset);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  REAL(ssize_t, writev, int, const struct iovec *, int);
  CHECK_FD("writev", CHANGES, WRITE_FAULTS)
  return real(fd, parts, SHORTENED(count));
}

int fsync(int fd) {
  REAL(int, fsync, int);
  if (no_sync) return 0;
  CHECK_FD("fsync", CHANGES, SYNC_FAULTS)
  return real(fd);
}

int fdatasync(int fd) {
  REAL(int, fdatasync, int);
  if (no_sync) return 0;
  CHECK_FD("fdatasync", CHANGES, SYNC_FAULTS)
  return real(fd);
}

int ftruncate64(int fd, off64_t length) {
  REAL(int, ftruncate64, int, off64_t);
  CHECK_FD("ftruncate", CHANGES, LIST(EIO, ENOSPC))
  return real(fd, length);
}

#define DEFINE_TWO_PATHS(name) \
  int name(const char *from, const char *path) { \
    REAL(int, name, const char *, const char *); \
    CHECK_PATH(#name, CHANGES, NAME_FAULTS, -1) \
    return real(from, path); \
  }
DEFINE_TWO_PATHS(link)
DEFINE_TWO_PATHS(rename)
DEFINE_TWO_PATHS(symlink)

#define DEFINE_PATH_AND_MODE(name, faults) \
  int name(const char *path, mode_t mode) { \
    REAL(int, name, const char *, mode_t); \
    CHECK_PATH(#name, CHANGES, faults, -1) \
    return real(path, mode); \
  }
DEFINE_PATH_AND_MODE(mkdir, NAME_FAULTS)
DEFINE_PATH_AND_MODE(chmod, LIST(EIO))

#define DEFINE_PATH(name) \
  int name(const char *path) { \
    REAL(int, name, const char *); \
    CHECK_PATH(#name, CHANGES, LIST(EIO), -1) \
    return real(path); \
  }
DEFINE_PATH(unlink)
DEFINE_PATH(rmdir)

int fchmod(int fd, mode_t mode) {
  REAL(int, fchmod, int, mode_t);
  CHECK_FD("fchmod", CHANGES, LIST(EIO))
  return real(fd, mode);
}

int futimens(int fd, const struct timespec times[2]) {
  REAL(int, futimens, int, const struct timespec *);
  CHECK_FD("futimens", CHANGES, LIST(EIO))
  return real(fd, times);
}

int utimensat(int directory, const char *path, const struct timespec times[2], int flags) {
  REAL(int, utimensat, int, const char *, const struct timespec *, int);
  CHECK(path_under(directory, path, path_), "utimensat", CHANGES, LIST(EIO), -1)
  return real(directory, path, times, flags);
}

ssize_t readlink(const char *path, char *to, size_t size) {
  REAL(ssize_t, readlink, const char *, char *, size_t);
  CHECK_PATH("readlink", READS, LIST(EIO), -1)
  return real(path, to, size);
}

char *realpath(const char *path, char *to) {
  REAL(char *, realpath, const char *, char *);
  CHECK_PATH("realpath", READS, LIST(EIO), 0)
  return real(path, to);
}

/* The locks of SQLite. That one cannot be given back does not happen on a local disk, and would be kept until the process ends. */
int fcntl64(int fd, int command, ...) {
  REAL(int, fcntl64, int, int, ...);
  va_list rest;
  va_start(rest, command);
  void *value = va_arg(rest, void *);
  va_end(rest);
  if (command == F_SETLK && ((struct flock *)value)->l_type != F_UNLCK) {
    CHECK_FD("lock", READS, LIST(EIO, ENOLCK))
  }
  return real(fd, command, value);
}

/* The memory that processes share about SQLite's log. */
void *mmap64(void *address, size_t length, int protection, int flags, int fd, off64_t offset) {
  REAL(void *, mmap64, void *, size_t, int, int, int, off64_t);
  if (fd >= 0) {
    CHECK(fd_under(fd, path_), "mmap", READS, LIST(ENOMEM), MAP_FAILED)
  }
  return real(address, length, protection, flags, fd, offset);
}

/* What Node looks at files with. */
long syscall(long number, ...) {
  REAL(long, syscall, long, ...);
  va_list rest;
  va_start(rest, number);
  long a = va_arg(rest, long), b = va_arg(rest, long), c = va_arg(rest, long), d = va_arg(rest, long);
  long e = va_arg(rest, long), f = va_arg(rest, long);
  va_end(rest);
  if (number == SYS_statx) {
    const char *path = (const char *)b;
    CHECK(*path ? path_under(a, path, path_) : fd_under(a, path_), "statx", READS, LIST(EIO), -1)
  }
  return real(number, a, b, c, d, e, f);
}
