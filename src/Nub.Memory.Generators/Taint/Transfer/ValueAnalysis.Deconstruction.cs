using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Calls;
using Nub.Memory.Generators.Dataflow.Domains;
using Nub.Memory.Generators.Symbols;

namespace Nub.Memory.Generators.Taint;

// Values that an assignment or a pattern takes apart.
internal sealed partial class ValueAnalysis
{
    // What was taken apart for which pattern, and what came of it the last time.
    private readonly Dictionary<(SyntaxNode? Whole, Term Value, ISymbol Method), (IOperation First, Term? Parts)> _takenApart = [];

    private void AssignElements(ITupleOperation targets, Term value, IDeconstructionAssignmentOperation? assignment = null)
    {
        int count = targets.Elements.Length;
        ITypeSymbol? type = assignment is not null ? assignment.Value.Type : value.Kind is TermKind.View or TermKind.ArrayView ? null : value.Type;
        value = TakeApart(assignment ?? (IOperation)targets, Deconstruction.MethodOf(type, count), value, assignment?.Value) ?? value;
        for (int i = 0; i < count; i++)
        {
            IOperation target = targets.Elements[i];
            Term? element = value.Kind == TermKind.Tuple ? ElementOf(value, i + 1)
                : value.Type is INamedTypeSymbol { IsTupleType: true } tuple && tuple.TupleElements.Length > i && !TermTable.IsTooDeep(value)
                    ? Terms.Field(value, tuple.TupleElements[i].CorrespondingTupleField ?? tuple.TupleElements[i], tuple.TupleElements[i].Type)
                    : null;
            Assign(target, element ?? ElementOfExit(value, i, target) ?? ElementOfRecord(value, i, count) ?? PartOfUnknown(target, value, type));
        }
    }

    // A method that is not followed may have checked what it gives.
    private Term PartOfUnknown(IOperation target, Term whole, ITypeSymbol? type)
    {
        Term part = Derive(target, whole);
        return type is null or { IsTupleType: true } || FrameworkTypes.IsFrameworks(type) || !_state.IsGuests(part) ? part : WithTaint(part, new TaintFact(Verdict.Compared, target));
    }

    /// <summary>Goes through the method that takes a value apart.</summary>
    /// <param name="instance">What stands for the value, where it may be <c>this</c>.</param>
    /// <returns>The parts side by side, or the only one; null when the method is not followed.</returns>
    private Term? TakeApart(IOperation operation, IMethodSymbol? method, Term value, IOperation? instance = null)
    {
        if (method is null or { IsImplicitlyDeclared: true } || CountOf(method) == 0)
        {
            return null;
        }

        var arguments = new Arguments(method.Parameters.Length);
        if (method.IsStatic)
        {
            arguments[0] = value;
        }

        Term? receiver = method.IsStatic || (IsThis(instance) && Receiver is null) ? null : value;
        return TryFollow(operation, method, instance, receiver, arguments) is { } body && Follow(operation, method, body, receiver, [], arguments) is var parts
            && (parts.Kind == TermKind.Tuple || CountOf(method) == 1) ? parts : null;
    }

    private static int CountOf(IMethodSymbol method) => method.Parameters.Length - (method.IsStatic ? 1 : 0);

    private static bool IsTakingApart(IOperation operation) => operation.Kind is OperationKind.DeconstructionAssignment or OperationKind.Tuple or OperationKind.RecursivePattern;

    // What a method that takes a value apart has given where it returned.
    private Term PartsAt(FlowState exit, IMethodSymbol method, IOperation operation)
    {
        var parts = new List<Term>();
        foreach (IParameterSymbol parameter in method.Parameters.Where(static one => one.RefKind == RefKind.Out))
        {
            Term unknown = Terms.Result(operation, _frame, parameter.Type, parameter.Name);
            if (!exit.Variables.TryGetValue(Variable.Of(parameter), out Term? part))
            {
                part = Redefined(unknown);
            }
            else if (TermTable.IsTooDeep(part))
            {
                _session.AddOrigins(unknown, part);
                part = WithTaint(Redefined(unknown), _state.TaintOf(part));
            }

            parts.Add(part);
        }

        return Terms.Tuple(parts);
    }

    // The compiler takes a value apart once for one pattern, or for all the patterns of one switch.
    private void TakeApart(IRecursivePatternOperation pattern, Term value)
    {
        if (pattern.DeconstructSymbol is IMethodSymbol { IsImplicitlyDeclared: false } method
            && (!_takenApart.TryGetValue((QuestionAround(pattern.Syntax), value, method), out (IOperation First, Term? Parts) known) || known.First == pattern))
        {
            _takenApart[(QuestionAround(pattern.Syntax), value, method)] = (pattern, TakeApart(pattern, method, value));
        }
    }

    // The patterns at the positions of another, and the values there.
    private IEnumerable<(IPatternOperation Pattern, Term Value)> PositionsOf(IRecursivePatternOperation pattern, Term value)
    {
        int count = pattern.DeconstructionSubpatterns.Length;
        Term? parts = pattern.DeconstructSymbol is IMethodSymbol { IsImplicitlyDeclared: false } method && _takenApart.TryGetValue((QuestionAround(pattern.Syntax), value, method), out (IOperation, Term? Parts) known)
            ? known.Parts
            : value.Kind == TermKind.Tuple ? value : null;
        for (int i = 0; i < count; i++)
        {
            IPatternOperation part = pattern.DeconstructionSubpatterns[i];
            if ((parts is null ? ElementOfExit(value, i, part) ?? ElementOfRecord(value, i, count) : count == 1 ? parts : ElementOf(parts, i + 1)) is { } element)
            {
                yield return (part, element);
            }
        }
    }

    private static SyntaxNode? QuestionAround(SyntaxNode? node)
    {
        while (node is not (null or IsPatternExpressionSyntax or SwitchStatementSyntax or SwitchExpressionSyntax))
        {
            node = node.Parent;
        }

        return node;
    }
}
