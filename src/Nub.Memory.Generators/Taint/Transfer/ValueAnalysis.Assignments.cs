using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Domains;
using Nub.Memory.Generators.DoubleFetch;
using Nub.Memory.Generators.Layout;
using Nub.Memory.Generators.Symbols;

namespace Nub.Memory.Generators.Taint;

// What is assigned, and to what.
internal sealed partial class ValueAnalysis
{
    private readonly Dictionary<ILocalSymbol, IOperation?> _referred = new(SymbolEqualityComparer.Default);

    // On a way where a guest's value was found to be too large, whatever is done may be the reaction to it.
    private void Note()
    {
        if (_state.OutOfRange.IsEmpty)
        {
            return;
        }

        foreach (Term term in _state.OutOfRange)
        {
            if (_state.Taints.TryGetValue(term, out VerdictSet? known) && known.Has(Verdict.OutOfRange))
            {
                _state = _state.Set(term, known.Map(static fact => fact.Verdict == Verdict.OutOfRange ? fact with { Verdict = Verdict.Noted } : fact));
            }
        }

        _state = _state with { OutOfRange = [] };
    }

    private void Assign(IOperation target, Term value)
    {
        target = Resolve(target);
        switch (target)
        {
            case ILocalReferenceOperation local:
                Note();
                CheckLink(local, Variable.Of(local.Local), value);
                CheckSlice(local, Variable.Of(local.Local));
                Set(Variable.Of(local.Local), value);
                break;
            case IParameterReferenceOperation parameter:
                Note();
                CheckLink(parameter, Variable.Of(parameter.Parameter), value);
                Set(Variable.Of(parameter.Parameter), value);
                if (parameter.Parameter.RefKind is RefKind.Out or RefKind.Ref && _frame is null)
                {
                    Use(value);
                }

                break;
            case IFlowCaptureReferenceOperation capture:
                Set(Variable.Of(capture.Id, _frame), value);
                break;
            case IDeclarationExpressionOperation declaration:
                Assign(declaration.Expression, value);
                break;
            case IDiscardOperation:
                break;
            case ITupleOperation tuple:
                AssignElements(tuple, value);
                break;
            case IFieldReferenceOperation { Instance: { } instance } field when IsThis(instance) && Receiver is { } receiver:
                Note();
                Use(Escape(value));
                ChangeReceiver(receiver, field.Field, value);
                break;
            case IFieldReferenceOperation { Instance: { } instance } field when IsThis(instance):
                Note();
                Use(Escape(value));
                CheckLink(field, Variable.Of(field.Field), value);
                Set(Variable.Of(field.Field), value);
                break;
            case IFieldReferenceOperation { Instance: { } instance } field when field.Field.ContainingType.IsValueType && !TermTable.IsTooDeep(value):
                AssignPart(instance, field.Field, value);
                break;
            case IFieldReferenceOperation { Instance: null } field when IsOurMemory(field.Field):
                Set(Variable.Of(field.Field), value);
                break;
            case IFieldReferenceOperation { Instance: { } instance, Field: { ContainingType.IsReferenceType: true } field }:
                Note();
                Use(Escape(value));
                ChangeObject(Evaluate(Resolve(instance)), field, value);
                break;
            case IPropertyReferenceOperation property:
                Note();
                AssignProperty(property, Escape(value));
                break;
            default:
                Note();
                Use(Escape(value));
                Evaluate(target);
                break;
        }
    }

    // What only a constructor sets holds for good; what others may set is not known when it is asked for. An object that keeps what it has read
    // gives that the next time, and does not read again.
    private void ChangeReceiver(Term receiver, ISymbol member, Term value)
    {
        bool isSettled = member.ContainingType.IsValueType || member is IFieldSymbol { IsReadOnly: true } or IPropertySymbol { SetMethod: null or { IsInitOnly: true } };
        if (isSettled && !TermTable.IsTooDeep(receiver, value) && _frame is { } frame && (member is not IPropertySymbol property || SharedTypes.IsAuto(property)))
        {
            Set(Variable.This(frame), Terms.With(receiver, member, value));
        }
        else if (!isSettled)
        {
            _state = _state.Reads.IsEmpty ? _state : _state with { Reads = _state.Reads.RemoveRange(Reads(value).ToList()) };
            ChangeObject(receiver, member, value);
        }
    }

    private void AssignPart(IOperation instance, ISymbol field, Term value)
    {
        Term whole = Evaluate(Resolve(instance));
        if (whole.Kind == TermKind.Tuple)
        {
            Assign(instance, Replace(whole, ((field as IFieldSymbol)?.CorrespondingTupleField ?? field).Name, value));
        }
        else if (!TermTable.IsTooDeep(whole))
        {
            Assign(instance, Terms.With(whole, field, value));
        }
    }

    private Term Replace(Term tuple, string name, Term value)
    {
        string NameOf(int number) => "Item" + number.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return Terms.Tuple([.. Enumerable.Range(1, (int)tuple.Key!).Select(i => NameOf(i) == name ? value : ElementOf(tuple, i))]);
    }

    /// <summary>What stands on the left of an assignment, also where the compiler has put it into a temporary, or it goes by another name.</summary>
    private IOperation Resolve(IOperation target) => target switch
    {
        IFlowCaptureReferenceOperation capture when _assigned.TryGetValue(capture.Id.GetHashCode(), out IOperation? captured)
            && captured is not IFlowCaptureReferenceOperation => Resolve(captured),
        ILocalReferenceOperation { Local: { IsRef: true } local } when _referred.TryGetValue(local, out IOperation? variable) && variable is not null => variable,
        _ => target,
    };

    // A second name for a variable, or for a field of one. What may stand for several is not followed.
    private void ReferTo(ISimpleAssignmentOperation assignment)
    {
        if (assignment is not { IsRef: true, Target: ILocalReferenceOperation { Local: var local } })
        {
            return;
        }

        IOperation variable = Resolve(assignment.Value);
        bool isKnown = IsVariable(variable) && (!_referred.TryGetValue(local, out IOperation? before) || before == variable);
        _referred[local] = isKnown ? variable : null;
    }

    private static bool IsVariable(IOperation operation)
    {
        while (operation is IFieldReferenceOperation { Instance: { } instance, Field.ContainingType.IsValueType: true })
        {
            operation = instance;
        }

        return operation is ILocalReferenceOperation { Local.IsRef: false } or IParameterReferenceOperation
            || (operation is IFieldReferenceOperation { Instance: { } owner } && IsThis(owner));
    }

    private void AssignProperty(IPropertyReferenceOperation property, Term value)
    {
        IPropertySymbol symbol = property.Property;
        if (IsThis(property.Instance) && Receiver is not { Kind: TermKind.View })
        {
            Use(value);
            if (Receiver is { } changed)
            {
                ChangeReceiver(changed, symbol, value);
            }
            else if (SharedTypes.IsAuto(symbol))
            {
                Set(Variable.Of(symbol), value);
            }

            return;
        }

        if (property.Instance is { } owner && symbol.ContainingType.IsValueType && SharedTypes.IsAuto(symbol) && !TermTable.IsTooDeep(value))
        {
            AssignPart(owner, symbol, value);
            return;
        }

        Use(value);
        Term? instance = property.Instance is { } receiver ? Evaluate(receiver) : null;
        if (instance is { Kind: TermKind.View } && FieldOf(instance, property) is { } field)
        {
            OverwriteField(instance, field, symbol);
        }
        else if (instance is { Kind: TermKind.ArrayView } && property.Arguments is [var index] && SharedTypes.ElementsOf(symbol.ContainingType) is { } element
            && _session.Sizes.Of(element) is { } size)
        {
            Term at = Terms.Binary(BinaryOperatorKind.Multiply, Evaluate(index.Value), Terms.Constant(size, null), null, false);
            Overwrite(new ByteRange(instance.Left!, Plus(instance.Right!, at), size));
        }
        else if (property.Arguments is [])
        {
            ChangeObject(instance, symbol, value);
        }
        else
        {
            EvaluateIndexer(property, instance);
            if (property.Arguments is [{ Parameter.Name: "key" } key])
            {
                CheckGrowth(property.Instance, key.Value, Evaluate(key.Value));
            }
        }
    }

    // To set some bits leaves the others the guest's: only what was read of the same bits is replaced.
    private void OverwriteField(Term view, FieldLayout field, IPropertySymbol property)
    {
        ByteRange place = PlaceOf(view, field);
        if (_session.Sizes.BitsOf(view.Type, property.Name) is null)
        {
            Overwrite(place);
            return;
        }

        IEnumerable<Term> written = _state.Reads.Where(read => place.Covers(read.Value.ByteRange)
            && read.Key.Operation is IPropertyReferenceOperation of && SymbolEqualityComparer.Default.Equals(of.Property, property)).Select(static read => read.Key);
        _state = _state with { Reads = _state.Reads.RemoveRange(written) };
    }
}
