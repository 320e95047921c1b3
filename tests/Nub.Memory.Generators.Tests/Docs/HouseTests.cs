using System.Text.RegularExpressions;

namespace Nub.Memory.Generators.Tests.Docs;

/// <summary>What docs/design.md says of the generators' house: a floor knows nothing of those above it.</summary>
public sealed partial class HouseTests
{
    [Theory]
    [InlineData("Layout", "Symbols")]
    [InlineData("Symbols", "Layout")]
    [InlineData("Dataflow", "Layout Symbols")]
    public void A_floor_knows_what_is_below_it_alone(string floor, string below)
    {
        string[] files = Directory.GetFiles(Repository.PathOf($"src/Nub.Memory.Generators/{floor}"), "*.cs", SearchOption.AllDirectories);
        string[] allowed = [floor, .. below.Split(' ')];

        Assert.NotEmpty(files);
        Assert.All(files, file => Assert.All(
            Ours().Matches(File.ReadAllText(file)).Select(static one => one.Groups[1].Value), floorOfUsing => Assert.Contains(floorOfUsing, allowed)));
    }

    // Of a using, or of a name that is written in full; a namespace's own declaration is among what is allowed.
    [GeneratedRegex(@"\bNub\.Memory\.Generators\.(\w+)")]
    private static partial Regex Ours();
}
