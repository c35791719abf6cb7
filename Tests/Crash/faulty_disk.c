/* Preloaded into a server: a disk with faults, under the store's file and its write-ahead log.
 *
 * FAULTY_STORE is the name of the store's file. DISK_FAULTS is a folder; a file in it is a fault:
 *
 *   hold     every sync waits for as long as it exists, and makes the file `held` first
 *   full     no file grows: what fits into its present size is written, the rest is ENOSPC
 *   broken   every sync is EIO, and what was written until then never reaches the disk unless it is
 *            written again: Linux calls such pages clean, so the next sync has nothing to do
 *   uncopied the same for the store's file alone, which only copying the log writes to; each time
 *            the file `failed` gets a byte longer
 *   lying    every sync succeeds and does nothing
 *   cut      the power goes at the next write or sync: each sector that was written and not synced
 *            is on the disk or not, as a random number has it that grows from the file's text
 *
 * For `cut` the library remembers what each sector held when it was last synced. Writes go to the
 * real file at once, so everybody who reads sees them, as through the kernel's page cache. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECTOR = 512, BUCKETS = 1 << 14, FILES = 8 };

/* A sector that was written since the last sync that worked. */
struct sector {
    struct sector *next;
    off_t index;
    int doomed; /* a sync failed: only another write brings it to the disk */
    unsigned char synced[SECTOR];
};

struct file {
    dev_t device;
    ino_t inode;
    int is_log;
    int descriptor;
    off_t synced_size;
    pthread_mutex_t lock;
    struct sector *written[BUCKETS];
};

static struct file files[FILES];
static int file_count;
static pthread_mutex_t files_lock = PTHREAD_MUTEX_INITIALIZER;

static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_ftruncate)(int, off_t);
static int (*real_fdatasync)(int);

__attribute__((constructor)) static void find_real(void) {
    real_pwrite = (ssize_t(*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite64");
    real_ftruncate = (int (*)(int, off_t))dlsym(RTLD_NEXT, "ftruncate64");
    real_fdatasync = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
}

/* ---- which faults there are ---- */

static const char *fault_path(const char *name, char *path, size_t size) {
    const char *folder = getenv("DISK_FAULTS");
    snprintf(path, size, "%s/%s", folder == NULL ? "/nonexistent" : folder, name);
    return path;
}

static int has_fault(const char *name) {
    char path[4096];
    return access(fault_path(name, path, sizeof path), F_OK) == 0;
}

static long fault_number(const char *name) {
    char path[4096], text[32] = {0};
    int file = open(fault_path(name, path, sizeof path), O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    return length > 0 ? atol(text) : 0;
}

/* ---- which file it is ---- */

enum { OTHER, STORE, LOG };

static int kind_of(int descriptor) {
    const char *store = getenv("FAULTY_STORE");
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (store == NULL || length <= 0) return OTHER;
    path[length] = 0;
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    size_t store_length = strlen(store);
    if (strncmp(name, store, store_length) != 0) return OTHER;
    if (name[store_length] == 0) return STORE;
    return strcmp(name + store_length, "-wal") == 0 ? LOG : OTHER;
}

/* The store's file or its log; NULL for all others. The first look finds what is synced. */
static struct file *store_file(int descriptor) {
    struct stat now;
    if (fstat(descriptor, &now) != 0 || !S_ISREG(now.st_mode)) return NULL;
    struct file *found = NULL;
    pthread_mutex_lock(&files_lock);
    for (int i = 0; i < file_count && found == NULL; i++) {
        if (files[i].device == now.st_dev && files[i].inode == now.st_ino) found = &files[i];
    }
    int kind = found == NULL && file_count < FILES ? kind_of(descriptor) : OTHER;
    if (kind != OTHER) {
        found = &files[file_count++];
        found->is_log = kind == LOG;
        found->device = now.st_dev;
        found->inode = now.st_ino;
        /* One of our own: closing a descriptor would drop SQLite's locks, and so is never done. */
        found->descriptor = dup(descriptor);
        found->synced_size = now.st_size;
        pthread_mutex_init(&found->lock, NULL);
    }
    pthread_mutex_unlock(&files_lock);
    return found;
}

/* ---- what is on the disk ---- */

static void remember(struct file *file, int descriptor, size_t length, off_t offset) {
    if (length == 0) return;
    for (off_t index = offset / SECTOR; index <= (off_t)(offset + length - 1) / SECTOR; index++) {
        struct sector **bucket = &file->written[index % BUCKETS], *sector = *bucket;
        while (sector != NULL && sector->index != index) sector = sector->next;
        if (sector == NULL) {
            sector = calloc(1, sizeof *sector);
            if (sector == NULL) abort();
            sector->index = index;
            sector->next = *bucket;
            *bucket = sector;
            ssize_t ignored = pread(descriptor, sector->synced, SECTOR, index * SECTOR);
            (void)ignored;
        }
        sector->doomed = 0;
    }
}

/* Goes through all sectors that were written; drops those that `drop` names. */
static void visit(struct file *file, int (*drop)(struct file *, struct sector *)) {
    for (int bucket = 0; bucket < BUCKETS; bucket++) {
        struct sector **place = &file->written[bucket];
        while (*place != NULL) {
            struct sector *sector = *place;
            if (drop(file, sector)) {
                *place = sector->next;
                free(sector);
            } else {
                place = &sector->next;
            }
        }
    }
}

static int is_synced(struct file *file, struct sector *sector) {
    (void)file;
    return !sector->doomed;
}

static int doom(struct file *file, struct sector *sector) {
    (void)file;
    sector->doomed = 1;
    return 0;
}

static int is_past_end(struct file *file, struct sector *sector) {
    return sector->index * SECTOR >= file->synced_size;
}

/* ---- the power cut ---- */

static uint64_t chance;
/* Of eight sectors that were not synced, how many are on the disk all the same. */
static int survivors;

static uint64_t next_chance(void) {
    chance ^= chance << 13;
    chance ^= chance >> 7;
    chance ^= chance << 17;
    return chance;
}

static off_t surviving_size;

static int lose_or_keep(struct file *file, struct sector *sector) {
    if (!sector->doomed && (int)(next_chance() % 8) < survivors) {
        off_t end = (sector->index + 1) * SECTOR;
        if (end > surviving_size) surviving_size = end;
        return 0;
    }
    if (real_pwrite(file->descriptor, sector->synced, SECTOR, sector->index * SECTOR) < 0) abort();
    return 0;
}

static void cut_power(void) {
    const int shares[] = {0, 1, 4, 7};
    pthread_mutex_lock(&files_lock);
    chance = 0x9E3779B97F4A7C15u ^ (uint64_t)fault_number("cut") << 16;
    for (int i = 0; i < 8; i++) next_chance();
    survivors = shares[next_chance() % 4];
    for (int i = 0; i < file_count; i++) pthread_mutex_lock(&files[i].lock);
    for (int i = 0; i < file_count; i++) {
        struct stat now;
        if (fstat(files[i].descriptor, &now) != 0) abort();
        surviving_size = files[i].synced_size;
        visit(&files[i], lose_or_keep);
        if (surviving_size > now.st_size) surviving_size = now.st_size;
        /* What was written back may have made the file longer than it was. */
        if (real_ftruncate(files[i].descriptor, surviving_size) != 0) abort();
    }
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

/* ---- what SQLite calls ---- */

ssize_t pwrite64(int descriptor, const void *bytes, size_t length, off_t offset) {
    struct file *file = store_file(descriptor);
    if (file == NULL) return real_pwrite(descriptor, bytes, length, offset);
    pthread_mutex_lock(&file->lock);
    struct stat now;
    if (fstat(descriptor, &now) == 0 && offset + (off_t)length > now.st_size && has_fault("full")) {
        if (offset >= now.st_size) {
            pthread_mutex_unlock(&file->lock);
            errno = ENOSPC;
            return -1;
        }
        length = now.st_size - offset;
    }
    remember(file, descriptor, length, offset);
    ssize_t count = real_pwrite(descriptor, bytes, length, offset);
    int code = errno;
    pthread_mutex_unlock(&file->lock);
    if (has_fault("cut")) cut_power();
    errno = code;
    return count;
}

ssize_t pwrite(int descriptor, const void *bytes, size_t length, off_t offset) {
    return pwrite64(descriptor, bytes, length, offset);
}

/* A size that is set is on the disk at once: SQLite's files only shrink when nothing in the part
 * that goes is needed. */
int ftruncate64(int descriptor, off_t size) {
    struct file *file = store_file(descriptor);
    if (file == NULL) return real_ftruncate(descriptor, size);
    pthread_mutex_lock(&file->lock);
    struct stat now;
    int result = -1;
    if (fstat(descriptor, &now) == 0 && size > now.st_size && has_fault("full")) {
        errno = ENOSPC;
    } else {
        result = real_ftruncate(descriptor, size);
        if (result == 0) {
            file->synced_size = size;
            visit(file, is_past_end);
        }
    }
    int code = errno;
    pthread_mutex_unlock(&file->lock);
    errno = code;
    return result;
}

int ftruncate(int descriptor, off_t size) { return ftruncate64(descriptor, size); }

static void wait_while_held(void) {
    if (!has_fault("hold")) return;
    char path[4096];
    int held = open(fault_path("held", path, sizeof path), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (held >= 0) close(held);
    while (has_fault("hold")) usleep(1000);
}

static void note_failure(void) {
    char path[4096];
    int file = open(fault_path("failed", path, sizeof path), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC,
                    0600);
    if (file < 0) return;
    if (write(file, "x", 1) != 1) abort();
    close(file);
}

int fdatasync(int descriptor) {
    struct file *file = store_file(descriptor);
    if (file == NULL) return real_fdatasync(descriptor);
    wait_while_held();
    if (has_fault("cut")) cut_power();
    if (has_fault("lying")) return 0;
    pthread_mutex_lock(&file->lock);
    int result;
    int is_uncopied = !file->is_log && has_fault("uncopied");
    if (is_uncopied) note_failure();
    if (is_uncopied || has_fault("broken")) {
        visit(file, doom);
        errno = EIO;
        result = -1;
    } else {
        result = real_fdatasync(descriptor);
        struct stat now;
        if (result == 0 && fstat(descriptor, &now) == 0) {
            file->synced_size = now.st_size;
            visit(file, is_synced);
        }
    }
    int code = errno;
    pthread_mutex_unlock(&file->lock);
    errno = code;
    return result;
}

int fsync(int descriptor) {
    if (store_file(descriptor) != NULL) return fdatasync(descriptor);
    int (*real_fsync)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    return real_fsync(descriptor);
}
