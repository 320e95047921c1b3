using System.Runtime.InteropServices;

namespace Nub.Kvm;

/// <summary>The leaves of CPUID as the kernel takes and gives them: <c>struct kvm_cpuid2</c>, a header and 40 bytes for each
/// leaf.</summary>
internal static unsafe class CpuidTable
{
    // The kernel takes no more than 256 (KVM_MAX_CPUID_ENTRIES).
    private const int MostEntries = 256;

    public static CpuidEntry[] Get(Request request, Descriptor descriptor)
    {
        byte[] table = new byte[sizeof(FlexibleArrayHeader) + MostEntries * sizeof(CpuidEntry)];
        ref FlexibleArrayHeader header = ref MemoryMarshal.AsRef<FlexibleArrayHeader>(table.AsSpan());
        header.Count = MostEntries;
        request.Call(descriptor, ref header);
        int count = (int)Math.Min(header.Count, MostEntries);
        return MemoryMarshal.Cast<byte, CpuidEntry>(table.AsSpan(sizeof(FlexibleArrayHeader)))[..count].ToArray();
    }

    public static void Set(Request request, Descriptor descriptor, ReadOnlySpan<CpuidEntry> entries)
    {
        if (entries.Length > MostEntries)
        {
            throw new ArgumentException($"{entries.Length} leaves were given; the kernel takes at most {MostEntries}.", nameof(entries));
        }

        byte[] table = new byte[sizeof(FlexibleArrayHeader) + entries.Length * sizeof(CpuidEntry)];
        ref FlexibleArrayHeader header = ref MemoryMarshal.AsRef<FlexibleArrayHeader>(table.AsSpan());
        header.Count = (uint)entries.Length;
        MemoryMarshal.AsBytes(entries).CopyTo(table.AsSpan(sizeof(FlexibleArrayHeader)));
        request.Call(descriptor, ref header);
    }
}
