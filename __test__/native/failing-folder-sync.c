/* Preloaded before the C library: fsync of a folder fails with the error that FAIL_FOLDER_SYNC gives as a
 * number. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

int fsync(int fd) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  struct stat file;
  const char *error = getenv("FAIL_FOLDER_SYNC");
  if (error && fstat(fd, &file) == 0 && S_ISDIR(file.st_mode)) {
    errno = atoi(error);
    return -1;
  }
  return real(fd);
}
