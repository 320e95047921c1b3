using System.Text.RegularExpressions;

namespace Nub.Memory.Tests.MachineCode;

/// <summary>Reads the JIT's listings of arm64, where a listing is <c>operation destination, sources</c> and a place in memory is <c>[register, #displacement]</c>.</summary>
internal static partial class Arm64Code
{
    /// <summary>The displacement of a getter's load: which field it reads.</summary>
    public static string FieldOffset(Listing listing) => listing.Instructions.Select(static instruction => Place().Match(instruction))
        .Single(static match => match.Success && match.Groups["base"].Value == "x0").Groups["disp"].Value;

    /// <summary>The instructions that touch what a register points to.</summary>
    /// <param name="listing">The method.</param>
    /// <param name="field">The displacement of the field that the pointer is loaded from; <see langword="null"/> for the first argument.</param>
    public static List<int> TouchesOf(Listing listing, string? field)
    {
        HashSet<string> pointers = field is null ? ["x0"] : [];
        var touches = new List<int>();
        for (int i = 0; i < listing.Instructions.Count; i++)
        {
            string instruction = listing.Instructions[i];
            string operation = instruction.Split(' ')[0];
            Match place = Place().Match(instruction);
            if (place.Success && pointers.Contains(place.Groups["base"].Value))
            {
                touches.Add(i);
            }

            if (operation.StartsWith("st", StringComparison.Ordinal) || operation[0] == 'b' || operation.StartsWith("cb", StringComparison.Ordinal)
                || operation.StartsWith("tb", StringComparison.Ordinal) || operation is "cmp" or "tst" or "ccmp" or "dmb")
            {
                continue;
            }

            string[] registers = [.. Register().Matches(instruction[operation.Length..]).Select(static match => "x" + match.Groups["number"].Value)];
            if (registers.Length == 0)
            {
                continue;
            }

            bool isPointer = place.Success ? field is not null && place.Groups["disp"].Value == field
                : operation is "mov" or "add" && registers.Skip(1).Any(pointers.Contains);
            foreach (string destination in registers.Take(operation.StartsWith("ldp", StringComparison.Ordinal) ? 2 : 1))
            {
                _ = isPointer ? pointers.Add(destination) : pointers.Remove(destination);
            }
        }

        return touches;
    }

    [GeneratedRegex(@"\[(?<base>x\d+|fp|sp)(?:, #(?<disp>-?0x[0-9A-F]+|-?\d+))?(?:, [^\]]*)?\]")]
    private static partial Regex Place();

    // Of the integer registers, whose halves have names of their own; those within brackets are behind the destination.
    [GeneratedRegex(@"\b[xw](?<number>\d+)\b")]
    private static partial Regex Register();
}
