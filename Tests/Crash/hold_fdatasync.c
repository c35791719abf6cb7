/* Preloaded into a server: while the file named by HOLD_FILE exists, every fsync and fdatasync waits,
 * after it has made the file HOLD_FILE.entered. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void hold(void) {
    const char *path = getenv("HOLD_FILE");
    char entered[4096];
    if (path == NULL || access(path, F_OK) != 0) return;
    snprintf(entered, sizeof entered, "%s.entered", path);
    int file = open(entered, O_CREAT | O_WRONLY, 0600);
    if (file >= 0) close(file);
    while (access(path, F_OK) == 0) usleep(1000);
}

int fdatasync(int file) {
    hold();
    int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    return next(file);
}

int fsync(int file) {
    hold();
    int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    return next(file);
}
