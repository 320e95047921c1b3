using System.Diagnostics;

namespace Nub.Kvm;

/// <summary>
/// An interrupt that the host raises without a call to KVM (<c>irqfd</c>; api.rst, section 4.75), made by
/// <see cref="VirtualMachine.CreateInterruptEvent"/>. Members may be called from any thread.
/// </summary>
[DebuggerDisplay("{DebuggerDisplay,nq}")]
public sealed class InterruptEvent : IDisposable
{
    private readonly VirtualMachine _machine;
    private readonly EventDescriptor _event;
    private readonly IrqfdArgument _argument;
    private int _disposed;

    internal InterruptEvent(VirtualMachine machine, EventDescriptor source, in IrqfdArgument argument)
    {
        _machine = machine;
        _event = source;
        _argument = argument;
    }

    private string DebuggerDisplay => $"interrupt {_argument.Gsi}{(_disposed != 0 ? ", disposed" : "")}";

    /// <summary>Raises the interrupt: an edge of its pin, or its message.</summary>
    /// <exception cref="ObjectDisposedException">The event was disposed.</exception>
    public void Signal() => _event.Signal();

    /// <summary>Takes the event from the machine.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            IrqfdArgument argument = _argument;
            argument.Flags |= IrqfdArgument.FlagDeassign;
            _machine.TryWhileAlive(Requests.Irqfd, ref argument);
            _event.Dispose();
        }
    }
}
