using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Rules;

/// <summary>NUB0011 on what the other packages hand out of shared memory: requests in a queue, records of a ring.</summary>
public sealed class PackageSourceTests
{
    [Theory]
    [InlineData("ChainReader request = chain.Readable; return request.TryRead(out uint length) ? new byte[{|NUB0011:length|}] : [];")]
    [InlineData("ChainReader request = chain.Readable; return request.TryRead(out Header header) ? new byte[{|NUB0011:header.Length|}] : [];")]
    [InlineData("return records.TryRead(out uint length) ? new byte[{|NUB0011:length|}] : [];")]
    [InlineData("return new byte[{|NUB0011:records.Read<Header>().Length|}];")]
    [InlineData("return news.TryRead(out Header header, out _) ? new byte[{|NUB0011:header.Length|}] : [];")]
    public async Task What_the_other_side_wrote_is_its_choice(string body) => await CheckAsync(body);

    [Theory]
    [InlineData("ChainReader request = chain.Readable; return request.TryRead(out uint length) && length <= 64 ? new byte[length] : [];")]
    [InlineData("return records.TryRead(out Header header) && header.Length <= 64 ? new byte[header.Length] : [];")]
    [InlineData("uint one = records.Read<uint>(); uint other = records.Read<uint>(); Use(one); Use(other); return [];")]
    [InlineData("return news.TryRead(out Header header, out ulong lost) && header.Length <= 64 ? new byte[header.Length + (int)Math.Min(lost, 1)] : [];")]
    [InlineData("return records.TryPeekLength(out int length) ? new byte[length] : [];")]
    [InlineData("return new byte[chain.Readable.Remaining];")]
    public async Task What_was_checked_there_or_here_is_not_reported(string body) => await CheckAsync(body);

    private static async Task CheckAsync(string body) =>
        await Markup.CheckAsync($$"""
            using Nub.Ipc;
            using Nub.Virtio;

            [AllValid] public partial struct Header { public int Kind; public uint Length; }

            public static class Test
            {
                public static byte[] Run(DescriptorChain chain, SharedRingConsumer records, SharedBroadcastConsumer news)
                {
                    Use(chain.Head); Use(records); Use(news);
                    {{body}}
                }

                private static void Use<T>(T value) => Console.WriteLine(value);
            }
            """);
}
