using Xunit.Abstractions;

namespace Nub.Package.Tests;

/// <summary>Programs that are shipped whole: trimmed, and compiled ahead of time. Each uses what has to survive that: views, checks at run time, faults, guest addresses, a machine, a ring, a device.</summary>
[Trait("Kind", "slow")]
[Collection(nameof(PackedFeed))]
public sealed class PublishedConsumerTests(PackedFeed feed, ITestOutputHelper output)
{
    private const string Trimmed = "<SelfContained>true</SelfContained><PublishTrimmed>true</PublishTrimmed>";
    private const string Native = "<PublishAot>true</PublishAot>";

    [SkippableFact]
    public void A_trimmed_program_that_brings_its_runtime_publishes_without_a_warning_and_runs() => PublishAndRun("Trimmed", Trimmed);

    [SkippableFact]
    public void A_program_compiled_ahead_of_time_publishes_without_a_warning_and_runs() => PublishAndRun("Native", Native);

    private void PublishAndRun(string name, string how)
    {
        Skip.IfNot(PackedFeed.Fetch(name, PackedFeed.ForThisPlatform + how, "", out string whyNot), $"What it takes to publish cannot be had here: {whyNot.Trim()}");
        string strict = "<TreatWarningsAsErrors>true</TreatWarningsAsErrors><TrimmerSingleWarn>false</TrimmerSingleWarn><InvariantGlobalization>true</InvariantGlobalization>";
        string source = File.ReadAllText(Repository.PathOf("tests", "Nub.Package.Tests", "Consumers", "Published.cs"));
        (int exitCode, string printed, string made) = feed.Publish(name, source, "Nub.Kvm", how + strict);
        Skip.If(exitCode != 0 && printed.Contains("Platform linker", StringComparison.Ordinal), $"There is no linker here: {printed.Trim()}");
        Assert.True(exitCode == 0, printed);
        Assert.DoesNotContain("warning", printed, StringComparison.OrdinalIgnoreCase);
        (exitCode, printed) = DotNet.RunProgram(Path.Combine(made, OperatingSystem.IsWindows() ? name + ".exe" : name), made, PackedFeed.PackagesOfTheUser);
        Assert.True(exitCode == 0, printed);
        string[] lines = printed.ReplaceLineEndings("\n").Trim().Split('\n');
        Assert.Equal(["16 bytes, length 7", "refused: True", "42 by guest address", "counted: True"], lines[..4]);
        output.WriteLine($"{lines[4]}; {Directory.EnumerateFiles(made).Sum(static file => new FileInfo(file).Length) / 1024} KiB published");
    }
}
