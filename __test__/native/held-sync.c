/* Preloaded before the C library: fdatasync of a file with HOLD_NAME in its path waits for as long as the
 * file that HOLD_SYNC names exists. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_held(int fd) {
  char link[64], path[4096];
  const char *name = getenv("HOLD_NAME");
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (!name || length < 0) return 0;
  path[length] = 0;
  return strstr(path, name) != NULL;
}

int fdatasync(int fd) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  const char *flag = getenv("HOLD_SYNC");
  while (flag && access(flag, F_OK) == 0 && is_held(fd)) usleep(1000);
  return real(fd);
}
