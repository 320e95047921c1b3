using System.Runtime.InteropServices;

namespace Nub.Kvm;

// Interrupts, timers and events.
public sealed unsafe partial class VirtualMachine
{
    /// <summary>
    /// Creates interrupt controllers in the kernel (two i8259, an I/O APIC, and a local one for each processor that is created afterwards;
    /// KVM_CREATE_IRQCHIP; api.rst, section 4.24). With them a halted processor waits in the kernel and <c>Run</c> does not return for it.
    /// </summary>
    /// <exception cref="KvmException">The kernel refused: there are some already (EEXIST, 17), or there is a processor (EINVAL,
    /// 22).</exception>
    /// <exception cref="ObjectDisposedException">The machine was disposed.</exception>
    public void CreateInterruptController()
    {
        Requests.CreateIrqchip.Call(_descriptor);
        HasInterruptController = true;
    }

    /// <summary>Creates a timer (i8254) in the kernel (KVM_CREATE_PIT2; api.rst, section 4.71). Its interrupt is GSI 0.</summary>
    /// <exception cref="KvmException">The kernel refused: there is one already (EEXIST, 17), or no interrupt controller (ENOENT, 2; kernels
    /// up to 6.1 do not ask for one).</exception>
    /// <exception cref="ObjectDisposedException">The machine was disposed.</exception>
    public void CreatePit()
    {
        PitConfiguration configuration = default;
        Requests.CreatePit2.Call(_descriptor, ref configuration);
        HasPit = true;
    }

    /// <summary>Sets the level of an interrupt line of the kernel's controllers (KVM_IRQ_LINE; api.rst, section 4.25).</summary>
    /// <param name="gsi">The interrupt number: 0 to 15 are pins of both the i8259 and the I/O APIC, 16 to 23 of the I/O APIC.</param>
    /// <param name="isHigh">The level. An edge is two calls.</param>
    /// <exception cref="KvmException">The kernel refused: there is no interrupt controller (ENXIO, 6).</exception>
    /// <exception cref="ObjectDisposedException">The machine was disposed.</exception>
    public void SetInterruptLine(uint gsi, bool isHigh)
    {
        var level = new IrqLevel { Irq = gsi, Level = isHigh ? 1u : 0u };
        ObjectDisposedException.ThrowIf(_descriptor.IsClosed, this);
        if (!HasInterruptController)
        {
            throw new KvmException(Requests.IrqLine.Name, LibC.NoSuchDevice, $"line {gsi} of a machine that has no interrupt controller; CreateInterruptController makes one");
        }

        Requests.IrqLine.Call(_descriptor, ref level);
    }

    /// <summary>Sends a message-signalled interrupt (KVM_SIGNAL_MSI; api.rst, section 4.70).</summary>
    /// <param name="address">The address of the message: 0xFEE00000 plus the local controller's id times 0x1000.</param>
    /// <param name="data">The data of the message: the vector in the lowest byte.</param>
    /// <returns>Whether it was delivered; otherwise the guest has blocked it.</returns>
    /// <exception cref="KvmException">The kernel refused: there is no interrupt controller (EINVAL, 22).</exception>
    /// <exception cref="ObjectDisposedException">The machine was disposed.</exception>
    public bool SignalMessage(ulong address, uint data)
    {
        var message = new MsiArgument { AddressLow = (uint)address, AddressHigh = (uint)(address >> 32), Data = data };
        return Requests.SignalMsi.Call(_descriptor, ref message) > 0;
    }

    /// <summary>Says where each interrupt number leads, in place of what was said before (KVM_SET_GSI_ROUTING; api.rst, section
    /// 4.52).</summary>
    /// <param name="routes">The routes, at most 4,096.</param>
    /// <exception cref="ArgumentException">There are more than 4,096 routes.</exception>
    /// <exception cref="KvmException">The kernel refused: a number, a controller or a pin that does not exist (EINVAL, 22).</exception>
    /// <exception cref="ObjectDisposedException">The machine was disposed.</exception>
    public void SetInterruptRoutes(ReadOnlySpan<InterruptRoute> routes)
    {
        // The kernel takes no more (KVM_MAX_IRQ_ROUTES).
        const int most = 4096;
        if (routes.Length > most)
        {
            throw new ArgumentException($"{routes.Length} routes were given; the kernel takes at most {most}.", nameof(routes));
        }

        byte[] table = new byte[sizeof(FlexibleArrayHeader) + routes.Length * sizeof(IrqRoutingEntry)];
        ref FlexibleArrayHeader header = ref MemoryMarshal.AsRef<FlexibleArrayHeader>(table.AsSpan());
        header.Count = (uint)routes.Length;
        Span<IrqRoutingEntry> entries = MemoryMarshal.Cast<byte, IrqRoutingEntry>(table.AsSpan(sizeof(FlexibleArrayHeader)));
        for (int i = 0; i < routes.Length; i++)
        {
            entries[i] = routes[i].ToEntry();
        }

        Requests.SetGsiRouting.Call(_descriptor, ref header);
    }

    /// <summary>Makes an event of a guest's writes to an address (KVM_IOEVENTFD; api.rst, section 4.59): they are no exits any
    /// more.</summary>
    /// <param name="space">Whether the address is a port or of memory.</param>
    /// <param name="address">The address.</param>
    /// <param name="length">The size of a write in bytes: 1, 2, 4 or 8; 0 for any.</param>
    /// <param name="value">The value written that counts; <see langword="null"/> for any.</param>
    /// <returns>The event.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The length is none of those, or 0 with a value.</exception>
    /// <exception cref="KvmException">The kernel refused: there is such an event already (EEXIST, 17).</exception>
    /// <exception cref="ObjectDisposedException">The machine was disposed.</exception>
    public IoEvent CreateIoEvent(IoSpace space, ulong address, int length = 0, ulong? value = null)
    {
        if (length is not (1 or 2 or 4 or 8 or 0) || (length == 0 && value is not null))
        {
            throw new ArgumentOutOfRangeException(nameof(length), length, $"A write has 1, 2, 4 or 8 bytes, or 0 for any where no value is asked for, not {length}.");
        }

        var source = new EventDescriptor(typeof(IoEvent));
        var argument = new IoEventfdArgument
        {
            DataMatch = value ?? 0,
            Address = address,
            Length = (uint)length,
            Descriptor = source.Number,
            Flags = (value is null ? 0 : IoEventfdArgument.FlagDataMatch) | (space == IoSpace.Port ? IoEventfdArgument.FlagPort : 0),
        };
        return Create(Requests.IoEventfd, argument, source, static (machine, source, argument) => new IoEvent(machine, source, argument));
    }

    /// <summary>Makes an event that raises an interrupt (KVM_IRQFD; api.rst, section 4.75).</summary>
    /// <param name="gsi">The interrupt number.</param>
    /// <returns>The event.</returns>
    /// <exception cref="KvmException">The kernel refused: there is no interrupt controller (EINVAL, 22).</exception>
    /// <exception cref="ObjectDisposedException">The machine was disposed.</exception>
    public InterruptEvent CreateInterruptEvent(uint gsi)
    {
        var source = new EventDescriptor(typeof(InterruptEvent));
        var argument = new IrqfdArgument { Descriptor = (uint)source.Number, Gsi = gsi };
        return Create(Requests.Irqfd, argument, source, static (machine, source, argument) => new InterruptEvent(machine, source, argument));
    }

    /// <summary>Makes a request that undoes something, which a machine that is gone has undone already.</summary>
    internal void TryWhileAlive<T>(Request request, ref T argument) where T : unmanaged
    {
        try
        {
            request.Call(_descriptor, ref argument);
        }
        catch (Exception refusal) when (refusal is ObjectDisposedException or KvmException)
        {
            // The machine was disposed: the kernel has forgotten the event with it, or is about to.
            NubKvmEventSource.Log.UndoRefused(request.Name, refusal.Message);
        }
    }

    private TEvent Create<TArgument, TEvent>(
        Request request, TArgument argument, EventDescriptor source, Func<VirtualMachine, EventDescriptor, TArgument, TEvent> create)
        where TArgument : unmanaged
    {
        try
        {
            request.Call(_descriptor, ref argument);
            return create(this, source, argument);
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }
}
