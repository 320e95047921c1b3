using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Rules;

/// <summary>NUB0011 where a call of the framework's only makes one number of others: it is the same each time, and as large as they are.</summary>
public sealed class PureCallTests
{
    [Theory]
    [InlineData("uint n = host.Read<uint>(0); if (n > 64) { return []; } return new byte[Convert.ToInt32(n)];")]
    [InlineData("uint n = host.Read<uint>(0); if (n > 64) { return []; } return new byte[int.CreateChecked(n)];")]
    [InlineData("uint n = host.Read<uint>(0); if (n > 64) { return []; } return new byte[int.CreateSaturating(n)];")]
    [InlineData("uint n = host.Read<uint>(0); if (n > 64) { return []; } return new byte[int.CreateTruncating(n)];")]
    [InlineData("uint n = host.Read<uint>(0); if (Convert.ToInt32(n) > 64) { return []; } return new byte[Convert.ToInt32(n)];")]
    [InlineData("byte[] copy = new byte[8]; host.CopyTo(0, copy); var head = new Head(copy); if (head.Length > 64) { return []; } return new byte[head.Length];")]
    [InlineData("byte[] copy = new byte[8]; host.CopyTo(0, copy); var head = new Head(copy); if (head.Kind > 64) { return []; } return new byte[head.Kind];")]
    [InlineData("byte[] copy = new byte[8]; host.CopyTo(0, copy); if (BitConverter.ToUInt32(copy, 4) > 64) { return []; } return new byte[BitConverter.ToUInt32(copy, 4)];")]
    public async Task What_was_checked_is_so_wherever_it_is_asked_for_again(string body) => await CheckAsync(body);

    [Theory]
    [InlineData("uint n = host.Read<uint>(0); return new byte[{|NUB0011:Convert.ToInt32(n)|}];")]
    [InlineData("uint n = host.Read<uint>(0); return new byte[{|NUB0011:int.CreateChecked(n)|}];")]
    [InlineData("int n = host.Read<int>(0); if (n > 64) { return []; } return new byte[{|NUB0011:Convert.ToInt64(n)|}];")]
    [InlineData("int n = host.Read<int>(0); if (n > 64) { return []; } return new byte[{|NUB0011:long.CreateSaturating(n)|}];")]
    [InlineData("int n = host.Read<int>(0); if (n > 64) { return []; } return new byte[{|NUB0011:uint.CreateTruncating(n)|}];")]
    [InlineData("byte[] copy = new byte[8]; host.CopyTo(0, copy); var head = new Head(copy); if (head.Kind > 64) { return []; } return new byte[{|NUB0011:head.Length|}];")]
    [InlineData("byte[] copy = new byte[8]; host.CopyTo(0, copy); if (BitConverter.ToUInt32(copy, 4) > 64) { return []; } return new byte[{|NUB0011:BitConverter.ToUInt32(copy, 0)|}];")]
    [InlineData("byte[] copy = new byte[8]; host.CopyTo(0, copy); var head = new Head(copy); if (head.Length > 64) { return []; } host.CopyTo(8, copy); return new byte[{|NUB0011:head.Length|}];")]
    public async Task What_was_not_is_reported(string body) => await CheckAsync(body);

    private static async Task CheckAsync(string body) => await Markup.CheckAsync($$"""
        using System.Buffers.Binary;

        public readonly ref struct Head
        {
            private readonly ReadOnlySpan<byte> _bytes;
            public Head(ReadOnlySpan<byte> bytes) => _bytes = bytes;
            public uint Length => BinaryPrimitives.ReadUInt32LittleEndian(_bytes);
            public uint Kind => MemoryMarshal.Read<uint>(_bytes);
        }

        public static class Test
        {
            public static byte[] Run(HostSharedMemory host) { {{body}} }
        }
        """);
}
