// The peers of Nub.Ipc's benchmark, two processes each, pinned to processors 0 and 1: what a cache line, a futex, a pipe, a Unix socket, Boost's message_queue and
// lockfree::spsc_queue over shared memory can do. Prints one number: nanoseconds for a round trip, or records per second.
//
//   peers line | futex                           round trips
//   peers pipe | unix | mq | spsc | memcpy SIZE  records of SIZE bytes, one at a time
//   peers spsc-batch SIZE                        64 at a time
#include <atomic>
#include <boost/interprocess/ipc/message_queue.hpp>
#include <boost/lockfree/spsc_queue.hpp>
#include <chrono>
#include <climits>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <linux/futex.h>
#include <memory>
#include <new>
#include <sched.h>
#include <string>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const double kSeconds = 0.3;

static double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

static void pin(int processor) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    sched_setaffinity(0, sizeof set, &set);
}

static void* shared(size_t size) {
    void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) abort();
    return memory;
}

struct alignas(128) Word {
    std::atomic<uint32_t> value;
};

// One line, which carries the message itself: the least that two processors can do.
static double line() {
    Word* word = static_cast<Word*>(shared(4096));
    pid_t child = fork();
    if (child == 0) {
        pin(1);
        for (uint32_t expected = 1;; expected += 2) {
            uint32_t value;
            while ((value = word->value.load(std::memory_order_acquire)) != expected)
                if (value == UINT32_MAX) _exit(0);
            word->value.store(expected + 1, std::memory_order_release);
        }
    }
    pin(0);
    long rounds = 0;
    double start = 0, end = now() + 0.05;
    for (uint32_t next = 1;; next += 2) {
        word->value.store(next, std::memory_order_release);
        while (word->value.load(std::memory_order_acquire) != next + 1) {}
        rounds++;
        if ((rounds & 255) == 0 && now() > end) {
            if (start != 0) break;
            start = now(); end = start + kSeconds; rounds = 0;
        }
    }
    double elapsed = now() - start;
    word->value.store(UINT32_MAX);
    waitpid(child, nullptr, 0);
    return elapsed / rounds * 1e9;
}

static void futex_wait(std::atomic<uint32_t>* word, uint32_t value) { syscall(SYS_futex, word, FUTEX_WAIT, value, nullptr, nullptr, 0); }
static void futex_wake(std::atomic<uint32_t>* word) { syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0); }

static double futex() {
    Word* words = static_cast<Word*>(shared(4096));
    pid_t child = fork();
    if (child == 0) {
        pin(1);
        for (uint32_t round = 0;; round++) {
            while (words[0].value.load() == round) futex_wait(&words[0].value, round);
            if (words[0].value.load() == UINT32_MAX) _exit(0);
            words[1].value.store(round + 1);
            futex_wake(&words[1].value);
        }
    }
    pin(0);
    double start = now();
    uint32_t round = 0;
    for (; now() - start < kSeconds; round++) {
        words[0].value.store(round + 1);
        futex_wake(&words[0].value);
        while (words[1].value.load() == round) futex_wait(&words[1].value, round);
    }
    double elapsed = now() - start;
    words[0].value.store(UINT32_MAX);
    futex_wake(&words[0].value);
    waitpid(child, nullptr, 0);
    return elapsed / round * 1e9;
}

// Has the child send until it is told to stop, and counts what arrives for a while.
template <class Send, class Receive>
static double rate(Send send, Receive receive, long perCall) {
    Word* stop = static_cast<Word*>(shared(4096));
    pid_t child = fork();
    if (child == 0) {
        pin(1);
        while (stop->value.load(std::memory_order_relaxed) == 0) send();
        _exit(0);
    }
    pin(0);
    double start = 0, end = now() + 0.05, elapsed = 0;
    long records = 0;
    for (long i = 0;; i++) {
        records += receive() * perCall;
        if ((i & 63) == 0 && now() > end) {
            elapsed = now() - start;
            if (start != 0) break;
            start = now(); end = start + kSeconds; records = 0;
        }
    }
    stop->value.store(1);
    // A sender that is blocked on a full queue is ended with it.
    usleep(20000);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    return records / elapsed;
}

static double stream(bool pipes, size_t size) {
    int ends[2];
    if (pipes ? pipe(ends) : socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends)) abort();
    char* buffer = static_cast<char*>(malloc(size));
    memset(buffer, 1, size);
    return rate(
        [&] { if (write(ends[1], buffer, size) < 0) _exit(1); },
        [&] {
            size_t got = 0;
            while (got < size) {
                ssize_t some = read(ends[0], buffer + got, size - got);
                if (some <= 0) abort();
                got += some;
            }
            return 1L;
        },
        1);
}

static double message_queue(size_t size) {
    namespace ipc = boost::interprocess;
    std::string name = "nub-bench-" + std::to_string(getpid());
    ipc::message_queue::remove(name.c_str());
    ipc::message_queue queue(ipc::create_only, name.c_str(), std::max<size_t>(16, 65536 / std::max<size_t>(size, 16)), size);
    char* buffer = static_cast<char*>(malloc(size));
    memset(buffer, 1, size);
    double result = rate(
        [&] { queue.try_send(buffer, size, 0); },
        [&] {
            ipc::message_queue::size_type got;
            unsigned priority;
            return queue.try_receive(buffer, size, got, priority) ? 1L : 0L;
        },
        1);
    ipc::message_queue::remove(name.c_str());
    return result;
}

template <size_t Size> struct Record { unsigned char bytes[Size]; };

template <size_t Size>
static double spsc(bool batch) {
    constexpr size_t kCapacity = Size >= 65536 ? 16 : Size >= 4096 ? 128 : 65536 / Size;
    using Queue = boost::lockfree::spsc_queue<Record<Size>, boost::lockfree::capacity<kCapacity>>;
    Queue* queue = new (shared(sizeof(Queue) + 4096)) Queue;
    auto in = std::make_unique<Record<Size>[]>(64);
    auto out = std::make_unique<Record<Size>[]>(64);
    memset(in.get(), 1, 64 * Size);
    return rate(
        [&] {
            if (batch) for (size_t n = 0; n < 64 ; ) { size_t some = queue->push(in.get() + n, 64 - n); n += some; if (!some) break; }
            else queue->push(in[0]);
        },
        [&] { return batch ? (long)queue->pop(out.get(), 64) : queue->pop(out[0]) ? 1L : 0L; },
        1);
}

static double copy(size_t size) {
    char* from = static_cast<char*>(malloc(size));
    char* to = static_cast<char*>(shared(1 << 20));
    memset(from, 1, size);
    memset(to, 1, 1 << 20);
    pin(0);
    double start = now();
    long copies = 0;
    size_t at = 0;
    for (; now() - start < kSeconds; copies += 64)
        for (int i = 0; i < 64; i++) {
            memcpy(to + at, from, size);
            asm volatile("" ::: "memory");
            at = at + 2 * size > (1 << 20) ? 0 : at + size;
        }
    return copies / (now() - start);
}

int main(int count, char** arguments) {
    std::string what = count > 1 ? arguments[1] : "";
    size_t size = count > 2 ? strtoul(arguments[2], nullptr, 10) : 16;
    double result = -1;
    if (what == "line") result = line();
    else if (what == "futex") result = futex();
    else if (what == "pipe") result = stream(true, size);
    else if (what == "unix") result = stream(false, size);
    else if (what == "mq") result = message_queue(size);
    else if (what == "memcpy") result = copy(size);
    else if (what == "spsc" || what == "spsc-batch") {
        bool batch = what == "spsc-batch";
        result = size == 16 ? spsc<16>(batch) : size == 256 ? spsc<256>(batch) : size == 4096 ? spsc<4096>(batch) : spsc<65536>(batch);
    }
    printf("%.1f\n", result);
    return result < 0;
}
