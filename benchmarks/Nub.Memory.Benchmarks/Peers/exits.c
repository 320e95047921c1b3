// The peer of Nub.Kvm: the same loops with nothing between them and the kernel.
#include <linux/kvm.h>
#include <stdint.h>
#include <sys/ioctl.h>

long run_exits(int processor, struct kvm_run *run, long times) {
    long sum = 0;
    for (long i = 0; i < times; i++) {
        if (ioctl(processor, KVM_RUN, 0) < 0 || run->exit_reason != KVM_EXIT_IO || run->io.port != 0x10)
            return -1;
        sum += *(uint32_t *)((char *)run + run->io.data_offset);
    }
    return sum;
}

long run_calls(int processor, struct kvm_run *run, uint64_t *memory, long times) {
    long sum = 0;
    for (long i = 0; i < times; i++) {
        __atomic_store_n(&memory[0], (uint64_t)i, __ATOMIC_RELEASE);
        if (ioctl(processor, KVM_RUN, 0) < 0 || run->exit_reason != KVM_EXIT_IO || run->io.port != 0x10)
            return -1;
        sum += (long)(__atomic_load_n(&memory[1], __ATOMIC_ACQUIRE) - (uint64_t)i);
    }
    return sum;
}
