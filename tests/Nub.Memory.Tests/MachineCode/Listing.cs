using System.Text.RegularExpressions;

namespace Nub.Memory.Tests.MachineCode;

/// <summary>The machine code of one method as the JIT lists it: instructions, and where its labels are.</summary>
internal sealed partial class Listing
{
    private readonly Dictionary<string, int> _labels = [];

    private Listing(string method) => Method = method;

    public string Method { get; }

    public List<string> Instructions { get; } = [];

    /// <summary>Reads the optimized code of every method from a file that the JIT wrote. The last listing of a method counts.</summary>
    public static Dictionary<string, Listing> ReadAll(string file)
    {
        var all = new Dictionary<string, Listing>();
        Listing? current = null;
        foreach (string line in File.ReadLines(file))
        {
            if (Header().Match(line) is { Success: true } header)
            {
                current = header.Groups["tier"].Value == "Tier1" ? new Listing(header.Groups["method"].Value) : null;
                if (current is not null)
                {
                    all[current.Method] = current;
                }
            }
            else if (current is not null && Label().Match(line) is { Success: true } label)
            {
                current._labels[label.Groups["name"].Value] = current.Instructions.Count;
            }
            else if (current is not null && line.StartsWith("       ", StringComparison.Ordinal) && line.Trim() is { Length: > 0 } instruction)
            {
                current.Instructions.Add(Spaces().Replace(instruction, " "));
            }
        }

        return all;
    }

    /// <summary>The displacement of the one memory operand of a getter's load: which field it reads.</summary>
    public string FieldOffset() => Instructions.Select(instruction => Operand().Match(instruction))
        .Single(match => match.Success && match.Groups["disp"].Success).Groups["disp"].Value;

    /// <summary>The instructions that touch what a register points to.</summary>
    /// <param name="field">The displacement of the field that the pointer is loaded from; <see langword="null"/> for the first argument.</param>
    public List<int> TouchesOf(string? field)
    {
        HashSet<string> pointers = field is null ? ["rdi"] : [];
        var touches = new List<int>();
        for (int i = 0; i < Instructions.Count; i++)
        {
            string instruction = Instructions[i];
            Match operand = Operand().Match(instruction);
            string operation = instruction.Split(' ')[0];
            if (operand.Success && operation != "lea" && pointers.Contains(operand.Groups["base"].Value))
            {
                touches.Add(i);
            }

            if (Destination().Match(instruction) is not { Success: true } destination || operation is "cmp" or "test" or "push")
            {
                continue;
            }

            string target = destination.Groups["register"].Value;
            bool loadsPointer = field is not null && operand.Success && operand.Groups["disp"].Value == field && operation is "mov" or "add";
            bool copiesPointer = operation is "mov" or "lea" or "add" && pointers.Any(pointer => Regex.IsMatch(instruction, $@"(, |\[){pointer}\b"))
                && (operation == "lea" || !operand.Success);
            if (loadsPointer || copiesPointer)
            {
                pointers.Add(target);
            }
            else if (operation is not ("add" or "sub"))
            {
                pointers.Remove(target);
            }
        }

        return touches;
    }

    /// <summary>Whether an instruction is made again each time around some loop: a later jump goes back to before it.</summary>
    public bool IsInLoop(int instruction) => Loops().Any(loop => loop.First <= instruction && instruction <= loop.Last);

    /// <summary>Every backward jump, as the range of instructions that it repeats.</summary>
    public IEnumerable<(int First, int Last)> Loops()
    {
        for (int i = 0; i < Instructions.Count; i++)
        {
            if (Jump().Match(Instructions[i]) is { Success: true } jump && _labels.TryGetValue(jump.Groups["label"].Value, out int target) && target <= i)
            {
                yield return (target, i);
            }
        }
    }

    public override string ToString() => Method + "\n    " + string.Join("\n    ", Instructions);

    [GeneratedRegex(@"^; Assembly listing for method (?:.*\.)?(?<method>\w+:\w+).* \((?<tier>[^)]*)\)$")]
    private static partial Regex Header();

    [GeneratedRegex(@"^(?<name>G_M\w+):")]
    private static partial Regex Label();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();

    [GeneratedRegex(@"\[(?<base>\w+)(?:\+(?<index>[a-z]\w*))?(?:[+](?<disp>0x[0-9A-F]+))?[^\]]*\]")]
    internal static partial Regex Operand();

    [GeneratedRegex(@"^\w+ (?<register>r\w+|e\w\w)\b")]
    private static partial Regex Destination();

    // Of x64; of arm64.
    [GeneratedRegex(@"^(?:j\w+ (?:SHORT )?|b\.?(?:\w\w)? |cbn?z \w+, |tbn?z \w+, #\d+, )(?<label>G_M\w+)")]
    private static partial Regex Jump();
}
