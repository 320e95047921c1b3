using Microsoft.CodeAnalysis;

namespace Nub.Memory.Generators.Dataflow.Graph;

/// <summary>
/// Goes through operations and all that they are made of, in no order of interest: the compiler's <c>Descendants</c>, which keeps to the
/// order, takes twice as long.
/// </summary>
internal readonly struct OperationWalk
{
    private readonly Stack<IOperation> _open;

    /// <param name="roots">Where to begin.</param>
    public OperationWalk(IEnumerable<IOperation> roots) => _open = new(roots);

    public Enumerator GetEnumerator() => new(_open);

    public struct Enumerator(Stack<IOperation> open)
    {
        public IOperation Current { get; private set; } = null!;

        public bool MoveNext()
        {
            if (open.Count == 0)
            {
                return false;
            }

            Current = open.Pop();
            foreach (IOperation part in Current.ChildOperations)
            {
                open.Push(part);
            }

            return true;
        }
    }
}
