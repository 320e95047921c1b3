using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Rules;

/// <summary>The rules about flow in what C# 14 has added: extension blocks, and the <c>field</c> of a property.</summary>
public sealed class NewestLanguageTests
{
    [Theory]
    [InlineData("return new byte[{|NUB0011:host.Length|}];")]
    [InlineData("if (host.Length > 64) { return []; } return new byte[{|NUB0010:host.Length|}];")]
    [InlineData("return new byte[{|NUB0011:host.Word(8)|}];")]
    [InlineData("return new byte[{|NUB0011:host.Read<uint>(0).Twice|}];")]
    [InlineData("uint n = host.Read<uint>(0); return new byte[{|NUB0011:n.Quarter|}];")]
    [InlineData("uint n = host.Read<uint>(0); return {|NUB0011:n.Allocate()|};")]
    [InlineData("return {|NUB0011:4u.Other(host.Read<uint>(0))|};")]
    public async Task A_guests_number_is_followed_into_an_extension_block(string body) => await CheckExtensionsAsync(body);

    [Theory]
    [InlineData("uint n = host.Read<uint>(0); return n.IsSmall ? new byte[n] : [];")]
    [InlineData("return new byte[host.Read<uint>(0).Limited(64)];")]
    [InlineData("uint n = host.Read<uint>(0); if (n > 64) { return []; } return new byte[n.Twice];")]
    [InlineData("return 4u.Own(host.Read<uint>(0));")]
    [InlineData("uint n = host.Read<uint>(0); n.Fail(); return new byte[n];")]
    public async Task A_check_in_an_extension_block_is_one(string body) => await CheckExtensionsAsync(body);

    // C# 14, of which this compiler has a part: no generic block, and no operator.
    private static async Task CheckExtensionsAsync(string body) => await Markup.CheckNewestAsync($$"""
        public static class Extensions
        {
            extension(HostSharedMemory memory)
            {
                public uint Length => memory.Read<uint>(0);
                public uint Word(ulong at) => memory.Read<uint>(at);
                public byte[] Take() { uint n = memory.Read<uint>(0); return new byte[{|NUB0011:n|}]; }
            }

            extension(uint number)
            {
                public uint Twice => number * 2;
                public uint Half => number / 2;
                public uint Quarter => number.Half.Half;
                public bool IsSmall => number <= 64;
                public uint Limited(uint most) => Math.Min(number, most);
                public byte[] Allocate() => new byte[number];
                public byte[] Other(uint other) => new byte[other.Half];
                public byte[] Own(uint other) { if (other.Half == 4) { return []; } return new byte[number]; }
                public void Fail() => throw new ArgumentException("number");
            }
        }

        public static class Test
        {
            public static byte[] Run(HostSharedMemory host) { {{body}} }
        }
        """);

    [Theory]
    [InlineData("Span<byte> head = memory.Head; memory.Dispose(); return {|NUB0012:head|}[0];")]
    [InlineData("Span<byte> head = memory.Start(1); memory.Dispose(); return {|NUB0012:head|}[0];")]
    [InlineData("Span<byte> head = memory.AsSpan(0, 8); memory.Release(); return {|NUB0012:head|}[0];")]
    [InlineData("Span<byte> head = memory.Head; byte first = head[0]; memory.Release(); return first;")]
    [InlineData("Span<byte> head = memory.Head; other.Release(); return head[0];")]
    public async Task A_memory_is_followed_into_an_extension_block(string body) => await Markup.CheckNewestAsync($$"""
        public static class Extensions
        {
            extension(ExclusiveSharedMemory memory)
            {
                public Span<byte> Head => memory.AsSpan(0, 8);
                public Span<byte> Start(ulong from) => memory.AsSpan(from, 8);
                public void Release() => memory.Dispose();
            }
        }

        public static class Test
        {
            public static byte Run(ExclusiveSharedMemory memory, ExclusiveSharedMemory other) { {{body}} }
        }
        """);

    [Fact]
    public async Task A_property_with_code_in_an_accessor_gives_what_that_makes_of_its_field() => await Markup.CheckNewestAsync("""
        public sealed class Limited(HostSharedMemory host)
        {
            private uint Length { get; set => field = Math.Min(value, 64u); }
            public byte[] Run() { Length = host.Read<uint>(0); return new byte[Length]; }
        }

        public sealed class Lazy(HostSharedMemory host)
        {
            private uint Length => field != 0 ? field : field = host.Read<uint>(0);
            public byte[] Run() => new byte[{|NUB0011:Length|}];
        }

        public sealed class Plain(HostSharedMemory host)
        {
            private uint Length { get; set; }
            public byte[] Run() { Length = host.Read<uint>(0); return new byte[{|NUB0011:Length|}]; }
        }
        """);
}
