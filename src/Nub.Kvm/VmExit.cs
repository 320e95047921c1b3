using System.Diagnostics;

namespace Nub.Kvm;

/// <summary>
/// Why and with what a guest was left. What the kernel told was read once, before this was made: nothing here changes under its reader.
/// </summary>
[DebuggerDisplay("{ToString(),nq}")]
public readonly ref struct VmExit
{
    private readonly VirtualProcessor? _processor;
    private readonly long _generation;
    private readonly int _dataLength;

    internal VmExit(VirtualProcessor processor, VmExitReason reason, uint nativeReason)
    {
        _processor = processor;
        _generation = processor.Generation;
        Reason = reason;
        NativeReason = nativeReason;
    }

    internal VmExit(VirtualProcessor processor, VmExitReason reason, uint nativeReason, int dataLength) : this(processor, reason, nativeReason) =>
        _dataLength = dataLength;

    /// <summary>Why the guest was left.</summary>
    public VmExitReason Reason { get; }

    /// <summary>The kernel's number for the reason (KVM_EXIT_…).</summary>
    public uint NativeReason { get; }

    /// <summary>The port of an <see cref="VmExitReason.IoIn"/> or <see cref="VmExitReason.IoOut"/>; 0 otherwise.</summary>
    public ushort Port { get; internal init; }

    /// <summary>The guest physical address of an <see cref="VmExitReason.MmioRead"/>, <see cref="VmExitReason.MmioWrite"/> or
    /// <see cref="VmExitReason.MemoryFault"/>; the linear address of the instruction of a <see cref="VmExitReason.Debug"/>; 0 otherwise.</summary>
    public ulong Address { get; internal init; }

    /// <summary>The size of one item in bytes: 1, 2 or 4 for a port, 1 to 8 for MMIO; 0 otherwise.</summary>
    public int Size { get; internal init; }

    /// <summary>The number of items: more than 1 for a string instruction on a port; 0 where there is no <see cref="Size"/>.</summary>
    public int Count { get; internal init; }

    /// <summary>More about the reasons that say so; 0 otherwise.</summary>
    public ulong Detail { get; internal init; }

    /// <summary>
    /// The bytes of a port or MMIO exit, <see cref="Size"/> × <see cref="Count"/> of them: a private copy, written back at the next entry
    /// where the guest reads. Empty for other reasons.
    /// </summary>
    /// <exception cref="InvalidOperationException">The processor has run since, or this is <see langword="default"/>.</exception>
    public Span<byte> Data => _processor is not null
        ? _processor.DataOf(_generation, _dataLength)
        : throw new InvalidOperationException("A default exit is none. Exits come from Run.");

    /// <summary>The exit in words.</summary>
    /// <returns>The reason, and what is known about it.</returns>
    public override string ToString() => Reason switch
    {
        VmExitReason.IoIn or VmExitReason.IoOut => $"{Reason}: {Count} × {Size} bytes, port 0x{Port:X}",
        VmExitReason.MmioRead or VmExitReason.MmioWrite => $"{Reason}: {Size} bytes, address 0x{Address:X}",
        VmExitReason.Unknown => $"{Reason}: {NativeReason}",
        VmExitReason.InternalError => $"{Reason}: 0x{Detail:X} ({DescribeInternalError()})",
        VmExitReason.MemoryFault => $"{Reason}: address 0x{Address:X}",
        VmExitReason.Debug => $"{Reason}: address 0x{Address:X}, DR6 0x{Detail:X}",
        _ => Detail == 0 ? $"{Reason}" : $"{Reason}: 0x{Detail:X}",
    };

    // KVM_INTERNAL_ERROR_… of linux/kvm.h.
    private string DescribeInternalError() => Detail switch
    {
        1 => "an instruction that the kernel cannot emulate; the registers say where",
        2 => "two exceptions at once",
        3 => "an event that cannot be delivered",
        4 => "an exit that the kernel does not know",
        _ => "api.rst, KVM_EXIT_INTERNAL_ERROR",
    };
}
