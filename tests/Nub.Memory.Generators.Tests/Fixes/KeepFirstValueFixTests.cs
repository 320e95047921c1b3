using Nub.Memory.CodeFixes;
using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Fixes;

/// <summary>The fix of NUB0010.</summary>
public sealed class KeepFirstValueFixTests
{
    [Fact]
    public Task The_first_read_moves_into_a_local() => CheckAsync(
        """
                if (view.Length > 16 || view.Length == 3)
                {
                    return 0;
                }

                // Used.
                return _copy[view.Length];
        """,
        """
                uint length = view.Length;
                if (length > 16 || length == 3)
                {
                    return 0;
                }

                // Used.
                return _copy[length];
        """);

    [Fact]
    public Task A_local_that_has_the_value_is_used() => CheckAsync(
        """
                uint first = host.Read<uint>(8);
                if (first > 16)
                {
                    return 0;
                }

                return _copy[host.Read<uint>(8)] + host.Read<uint>(8);
        """,
        """
                uint first = host.Read<uint>(8);
                if (first > 16)
                {
                    return 0;
                }

                return _copy[first] + first;
        """);

    [Fact]
    public Task A_field_of_what_was_loaded_is_used() => CheckAsync(
        """
                Header whole = view.Load();
                return whole.Length > 16 ? 0 : _copy[view.Length];
        """,
        """
                Header whole = view.Load();
                return whole.Length > 16 ? 0 : _copy[whole.Length];
        """);

    [Fact]
    public Task Several_get_names_of_their_own() => CheckAsync(
        """
                uint length = 2;
                if (host.Read<uint>(0) > 16)
                {
                    return host.Read<uint>(0);
                }

                if (host.Read<uint>(4) > 16)
                {
                    return host.Read<uint>(4);
                }

                if (view.Length > 16)
                {
                    return view.Length;
                }

                return length + (Kind(host) > 16 ? Kind(host) : 1);
        """,
        """
                uint length = 2;
                uint value = host.Read<uint>(0);
                if (value > 16)
                {
                    return value;
                }

                uint value2 = host.Read<uint>(4);
                if (value2 > 16)
                {
                    return value2;
                }

                uint length2 = view.Length;
                if (length2 > 16)
                {
                    return length2;
                }

                uint kind = Kind(host);
                return length + (kind > 16 ? kind : 1);
        """,
        offset: "64");

    [Fact]
    public Task A_local_that_is_assigned_again_is_not_the_value() => CheckAsync(
        """
                uint first = host.Read<uint>(8);
                first++;
                return first + host.Read<uint>(8);
        """,
        """
                uint value = host.Read<uint>(8);
                uint first = value;
                first++;
                return first + value;
        """);

    [Theory]
    [InlineData("while (host.Read<uint>(8) > 16) { } return host.Read<uint>(8);")]
    [InlineData("return Kind(host) + host.Read<uint>(8) + host.Read<uint>(8);")]
    [InlineData("host.TryRead(8, out uint first); return first + host.Read<uint>(8);")]
    [InlineData("ulong first = host.Read<ulong>(8); return (uint)first + host.Read<uint>(8);")]
    [InlineData("if (view is { Kind: 1 }) { return 1; } return view is { Kind: 2 } ? 2u : 3u;")]
    [InlineData("if (view is { Length: > 16 }) { return 1; } return view.Length;")]
    [InlineData("if (view.Length > 16) { return 1; } return view is { Length: 2 } ? 2u : 3u;")]
    [InlineData("if (offset > 4 && host.Read<uint>(8) > 16) { return 1; } return host.Read<uint>(8);")]
    public async Task Where_it_would_be_something_else_nothing_is_offered(string body) =>
        Assert.Empty(await Fixing.TitlesAsync<KeepFirstValueFix>(Source(body, "0")));

    private static Task CheckAsync(string before, string after, string offset = "0") =>
        Fixing.CheckAsync<KeepFirstValueFix>(Source(before, offset), Source(after, offset));

    private static string Source(string body, string offset) => $$"""
        [AllValid]
        public partial struct Header { public uint Kind; public uint Length; }

        public static class Test
        {
            private static readonly uint[] _copy = new uint[17];

            public static uint Run(HostSharedMemory host, ulong offset)
            {
                Header.View view = Header.At(host, {{offset}} + offset);
        {{body}}
            }

            private static uint Kind(HostSharedMemory host) => host.Read<uint>(1024);
        }
        """;
}
