using Nub.Memory.Generators.Dataflow.Domains;

namespace Nub.Memory.Generators.Dataflow.Calls;

/// <summary>What a call is given, by the number of the parameter; an <c>out</c> parameter is given nothing.</summary>
/// <param name="parameters">How many parameters there are.</param>
internal sealed class Arguments(int parameters)
{
    // Null where nothing was given.
    private Term[] _terms = parameters == 0 ? [] : new Term[parameters];
    private Term[]? _values;

    /// <summary>What a getter is given. There is nothing to set.</summary>
    public static Arguments None { get; } = new(0);

    /// <summary>How many there may be.</summary>
    public int Count => _terms.Length;

    /// <summary>All that is given, in the order of the parameters; not to be kept when something is set.</summary>
    public Term[] Values => _values ??= Array.IndexOf(_terms, null) < 0 ? _terms : [.. _terms.Where(static term => term is not null)];

    public Term this[int parameter]
    {
        get => _terms[parameter];
        set
        {
            // The receiver of an extension may be counted as one more.
            if (parameter >= _terms.Length)
            {
                Array.Resize(ref _terms, parameter + 1);
            }

            _terms[parameter] = value;
            _values = null;
        }
    }

    public bool TryGetValue(int parameter, out Term value)
    {
        value = parameter < _terms.Length ? _terms[parameter] : null!;
        return value is not null;
    }
}
