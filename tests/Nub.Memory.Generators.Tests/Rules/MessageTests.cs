using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Rules;

/// <summary>What the messages of NUB0010, NUB0011 and NUB0013 say to do.</summary>
public sealed class MessageTests
{
    [Theory]
    [InlineData("if (host.Read<uint>(0) > 64) { return []; } System.Threading.Thread.Sleep(1); return new byte[{|NUB0011:host.Read<uint>(0)|}];",
        "what was compared is the value of 'host.Read<uint>(0)' in line 3, an earlier read of the same bytes; keep that one and use it")]
    [InlineData("switch (kind) { case 0: if (host.Read<uint>(0) > 64) { return []; } return [1]; default: return new byte[{|NUB0011:host.Read<uint>(0)|}]; }", "compare it with a limit of the host's first")]
    [InlineData("if (host.Read<uint>(4) > 64) { return []; } System.Threading.Thread.Sleep(1); return new byte[{|NUB0011:host.Read<uint>(0)|}];", "compare it with a limit of the host's first")]
    [InlineData("uint length = host.Read<uint>(0); if (length > 64) { return []; } byte[] all = new byte[length]; {|NUB0010:host.CopyTo(0, all)|}; return all;",
        "copy the rest only, from behind what was read, and use the first value")]
    [InlineData("byte[] all = new byte[8]; host.CopyTo(0, all); return host.Read<uint>(16) + {|NUB0010:host.Read<uint>(0)|} > 0 ? all : [];", "keep the first value in a local and use that")]
    [InlineData("return new byte[{|NUB0011:Length(host)|}];", "('Length(host)' by 'host.Read<uint>(4)')")]
    [InlineData("if (Length(host) > 64) { return []; } return new byte[{|NUB0010:Length(host)|}];", "'Length(host)' by 'host.Read<uint>(4)' reads bytes again that 'Length(host)' by 'host.Read<uint>(4)' in line 3 has read")]
    public async Task A_read_is_named_and_its_repair(string body, string what)
    {
        string[] messages = await Markup.CheckAsync($$"""
            public static class Test
            {
                public static byte[] Run(HostSharedMemory host, int kind) { {{body}} }
                private static uint Length(HostSharedMemory host) => host.Read<uint>(4);
            }
            """);
        Assert.Contains(what, Assert.Single(messages), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("if (host.Read<uint>(0) > 64) { return []; } return new byte[{|NUB0010:host.Read<uint>(0)|}];")]
    [InlineData("if (host.Read<uint>(0) > 64) { return []; } System.Threading.Thread.Sleep(1); return new byte[{|NUB0011:host.Read<uint>(0)|}];")]
    [InlineData("var made = new ExclusiveSharedMemory(64); Span<byte> all = made.AsSpan(0, 8); made.Dispose(); {|NUB0012:all|}[0] = 1; return [];")]
    public async Task A_line_is_the_one_that_the_file_says_that_it_is(string body)
    {
        string[] messages = await Markup.CheckAsync($$"""
            public static class Test
            {
                public static byte[] Run(HostSharedMemory host)
                {
            #line 200 "Template.txt"
                    {{body}}
            #line default
                }
            }
            """);
        Assert.Contains("line 200", Assert.Single(messages), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_property_of_an_exit_is_named_with_it()
    {
        string[] messages = await Markup.CheckAsync("""
            using Nub.Kvm;
            public static class Test { public static byte Run(VmExit exit, byte[] all) => all[{|NUB0011:exit.Address|}]; }
            """);
        Assert.Contains("comes from the guest ('exit.Address')", Assert.Single(messages), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("System.Threading.Interlocked.Increment(ref {|NUB0013:*(int*)host.BaseAddress|});", "use Add")]
    [InlineData("System.Threading.Interlocked.Exchange(ref {|NUB0013:*(int*)host.BaseAddress|}, 1);", "use Exchange")]
    [InlineData("System.Threading.Interlocked.CompareExchange(ref {|NUB0013:*(int*)host.BaseAddress|}, 1, 2);", "use CompareExchange")]
    [InlineData("_ = {|NUB0013:*(int*)host.BaseAddress|};", "use Read, Write, CopyTo, CopyFrom, or a view")]
    public async Task An_atomic_through_a_pointer_is_one_of_the_memory(string statement, string what)
    {
        string[] messages = await Markup.CheckAsync($"public static unsafe class Test {{ public static void Run(HostSharedMemory host) {{ {statement} }} }}");
        Assert.EndsWith(what, Assert.Single(messages), StringComparison.Ordinal);
    }
}
