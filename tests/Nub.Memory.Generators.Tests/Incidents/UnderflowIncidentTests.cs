using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Incidents;

/// <summary>The holes that a difference made which wrapped round: more was subtracted than there was.</summary>
public sealed class UnderflowIncidentTests
{
    /// <summary>
    /// DPDK's vhost-crypto took the length of one descriptor after the other from what was left to move, without a look whether there
    /// was as much: a loop of 4,294,967,295 rounds. A limit for the lengths themselves, as here, does not help.
    /// </summary>
    [Fact]
    public async Task Cve_2020_14378_what_is_left_wraps_round() =>
        await Markup.CheckAsync("""
            [AllValid] public partial struct Descriptor { public ulong Address; public uint Length; public ushort Flags; public ushort Next; }
            public sealed class VhostCrypto(HostSharedMemory host)
            {
                private const uint MostBytes = 65_536;
                private const uint MostOfOne = 4_096;

                public int Move(ulong table, ushort head, uint size)
                {
                    uint left = Math.Min(size, MostBytes);
                    int descriptors = 0;
                    while ({|NUB0011:left|} > 0)
                    {
                        Descriptor descriptor = Descriptor.ArrayAt(host, table, 256)[head].Load();
                        if (descriptor.Length > MostOfOne)
                        {
                            return -1;
                        }

                        left -= descriptor.Length;
                        head = descriptor.Next;
                        descriptors++;
                    }

                    return descriptors;
                }

                public int Repaired(ulong table, ushort head, uint size)
                {
                    uint left = Math.Min(size, MostBytes);
                    int descriptors = 0;
                    while (left > 0)
                    {
                        Descriptor descriptor = Descriptor.ArrayAt(host, table, 256)[head].Load();
                        if (descriptor.Length == 0 || descriptor.Length > left)
                        {
                            return -1;
                        }

                        left -= descriptor.Length;
                        head = descriptor.Next;
                        descriptors++;
                    }

                    return descriptors;
                }
            }
            """);
}
