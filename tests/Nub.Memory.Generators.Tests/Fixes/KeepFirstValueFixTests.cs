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

    /// <summary>What stands before the statement stays there once, and before the read.</summary>
    [Fact]
    public Task A_comment_and_a_directive_stay_once() => CheckAsync(
        """
                #region Checks
                // All of it.
                if (view.Length > 16 | view.Kind > 16)
                {
                    return 0;
                }
                #endregion

                return view.Length + view.Kind;
        """,
        """
                #region Checks
                // All of it.
                uint length = view.Length;
                uint kind = view.Kind;
                if (length > 16 | kind > 16)
                {
                    return 0;
                }
                #endregion

                return length + kind;
        """);

    [Fact]
    public Task A_name_that_is_a_keyword_is_written_as_it_is() => CheckAsync(
        """
                uint @class = host.Read<uint>(8);
                return @class > 16 ? 0 : _copy[host.Read<uint>(8)];
        """,
        """
                uint @class = host.Read<uint>(8);
                return @class > 16 ? 0 : _copy[@class];
        """);

    [Fact]
    public Task Names_that_are_in_use_are_passed_over() => CheckAsync(
        """
                uint value = 2;
                if (host.Read<uint>(0) > 16)
                {
                    return host.Read<uint>(0);
                }

                if (host.Read<uint>(4) > 16)
                {
                    return host.Read<uint>(4);
                }

                return value;
        """,
        """
                uint value = 2;
                uint value2 = host.Read<uint>(0);
                if (value2 > 16)
                {
                    return value2;
                }

                uint value3 = host.Read<uint>(4);
                if (value3 > 16)
                {
                    return value3;
                }

                return value;
        """);

    /// <summary>Each of them is reported: only the fix is not to be had.</summary>
    [Theory]
    [InlineData("host.CopyTo(0, _bytes); Use(_bytes); host.CopyTo(0, _bytes); Use(_bytes); return 0;")]
    [InlineData("uint first; host.TryRead(8, out first); Use(first); host.TryRead(8, out first); return first;")]
    [InlineData("uint Local() => host.Read<uint>(8) > 16 ? 0 : host.Read<uint>(8); return Local();")]
    [InlineData("uint first = host.Read<uint>(offset); offset += 2; return first + host.Read<uint>(offset);")]
    [InlineData("uint first = host.Read<uint>(offset); Advance(); return first + host.Read<uint>(offset); void Advance() => offset += 2;")]
    [InlineData("uint first = Next(host); return first + Next(host);")]
    [InlineData("byte[] first = Copy(host); byte[] second = Copy(host); second[0] = 4; return first[0];")]
    [InlineData("Header whole = view.Load(); if (whole.Length > 16) { return 0; } whole.Length = 3; return whole.Kind + _copy[view.Length];")]
    [InlineData("Header whole = view.Load(); if (whole.Length > 16) { return 0; } whole.Length++; return whole.Kind + _copy[view.Length];")]
    [InlineData("Header whole = view.Load(); if (whole.Length > 16) { return 0; } whole.Clear(); return whole.Kind + _copy[view.Length];")]
    [InlineData("Header whole = view.Load(); if (whole.Length > 16) { return 0; } Clear(ref whole.Length); return whole.Kind + _copy[view.Length];")]
    [InlineData("uint first = 4, sum = first + view.Length; return sum + view.Length;")]
    [InlineData("return _copy[offset++] + host.Read<uint>(offset) + host.Read<uint>(offset);")]
    [InlineData("uint? first = null; first ??= host.Read<uint>(8); return first.Value + host.Read<uint>(8);")]
    [InlineData("try { Use(_bytes); } catch (Exception) when (host.Read<uint>(8) > 4 && host.Read<uint>(8) < 6) { } return 0;")]
    [InlineData("if (offset == 0) { goto again; } return 0; again: if (host.Read<uint>(8) > 16) { return 1; } return host.Read<uint>(8);")]
    [InlineData("return (uint)(from one in _copy where host.Read<uint>(8) > one && host.Read<uint>(8) < 9 select one).Count();")]
    [InlineData("foreach (uint one in _copy) Use(new uint[] { host.Read<uint>(8), host.Read<uint>(8), one }); return 0;")]
    public async Task Where_the_value_would_be_another_a_person_has_to_look(string body) =>
        Assert.Empty(await Fixing.TitlesAsync<KeepFirstValueFix>(Source(body, "0")));

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

    [Fact]
    public async Task An_enum_is_not_offered_for_the_integer_that_its_view_has() => Assert.Empty(await Fixing.TitlesAsync<KeepFirstValueFix>("""
        public enum Op : ushort { In, Out }
        [AllValid] public partial struct Request { [WireEnum] public Op Kind; public ushort Size; }
        public static class Test
        {
            public static int Run(HostSharedMemory host, int[] table)
            {
                Request.View view = Request.At(host, 0);
                Request whole = view.Load();
                if (!Enum.IsDefined(whole.Kind)) { return 0; } return table[view.Kind];
            }
        }
        """));

    private static Task CheckAsync(string before, string after, string offset = "0") =>
        Fixing.CheckAsync<KeepFirstValueFix>(Source(before, offset), Source(after, offset));

    private static string Source(string body, string offset) => $$"""
        using System.Linq;

        [AllValid]
        public partial struct Header { public uint Kind; public uint Length; public void Clear() => Length = 0; }

        public static class Test
        {
            private static readonly uint[] _copy = new uint[17];
            private static readonly byte[] _bytes = new byte[8];
            private static ulong s_at;

            public static uint Run(HostSharedMemory host, ulong offset)
            {
                Header.View view = Header.At(host, {{offset}} + offset);
        {{body}}
            }

            private static uint Kind(HostSharedMemory host) => host.Read<uint>(1024);
            private static void Use<T>(T value) => Console.WriteLine(value);
            private static byte[] Copy(HostSharedMemory host) => [host.Read<byte>(1024)];
            private static uint Next(HostSharedMemory host) { s_at++; return host.Read<uint>(1024); }
            private static void Clear(ref uint value) => value = 0;
        }
        """;
}
