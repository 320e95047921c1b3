// Measures a block device past the page cache.
//
//   speed DEVICE SECONDS random|read|write THREADS
//
// "random" reads and writes blocks of 4 KiB, half and half; "read" and "write" go through the device in requests of 256 KiB, each thread in a part of its own.
// Prints requests, bytes, and microseconds; ends with 0 when no request failed.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SMALL = 4096, LARGE = 256 << 10, MOST_THREADS = 16 };

struct worker {
    pthread_t thread;
    uint64_t first, length, random, requests, failed;
};

static int device;
static char kind;
static uint64_t end_time;

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000ULL + t.tv_nsec / 1000;
}

static void *work(void *argument) {
    struct worker *me = argument;
    size_t size = kind == 'a' ? SMALL : LARGE;
    uint64_t blocks = me->length / size, next = 0;
    void *buffer;
    if (posix_memalign(&buffer, 4096, size)) abort();
    memset(buffer, 7, size);
    while (now() < end_time) {
        uint64_t block = next++ % blocks;
        int writes = kind == 'w';
        if (kind == 'a') {
            me->random = me->random * 6364136223846793005ULL + 1442695040888963407ULL;
            block = (me->random >> 33) % blocks;
            writes = me->random >> 63;
        }
        off_t at = me->first + block * size;
        me->failed += (writes ? pwrite(device, buffer, size, at) : pread(device, buffer, size, at)) != (ssize_t)size;
        me->requests++;
    }
    return 0;
}

int main(int count, char **arguments) {
    static struct worker workers[MOST_THREADS];
    if (count != 5) return 2;
    device = open(arguments[1], O_RDWR | O_DIRECT);
    kind = arguments[3][1] == 'a' ? 'a' : arguments[3][0];
    int threads = atoi(arguments[4]), i;
    if (device < 0 || threads < 1 || threads > MOST_THREADS) return 2;
    uint64_t part = lseek(device, 0, SEEK_END) / threads / LARGE * LARGE, requests = 0, failed = 0, begin = now();
    end_time = begin + atoi(arguments[2]) * 1000000ULL;
    for (i = 0; i < threads; i++) {
        workers[i] = (struct worker){ .first = part * i, .length = part, .random = 4711 + i };
        if (pthread_create(&workers[i].thread, 0, work, &workers[i])) return 2;
    }
    for (i = 0; i < threads; i++) {
        pthread_join(workers[i].thread, 0);
        requests += workers[i].requests;
        failed += workers[i].failed;
    }
    printf("%llu requests of %d bytes in %llu us, %llu failed\n", (unsigned long long)requests, kind == 'a' ? SMALL : LARGE,
        (unsigned long long)(now() - begin), (unsigned long long)failed);
    return failed != 0;
}
