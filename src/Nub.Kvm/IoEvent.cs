using System.Diagnostics;

namespace Nub.Kvm;

/// <summary>Which of a guest's address spaces an address belongs to.</summary>
public enum IoSpace
{
    /// <summary>Physical memory addresses where no memory is.</summary>
    Mmio,

    /// <summary>Ports, 0 to 0xFFFF.</summary>
    Port,
}

/// <summary>
/// A guest's write to an address, told to the host without an exit (<c>ioeventfd</c>; api.rst, section 4.59): the guest goes on, and
/// the thread or task that waits here learns how often it wrote since. Made by <see cref="VirtualMachine.CreateIoEvent"/>. Members may be called from any
/// thread.
/// </summary>
[DebuggerDisplay("{DebuggerDisplay,nq}")]
public sealed class IoEvent : IDisposable
{
    private readonly VirtualMachine _machine;
    private readonly EventDescriptor _event;
    private readonly IoEventfdArgument _argument;
    private int _disposed;

    internal IoEvent(VirtualMachine machine, EventDescriptor source, in IoEventfdArgument argument)
    {
        _machine = machine;
        _event = source;
        _argument = argument;
    }

    private string DebuggerDisplay =>
        $"writes to {((_argument.Flags & IoEventfdArgument.FlagPort) != 0 ? "port" : "address")} 0x{_argument.Address:X}"
        + (_argument.Length == 0 ? "" : $", {_argument.Length} bytes")
        + ((_argument.Flags & IoEventfdArgument.FlagDataMatch) != 0 ? $", value 0x{_argument.DataMatch:X}" : "")
        + (_disposed != 0 ? ", disposed" : "");

    /// <summary>Takes what has been written so far.</summary>
    /// <param name="count">How many writes there were since the last time; 0 when there was none.</param>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="ObjectDisposedException">The event was disposed.</exception>
    public bool TryTake(out ulong count) => _event.TryTake(out count);

    /// <summary>Waits for a write.</summary>
    /// <param name="timeout">For how long; <see cref="Timeout.InfiniteTimeSpan"/> for ever.</param>
    /// <param name="count">How many writes there were since the last time; 0 when the time is up.</param>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative and not infinite.</exception>
    /// <exception cref="ObjectDisposedException">The event was disposed, before or meanwhile.</exception>
    public bool Wait(TimeSpan timeout, out ulong count) => _event.Wait(timeout, out count);

    /// <summary>Waits for a write without occupying a thread. One at a time may wait so.</summary>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>How many writes there were since the last time.</returns>
    /// <exception cref="InvalidOperationException">Another wait is in progress.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The event was disposed, before or meanwhile.</exception>
    public Task<ulong> WaitAsync(CancellationToken cancellation = default) => _event.WaitAsync(cancellation);

    /// <summary>Ends the event: from then on the guest's writes are exits again.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            IoEventfdArgument argument = _argument;
            argument.Flags |= IoEventfdArgument.FlagDeassign;
            _machine.TryWhileAlive(Requests.IoEventfd, ref argument);
            _event.Dispose();
        }
    }
}
