using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Nub.Memory.Generators.Dataflow.Calls;

/// <summary>Which method takes a value apart. The operations of a graph do not say it of an assignment.</summary>
internal static class Deconstruction
{
    /// <summary>What an assignment or a pattern calls, to take apart the whole of a value; null where that is a tuple, or the method is one of an extension that an assignment calls.</summary>
    public static IMethodSymbol? MethodOf(IOperation operation) => operation switch
    {
        IRecursivePatternOperation pattern => pattern.DeconstructSymbol as IMethodSymbol,
        IDeconstructionAssignmentOperation assignment => MethodOf(assignment.Value.Type, TargetsOf(assignment)?.Elements.Length ?? 0),
        _ => null,
    };

    /// <summary>The variables that an assignment gives the parts to, whether they are declared there or not.</summary>
    public static ITupleOperation? TargetsOf(IDeconstructionAssignmentOperation assignment) =>
        (assignment.Target is IDeclarationExpressionOperation { Expression: var declared } ? declared : assignment.Target) as ITupleOperation;

    /// <summary>The member that takes a value of a type apart into so many parts: of two with as many the compiler would take neither.</summary>
    public static IMethodSymbol? MethodOf(ITypeSymbol? type, int parts)
    {
        for (; type is not (null or { IsTupleType: true }); type = type.BaseType)
        {
            foreach (ISymbol member in type.GetMembers(WellKnownMemberNames.DeconstructMethodName))
            {
                if (member is IMethodSymbol { IsStatic: false, ReturnsVoid: true } method && method.Parameters.Length == parts && method.Parameters.All(static one => one.RefKind == RefKind.Out))
                {
                    return method;
                }
            }
        }

        return null;
    }
}
