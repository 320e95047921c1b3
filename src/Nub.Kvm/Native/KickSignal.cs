using System.Runtime.InteropServices;
using Nub.Memory;

namespace Nub.Kvm;

/// <summary>
/// The signal that gets a thread out of KVM_RUN. <c>immediate_exit</c> alone is looked at only on entry; a guest in an endless loop is left
/// when its thread has a signal (api.rst, section 5, <c>immediate_exit</c>).
/// </summary>
/// <remarks>
/// The handler does nothing, and must not be managed code: it is the C library's <c>abs</c>, which takes the signal's number as any handler
/// does, and touches nothing. The signal is a realtime one that has no handler in the process, looked for from the highest down,
/// because the lowest, SIGRTMIN, is the runtime's own.
/// </remarks>
internal static unsafe class KickSignal
{
    private const int Lowest = 36;
    private const int Highest = 64;

    // Not by an initializer, which could fail once and for all: where every signal has a handler now, one may be free later.
    private static int s_signal;
    private static readonly Lock s_claiming = Once.Make(static () => new Lock());

    [ThreadStatic]
    private static int t_threadId;

    /// <summary>The signal's number, which is claimed when it is first asked for.</summary>
    /// <exception cref="KvmException">Every realtime signal has a handler already. The next call tries again.</exception>
    public static int Number => Volatile.Read(ref s_signal) is var signal and not 0 ? signal : ClaimOnce();

    /// <summary>The kernel's id of the calling thread, which can be kicked from now on.</summary>
    /// <exception cref="KvmException">As <see cref="Number"/>.</exception>
    public static int PrepareThisThread()
    {
        if (t_threadId == 0)
        {
            // A thread inherits its mask, and a blocked signal does not end KVM_RUN. Sound: the kernel reads a set of 8 bytes, and the C library's has 128, during the call only.
            ulong* set = stackalloc ulong[16];
            new Span<ulong>(set, 16).Clear();
            set[0] = 1UL << (Number - 1);
            _ = LibC.ThreadSignalMask(LibC.SignalUnblock, set, null);
            t_threadId = LibC.GetThreadId();
        }

        return t_threadId;
    }

    /// <summary>Sends the signal. The caller knows that the thread lives.</summary>
    public static void Send(int threadId) => _ = LibC.SignalThread(threadId, Number);

    private static int ClaimOnce()
    {
        lock (s_claiming)
        {
            if (s_signal == 0)
            {
                Volatile.Write(ref s_signal, Claim());
            }

            return s_signal;
        }
    }

    private static int Claim()
    {
        // Sound: the handler is code that is never unloaded and touches nothing, and the kernel reads or writes the locals during the calls only.
        nint handler = NativeLibrary.GetExport(NativeLibrary.Load("libc", typeof(KickSignal).Assembly, null), "abs");
        for (int signal = Highest; signal >= Lowest; signal--)
        {
            LibC.SignalActionData old = default;
            if (LibC.SignalAction(signal, null, &old) != 0 || old.Handler != 0)
            {
                continue;
            }

            // SA_RESTART: a kick that comes when KVM_RUN has returned already must not interrupt the thread's next call.
            var action = new LibC.SignalActionData { Handler = handler, Flags = LibC.SignalActionRestart };
            if (LibC.SignalAction(signal, &action, null) == 0)
            {
                return signal;
            }
        }

        throw new KvmException("sigaction", Marshal.GetLastPInvokeError(), $"every realtime signal from {Lowest} to {Highest} has a handler already");
    }
}
