namespace Nub.Fuzz.Engine;

/// <summary>Makes an input shorter while something stays true of it.</summary>
internal static class Shrinking
{
    /// <summary>Leaves parts out, longest first, and sets the bytes that remain to zero.</summary>
    public static byte[] Shrink(byte[] input, int runs, Func<byte[], bool> stillHolds)
    {
        for (int length = Math.Max(1, input.Length / 2); runs > 0; length /= 2)
        {
            for (int at = 0; at + length <= input.Length && runs > 0;)
            {
                byte[] without = [.. input[..at], .. input[(at + length)..]];
                runs--;
                if (stillHolds(without))
                {
                    input = without;
                }
                else
                {
                    at += length;
                }
            }

            if (length <= 1)
            {
                break;
            }
        }

        for (int at = 0; at < input.Length && runs > 0; at++)
        {
            if (input[at] != 0)
            {
                byte[] zeroed = [.. input];
                zeroed[at] = 0;
                runs--;
                input = stillHolds(zeroed) ? zeroed : input;
            }
        }

        return input;
    }
}
