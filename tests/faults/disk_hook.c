// Stands between the server and its data folder (LD_PRELOAD): counts the calls that change what lies there, kills the process
// or fails the call at the n-th of them, and writes all of them down, in the order in which they happened.
//
// DISK_HOOK_ROOT     the data folder; calls for other places go through untouched, and so do SQLite's -shm files
// DISK_HOOK_CONTROL  a file of one page that the test writes and reads too: struct control
// DISK_HOOK_LOG      where the calls are written to: struct record, the paths (relative to the folder), the bytes
//
// Only in a process called `lakelift`: its sandboxed workers are left alone. What they wrote to a staged file stands in the
// record of the server's fsync of it.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { K_CREATE = 1, K_WRITE, K_SYNC, K_RENAME, K_LINK, K_UNLINK, K_TRUNCATE, K_MKDIR, K_RMDIR };
enum mode { M_OFF, M_COUNT, M_KILL_BEFORE, M_KILL_WITHIN, M_ERROR, M_SHORT };

struct control {
  uint32_t mode;
  uint32_t kinds;  // which kinds count: 1 << kind
  uint32_t error;  // the errno of M_ERROR
  uint32_t ever;   // 1: this one and all that follow
  uint64_t target; // the n-th counted call from 1
  uint64_t counted;
  uint64_t fired;
  char path[256];  // of the last call that was met
};

struct record {
  uint32_t magic;
  uint32_t kind;
  int64_t offset;   // of a write; the length of a truncation; of a sync: 1 where the file's whole content follows
  uint64_t length;  // of the bytes that follow
  uint32_t path, path2;  // lengths
};

static struct control* control;
static int log_fd = -1;
static char root[PATH_MAX];
static size_t root_length;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void* real(const char* name) {
  void* found = dlsym(RTLD_NEXT, name);
  if (found == NULL) abort();
  return found;
}

static long raw(long number, long a, long b, long c, long d, long e, long f) {
  static long (*next)(long, ...);
  if (next == NULL) next = (long (*)(long, ...))real("syscall");
  return next(number, a, b, c, d, e, f);
}

__attribute__((constructor)) static void begin(void) {
  char name[16] = "";
  const char *place = getenv("DISK_HOOK_ROOT"), *page = getenv("DISK_HOOK_CONTROL"), *log = getenv("DISK_HOOK_LOG");
  prctl(PR_GET_NAME, name);
  if (place == NULL || page == NULL || strcmp(name, "lakelift") != 0) return;
  snprintf(root, sizeof root, "%s", place);
  root_length = strlen(root);
  int fd = (int)raw(SYS_openat, AT_FDCWD, (long)page, O_RDWR | O_CLOEXEC, 0, 0, 0);
  if (fd < 0) abort();
  void* shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (shared == MAP_FAILED) abort();
  close(fd);
  if (log != NULL) {
    log_fd = (int)raw(SYS_openat, AT_FDCWD, (long)log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600, 0, 0);
    if (log_fd < 0) abort();
  }
  control = shared;
}

static int is_on(void) {
  return control != NULL && (log_fd >= 0 || __atomic_load_n(&control->mode, __ATOMIC_ACQUIRE) != M_OFF);
}

// The path beneath the folder, or NULL. `full` has PATH_MAX bytes.
static const char* beneath(char* full) {
  size_t length = strlen(full);
  if (strncmp(full, root, root_length) != 0) return NULL;
  if (length > 4 && strcmp(full + length - 4, "-shm") == 0) return NULL;
  if (length > 10 && strcmp(full + length - 10, " (deleted)") == 0) return NULL;
  if (full[root_length] == '\0') return full + root_length;
  return full[root_length] == '/' ? full + root_length + 1 : NULL;
}

static const char* path_of_fd(int fd, char* full) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, full, PATH_MAX - 1);
  if (n < 0) return NULL;
  full[n] = '\0';
  return beneath(full);
}

static const char* path_of(int folder, const char* name, char* full) {
  if (name[0] == '/') {
    snprintf(full, PATH_MAX, "%s", name);
  } else if (folder == AT_FDCWD) {
    if (getcwd(full, PATH_MAX) == NULL) return NULL;
    size_t n = strlen(full);
    snprintf(full + n, PATH_MAX - n, "/%s", name);
  } else {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    ssize_t n = readlink(link, full, PATH_MAX - 1);
    if (n < 0) return NULL;
    snprintf(full + n, PATH_MAX - (size_t)n, "/%s", name);
  }
  return beneath(full);
}

static void write_record(enum kind kind, const char* path, const char* path2, int64_t offset, const void* bytes, size_t length) {
  if (log_fd < 0) return;
  if (path2 == NULL) path2 = "";
  struct record head = {0x4b534944, kind, offset, length, (uint32_t)strlen(path), (uint32_t)strlen(path2)};
  struct iovec parts[] = {{&head, sizeof head}, {(void*)path, head.path}, {(void*)path2, head.path2}, {(void*)bytes, length}};
  size_t all = sizeof head + head.path + head.path2 + length;
  if (raw(SYS_writev, log_fd, (long)parts, 4, 0, 0, 0) != (long)all) abort();
}

// Bytes of a file as they are now.
static void write_content(enum kind kind, const char* path, int fd, int64_t offset, size_t length, int64_t mark) {
  if (log_fd < 0) return;
  char own[64];
  snprintf(own, sizeof own, "/proc/self/fd/%d", fd);
  int again = (int)raw(SYS_openat, AT_FDCWD, (long)own, O_RDONLY | O_CLOEXEC, 0, 0, 0);
  char* bytes = malloc(length + 1);
  if (again < 0 || bytes == NULL) abort();
  size_t done = 0;
  while (done < length) {
    ssize_t n = pread(again, bytes + done, length - done, offset + (int64_t)done);
    if (n <= 0) break;
    done += (size_t)n;
  }
  close(again);
  write_record(kind, path, NULL, mark, bytes, done);
  free(bytes);
}

static void die(void) {
  raw(SYS_kill, getpid(), SIGKILL, 0, 0, 0, 0);
  for (;;) pause();
}

// What becomes of this call; the lock is held.
static enum mode verdict(enum kind kind, const char* path) {
  if (control->mode == M_OFF || (control->kinds & (1u << kind)) == 0) return M_OFF;
  uint64_t number = ++control->counted;
  if (control->mode == M_COUNT || (control->ever ? number < control->target : number != control->target)) return M_OFF;
  control->fired++;
  snprintf(control->path, sizeof control->path, "%s", path);
  if (control->mode == M_KILL_BEFORE) die();
  return control->mode;
}

// A call that names no bytes: DO it, then SAY it.
#define CALL(kind, path, DO, SAY)                                          \
  do {                                                                     \
    pthread_mutex_lock(&lock);                                             \
    enum mode what_ = (path) == NULL ? M_OFF : verdict(kind, path);              \
    long result_ = -1;                                                     \
    int error_ = (int)control->error;                                      \
    if (what_ != M_ERROR) {                                                \
      result_ = (long)(DO);                                                \
      error_ = errno;                                                      \
      if (what_ == M_KILL_WITHIN) die();                                   \
      if (result_ >= 0 && (path) != NULL) { SAY; }                         \
    }                                                                      \
    pthread_mutex_unlock(&lock);                                           \
    errno = error_;                                                        \
    return result_;                                                        \
  } while (0)

static long opened(int folder, const char* name, int flags, mode_t mode, void* how, size_t how_size) {
  char full[PATH_MAX];
#define OPEN (how ? raw(SYS_openat2, folder, (long)name, (long)how, (long)how_size, 0, 0) : raw(SYS_openat, folder, (long)name, flags, mode, 0, 0))
  const char* path = is_on() && (flags & (O_CREAT | O_TRUNC)) != 0 ? path_of(folder, name, full) : NULL;
  struct stat before;
  int was_there = path != NULL && stat(full, &before) == 0;
  if (path == NULL || (was_there && (flags & O_TRUNC) == 0)) return OPEN;
  CALL(was_there ? K_TRUNCATE : K_CREATE, path, OPEN, write_record(was_there ? K_TRUNCATE : K_CREATE, path, NULL, 0, NULL, 0));
}

#define MODE_ARGUMENT                               \
  mode_t mode = 0;                                  \
  if ((flags & (O_CREAT | __O_TMPFILE)) != 0) {     \
    va_list rest;                                   \
    va_start(rest, flags);                          \
    mode = va_arg(rest, mode_t);                    \
    va_end(rest);                                   \
  }

int open(const char* name, int flags, ...) { MODE_ARGUMENT return (int)opened(AT_FDCWD, name, flags, mode, NULL, 0); }
int open64(const char* name, int flags, ...) { MODE_ARGUMENT return (int)opened(AT_FDCWD, name, flags | O_LARGEFILE, mode, NULL, 0); }
int openat(int folder, const char* name, int flags, ...) { MODE_ARGUMENT return (int)opened(folder, name, flags, mode, NULL, 0); }
int openat64(int folder, const char* name, int flags, ...) { MODE_ARGUMENT return (int)opened(folder, name, flags | O_LARGEFILE, mode, NULL, 0); }
int creat(const char* name, mode_t mode) { return (int)opened(AT_FDCWD, name, O_CREAT | O_TRUNC | O_WRONLY, mode, NULL, 0); }

static ssize_t written(int fd, const struct iovec* parts, int count, int64_t offset) {
  char full[PATH_MAX];
#define WRITE_ALL(p, n) (offset < 0 ? raw(SYS_writev, fd, (long)(p), n, 0, 0, 0) : raw(SYS_pwritev, fd, (long)(p), n, offset, 0, 0))
  const char* path = is_on() ? path_of_fd(fd, full) : NULL;
  if (path == NULL) return WRITE_ALL(parts, count);
  pthread_mutex_lock(&lock);
  int64_t at = offset;
  if (at < 0) at = (fcntl(fd, F_GETFL) & O_APPEND) != 0 ? lseek(fd, 0, SEEK_END) : lseek(fd, 0, SEEK_CUR);
  enum mode what = verdict(K_WRITE, path);
  ssize_t result = -1;
  int error = (int)control->error;
  if (what != M_ERROR) {
    struct iovec half = parts[0];
    if (half.iov_len > 1) half.iov_len /= 2;
    const int in_part = what == M_SHORT || what == M_KILL_WITHIN;
    result = in_part ? WRITE_ALL(&half, 1) : WRITE_ALL(parts, count);
    error = errno;
    if (what == M_KILL_WITHIN) die();
    if (result > 0) write_content(K_WRITE, path, fd, at, (size_t)result, at);
  }
  pthread_mutex_unlock(&lock);
  errno = error;
  return result;
}

ssize_t write(int fd, const void* bytes, size_t length) {
  if (!is_on()) return raw(SYS_write, fd, (long)bytes, (long)length, 0, 0, 0);
  struct iovec one = {(void*)bytes, length};
  return written(fd, &one, 1, -1);
}
ssize_t pwrite(int fd, const void* bytes, size_t length, off_t offset) {
  struct iovec one = {(void*)bytes, length};
  return written(fd, &one, 1, offset);
}
ssize_t pwrite64(int fd, const void* bytes, size_t length, off64_t offset) { return pwrite(fd, bytes, length, offset); }
ssize_t writev(int fd, const struct iovec* parts, int count) { return written(fd, parts, count, -1); }
ssize_t pwritev(int fd, const struct iovec* parts, int count, off_t offset) { return written(fd, parts, count, offset); }
ssize_t pwritev64(int fd, const struct iovec* parts, int count, off64_t offset) { return written(fd, parts, count, offset); }

// Data that the kernel moves: read back for the record.
static ssize_t moved(int out, long number, long a, long b, long c, long d, long e, long f, int64_t at) {
  char full[PATH_MAX];
  const char* path = is_on() ? path_of_fd(out, full) : NULL;
  if (path == NULL) return raw(number, a, b, c, d, e, f);
  if (at < 0) at = lseek(out, 0, SEEK_CUR);
  CALL(K_WRITE, path, raw(number, a, b, c, d, e, f), write_content(K_WRITE, path, out, at, (size_t)result_, at));
}
ssize_t copy_file_range(int in, off64_t* from, int out, off64_t* to, size_t length, unsigned flags) {
  return moved(out, SYS_copy_file_range, in, (long)from, out, (long)to, (long)length, flags, to ? *to : -1);
}
ssize_t sendfile(int out, int in, off_t* from, size_t length) {
  return moved(out, SYS_sendfile, out, in, (long)from, (long)length, 0, 0, -1);
}
ssize_t sendfile64(int out, int in, off64_t* from, size_t length) { return sendfile(out, in, from, length); }
ssize_t splice(int in, off64_t* from, int out, off64_t* to, size_t length, unsigned flags) {
  return moved(out, SYS_splice, in, (long)from, out, (long)to, (long)length, flags, to ? *to : -1);
}

static void say_sync(const char* path, int fd) {
  struct stat st;
  const int is_staged = strncmp(path, "staging/", 8) == 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
  if (is_staged) return write_content(K_SYNC, path, fd, 0, (size_t)st.st_size, 1);
  write_record(K_SYNC, path, NULL, 0, NULL, 0);
}
static int synced(int fd, long number) {
  char full[PATH_MAX];
  const char* path = is_on() ? path_of_fd(fd, full) : NULL;
  if (path == NULL) return (int)raw(number, fd, 0, 0, 0, 0, 0);
  CALL(K_SYNC, path, raw(number, fd, 0, 0, 0, 0, 0), say_sync(path, fd));
}
int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }

static int renamed(int from, const char* name, int to, const char* name2, unsigned flags) {
  char full[PATH_MAX], full2[PATH_MAX];
  const char* path = is_on() ? path_of(from, name, full) : NULL;
  const char* path2 = path != NULL ? path_of(to, name2, full2) : NULL;
  if (path == NULL) return (int)raw(SYS_renameat2, from, (long)name, to, (long)name2, flags, 0);
  CALL(K_RENAME, path, raw(SYS_renameat2, from, (long)name, to, (long)name2, flags, 0), write_record(K_RENAME, path, path2, 0, NULL, 0));
}
int rename(const char* name, const char* name2) { return renamed(AT_FDCWD, name, AT_FDCWD, name2, 0); }
int renameat(int from, const char* name, int to, const char* name2) { return renamed(from, name, to, name2, 0); }
int renameat2(int from, const char* name, int to, const char* name2, unsigned flags) { return renamed(from, name, to, name2, flags); }

int linkat(int from, const char* name, int to, const char* name2, int flags) {
  char full[PATH_MAX], full2[PATH_MAX];
  const char* path = is_on() ? path_of(from, name, full) : NULL;
  const char* path2 = is_on() ? path_of(to, name2, full2) : NULL;
  if (path2 == NULL) return (int)raw(SYS_linkat, from, (long)name, to, (long)name2, flags, 0);
  CALL(K_LINK, path2, raw(SYS_linkat, from, (long)name, to, (long)name2, flags, 0), write_record(K_LINK, path ? path : "", path2, 0, NULL, 0));
}
int link(const char* name, const char* name2) { return linkat(AT_FDCWD, name, AT_FDCWD, name2, 0); }

int unlinkat(int folder, const char* name, int flags) {
  char full[PATH_MAX];
  const char* path = is_on() ? path_of(folder, name, full) : NULL;
  const enum kind kind = (flags & AT_REMOVEDIR) != 0 ? K_RMDIR : K_UNLINK;
  if (path == NULL) return (int)raw(SYS_unlinkat, folder, (long)name, flags, 0, 0, 0);
  CALL(kind, path, raw(SYS_unlinkat, folder, (long)name, flags, 0, 0, 0), write_record(kind, path, NULL, 0, NULL, 0));
}
int unlink(const char* name) { return unlinkat(AT_FDCWD, name, 0); }
int rmdir(const char* name) { return unlinkat(AT_FDCWD, name, AT_REMOVEDIR); }
int remove(const char* name) {
  const int done = unlinkat(AT_FDCWD, name, 0);
  return done != 0 && errno == EISDIR ? unlinkat(AT_FDCWD, name, AT_REMOVEDIR) : done;
}

int mkdirat(int folder, const char* name, mode_t mode) {
  char full[PATH_MAX];
  const char* path = is_on() ? path_of(folder, name, full) : NULL;
  if (path == NULL) return (int)raw(SYS_mkdirat, folder, (long)name, mode, 0, 0, 0);
  CALL(K_MKDIR, path, raw(SYS_mkdirat, folder, (long)name, mode, 0, 0, 0), write_record(K_MKDIR, path, NULL, 0, NULL, 0));
}
int mkdir(const char* name, mode_t mode) { return mkdirat(AT_FDCWD, name, mode); }

int ftruncate(int fd, off_t length) {
  char full[PATH_MAX];
  const char* path = is_on() ? path_of_fd(fd, full) : NULL;
  if (path == NULL) return (int)raw(SYS_ftruncate, fd, length, 0, 0, 0, 0);
  CALL(K_TRUNCATE, path, raw(SYS_ftruncate, fd, length, 0, 0, 0, 0), write_record(K_TRUNCATE, path, NULL, length, NULL, 0));
}
int ftruncate64(int fd, off64_t length) { return ftruncate(fd, length); }

long syscall(long number, ...) {
  va_list rest;
  va_start(rest, number);
  long a = va_arg(rest, long), b = va_arg(rest, long), c = va_arg(rest, long), d = va_arg(rest, long), e = va_arg(rest, long), f = va_arg(rest, long);
  va_end(rest);
  if (number == SYS_openat2) {
    const uint64_t* how = (const uint64_t*)c;  // struct open_how: flags, mode, resolve
    return opened((int)a, (const char*)b, (int)how[0], (mode_t)how[1], (void*)c, (size_t)d);
  }
  if (number == SYS_renameat2) return renamed((int)a, (const char*)b, (int)c, (const char*)d, (unsigned)e);
  return raw(number, a, b, c, d, e, f);
}
