/* Which call of fault.c meets what. The environment and the file that is shared with others are told there. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct state {
  atomic_uint seen;
  atomic_uint fired;
  char call[24];
  char fault[24];
  char path[256];
};

static struct state nowhere;
static struct state *state = &nowhere;
static const char *under;
static size_t under_length;
static unsigned at;
static long kind;
static int only_changes, kills, fills, cuts, no_sync;
static const char FD[] = "/proc/self/fd/";

/* A call that comes before the constructor finds its function by itself. */
#define REAL(result, name, ...) \
  static result (*real)(__VA_ARGS__); \
  if (!real) real = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

static long raw(long number, long a, long b, long c, long d) {
  REAL(long, syscall, long, ...);
  return real(number, a, b, c, d);
}

__attribute__((constructor)) static void begin(void) {
  const char *text = getenv("PROOF_AT"), *chosen = getenv("PROOF_KIND"), *file = getenv("PROOF_STATE");
  const char *calls = getenv("PROOF_CALLS");
  at = text ? strtoul(text, 0, 10) : 0;
  kind = chosen ? strtol(chosen, 0, 10) : 0;
  kills = chosen && !strcmp(chosen, "kill");
  fills = chosen && !strcmp(chosen, "full");
  cuts = chosen && !strcmp(chosen, "cut");
  only_changes = calls && !strcmp(calls, "changes");
  no_sync = getenv("PROOF_NO_SYNC") != 0;
  int fd = file ? raw(SYS_open, (long)file, O_RDWR | O_CLOEXEC, 0, 0) : -1;
  if (fd < 0) return;
  void *shared = (void *)syscall(SYS_mmap, 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  raw(SYS_close, fd, 0, 0, 0);
  if (shared == MAP_FAILED) return;
  state = shared;
  under = getenv("PROOF_UNDER");
  under_length = under ? strlen(under) : 0;
}

static int is_under(const char *path) {
  return !strncmp(path, under, under_length) && (path[under_length] == '/' || !path[under_length]);
}

static int link_under(const char *link, char *path) {
  long length = raw(SYS_readlink, (long)link, (long)path, PATH_MAX - 1, 0);
  if (length < 0) return 0;
  path[length] = 0;
  return is_under(path);
}

static int fd_under(int fd, char *path) {
  char link[40];
  snprintf(link, sizeof link, "%s%d", FD, fd);
  return link_under(link, path);
}

/* The way to it is looked at as it is written: the last name of a path through /proc/self/fd is below that directory. */
static int path_under(int directory, const char *path, char *found) {
  if (!strncmp(path, FD, sizeof FD - 1)) return fd_under(atoi(path + sizeof FD - 1), found);
  if (*path == '/') {
    strncpy(found, path, PATH_MAX - 1);
    return is_under(path);
  }
  return directory == AT_FDCWD ? link_under("/proc/self/cwd", found) : fd_under(directory, found);
}

enum { READS, CHANGES };
#define SHORT -1
#define LIST(...) ((const int[]){__VA_ARGS__, 0})

static const char *told(int fault) {
  switch (fault) {
    case SHORT: return "short";
    case EIO: return "EIO";
    case ENOSPC: return "ENOSPC";
    case EDQUOT: return "EDQUOT";
    case EMFILE: return "EMFILE";
    case ENOLCK: return "ENOLCK";
    default: return "ENOMEM";
  }
}

static void note(const char *call, const char *fault, const char *path) {
  strncpy(state->call, call, sizeof state->call - 1);
  strncpy(state->fault, fault, sizeof state->fault - 1);
  strncpy(state->path, path, sizeof state->path - 1);
  state->fired = 1;
}

/* FS_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH: what is only in memory is gone, and all that comes later is an error. */
static void cut_power(void) {
  unsigned flags = 2;
  int fd = raw(SYS_open, (long)under, O_RDONLY | O_CLOEXEC, 0, 0);
  if (fd < 0 || raw(SYS_ioctl, fd, 0x8004587D, (long)&flags, 0) < 0) abort();
  raw(SYS_close, fd, 0, 0, 0);
}

/* What the call that is just beginning has to meet: 0, an error, or SHORT. */
static int meets(const char *call, int group, const int *faults, const char *path) {
  if (only_changes && group != CHANGES) return 0;
  unsigned number = atomic_fetch_add(&state->seen, 1) + 1;
  if (!at || number < at) return 0;
  if (kills) {
    note(call, "kill", path);
    raw(SYS_kill, getpid(), SIGKILL, 0, 0);
    for (;;) pause();
  }
  int count = 0, takes_space = 0;
  while (faults[count]) takes_space |= faults[count++] == ENOSPC;
  if (fills) {
    if (!takes_space) return 0;
    if (!state->fired) note(call, "full", path);
    return ENOSPC;
  }
  if (number > at) return 0;
  if (cuts) {
    note(call, "power cut", path);
    cut_power();
    return 0;
  }
  int fault = faults[kind % count];
  note(call, told(fault), path);
  return fault;
}
