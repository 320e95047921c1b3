using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Incidents;

/// <summary>
/// The holes that the rules answer, as a developer would write them with this library: each is found, and the repair that was made
/// then is not reported.
/// </summary>
[Trait("Kind", "slow")]
public sealed class IncidentTests
{
    /// <summary>Xen's block backend checked the sectors of a descriptor, and read them again for the request.</summary>
    [Fact]
    public async Task Xsa155_the_sectors_of_a_descriptor_are_checked_and_read_again() =>
        await Markup.CheckAsync("""
            [AllValid] public partial struct Segment { public uint Grant; public byte First; public byte Last; public ushort Reserved; }
            public static class Blkback
            {
                public static int Sectors(HostSharedMemory page, int count)
                {
                    int sectors = 0;
                    for (int i = 0; i < count; i++)
                    {
                        Segment.View segment = Segment.ArrayAt(page, 0, 512)[i];
                        if (segment.Last > 7 || segment.First > {|NUB0010:segment.Last|})
                        {
                            return -1;
                        }

                        sectors += {|NUB0010:segment.Last|} - {|NUB0010:segment.First|} + 1;
                    }

                    return sectors;
                }

                public static int Repaired(HostSharedMemory page, int count)
                {
                    int sectors = 0;
                    for (int i = 0; i < count; i++)
                    {
                        Segment segment = Segment.ArrayAt(page, 0, 512)[i].Load();
                        if (segment.Last > 7 || segment.First > segment.Last)
                        {
                            return -1;
                        }

                        sectors += segment.Last - segment.First + 1;
                    }

                    return sectors;
                }
            }
            """);

    /// <summary>The same with the number of segments, which decides about an array.</summary>
    [Fact]
    public async Task Xsa155_the_number_of_segments_is_taken_from_the_ring_again() =>
        await Markup.CheckAsync("""
            [AllValid] public partial struct Segment { public uint Grant; public byte First; public byte Last; public ushort Reserved; }
            [InlineArray(11)] public struct Segments { private Segment _first; }
            [AllValid] public partial struct BlockRequest { public byte Operation; public byte Count; public ushort Handle; public uint Reserved; public ulong Id; public Segments Segments; }
            public sealed class Blkback(HostSharedMemory ring)
            {
                private const int MostSegments = 11;
                private readonly uint[] _grants = new uint[MostSegments];

                public int Dispatch(uint consumer)
                {
                    BlockRequest.View request = BlockRequest.ArrayAt(ring, 64, 32)[(int)(consumer & 31)];
                    if (request.Count == 0 || {|NUB0010:request.Count|} > MostSegments)
                    {
                        return -1;
                    }

                    int pages = 0;
                    for (int i = 0; i < {|NUB0010:request.Count|}; i++)
                    {
                        _grants[i] = request.Segments[i].Grant;
                        pages++;
                    }

                    return pages;
                }

                public int Repaired(uint consumer)
                {
                    BlockRequest request = BlockRequest.ArrayAt(ring, 64, 32)[(int)(consumer & 31)].Load();
                    if (request.Count is 0 or > MostSegments)
                    {
                        return -1;
                    }

                    int pages = 0;
                    for (int i = 0; i < request.Count; i++)
                    {
                        _grants[i] = request.Segments[i].Grant;
                        pages++;
                    }

                    return pages;
                }
            }
            """);

    /// <summary>Xen looked at the state of an I/O request in shared memory in a way that the compiler may make several reads of.</summary>
    [Fact]
    public async Task Xsa166_the_state_of_a_request_is_read_for_each_decision() =>
        await Markup.CheckAsync("""
            [AllValid] public partial struct IoRequest { public ulong Address; public ulong Data; public uint Count; public uint Size; public byte State; public byte Direction; public ushort Port; public uint Reserved; }
            public static class Ioreq
            {
                private static readonly string[] s_names = ["none", "ready", "in progress", "done"];

                public static string Describe(HostSharedMemory page, uint processor)
                {
                    IoRequest.View request = IoRequest.At(page, processor * 32u);
                    return request.State < 4 ? s_names[{|NUB0010:request.State|}] : "broken";
                }

                public static string Repaired(HostSharedMemory page, uint processor)
                {
                    byte state = IoRequest.At(page, processor * 32u).State;
                    return state < 4 ? s_names[state] : "broken";
                }
            }
            """);

    /// <summary>DPDK's vhost-crypto checked a descriptor, and fetched it again for the copy.</summary>
    [Fact]
    public async Task Cve_2020_14375_a_descriptor_is_checked_and_fetched_again() =>
        await Markup.CheckAsync("""
            [AllValid] public partial struct Descriptor { public ulong Address; public uint Length; public ushort Flags; public ushort Next; }
            public sealed class VhostCrypto(HostSharedMemory host)
            {
                private readonly byte[] _key = new byte[64];

                public bool TakeKey(ulong table, ushort head)
                {
                    SharedViews<Descriptor, Descriptor.View> descriptors = Descriptor.ArrayAt(host, table, 256);
                    if (!Fits(descriptors[head].Length))
                    {
                        return false;
                    }

                    Descriptor descriptor = {|NUB0010:descriptors[head].Load()|};
                    host.CopyTo(descriptor.Address, _key.AsSpan(0, (int)descriptor.Length));
                    return true;
                }

                public bool Repaired(ulong table, ushort head)
                {
                    Descriptor descriptor = Descriptor.ArrayAt(host, table, 256)[head].Load();
                    if (!Fits(descriptor.Length))
                    {
                        return false;
                    }

                    host.CopyTo(descriptor.Address, _key.AsSpan(0, (int)descriptor.Length));
                    return true;
                }

                private bool Fits(uint length) => length <= (uint)_key.Length;
            }
            """);

    /// <summary>The same: the length of an initialization vector was never compared with the room for it.</summary>
    [Fact]
    public async Task Cve_2020_14376_the_length_of_the_vector_is_not_checked() =>
        await Markup.CheckAsync("""
            [AllValid] public partial struct CipherRequest { public uint VectorLength; public uint SourceLength; public ulong VectorOffset; }
            public sealed class VhostCrypto(HostSharedMemory host)
            {
                private const int MostVector = 16;
                private readonly byte[] _vector = new byte[MostVector];

                public void Prepare(ulong offset)
                {
                    CipherRequest request = CipherRequest.At(host, offset).Load();
                    host.CopyTo(request.VectorOffset, _vector.AsSpan(0, {|NUB0011:(int)request.VectorLength|}));
                }

                public bool Repaired(ulong offset)
                {
                    CipherRequest request = CipherRequest.At(host, offset).Load();
                    if (request.VectorLength > MostVector)
                    {
                        return false;
                    }

                    host.CopyTo(request.VectorOffset, _vector.AsSpan(0, (int)request.VectorLength));
                    return true;
                }
            }
            """);

    /// <summary>And: what was left to move was subtracted from without a look, and a loop ran for billions of rounds.</summary>
    [Fact]
    public async Task Cve_2020_14378_a_loop_runs_as_long_as_the_guest_likes() =>
        await Markup.CheckAsync("""
            public static class VhostCrypto
            {
                public static int Move(HostSharedMemory host, ulong offset)
                {
                    uint left = host.Read<uint>(offset);
                    int descriptors = 0;
                    while ({|NUB0011:left|} > 0)
                    {
                        left -= 1;
                        descriptors++;
                    }

                    return descriptors;
                }

                public static int Repaired(HostSharedMemory host, ulong offset)
                {
                    uint left = host.Read<uint>(offset);
                    if (left > 256)
                    {
                        return -1;
                    }

                    int descriptors = 0;
                    while (left > 0)
                    {
                        left -= 1;
                        descriptors++;
                    }

                    return descriptors;
                }
            }
            """);

    /// <summary>KVM checked the control block of a nested guest where it stood (what it intercepts, for one), and took it over from there afterwards.</summary>
    [Fact]
    public async Task Cve_2021_29657_a_nested_control_block_is_checked_in_place() =>
        await Markup.CheckAsync("""
            [AllValid] public partial struct ControlBlock { public uint Intercepts; public uint AddressSpace; public ulong Efer; public ulong MsrBitmap; }
            public sealed class NestedSvm(HostSharedMemory guest)
            {
                private const uint InterceptRun = 1;
                private uint _intercepts;
                private ulong _bitmap;

                public bool Run(ulong address)
                {
                    ControlBlock.View block = ControlBlock.At(guest, address);
                    if (!IsLegal(block))
                    {
                        return false;
                    }

                    _intercepts = {|NUB0010:block.Intercepts|};
                    _bitmap = block.MsrBitmap;
                    return true;
                }

                public bool Repaired(ulong address)
                {
                    ControlBlock block = ControlBlock.At(guest, address).Load();
                    if ((block.Intercepts & InterceptRun) == 0 || block.AddressSpace == 0)
                    {
                        return false;
                    }

                    _intercepts = block.Intercepts;
                    _bitmap = block.MsrBitmap;
                    return true;
                }

                public ulong State => _intercepts ^ _bitmap;

                private static bool IsLegal(ControlBlock.View block) => (block.Intercepts & InterceptRun) != 0 && block.AddressSpace != 0;
            }
            """);

    /// <summary>KVM took registers from a page that user space kept writing (2023): a number was checked, and read again.</summary>
    [Fact]
    public async Task Kvm_sync_regs_an_exception_number_is_checked_and_read_again() =>
        await Markup.CheckAsync("""
            [AllValid] public partial struct ProcessorEvents { public byte Injected; public byte Number; public byte HasErrorCode; public byte Pending; public uint ErrorCode; }
            public sealed class Processor(HostSharedMemory run)
            {
                private readonly int[] _handlers = new int[32];

                public int SetEvents()
                {
                    ProcessorEvents.View events = ProcessorEvents.At(run, 0x100);
                    if (events.Number > 31 || {|NUB0010:events.Number|} == 2)
                    {
                        return -22;
                    }

                    return _handlers[{|NUB0010:events.Number|}];
                }

                public int Repaired()
                {
                    ProcessorEvents events = ProcessorEvents.At(run, 0x100).Load();
                    return events.Number is > 31 or 2 ? -22 : _handlers[events.Number];
                }
            }
            """);

    /// <summary>
    /// vm-memory copied an object byte by byte, so that an index came out as a mixture of two. A <c>Read</c> of it is one load here;
    /// who copies bytes and puts them together gets the mixture, and nothing has checked it.
    /// </summary>
    [Fact]
    public async Task Cve_2020_13759_an_index_is_put_together_from_bytes() =>
        await Markup.CheckAsync("""
            public sealed class Queue(HostSharedMemory host)
            {
                private readonly ulong[] _descriptors = new ulong[256];

                public ulong Next()
                {
                    Span<byte> copy = stackalloc byte[2];
                    host.CopyTo(2, copy);
                    int index = copy[0] | copy[1] << 8;
                    return _descriptors[{|NUB0011:index|}];
                }

                public ulong Repaired() => _descriptors[host.Read<ushort>(2) % _descriptors.Length];
            }
            """);

    /// <summary>vm-memory took a count for the length of what it had: a slice that other code made could be shorter.</summary>
    [Fact]
    public async Task Cve_2023_41051_a_count_is_not_compared_with_the_slice() =>
        await Markup.CheckAsync("""
            public static class VolatileMemory
            {
                public static Span<byte> GetArray(HostSharedMemory host, Span<byte> region)
                {
                    uint offset = host.Read<uint>(0);
                    uint count = host.Read<uint>(4);
                    if (offset > (uint)region.Length)
                    {
                        return default;
                    }

                    return region.Slice((int)offset, {|NUB0011:(int)count|});
                }

                // The sum of what the guest says overflows, and passes.
                public static Span<byte> Overflowing(HostSharedMemory host, Span<byte> region)
                {
                    uint offset = host.Read<uint>(0);
                    uint count = host.Read<uint>(4);
                    if (offset + count > (uint)region.Length)
                    {
                        return default;
                    }

                    return region.Slice({|NUB0011:(int)offset|}, {|NUB0011:(int)count|});
                }

                public static Span<byte> Repaired(HostSharedMemory host, Span<byte> region)
                {
                    uint offset = host.Read<uint>(0);
                    uint count = host.Read<uint>(4);
                    uint size = (uint)region.Length;
                    return offset <= size && count <= size - offset ? region.Slice((int)offset, (int)count) : default;
                }
            }
            """);

    /// <summary>The responses of Xen's block backends carried padding of the stack to the guest.</summary>
    [Fact]
    public async Task Xsa216_a_response_has_padding() =>
        await Markup.CheckAsync("""
            [AllValid] public partial struct Response { public ulong Id; public byte {|NUB0005:Operation|}; public short {|NUB0005:Status|}; }
            [AllValid] public partial struct Repaired { public ulong Id; public byte Operation; private byte _reserved9; public short Status; private uint _reserved12; }
            """);
}
