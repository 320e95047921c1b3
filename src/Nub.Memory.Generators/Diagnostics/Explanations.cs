using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Diagnostics;

/// <summary>Says why a type may not cross the boundary, and what to do instead.</summary>
internal static class Explanations
{
    public static string Why(Offence offence) => offence.Kind switch
    {
        OffenceKind.IllegalPatterns when offence.Type == "bool" =>
            "only 0 and 1 of the 256 bit patterns of 'bool' are legal; use byte and compare it with 0, or validate with [ValidateOnRead] and TryReadValidated",
        OffenceKind.IllegalPatterns =>
            $"not every bit pattern of '{offence.Type}' is legal; use the integer behind it and convert, or validate with [ValidateOnRead] and TryReadValidated",
        OffenceKind.HostSized =>
            $"the size of '{offence.Type}' is the host's, and an address of the host means nothing to a guest; use ulong or uint, whichever the guest has",
        OffenceKind.Framework =>
            $"the fields of '{offence.Type}' are private to the framework; use integers, and convert from and to them",
        OffenceKind.Reference =>
            $"'{offence.Type}' is a reference to the host's heap; use an offset into the shared memory, or an inline array",
        OffenceKind.TypeParameter =>
            $"'{offence.Type}' may stand for any type; use a type that is known, and write a struct for each",
        OffenceKind.AutoLayout =>
            $"the runtime may move the fields of '{offence.Type}', which has LayoutKind.Auto; use LayoutKind.Sequential and mark it [AllValid]",
        OffenceKind.Unproved =>
            $"'{offence.Type}' is marked, and the assembly that has it was built without the proof: it has padding, or not what the generator writes; build that assembly with Nub.Memory's generator and analyzers",
        OffenceKind.BareBigEndianArray =>
            $"'{offence.Type}' is [BigEndian], which only generated code can honour; mark it [AllValid] and make it partial",
        OffenceKind.BigEndianOfArrays =>
            $"'{offence.Type}' says [BigEndian] of elements that are arrays themselves; say it on the elements of these, and mark them [AllValid]",
        OffenceKind.UnfilledArray =>
            $"the elements of '{offence.Type}' do not fill it: the runtime rounds an element's size up to its alignment, and no field has the bytes behind the last; give the element a size that is a multiple of its alignment",
        _ => $"nothing has proved '{offence.Type}'; mark it [AllValid] and make it partial, so that it is checked",
    };

    /// <summary>The whole path: <c>Foo.Header.Flags[0].IsLast</c>.</summary>
    public static string Path(string root, IEnumerable<string> path) =>
        root + string.Concat(path.Select(static part => part.StartsWith("[", StringComparison.Ordinal) ? part : "." + part));
}
