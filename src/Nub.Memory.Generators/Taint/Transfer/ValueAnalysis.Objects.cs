using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Calls;
using Nub.Memory.Generators.Dataflow.Domains;
using Nub.Memory.Generators.Symbols;

namespace Nub.Memory.Generators.Taint;

// Objects as they are made: what a constructor with source was given, and what it has read and kept.
internal sealed partial class ValueAnalysis
{
    // An object that is given more is a table of settings, not a view of shared bytes.
    private const int MostKept = 8;

    // The compiler's name for what makes another record of one.
    private const string CloneMethod = "<Clone>$";

    private Term? TryConstruct(IObjectCreationOperation creation, List<Term> values)
    {
        if (creation is not { Constructor: { DeclaringSyntaxReferences: [var declared] } constructor, Type: { TypeKind: TypeKind.Class or TypeKind.Struct, IsRecord: false } type }
            || SharedTypes.ViewedBy(type) is not null)
        {
            return null;
        }

        var arguments = new Arguments(constructor.Parameters.Length);
        for (int i = 0; i < values.Count; i++)
        {
            if (creation.Arguments[i].Parameter is { RefKind: not RefKind.Out } parameter)
            {
                arguments[parameter.Ordinal] = values[i];
            }
        }

        Term made = Result(creation);
        if (declared.GetSyntax() is TypeDeclarationSyntax)
        {
            if (KeepParameters(made, constructor, arguments) is not { } kept)
            {
                return null;
            }

            FollowHanded(values, isOfElements: false, isAtOnce: false);
            return kept;
        }

        return TryFollow(creation, constructor, null, made, arguments) is { } body ? Follow(creation, constructor, body, made, creation.Arguments, arguments) switch
        {
            // A constructor that sets no field keeps nothing of its arguments.
            var result when result.Kind == TermKind.With => result,
            _ => made,
        } : null;
    }

    /// <summary>What a guest has a say in is kept in a member of an object that this method, or one on the way here, has made: all variables that hold the object have it.</summary>
    private void ChangeObject(Term? instance, ISymbol member, Term value)
    {
        if (instance is null || !IsOwnObject(RestOf(instance)) || (member is IPropertySymbol property && !SharedTypes.IsAuto(property)) || (IsHosts(value) && KeptIn(instance, member) is null))
        {
            return;
        }

        Term made = RestOf(instance);
        foreach (KeyValuePair<Variable, Term> held in _state.Variables)
        {
            if (RestOf(held.Value) == made)
            {
                Term others = Without(held.Value, kept => SymbolEqualityComparer.Default.Equals(kept, member));
                Set(held.Key, TermTable.IsTooDeep(others, value) ? others : Terms.With(others, member, value));
            }
        }
    }

    // What with makes of a record has the parts of that, and is another object.
    private Term? EvaluateWith(IInvocationOperation call, Term? record)
    {
        if (call.TargetMethod is not { Name: CloneMethod, ContainingType: { IsRecord: true } type } || !type.InstanceConstructors.Any(one => one.IsImplicitlyDeclared && IsCopying(one)))
        {
            return null;
        }

        Term made = Result(call);
        return record is null ? made : CopyOf(record, made);
    }

    private static bool IsCopying(IMethodSymbol constructor) =>
        constructor.Parameters is [var only] && SymbolEqualityComparer.Default.Equals(only.Type, constructor.ContainingType);

    private Term CopyOf(Term whole, Term made) =>
        whole.Kind == TermKind.With ? Terms.With(CopyOf(whole.Left!, made), (ISymbol)whole.Key!, whole.Right!) : made;

    private void HandOver(Arguments arguments)
    {
        for (int i = 0; i < arguments.Count; i++)
        {
            if (arguments.TryGetValue(i, out Term? given) && Escape(given) is var rest && rest != given)
            {
                arguments[i] = rest;
            }
        }
    }

    // Others may set again, or check, what can be set, once they have the object.
    private Term Escape(Term value)
    {
        if (value.Kind != TermKind.With || !IsOwnObject(RestOf(value)) || Without(value, CanBeSet) == value)
        {
            return value;
        }

        Term made = RestOf(value);
        foreach (KeyValuePair<Variable, Term> held in _state.Variables)
        {
            if (held.Value.Kind == TermKind.With && RestOf(held.Value) == made)
            {
                Set(held.Key, Without(held.Value, CanBeSet));
            }
        }

        return Without(value, CanBeSet);
    }

    private static bool IsOwnObject(Term made) => made is
    {
        Kind: TermKind.Result,
        Operation: IObjectCreationOperation { Type.TypeKind: TypeKind.Class } or IInvocationOperation { TargetMethod: { Name: CloneMethod, ContainingType.IsRecord: true } },
    };

    private static bool CanBeSet(ISymbol member) => member is IFieldSymbol { IsReadOnly: false } or IPropertySymbol { SetMethod.IsInitOnly: false };

    private static Term? KeptIn(Term whole, ISymbol member)
    {
        for (; whole.Kind == TermKind.With; whole = whole.Left!)
        {
            if (SymbolEqualityComparer.Default.Equals((ISymbol)whole.Key!, member))
            {
                return whole.Right;
            }
        }

        return null;
    }

    private Term Without(Term whole, Func<ISymbol, bool> isLeftOut)
    {
        if (whole.Kind != TermKind.With)
        {
            return whole;
        }

        Term rest = Without(whole.Left!, isLeftOut);
        return isLeftOut((ISymbol)whole.Key!) ? rest : rest == whole.Left ? whole : Terms.With(rest, (ISymbol)whole.Key!, whole.Right!);
    }

    // class Header(HostSharedMemory host, ulong at): what it was given, its members have.
    private Term? KeepParameters(Term made, IMethodSymbol constructor, Arguments arguments)
    {
        if (constructor.Parameters.Length is 0 or > MostKept || arguments.Values.Any(static one => TermTable.IsTooDeep(one)))
        {
            return null;
        }

        foreach (IParameterSymbol parameter in constructor.Parameters)
        {
            if (arguments.TryGetValue(parameter.Ordinal, out Term? value))
            {
                made = Terms.With(made, parameter, value);
            }
        }

        return made;
    }
}
