// Writes and reads a block device at random from several threads, past the page cache, and knows what every block must hold.
//
//   verify DEVICE SECONDS THREADS
//
// A block's content follows from its number and from how often it was written. Each thread has blocks of its own. In the end all blocks that were
// written are read once more. Prints one line, and ends with 0 when every byte was right.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 4096, WORDS = BLOCK / 8, MOST_THREADS = 16 };

struct worker {
    pthread_t thread;
    uint64_t first, count, random, requests, wrong;
};

static int device;
static unsigned *version; // of each block; 0 is never written
static time_t end_time;

static uint64_t mix(uint64_t x) {
    x ^= x >> 33; x *= 0xff51afd7ed558ccdULL;
    x ^= x >> 33; x *= 0xc4ceb9fe1a85ec53ULL;
    return x ^ (x >> 33);
}

static uint64_t word_of(uint64_t block, unsigned of_version, unsigned index) {
    return mix(block << 32 ^ (uint64_t)of_version << 10 ^ index);
}

static uint64_t *aligned(void) {
    void *buffer;
    if (posix_memalign(&buffer, BLOCK, BLOCK)) abort();
    return buffer;
}

// A request of several buffers, so that the queue has chains of different lengths.
static int transfer(int is_write, uint64_t block, uint64_t *buffer, uint64_t random) {
    char *at = (char *)buffer;
    int parts = 1 + random % 4, i;
    struct iovec vectors[4];
    for (i = 0; i < parts; i++) {
        vectors[i].iov_base = at + i * 512;
        vectors[i].iov_len = i == parts - 1 ? BLOCK - i * 512 : 512;
    }
    ssize_t moved = is_write ? pwritev(device, vectors, parts, block * BLOCK) : preadv(device, vectors, parts, block * BLOCK);
    return moved == BLOCK;
}

static int is_right(uint64_t block, uint64_t *buffer, uint64_t random) {
    unsigned i;
    if (!transfer(0, block, buffer, random)) return 0;
    for (i = 0; i < WORDS; i++)
        if (buffer[i] != word_of(block, version[block], i)) return 0;
    return 1;
}

static void *work(void *argument) {
    struct worker *me = argument;
    uint64_t *buffer = aligned();
    while (time(0) < end_time) {
        unsigned i;
        me->random = mix(me->random + 0x9e3779b97f4a7c15ULL);
        uint64_t block = me->first + me->random % me->count;
        if (version[block] && me->random >> 63) {
            me->wrong += !is_right(block, buffer, me->random >> 40);
        } else {
            version[block]++;
            for (i = 0; i < WORDS; i++) buffer[i] = word_of(block, version[block], i);
            me->wrong += !transfer(1, block, buffer, me->random >> 40);
        }
        me->requests++;
    }
    return 0;
}

int main(int count, char **arguments) {
    static struct worker workers[MOST_THREADS];
    if (count != 4) return 2;
    device = open(arguments[1], O_RDWR | O_DIRECT);
    int seconds = atoi(arguments[2]), threads = atoi(arguments[3]), i;
    if (device < 0 || threads < 1 || threads > MOST_THREADS) return 2;
    uint64_t blocks = lseek(device, 0, SEEK_END) / BLOCK, requests = 0, wrong = 0, checked = 0, block;
    version = calloc(blocks, sizeof *version);
    end_time = time(0) + seconds;
    for (i = 0; i < threads; i++) {
        workers[i] = (struct worker){ .first = blocks / threads * i, .count = blocks / threads, .random = 4711 + i };
        if (pthread_create(&workers[i].thread, 0, work, &workers[i])) return 2;
    }
    for (i = 0; i < threads; i++) {
        pthread_join(workers[i].thread, 0);
        requests += workers[i].requests;
        wrong += workers[i].wrong;
    }
    wrong += fsync(device) != 0;
    uint64_t *buffer = aligned();
    for (block = 0; block < blocks; block++)
        if (version[block]) {
            wrong += !is_right(block, buffer, block);
            checked++;
        }
    printf("%d threads, %d s, %llu requests, %llu blocks checked in the end, %llu wrong\n",
        threads, seconds, (unsigned long long)requests, (unsigned long long)checked, (unsigned long long)wrong);
    return wrong != 0;
}
