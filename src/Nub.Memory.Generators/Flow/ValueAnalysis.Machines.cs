using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Nub.Memory.Generators.Flow;

// Virtual machines: what a guest has put into its registers and sent through ports is its choice as much as what it has written.
internal sealed partial class ValueAnalysis
{
    private Term EvaluateMachine(IInvocationOperation call)
    {
        if (SharedTypes.LetsGuestRun(call.TargetMethod))
        {
            LetGuestRun();
        }

        // These are no bytes of memory, of which another read could be a repetition.
        bool isOut = call.TargetMethod.Parameters is [{ RefKind: RefKind.Out }];
        Term told = Terms.Fetch(call, _frame, isOut ? null : call.TargetMethod.ReturnType);
        _state = _node.IsInLoop ? _state.Redefine(told) : _state;
        WithStanding(told, new Standing(Trust.Unchecked));
        if (!isOut)
        {
            return told;
        }

        AssignOut(call, 0, told);
        return Result(call);
    }

    private Term EvaluateExit(IPropertyReferenceOperation property, Term exit) =>
        SharedTypes.IsOfMachine(property.Property) ? FieldOf(exit, property.Property, property.Type, property) : Result(property);
}
