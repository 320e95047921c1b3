using System.Collections.Immutable;

namespace Nub.Memory.StandIn.Projects;

/// <summary>Ryujinx: processes have one memory, the GPU and the devices have theirs over it, and all lies in blocks.</summary>
internal sealed class Ryujinx : Project
{
    public override string Name => "ryujinx";

    public override ImmutableArray<MemoryType> Memories =>
    [
        new("Ryujinx.Memory.IVirtualMemoryManager"),
        new("Ryujinx.Graphics.Gpu.Memory.MemoryManager", "OfGpu"),
        new("Ryujinx.Graphics.Gpu.Memory.PhysicalMemory", "OfGpuPhysical"),
        new("Ryujinx.Memory.MemoryBlock", "OfBlock"),
        new("Ryujinx.Graphics.Device.DeviceMemoryManager", "OfDevice"),
    ];

    public override ImmutableArray<CallRule> Calls =>
    [
        .. Each("Read", CallKind.CopyTo, buffer: "data"),
        .. Each("Read", CallKind.Read),
        .. Each("ReadTracked", CallKind.Read),
        .. Each("Write", CallKind.CopyFrom, buffer: "data"),
        .. Each("Write", CallKind.Write, value: "value"),
        .. Each("WriteUntracked", CallKind.CopyFrom, buffer: "data"),
        .. Each("WriteTrackedResource", CallKind.CopyFrom, buffer: "data"),
        .. Each("GetSpan", CallKind.SpanOut, count: "size"),
        .. Each("GetSpanMapped", CallKind.SpanOut, count: "size"),
        // A block calls what it writes data whatever it is.
        new("Write", CallKind.Write, "offset", Value: "data"),
    ];

    // By what translates it, by what does not, and by a block.
    private static readonly string[] s_namesOfAddresses = ["va", "address", "offset"];

    private static CallRule[] Each(string method, CallKind kind, string? value = null, string? buffer = null, string? count = null) =>
        [.. s_namesOfAddresses.Select(address => new CallRule(method, kind, address, Value: value, Buffer: buffer, Count: count))];
}
