/* Preloaded into a process: counts writes and syncs of files whose name holds ".db" or ".witness", and at the chosen one
   fails it (EIO) or kills the process as kill -9 does. Used by test_crash_ledger.py only. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { OFF, FAIL, KILL, KILL_TORN };
static long calls, fail_at;
static int mode;

void disk_arm(long at, int what) { calls = 0; fail_at = at; mode = what; }
long disk_calls(void) { return calls; }

static int ours(int fd) {
    char link[64], name[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, name, sizeof name - 1);
    if (length < 0) return 0;
    name[length] = 0;
    return strstr(name, ".db") != NULL || strstr(name, ".witness") != NULL;
}

/* 1: this is the chosen call. After a failure every later call fails too: a disk that died stays dead. */
static int chosen(int fd) {
    if (mode == OFF || !ours(fd)) return 0;
    calls++;
    if (calls < fail_at) return 0;
    if (mode == FAIL) return 1;
    if (mode == KILL) kill(getpid(), SIGKILL);
    return 1;
}

#define REAL(name) static __typeof__(name) *real; if (!real) real = dlsym(RTLD_NEXT, #name)

ssize_t pwrite64(int fd, const void *data, size_t count, off64_t offset) {
    REAL(pwrite64);
    if (chosen(fd)) {
        if (mode == KILL_TORN) { real(fd, data, count / 2, offset); kill(getpid(), SIGKILL); }
        errno = EIO; return -1;
    }
    return real(fd, data, count, offset);
}
ssize_t write(int fd, const void *data, size_t count) {
    REAL(write);
    if (chosen(fd)) {
        if (mode == KILL_TORN) { real(fd, data, count / 2); kill(getpid(), SIGKILL); }
        errno = EIO; return -1;
    }
    return real(fd, data, count);
}
int fsync(int fd) { REAL(fsync); if (chosen(fd)) { if (mode == KILL_TORN) kill(getpid(), SIGKILL); errno = EIO; return -1; } return real(fd); }
int fdatasync(int fd) { REAL(fdatasync); if (chosen(fd)) { if (mode == KILL_TORN) kill(getpid(), SIGKILL); errno = EIO; return -1; } return real(fd); }
int ftruncate64(int fd, off64_t length) { REAL(ftruncate64); if (chosen(fd)) { if (mode == KILL_TORN) kill(getpid(), SIGKILL); errno = EIO; return -1; } return real(fd, length); }
