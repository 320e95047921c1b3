using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Rules;

/// <summary>NUB0010, NUB0011 and NUB0014 on memory at guest addresses, on leases of it, and on the reads of whole arrays.</summary>
public sealed class GuestAddressTests
{
    public static TheoryData<string> Memories => ["HostSharedMemory", "HostLease", "GuestAddressSpace", "GuestAddressLease"];

    private static readonly string[] s_atomics = ["Exchange", "Add", "And", "Or"];

    [Theory]
    [MemberData(nameof(Memories))]
    public async Task What_is_read_is_the_guests(string memory) => await CheckAsync(memory, """
        public static byte[] Read(in M memory, ulong at) => new byte[{|NUB0011:memory.Read<uint>(at)|}];
        public static byte[] TryRead(in M memory, ulong at) => memory.TryRead(at, out uint value) ? new byte[{|NUB0011:value|}] : [];
        public static byte[] Validated(in M memory, ulong at) => memory.TryReadValidated(at, out Flagged value) ? new byte[{|NUB0011:value.Length|}] : [];
        public static byte[] Copied(in M memory, ulong at) { byte[] copy = new byte[8]; memory.CopyTo(at, copy); return new byte[{|NUB0011:BitConverter.ToUInt32(copy)|}]; }
        public static byte[] TryCopied(in M memory, ulong at) { byte[] copy = new byte[8]; return memory.TryCopyTo(at, copy) ? new byte[{|NUB0011:BitConverter.ToUInt32(copy)|}] : []; }
        public static byte[] Array(in M memory, ulong at) { uint[] all = new uint[4]; memory.ReadArray<uint>(at, all); return new byte[{|NUB0011:all[1]|}]; }
        public static byte[] TryArray(in M memory, ulong at) { Span<uint> all = stackalloc uint[4]; return memory.TryReadArray(at, all) ? new byte[{|NUB0011:all[1]|}] : []; }
        public static byte[] View(in M memory, ulong at) => new byte[{|NUB0011:Wire.At(memory, at).Length|}];
        public static byte[] TryView(in M memory, ulong at) => Wire.TryAt(memory, at, out Wire.View view) ? new byte[{|NUB0011:view.Length|}] : [];
        public static byte[] Generic(in M memory, ulong at) => new byte[{|NUB0011:memory.At<Wire.View>(at).Load().Length|}];
        public static byte[] Elements(in M memory, ulong at) => new byte[{|NUB0011:Wire.ArrayAt(memory, at, 4)[1].Length|}];
        """);

    [Theory]
    [MemberData(nameof(Memories))]
    public async Task What_an_atomic_gives_is_the_guests(string memory) => await CheckAsync(memory, string.Concat(s_atomics.Select(static name => $$"""
        public static byte[] {{name}}(in M memory, ulong at) => new byte[{|NUB0011:memory.{{name}}<uint>(at, 1)|}];
        public static byte[] Try{{name}}(in M memory, ulong at) => memory.Try{{name}}<uint>(at, 1, out uint value) ? new byte[{|NUB0011:value|}] : [];

        """)) + """
        public static byte[] Compared(in M memory, ulong at) => new byte[{|NUB0011:memory.CompareExchange<uint>(at, 1, 2)|}];
        public static byte[] TryCompared(in M memory, ulong at) => memory.TryCompareExchange<uint>(at, 1, 2, out uint value) ? new byte[{|NUB0011:value|}] : [];
        """);

    [Theory]
    [MemberData(nameof(Memories))]
    public async Task The_same_bytes_are_found_to_be_read_twice(string memory) => await CheckAsync(memory, """
        public static byte[] Twice(in M memory, ulong at) => memory.Read<uint>(at) > 64 ? [] : new byte[{|NUB0010:memory.Read<uint>(at)|}];
        public static ulong Contained(in M memory, ulong at) => memory.Contains(memory.Read<ulong>(at), 64) ? {|NUB0010:memory.Read<ulong>(at)|} : 0;
        public static byte[] View(in M memory, ulong at) { Wire.View view = Wire.At(memory, at); return view.Length > 64 ? [] : new byte[{|NUB0010:view.Length|}]; }
        public static byte[] Array(in M memory, ulong at) { uint[] all = new uint[4]; memory.ReadArray<uint>(at, all); return all[1] > 64 ? [] : new byte[{|NUB0010:memory.Read<uint>(at + 12)|}]; }
        """);

    [Theory]
    [MemberData(nameof(Memories))]
    public async Task What_is_checked_or_written_in_between_is_not_reported(string memory) => await CheckAsync(memory, """
        public static byte[] Checked(in M memory, ulong at) { uint[] all = new uint[4]; memory.ReadArray<uint>(at, all); return all[1] > 64 ? [] : new byte[all[1]]; }
        public static byte[] Contained(in M memory, ulong at) { uint length = memory.Read<uint>(at); return memory.Contains(at, length) ? new byte[length] : []; }
        public static uint Behind(in M memory, ulong at) { uint[] all = new uint[4]; memory.ReadArray<uint>(at, all); return all[1] + memory.Read<uint>(at + 16); }
        public static uint Written(in M memory, ulong at) { uint before = memory.Read<uint>(at); memory.WriteArray<uint>(at, [1, 2]); return before + memory.Read<uint>(at); }
        public static uint Added(in M memory, ulong at) { uint before = memory.Read<uint>(at); memory.Or<uint>(at, 4); return before + memory.Read<uint>(at); }
        public static uint TryAdded(in M memory, ulong at) { uint before = memory.Read<uint>(at); memory.TryAdd<uint>(at, 4, out _); return before + memory.Read<uint>(at); }
        """);

    [Fact]
    public async Task A_lease_shows_the_bytes_of_what_it_was_entered_from_and_has_to_be_ended() => await Markup.CheckAsync("""
        public static class Test
        {
            public static byte[] Twice(GuestAddressSpace space, ulong at)
            {
                uint length = space.Read<uint>(at);
                using GuestAddressLease lease = space.Enter();
                return length > 64 ? [] : new byte[{|NUB0010:lease.Read<uint>(at)|}];
            }

            public static void Lost(GuestAddressSpace space) { {|NUB0014:space.Enter()|}; }
        }
        """);

    private static async Task CheckAsync(string memory, string members) => await Markup.CheckAsync($$"""
        using M = Nub.Memory.{{memory}};

        [AllValid] public partial struct Wire { public uint Length; public uint Flags; }
        [ValidateOnRead] public partial struct Flagged { public uint Length; public bool A, B, C, D; }

        public static class Test
        {
            {{members}}
        }
        """);
}
