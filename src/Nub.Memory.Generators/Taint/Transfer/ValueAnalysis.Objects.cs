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
            return KeepParameters(made, constructor, arguments);
        }

        return TryFollow(creation, constructor, null, made, arguments) is { } body ? Follow(creation, constructor, body, made, creation.Arguments, arguments) switch
        {
            // A constructor that sets no field keeps nothing of its arguments.
            var result when result.Kind == TermKind.With => result,
            _ => made,
        } : null;
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
