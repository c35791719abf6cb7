// Tells the thread sanitizer about Synchronization.Mutex where two threads meet in it.
//
// The sanitizer knows of what compiled code does. The quick way through a mutex is compiled into its
// callers and so is seen; the slow way, with spinning and a futex that the kernel hands over, lies in
// libswiftSynchronization, which is not instrumented. A lock that was waited for looks like none at
// all then, and everything behind it like a race (seen with Swift 6.3.1; swiftlang/swift#71383 has
// the code). Suppressing these reports would hide the real races of the same functions. Instead
// this library is loaded before Swift's: it calls the slow way and says what it has done.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))

// Weak, because programs without the sanitizer are started from the tests too.
__attribute__((weak)) void __tsan_acquire(void *address);
__attribute__((weak)) void __tsan_release(void *address);

#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRY_LOCK_SLOW "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

typedef SWIFT void lock_slow(uint32_t thread, SELF void *handle);
typedef SWIFT _Bool try_lock_slow(SELF void *handle);
typedef SWIFT void unlock_slow(SELF void *handle);

SWIFT void lock(uint32_t thread, SELF void *handle) __asm__(LOCK_SLOW);
SWIFT _Bool try_lock(SELF void *handle) __asm__(TRY_LOCK_SLOW);
SWIFT void unlock(SELF void *handle) __asm__(UNLOCK_SLOW);

static lock_slow *next_lock;
static try_lock_slow *next_try_lock;
static unlock_slow *next_unlock;

static void *next(const char *name) {
    void *function = dlsym(RTLD_NEXT, name);
    if (!function) {
        fprintf(stderr, "tsan-mutex: this Swift has no %s: look at how its Mutex works\n", name);
        abort();
    }
    return function;
}

__attribute__((constructor)) static void look_up(void) {
    // And programs without Swift.
    if (!dlsym(RTLD_NEXT, "$s15Synchronization12_MutexHandleVMn")) return;
    next_lock = (lock_slow *)next(LOCK_SLOW);
    next_try_lock = (try_lock_slow *)next(TRY_LOCK_SLOW);
    next_unlock = (unlock_slow *)next(UNLOCK_SLOW);
}

SWIFT void lock(uint32_t thread, SELF void *handle) {
    next_lock(thread, handle);
    if (__tsan_acquire) __tsan_acquire(handle);
}

SWIFT _Bool try_lock(SELF void *handle) {
    _Bool locked = next_try_lock(handle);
    if (locked && __tsan_acquire) __tsan_acquire(handle);
    return locked;
}

SWIFT void unlock(SELF void *handle) {
    if (__tsan_release) __tsan_release(handle);
    next_unlock(handle);
}
