// Stands between a program and the C library (LD_PRELOAD, Linux) for tests: records what one folder's files are told, and says that
// the disk is full when it is asked to. It changes no write that succeeds, and touches nothing outside that folder.
//
// HOLDOVER_DISK_FOLDER   the folder, as an absolute path without links
// HOLDOVER_DISK_TRACE    file that every operation is appended to; see `mod.rs` for the form. Not set: nothing is recorded
// HOLDOVER_DISK_KILL_AT  number of the write that gets only half of its bytes in and after which the process is killed; from 1
// HOLDOVER_DISK_FULL_AT  number of the write that gets only half of its bytes in and after which nothing has room; from 1
// HOLDOVER_DISK_ROOM     a file: once it exists there is room again
//
// A file whose name ends in `.reserve` gives its bytes back when it is removed or cut, as on a real disk.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define REAL(name) __typeof__(name) *real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int trace = -2;
static long writes;       // that were asked for in the folder, by this process
static long allowance;    // bytes that were given back while the disk was full
static int half_written;

static const char *folder(void) { return getenv("HOLDOVER_DISK_FOLDER"); }

// Between processes the lock is on the trace, so that the order of its records is the order of what they say.
static void enter(void) {
  pthread_mutex_lock(&lock);
  if (trace == -2) {
    const char *path = getenv("HOLDOVER_DISK_TRACE");
    REAL(open);
    trace = path ? real(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
  }
  if (trace >= 0) flock(trace, LOCK_EX);
}

static void leave(void) {
  int error = errno;
  if (trace >= 0) flock(trace, LOCK_UN);
  pthread_mutex_unlock(&lock);
  errno = error;
}

static int is_inside(const char *path) {
  const char *in = folder();
  size_t length = in ? strlen(in) : 0;
  return length && strncmp(path, in, length) == 0 && (path[length] == '/' || path[length] == 0);
}

static int ends(const char *text, const char *end) {
  size_t a = strlen(text), b = strlen(end);
  return a >= b && strcmp(text + a - b, end) == 0;
}

// The path of an open file of the folder; 0 where it is none.
static int path_of(int fd, char *path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return is_inside(path) && !ends(path, "-shm");
}

static void record(char op, uint64_t inode, uint64_t at, const void *bytes, uint64_t length) {
  if (trace < 0) return;
  char head[25];
  head[0] = op;
  memcpy(head + 1, &inode, 8);
  memcpy(head + 9, &at, 8);
  memcpy(head + 17, &length, 8);
  REAL(write);
  // Whoever reads it finds a record that was cut.
  if (real(trace, head, sizeof head) != sizeof head || real(trace, bytes, length) != (ssize_t)length) abort();
}

static void record_paths(char op, uint64_t inode, const char *from, const char *to) {
  char both[2 * PATH_MAX + 2];
  int length = snprintf(both, sizeof both, "%s%c%s", from, 0, to);
  record(op, inode, 0, both, (uint64_t)length);
}

static uint64_t inode_of(int fd) {
  struct stat stat;
  return fstat(fd, &stat) ? 0 : stat.st_ino;
}

// How many of `length` bytes fit; -1 with ENOSPC where none do.
static ssize_t room(size_t length) {
  const char *at = getenv("HOLDOVER_DISK_FULL_AT"), *again = getenv("HOLDOVER_DISK_ROOM");
  const char *kill_at = getenv("HOLDOVER_DISK_KILL_AT");
  writes++;
  if (kill_at && writes == atol(kill_at) && length > 1) return (ssize_t)(length / 2);
  if (kill_at && writes > atol(kill_at)) kill(getpid(), SIGKILL);
  if (!at || writes < atol(at) || (again && access(again, F_OK) == 0)) return (ssize_t)length;
  if (!half_written && length > 1) {
    half_written = 1;
    return (ssize_t)(length / 2);
  }
  if (allowance >= (long)length) {
    allowance -= (long)length;
    return (ssize_t)length;
  }
  errno = ENOSPC;
  return -1;
}

static void give_back(const char *path, off_t keeps) {
  struct stat status;
  if (ends(path, ".reserve") && stat(path, &status) == 0 && status.st_size > keeps) allowance += status.st_size - keeps;
}

static int opened(int existed, int fd) {
  char real_path[PATH_MAX];
  if (fd >= 0 && !existed && path_of(fd, real_path)) record_paths('C', inode_of(fd), real_path, "");
  return fd;
}

#define OPEN(name)                                                                                                     \
  int name(const char *path, int flags, ...) {                                                                         \
    mode_t mode = 0;                                                                                                   \
    if (flags & (O_CREAT | O_TMPFILE)) {                                                                               \
      va_list rest;                                                                                                    \
      va_start(rest, flags);                                                                                           \
      mode = va_arg(rest, mode_t);                                                                                     \
      va_end(rest);                                                                                                    \
    }                                                                                                                  \
    REAL(name);                                                                                                        \
    if (!(flags & O_CREAT) || !is_inside(path)) return real(path, flags, mode);                                        \
    enter();                                                                                                           \
    int existed = access(path, F_OK) == 0;                                                                             \
    int fd = opened(existed, real(path, flags, mode));                                                           \
    leave();                                                                                                           \
    return fd;                                                                                                         \
  }
OPEN(open)
OPEN(open64)

static ssize_t written(int fd, const void *bytes, size_t length, off_t at, int seek) {
  char path[PATH_MAX];
  REAL(write);
  __typeof__(pwrite) *real_at = (__typeof__(pwrite) *)dlsym(RTLD_NEXT, "pwrite");
  if (fd == trace || !folder() || !path_of(fd, path)) return seek ? real_at(fd, bytes, length, at) : real(fd, bytes, length);
  enter();
  if (!seek) at = fcntl(fd, F_GETFL) & O_APPEND ? lseek(fd, 0, SEEK_END) : lseek(fd, 0, SEEK_CUR);
  ssize_t done = room(length);
  if (done >= 0) done = seek ? real_at(fd, bytes, (size_t)done, at) : real(fd, bytes, (size_t)done);
  if (done > 0) record('W', inode_of(fd), (uint64_t)at, bytes, (uint64_t)done);
  leave();
  return done;
}

ssize_t write(int fd, const void *bytes, size_t length) { return written(fd, bytes, length, 0, 0); }
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) { return written(fd, bytes, length, at, 1); }
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) { return written(fd, bytes, length, at, 1); }

static int truncated(int fd, off_t size) {
  char path[PATH_MAX];
  __typeof__(ftruncate) *real = (__typeof__(ftruncate) *)dlsym(RTLD_NEXT, "ftruncate");
  if (!folder() || !path_of(fd, path)) return real(fd, size);
  enter();
  give_back(path, size);
  int result = real(fd, size);
  if (result == 0) record('T', inode_of(fd), (uint64_t)size, "", 0);
  leave();
  return result;
}
int ftruncate(int fd, off_t size) { return truncated(fd, size); }
int ftruncate64(int fd, off64_t size) { return truncated(fd, size); }

static int synced(int fd, int (*real)(int)) {
  char path[PATH_MAX];
  struct stat status;
  if (!folder() || !path_of(fd, path)) return real(fd);
  enter();
  int result = real(fd);
  if (result == 0 && fstat(fd, &status) == 0) {
    if (S_ISDIR(status.st_mode)) record_paths('D', 0, path, "");
    else record('S', status.st_ino, 0, "", 0);
  }
  leave();
  return result;
}
int fsync(int fd) { REAL(fsync); return synced(fd, real); }
int fdatasync(int fd) { REAL(fdatasync); return synced(fd, real); }

int rename(const char *from, const char *to) {
  REAL(rename);
  if (!is_inside(to)) return real(from, to);
  enter();
  int result = real(from, to);
  if (result == 0) record_paths('R', 0, from, to);
  leave();
  return result;
}

int unlink(const char *path) {
  REAL(unlink);
  if (!is_inside(path)) return real(path);
  enter();
  give_back(path, 0);
  int result = real(path);
  if (result == 0) record_paths('U', 0, path, "");
  leave();
  return result;
}

static int linked(int result, const char *from, const char *to) {
  if (result == 0) record_paths('L', 0, from, to);
  return result;
}
int link(const char *from, const char *to) {
  REAL(link);
  if (!is_inside(to)) return real(from, to);
  enter();
  int result = linked(real(from, to), from, to);
  leave();
  return result;
}
int linkat(int a, const char *from, int b, const char *to, int flags) {
  REAL(linkat);
  if (!is_inside(to)) return real(a, from, b, to, flags);
  enter();
  int result = linked(real(a, from, b, to, flags), from, to);
  leave();
  return result;
}

int mkdir(const char *path, mode_t mode) {
  REAL(mkdir);
  if (!is_inside(path)) return real(path, mode);
  enter();
  int result = real(path, mode);
  if (result == 0) record_paths('M', 0, path, "");
  leave();
  return result;
}
