/* Preloaded into a child process: holds or fails the syncs of files whose name contains $GATE_NAME.
   While the file $GATE_SHUT exists such a sync waits; while $GATE_FAIL exists it fails with EIO. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int exists(const char *variable) {
  const char *path = getenv(variable);
  return path && access(path, F_OK) == 0;
}

int fdatasync(int file) {
  static int (*real)(int);
  char link[64], path[4096];
  const char *name = getenv("GATE_NAME");
  if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (name && length > 0) {
    path[length] = 0;
    if (strstr(path, name)) {
      while (exists("GATE_SHUT")) usleep(1000);
      if (exists("GATE_FAIL")) {
        errno = EIO;
        return -1;
      }
    }
  }
  return real(file);
}
