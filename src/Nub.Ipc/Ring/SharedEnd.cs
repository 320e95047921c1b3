using System.Diagnostics;
using System.Runtime.CompilerServices;
using Nub.Memory;

namespace Nub.Ipc;

/// <summary>What every end of a <see cref="SharedRing"/> and of a <see cref="SharedBroadcast"/> has: the rule that the other side broke.</summary>
[DebuggerDisplay("{DebuggerDisplay,nq}")]
public abstract class SharedEnd
{
    private RingRefusal _refusal;
    private protected bool _broken;

    private protected SharedEnd()
    {
    }

    /// <summary>
    /// Why the last <c>Try</c> form that returned <see langword="false"/> did: <see cref="SharedRingError.None"/> when there was merely nothing to read, or no room.
    /// What the other side broke stays until <c>Reset</c>, and every <c>Try</c> form returns <see langword="false"/> until then.
    /// </summary>
    public SharedRingError Error => _refusal.Error;

    /// <summary>Whether the other side broke a rule, or the memory has gone, so that this end needs a <c>Reset</c>.</summary>
    public bool IsBroken => _broken;

    // Of this end's own fields only: a debugger reads no shared memory.
    private protected abstract string DebuggerDisplay { get; }

    /// <summary>The error with its numbers, as an exception that the caller may throw.</summary>
    /// <returns>The exception, or <see langword="null"/> while there is no error.</returns>
    public SharedRingException? GetException() => _refusal.Error == SharedRingError.None ? null : new SharedRingException(_refusal);

    /// <summary>Notes what the other side broke.</summary>
    /// <returns><see langword="false"/>, for a <c>Try</c> form to return.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private protected bool Break(in RingRefusal refusal)
    {
        _broken = true;
        _refusal = refusal;
        return false;
    }

    /// <summary>Notes why a record that is in order was not read.</summary>
    /// <returns><see langword="false"/>, for a <c>Try</c> form to return.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private protected bool Refuse(in RingRefusal refusal)
    {
        _refusal = refusal;
        return false;
    }

    /// <summary>Notes that nothing is wrong: there is nothing to read, or no room, or the end was broken before.</summary>
    /// <returns><see langword="false"/>, for a <c>Try</c> form to return.</returns>
    private protected bool NotNow()
    {
        if (!_broken && _refusal.Error != SharedRingError.None)
        {
            _refusal = default;
        }

        return false;
    }

    private protected void Mend()
    {
        _broken = false;
        _refusal = default;
    }

    /// <summary>Changes the futex beside a request, and wakes the threads that sleep on it.</summary>
    private protected static void WakeSleepers(HostSharedMemory memory, ulong requestOffset)
    {
        ulong offset = requestOffset + RingLayout.FutexFromRequest;
        if (memory.TryAdd(offset, 1U, out uint _) && Futex.IsSupported)
        {
            // The lease keeps the word mapped during the call.
            using HostLease lease = memory.Enter();
            Futex.Wake(memory.BaseAddress + (nint)offset);
        }
    }

    /// <summary>What a debugger shows behind where an end is.</summary>
    private protected string DescribeError() => _refusal.Error == SharedRingError.None ? "" : $", {_refusal.Error}{(_broken ? ", broken" : "")}";
}
