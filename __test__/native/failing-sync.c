/* Preloaded before the C library: fdatasync and fsync of a regular file fail for as long as the file
 * that FAIL_SYNC names exists; with FAIL_ONCE only once, as the kernel reports an error that it then
 * forgets. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int fails(int fd) {
  struct stat file;
  const char *flag = getenv("FAIL_SYNC");
  return flag && access(flag, F_OK) == 0 && fstat(fd, &file) == 0 && S_ISREG(file.st_mode);
}

static int pass(const char *name, int fd) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  if (fails(fd)) {
    if (getenv("FAIL_ONCE")) unlink(getenv("FAIL_SYNC"));
    errno = EIO;
    return -1;
  }
  return real(fd);
}

int fdatasync(int fd) { return pass("fdatasync", fd); }
int fsync(int fd) { return pass("fsync", fd); }
