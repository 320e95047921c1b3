using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Rules;

/// <summary>What is reported does not depend on the order in which the labels of a switch are written, nor on how many paths meet.</summary>
public sealed class PathOrderTests
{
    private const string Overflows = "if (n + 8 > size) { return; } break;";
    private const string Notes = "if (n <= 16) { return; } bad = true; break;";
    private const string Rejects = "if (n > 16) { return; } break;";
    private const string Ignores = "break;";
    private const string LooksAt = "if (n > 16) { Console.WriteLine(); } break;";

    public static TheoryData<string> Orders { get; } = ["012", "021", "102", "120", "201", "210"];

    /// <summary>One path checks with a sum that overflows, one notes that the value is too large, one rejects it.</summary>
    [Theory]
    [MemberData(nameof(Orders))]
    public async Task A_check_that_overflows_is_found_whatever_other_paths_do(string order) =>
        Assert.Contains("does not hold, because its own arithmetic can overflow", Assert.Single(await Check(order, true, Overflows, Notes, Rejects)), StringComparison.Ordinal);

    [Theory]
    [MemberData(nameof(Orders))]
    public async Task A_path_without_a_check_is_found_whatever_other_paths_do(string order)
    {
        await Check(order, true, Ignores, Notes, Rejects);
        await Check(order, true, Ignores, LooksAt, Rejects);
        await Check(order, true, Ignores, Overflows, Notes);
    }

    [Theory]
    [MemberData(nameof(Orders))]
    public async Task Paths_that_all_check_are_right_in_any_order(string order)
    {
        await Check(order, false, Rejects, "if (n >= 64) { throw new InvalidOperationException(); } break;", "n = 4; break;");
        await Check(order, false, Rejects, "if (n > 16) { bad = true; } break;", "n = Math.Min(n, 64); break;");
    }

    private static Task<string[]> Check(string order, bool isWrong, params string[] paths)
    {
        string[] labels = [.. order.Select((path, i) => (i == 2 ? "default: " : $"case {i}: ") + paths[path - '0'])];
        return Markup.CheckAsync($$"""
            public static class Test
            {
                private static void Use(bool bad) => Console.WriteLine(bad);
                private static void Use(byte[] made) => Console.WriteLine(made.Length);
                public static void Run(HostSharedMemory host, uint kind, uint size)
                {
                    uint n = host.Read<uint>(0);
                    bool bad = false;
                    switch (kind)
                    {
                        {{string.Join("\n            ", labels)}}
                    }

                    Use(bad);
                    Use(new byte[{{(isWrong ? "{|NUB0011:n|}" : "n")}}]);
                }
            }
            """);
    }
}
