using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Incidents;

/// <summary>The holes about pointers, and about how long something is held: each is found, and its repair is not reported.</summary>
public sealed class LifetimeIncidentTests
{
    /// <summary>vm-memory made references of a slice's pointer: the length is not looked at any more.</summary>
    [Fact]
    public async Task Cve_2023_41051_an_array_is_made_of_a_pointer() =>
        await Markup.CheckAsync("""
            public static unsafe class VolatileMemory
            {
                public static ulong Last(HostSharedMemory host, ulong offset, int count)
                {
                    ulong* first = (ulong*)(host.BaseAddress + (nint)offset);
                    return {|NUB0013:first[count - 1]|};
                }

                public static ulong Repaired(HostSharedMemory host, ulong offset, int count) =>
                    SharedArrayView.At<ulong>(host, offset, count)[count - 1];
            }
            """);

    /// <summary>DPDK's vhost-user made a pointer of a guest's address, without a look whether all that is wanted there is mapped.</summary>
    [Fact]
    public async Task Cve_2018_1059_a_range_of_the_guests_is_taken_for_mapped() =>
        await Markup.CheckAsync("""
            [AllValid] public partial struct Descriptor { public ulong Address; public uint Length; public ushort Flags; public ushort Next; }
            public static unsafe class VhostUser
            {
                public static void Send(HostSharedMemory host, ulong table, Span<byte> packet)
                {
                    Descriptor descriptor = Descriptor.At(host, table).Load();
                    int length = (int)Math.Min(descriptor.Length, (uint)packet.Length);
                    {|NUB0013:new ReadOnlySpan<byte>((void*)({|NUB0011:host.BaseAddress + (nint)descriptor.Address|}), length)|}.CopyTo(packet);
                }

                public static void Repaired(HostSharedMemory host, ulong table, Span<byte> packet)
                {
                    Descriptor descriptor = Descriptor.At(host, table).Load();
                    int length = (int)Math.Min(descriptor.Length, (uint)packet.Length);
                    host.CopyTo(descriptor.Address, packet[..length]);
                }
            }
            """);

    /// <summary>Xen's backends worked on what their guests could still write: here, on a span of what became the guest's.</summary>
    [Fact]
    public async Task Xsa155_what_is_the_guests_is_worked_on_as_if_it_were_private() =>
        await Markup.CheckAsync("""
            public static class Loader
            {
                public static (HostSharedMemory Host, GuestSharedMemory Guest) Start(ReadOnlySpan<byte> image)
                {
                    var memory = new ExclusiveSharedMemory(64 * 1024);
                    Span<byte> header = memory.AsSpan(0, 64);
                    image[..64].CopyTo(header);
                    var pair = memory.Build();
                    if ({|NUB0012:header|}[0] > 16)
                    {
                        throw new InvalidOperationException();
                    }

                    pair.Host.Write(64, (uint){|NUB0012:header|}[0]);
                    return pair;
                }

                public static (HostSharedMemory Host, GuestSharedMemory Guest) Repaired(ReadOnlySpan<byte> image)
                {
                    var memory = new ExclusiveSharedMemory(64 * 1024);
                    Span<byte> header = memory.AsSpan(0, 64);
                    image[..64].CopyTo(header);
                    byte kind = header[0];
                    var pair = memory.Build();
                    if (kind > 16)
                    {
                        throw new InvalidOperationException();
                    }

                    pair.Host.Write(64, (uint)kind);
                    return pair;
                }
            }
            """);

    /// <summary>Linux's block backend kept a pointer over a disconnect, and used it again after what it showed was freed.</summary>
    [Fact]
    public async Task Xsa350_a_pointer_outlives_the_disconnect() =>
        await Markup.CheckAsync("""
            public static class Blkback
            {
                public static int Serve(Func<bool> isConnected)
                {
                    var ring = new ExclusiveSharedMemory(4096);
                    Span<byte> requests = ring.AsSpan(0, 4096);
                    int served = 0;
                    while (served < 16)
                    {
                        served += {|NUB0012:requests|}[served];
                        if (!isConnected())
                        {
                            ring.Dispose();
                        }
                    }

                    return served;
                }

                public static int Repaired(Func<bool> isConnected)
                {
                    using var ring = new ExclusiveSharedMemory(4096);
                    Span<byte> requests = ring.AsSpan(0, 4096);
                    int served = 0;
                    while (served < 16 && isConnected())
                    {
                        served += requests[served];
                    }

                    return served;
                }
            }
            """);

    /// <summary>Xen locked pages, found some of them in use, and left without unlocking: the guest could hang the host.</summary>
    [Fact]
    public async Task Cve_2012_5514_a_way_out_keeps_the_lock() =>
        await Markup.CheckAsync("""
            public static class PopulateOnDemand
            {
                public static bool Mark(HostSharedMemory host, ulong first, int count)
                {
                    HostLease access = {|NUB0014:host.Enter()|};
                    for (int i = 0; i < count; i++)
                    {
                        if (!access.TryRead(first + (ulong)i, out byte state) || state != 0)
                        {
                            return false;
                        }
                    }

                    access.Dispose();
                    return true;
                }

                public static bool Repaired(HostSharedMemory host, ulong first, int count)
                {
                    using HostLease access = host.Enter();
                    for (int i = 0; i < count; i++)
                    {
                        if (!access.TryRead(first + (ulong)i, out byte state) || state != 0)
                        {
                            return false;
                        }
                    }

                    return true;
                }
            }
            """);

    /// <summary>Xen's libxl did not release what it had mapped when the machine could not be built.</summary>
    [Fact]
    public async Task Xsa160_what_was_taken_is_not_released_on_failure() =>
        await Markup.CheckAsync("""
            public static class Libxl
            {
                public static bool Build(GuestSharedMemory guest, Func<bool> start)
                {
                    GuestLease lease = {|NUB0014:guest.EnterGuest()|};
                    try
                    {
                        if (!start())
                        {
                            throw new InvalidOperationException();
                        }

                        lease.Dispose();
                        return true;
                    }
                    catch (InvalidOperationException)
                    {
                        return false;
                    }
                }

                public static bool Repaired(GuestSharedMemory guest, Func<bool> start)
                {
                    using GuestLease lease = guest.EnterGuest();
                    return start();
                }
            }
            """);
}
