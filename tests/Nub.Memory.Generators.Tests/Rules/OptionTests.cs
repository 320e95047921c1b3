using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Rules;

/// <summary>What .editorconfig says to the rules.</summary>
public sealed class OptionTests
{
    private const string Source = """
        namespace Devices.Old
        {
            public static unsafe class Test
            {
                public static byte[] Take(HostSharedMemory host) => new byte[host.Read<ushort>(0)];
                public static uint Twice(HostSharedMemory host) => host.Read<uint>(8) + host.Read<uint>(8);
                public static byte Raw(HostSharedMemory host) => *(byte*)host.BaseAddress;
                public static void Lease(HostSharedMemory host) { HostLease lease = host.Enter(); _ = lease.Read<uint>(0); }
                public static void Dead(ExclusiveSharedMemory memory) { Span<byte> span = memory.AsSpan(0, 8); memory.Dispose(); span[0] = 1; }
            }
        }
        """;

    [Theory]
    [InlineData("", "", "NUB0010 NUB0011 NUB0012 NUB0013 NUB0014")]
    [InlineData("nub.NUB0011.ignored_namespaces", "Devices.Old", "NUB0010 NUB0012 NUB0013 NUB0014")]
    [InlineData("nub.NUB0010.ignored_namespaces", "Tests, Devices", "NUB0011 NUB0012 NUB0013 NUB0014")]
    [InlineData("nub.NUB0012.ignored_namespaces", "Devices", "NUB0010 NUB0011 NUB0013 NUB0014")]
    [InlineData("nub.NUB0013.ignored_namespaces", "Devices", "NUB0010 NUB0011 NUB0012 NUB0014")]
    [InlineData("nub.NUB0014.ignored_namespaces", "Devices", "NUB0010 NUB0011 NUB0012 NUB0013")]
    [InlineData("nub.NUB0011.ignored_namespaces", "Devices.Older, Dev", "NUB0010 NUB0011 NUB0012 NUB0013 NUB0014")]
    [InlineData("nub.NUB0011.harmless_up_to", "65535", "NUB0010 NUB0012 NUB0013 NUB0014")]
    [InlineData("nub.NUB0011.harmless_up_to", "65534", "NUB0010 NUB0011 NUB0012 NUB0013 NUB0014")]
    [InlineData("nub.NUB0011.harmless_up_to", "many", "NUB0010 NUB0011 NUB0012 NUB0013 NUB0014")]
    public async Task A_rule_reads_its_options(string key, string value, string expected)
    {
        CSharpCompilation compilation = Code.Generate(Code.Compile(Source));
        var options = new AnalyzerOptions([], new Provider(key, value));
        ImmutableArray<Diagnostic> found = await Code.AnalyzeAsync(compilation, options);
        Assert.Equal(expected, string.Join(' ', found.Select(static one => one.Id).Order(StringComparer.Ordinal)));
    }

    private sealed class Provider(string key, string value) : AnalyzerConfigOptionsProvider
    {
        private readonly Options _options = new(key, value);

        public override AnalyzerConfigOptions GlobalOptions => _options;

        public override AnalyzerConfigOptions GetOptions(SyntaxTree tree) => _options;

        public override AnalyzerConfigOptions GetOptions(AdditionalText textFile) => _options;
    }

    // Keys are compared as the compiler does, whatever their case.
    private sealed class Options(string key, string value) : AnalyzerConfigOptions
    {
        public override bool TryGetValue(string name, out string result)
        {
            bool isKnown = string.Equals(name, key, StringComparison.OrdinalIgnoreCase);
            result = isKnown ? value : "";
            return isKnown;
        }
    }
}
