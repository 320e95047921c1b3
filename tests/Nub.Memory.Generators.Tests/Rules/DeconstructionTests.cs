using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Rules;

/// <summary>NUB0010 and NUB0011 on what a <c>Deconstruct</c> of a project's own gives: it is followed as a call is.</summary>
public sealed class DeconstructionTests
{
    [Theory]
    [InlineData("public static byte[] Run(HostSharedMemory host) { var (_, length) = host.Read<Wire>(0); return new byte[{|NUB0011:length|}]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { Wire wire = host.Read<Wire>(0); if (wire.Address > 64) { return []; } (ulong address, uint length) = wire; return address > 4 ? [] : new byte[{|NUB0011:length|}]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) => host.Read<Wire>(0) is (_, var length) ? new byte[{|NUB0011:length|}] : [];")]
    [InlineData("public static byte[] Run(HostSharedMemory host) => host.Read<Wire>(0) switch { (0, _) => [], (_, var length) => new byte[{|NUB0011:length|}] };")]
    [InlineData("public static byte[] Run(HostSharedMemory host) => (4, host.Read<Wire>(0)) is (_, (< 64, var length)) ? new byte[{|NUB0011:length|}] : [];")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { var (kind, (address, length)) = (4, host.Read<Wire>(0)); return address > 4 || kind > 4 ? [] : new byte[{|NUB0011:length|}]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { var (wire, kind) = host.Read<Outer>(0); var (address, length) = wire; return new byte[{|NUB0011:length|}]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { var ((address, length), kind) = host.Read<Outer>(0); return new byte[{|NUB0011:length|}]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) => host.Read<Outer>(0) is (var length, _, _) ? new byte[{|NUB0011:length|}] : [];")]
    public async Task The_parts_are_the_guests(string member) => await CheckAsync(member);

    [Theory]
    [InlineData("public static byte[] Run(HostSharedMemory host) { Wire wire = host.Read<Wire>(0); if (wire.Length > 64) { return []; } var (_, length) = wire; return new byte[length]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { var (_, length) = host.Read<Wire>(0); return length > 64 ? [] : new byte[length]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { Wire wire = host.Read<Wire>(0); return wire is (_, <= 64) ? new byte[wire.Length] : []; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) => host.Read<Wire>(0) is (_, <= 64 and var length) ? new byte[length] : [];")]
    [InlineData("public static byte[] Run(HostSharedMemory host) => host.Read<Wire>(0) switch { (_, > 64) => [], (_, var length) => new byte[Math.Min(length, 64)] };")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { var (small, flags) = host.Read<Limited>(0); return new byte[small + (flags > 64 ? 0 : flags)]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) => host.Read<Limited>(0) is (var small, _) ? new byte[small] : [];")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { Extended wire = host.Read<Extended>(0); if (wire.Length > 64) { return []; } var (_, length) = wire; return new byte[length]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) => host.Read<Extended>(0) is (_, <= 64 and var length) ? new byte[length] : [];")]
    [InlineData("public static bool Run(HostSharedMemory host) => host.Read<Limited>(0) is ();")]
    public async Task What_was_checked_before_in_it_or_after_is_not_reported(string member) => await CheckAsync(member);

    [Theory]
    [InlineData("public static byte[] Run(HostSharedMemory host) { Wire.View view = Wire.At(host, 0); if (view.Length > 64) { return []; } {|NUB0010:var (_, length) = view|}; return new byte[length]; }")]
    [InlineData("public static byte[] Run(Wire.View view) { var (_, length) = view; return new byte[{|NUB0011:length|}]; }")]
    [InlineData("public static byte[] Run(Wire.View view) { if (view is (_, > 64)) { return []; } return new byte[{|NUB0010:view.Length|}]; }")]
    [InlineData("public static byte[] Run(Device device) { var (kind, length) = device; return kind > 4 ? [] : new byte[{|NUB0011:length|}]; }")]
    public async Task What_it_reads_is_read(string member) => await CheckAsync(member);

    [Theory]
    [InlineData("public static uint Run(Wire.View view) => view switch { (0, > 64) => 1, (4, _) => 2, (_, var length) => length };")]
    [InlineData("public static uint Run(Wire.View view) => view is (> 4, _) or (_, > 4) ? 1u : 2u;")]
    [InlineData("public static uint Run(Wire.View view) { uint sum = 0; for (int i = 0; i < 4; i++) { sum += view is (_, var length) ? length : 1; } return sum; }")]
    public async Task One_switch_or_one_pattern_takes_apart_once(string member) => await CheckAsync(member);

    private static async Task CheckAsync(string member) => await Markup.CheckAsync($$"""
        [AllValid] public partial struct Wire
        {
            public ulong Address;
            public uint Length, Flags;
            public readonly void Deconstruct(out ulong address, out uint length) { address = Address; length = Length; }
            public ref partial struct View { public void Deconstruct(out ulong address, out uint length) => (address, length) = (Address, Length); }
        }

        [AllValid] public partial struct Outer
        {
            public Wire Wire;
            public uint Kind, Rest;
            public readonly void Deconstruct(out Wire wire, out uint kind) => (wire, kind) = (Wire, Kind);
            public readonly void Deconstruct(out uint length, out uint kind, out uint rest) => (length, kind, rest) = (Wire.Length, Kind, Rest);
        }

        [AllValid] public partial struct Limited
        {
            public uint Length, Flags;
            public readonly void Deconstruct(out uint length, out uint flags) { length = Math.Min(Length, 64); flags = Flags; }
            public readonly void Deconstruct() { }
        }

        [AllValid] public partial struct Extended { public uint Length, Flags; }
        public sealed class Device(HostSharedMemory host) { public void Deconstruct(out uint kind, out uint length) { kind = host.Read<uint>(0); length = host.Read<uint>(4); } }

        public static class Test
        {
            public static void Deconstruct(this Extended wire, out uint flags, out uint length) { flags = wire.Flags; length = wire.Length; }
            {{member}}
        }
        """);
}
