using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Nub.Memory.Generators.Diagnostics;
using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Rules;

/// <summary>Why a type argument is refused.</summary>
/// <param name="Demand">The mark on the type parameter.</param>
/// <param name="Why">What is wrong and what to do.</param>
/// <param name="Hints">What the code fixes work from.</param>
internal sealed record Refusal(string Demand, string Why, ImmutableDictionary<string, string?> Hints)
{
    private static readonly SymbolDisplayFormat s_generic = new(
        typeQualificationStyle: SymbolDisplayTypeQualificationStyle.NameAndContainingTypes,
        genericsOptions: SymbolDisplayGenericsOptions.IncludeTypeParameters,
        memberOptions: SymbolDisplayMemberOptions.IncludeContainingType);

    /// <summary>A method or type as messages name it.</summary>
    public static string Name(ISymbol generic) => generic.OriginalDefinition.ToDisplayString(s_generic);

    /// <summary>The diagnostic: an argument is refused for the parameter of a generic method or type.</summary>
    public Diagnostic At(Location place, ITypeSymbol argument, ITypeParameterSymbol parameter, ISymbol generic) => Diagnostic.Create(
        Descriptors.TypeArgument, place, Hints, LayoutBuilder.Display(argument), parameter.Name, Name(generic), Demand, Why);
}

/// <summary>Decides whether a type may be put for a marked type parameter.</summary>
internal static class Boundary
{
    private static readonly ImmutableDictionary<string, string?> s_validated = Hints.None.Add(Hints.Validated, "");

    /// <param name="parameter">The type parameter.</param>
    /// <param name="argument">What is put for it.</param>
    /// <param name="isBase">Whether that is in a base list, where a view says what it shows: its own constraint proves nothing of that.</param>
    public static Refusal? Check(ITypeParameterSymbol parameter, ITypeSymbol argument, bool isBase = false)
    {
        if (argument.TypeKind == TypeKind.Error)
        {
            return null;
        }

        // Almost every type parameter has no attributes at all.
        if (parameter.GetAttributes().IsEmpty)
        {
            return IsOfPlace(parameter) && !(argument is ITypeParameterSymbol own && (IsOfPlace(own) || (!isBase && HasView(own))))
                && CheckAllValid(argument) is { } refusal && CheckValidateOnRead(argument) is not null
                ? refusal with { Demand = "[AllValid] or [ValidateOnRead]" }
                : null;
        }

        return (parameter.IsAllValid() ? CheckAllValid(argument) : null)
            ?? (parameter.IsValidateOnRead() ? CheckValidateOnRead(argument) : null);
    }

    /// <summary>
    /// Decides whether a method may be called in another's place: by callers that know only the other and what is demanded there.
    /// </summary>
    /// <param name="parameter">The type parameter of the method that overrides or implements.</param>
    /// <param name="known">The one in its place of the method that is overridden or implemented.</param>
    /// <param name="other">The method that is overridden or implemented.</param>
    public static Refusal? CheckInPlaceOf(ITypeParameterSymbol parameter, ITypeParameterSymbol known, IMethodSymbol other) =>
        (parameter.IsAllValid() && !known.IsAllValid() ? Unasked("[AllValid]", known, other) : null)
        ?? (parameter.IsValidateOnRead() && !known.IsValidateOnRead() ? Unasked("[ValidateOnRead]", known, other) : null);

    // What a view shows: either mark will do, and two attributes would ask for both.
    private static bool IsOfPlace(ITypeParameterSymbol parameter) => parameter.HasUnmanagedTypeConstraint
        && parameter.ContainingSymbol is { } owner && (owner as INamedTypeSymbol ?? owner.ContainingType) is { Name: "SharedPlace" or "SharedTailedPlace" or "SharedViews" or "ISharedView" } place
        && place.IsInNub();

    // Whatever is put for such a view says in its own base list what it shows, and was judged there.
    private static bool HasView(ITypeParameterSymbol own) => (own.ContainingSymbol switch
    {
        IMethodSymbol method => method.TypeParameters,
        INamedTypeSymbol type => type.TypeParameters,
        _ => [],
    }).Any(view => view.ConstraintTypes.Any(constraint => constraint is INamedTypeSymbol { Name: "ISharedView", TypeArguments: [var self, var shown] } && constraint.IsInNub()
        && SymbolEqualityComparer.Default.Equals(self, view) && SymbolEqualityComparer.Default.Equals(shown, own)));

    private static Refusal? CheckAllValid(ITypeSymbol argument)
    {
        if (argument is ITypeParameterSymbol own)
        {
            return own.IsAllValid() ? null : Unmarked("[AllValid]", own);
        }

        // A marked struct has errors of its own where it is wrong; one at each use would hide them.
        if (argument is INamedTypeSymbol { TypeKind: TypeKind.Struct } && argument.IsAllValid() && argument.Locations.Any(static location => location.IsInSource))
        {
            return null;
        }

        return new LayoutBuilder().TypeOf(argument).NotAllValid is { Kind: not OffenceKind.Broken } offence
            ? new Refusal("[AllValid]", Where(argument, offence) + Explanations.Why(offence) + Instead(argument), argument.IsValidateOnRead() ? s_validated : Hints.None)
            : null;
    }

    private static string Instead(ITypeSymbol argument) =>
        argument.IsValidateOnRead() ? $"; '{LayoutBuilder.Display(argument)}' is [ValidateOnRead]: read it with TryReadValidated, and write it with WriteValidated" : "";

    private static Refusal? CheckValidateOnRead(ITypeSymbol argument) => argument switch
    {
        ITypeParameterSymbol own => own.IsValidateOnRead() ? null : Unmarked("[ValidateOnRead]", own),
        INamedTypeSymbol { TypeKind: TypeKind.Struct } when argument.IsValidateOnRead() => argument.Locations.Any(static location => location.IsInSource) ? null : CheckBuilt(argument),
        _ when new LayoutBuilder().TypeOf(argument).NotAllValid is null =>
            new Refusal("[ValidateOnRead]", $"every bit pattern of '{LayoutBuilder.Display(argument)}' is legal, so there is nothing to validate; use TryRead", Hints.None),
        _ => new Refusal("[ValidateOnRead]", $"no check was generated for '{LayoutBuilder.Display(argument)}'; mark a partial struct [ValidateOnRead], and put the value into it", Hints.None),
    };

    private static Refusal? CheckBuilt(ITypeSymbol argument) =>
        new LayoutBuilder().TypeOf(argument).NotValidatable is { Kind: OffenceKind.Unproved } offence
            ? new Refusal("[ValidateOnRead]", Where(argument, offence) + Explanations.Why(offence), Hints.None)
            : null;

    private static Refusal Unmarked(string demand, ITypeParameterSymbol own) =>
        new(demand, $"the type parameter '{own.Name}' may stand for any type; mark it {demand}, so that its users are checked in turn", Hints.None.Add(Hints.Parameter, own.Name).Add(Hints.Mark, demand.Trim('[', ']')));

    private static Refusal Unasked(string demand, ITypeParameterSymbol known, IMethodSymbol other) =>
        new(demand, $"'{Refusal.Name(other)}' can be called with any type, which no rule checks there; mark its '{known.Name}' {demand} too", Hints.None);

    private static string Where(ITypeSymbol argument, Offence offence) =>
        offence.Path.Count == 0 ? "" : $"of '{Explanations.Path(LayoutBuilder.Display(argument), offence.Path)}' at offset {offence.Offset}, ";
}
