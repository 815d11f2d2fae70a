// Asks an addon which Node-API version it needs, as a runtime does before it calls anything else.

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>

int main(int count, char **args) {
  if (count != 2) return 2;
  void *addon = dlopen(args[1], RTLD_LAZY | RTLD_LOCAL);
  if (!addon) {
    fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  int32_t (*version)(void) = (int32_t (*)(void))dlsym(addon, "node_api_module_get_api_version_v1");
  if (!version) return 3;
  printf("%d\n", version());
  return 0;
}
