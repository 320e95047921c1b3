namespace Nub.Memory.Generators.Dataflow.Solver;

/// <summary>The nodes whose turn is to come, by their order. Most methods have a few dozen.</summary>
internal sealed class Worklist(int nodes)
{
    private readonly bool[] _waits = new bool[nodes];
    private int _count;
    private int _first = nodes;

    public bool Any => _count > 0;

    public void Add(int node)
    {
        _count += _waits[node] ? 0 : 1;
        _waits[node] = true;
        _first = Math.Min(_first, node);
    }

    public int TakeFirst()
    {
        while (!_waits[_first])
        {
            _first++;
        }

        _waits[_first] = false;
        _count--;
        return _first++;
    }
}
