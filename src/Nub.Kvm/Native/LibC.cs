using System.Runtime.InteropServices;

namespace Nub.Kvm;

/// <summary>
/// The calls of the C library that KVM needs. Constants are of x86-64 Linux's
/// <c>asm-generic/fcntl.h</c>, <c>asm-generic/errno-base.h</c>, <c>asm/unistd_64.h</c> and <c>asm/signal.h</c>.
/// </summary>
internal static unsafe partial class LibC
{
    public const int OpenReadWrite = 2;
    public const int OpenCloseOnExec = 0x80000;

    public const int NotPermitted = 1; // EPERM
    public const int NoEntry = 2; // ENOENT
    public const int Interrupted = 4; // EINTR
    public const int NoSuchDevice = 6; // ENXIO
    public const int TryAgain = 11; // EAGAIN
    public const int AccessDenied = 13; // EACCES
    public const int Fault = 14; // EFAULT
    public const int Busy = 16; // EBUSY
    public const int Exists = 17; // EEXIST
    public const int NoDevice = 19; // ENODEV
    public const int Invalid = 22; // EINVAL

    public const int EventNonBlocking = 0x800; // EFD_NONBLOCK
    public const int EventCloseOnExec = 0x80000; // EFD_CLOEXEC

    public const int EpollCloseOnExec = 0x80000; // EPOLL_CLOEXEC
    public const int EpollAdd = 1; // EPOLL_CTL_ADD
    public const int EpollModify = 3; // EPOLL_CTL_MOD
    public const uint EpollIn = 1; // EPOLLIN
    public const uint EpollOneShot = 1u << 30; // EPOLLONESHOT
    public const short PollIn = 1; // POLLIN

    public const int AdviseHugePage = 14; // MADV_HUGEPAGE

    public const int SignalActionRestart = 0x1000_0000; // SA_RESTART
    public const int SignalUnblock = 1; // SIG_UNBLOCK

    private const long SysGetTid = 186;
    private const long SysTgKill = 234;

    /// <summary>The calling thread's kernel id.</summary>
    public static int GetThreadId() => (int)SystemCall(SysGetTid, 0, 0, 0);

    /// <summary>Sends a signal to one thread of this process.</summary>
    /// <returns>0, or -1 with the last error set.</returns>
    public static int SignalThread(int threadId, int signal) => (int)SystemCall(SysTgKill, Environment.ProcessId, threadId, signal);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    public static partial int Close(nint descriptor);

    // A variadic function, but with the argument that every KVM request has it is passed as any other on x86-64. The garbage
    // collector does not wait for a thread inside (no SuppressGCTransition), which KVM_RUN needs: it lasts as long as a guest runs.
    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    public static partial int IoControl(Descriptor descriptor, nuint request, nint argument);

    // The same for what is called most, KVM_RUN; the caller ensures that the descriptor is open, and takes the error at once, by
    // Marshal.GetLastSystemError.
    [LibraryImport("libc", EntryPoint = "ioctl")]
    public static partial int Run(int descriptor, nuint request, nint argument);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    public static partial int EventFd(uint initialValue, int flags);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(Descriptor descriptor, void* buffer, nuint length);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(Descriptor descriptor, void* buffer, nuint length);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    public static partial int Poll(PollData* descriptors, nuint count, int timeoutMilliseconds);

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    public static partial int EpollCreate(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    public static partial int EpollControl(Descriptor epoll, int operation, Descriptor descriptor, EpollEvent* what);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    public static partial int EpollWait(Descriptor epoll, EpollEvent* events, int mostEvents, int timeoutMilliseconds);

    [LibraryImport("libc", EntryPoint = "madvise", SetLastError = true)]
    public static partial int MAdvise(nint address, nuint length, int advice);

    [LibraryImport("libc", EntryPoint = "sigaction", SetLastError = true)]
    public static partial int SignalAction(int signal, SignalActionData* action, SignalActionData* old);

    // Returns the error instead of setting errno.
    [LibraryImport("libc", EntryPoint = "pthread_sigmask")]
    public static partial int ThreadSignalMask(int how, ulong* set, ulong* old);

    // glibc before 2.30 and musl have no function for gettid and tgkill; every C library has this one.
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial long SystemCall(long number, long first, long second, long third);

    /// <summary>The C library's <c>struct sigaction</c> on x86-64, 152 bytes, the same in glibc and musl.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct SignalActionData
    {
        public nint Handler;
        public fixed ulong Mask[16];
        public int Flags;
        public nint Restorer;
    }

    /// <summary><c>struct pollfd</c>, 8 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct PollData
    {
        public int Descriptor;
        public short Events;
        public short ReturnedEvents;
    }

    /// <summary><c>struct epoll_event</c>, 12 bytes: packed on x86-64.</summary>
    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    public struct EpollEvent
    {
        public uint Events;
        public ulong Data;
    }
}
