using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using Microsoft.CodeAnalysis;
using Nub.Memory.Generators.Layout;
using Nub.Memory.Generators.Symbols;

namespace Nub.Memory.Generators.Taint;

/// <summary>A parameter that a method has found to be within a limit.</summary>
/// <param name="Max">A number, or the name of something of the host's.</param>
/// <param name="When">What the method returns then.</param>
internal sealed record DeclaredCheck(int Parameter, object? Max, bool When);

/// <summary>What a project says about a member: <c>[GuestValue]</c>, <c>[SharedRead]</c>, <c>[ChecksGuestValue]</c>.</summary>
/// <param name="GivesGuests">Whether what it gives or holds is the guest's.</param>
/// <param name="Read">The names of the parameters that say which shared bytes it reads; null when it reads none.</param>
/// <param name="Given">The parameters in which it is given, or gives, what is the guest's.</param>
internal sealed record DeclaredMember(bool GivesGuests, (string Offset, string? Length)? Read, ImmutableArray<int> Given, ImmutableArray<DeclaredCheck> Checks)
{
    public static DeclaredMember Nothing { get; } = new(false, null, [], []);

    /// <summary>Whether bytes of a guest's come in by it.</summary>
    public bool IsSource => GivesGuests || Read is not null || !Given.IsEmpty;
}

/// <summary>What the attributes of a project say, and the lines of its <c>Nub.Taint.txt</c> for what cannot carry any. Nothing of it can silence an error.</summary>
internal sealed class DeclaredTaint
{
    public const string FileName = "Nub.Taint.txt";

    private readonly ConcurrentDictionary<ISymbol, DeclaredMember> _members = new(SymbolEqualityComparer.Default);
    private readonly ConcurrentDictionary<IAssemblySymbol, bool> _mayDeclare = new(SymbolEqualityComparer.Default);
    private readonly Compilation _compilation;
    private readonly bool _isEmpty;
    private readonly ILookup<string, string[]> _lines = s_noLines;
    private readonly HashSet<string> _names = s_noNames;
    private static readonly HashSet<string> s_noNames = [];
    private static readonly ILookup<string, string[]> s_noLines = Array.Empty<string[]>().ToLookup(static words => words[1]);

    /// <param name="lines">The lines of the file; none where there is no file.</param>
    public DeclaredTaint(Compilation compilation, IEnumerable<string> lines)
    {
        _compilation = compilation;
        string[] all = [.. lines];
        _isEmpty = all.Length == 0 && !compilation.Mentions(TreeWords.Declarations) && !Marks.MayBeInReferencesOf(compilation);
        if (all.Length == 0)
        {
            return;
        }

        _lines = all.Select(static line => line.Split('#')[0].Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)).Where(static words => words.Length >= 2)
            .ToLookup(static words => words[1], StringComparer.Ordinal);
        _names = new HashSet<string>(_lines.Select(static line => line.Key.Substring(line.Key.LastIndexOf('.') + 1)), StringComparer.Ordinal);
    }

    /// <summary>Whether nothing is said about anything, as in nearly every project.</summary>
    public bool IsEmpty => _isEmpty;

    /// <summary>What is said about a method, a property or a field.</summary>
    public DeclaredMember Of(ISymbol member)
    {
        // Nearly every project; and this runs for every call.
        if (_isEmpty)
        {
            return DeclaredMember.Nothing;
        }

        member = member is IMethodSymbol { AssociatedSymbol: IPropertySymbol property } ? property : member;
        IAssemblySymbol assembly = member.ContainingAssembly ?? _compilation.Assembly;
        if (!(_mayDeclare.TryGetValue(assembly, out bool may) ? may : _mayDeclare.GetOrAdd(assembly, MayDeclare(assembly))) && !_names.Contains(member.Name))
        {
            return DeclaredMember.Nothing;
        }

        member = member.OriginalDefinition;
        return _members.TryGetValue(member, out DeclaredMember? said) ? said : _members.GetOrAdd(member, Find(member));
    }

    // Its own code, and what refers to the library.
    private bool MayDeclare(IAssemblySymbol assembly) => SymbolEqualityComparer.Default.Equals(assembly, _compilation.Assembly)
        || assembly.Modules.Any(static module => module.ReferencedAssemblies.Any(static one => one.Name == "Nub.Memory"));

    private DeclaredMember Find(ISymbol member)
    {
        if (!_names.Contains(member.Name) && member.DeclaringSyntaxReferences is { IsEmpty: false } declared && !declared.Any(static one => one.SyntaxTree.Mentions(TreeWords.Declarations)))
        {
            return DeclaredMember.Nothing;
        }

        ImmutableArray<IParameterSymbol> parameters = (member as IMethodSymbol)?.Parameters ?? [];
        bool gives = Attribute(member, "GuestValueAttribute") is not null;
        (string, string?)? read = Attribute(member, "SharedReadAttribute") is { ConstructorArguments: [{ Value: string offset }, var length] } ? (offset, length.Value as string) : null;
        var given = parameters.Where(static one => Attribute(one, "GuestValueAttribute") is not null).Select(static one => one.Ordinal).ToList();
        var checks = parameters.Select(static one => (one.Ordinal, Check: Attribute(one, "ChecksGuestValueAttribute"))).Where(static one => one.Check is not null)
            .Select(static one => new DeclaredCheck(one.Ordinal, Named(one.Check!, "Max"), Named(one.Check!, "When") as bool? ?? true)).ToList();
        foreach (string[] words in _names.Contains(member.Name) && member.ContainingType is { } type ? _lines[type.ToDisplayString() + "." + member.Name] : [])
        {
            string? Word(int at) => at < words.Length ? words[at] : null;
            IEnumerable<int> named = parameters.Where(one => one.Name == Word(2)).Select(static one => one.Ordinal);
            switch (words[0])
            {
                case "GuestValue" when words.Length == 2:
                    gives = true;
                    break;
                case "GuestValue":
                    given.AddRange(named);
                    break;
                case "SharedRead" when Word(2) is { } from:
                    read = (from, Word(3));
                    break;
                case "ChecksGuestValue" when Word(3) is { } max:
                    object limit = ulong.TryParse(max, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number) ? number : max;
                    checks.AddRange(named.Select(parameter => new DeclaredCheck(parameter, limit, Word(4) != "false")));
                    break;
            }
        }

        return !gives && read is null && given.Count == 0 && checks.Count == 0 ? DeclaredMember.Nothing : new DeclaredMember(gives, read, [.. given], [.. checks]);
    }

    // Most symbols have no attributes at all.
    private static AttributeData? Attribute(ISymbol symbol, string name)
    {
        foreach (AttributeData attribute in symbol.GetAttributes())
        {
            if (attribute.AttributeClass is { } type && type.Name == name && type.IsInNub())
            {
                return attribute;
            }
        }

        return null;
    }

    private static object? Named(AttributeData attribute, string name) => attribute.NamedArguments.FirstOrDefault(one => one.Key == name).Value.Value;
}
