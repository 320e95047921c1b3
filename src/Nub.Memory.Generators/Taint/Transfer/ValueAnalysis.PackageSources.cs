using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Domains;
using Nub.Memory.Generators.Symbols;

namespace Nub.Memory.Generators.Taint;

// The other packages: what a guest has put into its registers and sent through ports, into a queue or a ring, is its choice as much as what it has written.
internal sealed partial class ValueAnalysis
{
    private Term EvaluateMachine(IInvocationOperation call)
    {
        if (Sources.LetsGuestRun(call.TargetMethod))
        {
            LetGuestRun();
        }

        // These are no bytes of memory, of which another read could be a repetition.
        bool isOut = call.TargetMethod.Parameters is [{ RefKind: RefKind.Out }, ..];
        Term told = Received(call, isOut ? call.TargetMethod.Parameters[0].Type : call.TargetMethod.ReturnType);
        if (!isOut)
        {
            return told;
        }

        AssignOut(call, 0, told);
        return Result(call);
    }

    // What stands at a position of something that was written is what the property of that name has.
    private Term? ElementOfExit(Term exit, int position, IOperation element)
    {
        if (!SharedTypes.IsOfExit(exit.Type) || exit.Type!.GetMembers("Deconstruct").OfType<IMethodSymbol>().FirstOrDefault() is not { } parts || parts.Parameters.Length <= position
            || exit.Type.GetMembers(parts.Parameters[position].Name).OfType<IPropertySymbol>().FirstOrDefault() is not { } property)
        {
            return null;
        }

        return PartOfExit(exit, property, element);
    }

    // What a record gives in a place is the property that the place is called after.
    private static IPropertySymbol? PropertyAt(ITypeSymbol? type, int position, int count) => type is { IsRecord: true }
        && type.GetMembers("Deconstruct").OfType<IMethodSymbol>().FirstOrDefault(one => one.IsImplicitlyDeclared && one.Parameters.Length == count) is { } parts
        ? type.GetMembers(parts.Parameters[position].Name).OfType<IPropertySymbol>().FirstOrDefault(SharedTypes.IsAuto) : null;

    private Term? ElementOfRecord(Term value, int position, int count) =>
        !TermTable.IsTooDeep(value) && PropertyAt(value.Type, position, count) is { } property ? Terms.Field(value, property, property.Type) : null;

    private Term PartOfExit(Term exit, IPropertySymbol property, IOperation operation) =>
        Sources.IsValue(property) ? FieldOf(exit, property, property.Type, operation) : Result(operation);
}
