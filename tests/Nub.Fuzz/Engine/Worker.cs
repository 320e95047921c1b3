using System.Diagnostics;
using System.Globalization;

namespace Nub.Fuzz.Engine;

/// <summary>The loop: takes an input that took a new way, changes it, runs it, and keeps it if it takes another new way. It runs in a process of its own, on instrumented copies.</summary>
internal sealed class Worker : IDisposable
{
    private const int ShrinkingRuns = 3000;
    private readonly FuzzTarget _target;
    private readonly WorkerOptions _options;
    private readonly Coverage _coverage;
    private readonly CurrentInput _current;
    private readonly List<Entry> _pool = [];
    private readonly Random _random;
    private long _executions;

    public Worker(Coverage coverage, FuzzTarget target, WorkerOptions options)
    {
        (_coverage, _target, _options) = (coverage, target, options);
        _current = new CurrentInput(options.CurrentPath, target.MaxLength);
        _random = new Random(options.Seed);
    }

    private sealed class Entry(byte[] input)
    {
        public byte[] Input { get; } = input;

        public int Picks { get; set; }
    }

    /// <summary>Runs the target until its time is over, or it fails.</summary>
    /// <returns>The exit code: 0, or 1 after a failure, whose input has been written down.</returns>
    public int Run()
    {
        var clock = Stopwatch.StartNew();
        byte[]? failing = null;
        int first = 0;
        try
        {
            foreach (byte[] input in CorpusFile.Read(_options.CorpusPath).Concat(_target.Seeds).Append([]).Where(one => one.Length <= _target.MaxLength))
            {
                Try(failing = input);
            }

            first = _coverage.Edges;
            var mutator = new Mutator(_random, _target.MaxLength, _target.Words);
            while (clock.Elapsed < _options.Time)
            {
                ReadOnlySpan<byte> input = mutator.Make(Pick().Input, Pick().Input);
                failing = null;
                Try(input);
            }

            failing = null;
        }
        catch (Exception thrown)
        {
            failing ??= _current.Read();
            Fail(failing, thrown);
        }

        double seconds = Math.Max(clock.Elapsed.TotalSeconds, 0.001);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{_target.Name}: {_executions} executions, {_executions / seconds:F0} a second, edges {first} at first and {_coverage.Edges} at last, corpus {_pool.Count}"));
        if (_options.KeepPath is not null)
        {
            Keep(_options.KeepPath, failing);
        }

        return failing is null ? 0 : 1;
    }

    public void Dispose() => _current.Dispose();

    private void Try(ReadOnlySpan<byte> input)
    {
        Execute(input);
        if (_coverage.IsNew())
        {
            // What is new in one run and not in the next is a type's initializer, or another thread.
            byte[] kept = input.ToArray();
            Execute(kept);
            if (_coverage.IsNew())
            {
                _pool.Add(new Entry(kept));
            }

            _coverage.Accept();
        }
    }

    private void Execute(ReadOnlySpan<byte> input)
    {
        _current.Begin(input);
        _executions++;
        _coverage.Begin();
        _target.Run(input);
    }

    // Half of the time one of the newest: they reached code that no other input has. Of two, the one that was taken less.
    private Entry Pick()
    {
        int from = _random.Next(2) == 0 ? 0 : _pool.Count * 3 / 4;
        Entry one = _pool[_random.Next(from, _pool.Count)];
        Entry two = _pool[_random.Next(from, _pool.Count)];
        Entry picked = one.Picks <= two.Picks ? one : two;
        picked.Picks++;
        return picked;
    }

    private void Fail(byte[] input, Exception thrown)
    {
        string what = Describe(thrown);
        Console.WriteLine($"{_target.Name}: failed after {_executions} executions: {thrown}");
        File.WriteAllBytes(_options.FailurePath, input);

        // What has leaked stays: then each input fails, and the first is the one that did it.
        if (!FailsAgain([]))
        {
            File.WriteAllBytes(_options.FailurePath, Shrinking.Shrink(input, ShrinkingRuns, FailsAgain));
        }

        bool FailsAgain(byte[] candidate)
        {
            try
            {
                _current.Begin(candidate);
                _target.Run(candidate);
                return false;
            }
            catch (Exception again)
            {
                return Describe(again) == what;
            }
        }
    }

    // Numbers differ from input to input.
    private static string Describe(Exception thrown) => $"{thrown.GetType()} {new string([.. thrown.Message.Where(static one => !char.IsAsciiHexDigit(one))])}";

    /// <summary>Writes as few inputs as take all edges, each as short as it may be for that.</summary>
    private void Keep(string path, byte[]? failing)
    {
        var cover = new List<byte[]>();
        var taken = new HashSet<int>();
        foreach (Entry entry in _pool.OrderBy(static one => one.Input.Length))
        {
            if (failing is not null && entry.Input.AsSpan().SequenceEqual(failing))
            {
                continue;
            }

            int[] own = [.. EdgesOf(entry.Input).Where(edge => !taken.Contains(edge))];
            if (own.Length != 0)
            {
                byte[] small = Shrinking.Shrink(entry.Input, 400, candidate => own.All(EdgesOf(candidate).ToHashSet().Contains));
                taken.UnionWith(EdgesOf(small));
                cover.Add(small);
            }
        }

        CorpusFile.Write(path, _target.Name, cover);
        Console.WriteLine($"{_target.Name}: {cover.Count} inputs of {_pool.Count}, {cover.Sum(static one => one.Length)} bytes, take all edges, and are in {path}");
    }

    private int[] EdgesOf(byte[] input)
    {
        try
        {
            _current.Begin(input);
            _coverage.Begin();
            _target.Run(input);
            return _coverage.TakenEdges();
        }
        catch (Exception)
        {
            return [];
        }
    }
}
