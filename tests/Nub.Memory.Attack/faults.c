/*
 * Fails native allocations and system calls on demand. To be loaded first (LD_PRELOAD), for the allocations that the runtime's
 * native library makes for NativeMemory, and to be given to the library instead of libc, for its system calls (dlsym of libc
 * itself finds libc's). Counted are calls whose caller is managed code, or the runtime's libSystem.Native on its behalf: what
 * the virtual machine and the JIT need for themselves is left alone, because they end the process when they do not get it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_int armed, all, fail_at, seen, mappings;
static const char *failed = "nothing";
static __thread int busy;

static int from_managed_code(void *caller)
{
    Dl_info object;
    if (!dladdr(caller, &object) || !object.dli_fname)
        return 1;
    const char *name = strrchr(object.dli_fname, '/');
    return strcmp(name ? name + 1 : object.dli_fname, "libSystem.Native.so") == 0;
}

static int fails(const char *name, void *caller)
{
    if (!atomic_load(&armed) || busy)
        return 0;
    busy = 1;
    int managed = from_managed_code(caller);
    busy = 0;
    if (!managed)
        return 0;
    int number = atomic_fetch_add(&seen, 1) + 1;
    if (number != atomic_load(&fail_at) && !atomic_load(&all))
        return 0;
    failed = name;
    errno = ENOMEM;
    return 1;
}

void nub_faults_arm(int first, int fail_all)
{
    failed = "nothing";
    atomic_store(&seen, 0);
    atomic_store(&fail_at, first);
    atomic_store(&all, fail_all);
    atomic_store(&armed, 1);
}

int nub_faults_disarm(void)
{
    atomic_store(&armed, 0);
    return atomic_load(&seen);
}

int nub_faults_mappings(void) { return atomic_load(&mappings); }
int nub_faults_last(void) { return atomic_load(&seen); }
const char *nub_faults_name(void) { return failed; }

/* The C library's own, under names that it exports besides those that are replaced here. */
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_memalign(size_t, size_t), *__libc_realloc(void *, size_t);

#define CALLER __builtin_return_address(0)

void *malloc(size_t size) { return fails("malloc", CALLER) ? NULL : __libc_malloc(size); }
void *calloc(size_t count, size_t size) { return fails("calloc", CALLER) ? NULL : __libc_calloc(count, size); }
void *realloc(void *old, size_t size) { return fails("realloc", CALLER) ? NULL : __libc_realloc(old, size); }
void *aligned_alloc(size_t alignment, size_t size) { return fails("aligned_alloc", CALLER) ? NULL : __libc_memalign(alignment, size); }

int posix_memalign(void **result, size_t alignment, size_t size)
{
    if (fails("posix_memalign", CALLER))
        return ENOMEM;
    *result = __libc_memalign(alignment, size);
    return *result ? 0 : ENOMEM;
}

void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
    int managed = 0;
    if (!busy) {
        busy = 1;
        managed = from_managed_code(CALLER);
        busy = 0;
    }
    if (fails("mmap", CALLER))
        return MAP_FAILED;
    void *result = (void *)syscall(SYS_mmap, address, length, protection, flags, fd, offset);
    if (managed && result != MAP_FAILED && !(flags & MAP_FIXED))
        atomic_fetch_add(&mappings, 1);
    return result;
}

int munmap(void *address, size_t length)
{
    if (fails("munmap", CALLER))
        return -1;
    int result = (int)syscall(SYS_munmap, address, length);
    if (result == 0 && !busy) {
        busy = 1;
        if (from_managed_code(CALLER))
            atomic_fetch_sub(&mappings, 1);
        busy = 0;
    }
    return result;
}

int mprotect(void *address, size_t length, int protection)
{
    return fails("mprotect", CALLER) ? -1 : (int)syscall(SYS_mprotect, address, length, protection);
}

int madvise(void *address, size_t length, int advice)
{
    return fails("madvise", CALLER) ? -1 : (int)syscall(SYS_madvise, address, length, advice);
}

int mincore(void *address, size_t length, unsigned char *pages)
{
    return fails("mincore", CALLER) ? -1 : (int)syscall(SYS_mincore, address, length, pages);
}

int memfd_create(const char *name, unsigned flags)
{
    return fails("memfd_create", CALLER) ? -1 : (int)syscall(SYS_memfd_create, name, flags);
}

int ftruncate(int fd, off_t length)
{
    return fails("ftruncate", CALLER) ? -1 : (int)syscall(SYS_ftruncate, fd, length);
}

int fallocate(int fd, int mode, off_t offset, off_t length)
{
    return fails("fallocate", CALLER) ? -1 : (int)syscall(SYS_fallocate, fd, mode, offset, length);
}

int fcntl(int fd, int command, ...)
{
    va_list more;
    va_start(more, command);
    void *argument = va_arg(more, void *);
    va_end(more);
    return fails("fcntl", CALLER) ? -1 : (int)syscall(SYS_fcntl, fd, command, argument);
}
