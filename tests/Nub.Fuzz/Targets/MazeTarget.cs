using Nub.Fuzz.Engine;

namespace Nub.Fuzz.Targets;

/// <summary>What the fuzzer itself is tested with: chance would not find the way to the end, where a property does not hold, or which never comes.</summary>
internal sealed class MazeTarget(bool isEndless) : FuzzTarget
{
    public override string Name => isEndless ? "endless" : "maze";

    public override int MaxLength => 32;

    public override TimeSpan Patience => TimeSpan.FromSeconds(2);

    public override void Run(ReadOnlySpan<byte> input)
    {
        // A branch for each byte. In a loop, the fifth to the seventh would count as one.
        if (input is not [(byte)'c', (byte)'o', (byte)'v', (byte)'e', (byte)'r', (byte)'a', (byte)'g', (byte)'e', ..])
        {
            return;
        }

        while (isEndless)
        {
            Thread.Sleep(10);
        }

        Require(false, "the end of the maze is not reached");
    }
}
