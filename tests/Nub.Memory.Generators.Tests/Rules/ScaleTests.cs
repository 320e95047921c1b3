using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Nub.Memory.Generators.Tests.Harness;
using Xunit.Abstractions;

namespace Nub.Memory.Generators.Tests.Rules;

/// <summary>The rules run while a developer types: no file may make one of them throw, or take long.</summary>
[Trait("Kind", "slow")]
[Collection(Alone.Name)]
public sealed class ScaleTests(ITestOutputHelper output)
{
    [Fact]
    public async Task A_file_of_50000_lines_is_no_trouble()
    {
        string source = File(characters: 10 * YardstickSize);
        Assert.True(source.Count(static one => one == '\n') > 50_000);

        // Ten times as long: it may take ten times as long, and what else the machine is doing; quadratic would be a hundred times.
        await AssertIsBearableAsync(source);
    }

    [Theory]
    [InlineData(1_000, "if (offset > {0}) {{ access.Write(0, {0}); span[{0} % 8] = 1; p += {0}; }}\n")]
    [InlineData(1_000, "access = host.Enter(); if (offset == {0}) {{ access.Dispose(); return; }} access.Dispose();\n")]
    [InlineData(300, "for (int i{0} = 0; i{0} < 3; i{0}++) {{ if (p == null) {{ break; }} try {{ span = exclusive.AsSpan(0, {0}); }} finally {{ p++; }} }}\n")]
    [InlineData(150, "try {{ p++; ", "}} finally {{ p--; }}\n")]
    [InlineData(300, "if (offset > {0}) {{ p += {0};\n", "}}\n")]
    [InlineData(100, "foreach (int x{0} in new[] {{ 1 }}) {{ p += {0};\n", "}}\n")]
    public async Task A_method_that_nobody_would_write_is_no_trouble(int count, string line, string end = "")
    {
        var source = new StringBuilder("""
            public static unsafe class Test
            {
                public static void Run(HostSharedMemory host, ExclusiveSharedMemory exclusive, ulong offset)
                {
                    HostLease access = default; Span<byte> span = exclusive.AsSpan(0, 8); byte* p = (byte*)host.BaseAddress;

            """);
        for (int i = 0; i < count; i++)
        {
            source.AppendFormat(System.Globalization.CultureInfo.InvariantCulture, line, i);
        }

        for (int i = 0; i < count && end.Length > 0; i++)
        {
            source.AppendFormat(System.Globalization.CultureInfo.InvariantCulture, end, i);
        }

        source.Append("span = default; _ = span.Length + (p == null ? 1 : 0); _ = access.Size; }\n}\n");
        await AssertIsBearableAsync(source.ToString());
    }

    // What a file of 5,000 plain lines costs here and now: what is asserted is how many times as much something else does.
    private const int YardstickSize = 250_000;
    private const double MostYardsticks = 30;

    /// <summary>Up to three times, because the machine may have had something else to do while one of the two was measured: what is too slow is so each time.</summary>
    private async Task AssertIsBearableAsync(string source)
    {
        double least = double.MaxValue;
        for (int i = 0; i < 3 && least > MostYardsticks; i++)
        {
            TimeSpan yardstick = await YardstickAsync();
            least = Math.Min(least, await MeasureAsync(source) / yardstick);
        }

        Assert.InRange(least, 0, MostYardsticks);
    }

    private async Task<TimeSpan> YardstickAsync()
    {
        await MeasureAsync(File(YardstickSize / 5));
        return await MeasureAsync(File(YardstickSize));
    }

    /// <summary>Methods that have a bit of everything that the flow rules follow.</summary>
    private static string File(int characters)
    {
        var source = new StringBuilder("public static unsafe class Test\n{\n");
        for (int i = 0; source.Length < characters; i++)
        {
            source.Append(Method(i));
        }

        return source.Append('}').ToString();
    }

    private static string Method(int i) => $$"""
            public static uint Run{{i}}(HostSharedMemory host, ulong offset, byte[] target)
            {
                var exclusive = new ExclusiveSharedMemory(4096);
                Span<byte> span = exclusive.AsSpan(0, 64);
                for (int i = 0; i < span.Length; i++)
                {
                    if (i % 2 == 0)
                    {
                        span[i] = (byte)i;
                    }
                    else
                    {
                        span.Slice(i).Clear();
                    }
                }

                (HostSharedMemory mine, GuestSharedMemory guest) = exclusive.Build();
                try
                {
                    using HostLease access = mine.Enter();
                    GuestLease lease = guest.EnterGuest();
                    try
                    {
                        nint address = host.BaseAddress + {{i}};
                        Console.WriteLine(address);
                        uint length = access.Read<uint>(offset);
                        if (length > (uint)target.Length)
                        {
                            return 0;
                        }

                        access.CopyTo(offset + 4, target.AsSpan(0, (int)length));
                        return length;
                    }
                    finally
                    {
                        lease.Dispose();
                    }
                }
                finally
                {
                    mine.Dispose();
                    guest.Dispose();
                }
            }

        """;

    /// <returns>What the slowest of the analyzers took.</returns>
    private async Task<TimeSpan> MeasureAsync(string source)
    {
        CSharpCompilation compilation = Code.Compile(source);
        Assert.DoesNotContain(compilation.GetDiagnostics(), static one => one.Severity == DiagnosticSeverity.Error);
        TimedAnalysis run = await TimedAnalysis.RunAsync(compilation, TimedAnalysis.AllAnalyzers());
        output.WriteLine($"{run.Found.Length} diagnostics");
        Assert.Empty(run.Thrown);
        TimeSpan slowest = TimeSpan.Zero;
        foreach (DiagnosticAnalyzer analyzer in run.Analyzers)
        {
            TimeSpan time = await run.TimeOfAsync(analyzer);
            output.WriteLine($"{analyzer.GetType().Name}: {time.TotalMilliseconds:N0} ms");
            slowest = time > slowest ? time : slowest;
        }

        return slowest;
    }
}
