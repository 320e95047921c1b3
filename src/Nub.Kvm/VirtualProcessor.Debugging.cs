using System.ComponentModel;
using System.Diagnostics;

namespace Nub.Kvm;

// What a debugger shows. It may look while every other thread stands still, so nothing here waits for a lock or for the kernel, and
// nothing touches the memory that the kernel shares: the thread that looks may itself be stopped inside an access.
[DebuggerDisplay("{DebuggerDisplay,nq}")]
[DebuggerTypeProxy(typeof(VirtualProcessorProxy))]
public sealed partial class VirtualProcessor
{
    /// <summary>Why the guest was left the last time; <see langword="null"/> before the first.</summary>
    internal VmExitReason? LastExit { get; private set; }

    /// <summary>What the processor is doing, in words.</summary>
    internal string DescribeUse()
    {
        int user = _user;
        return user != 0 ? $"thread {user} {(_running ? "runs its guest" : "is using it")}" : _disposed ? "disposed" : "idle";
    }

    private string DebuggerDisplay => LastExit is { } exit ? $"processor {Id}, {DescribeUse()}, last exit {exit}" : $"processor {Id}, {DescribeUse()}";

    /// <summary>
    /// Reads registers for a debugger, if no thread uses the processor. Otherwise the kernel would make the caller wait until the guest is
    /// left, which may be never.
    /// </summary>
    /// <returns>The registers, or in words why there are none.</returns>
    internal object Peek<T>(Request request) where T : unmanaged
    {
        // The gate keeps others from entering for as long as the call takes. A thread that stopped while it held the gate itself gets
        // in again, and finds either that it is the user itself, or that there is none.
        if (!_gate.TryEnter())
        {
            return "unknown: a thread is entering or leaving";
        }

        try
        {
            if (_user != 0 || _disposed)
            {
                return $"unknown: {DescribeUse()}";
            }

            T registers = default;
            return request.TryCall(_descriptor, ref registers, out int errorCode) >= 0
                ? registers
                : $"unknown: {request.Name} failed with error {errorCode} ({new Win32Exception(errorCode).Message})";
        }
        finally
        {
            _gate.Exit();
        }
    }
}
