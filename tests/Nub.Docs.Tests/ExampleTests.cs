using Microsoft.CodeAnalysis;

namespace Nub.Docs.Tests;

/// <summary>Every block of C# on every page: compiled, held to the rules, run, and compared with what the page says that it prints.</summary>
[Trait("Kind", "slow")]
public sealed class ExampleTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("nub-docs-").FullName;

    /// <summary>Their pages and names. The examples of the rules' pages, wrong and right, are compiled with the rules' own tests.</summary>
    public static TheoryData<string, string> Examples
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (Example example in Repository.Pages.Select(Repository.Read).SelectMany(Example.Of))
            {
                data.Add(example.Page, example.Name);
            }

            return data;
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Examples))]
    public async Task An_example_does_what_its_page_says(string page, string name)
    {
        string? skipped = await CheckAsync(Example.Of(Repository.Read(page)).Single(example => example.Name == name), _folder);
        Skip.If(skipped is not null, skipped);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>Fails where an example is not what its page says; gives the reason where it was compiled and could not be run here.</summary>
    internal static async Task<string?> CheckAsync(Example example, string folder)
    {
        var compiler = Compiler.Compile(example);
        Diagnostic[] found = await compiler.DiagnoseAsync();
        string[] ids = [.. found.Select(static one => one.Id).Distinct().Order(StringComparer.Ordinal)];
        Assert.True(ids.SequenceEqual(example.Fails), $"{example} is to give [{string.Join(' ', example.Fails)}], and gives\n{string.Join('\n', found.Select(static one => one.ToString()))}");
        if (found.Any(static one => one.Severity == DiagnosticSeverity.Error) || !compiler.IsProgram || example.NotRun is not null)
        {
            Assert.True(example.Printed.Count == 0, $"{example} is not run, and the page says what it prints.");
            return null;
        }

        if (example.Needs == "kvm" && !Nub.Kvm.KvmSystem.IsSupported(out string whyNot))
        {
            return $"compiled only, there is no KVM: {whyNot}";
        }

        string program = Path.Combine(folder, "Example.dll");
        compiler.Emit(program);
        Runner.Result[] results = await Runner.RunAsync(program, folder, example.Arguments);
        for (int run = 0; run < results.Length; run++)
        {
            (int exitCode, string output, string error) = results[run];
            if (example.Throws is not null)
            {
                string[] thrown = error.Split('\n', 2);
                Assert.True(exitCode == Program.Threw && thrown[0] == example.Throws, $"{example} is to throw {example.Throws}, and ends with {exitCode}: {error}");
                output += thrown[1];
            }
            else
            {
                Assert.True(exitCode == 0, $"{example} ends with {exitCode}:\n{output}\n{error}");
            }

            string expected = results.Length > 1 ? example.Printed.ElementAtOrDefault(run) ?? "" : string.Concat(example.Printed);
            string? difference = Runner.Compare(expected, output);
            Assert.True(difference is null || example.Throws is not null && example.Printed.Count == 0, $"{example}: {difference}");
        }

        return null;
    }
}
